"""Weights of moments: which are kept, that each is a model, and that a killed run keeps each once."""

from itertools import pairwise
from pathlib import Path

import pytest
import torch

from interp.checkpoints import load_model
from interp.errors import PuzzlescopeError
from interp.training.moments import MOMENTS_FOLDER, MomentKeeper, moments_of
from interp.training.recipe import Recipe
from interp.training.trainer import Trainer
from tests.support.models import SMALL, small_model

RECIPE = Recipe(model=SMALL, batch=4, puzzles=24, warmup_steps=2, moments=10)


def test_a_run_keeps_moments_that_are_models(tmp_path: Path) -> None:
    run = Trainer(RECIPE, tmp_path, device="cpu")
    run.step()
    trained = run.run(quiet=True)
    kept = moments_of(tmp_path)
    assert [moment.puzzles for moment in kept] == [4, 8, 12, 16, 20, 24]
    for name, weight in load_model(kept[-1].path).state_dict().items():
        assert torch.equal(weight, trained.state_dict()[name].half().float()), name
    assert not torch.equal(load_model(kept[0].path).W_E, load_model(kept[-1].path).W_E)


def test_what_a_killed_run_does_again_is_kept_as_it_is_then(tmp_path: Path) -> None:
    keeper = MomentKeeper(tmp_path, 10)
    for puzzles in (0, 16, 32):
        keeper.keep(small_model(seed=puzzles), puzzles)
    resumed = MomentKeeper(tmp_path, 10, 16)
    assert [moment.puzzles for moment in moments_of(tmp_path)] == [0, 16]
    assert not resumed.due(16) and resumed.due(32)
    assert MomentKeeper(tmp_path, 10, anew=True).due(0)
    with pytest.raises(PuzzlescopeError, match="--moments 20"):
        moments_of(tmp_path)


def test_moments_are_evenly_spaced_in_the_logarithm(tmp_path: Path) -> None:
    keeper, kept = MomentKeeper(tmp_path, 20), []
    for puzzles in range(0, 20_000, 16):
        if keeper.due(puzzles):
            kept.append(puzzles)
            keeper._last = puzzles
    late = [n for n in kept if n > 400]
    assert kept[:3] == [0, 16, 32] and 33 <= len(late) <= 35  # 20 log10(20,000 / 400) = 34
    assert all(1.05 < b / a < 1.2 for a, b in pairwise(late))


def test_none_are_kept_unasked_and_half_a_file_is_none(tmp_path: Path, monkeypatch) -> None:
    keeper = MomentKeeper(tmp_path, 0)
    keeper.keep(small_model(), 0)
    assert not keeper.due(0) and not (tmp_path / MOMENTS_FOLDER).exists()
    place = tmp_path / MOMENTS_FOLDER
    monkeypatch.setattr(Path, "replace", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        MomentKeeper(tmp_path, 10).keep(small_model(), 0)
    assert not list(place.iterdir())


def test_a_weight_too_large_for_half_precision_is_kept_whole(tmp_path: Path) -> None:
    model = small_model()
    model.unembed.W_U.data[0, 0] = 1e6
    MomentKeeper(tmp_path, 10).keep(model, 0)
    assert load_model(moments_of(tmp_path)[0].path).unembed.W_U[0, 0] == 1e6
