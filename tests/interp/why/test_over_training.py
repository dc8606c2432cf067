"""Heads over a training: a training made by hand, whose heads are born at its last two moments."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from interp.cli import main
from interp.errors import PuzzlescopeError
from interp.puzzles import PuzzleSet, load_puzzles
from interp.training.moments import MomentKeeper
from interp.why import HeadThen, OverTraining, held_out, over_training
from tests.support.models import SMALL, looking_back, small_model


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Of three moments: random weights; a head that has the phases but is too weak to look; one that looks.
    A second head looks nowhere."""
    folder = tmp_path_factory.mktemp("run")
    keeper = MomentKeeper(folder, 10)
    ready = looking_back([100, 100])
    weights = ready.blocks[0].attn
    weights.W_Q.data[1] = 0
    random = torch.randn(weights.W_Q.shape, generator=torch.Generator().manual_seed(0))
    turned = weights.W_Q.data.clone()
    for puzzles, queries in enumerate((random, turned / 1e6, turned)):
        weights.W_Q.data = queries
        keeper.keep(ready, 16 * puzzles)
    return folder


@pytest.fixture(scope="module")
def puzzles() -> PuzzleSet:
    bank = load_puzzles("bank")
    return held_out(bank, bank).limit(2)


@pytest.fixture(scope="module")
def found(run: Path, puzzles: PuzzleSet) -> OverTraining:
    return over_training(run, puzzles, all_heads=True)


def test_phases_are_there_before_the_attention(found: OverTraining) -> None:
    assert found.looking == ("L0.H0",)
    (birth,) = found.births
    assert (birth.back, birth.phase, birth.attention) == (100, 16, 32)
    assert (birth.half_phase, birth.half_attention) == (16, 32)
    assert "in phase from 16 puzzles on" in found.summary()


def test_what_is_measured_at_each_moment(found: OverTraining) -> None:
    before, phased, born = found.heads["L0.H0"]
    assert [row.puzzles for row in (before, phased, born)] == [0, 16, 32]
    assert before.concordance < before.chance < 0.5 and abs(before.concordance) < 0.3
    assert phased.concordance == pytest.approx(1, abs=1e-3) and phased.attention < 0.01
    assert np.isnan(phased.slope) and np.isnan(phased.direct_share)
    assert born.attention > 0.95 and born.looks == born.points == 100
    assert (born.slope, born.slope_embedded) == pytest.approx((1, 1), abs=0.02)
    assert born.direct_share == pytest.approx(1, abs=0.01)
    assert born.contrast == pytest.approx(born.direct + born.recoded, rel=1e-3)
    assert born.relative_share == pytest.approx(1, abs=1e-3)


def test_a_head_that_looks_nowhere_is_told_plainly(found: OverTraining) -> None:
    rows = found.heads["L0.H1"]
    assert rows[-1].attention < 0.01 and np.isnan([rows[-1].chance, rows[-1].contrast, rows[-1].slope]).all()


def test_what_holds_for_a_while_only_is_no_birth() -> None:
    row = HeadThen(0, "L1.H1", 100, 0.9, 100, 0.8, 0.3, 100, 1.0)
    rows = (row, replace(row, puzzles=16, attention=0.1, concordance=0.2), replace(row, puzzles=32))
    (birth,) = OverTraining(rows, ("L1.H1",)).births
    assert (birth.attention, birth.phase, birth.half_phase) == (32, 32, 32)
    (never,) = OverTraining(rows[:2], ("L1.H1",)).births
    assert never.attention is None and "looks there from no on" in never.text


def test_moments_that_are_left_out_are_not_the_last(run: Path, puzzles: PuzzleSet) -> None:
    assert [row.puzzles for row in over_training(run, puzzles, every=2).rows] == [0, 32]
    with pytest.raises(PuzzlescopeError, match="at least 1"):
        over_training(run, puzzles, every=0)


def test_moments_of_two_runs_in_one_folder_are_told(tmp_path: Path, puzzles: PuzzleSet) -> None:
    keeper = MomentKeeper(tmp_path, 10)
    keeper.keep(small_model(cfg=replace(SMALL, n_layers=1)), 0)
    keeper.keep(looking_back([100]), 16)
    with pytest.raises(PuzzlescopeError, match="of other sizes"):
        over_training(tmp_path, puzzles)


def test_the_command(run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    picture = tmp_path / "birth.svg"
    command = ["why-training", str(run), "--limit", "1", "--every", "2", "--picture", str(picture)]
    assert main([*command, "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    birth = found["births"][0]
    assert (birth["head"], birth["back"], birth["phase"], birth["attention"]) == ("L0.H0", 100, 32, 32)
    assert [row["puzzles"] for row in found["rows"]] == [0, 32]
    for name in ("birth.svg", "birth-position.svg"):
        assert "L0.H0, 100 back" in (tmp_path / name).read_text()
    assert "32,L0.H0,100," in (tmp_path / "birth.csv").read_text()
    assert main(command[:6]) == 0 and "L0.H0, 100 back" in capsys.readouterr().out
