"""The birth of the heads: when it is measured, what is measured, and that a run keeps it."""

import itertools
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from interp.ablation import Component, Term
from interp.analyses.ablation_sweep import Ablation
from interp.analyses.lookback import lookback_scores
from interp.engine.predict import losses
from interp.errors import PuzzlescopeError
from interp.puzzles.kinds import KINDS, draw
from interp.tasks import TASKS
from interp.tokens import structure_of
from interp.training import dynamics
from interp.training.dynamics import (
    COLUMNS,
    DYNAMICS_FILE,
    LARGEST_SHARE,
    MEASURES,
    NOTHING,
    DynamicsRecorder,
    dynamics_puzzles,
    load_dynamics,
    measure_dynamics,
    table,
)
from tests.support.models import SMALL, small_model


@pytest.fixture(scope="module")
def measured() -> pd.DataFrame:
    return table(measure_dynamics(small_model(), 320))


def value(frame: pd.DataFrame, measure: str, part: str) -> float:
    (found,) = frame[(frame.measure == measure) & (frame.part == part)].value
    return float(found)


def test_puzzles_are_two_of_each_kind_and_none_of_the_card() -> None:
    tokens = dynamics_puzzles()
    for row, kind in zip(tokens, KINDS * 2, strict=True):
        assert structure_of(row) == kind.structure
    assert len(np.unique(tokens, axis=0)) == 64
    card = {row.tobytes() for kind in KINDS for row in draw("evaluation", 0, kind, 100)}
    assert not card & {row.tobytes() for row in tokens}


def test_every_measure_is_there_for_every_part(measured: pd.DataFrame) -> None:
    layers, heads = range(SMALL.n_layers), range(SMALL.n_heads)
    names = [f"L{layer}.H{head}" for layer, head in itertools.product(layers, heads)]
    expected = {
        "loss": list(TASKS),
        "solved": list(TASKS),
        "loss_off": [NOTHING, *(f"L{layer}.attn" for layer in layers)],
        "lookback_1": names,
        "lookback_100": names,
    }
    assert expected.keys() == MEASURES.keys()
    for measure, parts in expected.items():
        assert list(measured[measured.measure == measure].part) == parts
    assert set(measured.puzzles) == {320}


def test_values_are_those_of_the_library(measured: pd.DataFrame) -> None:
    model, tokens = small_model(), dynamics_puzzles()
    of_task = [k for k, kind in enumerate(KINDS * 2) if kind.task == "grow"]
    loss, solved = losses(model, tokens[of_task])
    assert value(measured, "loss", "grow") == pytest.approx(loss.mean(), rel=1e-5)
    assert value(measured, "solved", "grow") == solved.mean()
    off, _ = losses(model, tokens[:32], Ablation.of([Term(Component(1, "attn"))]))
    assert value(measured, "loss_off", "L1.attn") == pytest.approx(off.mean(), rel=1e-5)
    assert value(measured, "loss_off", NOTHING) != pytest.approx(off.mean(), rel=1e-3)
    scores = lookback_scores(model, tokens[:32], 100, clamp=False)
    assert value(measured, "lookback_100", "L2.H3") == pytest.approx(scores[2, 3], rel=1e-5)


def recorded(puzzles: int, processor: float = 0.0, cost: float = 0.0) -> DynamicsRecorder:
    recorder = DynamicsRecorder([(puzzles, "loss", "grow", 1.0)])
    recorder.processor, recorder._last_cost = processor, cost
    return recorder


def test_ten_moments_to_a_factor_of_ten() -> None:
    """A run of a million puzzles in batches of 16 has about forty, and each is a tenth of a decade from the
    last."""
    recorder, moments = recorded(0), [0]
    for puzzles in [*range(16, 20_000, 16), *range(20_000, 1_000_001, 160)]:
        if recorder.due(puzzles, 1e6, 1e9):
            moments.append(puzzles)
            recorder.rows.append((puzzles, "loss", "grow", 1.0))
    assert 40 <= len(moments) <= 50
    late = np.array([n for n in moments if n > 200])
    assert late[1:] / late[:-1] == pytest.approx(np.full(len(late) - 1, 10**0.1), rel=0.1)


def test_the_untrained_model_is_always_measured() -> None:
    assert DynamicsRecorder().due(0, float("inf"), 0.0)


def test_measuring_keeps_within_its_share_of_the_run() -> None:
    """Half way through the logarithm, half of the share may be spent."""
    planned, seconds = 10_000.0, 1000.0
    share = LARGEST_SHARE * seconds
    assert recorded(10, processor=0.4 * share).due(100, planned, seconds)
    assert not recorded(10, processor=0.6 * share).due(100, planned, seconds)
    assert not recorded(10, processor=0.4 * share, cost=0.2 * share).due(100, planned, seconds)
    assert recorded(10, processor=0.6 * share).due(2000, planned, seconds)


def test_moments_are_the_same_where_the_processor_is_busy(monkeypatch: pytest.MonkeyPatch) -> None:
    """What counts is the processor's time: here every measurement lasts a minute and takes a hundredth."""
    clock, busy = itertools.count(0, 60), itertools.count(0)
    monkeypatch.setattr(dynamics.time, "perf_counter", lambda: float(next(clock)))
    monkeypatch.setattr(dynamics.time, "process_time", lambda: next(busy) / 100)
    monkeypatch.setattr(dynamics, "measure_dynamics", lambda model, n: [(n, "loss", "grow", 0.0)])
    recorder = DynamicsRecorder()
    recorder.record(small_model(), 0)
    assert (recorder.seconds, recorder.processor) == (60.0, 0.01)
    assert recorder.due(2, 100.0, 10.0), "0.02 s of the 0.075 s that may be spent by now"


def test_a_moment_is_measured_once_and_training_goes_on_as_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        dynamics, "measure_dynamics", lambda model, n: [(n, "loss", str(model.training), 0.0)]
    )
    model, recorder = small_model().train(), DynamicsRecorder()
    recorder.record(model, 16)
    recorder.record(model, 16)
    recorder.record(model, 32)
    assert recorder.rows == [(16, "loss", "False", 0.0), (32, "loss", "False", 0.0)]
    assert model.training and recorder.seconds > 0


def test_the_table_goes_to_a_file_and_back(tmp_path: Path, measured: pd.DataFrame) -> None:
    recorder = DynamicsRecorder(list(measured.itertuples(index=False, name=None)))
    recorder.save(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == [DYNAMICS_FILE]
    pd.testing.assert_frame_equal(load_dynamics(tmp_path), measured)
    assert DynamicsRecorder.resumed(tmp_path, 320).rows == recorder.rows
    assert DynamicsRecorder.resumed(tmp_path, 319).rows == []


def test_an_empty_table_too(tmp_path: Path) -> None:
    DynamicsRecorder().save(tmp_path)
    assert load_dynamics(tmp_path).empty
    assert DynamicsRecorder.resumed(tmp_path / "nowhere", 0).rows == []


@pytest.mark.parametrize("damage", ["missing", "text", "other columns", "other types"])
def test_a_file_that_is_no_table_of_dynamics(tmp_path: Path, damage: str) -> None:
    path = tmp_path / DYNAMICS_FILE
    if damage == "text":
        path.write_text("no table\n")
    elif damage == "other columns":
        pd.DataFrame({"a": [1]}).to_parquet(path)
    elif damage == "other types":
        pd.DataFrame({name: ["x"] for name in COLUMNS}).to_parquet(path)
    with pytest.raises(PuzzlescopeError, match=DYNAMICS_FILE) as caught:
        load_dynamics(tmp_path)
    assert "\n" not in str(caught.value)
