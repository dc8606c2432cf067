"""What a circuit lacks, and what in it is idle: *completeness* and *minimality* (Wang et al., 2022,
"Interpretability in the wild", section 4)."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float

from interp.circuits.finder import Circuit, Judge, edge_classes
from interp.resumable import Steps, resumable

NEEDED = 0.001
"""Of the gap: an edge is needed if at least so much is lost when it alone is cut."""


@dataclass(frozen=True)
class Completeness:
    """Whether a circuit without some edges K does as the whole model without them. Where the model does much
    better, it holds something in reserve that the circuit lacks.

    Attributes:
        n: random K that were tried: each edge of the circuit with probability 1/2.
        mean, most: of \\|f(C without K) - f(M without K)\\| over these.
        by_class: the same of K that is all the circuit's edges of one class.
    """

    n: int
    mean: float
    most: float
    by_class: dict[str, float]


@resumable
def completeness(judge: Judge, circuit: Circuit, n: int, seed: int = 0) -> Steps[None, Completeness]:
    """Cut edges of a circuit in it and in the whole model alike, and compare."""
    rng = np.random.default_rng(seed)
    classes = {name: own & circuit.kept for name, own in edge_classes(judge.graph).items()}
    classes = {name: own for name, own in classes.items() if own.any()}
    random = [circuit.kept & (rng.random(circuit.kept.shape) < 0.5) for _ in range(n)]
    cut: Bool[np.ndarray, "run reader writer"] = np.stack([*random, *classes.values()])
    ours = yield from judge.each(circuit.kept & ~cut)
    whole = yield from judge.each(judge.graph.possible & ~cut)
    apart: Float[np.ndarray, " run"] = np.abs(ours - whole)
    by_chance = apart[:n] if n else np.full(1, np.nan)
    return Completeness(
        n,
        float(by_chance.mean()),
        float(by_chance.max()),
        dict(zip(classes, apart[n:].tolist(), strict=True)),
    )


@dataclass(frozen=True)
class Minimality:
    """What is lost with each edge of a circuit, cut alone.

    Attributes:
        drops: of faithfulness, edge by edge in the order of the circuit's.
        needed: the share of edges with which at least :data:`NEEDED` is lost.
    """

    drops: tuple[float, ...]
    needed: float

    @property
    def least(self) -> float:
        return min(self.drops, default=float("nan"))


@resumable
def minimality(judge: Judge, circuit: Circuit) -> Steps[None, Minimality]:
    """Cut each edge of a circuit alone."""
    places = np.argwhere(circuit.kept)
    without = np.repeat(circuit.kept[None], len(places), 0)
    without[np.arange(len(places)), places[:, 0], places[:, 1]] = False
    whole = yield from judge.each(circuit.kept[None])
    drops = whole[0] - (yield from judge.each(without, circuit.kept))
    needed = float((drops >= NEEDED).mean()) if len(drops) else float("nan")
    return Minimality(tuple(drops.tolist()), needed)
