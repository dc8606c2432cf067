"""The puzzle picker without a browser: what it offers, and what its wishes change."""

from collections.abc import Callable
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from app.views.shared import puzzle_picker
from app.widgets.puzzle_picker.picker import Offer
from app.widgets.puzzle_picker.wishes import (
    Look,
    OpenPuzzle,
    PickerWish,
    SetOrder,
    SetTask,
    SetWhich,
    ShowFailures,
    read_wish,
)
from interp.backend import Backend
from interp.puzzles import PuzzleSet
from interp.tasks import TASKS
from interp.tokens import STRUCTURES
from tests.support.pages import page_of

FEW = 6
"""Puzzles of each task and order: enough to choose from, soon counted."""


@pytest.fixture
def bank(monkeypatch: pytest.MonkeyPatch) -> PuzzleSet:
    """A small bank, which the pages have instead of the whole."""
    whole = Backend().bank()
    few = whole.limit(FEW * len(TASKS) * len(STRUCTURES))
    monkeypatch.setattr(Backend, "bank", lambda _: few)
    return few


class Picked:
    """A page whose picker hands over what it would show, and asks for what a test wants."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.page: AppTest = page_of("heads")
        self.wishes: list[PickerWish] = []
        self.offer: Offer | None = None
        monkeypatch.setattr(puzzle_picker.picker, "show", self._show)
        self.page.run()

    def _show(self, offer: Offer, *, key: str, on_wish: Callable[[PickerWish], None]) -> None:
        self.offer = offer
        while self.wishes:
            on_wish(self.wishes.pop(0))

    def ask(self, *wishes: PickerWish) -> Any:
        """The scene that these lead to."""
        self.wishes += wishes
        self.page.run()
        self.page.run()
        assert not self.page.exception and self.offer is not None
        return self.page.session_state["scene"]

    def counted(self) -> Offer:
        """What is offered when all is counted."""
        for _ in range(200):
            self.ask()
            assert self.offer is not None
            if all(one.solved is not None for one in self.offer.puzzles):
                return self.offer
        raise AssertionError("nothing is counted")


@pytest.fixture
def picked(bank: PuzzleSet, model_folder: str, monkeypatch: pytest.MonkeyPatch) -> Picked:
    """Over a random model, which solves nothing."""
    monkeypatch.setenv("PUZZLESCOPE_MODEL", model_folder)
    return Picked(monkeypatch)


def test_every_task_can_be_picked(picked: Picked) -> None:
    for task in TASKS:
        assert picked.ask(SetTask(task)).puzzle.task == task
        assert picked.offer is not None and picked.offer.task == task
        assert picked.page.query_params["puzzle"] == picked.offer.puzzle


def test_an_order_and_a_puzzle(picked: Picked, bank: PuzzleSet) -> None:
    scene = picked.ask(SetTask("detect"), SetOrder(STRUCTURES[3].name))
    fitting = bank.filter(task="detect", structure=STRUCTURES[3])
    assert scene.structure == STRUCTURES[3] and scene.puzzle == fitting[0]
    assert picked.ask(OpenPuzzle(fitting[2].id)).puzzle == fitting[2]
    assert picked.ask(OpenPuzzle("no-such-puzzle")).puzzle == fitting[2]
    assert picked.ask(SetOrder("")).puzzle == fitting[2], "what fits stays"


def test_solved_and_failed_are_counted_once_somebody_asks(picked: Picked) -> None:
    assert picked.offer is not None
    assert all(one.solved is None for one in picked.offer.puzzles), "nothing is counted unasked"
    picked.ask(Look(pictures=False))
    offer = picked.counted()
    assert not any(one.solved for one in offer.puzzles)
    entry = next(task for task in offer.tasks if task.name == offer.task)
    assert (entry.solved, entry.failed) == (0, len(offer.puzzles))
    before = picked.page.session_state["scene"].puzzle
    scene = picked.ask(SetWhich("solved"))
    assert scene.which == "solved" and scene.puzzle == before, "nothing to go to: the page stays"
    assert picked.page.query_params["which"] == "solved"
    scene = picked.ask(ShowFailures("contact"))
    assert (scene.which, scene.puzzle.task) == ("failed", "contact")


def test_pictures_are_sent_until_the_browser_has_them(picked: Picked) -> None:
    assert picked.offer is not None and picked.offer.pictures is None
    picked.ask(Look(pictures=True))
    assert picked.offer.pictures is not None and picked.offer.pictures.shape == (
        len(picked.offer.puzzles),
        200,
    )
    assert all(len(cells) == 200 for cells in picked.offer.data()["pictures"])
    picked.ask(Look(pictures=False))
    assert picked.offer.pictures is None


@pytest.mark.parametrize(
    "nonsense",
    [
        None,
        "open",
        {"kind": "open"},
        {"kind": "open", "value": 3},
        {"kind": "open", "value": ""},
        {"kind": "open", "value": "x" * 99},
        {"kind": "task", "value": "no-such-task"},
        {"kind": "order", "value": "Y X"},
        {"kind": "which", "value": "some"},
        {"kind": "look", "value": "around"},
        {"kind": "open", "value": "1", "more": 1},
    ],
)
def test_what_a_stranger_sends_is_passed_over(nonsense: object) -> None:
    assert read_wish(nonsense, TASKS, [one.name for one in STRUCTURES]) is None


def test_wishes_are_read(bank: PuzzleSet) -> None:
    orders = [one.name for one in STRUCTURES]
    sent = [
        ("task", "frame"),
        ("failures", "frame"),
        ("order", ""),
        ("which", "failed"),
        ("open", bank[0].id),
    ]
    wishes = [
        SetTask("frame"),
        ShowFailures("frame"),
        SetOrder(""),
        SetWhich("failed"),
        OpenPuzzle(bank[0].id),
    ]
    found = [read_wish({"kind": kind, "value": value}, TASKS, orders) for kind, value in sent]
    assert found == wishes
