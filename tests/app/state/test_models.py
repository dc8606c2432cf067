"""What stays when a visitor goes on to another model."""

from dataclasses import replace
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from interp import load_model, predict
from interp.ablation import parse_ablation
from interp.ablation.constants import constants_file, write_constants
from interp.model import Config
from interp.puzzles.spelling import spelled
from interp.tokens import STRUCTURES
from tests.support.models import SMALL, saved_model
from tests.support.pages import page_of, plain, sent_to, words
from tests.support.puzzles import bank, random_puzzle
from tests.support.terms import random_constants


@pytest.fixture
def page(model_folder: str, monkeypatch: pytest.MonkeyPatch) -> AppTest:
    monkeypatch.setenv("PUZZLESCOPE_MODEL", model_folder)  # of this process's backend, for all its tests
    monkeypatch.setattr("app.views.shared.model_picker.list_models", lambda: ("default", model_folder))
    page = page_of("workbench")
    page.query_params["model"] = "default"
    return page


def go_on(page: AppTest, off: str, pin: str) -> str:
    """From the default model, with that ablated and pinned, to the small one."""
    page.run()
    large = Config()
    page.session_state["scene"] = replace(
        page.session_state["scene"],
        ablation=parse_ablation(off, large),
        pin=parse_ablation(pin, large) or None,
    )
    page.run()
    other = next(name for name in page.selectbox(key="model").options if name != "default")
    page.selectbox(key="model").set_value(other).run()
    assert not page.exception and page.session_state["scene"].model == other
    return other


def test_an_ablation_and_a_pin_that_fit_the_other_model_stay(page: AppTest) -> None:
    go_on(page, "L1.attn,L0.H2:mean", "L0.mlp")
    scene = page.session_state["scene"]
    assert scene.ablation.text == "L1.attn,L0.H2:mean"
    assert scene.pin.text == "L0.mlp"


def test_what_the_other_model_lacks_goes_and_is_told(page: AppTest) -> None:
    other = go_on(page, "L5.attn", "L0.mlp")
    scene = page.session_state["scene"]
    assert not scene.ablation and scene.pin.text == "L0.mlp"
    (told,) = (plain(one.value) for one in page.warning)
    assert told.startswith(f"{other} is shown without L5.attn: ") and "there is no layer 5" in told


# ---- what cannot be had for a model or a puzzle ------------------------------------------------------------

NO_CONSTANTS = "This model has no trained constants for the method optimal"


@pytest.fixture
def here(model_folder: str, monkeypatch: pytest.MonkeyPatch) -> AppTest:
    """The workbench of the small model, which has no trained constants."""
    monkeypatch.setenv("PUZZLESCOPE_MODEL", model_folder)
    return page_of("workbench")


def told(page: AppTest) -> list[str]:
    assert not page.exception and not page.error
    return [plain(one.value) for one in page.warning]


def test_a_link_by_a_method_that_the_model_lacks_is_shown_without_it(here: AppTest) -> None:
    here.query_params.update(
        {"off": "L0.H1,L1.attn:optimal,L2.mlp:mean", "pin": "L0.mlp:optimal", "method": "optimal"}
    )
    here.run()
    method, ablation, pin = told(here)
    scene = here.session_state["scene"]
    assert method.startswith(f"Components are ablated by zero, not by optimal. {NO_CONSTANTS}")
    assert scene.method.text == "zero" and "method" not in here.query_params
    assert ablation.startswith("The puzzle is shown without a part of L1.attn:optimal,L0.H1,L2.mlp:mean. ")
    assert scene.ablation.text == here.query_params["off"] == "L0.H1,L2.mlp:mean"
    assert pin.startswith(f"The puzzle is shown without a part of L0.mlp:optimal. {NO_CONSTANTS}")
    assert scene.pin is None and "pin" not in here.query_params
    assert told(here.run()) == [], "it is said once"


def test_a_puzzle_without_a_pair_is_shown_without_what_needs_one(here: AppTest) -> None:
    odd = random_puzzle("frame", STRUCTURES[0], 3)
    here.query_params.update({"off": "L1.attn:pair,L0.mlp", "method": "pair", "puzzle": spelled(odd)})
    here.run()
    method, ablation = told(here)
    assert method.startswith("Components are ablated by zero, not by pair. ")
    assert ablation.startswith("The puzzle is shown without a part of L1.attn:pair,L0.mlp. ")
    assert here.session_state["scene"].ablation.text == "L0.mlp"
    here = page_of("workbench")
    here.query_params.update(
        {"off": "L1.attn:pair", "method": "pair", "puzzle": bank().filter(task="frame")[0].id}
    )
    assert told(here.run()) == [] and here.session_state["scene"].ablation.text == "L1.attn:pair"


def test_the_model_beside_is_clean_where_it_lacks_the_method(
    here: AppTest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The model in front has trained constants, the one beside it has none."""
    front = saved_model(tmp_path, seed=4)
    write_constants(random_constants(SMALL, load_model(front).checkpoint_id), constants_file(front))
    monkeypatch.setattr("app.state.texts.list_models", lambda: ("default", front))
    here.query_params.update({"model": front, "beside": "default", "off": "L1.attn:optimal"})
    assert told(here.run()) == []
    assert here.session_state["scene"].ablation.text == "L1.attn:optimal"
    assert sent_to(here, "strip")["panels"][-1]["title"].startswith("Ablated")
    said = words(here)
    assert f"default is shown clean, for the ablation does not fit it: {NO_CONSTANTS}" in said
    (beside,) = sent_to(here, "strip-beside")["panels"]
    puzzle = here.session_state["scene"].puzzle
    assert beside["title"] == "default, clean"
    assert beside["cells"] == predict(load_model(), puzzle.tokens[None]).greedy[0].tolist()
    again = page_of("workbench")
    again.query_params.update({"model": front, "beside": "default", "off": "L1.attn:resample=2"})
    assert told(again.run()) == [] and "is shown clean" not in words(again)
    assert sent_to(again, "strip-beside")["panels"][0]["title"] == "default"
