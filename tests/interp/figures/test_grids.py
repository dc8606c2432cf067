"""Grids as SVG, and colours that are read on."""

import xml.etree.ElementTree as ET

import numpy as np
import pytest

from interp.errors import PuzzlescopeError
from interp.figures.grids import grid_svg, ink
from interp.grids import COLORS


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
