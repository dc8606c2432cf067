"""The puzzle strip without a browser: what it tells the browser, and whether its colours can be told
apart."""

from collections import Counter
from itertools import combinations

import numpy as np
import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from app.widgets.palette import PALETTES
from app.widgets.puzzle_strip import Look, Panel
from app.widgets.puzzle_strip import strip as puzzle_strip
from interp.errors import PuzzlescopeError
from interp.figures.grids import ink
from interp.grids import COLORS
from interp.tokens import TOKEN_NAMES

TRUTH = np.zeros(100, dtype=int)


def drawn(**cells: int) -> np.ndarray:
    """An answer that is blank but for the cells named: ``c3=1`` paints cell 3 in colour 1."""
    answer = TRUTH.copy()
    for name, token in cells.items():
        answer[int(name[1:])] = token
    return answer


# ---- panels ------------------------------------------------------------------------------------------------


def test_panels_mark_wrong_cells() -> None:
    probabilities = np.full((100, 15), 0.01)
    probabilities[:, 2], probabilities[:, 7], probabilities[:, 9] = 0.5, 0.3, 0.1
    data = Panel("Model", drawn(c50=13, c3=1), TRUTH, probabilities).data()
    assert data["kinds"] == [(3, "wrong"), (50, "wrong")] and data["note"] == "2 wrong"
    assert data["first"] == 3 and data["choosable"]
    assert data["best"][17] == [2, 7, 9] and data["chance"][17] == pytest.approx([0.5, 0.3, 0.1])
    solved = Panel("Model", TRUTH, TRUTH).data()
    assert solved["note"] == "solved" and solved["first"] is None and solved["kinds"] == []


def test_given_grids_are_no_predictions() -> None:
    given = Panel("X", TRUTH).data()
    assert given["note"] == "" and not given["choosable"] and "best" not in given and "first" not in given
    assert Panel("f(Y), the truth", TRUTH, answer=True).data()["choosable"]


def test_an_empty_panel_keeps_its_place_and_says_why() -> None:
    data = Panel("Ablated", None, note="ablate a component below").data()
    assert data["cells"] == [] and data["note"] == "ablate a component below"
    assert not data["choosable"] and data["wrong"] == 0


def counted(cells: np.ndarray, compared: np.ndarray) -> dict[str, int]:
    """How many cells are outlined in each way."""
    return Counter(kind for _, kind in Panel("Ablated", cells, TRUTH, compared=compared).kinds)


def test_broken_fixed_and_both_are_told_apart() -> None:
    clean, ablated = drawn(c1=1, c2=1, c3=1), drawn(c2=1, c3=5, c4=1, c5=1, c6=1)
    panel = Panel("Ablated", ablated, TRUTH, compared=clean)
    broken = [(4, "broken"), (5, "broken"), (6, "broken")]
    assert panel.kinds == [(1, "fixed"), (2, "both"), (3, "both"), *broken]
    assert panel.data()["first"] == 2, "a fixed cell is not wrong"
    assert counted(ablated, clean) == {"broken": 3, "fixed": 1, "both": 2}
    assert counted(clean, ablated) == {"broken": 1, "fixed": 3, "both": 2}
    assert counted(TRUTH, TRUTH) == {}


def test_the_legend_has_the_kinds_that_occur() -> None:
    clean = Panel("Model", drawn(c1=1), TRUTH)
    empty = Panel("Ablated", None)
    assert puzzle_strip._legend([clean, empty]) == [("wrong", 1)]
    off = Panel("Ablated", drawn(c1=1, c2=1), TRUTH, compared=clean.cells)
    assert puzzle_strip._legend([clean, off]) == [("wrong", 0), ("broken", 1), ("both", 1)], "its note counts"
    assert puzzle_strip._legend([Panel("Model", TRUTH, TRUTH), empty]) == []


# ---- what the browser gets ---------------------------------------------------------------------------------


def test_every_token_has_a_name_and_every_colour_an_ink() -> None:
    data = puzzle_strip._data([], Look("safe", digits=True), 7)
    assert data["colors"] == list(PALETTES["safe"]) and data["digits"] and data["cell"] == 7
    assert len(data["names"]) == len(data["short"]) == len(TOKEN_NAMES) == 15
    assert data["names"][12] == "marker f(X)" and len(data["inks"]) == len(COLORS)


def test_an_unknown_palette_is_a_sentence() -> None:
    with pytest.raises(PuzzlescopeError, match="No palette 'rainbow': expected one of soft, original, safe"):
        Look("rainbow")


def test_the_strip_is_shown() -> None:
    def script() -> None:
        import numpy as np

        from app.widgets.puzzle_strip import Panel, show

        cells = np.zeros(100, dtype=np.uint8)
        probabilities = np.full((100, 15), 1 / 15, dtype=np.float32)
        model = Panel("Model", cells, cells, probabilities)
        show([Panel("X", cells), model, Panel("Ablated", None)], key="strip", cell=0, on_cell=print)

    page = AppTest.from_function(script, default_timeout=60).run()
    assert not page.exception


@pytest.mark.parametrize(
    ("sent", "told"), [(0, [0]), (99, [99]), (100, []), (-1, []), ("7", []), (True, []), (None, [])]
)
def test_only_a_cell_is_passed_on(monkeypatch: pytest.MonkeyPatch, sent: object, told: list[int]) -> None:
    """What arrives is from a browser, so it may be anything."""
    mounted: dict = {}
    monkeypatch.setattr(puzzle_strip, "_strip", lambda **arguments: mounted.update(arguments))
    monkeypatch.setattr(st, "session_state", {"strip": {"cell": sent}})
    heard: list[int] = []
    puzzle_strip.show([], key="strip", on_cell=heard.append)
    mounted["on_cell_change"]()
    assert heard == told


# ---- colours -----------------------------------------------------------------------------------------------

SIGHTS = {
    "normal": np.eye(3),
    "protanopia": [
        [0.152286, 1.052583, -0.204868],
        [0.114503, 0.786281, 0.099216],
        [-0.003882, -0.048116, 1.051998],
    ],
    "deuteranopia": [
        [0.367322, 0.860646, -0.227968],
        [0.280085, 0.672501, 0.047413],
        [-0.011820, 0.042940, 0.968881],
    ],
    "tritanopia": [
        [1.255528, -0.076749, -0.178779],
        [-0.078411, 0.930809, 0.147602],
        [0.004733, 0.691367, 0.303900],
    ],
}
"""Linear RGB as each eye sees it, severity 1.0: Machado, Oliveira and Fernandes, *A Physiologically-based
Model for Simulation of Color Vision Deficiency*, 2009."""

TO_XYZ = np.array(
    [[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.0721750], [0.0193339, 0.1191920, 0.9503041]]
)
"""Linear sRGB to CIE XYZ; white is D65."""


def lab(hex_color: str, sight: str = "normal") -> np.ndarray:
    """CIE L*a*b* of a colour as that eye sees it."""
    srgb = np.array([int(hex_color[k : k + 2], 16) for k in (1, 3, 5)]) / 255
    linear = np.where(srgb <= 0.04045, srgb / 12.92, ((srgb + 0.055) / 1.055) ** 2.4)
    seen = np.clip(np.array(SIGHTS[sight]) @ linear, 0, 1)
    x, y, z = (
        np.cbrt(t) if t > (6 / 29) ** 3 else t / (3 * (6 / 29) ** 2) + 4 / 29
        for t in TO_XYZ @ seen / TO_XYZ.sum(1)
    )
    return np.array([116 * y - 16, 500 * (x - y), 200 * (y - z)])


def smallest_distance(palette: str, sight: str) -> float:
    """CIE 1976 distance of the two colours of a palette that this eye confuses most."""
    seen = [lab(color, sight) for color in PALETTES[palette]]
    return float(min(np.linalg.norm(one - other) for one, other in combinations(seen, 2)))


def test_lab_is_lab() -> None:
    """Published values for sRGB's white, red and blue."""
    assert lab("#ffffff") == pytest.approx([100, 0, 0], abs=0.02)
    assert lab("#ff0000") == pytest.approx([53.24, 80.09, 67.20], abs=0.05)
    assert lab("#0000ff") == pytest.approx([32.30, 79.19, -107.86], abs=0.05)


@pytest.mark.parametrize(
    ("sight", "soft", "original"),
    [("protanopia", 13.4, 8.3), ("deuteranopia", 10.8, 7.2), ("tritanopia", 14.4, 22.4)],
)
def test_the_safe_palette_is_told_apart_by_every_eye(sight: str, soft: float, original: float) -> None:
    """At least 27 between any two colours, for each eye; the other palettes fall to 10.8 and 7.2."""
    assert smallest_distance("soft", sight) == pytest.approx(soft, abs=0.1)
    assert smallest_distance("original", sight) == pytest.approx(original, abs=0.1)
    assert smallest_distance("safe", sight) > max(27, soft, original)
    assert smallest_distance("safe", "normal") > 27


@pytest.mark.parametrize("palette", PALETTES)
def test_digits_are_read_on_every_colour(palette: str) -> None:
    """A contrast ratio of at least 4.5, which WCAG 2 asks of small text."""
    for color in PALETTES[palette]:
        light, dark = sorted((luminance(color), luminance(ink(color))), reverse=True)
        assert (light + 0.05) / (dark + 0.05) >= 4.5, color


def luminance(color: str) -> float:
    lightness = lab(color)[0]
    return float(((lightness + 16) / 116) ** 3 if lightness > 8 else lightness / 903.3)
