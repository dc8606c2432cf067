"""``python -m interp edges``."""

import json
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from interp.checkpoints import load_model, save_model
from interp.circuits import exact
from interp.circuits.attribution import attribute_edges
from interp.circuits.exact import exact_edges
from interp.cli import main
from interp.cli.circuits.begun import Begun
from interp.errors import PuzzlescopeError
from interp.pairs import make_pairs, shipped_pairs
from interp.pairs.files import write_pairs
from interp.stopping import raise_stopped
from tests.support.models import looking_back

COMMON = ("edges", "--task", "detect", "--n", "1")


def test_it_prints_every_edge_as_json(model_folder: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*COMMON, "--model", model_folder, "--method", "exact", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    expected = exact_edges(load_model(model_folder), shipped_pairs("rule", "detect")[:1])
    assert found["edges"][0].keys() == {"from", "to", "score"}
    scores = {(one["from"], one["to"]): one["score"] for one in found["edges"]}
    assert scores == {(edge.writer, edge.reader): one for edge, one in expected.ranking()}
    assert (found["clean"], found["empty"]) == (expected.clean, expected.empty)


def test_it_writes_tables_of_pairs_in_a_file(model_folder: str, tmp_path: Path) -> None:
    pairs = write_pairs(make_pairs("frame", "rule", 2, seed=5), tmp_path / "own.npz")
    tables = []
    for name in ("edges.parquet", "edges.csv"):
        out = tmp_path / name
        assert main(["edges", "--pairs", str(pairs), "--model", model_folder, "--out", str(out)]) == 0
        tables.append(pd.read_parquet(out) if name.endswith("parquet") else pd.read_csv(out))
    model = load_model(model_folder)
    assert tables[0].attrs["checkpoint"] == model.checkpoint_id
    expected = attribute_edges(model, make_pairs("frame", "rule", 2, seed=5))
    for table in tables:
        assert len(table) == expected.graph.n_edges
        np.testing.assert_allclose(sorted(table["score"]), sorted(expected.values), atol=1e-9)
        np.testing.assert_allclose(table.iloc[:, 3:].sum(axis=1), table["score"], atol=1e-9)


def test_it_says_how_well_an_estimate_agrees(model_folder: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*COMMON, "--model", model_folder, "--method", "eap", "--against-exact"]) == 0
    said = capsys.readouterr().out
    assert "matters most" in said
    assert "Against exact effects: rank correlation 0." in said


def test_it_prints_no_more_edges_than_there_are(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    save_model(looking_back([1, 100]), tmp_path / "model", "# Made by hand, writes nothing\n")
    assert main([*COMMON, "--model", str(tmp_path / "model"), "--method", "exact"]) == 0
    head, *edges, last = capsys.readouterr().out.splitlines()
    assert head.split() == ["from", "to", "score"]
    assert len(edges) == 7 + 2 + 4  # of the embedding into two heads and the MLP; of heads; into the logits
    assert last.startswith("No edge matters")


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--method", "acdc"], "expected one of exact, eap, eap-ig"),
        (["--fill", "noise"], "expected one of pair, mean"),
        (["--pairs", "noise"], "Choose a pair of another kind"),
        (["--pairs", "order"], "positions align"),
        (["--pairs", "nothing"], "or a file FILE.npz"),
        (["--pairs", "missing.npz"], "could not be read"),
        (["--n", "0"], "--n expects at least 1, got 0.\n"),
        (["--steps", "0"], "--steps expects at least 1, got 0.\n"),
        (["--task", "sudoku"], "sudoku"),
        (["--out", "edges.xyz"], "edges.xyz"),
    ],
)
def test_what_cannot_be_done_is_told_in_a_sentence(
    model_folder: str, capsys: pytest.CaptureFixture[str], options: list[str], said: str
) -> None:
    assert main([*COMMON, "--model", model_folder, *options]) == 2
    error = capsys.readouterr().err
    assert said in error
    assert "Traceback" not in error


def stopped_after(n: int, monkeypatch: pytest.MonkeyPatch, command: list[str]) -> int:
    """The exit code of a command that is told to stop when so many pairs have been kept."""
    keep, kept = Begun.keep, []

    def once(begun: Begun) -> None:
        keep(begun)
        kept.append(1)
        if len(kept) == n:
            signal.raise_signal(signal.SIGTERM)

    with monkeypatch.context() as patched:
        patched.setattr(Begun, "keep", once)
        before = signal.signal(signal.SIGTERM, raise_stopped)
        try:
            return main(command)
        finally:
            signal.signal(signal.SIGTERM, before)


@pytest.mark.parametrize("estimated", [False, True], ids=["exact", "an estimate against exact"])
def test_exact_effects_go_on_where_they_were_stopped(
    model_folder: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    estimated: bool,
) -> None:
    method = ["--method", "eap", "--against-exact"] if estimated else ["--method", "exact"]
    common = ["edges", "--task", "frame", "--model", model_folder, *method, "--n", "3"]
    whole, out = tmp_path / "whole.parquet", tmp_path / "edges.parquet"
    assert main([*common, "--out", str(whole)]) == 0
    agreed = capsys.readouterr().out.splitlines()[-1]
    begun = out.with_name("edges.parquet.begun")
    assert stopped_after(2, monkeypatch, [*common, "--out", str(out)]) == 143
    assert f"Kept in {begun}: 2 of 3 pairs. The same command goes on" in capsys.readouterr().err
    assert begun.exists() and not out.exists()
    scored = list[Any]()
    monkeypatch.setattr(exact.ExactEdges, "all", noting(exact.ExactEdges.all, scored))
    assert main([*common, "--out", str(out)]) == 0
    said = capsys.readouterr()
    assert f"Known from {begun}: 2 of 3 pairs." in said.err and said.out.splitlines()[-1] == agreed
    assert len(scored) == 1
    pd.testing.assert_frame_equal(pd.read_parquet(out), pd.read_parquet(whole))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["edges.parquet", "whole.parquet"]


def noting(method: Callable[[Any], Any], seen: list[Any]) -> Callable[[Any], Any]:
    """The same method, of which it is noted whose it was when it was called."""

    def noted(own: Any) -> Any:
        seen.append(own)
        return method(own)

    return noted


@pytest.mark.parametrize("other", [["--first-only"], ["--fill", "zero"], ["--task", "grow"], "damaged"])
def test_what_was_begun_of_other_effects_is_not_taken_for_these(
    model_folder: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    other: list[str] | str,
) -> None:
    out = tmp_path / "edges.csv"
    common = ["edges", "--model", model_folder, "--method", "exact", "--n", "2", "--out", str(out)]
    assert stopped_after(1, monkeypatch, [*common, "--task", "frame"]) == 143
    begun = out.with_name("edges.csv.begun")
    if other == "damaged":
        begun.write_bytes(begun.read_bytes()[:-9])
    capsys.readouterr()
    assert main([*common, "--task", "frame", *(other if isinstance(other, list) else [])]) == 2
    said = capsys.readouterr().err
    assert said.startswith(f"{begun} is of another model") and said.count("\n") == 1
    assert begun.exists() and not out.exists()


def test_a_folder_that_takes_no_more_ends_no_scoring(
    model_folder: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(path: Path, content: bytes) -> None:
        raise PuzzlescopeError(f"Could not write {path}: no space left.")

    monkeypatch.setattr("interp.cli.circuits.begun.write_whole", full)
    out = tmp_path / "edges.json"
    assert main([*COMMON, "--model", model_folder, "--method", "exact", "--out", str(out)]) == 0
    assert [path.name for path in tmp_path.iterdir()] == ["edges.json"]
