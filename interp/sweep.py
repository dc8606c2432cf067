"""What each part of the model is worth: the loss with that part switched off, for every part in turn."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Integer

from interp.ablation import NO_ABLATION, ZERO, Ablation, Component, Kind, Method, ReferenceMeans, Term
from interp.errors import PuzzlescopeError
from interp.model import Config, PuzzleGPT
from interp.predict import AnswerLoss, Metric, losses

KINDS: tuple[Kind, ...] = ("attn", "mlp", "head")


@dataclass(frozen=True, eq=False)
class SweepRow:
    """The model with one more component switched off (``None``: the run everything is compared with).

    Attributes:
        component: what was switched off on top of the base ablation.
        loss: on the answer of every puzzle.
        solved: which puzzles greedy decoding solves.
    """

    component: Component | None
    loss: AnswerLoss
    solved: Bool[np.ndarray, " puzzle"]

    def summary(self, clean: "SweepRow", metric: Metric = "final") -> dict[str, str | float]:
        """The row as exports show it; ``delta`` is the loss less the clean run's."""
        assert self.component is not None
        loss = self.loss.mean(metric)
        return {"component": self.component.text, "loss": loss, "delta": loss - clean.loss.mean(metric)}


def components_of(cfg: Config, kinds: Iterable[str] = ("attn",)) -> list[Component]:
    """Every component of these kinds, layer by layer.

    Raises:
        PuzzlescopeError: on a kind other than attn, mlp and head.
    """
    kinds = list(kinds)
    for kind in kinds:
        if kind not in KINDS:
            raise PuzzlescopeError(f"No kind of component '{kind}': expected {', '.join(KINDS)}.")
    found: list[Component] = []
    for layer in range(cfg.n_layers):
        if "attn" in kinds:
            found.append(Component(layer, "attn"))
        if "head" in kinds:
            found += [Component(layer, "head", head) for head in range(cfg.n_heads)]
        if "mlp" in kinds:
            found.append(Component(layer, "mlp"))
    return found


def sweep(
    model: PuzzleGPT,
    tokens: Integer[np.ndarray, "puzzle 404"],
    components: Iterable[Component],
    *,
    base: Ablation = NO_ABLATION,
    means: ReferenceMeans | None = None,
    method: Method = ZERO,
) -> Iterator[SweepRow]:
    """Switch off each component in turn, on top of ``base``; rows come as they are computed, the clean run first."""
    return sweep_with(lambda ablation: losses(model, tokens, ablation, means), components, base, method)


def sweep_with(
    score: Callable[[Ablation], tuple[AnswerLoss, Bool[np.ndarray, " puzzle"]]],
    components: Iterable[Component],
    base: Ablation = NO_ABLATION,
    method: Method = ZERO,
) -> Iterator[SweepRow]:
    """The same where loss and success under an ablation come from ``score``, such as a cache of them."""
    yield SweepRow(None, *score(base))
    for component in components:
        yield SweepRow(component, *score(base.with_term(Term(component, method))))
