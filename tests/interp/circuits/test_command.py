"""``python -m interp edges``."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from interp.checkpoints import load_model, save_model
from interp.circuits.attribution import attribute_edges
from interp.circuits.exact import exact_edges
from interp.cli import main
from interp.pairs import make_pairs, shipped_pairs
from interp.pairs.files import write_pairs
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
