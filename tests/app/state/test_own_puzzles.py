"""A puzzle that stands in the link itself: every page shows it, and a link of theirs brings it back."""

from dataclasses import replace

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from app.views import PAGES
from interp.puzzles import Puzzle, load_puzzles
from interp.puzzles.spelling import spelled
from interp.tokens import STRUCTURES, encode
from tests.support.pages import page_of


def painted(task: str) -> Puzzle:
    """A puzzle of the bank with one cell painted over."""
    puzzle = load_puzzles("bank", task="frame")[0]
    grids = puzzle.grids.copy()
    grids[1, 9, 9] = 10
    return Puzzle.of(task, encode(grids, puzzle.structure))


def noise() -> Puzzle:
    grids = np.random.default_rng(0).integers(11, size=(4, 10, 10), dtype=np.uint8)
    return Puzzle.of("own", encode(grids, STRUCTURES[1]))


@pytest.mark.parametrize("puzzle", [painted("frame"), noise()], ids=["of a task", "of none"])
@pytest.mark.parametrize("name", [page.name for page in PAGES if page.name != "stories"])
def test_every_page_works_with_it(
    name: str, puzzle: Puzzle, model_folder: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PUZZLESCOPE_MODEL", model_folder)
    page = page_of(name)
    page.query_params["puzzle"] = spelled(puzzle)
    page.run()
    assert not page.exception and not page.error and not page.warning
    assert page.session_state["scene"].puzzle == puzzle
    assert page.query_params["puzzle"] == spelled(puzzle)


def test_numbers_over_several_puzzles_are_of_those_of_the_bank(
    model_folder: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PUZZLESCOPE_MODEL", model_folder)
    page = page_of("workbench")
    page.query_params["puzzle"], page.query_params["sample"] = spelled(noise()), "16"
    page.run()
    assert not page.exception and len(page.warning) == 1 and "stands alone" in page.warning[0].value
    assert page.session_state["scene"].sample == 1


@pytest.mark.parametrize("damage", [slice(0, 27), slice(0, 100), slice(0, -1)])
def test_a_damaged_one_opens_the_nearest_scene(
    damage: slice, model_folder: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PUZZLESCOPE_MODEL", model_folder)
    page: AppTest = page_of("workbench")
    page.query_params["puzzle"], page.query_params["off"] = spelled(painted("frame"))[damage], "L0.attn"
    page.run()
    assert not page.exception and not page.error and len(page.warning) == 1
    assert "damaged" in page.warning[0].value and page.session_state["scene"].ablation.text == "L0.attn"


def test_forced_cells_are_in_the_link_and_on_the_page(
    model_folder: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PUZZLESCOPE_MODEL", model_folder)
    page = page_of("workbench")
    page.query_params["force"], page.query_params["cell"] = "r2c3=4,r1c1=7", "g4r1c1"
    page.run()
    assert not page.exception and not page.error and not page.warning
    assert page.session_state["scene"].force == ((0, 7), (12, 4))
    chip = page.button(key="unforce")
    assert chip.label == "2 forced" and "row 1, column 1 light green and row 2, column 3 yellow" in chip.help
    (choice,) = [one for one in page.selectbox if one.key == "force-color-0"]
    assert choice.value == 7
    choice.set_value(-1).run()
    assert page.query_params["force"] == "r2c3=4"
    page.button(key="unforce").click().run()
    assert page.session_state["scene"].force == () and "force" not in page.query_params
    page.query_params["force"] = "r11c1=4"
    page.run()
    assert not page.exception


def test_another_puzzle_is_not_forced(model_folder: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PUZZLESCOPE_MODEL", model_folder)
    page = page_of("workbench")
    page.query_params["force"], page.query_params["puzzle"] = "r2c3=", spelled(noise())
    page.run()
    assert not page.exception and len(page.warning) == 1 and "forced cells" in page.warning[0].value
    shown = page.session_state["scene"]
    forced = replace(shown, force=((3, 4),))
    other = load_puzzles("bank", task="grow")[0]
    assert "force" in forced.query() and "force" not in forced.link_to(other, shown.ablation)
