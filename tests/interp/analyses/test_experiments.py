"""Experiments of a model: chosen by its heads and its costliest layer."""

import pytest

from interp import head_roles, load_model, parse_ablation, predict
from interp.ablation import Component
from interp.analyses.experiments import Experiment, costliest_layer, experiments, notebook_experiments
from interp.analyses.head_roles import Roles
from interp.model import Config
from interp.puzzles import Puzzle
from tests.support.models import SMALL, looking_back, six_puzzles, small_model
from tests.support.predictions import answer_of, predicted
from tests.support.puzzles import bank


@pytest.fixture(scope="module")
def puzzle() -> Puzzle:
    return bank().filter(task="contact")[0]


def by_key(found: list[Experiment]) -> dict[str, Experiment]:
    return {one.key: one for one in found}


def test_the_costliest_layer_breaks_most_cells(puzzle: Puzzle) -> None:
    """Whatever the loss; of equals it decides."""
    right, one, two = (answer_of(puzzle, **wrong) for wrong in ({}, {"r1c1": 10}, {"r1c1": 10, "r1c2": 10}))
    answers = {
        0: predicted(puzzle, right, loss=9.0),
        1: predicted(puzzle, right, two, loss=1.0),
        2: predicted(puzzle, two, one, loss=2.0),
    }
    assert costliest_layer(puzzle, answers) == 1
    answers[2] = predicted(puzzle, right, two, loss=2.0)
    assert costliest_layer(puzzle, answers) == 2


def test_the_default_model(puzzle: Puzzle) -> None:
    model = load_model("default")
    roles = head_roles(model, puzzle.tokens[None])
    answers = {
        layer: predict(model, puzzle.tokens[None], parse_ablation(f"L{layer}.attn", model.cfg))
        for layer in range(model.cfg.n_layers)
    }
    assert costliest_layer(puzzle, answers) == 1
    found = by_key(experiments(model.cfg, roles, 1, model.checkpoint_id))
    assert list(found) == ["costliest", "copy", "one", "other", "circuit", "mlps", "control"]
    texts = {key: one.ablation.text for key, one in found.items()}
    del texts["control"]
    assert texts == {
        "costliest": "L1.attn",
        "copy": "L1.H1,L1.H5",
        "one": "L1.H5",
        "other": "L1.H1",
        "circuit": "L0.attn,L1.attn:lookback=100,L2-5.attn,L0-5.mlp",
        "mlps": "L0-5.mlp",
    }
    assert found["copy"].name == "Both copy heads: L1.H5, L1.H1"
    assert "Does L1.H1" in found["one"].look_for and "Does L1.H5" in found["other"].look_for


def test_the_control_is_drawn_by_the_seed_from_heads_that_do_not_copy(puzzle: Puzzle) -> None:
    """One head of four does not copy: it is always drawn; of many, another seed draws another."""
    roles = head_roles(looking_back([100, 100, 1, 100]), puzzle.tokens[None])
    cfg = looking_back([100, 100, 1, 100]).cfg
    for seed in "abc":
        found = by_key(experiments(cfg, roles, 0, seed))
        assert found["control"].ablation.text == "L0.H2" and "previous token" in found["control"].look_for
        assert found["copy"].name.startswith("All 3 copy heads") and "other" in found
    random = head_roles(small_model(), six_puzzles()[:1])
    drawn = {by_key(experiments(SMALL, random, 0, str(seed)))["control"].ablation.text for seed in range(9)}
    assert len(drawn) > 2


def test_one_copy_head_and_none(puzzle: Puzzle) -> None:
    one = looking_back([100, 1])
    found = by_key(experiments(one.cfg, head_roles(one, puzzle.tokens[None]), 0, ""))
    assert found["copy"].name == "The copy head: L0.H0" and "one" not in found
    none: Roles = head_roles(small_model(), six_puzzles()[:1])
    found = by_key(experiments(SMALL, none, 2, ""))
    assert found["copy"].name.startswith("The head nearest to copying, L")
    assert list(found["costliest"].ablation.components) == [Component(2, "attn")]


def test_the_notebooks_own_fit_every_size() -> None:
    for layers in (1, 2, 12):
        found = notebook_experiments(Config(n_layers=layers))
        assert len(found) == (1 if layers == 1 else 3) and all(one.ablation for one in found)
    circuit = notebook_experiments(Config(n_layers=12))[1]
    assert circuit.ablation.text == "L0.attn:lookback=100,L1-11.attn,L0-11.mlp"
