"""What a head could be composed with at all: where the heads below it look, grid by grid.

K-composition needs a lower head that looks one back, Q-composition one that looks at an earlier match, so at
the same token. Where no head below does, depth alone excludes the way, and nothing more need be measured. By
grid, because a head that looks far back rests elsewhere as long as there is nothing so far back, and looks
like another head there. The start token is no key here: where nothing lies so far back nan is told.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from interp.ablation import Component
from interp.engine.forward import weights_of
from interp.model import PuzzleGPT
from interp.resumable import Steps, resumable
from interp.tokens import GRID_NAMES, GRID_TOKENS, N_CTX
from interp.why.below import run_up_to
from interp.why.interventions.one_head import check_head
from interp.why.interventions.rows import Rows
from interp.why.splitting import scores_of

LOOKS = ("one back", "100 back", "same token")
"""The token before; the same cell of the grid before, and one further; all earlier positions with the query's
own token together."""
ROWS = 8
"""Puzzles, the first of those given."""


@dataclass(frozen=True, eq=False)
class Depth:
    """Where every head below one looks.

    Attributes:
        head: which.
        lower: the heads of all lower layers.
        scores: mean attention of each, by :data:`LOOKS`, from the positions of each grid in turn; nan where a
            grid has no query with a key there.
    """

    head: Component
    lower: tuple[Component, ...]
    scores: Float[np.ndarray, "lower look grid"]

    def rows(self) -> tuple[dict[str, Any], ...]:
        """A row a head and grid."""
        return tuple(
            {
                "below": self.head.text,
                "head": one.text,
                "grid": grid + 1,
                **{name.replace(" ", "_"): float(found[k, grid]) for k, name in enumerate(LOOKS)},
            }
            for one, found in zip(self.lower, self.scores, strict=True)
            for grid in range(found.shape[1])
        )

    def strongest(self, look: str) -> tuple[Component, float] | None:
        """The lower head that most looks so from the answer's grid, and how much; ``None`` of layer 0."""
        if not self.lower:
            return None
        found = self.scores[:, LOOKS.index(look), -1]
        return self.lower[int(found.argmax())], float(found.max())

    def summary(self) -> str:
        """The strongest of each kind, in a sentence."""
        if not self.lower:
            return f"No head lies below {self.head.text}: it can be composed with none."
        told = []
        for look in LOOKS:
            one = self.strongest(look)
            assert one is not None
            told.append(f"{look} {one[0].text} ({one[1]:.2f})")
        return f"Below {self.head.text}, from the answer's grid, most look {', '.join(told)}."


@resumable
def depth_of(model: PuzzleGPT, head: Component, rows: Rows) -> Steps[None, Depth]:
    """Where the heads below one look, over the first :data:`ROWS` rows; a pause after every layer of each.

    Raises:
        PuzzlescopeError: if the model has no such head.
    """
    check_head(model, head)
    weights, n_heads = weights_of(model), model.cfg.n_heads
    lower = tuple(Component(layer, "head", k) for layer in range(head.layer) for k in range(n_heads))
    some = torch.from_numpy(rows.tokens[:ROWS]).to(model.device)
    total = np.zeros((len(lower), len(LOOKS), len(GRID_NAMES)))
    everywhere = torch.arange(N_CTX, device=model.device)
    for tokens in some if lower else ():
        for below in run_up_to(weights, tokens, head.layer - 1):
            pattern = scores_of(weights, below, tuple(range(n_heads)), everywhere).softmax(-1)
            first = below.layer * n_heads
            total[first : first + n_heads] += _looks(pattern, tokens).cpu().numpy() / len(some)
            yield None
    return Depth(head, lower, total)


def _looks(pattern: Float[Tensor, "head 405 405"], tokens: Tensor) -> Float[Tensor, "head look grid"]:
    """Of one row: means over the positions of each grid, its marker too."""
    found = [pattern.diagonal(-back, 1, 2)[:, 1:] for back in (1, 100)]
    alike = (tokens[:, None] == tokens).tril(-1)
    parts = [torch.nn.functional.pad(one, (N_CTX - one.shape[1], 0), value=torch.nan) for one in found]
    parts.append((pattern * alike).sum(-1))
    # Positions 1 to 404, of the grids one after another; the start token before them looks at itself.
    return torch.stack(parts, 1)[:, :, 1:].unflatten(2, (-1, GRID_TOKENS)).nanmean(3)
