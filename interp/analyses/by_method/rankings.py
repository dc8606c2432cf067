"""Whether the ways to switch a part off agree on which parts matter: ranks of components by several methods.

Each method gives every component an effect over the same puzzles. Two methods agree as far as they put the
components in the same order: Spearman's rank correlation, 1 where the orders are the same, 0 where they have
nothing to do with each other, -1 where one is the other's reverse. Equal effects share their ranks.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float

from interp.ablation import MEAN, ZERO, Component, Method, Optimal, PairEnd, Pattern, Resample
from interp.analyses.ablation_sweep import SweepState, cost
from interp.engine.measures import MEASURES, Measure
from interp.errors import PuzzlescopeError

COMPARED: tuple[Method, ...] = (ZERO, MEAN, Optimal(), Resample(0), PairEnd(), Pattern())
"""The methods of a table of rankings, unless others are named."""


@dataclass(frozen=True, eq=False)
class Rankings:
    """The effects of the same components by several methods, over the same puzzles.

    Attributes:
        methods: in order.
        components: in order.
        effects: what each costs by each method, in the measure's unit; nan where the method does not fit the
            component, or nothing is known yet.
        n: over how many puzzles the least known of them is.
        measure: of the effects.
    """

    methods: tuple[Method, ...]
    components: tuple[Component, ...]
    effects: Float[np.ndarray, "method component"]
    n: int
    measure: Measure

    @property
    def spearman(self) -> Float[np.ndarray, "method method"]:
        """Rank correlations, each over the components of which both methods have an effect; nan where there
        are fewer than two, or all effects of one are equal."""
        count = len(self.methods)
        return np.array([[self._correlation(i, j) for j in range(count)] for i in range(count)])

    def shared(self, i: int, j: int) -> int:
        """How many components two methods, by their numbers, are compared over."""
        return int(np.isfinite(self.effects[[i, j]]).all(0).sum())

    def _correlation(self, i: int, j: int) -> float:
        both = np.isfinite(self.effects[[i, j]]).all(0)
        if both.sum() < 2:
            return float("nan")
        first, second = (ranked(self.effects[k, both]) for k in (i, j))
        if np.ptp(first) == 0 or np.ptp(second) == 0:
            return float("nan")
        return float(np.corrcoef(first, second)[0, 1])

    def ranks(self, number: int) -> Float[np.ndarray, " component"]:
        """The rank of every component by one method, 1 the most costly; nan where it has none."""
        own = self.effects[number]
        known = np.isfinite(own)
        found = np.full(len(own), np.nan)
        found[known] = ranked(-own[known])
        return found

    def rows(self) -> tuple[dict[str, Any], ...]:
        """A row a component for :class:`interp.export.tables.Table`: by each method its effect and its
        rank."""
        names = [method.text for method in self.methods]
        ranks = [self.ranks(k) for k in range(len(names))]
        return tuple(
            {"component": part.text, "measure": self.measure, "n": self.n}
            | {f"effect {name}": float(self.effects[k, place]) for k, name in enumerate(names)}
            | {f"rank {name}": float(ranks[k][place]) for k, name in enumerate(names)}
            for place, part in enumerate(self.components)
        )

    def summary(self) -> str:
        """Which two methods agree least, in a sentence."""
        found = self.spearman
        pairs = [
            (float(found[i, j]), i, j)
            for i in range(len(found))
            for j in range(i)
            if np.isfinite(found[i, j])
        ]
        if not pairs:
            return "Nothing can be compared yet."
        least, i, j = min(pairs)
        return (
            f"{self.methods[j].text} and {self.methods[i].text} agree least: rank correlation {least:.2f}"
            f" over {self.shared(i, j)} components, on {MEASURES[self.measure].place}."
        )


def rankings(states: Mapping[Method, SweepState | None], measure: Measure = "final") -> Rankings:
    """The ranks of components by several methods, as far as their sweeps are.

    Args:
        states: of each method the sweep of the same components over the same puzzles; ``None`` where it has
            not begun. Of a component that its method does not fit the sweep's effect is passed over: it was
            ablated by another.
        measure: what effects are measured by.

    Raises:
        PuzzlescopeError: if the sweeps are of different components.
    """
    begun = {method: state for method, state in states.items() if state is not None}
    listed = {tuple(state.components) for state in begun.values()}
    if len(listed) > 1:
        raise PuzzlescopeError(
            "Rankings compare sweeps of the same components: sweep the same by each method."
        )
    parts = next(iter(listed), ())
    effects = np.full((len(states), len(parts)), np.nan)
    known: list[int] = []
    for k, (method, state) in enumerate(states.items()):
        if state is None:
            known.append(0)
            continue
        clean, *rows = state.common()
        known.append(len(clean.solved))
        for place, row in enumerate(rows):
            if method.fits(parts[place]):
                effects[k, place] = cost(row, clean, measure)
    return Rankings(tuple(states), parts, effects, min(known, default=0), measure)


def ranked(values: Float[np.ndarray, " n"]) -> Float[np.ndarray, " n"]:
    """The rank of each, 1 the least; equal ones share the mean of their ranks.

    >>> ranked(np.array([3.0, 1.0, 3.0])).tolist()
    [2.5, 1.0, 2.5]
    """
    _, which, counts = np.unique(values, return_inverse=True, return_counts=True)
    return (np.cumsum(counts) - (counts - 1) / 2)[which]
