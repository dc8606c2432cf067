"""Direct logit attribution: what each component of the model adds to the answer's logits.

(Elhage et al., 2021, "A Mathematical Framework for Transformer Circuits".) The residual stream before the
unembedding is the sum of what the components wrote to it, and logits are linear in it, so they are a sum over
parts too. This model has no LayerNorm before the unembedding: the attribution is no approximation.

It looks at the positions that predict the answer's cells, each given the true cells before it
(teacher-forced).
"""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

from interp.ablation import NO_ABLATION, Ablation, Component, ReferenceMeans, RowGate
from interp.analyses.logit_lens import layers_of, place_of
from interp.analyses.question import PuzzleQuestion
from interp.engine.forward import unembed
from interp.engine.halves import Halves
from interp.errors import PuzzlescopeError
from interp.export.programs import given, puzzle_program
from interp.grids import CELLS, SIZE
from interp.model import PuzzleGPT
from interp.model.hooks import say_ignored
from interp.puzzles import puzzle_name
from interp.resumable import Steps
from interp.tokens import ANSWER_START, D_VOCAB, TOKEN_NAMES, TokensLike, cell_name, one_puzzle, token_name

EMBED, POS_EMBED, BIAS = "embed", "pos_embed", "bias"
"""Parts that are in no layer: the token's embedding, the position's, and the unembedding's bias."""


@dataclass(frozen=True, eq=False)
class Attribution:
    """What each component of the model adds to the logits of the answer's cells.

    A component is the token's embedding, the position's, a head, an MLP, or the unembedding's bias. Where an
    attention layer as a whole is put at its mean, that mean is a component of its own (``L1.attn``) and the
    layer's heads add nothing. A head or an MLP at its mean adds what its mean adds; a component that is
    zeroed adds nothing.

    Attributes:
        parts: ``embed``, ``pos_embed``, ``L0.H0``, ..., ``L0.mlp``, ..., ``bias``: in the order in which they
            are added.
        logits: what each component adds to the logit of each of the 15 tokens, at each cell of the answer.
            Over parts they sum to ``total``.
        total: the logits of the run itself.
        truth: the right token of each cell.
    """

    parts: tuple[str, ...]
    logits: Float[np.ndarray, "part 100 15"]
    total: Float[np.ndarray, "100 15"]
    truth: Int[np.ndarray, " 100"]

    @cached_property
    def runner_up(self) -> Int[np.ndarray, " 100"]:
        """The most probable token of each cell but the right one: the model's answer where that is wrong."""
        others = self.total.copy()
        others[np.arange(CELLS), self.truth] = -np.inf
        return others.argmax(-1)

    def tokens(self, toward: int | None = None, over: int | None = None) -> Int[np.ndarray, "100 2"]:
        """The two tokens compared at each cell: left out, the right one and the runner-up.

        Raises:
            PuzzlescopeError: if there is no such token, or both are the same.
        """
        for token in (toward, over):
            if token is not None and not 0 <= token < D_VOCAB:
                raise PuzzlescopeError(f"A token is a number from 0 to {D_VOCAB - 1}, got {token}.")
        if toward is not None and toward == over:
            raise PuzzlescopeError("A token's push over itself is nothing: choose two different tokens.")
        first = self.truth if toward is None else np.full(CELLS, toward)
        second = self.runner_up if over is None else np.full(CELLS, over)
        return np.stack([first, second], axis=1)

    def push(self, toward: int | None = None, over: int | None = None) -> Float[np.ndarray, "part 100"]:
        """What each component adds to the logit of one token less that of another, at each cell (see
        :meth:`tokens`)."""
        chosen = self.tokens(toward, over)
        cells = np.arange(CELLS)
        with np.errstate(invalid="ignore", over="ignore"):  # of a model that diverged
            return self.logits[:, cells, chosen[:, 0]] - self.logits[:, cells, chosen[:, 1]]

    def difference(self, toward: int | None = None, over: int | None = None) -> Float[np.ndarray, " 100"]:
        """What the run's own logits differ by, at each cell: the sum of :meth:`push` over parts, to float
        rounding."""
        chosen = self.tokens(toward, over)
        cells = np.arange(CELLS)
        return self.total[cells, chosen[:, 0]] - self.total[cells, chosen[:, 1]]

    def compared(self, cell: int, toward: int | None = None, over: int | None = None) -> str:
        """The two tokens at a cell, such as ``red over blank``."""
        first, second = self.tokens(toward, over)[cell].tolist()
        return f"{token_name(first)} over {token_name(second)}"

    def summary(self, cell: int, toward: int | None = None, over: int | None = None) -> str:
        """The largest pushes at a cell of the answer, and the sum of all beside what the run's own logits
        differ by, in sentences."""
        pushes = self.push(toward, over)[:, cell]
        if not np.isfinite(pushes).all():
            return (
                f"At {cell_name(cell)} what the components add is not finite, so there is nothing to compare."
            )
        order = abs(pushes).argsort()[::-1][:3]
        largest = ", ".join(f"{self.parts[k]} {pushes[k]:+.2f}" for k in order)
        difference = float(self.difference(toward, over)[cell])
        names = self.compared(cell, toward, over)
        return (
            f"At {cell_name(cell)} the {len(self.parts)} parts sum to {pushes.sum(dtype=float):+.3f}, the"
            f" run's own logits of {names} differ by {difference:+.3f}. Largest: {largest}."
        )

    def rows(
        self, cell: int, toward: int | None = None, over: int | None = None
    ) -> tuple[dict[str, Any], ...]:
        """A row a component for one cell of the answer (0..99), for :class:`interp.export.tables.Table`; then
        their sum, by the run."""
        first, second = self.tokens(toward, over)[cell].tolist()
        told = {**place_of(cell), "toward": TOKEN_NAMES[first], "over": TOKEN_NAMES[second]}
        pushes = self.push(toward, over)[:, cell].tolist()
        found = zip((*self.parts, "sum"), (*pushes, float(self.difference(toward, over)[cell])), strict=True)
        return tuple({"part": part, **told, "push": push} for part, push in found)


@torch.inference_mode()
def direct_attribution(
    model: PuzzleGPT,
    tokens: TokensLike,
    ablation: Ablation = NO_ABLATION,
    means: ReferenceMeans | None = None,
) -> Attribution:
    """Direct logit attribution on one puzzle, for all cells and tokens, from one run under the ablation.

    It is of the model without a user's hooks (:mod:`interp.model.hooks`).
    """
    say_ignored(model, "direct logit attributions")
    tokens = one_puzzle(tokens)
    W_U, b_U = model.unembed.W_U.double(), model.unembed.b_U.double()
    W_OU = model.W_O.double() @ W_U  # layer head d_head vocab
    asked = model.prompt(tokens[None])[:, ANSWER_START:-1]
    found = {
        EMBED: model.embed.W_E[asked[0]].double() @ W_U,
        POS_EMBED: model.pos_embed.W_pos[ANSWER_START : ANSWER_START + CELLS].double() @ W_U,
    }
    for number, layer in enumerate(layers_of(model, tokens, ablation, means)):
        method = ablation.components.get(Component(number, "attn"))
        gate = RowGate() if method is None else method.gate
        heads = _heads(number, layer, W_OU[number] * gate.keep)
        found |= heads
        if gate.fill:  # what the layer writes is then not only its heads'
            written = layer.attn_out[0, ANSWER_START:].double() @ W_U
            found[f"L{number}.attn"] = written - torch.stack(list(heads.values())).sum(0)
        found[f"L{number}.mlp"] = layer.mlp_out[0, ANSWER_START:].double() @ W_U
    found[BIAS] = b_U.expand(CELLS, -1)
    return Attribution(
        tuple(found),
        torch.stack(list(found.values())).float().cpu().numpy(),
        unembed(model, layer.post[:, ANSWER_START:])[0].float().cpu().numpy(),
        tokens[ANSWER_START:].astype(np.int64),
    )


@dataclass(frozen=True)
class AttributionOf(PuzzleQuestion[Attribution]):
    """What every component adds to the logits of the answer's cells, on one puzzle."""

    def steps(self, model: PuzzleGPT, means: ReferenceMeans | None) -> Steps[None, Attribution]:
        yield from ()  # it is done in one step
        return direct_attribution(model, self.puzzle.tokens, self.ablation, means)

    def program(
        self, model: str, *, cell: int = 0, toward: int | None = None, over: int | None = None
    ) -> str:
        """Every component's push at one cell of the answer, the largest first, and their sum.

        Args:
            cell: 0..99, row by row.
            toward, over: the tokens compared; left out, the right one and the runner-up.
        """
        row, column = divmod(cell, SIZE)
        tokens = ", ".join(
            f"{name}={token:d}" for name, token in (("toward", toward), ("over", over)) if token is not None
        )
        return puzzle_program(
            model,
            puzzle_name(self.puzzle),
            self.ablation,
            [
                f"cell = 10 * {row:d} + {column:d}",
                f"found = direct_attribution(model, puzzle.tokens{given(self.ablation)})",
                f"pushes = found.push({tokens})[:, cell]",
                "for k in abs(pushes).argsort()[::-1]:",
                "    print(found.parts[k], pushes[k])",
                f"print('sum', pushes.sum(), 'of the run', found.difference({tokens})[cell])",
            ],
        )


def _heads(
    number: int, layer: Halves, W_OU: Float[Tensor, "head d_head vocab"]
) -> dict[str, Float[Tensor, "100 vocab"]]:
    """What each head of a layer adds to the logits."""
    if layer.z is None:
        written = W_OU.new_zeros(len(W_OU), CELLS, W_OU.shape[-1])
    else:
        written = layer.z[0, ANSWER_START:].double().transpose(0, 1) @ W_OU  # head cell vocab
    return {f"L{number}.H{head}": own for head, own in enumerate(written)}
