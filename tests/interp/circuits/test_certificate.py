"""What a circuit's certificate says, against its definitions; and ``python -m interp circuit``."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from interp.circuits.attribution import attribute_edges
from interp.circuits.certificate import SHARES, certify, curve, divergence
from interp.circuits.finder import Circuit, Judge
from interp.circuits.graph import Graph, connected
from interp.circuits.runs import CircuitRuns
from interp.cli import main
from interp.engine.forward import weights_of
from interp.model import PuzzleGPT
from interp.pairs import Pair, make_pairs
from interp.pairs.files import write_pairs
from tests.interp.circuits.by_hooks import far_apart, pairs_with_a_gap
from tests.support.models import SMALL

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
    return str(
        write_pairs([pairs[0], pairs[1], pairs[1], pairs[0]], tmp_path_factory.mktemp("own") / "own.npz")
    )


def test_the_command_finds_a_circuit_and_holds_it_against_other_pairs(
    folder: str, own: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    common = ["circuit", "--pairs", own, "--model", folder, "--faithfulness", "0.8", "--random", "4"]
    table = tmp_path / "edges.parquet"
    assert main(["edges", "--pairs", own, "--n", "2", "--model", folder, "--out", str(table)]) == 0
    capsys.readouterr()
    assert main([*common, "--from", str(table), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["n_edges"] == len(found["edges"]) > 0
    assert found["faithfulness"] >= 0.8
    assert found["held_out"]["pairs"] == 2 and found["random"]["n"] == 4
    assert found["held_out"]["faithfulness"] == pytest.approx(
        found["faithfulness"], abs=1e-4
    )  # the same pairs
    GRAPH.mask([GRAPH.edge(one["from"], one["to"]) for one in found["edges"]])
    out = tmp_path / "circuit.json"
    assert main([*common, "--out", str(out)]) == 0
    assert json.loads(out.read_text())["edges"] == found["edges"]
    assert main([*common, "--no-eliminate"]) == 0
    said = capsys.readouterr().out
    assert "on 2 held-out pairs" in said and "4 random circuits" in said


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--faithfulness", "0"], "a share above 0"),
        (["--faithfulness", "1.5"], "a share above 0"),
        (["--n", "0"], "at least 1"),
        (["--random", "0"], "at least 1"),
        (["--pairs", "noise"], "Choose a pair of another kind"),
        (["--from", "nothing.parquet"], "could not be read"),
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
    table = tmp_path / "edges.csv"
    table.write_text("from,to,score\nembed,logits,1.0\n")
    assert main(["circuit", "--pairs", own, "--model", folder, "--from", str(table)]) == 2
    assert f"{GRAPH.n_edges} edges with finite scores; edges.csv has 1." in capsys.readouterr().err
    assert len(make_pairs("frame", "rule", 1, seed=1)) == 1
    one = write_pairs(make_pairs("frame", "rule", 1, seed=1), tmp_path / "one.npz")
    assert main(["circuit", "--pairs", str(one), "--model", folder]) == 2
    assert "half held out" in capsys.readouterr().err
