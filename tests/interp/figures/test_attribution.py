"""Direct logit attribution as charts: what is drawn is what was found."""

import numpy as np

from interp.figures.attribution import attribution_bars, attribution_map, part_map
from interp.figures.scale import AWAY, TOWARD
from tests.support.results import attribution, bars_of


def test_every_part_has_a_bar_and_the_sum_is_stated() -> None:
    figure = attribution_bars(attribution(), 7, marked="L1.H1")
    drawn = dict(zip([data[0] for data in bars_of(figure).customdata], bars_of(figure).y, strict=True))
    assert drawn.keys() == set(attribution().parts)
    assert drawn["L0.mlp"] == 4 and drawn["L1.H1"] == -3 and drawn["bias"] == 0.25
    assert (
        figure.layout.title.text
        == "What each component adds to red over green at row 1, column 8: +1.25 in all"
    )
    assert list(bars_of(figure).marker.line.width).count(2) == 1
    assert (np.diff(bars_of(figure).x) > 0).all() and list(figure.layout.xaxis.ticktext) == [
        "embed",
        "L0",
        "L1",
        "bias",
    ]
    other = attribution_bars(attribution(), 7, 2, 1)
    assert (
        list(bars_of(other).y) == [-y for y in bars_of(figure).y]
        and "green over red" in other.layout.title.text
    )


def test_the_layers_map_has_the_parts_of_layers() -> None:
    figure = attribution_map(attribution(), 7, marked="L0.mlp")
    assert [data[0] for data in bars_of(figure).customdata] == list(attribution().parts[2:-1])
    assert list(figure.layout.xaxis.ticktext) == ["H0", "H1", "attn", "mlp"]
    colors = dict(
        zip([data[0] for data in bars_of(figure).customdata], bars_of(figure).marker.color, strict=True)
    )
    assert str(TOWARD)[1:-1] in colors["L0.mlp"] and str(AWAY)[1:-1] in colors["L1.H1"]
    assert colors["L0.H0"] == colors["L1.mlp"]
    assert set(figure.data[1].text) == {"+4.0", "−3.0"}, "small ones have no number"


def test_one_part_at_every_cell() -> None:
    figure = part_map(attribution(), "L0.mlp", marked=7)
    assert [data[0] for data in bars_of(figure).customdata] == [str(cell) for cell in range(100)]
    strong = [cell for cell, color in enumerate(bars_of(figure).marker.color) if str(TOWARD)[1:-1] in color]
    assert strong == [7] and bars_of(figure).marker.line.width[7] == 2
    assert "row 1, column 8" in bars_of(figure).hovertext[7]
