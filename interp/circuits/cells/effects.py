"""What the held model predicts of an ablation, beside what the ablation does.

The attribution graph is exact of the model with patterns, scales and gates held. A real ablation moves these.
So of every head and MLP: the change of the target that the held model predicts when the component writes what
the ablation method puts in its place, and the change in a run of the engine with the component ablated. How
well the two agree says how far the graph can be read as what would happen.
"""

from dataclasses import dataclass
from itertools import groupby
from typing import Any

import numpy as np
import torch
from jaxtyping import Bool, Float
from torch import Tensor

from interp.ablation import (
    NO_ABLATION,
    ZERO,
    Component,
    Method,
    ReferenceMeans,
    Term,
    components_of,
    means_for,
)
from interp.analyses.by_method.rankings import ranked
from interp.analyses.logit_lens import place_of
from interp.circuits.cells.attribute import held_run
from interp.circuits.cells.frozen import Held
from interp.circuits.cells.graph import NOT_FINITE
from interp.circuits.cells.target import RUNNER, CellTarget, words_of
from interp.engine.forward import Gates, Residual, heads_out, unembed
from interp.engine.halves import attention_half, mlp_half
from interp.engine.trunk import Trunk
from interp.model import PuzzleGPT
from interp.puzzles import Puzzle
from interp.resumable import Steps, finish, resumable
from interp.tokens import TOKEN_NAMES, cell_name, with_start

PARTS = ("head", "mlp")


@dataclass(frozen=True, eq=False)
class CellEffects:
    """How the target changes with each head and MLP ablated: predicted by the held model, and measured. It
    fills up, layer by layer.

    Attributes:
        cell: of the answer, 0..99.
        toward, over: the tokens compared; ``None`` for the mean of all colours.
        target: the lead of one over the other in the run without ablation, in logits.
        method: by which the components are ablated.
        components: in the order of the run.
        predicted: by how much the target falls, the held model says; negative where it rises.
        true: by how much it falls in a run with the component ablated.
        known: of which components both are there.
    """

    cell: int
    toward: int
    over: int | None
    target: float
    method: Method
    components: tuple[Component, ...]
    predicted: Float[np.ndarray, " component"]
    true: Float[np.ndarray, " component"]
    known: Bool[np.ndarray, " component"]

    @property
    def fraction(self) -> float:
        """How much of it is done, 0 to 1."""
        return float(self.known.mean())

    @property
    def correlation(self) -> float:
        """Pearson's, of predicted and true effects; nan where there is none."""
        return _correlation(self.predicted[self.known], self.true[self.known])

    @property
    def spearman(self) -> float:
        """The same of their ranks."""
        return _correlation(ranked(self.predicted[self.known]), ranked(self.true[self.known]))

    def rows(self) -> tuple[dict[str, Any], ...]:
        """A row a component that is known, for :class:`interp.export.tables.Table`."""
        told = {
            **place_of(self.cell),
            "toward": TOKEN_NAMES[self.toward],
            "over": "mean" if self.over is None else TOKEN_NAMES[self.over],
            "method": self.method.text,
        }
        return tuple(
            {
                "component": one.text,
                **told,
                "predicted": float(self.predicted[k]),
                "true": float(self.true[k]),
            }
            for k, one in enumerate(self.components)
            if self.known[k]
        )

    def summary(self) -> str:
        """How well the prediction does, and where it fails most, in sentences."""
        if not self.known.any():
            return "Nothing is measured yet."
        apart = np.where(self.known, np.abs(self.predicted - self.true), -1)
        if not np.isfinite(apart).all():
            return NOT_FINITE.format(cell_name(self.cell))
        worst = int(apart.argmax())
        agree = "none" if np.isnan(self.spearman) else f"{self.correlation:.2f}, of ranks {self.spearman:.2f}"
        return (
            f"Predicted and true effects on the lead of {words_of(self.toward, self.over)} at"
            f" {cell_name(self.cell)}: correlation {agree}. Furthest apart at"
            f" {self.components[worst].text}: predicted {self.predicted[worst]:+.2f}, true"
            f" {self.true[worst]:+.2f}."
        )


def _correlation(one: Float[np.ndarray, " n"], other: Float[np.ndarray, " n"]) -> float:
    if len(one) < 2 or not np.isfinite([*one, *other]).all() or np.ptp(one) == 0 or np.ptp(other) == 0:
        return float("nan")
    return float(np.corrcoef(one, other)[0, 1])


@resumable
def cell_effects(
    model: PuzzleGPT,
    puzzle: Puzzle,
    cell: int,
    target: CellTarget = RUNNER,
    *,
    method: Method = ZERO,
    means: ReferenceMeans | None = None,
) -> Steps[CellEffects, CellEffects]:
    """Ablate each head and each MLP in turn, with a pause after every layer of it.

    Args:
        cell, target: as :func:`interp.circuits.cells.attribute.cell_graph`.
        method: by which they are ablated; where it does not fit MLPs, only heads are.
        means: needed if the method puts other values in place.

    Yields:
        The result, once, before it begins: it fills up.

    Raises:
        PuzzlescopeError: if there is no such cell, or the means are missing.
    """
    roles, run = finish(held_run(model, puzzle, cell, target))  # the result begins with what it finds
    components = [one for one in components_of(model.cfg, PARTS) if method.fits(one)]
    prompt = torch.from_numpy(with_start(puzzle.tokens)[None, : len(roles)]).to(model.device)
    trunk = Trunk(model, prompt, NO_ABLATION, means_for(model, prompt, means, method), asked=1)
    found = _none_known(run, cell, method, components)
    yield found
    yield from trunk.grow()
    for layer, group in groupby(range(len(components)), key=lambda k: components[k].layer):
        own = list(group)
        terms = [Term(components[k], method) for k in own]
        gates = trunk.gates(*(NO_ABLATION.with_term(term) for term in terms))
        mid, post = _halves(trunk, layer, gates, len(terms))
        found.predicted[own] = _predicted(run, layer, [term.component for term in terms], mid, post)
        yield None
        after = yield from trunk.branch(layer + 1, post, gates)
        logits = unembed(model, after[:, -1:])[:, 0].double()
        found.true[own] = (run.value - logits @ run.of_logits.double()).cpu().numpy()
        found.known[own] = True  # last: others may be reading
    return found


def _none_known(run: Held, cell: int, method: Method, components: list[Component]) -> CellEffects:
    n = len(components)
    arrays = np.full(n, np.nan), np.full(n, np.nan), np.zeros(n, bool)
    return CellEffects(cell, run.toward, run.over, run.value, method, tuple(components), *arrays)


def _halves(trunk: Trunk, layer: int, gates: Gates, n: int) -> tuple[Residual, Residual]:
    """The stream after a layer's attention and after its MLP, in rows that ablate something there."""
    rows = trunk.before[layer].repeat(n, 1, 1)
    z = heads_out(trunk.weights, layer, rows, gates.layers[layer])
    mid = attention_half(trunk.weights, layer, rows, z, gates)
    return mid, mlp_half(trunk.weights, layer, mid, gates)


def _predicted(
    run: Held, layer: int, components: list[Component], mid: Residual, post: Residual
) -> list[float]:
    """What the held model says of what each component now writes, where it is ablated."""
    halves, found = run.run.layers[layer], list[float]()
    for row, component in enumerate(components):
        half = component.kind == "mlp"
        clean = (halves.post if half else halves.mid)[0, : run.end]
        change: Tensor = clean - (post if half else mid)[row]
        found.append(float((change * run.after[2 * layer + half]).double().sum()))
    return found
