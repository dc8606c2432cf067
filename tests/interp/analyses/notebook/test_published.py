"""The notebook's findings: each sentence against figures whose verdict is known, the masking against a plain
computation."""

import numpy as np
import pytest
import torch

from interp.ablation import Ablation, parse_ablation
from interp.analyses.notebook import published as logbook
from interp.analyses.notebook.experiments import THRESHOLDS
from interp.engine.predict import losses, run_ablated
from interp.model import Config, KeyValueCache, PuzzleGPT
from interp.tokens import MARKERS, with_start
from tests.support.models import SMALL, six_puzzles


def test_the_published_figures_bear_out_what_was_published() -> None:
    found = logbook.layers_finding(logbook.PUBLISHED_CLEAN, logbook.PUBLISHED_LAYERS)
    assert found.holds and "Layer 0" in found.sentence
    assert logbook.PUBLISHED_LAYERS[0] > 400 * logbook.PUBLISHED_LAYERS[1]
    assert len(logbook.PUBLISHED_LAYERS) == logbook.PUBLISHED_SIZES.n_layers
    for lookback, heads in logbook.PUBLISHED_HEADS.items():
        scores = np.zeros((12, 8))
        for place, score in heads.items():
            scores[place] = score
        assert logbook.heads_finding(scores, lookback, THRESHOLDS[lookback]).holds
        assert min(heads.values()) > THRESHOLDS[lookback]


def test_the_published_sizes() -> None:
    assert logbook.same_sizes(Config())
    assert not logbook.same_sizes(SMALL)


@pytest.mark.parametrize(
    ("ablated", "holds", "said"),
    [
        ([1.0, 0.01, 0.02], True, "Layer 0 costs most, 1 nats, 50 × the next, layer 2"),
        ([0.01, 1.0, 0.02], False, "Here another layer dominates. Layer 1"),
        (
            [0.03, 0.01, 0.02],
            False,
            "1.50 × the next, layer 2: it does not dominate as layer 0 did (730 ×",
        ),
        ([0.5], True, "one layer only"),
        ([1.0, -0.1], True, "the others nothing"),
        ([-0.1, 1.0], False, "layer 0 costs nothing"),
        ([-0.1, -0.2], False, "No attention layer is needed here"),
        ([0.0], False, "No attention layer is needed here"),
        ([np.nan, 0.1], False, "not finite"),
        ([np.inf, 0.1], False, "not finite"),
    ],
)
def test_which_layer_matters(ablated: list[float], holds: bool, said: str) -> None:
    found = logbook.layers_finding(0.0, ablated)
    assert found.holds is holds and said in found.sentence


def test_a_marker_in_the_answer() -> None:
    truth = np.zeros(100, int)
    answer = truth.copy()
    assert "all 100 cells are right" in logbook.marker_finding(answer, truth).sentence
    answer[5] = 3
    found = logbook.marker_finding(answer, truth)
    assert not found.holds and "1 of 100 cells wrong" in found.sentence
    answer[37:39] = MARKERS[1], MARKERS[1]
    found = logbook.marker_finding(answer, truth)
    assert found.holds and "2 of the 100 cells" in found.sentence and "f(X)" in found.sentence
    assert "row 4, column 8" in found.sentence


@pytest.mark.parametrize(
    ("place", "lookback", "holds"),
    [((2, 1), 1, True), ((0, 1), 1, False), ((0, 1), 100, True), ((2, 1), 100, False)],
)
def test_heads_that_look_back(place: tuple[int, int], lookback: int, holds: bool) -> None:
    scores = np.full((3, 4), 0.05)
    scores[place] = 0.8
    found = logbook.heads_finding(scores, lookback, 0.2)
    assert found.holds is holds and f"L{place[0]}.H{place[1]} with 0.80" in found.sentence
    assert "No head" in logbook.heads_finding(scores, lookback, 0.9).sentence


def test_heads_whose_attention_is_no_number() -> None:
    scores = np.full((4, 4), 0.003)
    scores[0, 0] = np.nan
    assert "not finite" in logbook.heads_finding(scores, 100, 0.1).sentence


@pytest.mark.parametrize(
    ("loss", "masked", "holds", "said"),
    [
        (0.1, 2.0, True, "20 times as large"),
        (0.1, 0.05, False, "hardly matters here: hiding blank cells makes the loss 0.50 times"),
        (0.0, 2.0, True, "makes the loss 2, which is exactly 0"),
        (0.0, 0.0, False, "does not matter"),
        (np.nan, 2.0, False, "not finite"),
        (0.1, np.inf, False, "not finite"),
    ],
)
def test_masking_of_any_losses(loss: float, masked: float, holds: bool, said: str) -> None:
    found = logbook.masking_finding(loss, masked)
    assert found.holds is holds and said in found.sentence


def test_a_copy_is_more_than_the_background() -> None:
    third = np.zeros(100, int)
    third[:10] = 4
    assert logbook.copy_finding(third, third).holds
    blank = logbook.copy_finding(np.zeros(100, int), third)
    assert not blank.holds and "90% of all cells and 0% of the coloured" in blank.sentence
    assert logbook.copy_finding(np.zeros(100, int), np.zeros(100, int)).holds


def test_layers_one_by_one() -> None:
    assert logbook.one_by_one_finding(np.array([False, True, True])).holds
    found = logbook.one_by_one_finding(np.array([True, False, False]))
    assert not found.holds and "1, 2" in found.sentence
    assert "No layer is needed" in logbook.one_by_one_finding(np.array([True, True])).sentence


def test_deviation_is_a_share() -> None:
    assert logbook.deviation(1.5, 1.0) == pytest.approx(0.5)


def plainly_masked(model: PuzzleGPT, tokens: np.ndarray, ablation: Ablation) -> torch.Tensor:
    """A puzzle and a query at a time: softmax over the keys that are no blank cell."""
    prompt = torch.from_numpy(with_start(tokens[None]))[:, :-1]
    seen = (prompt[0] != 0) | (torch.arange(prompt.shape[1]) == 0)

    def only_seen(pattern: torch.Tensor, hook) -> torch.Tensor:
        kept = pattern * seen
        return kept / kept.sum(-1, keepdim=True)

    hooks = [(f"blocks.{layer}.attn.hook_pattern", only_seen) for layer in range(model.cfg.n_layers)]
    with torch.inference_mode(), model.without_hooks():
        for part in ablation.terms:  # zero ablation of attention layers only
            model.add_hook(
                f"blocks.{part.component.layer}.hook_attn_out", lambda out, hook: torch.zeros_like(out)
            )
        return model.run_with_hooks(prompt, fwd_hooks=hooks)


@pytest.mark.parametrize("text", ["", "L1.attn"])
def test_masking_blank_cells_is_renormalised_attention(model: PuzzleGPT, text: str) -> None:
    tokens, ablation = six_puzzles()[:2], parse_ablation(text, model.cfg)
    found, _ = logbook.blanks_masked(model, tokens, ablation)
    for k in range(2):
        logits = plainly_masked(model, tokens[k], ablation)[0, 303:]
        answer = torch.from_numpy(tokens[k, 303:].astype(np.int64))
        plain = torch.nn.functional.cross_entropy(logits, answer, reduction="none")
        np.testing.assert_allclose(found.marker[k], plain[0], rtol=1e-4)
        np.testing.assert_allclose(found.cells[k], plain[1:], rtol=1e-3, atol=1e-4)


def test_masking_changes_the_answer_and_leaves_no_hook(model: PuzzleGPT) -> None:
    tokens = six_puzzles()
    clean, _ = losses(model, tokens)
    masked, _ = logbook.blanks_masked(model, tokens)
    again, _ = losses(model, tokens)
    assert not np.allclose(clean.cells, masked.cells, atol=1e-2)
    np.testing.assert_array_equal(clean.cells, again.cells)


@pytest.mark.parametrize("text", ["", "L1.attn", "L0.H1:lookback=100,L2.mlp"])
def test_the_cache_was_not_at_fault(model: PuzzleGPT, text: str) -> None:
    """Fed token by token, blank cells and all, the cached run gives the logits of the whole at once."""
    prompt = torch.from_numpy(with_start(six_puzzles()[:1]))
    ablation = parse_ablation(text, model.cfg)
    with torch.inference_mode():
        whole = run_ablated(model, prompt, ablation)
        cache = KeyValueCache(model.cfg, 1)
        parts = [run_ablated(model, prompt[:, :300], ablation, kv_cache=cache)]
        parts += [run_ablated(model, prompt[:, k : k + 1], ablation, kv_cache=cache) for k in range(300, 405)]
    assert (prompt[0, 300:] == 0).any()
    torch.testing.assert_close(torch.cat(parts, 1), whole, atol=1e-4, rtol=1e-4)
