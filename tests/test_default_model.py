"""The model that the repository ships: what its files say, and that it does what its card claims."""

from collections import defaultdict

import numpy as np

from interp import load_model, load_puzzles
from interp.bank import count_seen
from interp.card import puzzles_taken, read_record
from interp.checkpoints import MODELS
from interp.dynamics import load_dynamics, measure_dynamics, table
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
    claimed = np.mean(list(read_record(FOLDER)["solved"].values()))
    assert abs(solved.mean() - claimed) < 4 * 0.5 / np.sqrt(len(puzzles))


def test_its_files_are_small_and_carry_their_provenance() -> None:
    assert {path.name for path in FOLDER.iterdir()} == {
        "README.md", "config.json", "model.safetensors", "training.json", "training_log.csv",
        "dynamics.parquet", "dynamics.svg", "loss.svg",
    }  # fmt: skip
    assert sum(path.stat().st_size for path in FOLDER.iterdir()) < 20e6
    card = (FOLDER / "README.md").read_text()
    assert "python -m interp train" in card and all(f"| {task} |" in card for task in TASKS)


def test_its_card_says_what_its_record_says() -> None:
    record, card = read_record(FOLDER), (FOLDER / "README.md").read_text()
    rates = record["solved"].values()
    assert len(rates) == 32 and record["per_kind"] == 500
    assert f"{100 * np.mean(list(rates)):.1f} % on average" in card
    for rate in rates:
        assert f"| {100 * rate:.1f} %" in card
    assert (
        f"{record['puzzles']:,} puzzles drawn" in card and sum(record["data"]["taken"]) >= record["puzzles"]
    )


def test_its_dynamics_show_how_it_came_to_be() -> None:
    """From the untrained model to the shipped one, whose last row is measured again here."""
    dynamics, record = load_dynamics(FOLDER), read_record(FOLDER)
    moments = dynamics.puzzles.unique()
    assert len(moments) >= 30 and moments[0] == 0 and moments[-1] == record["puzzles"]
    again = table(measure_dynamics(load_model("default"), int(moments[-1])))
    last = dynamics[dynamics.puzzles == moments[-1]]
    assert list(last.part) == list(again.part) and list(last.measure) == list(again.measure)
    looking = last.measure.str.startswith("lookback").to_numpy()
    # The file holds float16 weights; the run measured float32 ones.
    np.testing.assert_allclose(again.value[looking], last.value[looking], atol=0.01)
    off = (last.measure == "loss_off").to_numpy()
    np.testing.assert_allclose(again.value[off], last.value[off], rtol=0.1)
