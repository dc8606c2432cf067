"""What a circuit's certificate says, against its definitions; and ``python -m interp circuit``."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch

from interp.checkpoints import load_model
from interp.circuits.attribution import attribute_edges
from interp.circuits.certificate import SHARES, certify, curve, divergence
from interp.circuits.finder import Circuit, Judge
from interp.circuits.graph import Graph, connected
from interp.circuits.runs import CircuitRuns
from interp.circuits.text import edges_text
from interp.cli import main
from interp.cli.circuits import certifying
from interp.cli.circuits.choices import split_pairs
from interp.cli.circuits.finding import read_scores
from interp.engine.forward import weights_of
from interp.errors import PuzzlescopeError
from interp.model import PuzzleGPT
from interp.pairs import Pair, make_pairs
from interp.pairs.files import write_pairs
from tests.interp.circuits.by_hooks import far_apart, others_with_a_gap, pairs_with_a_gap
from tests.support.models import SMALL
from tests.support.results import random_scores

GRAPH = Graph(SMALL)


@pytest.fixture(scope="module")
def model() -> PuzzleGPT:
    return far_apart()


@pytest.fixture(scope="module")
def pairs() -> list[Pair]:
    return pairs_with_a_gap()


def test_the_whole_model_is_certified_whole_and_a_false_circuit_is_not(
    model: PuzzleGPT, pairs: list[Pair]
) -> None:
    whole = certify(model, Circuit(GRAPH, GRAPH.possible, 1.0), pairs, n_random=2)
    assert whole.faithfulness == pytest.approx(1, abs=1e-4)
    assert whole.first == pytest.approx(1, abs=1e-4)
    assert whole.kl == pytest.approx(0, abs=1e-9)
    assert whole.chance.mean == pytest.approx(1, abs=1e-4)
    rng = np.random.default_rng(0)
    false = connected(GRAPH, GRAPH.possible & (rng.random(GRAPH.possible.shape) < 0.15))
    found = certify(model, Circuit(GRAPH, false, 1.0), pairs, n_random=12)
    assert found.faithfulness < 0.5
    assert found.kl > 0.1
    assert found.faithfulness == pytest.approx(Judge(CircuitRuns(weights_of(model), pairs)).of(false))


def test_divergence_is_the_sum_over_colours_of_its_definition() -> None:
    generator = torch.Generator().manual_seed(0)
    whole, cut = (torch.randn(2, 100, 15, generator=generator) for _ in range(2))
    p, q = (one.softmax(-1) for one in (whole, cut))
    assert divergence(whole, cut) == pytest.approx(float((p * (p / q).log()).sum(-1).mean()), rel=1e-5)
    assert divergence(whole, whole) == 0


def test_areas_are_of_the_circuits_at_each_size(model: PuzzleGPT, pairs: list[Pair]) -> None:
    runs, scores = CircuitRuns(weights_of(model), pairs), attribute_edges(model, pairs)
    found, judge = curve(runs, scores), Judge(runs)
    assert (found.shares, found.edges[-1]) == (SHARES, GRAPH.n_edges)
    for place in (4, 7):
        n = round(SHARES[place] * GRAPH.n_edges)
        assert found.by_size[place] == pytest.approx(judge.of(connected(GRAPH, scores.top(n))))
        assert found.by_score[place] == pytest.approx(judge.of(connected(GRAPH, scores.top(n, signed=True))))
    by_hand = sum(
        (SHARES[k + 1] - SHARES[k]) * (found.by_score[k] + found.by_score[k + 1]) / 2
        for k in range(len(SHARES) - 1)
    )
    assert found.cpr == pytest.approx(by_hand)
    assert found.cmd > 0 and found.cmd_log > 0
    assert found.by_size[-1] == pytest.approx(1, abs=1e-4)


# ---- the command -------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def folder(model: PuzzleGPT, tmp_path_factory: pytest.TempPathFactory) -> str:
    from interp.checkpoints import save_model

    found = tmp_path_factory.mktemp("sharp")
    save_model(model, found, "# A random model for tests\n", replace=True)
    return str(found)


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory, pairs: list[Pair]) -> str:
    """A file of pairs, the second half to be held out."""
    return str(write_pairs([*pairs, *others_with_a_gap()], tmp_path_factory.mktemp("own") / "own.npz"))


@pytest.mark.parametrize(
    ("attrs", "made"),
    [
        ({"how": "exact", "pairs": 3, "fill": "mean"}, ("exact", 3, "mean")),
        ({"how": "guess", "pairs": 3}, ("from own.parquet", 0, "pair")),
        ({"how": "exact", "pairs": "3", "fill": []}, ("from own.parquet", 0, "pair")),
        ({"how": "exact", "pairs": True}, ("from own.parquet", 0, "pair")),
        ({}, ("from own.parquet", 0, "pair")),
    ],
)
def test_a_table_says_how_its_scores_were_made(
    tmp_path: Path, attrs: dict[str, Any], made: tuple[str, int, str]
) -> None:
    rows = random_scores(SMALL).frame()
    rows.attrs = attrs
    rows.to_parquet(tmp_path / "own.parquet", index=False)
    found = read_scores(GRAPH, tmp_path / "own.parquet", "own")
    assert (found.made, found.pairs, found.fill) == made
    rows.to_csv(tmp_path / "own.csv", index=False)
    assert read_scores(GRAPH, tmp_path / "own.csv", "own").made == "from own.csv"


def test_the_command_finds_a_circuit_and_holds_it_against_other_pairs(
    folder: str,
    own: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    common = ["circuit", "--pairs", own, "--model", folder, "--faithfulness", "0.8", "--random", "4"]
    table = tmp_path / "edges.parquet"
    scored = ["edges", "--pairs", own, "--n", "2", "--method", "eap", "--model", folder]
    assert main([*scored, "--out", str(table)]) == 0
    capsys.readouterr()
    assert main([*common, "--from", str(table), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["scores"]["how"], found["scores"]["pairs"]) == ("eap", 2)
    assert found["n_edges"] == len(found["edges"]) > 0
    assert found["faithfulness"] >= 0.8
    assert found["held_out"]["pairs"] == 2 and found["random"]["n"] == 4
    kept = GRAPH.mask([GRAPH.edge(one["from"], one["to"]) for one in found["edges"]])
    out = tmp_path / "circuit.json"
    assert main([*common, "--no-eliminate", "--from", str(table), "--signed", "--out", str(out)]) == 0
    written = json.loads(out.read_text())
    assert written["faithfulness"] >= 0.8
    assert capsys.readouterr().out == (
        f"Wrote a circuit of {written['n_edges']} edges, with its certificate, to {out}.\n"
    )
    given = ["--edges-text", edges_text(kept, GRAPH), "--no-eliminate", "--random", "1"]
    assert main(["circuit", "--pairs", own, "--model", folder, *given]) == 0
    said = capsys.readouterr().out
    assert f"{len(found['edges'])} edges of {GRAPH.n_edges}" in said
    assert "On 2 held-out pairs" in said and "1 random circuits" in said

    # the file is certified anew, with the same result: by its own scores
    monkeypatch.setattr(certifying, "score_pairs", None)
    assert main(["certify", str(out), "--model", folder, "--json"]) == 0
    again = json.loads(capsys.readouterr().out)
    for name in ("kl", "edges", "held_out", "cpr", "sizes", "scores"):
        assert again[name] == written[name], name
    assert again["faithfulness"] == pytest.approx(written["faithfulness"], abs=1e-6)
    assert written["scores"]["signed"] is True and written["scores"]["anew"] is False

    # what it claims is measured; what is not measured is told as what it says
    claim = tmp_path / "claim.json"
    claim.write_text(json.dumps(written | {"stability": {"draws": 9, "mean": 0.75, "least": 0.5}}))
    assert main(["certify", str(claim), "--model", folder]) == 0
    assert "By its file, other pairs would give top edges with a Jaccard index of 0.75" in (
        capsys.readouterr().out
    )
    claim.write_text(json.dumps(written | {"faithfulness": 1e300}))
    assert main(["certify", str(claim), "--model", folder]) == 2
    assert "keeps 1e+300 of the gap on the pairs by which it was found, and measured it is" in (
        capsys.readouterr().err
    )

    # without them edges are scored anew, and it is said so
    monkeypatch.undo()
    bare = tmp_path / "bare.json"
    bare.write_text(json.dumps({name: own for name, own in written.items() if name != "scores"}))
    assert main(["certify", str(bare), "--model", folder, "--json"]) == 0
    printed = capsys.readouterr()
    assert json.loads(printed.out)["scores"]["anew"] is True
    assert "bare.json holds no scores of all edges by which it was found" in printed.err


def test_answers_are_counted_on_as_many_pairs_as_there_are() -> None:
    for task in ("frame", None):
        found = split_pairs("rule", task, 8)
        held_out = [*found.held_out, *found.more]
        assert (len(found.found_by), len(found.held_out), len(held_out)) == (8, 8, 64)
        assert len(set(held_out)) == 64 and not set(held_out) & set(found.found_by)
        assert len({pair.task for pair in held_out}) == (1 if task else 8)
    assert split_pairs("rule", "frame", 64).more == []


def test_a_circuit_as_text_is_held_to_what_is_looked_for(
    folder: str, own: str, pairs: list[Pair], capsys: pytest.CaptureFixture[str]
) -> None:
    """What it keeps is computed: it claims nothing by itself."""
    runs = CircuitRuns(weights_of(load_model(folder)), pairs)
    for kept, enough in ((GRAPH.possible, True), (GRAPH.mask([GRAPH.edge("embed", "logits")]), False)):
        assert main(["certify", edges_text(kept, GRAPH), "--pairs", own, "--model", folder, "--json"]) == 0
        found = json.loads(capsys.readouterr().out)
        assert found["faithfulness"] == pytest.approx(Judge(runs).of(kept), abs=1e-6)
        assert found["target"] == {"kind": "faithfulness", "amount": 0.9}
        reasons = " ".join(found["verdict"]["reasons"])
        assert ("below the 0.900 that it was found for" in reasons) is not enough


def test_other_targets_are_met(folder: str, own: str, capsys: pytest.CaptureFixture[str]) -> None:
    common = ["circuit", "--pairs", own, "--model", folder, "--random", "1", "--json"]
    assert main([*common, "--edges", "12", "--puzzle", "2"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert 0 < found["n_edges"] <= 12 and len(found["pairs"]["found_by"]) == 1
    assert "stability" not in found, "one pair cannot be drawn anew"
    assert main([*common, "--nodes", "--edges", "4"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["by"], found["target"]) == ("nodes", {"kind": "size", "amount": 4})
    assert 0 < len(found["parts"]) <= 4


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--faithfulness", "0"], "a share above 0"),
        (["--faithfulness", "1.5"], "a share above 0"),
        (["--faithfulness", "nan"], "a share above 0"),
        (["--edges", "0"], "at least 1"),
        (["--edges", "3", "--solved"], "one target, got --edges and --solved"),
        (["--puzzle", "3"], "a number from 1 to 2"),
        (["--puzzle", "frame"], "or a puzzle own.…, got 'frame'"),
        (["--edges-text", "embed>L0.H0"], "Circuit term 1"),
        (["--edges-text", "embed>L0.H0.q"], "No edge of this circuit is on a path"),
        (["--edges-text", "embed>logits", "--nodes"], "does not go with --nodes"),
        (
            ["--edges-text", "embed>L0.mlp+logits,L0.mlp>logits", "--edges", "2", "--no-eliminate"],
            "At most 2 edges were asked for, and the circuit has 3.",
        ),
        (["--fill", "noise"], "expected one of pair"),
        (["--seed", "-1"], "--seed expects"),
        (["--solved"], "answers none of these puzzles right"),
        (["--n", "0"], "--n expects at least 1, got 0.\n"),
        (["--random", "0"], "--random expects at least 1, got 0.\n"),
        (["--pairs", "noise"], "Choose a pair of another kind"),
        (["--from", "nothing.parquet"], "nothing.parquet is not there"),
        (["--from", ""], "an empty name could not be read"),
        (["--from", "README.md"], "could not be read"),
        (["--out", "nowhere/circuit.json"], "no folder"),
    ],
)
def test_what_cannot_be_done_is_told_in_a_sentence(
    folder: str, own: str, capsys: pytest.CaptureFixture[str], options: list[str], said: str
) -> None:
    assert main(["circuit", "--pairs", own, "--model", folder, *options]) == 2
    error = capsys.readouterr().err
    assert said in error and "Traceback" not in error


def test_scores_of_another_model_are_refused(
    folder: str, own: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    table, scores = tmp_path / "edges.csv", random_scores(SMALL)
    table.write_text("from,to,score\nembed,logits,1.0\n")
    assert main(["circuit", "--pairs", own, "--model", folder, "--from", str(table)]) == 2
    said = capsys.readouterr().err
    assert f"{GRAPH.n_edges} edges, each once" in said and "edges.csv has 1 rows" in said
    table.write_text("from,to,score\nembed,L9.H0.q,1.0\n")
    assert main(["circuit", "--pairs", own, "--model", folder, "--from", str(table)]) == 2
    assert "edges.csv is no table of this model's edges: Expected an edge" in capsys.readouterr().err
    assert len(make_pairs("frame", "rule", 1, seed=1)) == 1
    one = write_pairs(make_pairs("frame", "rule", 1, seed=1), tmp_path / "one.npz")
    assert main(["circuit", "--pairs", str(one), "--model", folder]) == 2
    assert "half held out" in capsys.readouterr().err
    scores.frame("of its twin").to_parquet(tmp_path / "edges.parquet")
    with pytest.raises(
        PuzzlescopeError, match=r"a model with the weights of its twin, and this one's are own"
    ):
        read_scores(GRAPH, tmp_path / "edges.parquet", "own")


@pytest.mark.parametrize("score", [1e308, float("nan"), "high", pd.Timestamp("2026-01-01")])
def test_scores_are_logits(tmp_path: Path, score: Any) -> None:
    rows = random_scores(SMALL).frame()
    rows["score"] = score
    rows.to_parquet(tmp_path / "own.parquet", index=False)
    with pytest.raises(PuzzlescopeError, match=r"^--from expects a table .* own.parquet (has|could)"):
        read_scores(GRAPH, tmp_path / "own.parquet", "own")


@pytest.mark.parametrize(
    ("what", "said"),
    [
        (["README.md"], "README.md is no file of a circuit"),
        (["missing.json"], "there is no such file"),
        ([""], "got an empty text"),
        (["/"], "/ is no file of a circuit"),
        (["embed>nothing"], "Circuit term 1"),
        (["embed>logits", "--n", "0"], "at least 1"),
        (["embed>logits", "--fill", "noise"], "expected one of pair"),
    ],
)
def test_what_cannot_be_certified_is_told_in_a_sentence(
    folder: str, capsys: pytest.CaptureFixture[str], what: list[str], said: str
) -> None:
    assert main(["certify", *what, "--model", folder]) == 2
    error = capsys.readouterr().err
    assert said in error and "Traceback" not in error
