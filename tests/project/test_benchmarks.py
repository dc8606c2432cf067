"""What the benchmarks compare does the same work and gives the same answers; how they take times. No time is
tested."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from benchmarks import circuits, engine, first_look, models, pairs, synergy, timing
from interp import load_puzzles
from interp.ablation import components_of, parse_ablation
from interp.circuits.exact import exact_edges
from interp.circuits.graph import Graph
from interp.engine.predict import predict
from interp.model import Config
from interp.pairs import kinds_for, pair_for, shipped_pairs
from interp.puzzles import Puzzle
from tests.support.models import small_model


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """A clock that work moves on by appending to a list."""
    spent: list[float] = []
    monkeypatch.setattr(timing.time, "perf_counter", lambda: sum(spent))
    return spent


def test_the_first_round_does_not_count_and_works_take_turns(clock: list[float]) -> None:
    order: list[str] = []
    times = {"a": iter([100.0, 1.0, 9.0, 2.0]), "b": iter([100.0, 30.0, 20.0, 10.0])}

    def work(name: str) -> None:
        order.append(name)
        clock.append(next(times[name]))

    found = timing.in_turn({name: lambda name=name: work(name) for name in "ab"}, rounds=3)
    assert found == {"a": 2.0, "b": 20.0}
    assert order == ["a", "b"] * 4


def test_a_line_is_scaled_only_where_puzzles_were_fewer(clock: list[float]) -> None:
    def spend(seconds: float):
        return lambda: clock.append(seconds)

    once = engine.Line("long", lambda: 3.0, spend(2.0), spend(1.0), scale=4.0)
    assert once.measure() == (12.0, 8.0, 1.0)
    assert len(clock) == 2, "work of minutes is done once"
    short = engine.Line("short", None, spend(2.0), spend(1.0))
    old, hooks, ours = short.measure()
    assert np.isnan(old) and (hooks, ours) == (2.0, 1.0)


@pytest.fixture(scope="module")
def puzzle() -> Puzzle:
    return load_puzzles("bank", limit=1)[0]


def test_both_ways_decode_the_same(puzzle: Puzzle) -> None:
    model = small_model()
    engine.check_same(model, None, puzzle, parse_ablation("L1.attn", model.cfg), 1)


def test_the_check_of_the_answers_can_fail(puzzle: Puzzle, monkeypatch: pytest.MonkeyPatch) -> None:
    model = small_model()
    monkeypatch.setattr(engine, "decode_with_hooks", lambda *arguments: [0] * 100)
    with pytest.raises(AssertionError):
        engine.check_same(model, None, puzzle, parse_ablation("L1.attn", model.cfg), 1)


def test_both_sweeps_find_the_same_losses() -> None:
    model, tokens = small_model(), load_puzzles("bank", limit=3).tokens
    kinds = ["attn", "mlp", "head"]
    plain, ours = engine.sweep_with_hooks(model, tokens, kinds), engine.sweep_ours(model, tokens, kinds)
    assert list(plain) and set(plain) == set(ours)
    for part, loss in plain.items():
        assert ours[part] == pytest.approx(loss, rel=1e-4)


@pytest.mark.parametrize("n_layers", [8, 4])
def test_a_stretched_model_computes_more_and_says_the_same(n_layers: int) -> None:
    """With layers that write nothing, or with the first ones only."""
    puzzles = load_puzzles("bank", limit=1)
    source, model = models.load_model("default"), models.stretched(n_layers)
    assert model.cfg.n_layers == n_layers
    one, other = predict(source, puzzles.tokens), predict(model, puzzles.tokens)
    if n_layers > source.cfg.n_layers:
        np.testing.assert_allclose(other.probabilities, one.probabilities, atol=1e-4)
    else:
        torch.testing.assert_close(model.W_O, source.W_O[:n_layers])
        assert not np.allclose(other.probabilities, one.probabilities, atol=1e-2)


def test_both_ways_find_the_same_synergy() -> None:
    model, tokens = small_model(), load_puzzles("bank", limit=2).tokens
    parts = components_of(model.cfg, ["head"])[::3]
    assert len(synergy.runs_of(parts)) == 1 + 4 + 6
    found = synergy.synergy(model, tokens, parts).synergy()
    np.testing.assert_allclose(found, synergy.plain_synergy(model, tokens, parts), atol=1e-4)


def test_ranks() -> None:
    assert first_look.ranks(np.array([0.3, 0.1, 0.2])).tolist() == [2, 0, 1]


def test_a_pair_counts_only_if_both_ends_are_right(monkeypatch: pytest.MonkeyPatch) -> None:
    found = shipped_pairs("rule", "frame")[:3]
    solved = {found[0].base.cells, found[0].counterfactual.cells, found[1].base.cells}
    solved.add(found[2].counterfactual.cells)
    monkeypatch.setattr(
        pairs, "losses", lambda model, tokens: (None, np.array([row.tobytes() in solved for row in tokens]))
    )
    assert pairs.both_right(small_model(), found).tolist() == [True, False, False]


def test_noise_that_changes_nothing_moves_nothing() -> None:
    model, noisy = small_model(), shipped_pairs("noise", "replace_color")[:4]
    rules = [pair_for(pair.base, "rule") for pair in noisy if "rule" in kinds_for(pair.base)]
    still = [replace(pair, counterfactual=pair.base) for pair in rules]
    moved = pairs.moved_by_noise(model, still)
    assert np.abs(moved.by_noise).max() < 1e-4 and np.abs(moved.gap).min() > 1e-3
    assert not moved.on_contrast.any() and abs(moved.signed) < 1e-3
    changed = pairs.moved_by_noise(model, noisy)
    assert np.abs(changed.by_noise).max() > 1e-3 and len(changed.gap) == len(rules)
    assert changed.gap == pytest.approx(moved.gap, abs=1e-4)


def test_noise_as_in_the_data_leaves_the_answer() -> None:
    noisy = shipped_pairs("noise", "grow")[:8]
    cells = [pair.differing.sum() for pair in pairs.as_in_the_data(noisy)]
    assert 1 < np.mean(cells) < 9
    for pair in pairs.as_in_the_data(noisy):
        assert (pair.base.grids[[0, 1, 3]] == pair.counterfactual.grids[[0, 1, 3]]).all()


def test_edges_cut_by_hooks_have_the_exact_effects(monkeypatch: pytest.MonkeyPatch) -> None:
    model, pair = small_model(), shipped_pairs("rule", "detect")[0]
    exact = exact_edges(model, [pair])
    edges = circuits.some_edges(exact.graph, 14)
    assert {edge.reader.rpartition(".")[2] for edge in edges} == {"q", "k", "v", "mlp", "logits"}
    monkeypatch.setattr(circuits, "load_model", lambda name: model)
    expected = circuits.by_hooks(circuits.hooked_model(), pair, edges)
    found = [float(exact.total[exact.graph.place(edge)]) for edge in edges]
    np.testing.assert_allclose(found, expected, atol=2e-5)
    assert np.abs(expected).max() > 1e-3


def test_passes_of_the_model_that_all_edges_would_take() -> None:
    assert circuits.passes(Graph(Config(n_layers=6, n_heads=8))) == 1428
