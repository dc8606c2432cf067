"""What browsers say of the easel and of the gallery is a claim: what can be meant is taken, nothing else."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.widgets.ablation_board.wishes import Seen
from app.widgets.gallery.gallery import Wish, read_wish
from app.widgets.paint.reading import read_painted
from app.widgets.puzzle_picker.picker import digits

NOBODY = Seen()


def said(*texts: str, first: int = 1, follow: bool = False) -> dict[str, object]:
    return {"client": "me", "first": first, "wishes": [{"cells": text, "follow": follow} for text in texts]}


@settings(max_examples=30, deadline=None)
@given(st.lists(st.integers(0, 10), min_size=400, max_size=400), st.booleans())
def test_a_painting_is_read_as_it_was_written(cells: list[int], follow: bool) -> None:
    painted = read_painted(said(digits(np.array(cells)), follow=follow), NOBODY)
    assert painted is not None and list(painted.cells) == cells and painted.follow == follow
    assert painted.grids.ravel().tolist() == cells


def test_of_several_the_last_counts_and_each_only_once() -> None:
    one, two = "1" * 400, "2" * 400
    message = said(one, two)
    painted = read_painted(message, NOBODY)
    assert painted is not None and set(painted.cells) == {2}
    assert read_painted(message, Seen("me", 2)) is None
    again = read_painted(said(two, one, first=2), Seen("me", 2))
    assert again is not None and set(again.cells) == {1}
    other = read_painted(message, Seen("somebody before", 7))
    assert other is not None and set(other.cells) == {2}


@pytest.mark.parametrize(
    "message",
    [
        None,
        "x",
        {},
        said("1" * 399),
        said("b" * 400),
        said("１" * 400),  # noqa: RUF001
        said("A" * 400),
        {"client": "me", "first": 1, "wishes": [{"cells": "1" * 400}]},
        {"client": "me", "first": 1, "wishes": [{"cells": [1] * 400, "follow": True}]},
        {"client": "me" * 99, "first": 1, "wishes": [{"cells": "1" * 400, "follow": True}]},
        {"client": "me", "first": 1, "wishes": []},
    ],
)
def test_anything_else_is_passed_over(message: object) -> None:
    assert read_painted(message, NOBODY) is None


def test_wishes_of_the_gallery_are_of_what_it_shows() -> None:
    shown = {3, 5}
    assert read_wish({"act": "open", "number": 3}, shown, 2) == Wish("open", 3)
    assert read_wish({"act": "page", "number": 2}, shown, 2) == Wish("page", 2)
    for bad in (
        {"act": "open", "number": 4},
        {"act": "page", "number": 3},
        {"act": "page", "number": True},
        {"act": "delete", "number": 3},
        {"act": "pick", "number": "3"},
        [3],
        None,
    ):
        assert read_wish(bad, shown, 2) is None
