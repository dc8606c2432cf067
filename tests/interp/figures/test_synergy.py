"""The map of pairs: what is where, and in which colour."""

import json

import numpy as np
import pytest

from interp import figures
from interp.ablation import Component
from interp.analyses.ablation_sweep import SweepPart
from interp.analyses.synergy import SynergyState
from interp.engine.measures import MEASURES, Measure
from interp.figures.scale import colour, position
from interp.figures.style import MEASURING
from tests.support.rows import cells, losses

HEADS = [Component(0, "head", 1), Component(1, "head", 0), Component(1, "head", 3)]
LOSSES = (0.02, 0.03, 0.02, 0.05, 2.0, 0.04, 0.05)
"""Of the run without any, with each off, and with the first two, the first and the last, the last two off."""


def found(runs: int = len(LOSSES)) -> SynergyState:
    state = SynergyState(HEADS, 1)
    for number, loss in enumerate(LOSSES[:runs]):
        state.add(SweepPart(number, 0, losses(loss, 1, copied=100), cells([loss < 1])))
    return state


def test_a_pair_stands_at_both_its_places_in_the_colour_of_its_synergy() -> None:
    state = found()
    figure = figures.synergy_map(state, "cells", [HEADS[2]], given="given what is off")
    heat, diagonal = figure.data
    assert heat.x == heat.y == ("L0.H1", "L1.H0", "L1.H3") and (heat.zmin, heat.zmax) == (-1, 1)
    expected = position(2.0 - 0.03 - 0.02 + 0.02, "cells")
    assert heat.z[0, 1] == heat.z[1, 0] == pytest.approx(expected, abs=1e-4)
    assert heat.z[0, 2] == heat.z[2, 0] == pytest.approx(-position(0.02, "cells"), abs=1e-4)
    assert np.isnan(np.diagonal(heat.z)).all()
    assert heat.customdata[0][1] == ["L0.H1+L1.H0", "1.98 nats", "0.01 nats", "0 nats", "1.97 nats"]
    assert heat.customdata[1][0] == ["L0.H1+L1.H0", "1.98 nats", "0 nats", "0.01 nats", "1.97 nats"]
    assert [data[0] for data in diagonal.customdata] == ["L0.H1", "L1.H0", "L1.H3"]
    assert diagonal.marker.symbol == ("circle", "circle", "circle-x")
    assert diagonal.marker.color[2] == colour(position(0.03, "cells")), "as on the board"
    assert figure.layout.title.text == (
        "Synergy of two heads, given what is off: nats of loss on the answer's cells"
    )
    assert heat.colorbar.ticktext[heat.colorbar.tickvals.index(1.0)] == "≥ 3"


@pytest.mark.parametrize("measure", MEASURES)
def test_nothing_raises_however_little_is_known(measure: Measure) -> None:
    for runs in range(len(LOSSES) + 1):
        figure = figures.synergy_map(found(runs), measure)
        assert json.loads(figure.to_json())
    told = [figures.synergy_map(state, measure).layout.annotations for state in (found(0), found())]
    assert told[0][0].text == MEASURING
    if measure == "changed":
        assert told[1][0].text == "There is nothing to compare by this measure."
    else:
        assert not told[1]
