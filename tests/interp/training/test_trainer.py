"""Training: the loss falls, a killed run goes on exactly, and what was seen can be drawn again."""

import csv
import json
import shutil
import signal
import subprocess
import sys
import xml.etree.ElementTree as ET
from collections import Counter
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

from interp.checkpoints import load_model
from interp.errors import PuzzlescopeError
from interp.model import Config, PuzzleGPT
from interp.puzzles.kinds import KINDS, draw, stream
from interp.training import finishing
from interp.training.card import times
from interp.training.data import BLOCK, DataState, TrainingData, puzzles_seen
from interp.training.dynamics import MEASURES, load_dynamics, measure_dynamics, table
from interp.training.finishing import finish
from interp.training.log import LOG_FILE
from interp.training.moments import smallest_dtype
from interp.training.pictures import DYNAMICS_PICTURE, LOSS_PICTURE, dynamics_picture, loss_picture, read_log
from interp.training.recipe import Recipe
from interp.training.record import TRAINING_FILE, Stretch, read_record, wrote_card
from interp.training.run_folder import STATE_FILE
from interp.training.trainer import Trainer
from tests.support.places import ROOT
from tests.support.programs import printed_apart

CFG = Config(n_layers=2, n_heads=4, d_model=32, d_head=8, d_mlp=64)


def recipe(**changes: object) -> Recipe:
    return Recipe(**{"model": CFG, "batch": 4, "puzzles": 24, "warmup_steps": 2} | changes)


def trainer(folder: Path, **changes: object) -> Trainer:
    return Trainer(recipe(**changes), folder, device="cpu")


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Trainer:
    """A run of six steps that nobody disturbed."""
    run = trainer(tmp_path_factory.mktemp("finished"))
    run.run(quiet=True)
    return run


def assert_same(a: Trainer, b: Trainer) -> None:
    assert a.steps == b.steps
    for name, weight in a.model.state_dict().items():
        assert torch.equal(weight, b.model.state_dict()[name]), name
    assert a.data.state() == b.data.state()


def test_loss_falls(tmp_path: Path):
    run = trainer(tmp_path, puzzles=240, lr=1e-2, warmup_steps=5)
    losses = [run.step()["loss"] for _ in range(60)]
    assert run.progress == 1
    assert np.mean(losses[:5]) > np.log(15) - 0.3
    assert np.mean(losses[-10:]) < np.mean(losses[:10]) - 0.5


def test_the_end_of_a_run(finished: Trainer):
    assert (finished.steps, finished.puzzles, finished.progress) == (6, 24, 1.0)
    assert not finished.model.training
    assert (finished.folder / STATE_FILE).exists()
    assert finished._lr_factor() == 0
    before = finished.model.state_dict()["unembed.b_U"].clone()
    again = Trainer(finished.recipe, finished.folder, device="cpu")
    assert torch.equal(again.run(quiet=True).unembed.b_U, before)
    assert again.steps == 6


@pytest.mark.parametrize("saved_at", [2, 4])
def test_killed_and_resumed_run_equals_the_undisturbed_one(finished: Trainer, tmp_path: Path, saved_at: int):
    """Killed one step after it was last saved: that step is done again."""
    run = trainer(tmp_path)
    for _ in range(saved_at):
        run.step()
    run.save()
    run.step()
    resumed = trainer(tmp_path)
    assert resumed.steps == saved_at
    resumed.run(quiet=True)
    assert_same(resumed, finished)


def test_interrupted_run_is_saved(finished: Trainer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    run = trainer(tmp_path)
    step = run.step

    def interrupted() -> dict[str, float]:
        if run.steps == 3:
            signal.raise_signal(signal.SIGINT)
        return step()

    monkeypatch.setattr(run, "step", interrupted)
    with pytest.raises(KeyboardInterrupt):
        run.run(quiet=True)
    resumed = trainer(tmp_path)
    assert resumed.steps in (3, 4)
    resumed.run(quiet=True)
    assert_same(resumed, finished)


TERMINATED = """
import os, signal, sys
from pathlib import Path
from interp.model import Config
from interp.training.recipe import Recipe
from interp.training.trainer import Trainer

import torch
torch.set_num_threads(1)   # as in the tests: sums in another order would differ in the last bit
cfg = Config(n_layers=2, n_heads=4, d_model=32, d_head=8, d_mlp=64)
run = Trainer(Recipe(model=cfg, batch=4, puzzles=24, warmup_steps=2), Path(sys.argv[1]), device="cpu")
step = run.optimizer.step

def terminated(*args):
    if run.steps == 2:
        os.kill(os.getpid(), signal.SIGTERM)   # in the middle of the third step
    step(*args)

run.optimizer.step = terminated
run.run(quiet=True)
"""


@pytest.fixture(scope="module")
def terminated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a run that got SIGTERM in the middle of its third step."""
    folder = tmp_path_factory.mktemp("terminated")
    process = subprocess.run(
        [sys.executable, "-c", TERMINATED, str(folder)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert process.returncode != -signal.SIGTERM, process.stderr
    return folder


def test_sigterm_saves(terminated: Path):
    assert trainer(terminated).steps in (2, 3)


def test_run_terminated_in_the_middle_of_a_step_goes_on_exactly(terminated: Path, finished: Trainer):
    resumed = trainer(terminated)
    assert resumed.data.taken.sum() == resumed.puzzles
    resumed.run(quiet=True)
    assert_same(resumed, finished)


def test_saved_in_time(finished: Trainer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Every ``save_every`` seconds of computing, and at the end."""
    run = trainer(tmp_path)
    saves = []
    monkeypatch.setattr(run, "save", lambda: saves.append(run.steps))
    run.run(quiet=True, save_every=1e-6)
    assert saves == [1, 2, 3, 4, 5, 6, 6]


def test_crash_while_saving_leaves_the_last_state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    run = trainer(tmp_path)
    run.step()
    run.save()
    run.step()

    def full(state: object, path: Path) -> None:
        path.write_bytes(b"half of i")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(torch, "save", full)
    with pytest.raises(OSError, match="No space"):
        run.save()
    assert trainer(tmp_path).steps == 1


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({"seed": 2}, "seed"),
        ({"batch": 8}, "batch"),
        ({"model": Config(n_layers=2, n_heads=4, d_model=32, d_head=8, d_mlp=65)}, "model"),
    ],
)
def test_a_run_is_not_continued_with_other_settings(finished: Trainer, changes: dict[str, object], word: str):
    with pytest.raises(PuzzlescopeError, match=f"with {word} ") as caught:
        trainer(finished.folder, **changes)
    assert "another folder" in str(caught.value)


@pytest.mark.parametrize(
    "damage",
    [
        *("empty", "text", "cut", "unsafe", "foreign", "partial"),
    ],
)
def test_damaged_state(finished: Trainer, tmp_path: Path, damage: str):
    path = tmp_path / STATE_FILE
    content = (finished.folder / STATE_FILE).read_bytes()
    if damage in ("empty", "text", "cut"):
        path.write_bytes({"empty": b"", "text": b"hello", "cut": content[: len(content) // 2]}[damage])
    else:
        state = torch.load(finished.folder / STATE_FILE, weights_only=True)
        others = {
            "unsafe": Path("x"),
            "foreign": [1, 2],
            "partial": {k: state[k] for k in ("recipe", "model")},
        }
        torch.save(others[damage], path)
    with pytest.raises(PuzzlescopeError, match="not a training state") as caught:
        trainer(tmp_path)
    assert "\n" not in str(caught.value)


def test_a_run_that_diverges_leaves_no_broken_state(tmp_path: Path):
    run = trainer(tmp_path, lr=1e30, warmup_steps=0)
    with pytest.raises(PuzzlescopeError, match="smaller learning rate"):
        run.run(quiet=True)
    if (tmp_path / STATE_FILE).exists():
        state = torch.load(tmp_path / STATE_FILE, weights_only=True)
        assert all(weight.isfinite().all() for weight in state["model"].values())


@pytest.mark.parametrize(
    "changes",
    [
        {"puzzles": 0},
        {"puzzles": 0, "minutes": np.inf},
        {"minutes": 1.0},
        {"batch": 0},
        {"lr": 0.0},
        {"cooldown": 1.5},
        {"evaluate_every": 0.0},
    ],
)
def test_impossible_recipe(changes: dict[str, object]):
    with pytest.raises(PuzzlescopeError):
        recipe(**changes)


def test_learning_rate_goes_up_stays_and_comes_down(tmp_path: Path):
    run = trainer(tmp_path, puzzles=400, warmup_steps=10, cooldown=0.5)
    factors = []
    for step in range(101):
        run.steps = step
        factors.append(run._lr_factor())
    assert factors[:10] == pytest.approx([n / 10 for n in range(1, 11)])
    assert factors[10:50] == [1.0] * 40
    assert factors[50:] == pytest.approx([n / 50 for n in range(50, -1, -1)])


def test_evaluation_is_logged(tmp_path: Path):
    run = trainer(tmp_path)
    rates = run.log_evaluation(per_kind=1)
    assert list(rates) == [kind.name for kind in KINDS]
    assert run.model.training
    with (tmp_path / LOG_FILE).open(newline="") as file:
        (row,) = csv.DictReader(file)
    assert (row["event"], float(row["solved"])) == ("evaluation", sum(rates.values()) / 32)


def test_finished_run_is_a_model_with_its_record(finished: Trainer):
    folder = finish(finished, per_kind=1)
    model = load_model(folder)
    assert model.cfg == CFG
    for name, weight in finished.model.state_dict().items():
        assert torch.equal(model.state_dict()[name], weight.half().float()), name
    assert read_record(folder).data == finished.data.state()
    seen = np.concatenate(list(puzzles_seen(1, read_record(folder).data.taken)))
    again = TrainingData(1)
    assert len(seen) == 24 and rows(seen) >= rows(again.batch(4)[0])


def test_weights_are_written_before_anything_that_may_fail(
    finished: Trainer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    run = trainer(tmp_path)
    run.model.load_state_dict(finished.model.state_dict())

    def fails(*_: object) -> None:
        assert (tmp_path / "model.safetensors").exists()
        return 1 / 0

    monkeypatch.setattr(finishing, "measure_phenomena", fails)
    with pytest.raises(
        PuzzlescopeError, match=r"The model is in .*, but not its card: ZeroDivisionError"
    ) as caught:
        finish(run, per_kind=1)
    assert "The same command again writes the card alone" in str(caught.value)
    assert load_model(tmp_path).cfg == CFG and not (tmp_path / "README.md").exists()


def test_a_card_that_somebody_put_there_meanwhile_survives(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(finishing, "PHENOMENA_PUZZLES", 1)
    monkeypatch.setattr("interp.training.trainer.matrix_rate", lambda *_: 1e9)
    monkeypatch.setattr(finishing, "evaluate", lambda *_: ((kind, 0.0) for kind in KINDS))
    run = trainer(tmp_path)
    run.step()
    run.recorder.record(run.model, run.puzzles)
    run.save()
    run._log({"event": "step", "loss": 0.0, "answer_loss": 0.0})
    (tmp_path / "README.md").write_text("three months of notes")
    run.replace = False
    with pytest.raises(PuzzlescopeError, match=r"The model is in .*README\.md"):
        finish(run, per_kind=1)
    assert (tmp_path / "README.md").read_text() == "three months of notes" and load_model(tmp_path).cfg == CFG
    with pytest.raises(PuzzlescopeError, match=r"already holds .*README\.md"):
        trainer(tmp_path)
    run.replace = True
    finish(run, per_kind=1)
    assert "A Puzzlescope model" in (tmp_path / "README.md").read_text() and wrote_card(tmp_path)
    assert trainer(tmp_path).steps == 1


def test_weights_too_large_for_half_precision_are_written_whole(tmp_path: Path):
    run = trainer(tmp_path)
    assert smallest_dtype(run.model) == torch.float16
    run.model.unembed.W_U.data[0, 0] = 1e6
    assert smallest_dtype(run.model) == torch.float32


def test_a_run_killed_before_it_was_saved_can_be_started_again(tmp_path: Path):
    run = trainer(tmp_path)
    run.step()
    run._log({"event": "step", "loss": 1.0, "answer_loss": 1.0})
    run.recorder.record(run.model, run.puzzles)
    run.recorder.save(tmp_path)
    again = trainer(tmp_path)
    again._log({"event": "step", "loss": 2.0, "answer_loss": 2.0})
    assert list(read_log(tmp_path / LOG_FILE).loss) == [2.0]


def test_pictures_of_losses_that_are_zero_or_not_finite():
    """A log axis has no place for them; a picture there is nevertheless, without a warning."""
    log = pd.DataFrame(
        {"event": ["step"] * 3, "puzzles": [1, 2, 3], "answer_loss": [0.0, 0.0, 0.0], "solved": np.nan}
    )
    for losses in ([0.0] * 3, [0.5, 0.0, np.inf], [np.nan] * 3):
        assert ET.fromstring(loss_picture(log.assign(answer_loss=losses))).tag.endswith("svg")
    dynamics = table(measure_dynamics(PuzzleGPT(CFG), 8))
    for loss in (0.0, np.nan, np.inf):
        changed = dynamics.assign(value=dynamics.value.where(~dynamics.measure.str.startswith("loss"), loss))
        assert ET.fromstring(dynamics_picture(changed)).tag.endswith("svg")


def test_a_finished_run_keeps_its_dynamics_and_pictures(finished: Trainer):
    folder = finish(finished, per_kind=1)
    dynamics = load_dynamics(folder)
    assert {0, 24} <= set(dynamics.puzzles) and set(dynamics.measure) == set(MEASURES)
    for name in (LOSS_PICTURE, DYNAMICS_PICTURE):
        assert ET.parse(folder / name).getroot().tag.endswith("svg")
        assert f"]({name})" in (folder / "README.md").read_text()


def test_what_a_killed_run_does_again_stands_once_in_its_log(tmp_path: Path):
    run = trainer(tmp_path)
    for _ in range(2):
        run.step()
    run.log_evaluation(per_kind=1)
    run.recorder.record(run.model, run.puzzles)
    run.save()
    run.step()
    run.log_evaluation(per_kind=1)
    run.recorder.record(run.model, run.puzzles)
    run.recorder.save(tmp_path)  # killed before the state was written
    resumed = trainer(tmp_path)
    assert {row[0] for row in resumed.recorder.rows} == {8}
    assert list(read_log(tmp_path / LOG_FILE).step) == [2]
    assert 0 < resumed.recorder.seconds < run.recorder.seconds


def test_history_says_when_the_plan_changed(tmp_path: Path):
    trainer(tmp_path).save()
    run = trainer(tmp_path)
    run.step()
    run.save()
    run = trainer(tmp_path, puzzles=48)
    assert [(stretch.puzzles, stretch.recipe.puzzles) for stretch in run.history] == [(0, 24), (4, 48)]


FUSED = """
import json
from functools import partial
from pathlib import Path
import torch
from interp.model import Config
from interp.training.recipe import Recipe
from interp.training.trainer import Trainer

torch.compile = partial(torch.compile, backend="eager", fullgraph=True)
cfg = Config(n_layers=2, n_heads=4, d_model=32, d_head=8, d_mlp=64)
recipe = Recipe(model=cfg, batch=4, puzzles=24, warmup_steps=2)
run = Trainer(recipe, Path({folder!r}), device="cpu", fused=True)
losses = [run.step()["loss"] for _ in range(6)]
print(json.dumps([torch._dynamo.utils.counters["stats"]["unique_graphs"], losses]))
"""


def test_a_fused_run_computes_the_same(tmp_path: Path):
    """As far as PyTorch's compiler needs no C compiler: the model, traced in one piece, is what is trained.
    In a process of its own, for with shapes checked, as here, nothing can be traced."""
    graphs, losses = json.loads(printed_apart(FUSED.format(folder=str(tmp_path))))
    plain = trainer(tmp_path / "plain")
    assert graphs == 1
    # Muon makes every direction of a gradient alike, those of mere rounding too: the losses agree, single
    # weights may not.
    assert losses == pytest.approx([plain.step()["loss"] for _ in range(6)], rel=1e-4)


def test_the_card_says_what_hardware_took_how_long():
    cpu, gpu = "two threads", "a GPU"
    starts = [(0.0, cpu), (None, cpu), (217.0, gpu), (226.0, cpu)]  # the second was not noted
    history = [Stretch(0, minutes, where, recipe()) for minutes, where in starts]
    assert times(history[:1], 20.4) == "20 minutes on two threads"
    assert times(history, 230.0) == (
        "217 minutes on two threads, then 9 minutes on a GPU, then 4 minutes on two threads"
    )


def test_what_measuring_cost_before_is_counted_too(model_folder: Path, tmp_path: Path):
    spent = read_record(model_folder).recording_minutes
    run = trainer(tmp_path, continues=str(model_folder), puzzles=8)
    assert run.recording_seconds == 60 * spent
    run.recorder.seconds = 2.0
    assert run.recording_seconds == 60 * spent + 2


@pytest.fixture(scope="module")
def model_folder(finished: Trainer) -> Path:
    return finish(finished, per_kind=1)


def test_going_on_from_a_model_takes_up_its_weights_data_log_and_clock(model_folder: Path, tmp_path: Path):
    run = trainer(tmp_path, continues=str(model_folder), puzzles=8, warmup_steps=4)
    for name, weight in load_model(model_folder).state_dict().items():
        assert torch.equal(run.model.state_dict()[name], weight), name
    assert (run.steps, run.puzzles, run.progress) == (6, 24, 0.0)
    assert run._lr_factor() == pytest.approx(1 / 4)
    assert run.data.state() == read_record(model_folder).data
    before = (model_folder / LOG_FILE).read_text()
    run.run(quiet=True)
    assert (run.steps, run.puzzles, run.progress) == (8, 32, 1.0)
    assert (tmp_path / LOG_FILE).read_text().startswith(before)
    assert {0, 24, 32} <= set(load_dynamics(tmp_path).puzzles)
    again = trainer(tmp_path, continues=str(model_folder), puzzles=8, warmup_steps=4)
    assert (again.steps, again.puzzles, again.progress) == (8, 32, 1.0)


def test_going_on_sees_other_puzzles(model_folder: Path, tmp_path: Path):
    seen = rows(np.concatenate(list(puzzles_seen(1, read_record(model_folder).data.taken))))
    run = trainer(tmp_path, continues=str(model_folder))
    assert not seen & rows(np.concatenate([run.data.batch(4)[0] for _ in range(6)]))


@pytest.mark.parametrize("damage", ["missing", "text", "older"])
def test_a_model_whose_record_is_no_use(model_folder: Path, tmp_path: Path, damage: str):
    source = tmp_path / "source"
    shutil.copytree(model_folder, source)
    record = source / TRAINING_FILE
    if damage == "missing":
        record.unlink()
    elif damage == "text":
        record.write_text("hello")
    else:
        record.write_text(json.dumps({"data": {"seed": 1, "taken": [0] * 32, "loss": [1.0] * 32}}))
    with pytest.raises(PuzzlescopeError, match=TRAINING_FILE) as caught:
        trainer(tmp_path / "run", continues=str(source))
    assert "\n" not in str(caught.value)


def test_share_of_the_machines_rate(finished: Trainer):
    found = finished.arithmetic()
    # Two layers of 32 x 32 products and the pattern: a forward pass and twice as much backward.
    weights = 2 * (4 * 32 * 32 + 2 * 32 * 64) + 32 * 15
    assert found.flops_per_puzzle > 6 * 405 * weights
    assert 0 < found.share < 1
    assert all(parameter.grad is None for parameter in finished.model.parameters())


# ---- the data ----------------------------------------------------------------------------------------------


def rows(tokens: np.ndarray) -> Counter[bytes]:
    return Counter(row.tobytes() for row in tokens)


def test_puzzles_seen_are_those_that_were_given_out():
    data = TrainingData(seed=5)
    # A few kinds only, so that some go on into their second block.
    data.loss = np.where(np.arange(32) < 2, 1e6, 1e-6)
    given = np.concatenate([data.batch(50)[0] for _ in range(12)])
    assert data.taken.sum() == 600 and data.taken.max() > BLOCK and data.taken.min() < BLOCK
    seen = np.concatenate(list(puzzles_seen(5, data.state().taken)))
    assert rows(seen) == rows(given)
    assert rows(np.concatenate(list(puzzles_seen(6, data.state().taken)))) != rows(given)


def test_supply_goes_on_from_its_state():
    data = TrainingData(seed=3)
    for _ in range(2):
        _, kinds = data.batch(8)
        data.learn(kinds, np.linspace(0.1, 2.0, 8))
    resumed = TrainingData.from_state(data.state())
    for _ in range(2):
        (tokens, kinds), (same, same_kinds) = data.batch(8), resumed.batch(8)
        assert (tokens == same).all() and (kinds == same_kinds).all()


def test_what_is_drawn_ahead_is_the_next_batch_whatever_is_learned_meanwhile():
    data = TrainingData(seed=3)
    expected = TrainingData(seed=3).batch(40)
    data.draw_ahead(40)
    assert not data.taken.any()  # drawn, but not given out
    data.learn(np.zeros(500, dtype=np.int64), np.zeros(500))
    resumed = TrainingData.from_state(DataState.read(json.loads(json.dumps(asdict(data.state())))))
    for supply in (data, resumed):
        tokens, kinds = supply.batch(40)
        assert (tokens == expected[0]).all() and (kinds == expected[1]).all()
        assert supply.taken.sum() == 40


def test_a_batch_of_another_size_than_was_drawn_ahead():
    data = TrainingData(seed=3)
    data.draw_ahead(40)
    tokens, kinds = data.batch(8)
    assert len(tokens) == len(kinds) == data.taken.sum() == 8
    assert rows(tokens) == rows(np.concatenate(list(puzzles_seen(3, data.state().taken))))


def test_kinds_that_are_not_solved_yet_are_drawn_more_often():
    data = TrainingData(seed=0)
    assert data.shares() == pytest.approx(np.full(32, 1 / 32))
    data.learn(np.zeros(500, dtype=np.int64), np.zeros(500))
    shares = data.shares()
    assert shares.sum() == pytest.approx(1)
    assert 0.3 / 32 < shares[0] < 0.5 / 32 < shares[1:].min()


def test_kind_of_every_puzzle_is_as_said():
    tokens, kinds = TrainingData(seed=1).batch(16)
    for row, kind in zip(tokens, kinds, strict=True):
        assert tuple(row[::101]) == KINDS[kind].structure.markers


def test_successive_batches_have_other_kinds():
    data = TrainingData(seed=1)
    assert not np.array_equal(data.batch(16)[1], data.batch(16)[1])


def test_no_two_streams_are_the_same():
    """Training, evaluation and the bank; seeds, kinds and blocks: none shares its random numbers with
    another."""
    streams = [
        stream(purpose, seed, kind, block)
        for purpose in ("training", "evaluation", "bank")
        for seed in (0, 1, 2)
        for kind in KINDS
        for block in (0, 1, 2)
    ]
    first = {tuple(rng.integers(0, 2**63, 2).tolist()) for rng in streams}
    assert len(first) == len(streams) == 3 * 3 * 32 * 3


@pytest.mark.parametrize("kind", KINDS[::9], ids=lambda kind: kind.name)
def test_evaluation_puzzles_are_not_training_puzzles(kind):
    """Of one seed, too: the case in which a mistake would show."""
    training = rows(np.concatenate([draw("training", 0, kind, BLOCK, block=block) for block in range(3)]))
    assert not training & rows(draw("evaluation", 0, kind, 32))
