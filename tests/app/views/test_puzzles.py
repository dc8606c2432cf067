"""The page of the puzzles without a browser: browsed, made, painted, imported and kept."""

from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from app.state import session
from app.views.puzzles import browse, easel, results, sources
from app.views.puzzles.choices import HUB, SETS
from app.widgets.gallery import gallery
from app.widgets.gallery.gallery import Wish
from app.widgets.paint.reading import Painted
from interp import load_model, predict
from interp.puzzles import Puzzle, PuzzleSet, load_puzzles
from interp.puzzles.exchange import truth_of
from interp.puzzles.making import make
from tests.support.pages import page_of, run_until, words

BANK = load_puzzles("bank")


@pytest.fixture
def page(model_folder: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> AppTest:
    monkeypatch.setenv("PUZZLESCOPE_MODEL", model_folder)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    return page_of("puzzles")


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """What the gallery was drawn with last, and what it says to."""
    found: dict[str, Any] = {}
    monkeypatch.setattr(gallery, "show", lambda tiles, **named: found.update(named, tiles=tiles))
    return found


def fine(page: AppTest) -> AppTest:
    assert not page.exception and not page.error and not page.warning, words(page)
    return page


def test_the_bank_is_browsed_by_task_and_order(page: AppTest, drawn: dict[str, Any]) -> None:
    page.query_params.update({"task": "frame", "grids": "f(X) X f(Y) Y", "page": "2"})
    fine(page.run())
    expected = [one for one in BANK if one.task == "frame" and one.structure.name == "f(X) X f(Y) Y"]
    assert drawn["total"] == f"{len(expected)} puzzles" and drawn["pages"] == 3
    assert [tile.puzzle for tile in drawn["tiles"]] == expected[24:48]
    page.selectbox(key="puzzles-grids").set_value("").run()
    assert drawn["page"] == 1 and "grids" not in page.query_params


def test_failed_are_those_that_the_model_fails(
    page: AppTest, drawn: dict[str, Any], model_folder: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A model that knows nothing fails them all; that is found out, too."""
    monkeypatch.setattr(results, "MOST", 12)
    page.query_params.update({"task": "frame", "result": "failed"})
    run_until(page, lambda page: "so far" not in drawn["total"])
    own = [one for one in BANK if one.task == "frame"][:12]
    right = [
        bool((predict(load_model(model_folder), one.tokens[None]).greedy[0] == one.grids[3].ravel()).all())
        for one in own
    ]
    assert [tile.puzzle for tile in drawn["tiles"]] == [
        one for one, solved in zip(own, right, strict=True) if not solved
    ]
    page.segmented_control(key="puzzles-result").set_value("flips").run()
    assert not drawn["tiles"] and "so no puzzle flips" in words(page)


def test_flips_are_told_from_what_stays() -> None:
    known = results.Results((True, True, False, False, True), (True, False, False, True))
    assert [known.fits(place, "flips") for place in range(6)] == [False, True, False, True, False, False]
    assert [known.fits(place, "solved") for place in range(6)] == [True, True, False, False, True, False]
    assert [known.note(place)[0] for place in range(6)] == [
        "solved",
        "breaks",
        "failed",
        "mended",
        "solved",
        "",
    ]


def test_a_click_opens_the_workbench_and_another_the_easel(page: AppTest, drawn: dict[str, Any]) -> None:
    fine(page.run())
    tile = drawn["tiles"][5]
    with pytest.MonkeyPatch.context() as patch:
        asked: list[tuple[dict[str, str], str | None]] = []
        patch.setattr(browse.arrival, "ask", lambda query, page=None: asked.append((query, page)))
        state = {name: page.session_state[name] for name in ("scene", "chosen-puzzles")}
        patch.setattr(session.st, "session_state", state)
        drawn["on_wish"](Wish("open", tile.number))
        assert asked[0][0]["puzzle"] == tile.puzzle.id and asked[0][1] == "workbench"
        drawn["on_wish"](Wish("paint", tile.number))
        assert session.chosen("puzzles")["part"] == "easel" and session.now().puzzle == tile.puzzle


def test_a_new_puzzle_is_made_and_stands_in_the_link(page: AppTest) -> None:
    page.query_params["part"] = "easel"
    fine(page.run())
    page.selectbox(key="easel-task").set_value("contact")
    page.number_input(key="easel-seed").set_value(9)
    fine(page.button(key="easel-made").click().run())
    assert page.session_state["scene"].puzzle == make("contact", 9)
    assert page.query_params["puzzle"].startswith("own.")
    fine(page.button(key="easel-part-colours").click().run())
    other = page.session_state["scene"].puzzle
    assert other != make("contact", 9) and truth_of(other).task == "contact"
    fresh = page_of("puzzles")
    fresh.query_params.update({"part": "easel", "puzzle": page.query_params["puzzle"]})
    assert fine(fresh.run()).session_state["scene"].puzzle == other


def painted(puzzle: Puzzle, place: int, row: int, column: int, color: int, follow: bool) -> Painted:
    grids = puzzle.grids.copy()
    grids[place, row, column] = color
    return Painted(grids.tobytes(), follow)


def test_what_is_painted_is_judged_and_its_answer_follows(monkeypatch: pytest.MonkeyPatch) -> None:
    puzzle = make("replace_color", 1)
    shown = [puzzle]
    monkeypatch.setattr(easel, "open_puzzle", shown.append)
    monkeypatch.setattr(easel, "now", lambda: type("Scene", (), {"puzzle": shown[-1]}))
    wrong = (int(puzzle.grids[3, 4, 4]) + 1) % 11
    easel._painted(painted(puzzle, 3, 4, 4, wrong, False))
    assert shown[-1].grids[3, 4, 4] == wrong
    assert easel.verdict(truth_of(shown[-1]), "replace_color").kind == "broken"
    easel._painted(painted(shown[-1], 3, 4, 4, wrong, True))
    assert shown[-1] == puzzle
    assert easel.verdict(truth_of(shown[-1]), "replace_color").kind == "sound"


def test_a_text_is_previewed_picked_and_kept(page: AppTest, drawn: dict[str, Any]) -> None:
    page.query_params["from"] = "file"
    fine(page.run())
    text = "\n\n".join("\n".join("".join(map(str, row)) for row in grid) for grid in _plain().grids.tolist())
    page.text_area(key="puzzles-text").set_value(text)
    fine(page.button(key="puzzles-read").click().run())
    assert "1 to be picked from" in words(page) and [one.puzzle for one in drawn["tiles"]] == [_plain()]
    page.button(key="puzzles-pick-all").click().run()
    page.text_input(key="puzzles-keep-name").set_value("con/fused")
    page.button(key="puzzles-keep-do").click().run()
    assert "cannot have / in it" in page.warning[0].value
    page.text_input(key="puzzles-keep-name").set_value("Found")
    fine(page.button(key="puzzles-keep-do").click().run())
    assert "1 puzzle added to 'Found'" in page.success[0].value
    assert page.selectbox(key="puzzles-keep-where").value == "Found"
    page.selectbox(key="puzzles-source").set_value("collection:Found").run()
    assert [one.puzzle for one in drawn["tiles"]] == [_plain()]
    _rename_and_delete(page)


def _plain() -> Puzzle:
    """A puzzle whose colours are single digits, in the first order, and as text of its own task."""
    return next(
        one
        for one in BANK
        if one.task == "frame"
        and one.grids.max() < 10
        and not one.structure.reverse
        and one.structure.order[0] == 0
    )


def _rename_and_delete(page: AppTest) -> None:
    page.text_input(key="collection-name-Found").set_value("Lost")
    fine(page.button(key="collection-save").click().run())
    assert page.query_params["from"] == "collection:Lost"
    fine(page.button(key="collection-delete-do").click().run())
    assert page.session_state["scene"] and "from" not in page.query_params


def test_the_hub_is_asked_only_when_the_visitor_does(
    page: AppTest, drawn: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[tuple[str, str | None]] = []

    def load(name: str, *, task: str | None, limit: int) -> PuzzleSet:
        asked.append((name, task))
        return PuzzleSet(name, BANK.puzzles[:30])

    monkeypatch.setattr(sources, "load_puzzles", load)
    monkeypatch.setattr(sources, "_sets", type(sources._sets)())
    page.query_params.update({"from": HUB, "set": SETS[1], "split": "culture"})
    fine(page.run())
    assert asked == [] and "tiles" not in drawn
    fine(page.button(key="puzzles-fetch").click().run())
    assert asked == [(f"hub:{SETS[1]}", "culture")] and len(drawn["tiles"]) == 24
    fine(page.run())
    assert len(asked) == 1 and page.button(key="puzzles-fetch").disabled
