"""The model that the repository ships: what its files say, and that it does what its card claims."""

import json
from collections import defaultdict

import numpy as np

from interp import load_model, load_puzzles
from interp.bank import count_seen
from interp.card import puzzles_taken
from interp.checkpoints import MODELS
from interp.predict import losses
from interp.tasks import TASKS

FOLDER = MODELS / "default"


def test_no_puzzle_of_the_bank_was_seen_in_training() -> None:
    seed, taken = puzzles_taken(FOLDER)
    assert sum(taken) > 10_000
    assert count_seen(load_puzzles("bank"), seed, taken) == 0


def test_it_solves_puzzles_of_every_task_in_both_directions() -> None:
    """A sample of the bank: four puzzles of each task and structure, solved as the card says, give or take chance."""
    model = load_model("default")
    puzzles = load_puzzles("bank", limit=128)
    _, solved = losses(model, puzzles.tokens)
    by_direction = defaultdict(list)
    for puzzle, right in zip(puzzles, solved, strict=True):
        by_direction[puzzle.task, puzzle.structure.reverse].append(bool(right))
    assert len(by_direction) == 2 * len(TASKS)
    assert all(any(results) for results in by_direction.values()), by_direction
    claimed = np.mean(list(json.loads((FOLDER / "training.json").read_text())["solved"].values()))
    assert abs(solved.mean() - claimed) < 4 * 0.5 / np.sqrt(len(puzzles))


def test_its_files_are_small_and_carry_their_provenance() -> None:
    assert {path.name for path in FOLDER.iterdir()} == {
        "README.md", "config.json", "model.safetensors", "training.json", "training_log.csv",
    }  # fmt: skip
    assert sum(path.stat().st_size for path in FOLDER.iterdir()) < 20e6
    card = (FOLDER / "README.md").read_text()
    assert "python -m interp train" in card and all(f"| {task} |" in card for task in TASKS)
