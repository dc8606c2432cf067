"""Attention patterns of ablated runs, and the lookback detector on patterns whose score is known."""

import numpy as np
import pytest
import torch

from interp.ablation import parse_ablation
from interp.attention import attention_pattern, heads_above, lookback_scores, position_labels
from interp.errors import PuzzlescopeError
from interp.kinds import KINDS, draw
from interp.tokens import with_start
from tests.models import SMALL, small_model


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
    """A head whose scores are huge at one distance, made by a hook: the detector must say 1 there and 0 elsewhere."""
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
    """A head that always rests on the start token: clamped it seems to look 100 back a quarter of the time."""
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


def test_labels_name_every_position(tokens) -> None:
    labels = position_labels(tokens[0])
    assert len(labels) == 405 and labels[0] == "start"
    assert [labels[p] for p in (1, 102, 203, 304)] == ["X", "f(X)", "Y", "f(Y)"]
