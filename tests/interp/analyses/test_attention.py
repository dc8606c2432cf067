"""Attention patterns of ablated runs, and the lookback detector on patterns whose score is known."""

import json
import struct
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from interp.ablation import hooks_of, parse_ablation, reference_means
from interp.analyses.attention import (
    AttentionOf,
    attention_pattern,
    layer_attention,
    packed,
    quantise,
)
from interp.analyses.lookback import heads_above, lookback_scores
from interp.backend import Backend
from interp.errors import PuzzlescopeError
from interp.puzzles.kinds import KINDS, draw
from interp.tokens import with_start
from tests.support.models import SMALL, saved_model, small_model


@pytest.fixture(scope="module")
def tokens() -> np.ndarray:
    return np.concatenate([draw("evaluation", 5, kind, 1) for kind in KINDS[::9]])


def test_the_pattern_is_that_of_the_ablated_run(tokens) -> None:
    model = small_model()
    clean = attention_pattern(model, tokens[0], 1)
    np.testing.assert_allclose(clean.sum(-1), 1, atol=1e-5)
    assert np.array_equal(clean, np.tril(clean))
    off = attention_pattern(model, tokens[0], 1, parse_ablation("L0.attn,L1.H2:lookback=7", SMALL))
    assert np.abs(off[0] - clean[0]).max() > 1e-3, "layer 1 reads another residual stream now"
    assert off[2, 50, 43] == 1 and off[2].sum() == 405
    assert not any(point.has_hooks() for point in model.hook_dict.values())


def test_the_detector_against_the_notebooks_formula(tokens) -> None:
    """The notebook's own loop, on a whole cache, puzzle by puzzle."""
    model = small_model()
    for lookback in (1, 100):
        by_hand = np.zeros((SMALL.n_layers, SMALL.n_heads))
        for puzzle in tokens:
            _, cache = model.run_with_cache(torch.from_numpy(with_start(puzzle[None])), remove_batch_dim=True)
            here = torch.arange(405)
            for layer in range(SMALL.n_layers):
                diagonal = cache["pattern", layer][:, here, torch.clamp(here - lookback, 0)]
                by_hand[layer] += diagonal.mean(dim=1).numpy() / len(tokens)
        np.testing.assert_allclose(lookback_scores(model, tokens, lookback, batch=3), by_hand, atol=1e-6)


def test_a_head_that_only_looks_back_scores_one(tokens) -> None:
    """A head whose scores are huge at one distance, made by a hook: the detector must say 1 there and 0
    elsewhere."""
    model = small_model()

    def only_100_back(scores: torch.Tensor, hook: object) -> torch.Tensor:
        scores = scores.clone()
        here = torch.arange(405)
        scores[:, 1, here, (here - 100).clamp(min=0)] = 1e6
        return scores

    model.blocks[2].attn.hook_attn_scores.add_perma_hook(only_100_back)
    hundred, ninety = lookback_scores(model, tokens[:2], 100), lookback_scores(model, tokens[:2], 90)
    assert hundred[2, 1] == pytest.approx(1)
    assert ninety[2, 1] == pytest.approx(91 / 405), "the first 91 positions look at position 0 both times"
    assert hundred[2, 0] < 0.9


def test_without_clamping_early_positions_are_left_out(tokens) -> None:
    """A head that always rests on the start token: clamped it seems to look 100 back a quarter of the
    time."""
    model = small_model()

    def rests(scores: torch.Tensor, hook: object) -> torch.Tensor:
        scores = scores.clone()
        scores[:, 2, :, 0] = 1e6
        return scores

    model.blocks[0].attn.hook_attn_scores.add_perma_hook(rests)
    assert lookback_scores(model, tokens[:2], 100)[0, 2] == pytest.approx(101 / 405)
    assert lookback_scores(model, tokens[:2], 100, clamp=False)[0, 2] == pytest.approx(1 / 305)


def test_heads_above_are_sorted_and_strictly_above() -> None:
    scores = np.array([[0.1, 0.5], [0.3, 0.2]])
    found = heads_above(scores, 100, 0.2)
    assert [(head.name, head.score) for head in found] == [("L0.H1", 0.5), ("L1.H0", 0.3)]


def test_bad_requests(tokens) -> None:
    model = small_model()
    with pytest.raises(PuzzlescopeError, match="layers 0 to 2"):
        attention_pattern(model, tokens[0], 3)
    with pytest.raises(PuzzlescopeError, match="0 to 404"):
        lookback_scores(model, tokens, 405)
    with pytest.raises(PuzzlescopeError, match="at least one"):
        lookback_scores(model, tokens[:0], 1)


def test_pattern_and_norms_come_from_the_ablated_run(tokens) -> None:
    model, ablation = small_model(), parse_ablation("L0.mlp,L1.H2:lookback=100", SMALL)
    found = layer_attention(model, tokens[0], 1, ablation)
    assert np.array_equal(found.pattern, attention_pattern(model, tokens[0], 1, ablation))
    queries = np.arange(405)
    exact = np.zeros((405, 405), dtype=np.float32)
    exact[queries, np.maximum(queries - 100, 0)] = 1
    assert np.array_equal(found.pattern[2], exact), "exactly 100 back, and nothing else"
    clean = layer_attention(model, tokens[0], 1)
    assert np.abs(found.value_norms - clean.value_norms).max() > 1e-3, (
        "the values too are those of the ablated run"
    )
    assert not found.off.any() and not clean.off.any(), "a head that looks back still writes"
    assert not any(point.has_hooks() for point in model.hook_dict.values())


@pytest.mark.parametrize("cfg", [SMALL, replace(SMALL, d_qk=4), replace(SMALL, d_qk=12, n_heads=3)])
def test_norms_against_explicit_loops(tokens, cfg) -> None:
    """Also where queries and keys have another width than values."""
    model = small_model(cfg=cfg)
    found = layer_attention(model, tokens[0], 2)
    _, cache = model.run_with_cache(torch.from_numpy(with_start(tokens[:1])), return_type=None)
    normed = cache["blocks.2.ln1.hook_normalized"][0]
    for head in range(cfg.n_heads):
        for key in (0, 1, 57, 203, 404):
            value = normed[key] @ model.blocks[2].attn.W_V[head]
            written = sum(float(x) * model.blocks[2].attn.W_O[head, i] for i, x in enumerate(value))
            assert found.value_norms[head, key] == pytest.approx(float(written.norm()), rel=1e-4)


def test_a_head_that_attends_to_one_key_writes_what_the_norm_says(tokens) -> None:
    """With all attention on one key the head's output is as long as that key's norm: the sum of the heads is
    attn_out."""
    model = small_model(cfg=replace(SMALL, n_heads=1))
    ablation = parse_ablation("L1.H0:lookback=3", model.cfg)
    found = layer_attention(model, tokens[0], 1, ablation)
    with model.hooks(fwd_hooks=hooks_of(ablation)):
        _, cache = model.run_with_cache(torch.from_numpy(with_start(tokens[:1])), return_type=None)
    written = cache["attn_out", 1][0].norm(dim=-1).numpy()
    np.testing.assert_allclose(written[3:], found.value_norms[0, :-3], rtol=1e-4)


@pytest.mark.parametrize(
    ("text", "off"),
    [
        ("", [0, 0, 0, 0]),
        ("L1.H2", [0, 0, 1, 0]),
        ("L1.H0-1:mean", [1, 1, 0, 0]),
        ("L1.attn", [1, 1, 1, 1]),
        ("L1.attn:lookback=100,L1.H3", [0, 0, 0, 1]),
        ("L1.mlp,L0.attn,L2.H1", [0, 0, 0, 0]),
    ],
)
def test_a_head_that_is_off_is_said_to_be_and_carries_nothing(tokens, text: str, off: list[int]) -> None:
    model = small_model()
    means = reference_means(model, torch.from_numpy(with_start(tokens[:2])))
    found = layer_attention(model, tokens[0], 1, parse_ablation(text, SMALL), means)
    assert found.off.tolist() == [bool(value) for value in off]
    assert not found.value_norms[found.off].any() and (found.value_norms[~found.off] > 0).all()
    np.testing.assert_allclose(found.pattern.sum(-1), 1, atol=1e-5)


def unpacked(message: bytes, n_heads: int, n: int) -> tuple[dict, np.ndarray, np.ndarray]:
    """A reader of its own: header, pattern, norms."""
    (length,) = struct.unpack_from("<I", message)
    header, at = json.loads(message[4 : 4 + length]), 4 + length
    pattern = np.zeros((n_heads, n, n))
    for head in range(n_heads):
        for query in range(n):
            for key in range(query + 1):
                pattern[head, query, key] = message[at] / 255
                at += 1
    return header, pattern, np.frombuffer(message[at:], dtype="<f4").reshape(n_heads, n)


@given(st.data())
def test_a_packed_pattern_is_at_most_a_510th_off(data: st.DataObject) -> None:
    n_heads, n = data.draw(st.integers(1, 3)), data.draw(st.integers(1, 7))
    weights = npst.arrays(np.float32, (n_heads, n, n), elements=st.floats(0, 1, width=32))
    pattern = np.tril(data.draw(weights))
    norms = data.draw(npst.arrays(np.float32, (n_heads, n), elements=st.floats(0, 1e6, width=32)))
    names = data.draw(st.dictionaries(st.text(max_size=5), st.text(max_size=5), max_size=3))
    header, found, same = unpacked(packed(names, quantise(pattern), norms), n_heads, n)
    assert header == names and np.array_equal(same, norms)
    assert np.abs(found - pattern).max() <= 1 / 510 + 1e-7
    assert np.array_equal(found[pattern == 0], pattern[pattern == 0]), "nothing stays nothing"
    assert np.array_equal(found[pattern == 1], pattern[pattern == 1]), "and all stays all"


def test_only_what_a_browser_draws_travels(tokens) -> None:
    found = layer_attention(small_model(), tokens[0], 0)
    assert quantise(found.pattern).shape == (4, 82_215)
    assert len(packed({}, quantise(found.pattern), found.value_norms)) == 4 + 2 + 4 * (82_215 + 4 * 405)


def test_arrays_travel_little_endian_and_in_order() -> None:
    array = np.arange(6, dtype=">u2").reshape(2, 3).T
    message = packed({}, array)
    assert message[6:] == bytes([0, 0, 3, 0, 1, 0, 4, 0, 2, 0, 5, 0])


def test_the_backend_runs_once_for_pattern_and_norms(tmp_path: Path) -> None:
    backend, name = Backend(), saved_model(tmp_path)
    puzzle = backend.bank()[0]
    found = backend.ask(name, AttentionOf(puzzle, layer=1))
    assert backend.ask(name, AttentionOf(puzzle, layer=1)) is found
    off = parse_ablation("L0.attn", SMALL)
    assert backend.ask(name, AttentionOf(puzzle, off, 1)) is not found
