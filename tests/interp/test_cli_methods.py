"""The command line on ways to ablate: sweeps by any method, trained constants, rankings."""

import json
from pathlib import Path

import numpy as np
import pytest

from interp.ablation import components_of, means_by, parse_method
from interp.ablation.constants import constants_of
from interp.analyses.ablation_sweep import sweep
from interp.checkpoints import load_model
from interp.cli import main, methods
from interp.puzzles import PuzzleSet, load_puzzles, save_puzzles
from interp.tokens import STRUCTURES
from tests.support.models import SMALL, saved_model


@pytest.fixture(scope="module")
def few(tmp_path_factory: pytest.TempPathFactory) -> tuple[PuzzleSet, str]:
    """A puzzle in each order, and the file that they are in."""
    bank = load_puzzles("bank")
    puzzles = PuzzleSet("few", tuple(bank.filter(structure=structure)[0] for structure in STRUCTURES))
    path = tmp_path_factory.mktemp("few") / "few.npz"
    save_puzzles(puzzles, path)
    return puzzles, str(path)


def test_a_sweep_by_draws(model_folder: str, few: tuple[PuzzleSet, str], capsys) -> None:
    puzzles, file = few
    command = ["sweep", "--puzzles", file, "--limit", "1", "--model", model_folder, "--method", "resample=4"]
    assert main([*command, "--draws", "2", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    model, draws = load_model(model_folder), [parse_method(f"resample={number}") for number in (4, 5)]
    parts = found["rows"]
    known = means_by(model, load_puzzles("bank"), list(puzzles)[:1], *draws)
    deltas = []
    for draw in draws:
        clean, *rows = sweep(
            model, puzzles.tokens[:1], components_of(SMALL, ["attn"]), means=known, method=draw
        )
        deltas.append([row.loss.mean() - clean.loss.mean() for row in rows])
    assert [row["delta"] for row in parts] == pytest.approx(deltas[0], abs=1e-5)
    assert [row["delta_mean"] for row in parts] == pytest.approx(np.mean(deltas, 0), abs=1e-5)
    assert [row["delta_error"] for row in parts] == pytest.approx(
        np.std(deltas, 0, ddof=1) / 2**0.5, abs=1e-5
    )
    assert main([*command, "--draws", "2"]) == 0
    assert "mean delta of 2" in capsys.readouterr().out.splitlines()[0]
    for words, told in (
        (["--draws", "0"], "at least 1"),
        (["--draws", "3", "--method", "pair"], "pair draws nothing"),
        (["--method", "median"], "expected the method zero"),
        (["--method", "optimal"], "python -m interp optimal"),
    ):
        assert main([*command, *words]) == 2
        said = capsys.readouterr().err
        assert told in said and len(said.splitlines()) == 1


def test_constants_are_trained_once_and_then_found(
    few: tuple[PuzzleSet, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys
) -> None:
    puzzles, file = few
    name = saved_model(tmp_path / "model", seed=5)
    monkeypatch.setattr(methods, "load_puzzles", lambda _: puzzles)
    command = ["optimal", "--model", name, "--steps", "1", "--batch", "1", "--validate", "2"]
    assert main(command) == 0
    assert "Constants for 18 components" in capsys.readouterr().out
    found = constants_of(load_model(name))
    assert found.about["training_puzzles"] == 1 and len(found.about["chosen"]) == 18
    assert main(command) == 2 and "--force" in capsys.readouterr().err
    monkeypatch.setattr(methods, "train_constants", lambda *_, **__: iter([found]))
    assert main([*command, "--force"]) == 0
    assert main(["sweep", "--puzzles", file, "--limit", "1", "--model", name, "--method", "optimal"]) == 0
    other = saved_model(tmp_path / "other", seed=6)
    (tmp_path / "other" / "optimal.safetensors").write_bytes(
        (tmp_path / "model" / "optimal.safetensors").read_bytes()
    )
    capsys.readouterr()
    assert main(["sweep", "--puzzles", file, "--limit", "1", "--model", other, "--method", "optimal"]) == 2
    assert "train them anew" in capsys.readouterr().err


def test_rankings_by_method(model_folder: str, few: tuple[PuzzleSet, str], tmp_path: Path, capsys) -> None:
    out = tmp_path / "ranks.json"
    command = ["rank", "--puzzles", few[1], "--limit", "1", "--model", model_folder]
    chosen = ["--methods", "zero,pair,resample", "--components", "attn,mlp"]
    assert main([*command, *chosen, "--json", "--out", str(out)]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found == json.loads(out.read_text()) and found["n"] == 1
    assert list(found["spearman"]) == ["zero", "pair", "resample=0"]
    assert found["spearman"]["zero"]["zero"] == pytest.approx(1) and len(found["rows"]) == 6
    assert main([*command, *chosen]) == 0
    said = capsys.readouterr().out
    assert said.startswith("rank correlation") and "agree least" in said
    for words in (["--methods", "zero"], ["--methods", "zero,zero"], ["--metric", "accuracy"]):
        assert main([*command, *words]) == 2
        assert len(capsys.readouterr().err.splitlines()) == 1
