"""Charts and SVG: what is drawn is what was measured."""

import xml.etree.ElementTree as ET

import numpy as np
import pytest

from interp.ablation import Component
from interp.errors import PuzzlescopeError
from interp.figures import QUIET, SMALLEST_LOSS, STRONG, grid_svg, ink, sweep_chart
from interp.grids import COLORS
from interp.predict import AnswerLoss
from interp.sweep import SweepRow


def row(layer: int | None, loss: float) -> SweepRow:
    component = None if layer is None else Component(layer, "attn")
    return SweepRow(
        component,
        AnswerLoss(np.full(2, loss), np.full((2, 100), loss), np.zeros((2, 100), bool)),
        np.array([True, False]),
    )


def test_bars_end_at_the_loss_and_the_costliest_stands_out() -> None:
    chart = sweep_chart([row(0, 0.2), row(1, 3.0), row(2, 0.01)], row(None, 0.02), hatched=["L2.attn"])
    bars = chart.data[0]
    assert list(bars.x) == ["L0.attn", "L1.attn", "L2.attn"]
    assert np.asarray(bars.base + np.asarray(bars.y)) == pytest.approx([0.2, 3.0, 0.01])
    assert list(bars.marker.color) == [QUIET, STRONG, QUIET]
    assert list(bars.marker.pattern.shape) == ["", "", "/"]
    assert chart.layout.yaxis.type == "log" and chart.layout.shapes[0].y0 == pytest.approx(0.02)
    low, high = chart.layout.yaxis.range
    assert 10**low < 0.01 and 10**high > 3.0


def test_a_loss_of_zero_has_a_place_on_the_log_axis() -> None:
    bars = sweep_chart([row(0, 0.0)], row(None, 0.0)).data[0]
    assert bars.base + bars.y[0] == pytest.approx(SMALLEST_LOSS)


def test_a_grid_as_svg() -> None:
    cells = np.arange(100).reshape(10, 10) % 11
    cells[9, 9] = 13
    wrong = np.zeros((10, 10), bool)
    wrong[[0, 9], [1, 9]] = True
    svg = ET.fromstring(grid_svg(cells, wrong, title="f(Y) <truth>"))
    space = "{http://www.w3.org/2000/svg}"
    boxes = svg.findall(f"{space}rect")
    assert len(boxes) == 100 + 2 and boxes[4].get("fill") == COLORS[4].hex
    assert svg.find(f"{space}title").text == "f(Y) <truth>"
    assert [text.text for text in svg.findall(f"{space}text")] == ["Y"]
    assert len(svg.findall(f"{space}path")) == 1, "the marker's cell is crossed"


def test_a_grid_as_svg_in_other_colours_and_with_digits() -> None:
    cells = np.arange(100).reshape(10, 10) % 11
    cells[9, 9] = 14
    palette = [f"#{k:02x}{k:02x}{k:02x}" for k in range(0, 242, 24)]
    svg = ET.fromstring(grid_svg(cells, palette=palette, digits=True))
    space = "{http://www.w3.org/2000/svg}"
    assert [box.get("fill") for box in svg.findall(f"{space}rect")[:11]] == palette
    texts = svg.findall(f"{space}text")
    digits = [text for text in texts if text.text != "f(Y)"]
    assert len(texts) == 100 and [int(text.text or "") for text in digits] == cells.ravel()[:-1].tolist()
    assert digits[1].get("fill") == "#ffffff" and digits[10].get("fill") == "#111111"


@pytest.mark.parametrize("palette", [["#ffffff"], ['"/><script>'] * 11, ["white"] * 11])
def test_a_palette_that_is_none_is_a_sentence(palette: list[str]) -> None:
    with pytest.raises(PuzzlescopeError, match=r"palette has 11|#rrggbb"):
        grid_svg(np.zeros((10, 10), dtype=int), palette=palette)


def test_ink_is_read_on_every_colour() -> None:
    assert [ink(color.hex) for color in COLORS[:4]] == ["#111111", "#111111", "#111111", "#ffffff"]
