"""The cards of the experiments: what they say, and what a click on one does."""

import time

import numpy as np
import pytest

from app.live import experiments as live
from app.live import sweeps
from app.live.experiments import Tried
from app.live.watching import Watched
from app.state.scene import Scene
from app.views.workbench.experiments import card
from app.widgets.experiments.cards import read_choice
from interp import parse_ablation
from interp.ablation import Component
from interp.analyses.experiments import Experiment
from interp.backend import Backend
from tests.support.models import SMALL
from tests.support.predictions import answer_of, predicted
from tests.support.puzzles import bank

OFF = parse_ablation("L1.attn", SMALL)
FOUND = Experiment("costliest", "Costliest", OFF, "Look.")


@pytest.fixture
def scene(model_folder: str) -> Scene:
    puzzle = bank().filter(task="contact")[0]
    return Scene(model_folder, puzzle, attention=Component(0, "head", 0))


def test_a_card_says_what_came_of_it_in_the_answer_that_is_shown(scene: Scene) -> None:
    puzzle = scene.puzzle
    clean = predicted(puzzle, answer_of(puzzle))
    run = predicted(puzzle, answer_of(puzzle, r1c1=10, r3c2=10), answer_of(puzzle, r1c1=10))
    made = card(scene, Tried(FOUND, run), clean)
    assert made.text == "L1.attn" and made.outcome == "2 of 100 cells break" and made.wrong == [0, 21]
    assert made.cells is not None and made.cells[21] == 10
    forced = Scene(scene.model, puzzle, answer="teacher-forced", attention=scene.attention)
    assert card(forced, Tried(FOUND, run), clean).outcome == "1 of 100 cells break"
    waiting = card(scene, Tried(FOUND, None), clean).data()
    assert waiting["cells"] is None and waiting["outcome"] == "" and waiting["name"] == "Costliest"


def test_a_card_of_a_copy_says_so(scene: Scene) -> None:
    puzzle, third = scene.puzzle, scene.puzzle.grids[2].astype(np.int64).ravel()
    made = card(scene, Tried(FOUND, predicted(puzzle, third)), predicted(puzzle, answer_of(puzzle)))
    changed = int(puzzle.changed.sum())
    assert made.outcome == f"{changed} break; equals Y in 100 of 100"


@pytest.mark.parametrize("value", ["L9.attn", 3, None, ["L1.attn"], "<script>"])
def test_only_what_is_offered_is_done(value: object) -> None:
    assert read_choice(value, {"L1.attn"}) is None
    assert read_choice("L1.attn", {"L1.attn"}) == "L1.attn" and read_choice("", {"L1.attn"}) == ""


def test_they_come_when_the_costliest_layer_is_known(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    watched, backend = Watched(), Backend()
    for module in (live, sweeps):
        monkeypatch.setattr(module, "watched", lambda: watched)
    sweeps.measure(scene, backend)  # the visitor stays
    while not live.tried(scene, backend):
        time.sleep(0.01)
    assert live.costliest(scene, backend) is not None
    while live.under_way(scene, backend):
        time.sleep(0.01)
    found = live.tried(scene, backend)
    assert [one.experiment.key for one in found] == ["costliest", "copy", "circuit", "mlps", "control"]
    assert all(one.answer is not None for one in found)
    watched.close()
