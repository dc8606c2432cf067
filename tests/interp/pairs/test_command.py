"""``python -m interp pairs``."""

import json
from pathlib import Path

import pytest

from interp.cli import main, pairing
from interp.errors import PuzzlescopeError
from interp.pairs import make_pairs, read_pairs


def test_pairs_are_written_and_shown(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    expected, out = make_pairs("frame", "rule", 2, seed=5), tmp_path / "pairs.npz"
    command = ["pairs", "--task", "frame", "--kind", "rule", "--n", "2", "--seed", "5"]
    assert main([*command, "--out", str(out), "--json"]) == 0
    assert read_pairs(out) == expected
    rows = json.loads(capsys.readouterr().out)
    for row, pair in zip(rows, expected, strict=True):
        assert (row["task"], row["kind"], row["variable"]) == ("frame", "rule", pair.variable)
        assert row["contrast"] == pair.contrast.sum()
        assert row["counterfactual"]["grids"] == pair.counterfactual.grids.tolist()
    assert main([*command, "--out", str(out)]) == 0
    assert capsys.readouterr().out == f"Wrote 2 pairs to {out}.\n"
    assert main(command) == 0
    shown = capsys.readouterr().out
    assert all(pair.variable in shown for pair in expected) and len(shown.split("\n\n")) == 4


def test_what_is_wrong_ends_with_a_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    for words, message in (
        (["--task", "frame", "--kind", "colour"], "No kind of pairs 'colour'"),
        (["--task", "circle"], "No task 'circle'"),
        (["--task", "frame", "--n", "0"], "Expected 1 to 100,000 pairs, got 0."),
        (["--task", "half_fill", "--kind", "task"], "no pairs of the kind 'task' of half_fill"),
        (["--task", "frame", "--out", "nowhere/pairs.npz"], "no folder"),
        (["--task", "frame", "--out", "pairs.json"], "ends in .npz"),
    ):
        assert main(["pairs", *words]) == 2
        said = capsys.readouterr().err.strip()
        assert message in said and "\n" not in said


def test_a_disk_that_fills_up_costs_no_pairs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def full(*_: object) -> None:
        raise PuzzlescopeError("Could not write pairs.npz: No space left on device.")

    monkeypatch.setattr(pairing, "write_pairs", full)
    assert main(["pairs", "--task", "frame", "--out", str(tmp_path / "pairs.npz")]) == 2
    found = capsys.readouterr()
    assert len(json.loads(found.out)) == 1 and "They were printed as JSON instead." in found.err
