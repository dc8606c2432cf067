"""Rectangles and painting, by hand and by count."""

import numpy as np
import pytest

from interp.grids import COLORS, all_rectangles, border, draw_disjoint_triples, inside, paint, shrink
from tests.support.statistics import chi_square_p


def test_rectangles_keep_to_the_rules() -> None:
    rects = all_rectangles()
    heights, widths = rects[:, 2] - rects[:, 0], rects[:, 3] - rects[:, 1]
    assert rects.min() == 0 and rects.max() == 10 and min(heights.min(), widths.min()) == 3
    assert (heights * widths).max() == 50 and len(np.unique(rects, axis=0)) == len(rects) == 1182
    by_hand = sum(
        (i2 - i1) * (j2 - j1) <= 50
        for i1 in range(10)
        for i2 in range(i1 + 3, 11)
        for j1 in range(10)
        for j2 in range(j1 + 3, 11)
    )
    assert len(rects) == by_hand


def test_triples_are_disjoint_and_every_member_alike() -> None:
    triples = draw_disjoint_triples(4000, np.random.default_rng(0))
    assert inside(triples).sum(1).max() == 1, "no cell in two rectangles"
    areas = inside(triples).sum((2, 3)).astype(float)
    error = areas.std() / np.sqrt(len(areas))
    assert np.abs(areas.mean(0) - areas.mean()).max() < 5 * error


def test_triples_are_uniform_over_all_that_fit() -> None:
    """Against brute force on what is cheap to count: how often the first rectangle has each height."""
    rng = np.random.default_rng(1)
    table = all_rectangles()
    by_hand: list[int] = []
    while len(by_hand) < 1500:
        triple = table[rng.integers(len(table), size=(2000, 3))]
        by_hand += (triple[:, 0, 2] - triple[:, 0, 0])[inside(triple).sum(1).max((1, 2)) == 1].tolist()
    ours = draw_disjoint_triples(20000, rng)[:, 0]
    expected = np.bincount(ours[:, 2] - ours[:, 0], minlength=11)[3:] / len(ours)
    counts = np.bincount(by_hand, minlength=11)[3:]
    common = expected > 0.005
    chi2 = ((counts - expected * len(by_hand)) ** 2 / (expected * len(by_hand)))[common].sum()
    assert chi2 < 30, "seven degrees of freedom: above 30 once in 10,000 times"


def test_the_first_of_a_triple_is_as_likely_as_there_are_triples_with_it() -> None:
    """All 1182 rectangles at once: what a draw that rejects single members, not whole triples, gets wrong."""
    cells = inside(all_rectangles()).reshape(-1, 100).astype(np.float64)
    free = (cells @ cells.T == 0).astype(np.float64)
    triples = ((free @ free) * free).sum(1)
    place = {tuple(rect): k for k, rect in enumerate(all_rectangles().tolist())}
    found = draw_disjoint_triples(60_000, np.random.default_rng(3))

    def p(rects: np.ndarray) -> float:
        counts = np.bincount([place[tuple(rect)] for rect in rects.tolist()], minlength=len(place))
        return chi_square_p(counts[triples > 0], triples[triples > 0])

    assert all(p(found[:, member]) > 1e-4 for member in range(3))
    alone = free.sum(1) / free.sum()  # the check can fail: here the third member does not count
    biased = np.random.default_rng(4).choice(len(place), size=60_000, p=alone)
    assert p(all_rectangles()[biased]) < 1e-12


def test_inside_border_and_shrink_by_hand() -> None:
    rect = np.array([2, 3, 5, 7])
    cells = inside(rect)
    assert cells.sum() == 3 * 4 and cells[2:5, 3:7].all()
    assert border(rect).sum() == 12 - 2 and not border(rect)[3, 4:6].any()
    assert shrink(rect).tolist() == [3, 4, 4, 6]
    assert inside(np.array([4, 4, 4, 9])).sum() == 0, "an empty rectangle has no cell"
    assert inside(np.array([-1, 8, 2, 12])).sum() == 2 * 2, "what lies off the grid is cut"


def test_paint_colours_only_the_chosen_cells() -> None:
    grids = np.zeros((2, 10, 10), dtype=np.uint8)
    paint(grids, inside(np.array([[0, 0, 3, 3], [7, 7, 10, 10]])), np.array([4, 9], dtype=np.uint8))
    assert (grids[0, :3, :3] == 4).all() and (grids[1, 7:, 7:] == 9).all() and (grids > 0).sum() == 18


def test_there_are_eleven_colours_and_blank_is_the_first() -> None:
    assert len(COLORS) == len({color.hex for color in COLORS}) == len({color.name for color in COLORS}) == 11
    assert COLORS[0].name == "blank"


@pytest.mark.parametrize("n", [1, 7])
def test_as_many_triples_as_asked(n: int) -> None:
    assert draw_disjoint_triples(n, np.random.default_rng(2)).shape == (n, 3, 4)
