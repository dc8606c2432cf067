"""Grids, maps and patterns on paper: the cells, outlines and greys are those of the results."""

import numpy as np
import pytest
from matplotlib.collections import LineCollection, PatchCollection

from interp import load_puzzles
from interp.analyses.logit_lens import LogitLens
from interp.figures.outcomes import BOTH, BROKEN, FIXED, INKS, WRONG, outcomes
from interp.figures.paper import COLUMN, PAGE, Grid, Line, Maps, Pattern, Plate, Strip, film
from interp.figures.paper.canvas import Box, Drawing, sheet
from interp.figures.paper.colours import paint
from interp.figures.paper.maps import greys
from interp.grids import COLORS
from tests.support.plates import HEADER, read, texts_of, words

TRUTH = load_puzzles("bank")[0].grids[3].ravel().astype(int)
CLEAN, ABLATED = TRUTH.copy(), TRUTH.copy()
CLEAN[[3, 4]] += 1
ABLATED[[4, 10, 11]] += 1
ABLATED[12] = 14
NAMES = ("X", "f(X)", "Y", "f(Y)")


def strip() -> Strip:
    model = Grid("Model", CLEAN, TRUTH, opens="gap")
    return Strip([Grid("f(Y), truth", TRUTH, opens="→"), model, Grid("Ablated", ABLATED, TRUTH, CLEAN)])


def lens() -> LogitLens:
    chances = np.zeros((5, 100, 15), np.float32)
    chances[:, np.arange(100), TRUTH] = 1
    chances[0, :50, 14] = 2
    return LogitLens(("embed", "L0.attn", "L0.mlp", "L1.attn", "L1.mlp"), chances, TRUTH)


def maps() -> Maps:
    shares = np.linspace(0, 1, 2 * 4 * 100).reshape(2, 4, 10, 10)
    return Maps([Line("L1.H0", shares[0], "off"), Line("L1.H1", shares[1])], NAMES, (3, 2, 4))


def pattern() -> Pattern:
    positions = np.array([0, 1, 2, 3, 102, 103, 203, 304, 305])
    return Pattern(np.tril(np.full((2, 9, 9), 0.2)), ["L1.H0", "L1.H1"], positions, NAMES)


DRAWINGS: dict[str, Drawing] = {"strip": strip(), "film": film(lens()), "maps": maps(), "pattern": pattern()}


@pytest.mark.parametrize("width", [COLUMN, PAGE])
@pytest.mark.parametrize("name", DRAWINGS)
def test_nothing_stands_beyond_the_paper(name: str, width: float) -> None:
    plate = Plate(f"The {name}", DRAWINGS[name], HEADER)
    texts, outside = texts_of(plate, width)
    assert len(texts) > 5 and outside == []
    assert read(plate.svg(width)).attrib["width"] == f"{width:g}mm" and plate.png(width, 72).startswith(
        b"\x89PNG"
    )


def test_what_became_of_each_cell() -> None:
    kinds = outcomes(ABLATED, TRUTH, CLEAN)
    assert [kinds[cell] for cell in (0, 3, 4, 10, 12)] == ["", FIXED, BOTH, BROKEN, BROKEN]
    assert outcomes(ABLATED, TRUTH)[4] == WRONG


def test_a_strip_has_the_cells_and_their_outlines() -> None:
    with sheet(500.0, 200.0) as paper:
        strip().draw(paper, Box(0.0, 0.0, 500.0, 150.0, (500.0, 200.0)))
        axes = paper.axes[0]
        cells = [one for one in axes.collections if isinstance(one, PatchCollection)]
        assert len(cells) == 3
        for drawn, tokens in zip(cells, (TRUTH, CLEAN, ABLATED), strict=True):
            want = [COLORS[token].hex if token < len(COLORS) else "#ffffff" for token in tokens]
            assert np.asarray(drawn.get_facecolor()) == pytest.approx(np.array([paint(one) for one in want]))
        lines = [one for one in axes.collections if isinstance(one, LineCollection)]
        count = {
            kind: sum(
                len(one.get_segments())
                for one in lines
                if np.allclose(one.get_colors()[0], paint(INKS[kind])) and kind in (BROKEN, FIXED)
            )
            for kind in (BROKEN, FIXED)
        }
        assert count == {BROKEN: 3 + 1, FIXED: 1 + 1}, "one more of each in the legend"
    told = words(Plate("Ablated: L1.attn (zero)", strip(), HEADER).svg(PAGE))
    assert {"3 broken", "1 fixed", "1 still wrong", "2 wrong", "4 wrong"} <= set(told)


def test_stages_of_a_lens_say_how_many_cells_are_right() -> None:
    drawn = words(Plate("Logit lens", film(lens()), HEADER).svg(PAGE))
    assert drawn.count("100") == 4 and "50" in drawn and "truth" in drawn


def test_greys_go_by_the_square_root_of_the_share() -> None:
    pixels = greys(np.array([[0.0, 0.25], [1.0, np.nan]]), 1.0)[::8, ::8]
    assert pixels[0, 0].tolist() == pixels[1, 1].tolist() == [255] * 3
    assert pixels[1, 0].tolist() == [0x1F, 0x23, 0x28]
    assert pixels[0, 1, 0] == pytest.approx((255 + 0x1F) / 2, abs=1)


def test_the_grids_are_named_along_a_pattern() -> None:
    assert pattern().bands == [("start", 0, 0), ("X", 1, 3), ("f(X)", 4, 5), ("Y", 6, 6), ("f(Y)", 7, 8)]
