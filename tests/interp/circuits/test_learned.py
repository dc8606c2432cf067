"""Learned circuits: gates as the paper has them, runs that are circuits' runs, and what a descent finds."""

import json
import signal
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from interp.checkpoints import save_model
from interp.circuits.attribution import attribute_edges
from interp.circuits.finder import random_circuits, top_kept
from interp.circuits.graph import Graph
from interp.circuits.learned.gates import drawn, open_chance
from interp.circuits.learned.learning import Halfway, Learned, Learning, _Descent, learn_edges
from interp.circuits.learned.runs import gated_logits
from interp.circuits.runs import CircuitRuns
from interp.circuits.text import edges_text, parse_edges
from interp.circuits.writes import Fill, fill_of, prompts
from interp.cli import main
from interp.engine.forward import weights_of
from interp.errors import PuzzlescopeError
from interp.model import PuzzleGPT
from interp.pairs import Pair
from interp.pairs.files import write_pairs
from interp.puzzles import load_puzzles
from interp.stopping import raise_stopped
from tests.interp.circuits.by_hooks import far_apart, others_with_a_gap
from tests.support.models import SMALL

GRAPH = Graph(SMALL)
PUZZLES = 64


@pytest.fixture(scope="module")
def model() -> PuzzleGPT:
    return far_apart()


def gated(model: PuzzleGPT, pairs: list[Pair], fill: Fill, gates: torch.Tensor) -> torch.Tensor:
    """The logits of pairs' bases with a gate at every edge."""
    weights, bank = weights_of(model), load_puzzles("bank")
    others = torch.stack([fill_of(weights, pair, fill, bank) for pair in pairs])
    tokens = torch.from_numpy(np.stack([prompts(pair)[0] for pair in pairs]))
    return gated_logits(model, tokens, others.to(gates.dtype), gates)


# ---- gates -------------------------------------------------------------------------------------------------


def test_gates_are_open_as_often_as_is_said() -> None:
    log_odds = torch.linspace(-4, 4, 9).repeat(20_000, 1)
    gates = drawn(log_odds, torch.ones(20_000, 9, dtype=torch.bool), torch.Generator().manual_seed(3))
    assert gates.min() >= 0 and gates.max() <= 1
    np.testing.assert_allclose((gates > 0).float().mean(0), open_chance(log_odds)[0], atol=0.015)
    # Log-odds of 0: shut as often as open, by the stretched interval's middle.
    assert abs(float((gates[:, 4] == 0).float().mean()) - float((gates[:, 4] == 1).float().mean())) < 0.015


def test_where_there_is_no_edge_there_is_no_gate_and_no_gradient() -> None:
    possible = torch.from_numpy(GRAPH.possible)
    log_odds = torch.zeros(possible.shape, requires_grad=True)
    gates = drawn(log_odds, possible, torch.Generator().manual_seed(0))
    gates.sum().backward()
    assert log_odds.grad is not None
    assert not gates[~possible].any() and not log_odds.grad[~possible].any() and log_odds.grad.any()


# ---- runs --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("fill", ["pair", "mean", "zero"])
def test_gates_of_0_and_1_are_a_circuits_run(model: PuzzleGPT, pairs: list[Pair], fill: Fill) -> None:
    runs = CircuitRuns(weights_of(model), pairs, fill, load_puzzles("bank"))
    rng = np.random.default_rng(1)
    for share in (0.0, 0.3, 0.8, 1.0):
        mask = GRAPH.possible & (rng.random(GRAPH.possible.shape) < share)
        found = gated(model, pairs, fill, torch.from_numpy(mask).float())
        np.testing.assert_allclose(found, runs.logits(mask), atol=1e-3)


def test_the_gradient_is_what_a_small_change_of_the_gates_makes(pairs: list[Pair]) -> None:
    model = far_apart().double()
    rng = np.random.default_rng(2)
    at = torch.from_numpy(GRAPH.possible * rng.uniform(0.2, 0.8, GRAPH.possible.shape))
    along = torch.from_numpy(GRAPH.possible * rng.normal(size=GRAPH.possible.shape))
    gates = at.clone().requires_grad_()
    loss = gated(model, pairs, "mean", gates).log_softmax(-1)[..., 3].mean()
    (gradient,) = torch.autograd.grad(loss, gates)
    step = 1e-5
    less, more = (gated(model, pairs, "mean", at + sign * step * along) for sign in (-1, 1))
    change = (more.log_softmax(-1) - less.log_softmax(-1))[..., 3].mean() / (2 * step)
    assert float((gradient * along).sum()) == pytest.approx(float(change), rel=1e-4)


# ---- learning ----------------------------------------------------------------------------------------------


def test_what_is_learned_is_nearer_to_the_model_than_what_is_taken_by_scores(pairs: list[Pair]) -> None:
    """And of heads that write nothing it keeps nothing."""
    model, bank, n = far_apart(), load_puzzles("bank"), 60
    with torch.no_grad():
        model.blocks[0].attn.W_O[:2] = 0
    news: list[Learning] = [
        one
        for one in learn_edges.steps(model, pairs, n, steps=200, bank=bank, seed=1)
        if isinstance(one, Learning)
    ]
    assert [one.step for one in news] == list(range(1, 201)) and {one.of for one in news} == {200}
    assert news[0].edges > 0.99 * GRAPH.n_edges and news[-1].edges < 0.4 * GRAPH.n_edges
    kept = news[-1].learned.circuit(n)
    assert n / 2 < kept.sum() <= n
    assert not kept[:, [GRAPH.writers.index(name) for name in ("L0.H0", "L0.H1")]].any()
    runs = CircuitRuns(weights_of(model), pairs, "mean", bank)
    whole = runs.logits(GRAPH.possible).log_softmax(-1)

    def divergence(mask: np.ndarray) -> float:
        return float((whole.exp() * (whole - runs.logits(mask).log_softmax(-1))).sum(-1).mean())

    scored = divergence(top_kept(attribute_edges(model, pairs, fill="mean", bank=bank), n))
    chance = min(divergence(mask) for mask in random_circuits(GRAPH, kept, 8))
    assert divergence(kept) < 0.6 * min(scored, chance)


def test_the_same_seed_learns_the_same(model: PuzzleGPT, pairs: list[Pair]) -> None:
    once, again, other = (
        learn_edges(model, pairs, 20, steps=8, fill="zero", seed=seed).log_odds for seed in (4, 4, 5)
    )
    assert np.array_equal(once, again) and not np.array_equal(once, other)
    assert np.isneginf(once[~GRAPH.possible]).all() and np.isfinite(once[GRAPH.possible]).all()


@pytest.mark.parametrize("at", [1, 5, 9])
def test_a_descent_goes_on_from_halfway_to_the_last_bit(model: PuzzleGPT, pairs: list[Pair], at: int) -> None:
    """And what it goes on from is as it was: it can be gone on from again."""

    def news(begin: Halfway | None = None) -> list[Learning]:
        found = learn_edges.steps(model, pairs, 20, steps=9, fill="zero", seed=4, begin=begin)
        return [one for one in found if one is not None]

    whole = news()
    for _ in range(2):
        rest = news(whole[at - 1].halfway)
        assert [one.step for one in rest] == list(range(at + 1, 10))
        for one, expected in zip(rest, whole[at:], strict=True):
            assert one.kl == expected.kl and one.edges == expected.edges
            assert np.array_equal(one.learned.log_odds, expected.learned.log_odds)
    learned = learn_edges(model, pairs, 20, steps=9, fill="zero", seed=4, begin=whole[at - 1].halfway)
    assert np.array_equal(learned.log_odds, whole[-1].learned.log_odds)


def test_a_circuit_has_as_many_edges_as_fit() -> None:
    odds = np.where(GRAPH.possible, np.random.default_rng(0).normal(size=GRAPH.possible.shape), -np.inf)
    learned = Learned(GRAPH, odds)
    sizes = [int(learned.circuit(n).sum()) for n in range(GRAPH.n_edges + 5)]
    assert sizes == sorted(sizes) and sizes[0] == 0 and sizes[-1] == GRAPH.n_edges
    assert all(size <= n for n, size in enumerate(sizes))
    assert edges_text(learned.circuit(GRAPH.n_edges), GRAPH) == edges_text(GRAPH.possible, GRAPH)


def test_the_models_own_weights_get_no_gradient(model: PuzzleGPT, pairs: list[Pair]) -> None:
    trained = far_apart().requires_grad_(True)
    learn_edges(trained, pairs, 20, steps=2, fill="zero")
    assert all(parameter.grad is None for parameter in trained.parameters())


@pytest.mark.parametrize(("n", "steps"), [(0, 10), (GRAPH.n_edges + 1, 10), (5, 0)])
def test_what_cannot_be_is_told(model: PuzzleGPT, pairs: list[Pair], n: int, steps: int) -> None:
    with pytest.raises(PuzzlescopeError, match=f"Expected 1 to {GRAPH.n_edges} edges and at least one step"):
        learn_edges(model, pairs, n, steps=steps, fill="zero")


# ---- the command -------------------------------------------------------------------------------------------


def test_a_learned_circuit_is_certified_and_kept(
    pairs: list[Pair], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    save_model(far_apart(), tmp_path / "model", "# Random, its logits far apart\n")
    write_pairs([*pairs, *others_with_a_gap()], tmp_path / "own.npz")
    out = tmp_path / "learned.json"
    given = ["--pairs", str(tmp_path / "own.npz"), "--model", str(tmp_path / "model")]
    command = ["circuit", *given, "--fill", "zero", "--edges", "30", "--learn", "5", "--random", "2"]
    assert main([*command, "--out", str(out)]) == 0
    found = json.loads(out.read_text())
    expected = learn_edges(far_apart(), pairs, 30, steps=5, fill="zero").circuit(30)
    assert np.array_equal(parse_edges(found["text"], GRAPH), expected)
    assert found["n_edges"] <= 30 and found["scores"]["anew"] and found["target"]["kind"] == "size"
    capsys.readouterr()
    assert main(["certify", str(out), "--model", str(tmp_path / "model")]) == 0
    assert "are told by EAP-IG over 2 pairs" in capsys.readouterr().out


def learning(tmp_path: Path, pairs: list[Pair], out: str, *more: str) -> list[str]:
    """A command that learns a circuit in nine steps."""
    if not (tmp_path / "model").exists():
        save_model(far_apart(), tmp_path / "model", "# Random, its logits far apart\n")
        write_pairs([*pairs, *others_with_a_gap()], tmp_path / "own.npz")
    given = ["--pairs", str(tmp_path / "own.npz"), "--model", str(tmp_path / "model"), "--fill", "zero"]
    common = ["circuit", *given, "--edges", "30", "--learn", "9", "--random", "2"]
    return [*common, "--out", str(tmp_path / out), *more]


def ended_in_step(number: int, command: list[str], monkeypatch: pytest.MonkeyPatch, how: str) -> int:
    """The exit code of a command that is told to stop in the midst of a step, or that comes no further, with
    what was kept a step before, as if it had been killed."""
    step, done = _Descent.step, []

    def once(own: _Descent, examples: Any) -> float:
        done.append(1)
        if len(done) == number:
            signal.raise_signal(signal.SIGTERM)
        return step(own, examples)

    with monkeypatch.context() as patched:
        patched.setattr(_Descent, "step", once)
        before = signal.signal(signal.SIGTERM, raise_stopped if how == "stopped" else _killed)
        if how == "killed":
            patched.setattr("interp.cli.circuits.begun.EVERY", 0)
        try:
            return main(command)
        except _Killed:
            return 137
        finally:
            signal.signal(signal.SIGTERM, before)


class _Killed(BaseException):
    """The process is no more: nobody tidies up."""


def _killed(*_: object) -> None:
    raise _Killed


@pytest.mark.parametrize("how", ["stopped", "killed"])
def test_a_descent_that_was_ended_goes_on_by_the_same_command(
    pairs: list[Pair],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    how: str,
) -> None:
    command = learning(tmp_path, pairs, "learned.json")
    assert main(learning(tmp_path, pairs, "whole.json")) == 0
    begun = tmp_path / "learned.json.begun"
    capsys.readouterr()
    assert ended_in_step(5, command, monkeypatch, how) == (143 if how == "stopped" else 137)
    said = capsys.readouterr().err
    assert begun.exists() and not (tmp_path / "learned.json").exists()
    assert (f"Kept in {begun}: 4 of 9 steps. The same command goes on" in said) == (how == "stopped")
    assert main(command) == 0
    assert f"Known from {begun}: 4 of 9 steps." in capsys.readouterr().err
    whole, found = (json.loads((tmp_path / name).read_text()) for name in ("whole.json", "learned.json"))
    assert found == whole
    assert not begun.exists()


def test_what_was_begun_of_another_descent_is_not_taken_for_this_one(
    pairs: list[Pair], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    command = learning(tmp_path, pairs, "learned.json")
    assert ended_in_step(3, command, monkeypatch, "stopped") == 143
    begun = tmp_path / "learned.json.begun"
    for other in (["--seed", "1"], ["--edges", "31"], ["--learn", "10"], ["--fill", "pair"], ["--n", "1"]):
        capsys.readouterr()
        assert main([*command, *other]) == 2
        said = capsys.readouterr().err
        assert said.startswith(f"{begun} is of another model") and said.count("\n") == 1
    begun.write_bytes(begun.read_bytes()[:-9])
    assert main(command) == 2
    assert begun.exists() and not (tmp_path / "learned.json").exists()


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ([], "--learn expects the number of edges that are to stay, by --edges."),
        (["--edges", "20", "--nodes"], "so --nodes does not go with it."),
        (["--edges", "20", "--signed"], "so --signed does not go with it."),
        (["--edges", "20", "--from", "x.parquet"], "so --from does not go with it."),
        (["--edges", "20", "--edges-text", "embed>logits"], "so --edges-text does not go with it."),
        (["--edges", "20", "--learn", "0"], "--learn expects at least 1 step, got 0."),
    ],
)
def test_what_does_not_go_with_learning_is_told(
    model_folder: str, capsys: pytest.CaptureFixture[str], more: list[str], said: str
) -> None:
    command = ["circuit", "--task", "frame", "--model", model_folder, "--learn", "5"]
    assert main([*command, *more]) == 2
    found = capsys.readouterr().err
    assert said in found and found.count("\n") == 1
