"""Faithfulness over size, and what MIB makes of it (Mueller et al., 2025, "MIB", section 3)."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from interp.circuits.finder import Judge, top_kept
from interp.circuits.runs import CircuitRuns
from interp.circuits.scores import EdgeScores
from interp.resumable import Steps, resumable

SHARES = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0)
"""Of all edges, the circuits over which CPR and CMD integrate."""


@dataclass(frozen=True)
class Curve:
    """Faithfulness over the share of edges kept.

    Attributes:
        shares: of all edges that were taken.
        edges: how many of these are on a path.
        by_score: faithfulness of the top edges by signed score.
        by_size: of the top edges by absolute score.
    """

    shares: tuple[float, ...]
    edges: tuple[int, ...]
    by_score: tuple[float, ...]
    by_size: tuple[float, ...]

    @property
    def cpr(self) -> float:
        """The area under faithfulness by signed score; higher is better, and it may exceed 1."""
        return float(np.trapezoid(self.by_score, self.shares))

    @property
    def cmd(self) -> float:
        """The area between 1 and faithfulness by absolute score; 0 is best."""
        return float(np.trapezoid(np.abs(1 - np.array(self.by_size)), self.shares))

    @property
    def cmd_log(self) -> float:
        """The same over the logarithm of the share, as a mean: on the linear axis circuits of less than 1 %
        of the edges hardly count."""
        axis = np.log(self.shares)
        area = np.trapezoid(np.abs(1 - np.array(self.by_size)), axis)
        return float(area / (axis[-1] - axis[0]))


@resumable
def curve(
    runs: CircuitRuns | Judge, scores: EdgeScores, shares: Sequence[float] = SHARES
) -> Steps[None, Curve]:
    """Faithfulness over size, of the circuits that an order of the edges gives."""
    judge = runs if isinstance(runs, Judge) else (yield from Judge.begun(runs))
    found: dict[bool, list[float]] = {False: [], True: []}
    edges, known = [], {judge.graph.possible.tobytes(): 1.0}  # the whole model keeps all, by definition
    for share in shares:
        for signed in (False, True):
            kept = top_kept(scores, round(share * judge.graph.n_edges), signed=signed)
            key = kept.tobytes()
            if key not in known:
                known[key] = float((yield from judge.each(kept[None]))[0])
            found[signed].append(known[key])
            edges += [] if signed else [int(kept.sum())]
    return Curve(tuple(shares), tuple(edges), tuple(found[True]), tuple(found[False]))
