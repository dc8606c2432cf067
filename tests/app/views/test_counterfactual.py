"""The panel of a puzzle's counterfactual on the workbench, and the desk at which it is asked why the model is
wrong."""

import time
from urllib.parse import parse_qs, urlsplit

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from app.state.backend import shared_backend
from app.views.workbench import desk
from interp import load_model, load_puzzles, pair_for, parse_ablation, predict
from interp.analyses.failures import FailureState, study_failure
from interp.analyses.failures.desk import _Search
from interp.checkpoints import save_model
from interp.pairs import Pair
from interp.puzzles import Puzzle
from interp.puzzles.kinds import KINDS, draw
from interp.puzzles.spelling import spelled
from tests.support.models import copying
from tests.support.pages import filled, page_of, run_until, sent_to, words
from tests.support.puzzles import bank

FRAME = bank().filter(task="frame")[0]
COPY = "L0.attn:lookback=100"
"""With this off the copying model draws the third grid once more."""


@pytest.fixture
def page(model_folder: str, monkeypatch: pytest.MonkeyPatch) -> AppTest:
    monkeypatch.setenv("PUZZLESCOPE_MODEL", model_folder)
    found = page_of("workbench")
    found.query_params["puzzle"] = FRAME.id
    return found


# ---- the pair ----------------------------------------------------------------------------------------------


def address(page: AppTest) -> dict[str, list[str]]:
    """The parameters of the link to patching."""
    (link,) = [one.proto.body for one in page.get("html") if "Patch between the two" in one.proto.body]
    return parse_qs(urlsplit(link.split('"')[1].replace("&amp;", "&")).query)


def marked(panel: dict) -> list[int]:
    return [cell for cell, why in panel["kinds"] if why == "differs"]


def shows(page: AppTest, pair: Pair, model: str, off: str = "") -> None:
    """The panel shows the counterfactual, both strips mark the cells that differ, and its answer is the
    model's."""
    assert not page.exception
    *grids, answer = sent_to(page, "strip-pair")["panels"]
    differs = (pair.base.grids != pair.counterfactual.grids).reshape(4, 100)
    for place, (own, other) in enumerate(zip(sent_to(page, "strip")["panels"], grids, strict=False)):
        assert other["cells"] == pair.counterfactual.grids[place].ravel().tolist()
        assert marked(own) == marked(other) == np.flatnonzero(differs[place]).tolist()
    network = load_model(model)
    run = predict(network, pair.counterfactual.tokens[None], parse_ablation(off, network.cfg))
    assert answer["cells"] == run.greedy[0].tolist()
    assert answer["title"] == ("Ablated" if off else "Model")


@pytest.mark.parametrize("off", ["", "L1.attn,L0.H2"])
def test_the_counterfactual_stands_below_the_puzzle(page: AppTest, model_folder: str, off: str) -> None:
    page.query_params["off"] = off
    page.run()
    assert all(marked(panel) == [] for panel in sent_to(page, "strip")["panels"][:4])
    page.button(key="pair-open").click().run()
    assert page.query_params["pair"] == "rule" and "draw" not in page.query_params
    first = pair_for(FRAME, "rule")
    shows(page, first, model_folder, off)
    page.button(key="workbench-another").click().run()
    second = pair_for(FRAME, "rule", 1)
    assert page.query_params["draw"] == "1" and second != first
    shows(page, second, model_folder, off)
    assert address(page)["draw"] == ["1"] and address(page).get("off", [""]) == [off]
    page.selectbox(key="workbench-pair").set_value("another input").run()
    assert page.query_params["pair"] == "input" and "draw" not in page.query_params
    shows(page, pair_for(FRAME, "input"), model_folder, off)
    page.button(key="pair-close").click().run()
    assert "pair" not in page.query_params
    assert all(marked(panel) == [] for panel in sent_to(page, "strip")["panels"][:4])


def test_the_counterfactual_is_taken_as_the_puzzle(page: AppTest) -> None:
    page.query_params.update({"pair": "rule", "draw": "2"})
    page.run()
    page.button(key="pair-go").click().run()
    assert (
        not page.exception and page.session_state["scene"].puzzle == pair_for(FRAME, "rule", 2).counterfactual
    )
    assert "pair" not in page.query_params and page.query_params["puzzle"].startswith("own.")


def test_its_link_leads_to_patching_between_its_ends(page: AppTest) -> None:
    page.query_params.update({"pair": "task", "draw": "3", "off": "L1.mlp"})
    query = address(page.run())
    there = page_of("circuits")
    there.query_params.update({name: one for name, (one,) in query.items()})
    filled(there)
    assert there.selectbox(key="patch-pair").value == "task"
    pair, scene = pair_for(FRAME, "task", 3), there.session_state["scene"]
    assert scene.puzzle == pair.base and scene.ablation.text == "L1.mlp"
    assert f"{int(pair.contrast.sum())} contrast cells" in words(there)


def test_a_kind_of_which_there_is_none_says_why(page: AppTest) -> None:
    odd = next(one for one in load_puzzles("bank", task="frame") if not one.structure.noisy)
    page.query_params.update({"puzzle": odd.id, "pair": "noise"})
    page.run()
    assert not page.exception and not page.error
    assert "no pair of the kind 'noise': only puzzles that end in Y or f(Y) carry noise" in words(page)
    assert not [one for one in page.button if one.key == "pair-go"], "there is nothing to open"
    page.selectbox(key="workbench-pair").set_value("another rule").run()
    assert "no pair of the kind" not in words(page) and sent_to(page, "strip-pair")["panels"]


# ---- why it is wrong ---------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def copier(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The folder of a model that draws the third grid once more."""
    folder = tmp_path_factory.mktemp("copier")
    save_model(copying(), folder, "# A model that copies\n", replace=True)
    return str(folder)


def frame(emptied: int) -> Puzzle:
    """A frame puzzle in whose answer so many cells of the third grid are emptied."""
    drawn = draw("evaluation", 3, KINDS[16], 300, noise=0.0, verified=True)
    puzzles = (Puzzle.of("frame", tokens) for tokens in drawn)
    return next(puzzle for puzzle in puzzles if puzzle.changed.sum() == emptied)


def ask(page: AppTest, copier: str, puzzle: Puzzle, monkeypatch: pytest.MonkeyPatch) -> None:
    """Open the workbench of the copying model, before it is asked why it is wrong."""
    monkeypatch.setattr("app.state.texts.list_models", lambda: ("default", copier))
    page.query_params.update({"model": copier, "puzzle": spelled(puzzle), "off": COPY})
    page.run()
    assert not page.exception and not page.error and not page.warning


def found(copier: str, puzzle: Puzzle) -> FailureState:
    model = load_model(copier)
    return study_failure(model, puzzle, parse_ablation(COPY, model.cfg))


def complete(page: AppTest) -> None:
    """Wait for the search, and show it."""
    scene = page.session_state["scene"]
    shared_backend().ask(scene.model, desk.question_of(scene))
    filled(page)


def buttons(page: AppTest) -> set[str]:
    return {one.key for one in page.button if one.key and one.key.startswith("why")}


def test_the_smallest_edit_is_told_and_opened(
    page: AppTest, copier: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    puzzle = frame(1)
    state = found(copier, puzzle)
    ask(page, copier, puzzle, monkeypatch)
    assert "Tried" not in words(page) and buttons(page) == {"why"}
    page.button(key="why").click().run()
    assert page.query_params["why"] == puzzle.id
    filled(page)
    assert state.summary() in words(page) and len(state.edits) == 1
    assert buttons(page) == {"why-close", "why-go"}
    pictures = [one.proto.body for one in page.get("html") if "of the edited puzzle" in one.proto.body]
    assert len(pictures) == 1 and "Y of the edited puzzle, 1 cell marked" in pictures[0]
    page.button(key="why-go").click().run()
    assert page.session_state["scene"].puzzle == state.edited(puzzle)
    answer = sent_to(page, "strip")["panels"][-1]
    assert answer["cells"] == puzzle.grids[3].ravel().tolist() and answer["wrong"] == 0
    assert buttons(page) == set(), "there is nothing to ask where the model is right"


def test_what_was_tried_in_vain_is_counted(
    page: AppTest, copier: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    puzzle = frame(4)
    state = found(copier, puzzle)
    ask(page, copier, puzzle, monkeypatch)
    page.button(key="why").click().run()
    complete(page)
    assert state.told_edit() in words(page) and "1,000 of one cell" in state.told_edit()
    assert "What it drew is exactly a copy of the third grid" in words(page)
    assert buttons(page) == {"why-close"}
    page.button(key="why-close").click().run()
    assert "why" not in page.query_params and buttons(page) == {"why"}


def test_a_search_is_stopped_and_gone_on_with(
    page: AppTest, copier: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    puzzle, attempt = frame(3), _Search._try
    state = found(copier, puzzle)
    ask(page, copier, puzzle, monkeypatch)

    def slowly(*given):
        time.sleep(0.2)
        return attempt(*given)

    with monkeypatch.context() as patch:
        patch.setattr(_Search, "_try", slowly)
        page.button(key="why").click().run()
        run_until(page, lambda page: "Tried so far, without success: " in words(page))
        assert buttons(page) == {"why-close", "why-stop"}
        page.button(key="why-stop").click().run()
    assert buttons(page) == {"why-close", "why-again"} and page.button(key="why-again").label == "Search on"
    page.button(key="why-again").click().run()
    complete(page)
    assert state.summary() in words(page) and "With three cells changed" in state.summary()


def test_another_puzzle_is_not_asked_about(page: AppTest) -> None:
    """A link that asks about one puzzle and shows another, as after a step to the next one."""
    page.query_params["why"] = bank()[0].id
    page.run()
    assert not page.exception and buttons(page) == {"why"}
