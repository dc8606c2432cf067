"""Pairs of heads, and both effects of a component, on the workbench: in words, and by a click."""

import pytest
from streamlit.testing.v1 import AppTest

from app.live import sweeps, synergies
from app.state.backend import shared_backend
from app.views.workbench import figures
from tests.support.pages import page_of, run_until, words
from tests.support.plates import words as words_of


@pytest.fixture
def page(model_folder: str, monkeypatch: pytest.MonkeyPatch) -> AppTest:
    monkeypatch.setenv("PUZZLESCOPE_MODEL", model_folder)
    found = page_of("workbench")
    found.query_params["measure"] = "final"
    return found


def strongest(page: AppTest) -> list:
    return [button for button in page.button if button.key and "effects-pairs" in button.key]


def test_the_pairs_that_replace_one_another_are_ablated_by_a_click(page: AppTest) -> None:
    page.query_params["chart"] = "pairs"
    page.run()
    assert not page.exception and "66 pairs of 12 heads, over this puzzle" in words(page)
    page.button(key="pairs-begin").click().run()
    scene, backend = page.session_state["scene"], shared_backend()
    state = backend.ask(scene.model, synergies.question(scene, backend))
    page.run()
    said = words(page)
    assert (
        "Teal: both together cost more than the sum of each alone" in said and state.summary("final") in said
    )
    plate = figures._pairs(scene, backend)
    assert plate.title == "Synergy of two heads: nats of loss on the final grid" and len(plate.rows) == 66
    assert "≥ 3" in words_of(plate.svg(183.0)) and state.summary("final") in plate.about
    assert "synergy_final" in plate.csv() and plate.marks == []
    first = strongest(page)[0]
    one, other = first.label.partition(":")[0].split(" + ")
    assert f"{one} and {other} replace one another most: together " in said and len(strongest(page)) == 5
    first.click().run()
    assert not page.exception
    off = page.session_state["scene"].ablation
    assert {part.text for part in off.components} == {one, other}
    assert page.query_params["chart"] == "pairs" and page.query_params["off"] == off.text
    again = next(button for button in strongest(page) if button.label == first.label)
    again.click().run()
    assert not page.session_state["scene"].ablation, "both are restored"


def test_both_effects_are_told_by_name(page: AppTest) -> None:
    page.query_params["chart"] = "heads"
    page.query_params["off"] = "L1.H2"
    page.query_params["base"] = "off"
    page.run()
    assert not page.exception
    scene, backend = page.session_state["scene"], shared_backend()
    for one in (scene, sweeps.other_base(scene)):
        backend.ask(scene.model, figures.sweep_question(one, backend))
    # Told when the board is complete, its first look too, with which the exact values do not wait.
    run_until(page, lambda page: "with only what is off already" in words(page))
    (choice,) = [control for control in page.segmented_control if control.key == "effects-base"]
    assert choice.options == ["from the whole model", "given what is off"] and choice.value == "off"
    assert "Bars at the foot: from the whole model." in words(page)
    given = [row["given"] for row in figures.effect_rows(scene, backend)]
    assert given == ["L1.H2"] * 19 + [""] * 19, "both are exported"
