"""Several draws of the runs that a method takes outputs from: what effects are on average, and how sure that
is.

With ``resample`` a component's effect depends on which other puzzle was drawn. A board shows one draw; a
chart shows the mean over :data:`DRAWS` of them, with its standard error. A method that draws nothing has one
effect.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType

import numpy as np

from interp.ablation import Component, Method, Resample
from interp.analyses.ablation_sweep import SweepRow, cost
from interp.engine.measures import Measure

DRAWS = 4


@dataclass(frozen=True)
class Spread:
    """What a component costs over several draws, in the measure's unit.

    Attributes:
        mean: over the draws.
        error: the standard error of the mean.
        n: how many draws.
    """

    mean: float
    error: float
    n: int


NO_SPREAD: Mapping[Component, Spread] = MappingProxyType({})


def draws_of(method: Method, n: int = DRAWS) -> tuple[Method, ...]:
    """``n`` methods that draw differently, this one first; only this one if it draws nothing.

    >>> [one.text for one in draws_of(Resample(998), 3)]
    ['resample=998', 'resample=999', 'resample=0']
    """
    if not method.draws or not isinstance(method, Resample):
        return (method,)
    many = method.parameter.most + 1
    return tuple(replace(method, number=(method.number + k) % many) for k in range(n))


def spreads(sweeps: Sequence[Sequence[SweepRow]], measure: Measure) -> Mapping[Component, Spread]:
    """What each component costs over draws, of those of which at least two draws are known.

    Args:
        sweeps: the rows of a sweep by each draw, the run without any component first.
    """
    costs: dict[Component, list[float]] = {}
    for clean, *rows in (sweep for sweep in sweeps if sweep):
        for row in rows:
            found = cost(row, clean, measure)
            if row.component is not None and not np.isnan(found):
                costs.setdefault(row.component, []).append(found)
    return {
        part: Spread(float(np.mean(own)), float(np.std(own, ddof=1) / np.sqrt(len(own))), len(own))
        for part, own in costs.items()
        if len(own) > 1
    }
