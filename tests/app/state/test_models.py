"""What stays when a visitor goes on to another model."""

from dataclasses import replace

import pytest
from streamlit.testing.v1 import AppTest

from interp.ablation import parse_ablation
from interp.model import Config
from tests.support.pages import page_of, plain


@pytest.fixture
def page(model_folder: str, monkeypatch: pytest.MonkeyPatch) -> AppTest:
    monkeypatch.setattr("app.views.shared.model_picker.list_models", lambda: ("default", model_folder))
    return page_of("workbench")


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
