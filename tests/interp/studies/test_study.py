"""A study's numbers are those of a sweep, and it can be killed between any two writes."""

from pathlib import Path

import numpy as np
import pytest

from interp.ablation import components_of
from interp.analyses.ablation_sweep import sweep
from interp.errors import PuzzlescopeError
from interp.model import PuzzleGPT
from interp.puzzles import load_puzzles
from interp.studies.engines.local import LocalEngine
from interp.studies.folder import StudyFolder
from interp.studies.running import begin, go_on
from interp.studies.schema import CLEAN, EFFECTS, PUZZLES
from tests.support.models import small_model


@pytest.fixture(scope="module")
def tiny_model() -> PuzzleGPT:
    return small_model()


def begun(folder: StudyFolder, model: PuzzleGPT, **choices: object) -> list[str]:
    parts = [part.text for part in components_of(model.cfg, ["attn", "head"])]
    begin(folder, model, parts, **{"puzzles": "bank", "limit": 20, "chunk": 8} | choices)
    return parts


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*.*")}


def test_it_equals_a_sweep_to_the_last_digit(tiny_model: PuzzleGPT, tmp_path: Path) -> None:
    folder = StudyFolder(str(tmp_path))
    begun(folder, tiny_model)
    assert [done.puzzles for done in go_on(folder, tiny_model, LocalEngine())] == [8, 8, 4]
    found = [folder.read(EFFECTS, chunk).to_pandas() for chunk in range(3)]
    puzzles = load_puzzles("bank", limit=20)
    clean, *rows = sweep(tiny_model, puzzles.tokens, components_of(tiny_model.cfg, ["attn", "head"]))
    for row in (clean, *rows):
        name = row.component.text if row.component else CLEAN
        own = [part[part["component"] == name] for part in found]
        for cut in ("final", "cells", "copied", "changed"):
            np.testing.assert_array_equal(
                np.concatenate([part[f"loss_{cut}"] for part in own]), row.loss.by_puzzle(cut)
            )
        assert (np.concatenate([part["solved"] for part in own]) == row.solved).all()
        assert (np.concatenate([part["wrong"] for part in own]) == (~row.right).sum(1)).all()
        assert np.concatenate([part["broken"] for part in own]).mean() == row.cells_broken(clean)
        assert np.concatenate([part["puzzle"] for part in own]).tolist() == list(range(20))
    ids = [name for chunk in range(3) for name in folder.read(PUZZLES, chunk)["id"].to_pylist()]
    assert ids == [puzzle.id for puzzle in puzzles]


@pytest.mark.parametrize("puzzles", ["bank", "generate:20"])
def test_what_was_killed_goes_on_and_a_second_run_adds_nothing(
    puzzles: str, tiny_model: PuzzleGPT, tmp_path: Path
) -> None:
    whole, cut = StudyFolder(str(tmp_path / "whole")), StudyFolder(str(tmp_path / "cut"))
    begun(whole, tiny_model, puzzles=puzzles)
    assert len(list(go_on(whole, tiny_model, LocalEngine()))) == 3
    begun(cut, tiny_model, puzzles=puzzles)
    running = go_on(cut, tiny_model, LocalEngine())
    assert next(running).chunk == 0
    running.close()
    (tmp_path / "cut" / EFFECTS / ".left.partial").write_bytes(b"half")
    begun(cut, tiny_model, puzzles=puzzles)
    assert [done.chunk for done in go_on(StudyFolder(cut.url), tiny_model, LocalEngine())] == [1, 2]
    (tmp_path / "cut" / EFFECTS / ".left.partial").unlink()
    assert contents(tmp_path / "cut") == contents(tmp_path / "whole")
    assert list(go_on(cut, tiny_model, LocalEngine())) == []


def test_another_study_in_the_same_folder_is_refused(tiny_model: PuzzleGPT, tmp_path: Path) -> None:
    folder = StudyFolder(str(tmp_path))
    begun(folder, tiny_model)
    with pytest.raises(PuzzlescopeError, match="its n is 20, asked for was 16"):
        begun(folder, tiny_model, limit=16)
