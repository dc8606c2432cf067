"""Runs that go on from others: the same numbers as from the start, and no more layers than need be."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from interp.ablation import NO_ABLATION, Ablation, Component, parse_ablation
from interp.analyses.attention import AttentionOf, attention_of, layer_attention
from interp.analyses.prediction import PredictionOf
from interp.backend import Backend
from interp.backend.memory import Bounds
from interp.engine import runs, trunk
from interp.engine.predict import predict, predict_run
from interp.engine.runs import run_puzzle
from interp.errors import PuzzlescopeError
from interp.resumable import finish
from tests.support.models import SMALL, six_puzzles, small_model
from tests.support.terms import SOME_TERMS


@settings(max_examples=25)
@given(st.lists(SOME_TERMS, min_size=2, max_size=4))
def test_going_on_is_beginning_anew_to_the_bit(model, tokens, means, several: list) -> None:
    kept: list[runs.Run] = []
    for terms in several:
        ablation = Ablation.of(terms)
        kept.append(run_puzzle(model, tokens[0], ablation, means, kept))
        fresh = run_puzzle(model, tokens[0], ablation, means)
        assert np.array_equal(kept[-1].logits, fresh.logits)
        assert all(np.array_equal(*pair) for pair in zip(kept[-1].before, fresh.before, strict=True))
        for layer in range(SMALL.n_layers):
            method = ablation.components.get(Component(layer, "attn"))
            if method is None or method.changes_pattern:  # else nobody asks for its keys and values
                assert np.array_equal(kept[-1].cache.keys[layer], fresh.cache.keys[layer])
                assert np.array_equal(kept[-1].cache.values[layer], fresh.cache.values[layer])


@settings(max_examples=10)
@given(SOME_TERMS)
def test_its_prediction_and_attention_are_those_of_the_plain_ways(model, tokens, means, terms: list) -> None:
    ablation = Ablation.of(terms)
    run = run_puzzle(model, tokens[1], ablation, means, [run_puzzle(model, tokens[1])])
    found = finish(predict_run(model, run))
    plain = predict(model, tokens[1:2], ablation, means)
    assert np.array_equal(found.greedy, plain.greedy) and np.array_equal(found.solved, plain.solved)
    np.testing.assert_allclose(found.loss.cells, plain.loss.cells, atol=1e-5)
    np.testing.assert_allclose(found.greedy_probabilities, plain.greedy_probabilities, atol=1e-5)
    for layer in range(SMALL.n_layers):
        looks, expected = (
            attention_of(model, run, layer),
            layer_attention(model, tokens[1], layer, ablation, means),
        )
        np.testing.assert_allclose(looks.pattern, expected.pattern, atol=1e-5)
        np.testing.assert_allclose(looks.value_norms, expected.value_norms, atol=1e-4)
        assert np.array_equal(looks.off, expected.off)


def test_decoding_leaves_a_run_as_it_is(model, tokens) -> None:
    run = run_puzzle(model, tokens[0])
    keys, logits = run.cache.keys.clone(), run.logits.clone()
    finish(predict_run(model, run))
    assert np.array_equal(run.cache.keys, keys) and np.array_equal(run.logits, logits)
    assert run.cache.length == 405


@pytest.mark.parametrize(
    ("one", "other", "shared"),
    [
        ("", "", 3),
        ("", "L0.attn", 0),
        ("", "L2.mlp", 2),
        ("L0.attn", "L0.attn,L1.H2", 1),
        ("L1.H0:mean", "L1.H0", 1),
        ("L0.attn,L2.H1", "L0.attn,L2.H0", 2),
    ],
)
def test_layers_are_shared_up_to_the_first_difference(
    model, tokens, means, one: str, other: str, shared: int
) -> None:
    run = run_puzzle(model, tokens[0], parse_ablation(one, SMALL), means)
    assert run.shared_layers(parse_ablation(other, SMALL)) == shared


def layers_run(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The layers that are computed from now on."""
    seen: list[int] = []
    plain = trunk.run_layer

    def counting(weights, layer, *rest, **named):
        seen.append(layer)
        return plain(weights, layer, *rest, **named)

    monkeypatch.setattr(trunk, "run_layer", counting)
    return seen


def test_a_run_goes_on_from_the_one_that_shares_most(model, tokens, monkeypatch: pytest.MonkeyPatch) -> None:
    off = [parse_ablation(text, SMALL) for text in ("", "L1.mlp", "L0.attn")]
    kept = [run_puzzle(model, tokens[0], ablation) for ablation in off]
    elsewhere = run_puzzle(model, tokens[1], parse_ablation("L1.mlp,L2.H0", SMALL))
    seen = layers_run(monkeypatch)
    run_puzzle(model, tokens[0], parse_ablation("L1.mlp,L2.H0", SMALL), kept=[elsewhere, *kept])
    assert seen == [2]
    assert run_puzzle(model, tokens[0], off[1], kept=kept) is kept[1]


def test_the_backend_computes_only_the_layers_that_differ(
    model_folder: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    backend = Backend()
    puzzle = backend.bank()[0]
    backend.ask(model_folder, PredictionOf(puzzle))
    seen = layers_run(monkeypatch)
    off = parse_ablation("L2.attn", SMALL)
    backend.ask(model_folder, PredictionOf(puzzle, off))
    assert set(seen) == {2}
    seen.clear()
    backend.ask(model_folder, AttentionOf(puzzle, off, 1))
    assert not seen
    with pytest.raises(PuzzlescopeError, match="no layer 3"):
        backend.ask(model_folder, AttentionOf(puzzle, off, 3))


def test_the_runs_kept_are_bounded_and_the_clean_one_stays(model_folder: str) -> None:
    one = run_puzzle(small_model(), six_puzzles()[0]).nbytes
    backend = Backend(Bounds(runs=3 * one))
    puzzle = backend.bank()[0]
    for text in ("", "L0.attn", "L1.attn", "L2.attn", "L0.mlp"):
        backend.ask(model_folder, PredictionOf(puzzle, parse_ablation(text, SMALL)))
        assert backend._supplies.runs.currsize <= 3 * one
    assert NO_ABLATION in {ablation for _, _, ablation in backend._supplies.runs}
    none = Backend(Bounds(runs=0))
    answer = none.ask(model_folder, PredictionOf(puzzle, parse_ablation("L2.attn", SMALL)))
    again = backend.ask(model_folder, PredictionOf(puzzle, parse_ablation("L2.attn", SMALL)))
    assert np.array_equal(answer.greedy, again.greedy) and not none._supplies.runs
