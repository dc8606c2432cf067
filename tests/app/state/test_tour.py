"""The tour: what each of its steps asks for, on scenes before and after."""

from dataclasses import replace

import pytest

from app.state.scene import Scene
from app.state.tour import END, STEPS, Sights, beginning, doing, is_done, same_sight, without_tour
from interp import parse_ablation
from interp.ablation import Component
from interp.analyses.notebook.experiments import copy_circuit_text
from interp.model import Config
from tests.support.puzzles import bank

CFG = Config(n_layers=6, n_heads=8)
HEAD = Component(1, "head", 5)
SIGHTS = Sights(3, HEAD, parse_ablation(copy_circuit_text(CFG, 1), CFG), frozenset({4, 17}))


def scene(step: int, **changes) -> Scene:
    first = Scene("default", bank()[0], cell=350, attention=Component(0, "head", 0))
    return replace(first, tour=step, **changes)


DOES = {
    1: {"cell": 351},
    2: {"ablation": parse_ablation("L0.H1,L3.attn:mean", CFG)},
    3: {"cell": 317},
    4: {"attention": HEAD, "large": True},
    5: {"ablation": SIGHTS.circuit},
}
DOES_NOT = [
    (1, {"cell": 17}),
    (2, {"ablation": parse_ablation("L1.attn", CFG)}),
    (2, {"ablation": parse_ablation("L3.H*", CFG)}),
    (3, {"cell": 318}),
    (4, {"attention": HEAD}),
    (4, {"large": True}),
    (5, {"ablation": parse_ablation("L1.attn:lookback=100", CFG)}),
    (END, {"cell": 351}),
]


@pytest.mark.parametrize("step", DOES)
def test_a_step_ends_when_its_thing_is_done(step: int) -> None:
    assert not is_done(scene(step), scene(step), SIGHTS)
    assert is_done(scene(step), scene(step, **DOES[step]), SIGHTS)


@pytest.mark.parametrize(("step", "changes"), DOES_NOT)
def test_a_step_does_not_end_with_another(step: int, changes: dict) -> None:
    assert not is_done(scene(step), scene(step, **changes), SIGHTS)


def test_where_nothing_is_wrong_any_cell_will_do_and_no_layer_before_it_is_known() -> None:
    assert is_done(scene(3), scene(3, cell=318), replace(SIGHTS, wrong=frozenset()))
    assert not is_done(scene(2), scene(2), replace(SIGHTS, costliest=None))


@pytest.mark.parametrize("step", range(1, STEPS + 1))
def test_what_is_skipped_is_done_for_the_visitor_and_no_step_is_done_from_its_beginning(step: int) -> None:
    """The page of the next step's beginning shows what this step asked for, where that is needed there; and
    the next step is not over at once."""
    after = replace(scene(step), **doing(scene(step), SIGHTS))
    assert after.tour == step + 1
    if step == 2:
        assert after.ablation.text == "L3.attn"
    if step == 4:
        assert after.attention == HEAD
    if step == 5:
        assert after.ablation == SIGHTS.circuit
    assert not is_done(after, after, SIGHTS)
    begun = replace(scene(step, large=True, board="picture", panel="roles"), **beginning(step, SIGHTS))
    assert (begun.board == "tiles") == (step == 2) and (begun.panel == "grids") == (step == 4), "in sight"
    assert not is_done(begun, begun, SIGHTS)


def test_it_leads_back_to_the_scene_from_which_it_was_entered() -> None:
    before = scene(0, ablation=OFF, large=True)
    for step in range(1, STEPS + 1):
        set_by_tour = replace(before, **beginning(step, SIGHTS))
        assert without_tour(set_by_tour, before, set_by_tour) == before
        assert without_tour(replace(set_by_tour, digits=True), before, set_by_tour) == replace(
            before, digits=True
        )
    entered_by_link = replace(before, tour=1)
    assert without_tour(entered_by_link, entered_by_link, entered_by_link) == before


def test_what_the_visitor_has_made_of_it_stays() -> None:
    before = scene(0, ablation=OFF, large=True)
    began = replace(before, **beginning(2, SIGHTS))
    for changes in (
        {"ablation": SIGHTS.layer_off},
        {"cell": 317},
        {"puzzle": bank()[1]},
        {"model": "seed-2"},
    ):
        assert without_tour(replace(began, **changes), before, began) == replace(began, tour=0, **changes)
    gone_on = replace(began, puzzle=bank()[1])  # its step begins anew on another puzzle
    assert without_tour(gone_on, before, gone_on) == replace(gone_on, tour=0)
    end = scene(END, ablation=SIGHTS.circuit, cell=317, attention=HEAD, large=True)
    assert without_tour(end, before, end) == replace(end, tour=0), "the circuit that it asked for"


OFF = parse_ablation("L2.mlp", CFG)


def test_another_puzzle_begins_a_step_anew() -> None:
    assert same_sight(scene(1), scene(1, cell=351)) and not same_sight(scene(1), scene(2))
    assert not same_sight(scene(1), replace(scene(1), puzzle=bank()[1]))
