"""The models that the repository ships: what their files say, and that they do what their cards claim."""

from collections import defaultdict

import numpy as np
import pytest

from interp import load_model, load_puzzles
from interp.assets import MODELS
from interp.checkpoints import list_models
from interp.engine.predict import losses
from interp.tasks import TASKS
from interp.training.data import count_seen
from interp.training.dynamics import load_dynamics, measure_dynamics, table
from interp.training.record import TRAINING_FILE, read_record, record_text

SHIPPED = ("default", "12-layers", "seed-2", "seed-3")
shipped = pytest.mark.parametrize("name", SHIPPED)

A_SAMPLE = 640
"""Puzzles of a kind that are drawn again here; all millions of them are when a model's card is written."""


def test_the_models_are_those_that_are_offered() -> None:
    assert list_models()[0] == "default" and set(list_models()) == set(SHIPPED)


@shipped
def test_no_puzzle_of_the_bank_was_seen_in_training(name: str) -> None:
    data = read_record(MODELS / name).data
    assert min(data.taken.values()) > A_SAMPLE
    assert count_seen(load_puzzles("bank"), data.seed, dict.fromkeys(data.taken, A_SAMPLE)) == 0
    assert "- 0 of the puzzles in `assets/puzzles` were seen" in (MODELS / name / "README.md").read_text()


@shipped
def test_it_solves_puzzles_of_every_task_in_both_directions(name: str) -> None:
    """A sample of the bank: two puzzles of each task and structure, solved as the card says, give or take
    chance."""
    model = load_model(name)
    puzzles = load_puzzles("bank", limit=64)
    _, solved = losses(model, puzzles.tokens)
    by_direction = defaultdict(list)
    for puzzle, right in zip(puzzles, solved, strict=True):
        by_direction[puzzle.task, puzzle.structure.reverse].append(bool(right))
    assert len(by_direction) == 2 * len(TASKS)
    assert all(any(results) for results in by_direction.values()), by_direction
    claimed = read_record(MODELS / name).mean_solved
    assert abs(solved.mean() - claimed) < 4 * np.sqrt(claimed * (1 - claimed) / len(puzzles))


@shipped
def test_its_files_are_small_and_carry_their_provenance(name: str) -> None:
    folder = MODELS / name
    assert {path.name for path in folder.iterdir()} == {
        "README.md",
        "config.json",
        "model.safetensors",
        "training.json",
        "training_log.csv",
        "dynamics.parquet",
        "dynamics.svg",
        "loss.svg",
        *(["optimal.safetensors"] if name == "default" else []),
    }
    assert sum(path.stat().st_size for path in folder.iterdir()) < 20e6
    card = (folder / "README.md").read_text()
    assert name != "default" or "python -m interp optimal" in card
    assert "python -m interp train" in card and all(f"| {task} |" in card for task in TASKS)


@shipped
def test_its_record_is_read_and_written_again_to_the_letter(name: str) -> None:
    text = (MODELS / name / TRAINING_FILE).read_text()
    assert record_text(read_record(MODELS / name)) == text


@shipped
def test_its_card_says_what_its_record_says(name: str) -> None:
    record, card = read_record(MODELS / name), (MODELS / name / "README.md").read_text()
    assert len(record.solved) == 32 and record.per_kind == 500
    assert f"{100 * record.mean_solved:.1f} % on average" in card
    for rate in record.solved.values():
        assert f"| {100 * rate:.1f} %" in card
    assert f"{record.puzzles:,} puzzles drawn" in card and sum(record.data.taken.values()) >= record.puzzles


@shipped
def test_its_dynamics_show_how_it_came_to_be(name: str) -> None:
    """From the untrained model to the shipped one."""
    moments = load_dynamics(MODELS / name).puzzles.unique()
    assert len(moments) >= 20 and moments[0] == 0 and moments[-1] == read_record(MODELS / name).puzzles


def test_the_last_of_its_dynamics_is_what_the_default_model_does() -> None:
    dynamics = load_dynamics(MODELS / "default")
    end = dynamics.puzzles.max()
    again = table(measure_dynamics(load_model("default"), int(end)))
    last = dynamics[dynamics.puzzles == end]
    assert list(last.part) == list(again.part) and list(last.measure) == list(again.measure)
    looking = last.measure.str.startswith("lookback").to_numpy()
    # The file holds float16 weights; the run measured float32 ones.
    np.testing.assert_allclose(again.value[looking], last.value[looking], atol=0.01)
    off = (last.measure == "loss_off").to_numpy()
    np.testing.assert_allclose(again.value[off], last.value[off], rtol=0.1)
