"""Tiles: where they stand, what a click on them says, and when they have numbers."""

import pytest

from interp.figures.draft import Draft
from interp.figures.style import MEASURING, empty
from interp.figures.tiles import MOST_NOTED, Tile, draw_tiles


def tile(line: int, column: int, **more: object) -> Tile:
    return Tile(line, column, "rgba(1, 2, 3, 0.5)", (f"{line}-{column}",), "pointed at", "7", **more)


@pytest.mark.parametrize("columns", [3, MOST_NOTED, MOST_NOTED + 1])
def test_tiles_stand_at_their_places(columns: int) -> None:
    draft = Draft()
    draw_tiles(draft, [tile(0, 2), tile(1, 0, hatched=True)], ["a", "b"], ["x"] * columns)
    figure = draft.figure()
    bars, notes = figure.data
    assert list(bars.y) == [0, 1] and [base + 0.47 for base in bars.base] == pytest.approx([2, 0])
    assert [list(data) for data in bars.customdata] == [["0-2"], ["1-0"]]
    assert list(bars.marker.pattern.shape) == ["", "/"] and list(bars.marker.line.width) == [0, 0]
    assert list(figure.layout.yaxis.ticktext) == ["a", "b"] and figure.layout.yaxis.range[0] > 0, (
        "from the top"
    )
    assert len(notes.text) == (2 if columns <= MOST_NOTED else 0), "many columns leave no room for numbers"


def test_a_chart_without_anything_says_why() -> None:
    figure = empty(Draft()).figure()
    assert figure.layout.annotations[0].text == MEASURING and figure.layout.xaxis.visible is False
