"""Losses, success and greedy answers, against plain slow computations."""

import numpy as np
import pytest
import torch

from interp.ablation import NO_ABLATION, Ablation, parse_ablation
from interp.engine.answers import AnswerLoss
from interp.engine.measures import METRICS
from interp.engine.predict import losses, predict, run_ablated
from interp.errors import PuzzlescopeError
from interp.model import PuzzleGPT
from interp.tokens import ANSWER_START, with_start
from tests.interp.engine.plainly import best_cells

ABLATIONS = [
    "",
    "L0.attn",
    "L1.H2:lookback=100,L2.mlp",
    "L*.mlp,L1-2.attn,L0.attn:lookback=100",
    "L0.H*:mean,L1.mlp:mean",
]


def decode_plainly(model: PuzzleGPT, tokens: np.ndarray, ablation: Ablation, means) -> np.ndarray:
    """No cache, no shortcut: the whole sequence again for every cell."""
    sequence = torch.from_numpy(with_start(tokens))[:, : ANSWER_START + 1]
    with torch.inference_mode():
        for _ in range(100):
            best = run_ablated(model, sequence, ablation, means)[:, -1].argmax(-1, keepdim=True)
            sequence = torch.cat([sequence, best], dim=1)
    return sequence[:, ANSWER_START + 1 :].numpy()


def test_greedy_equals_plain_decoding_token_for_token(model, tokens, means) -> None:
    """The long way once, which also shows that one pass over the answer says the same."""
    ablation = parse_ablation("L1.H2:lookback=100,L0.H*:mean,L2.mlp", model.cfg)
    drawn = decode_plainly(model, tokens[:2], ablation, means)
    assert np.array_equal(predict(model, tokens, ablation, means, batch=4).greedy[:2], drawn)
    assert np.array_equal(best_cells(model, tokens[:2], drawn, ablation, means), drawn)
    drawn[0, 50] = (drawn[0, 50] + 1) % 11
    assert np.flatnonzero(best_cells(model, tokens[:2], drawn, ablation, means)[0] != drawn[0])[0] == 50


@pytest.mark.parametrize("text", ABLATIONS)
def test_every_cell_is_the_best_after_those_before_it(model, tokens, means, text: str) -> None:
    ablation = parse_ablation(text, model.cfg)
    found = predict(model, tokens, ablation, means, batch=4)
    assert np.array_equal(found.greedy, best_cells(model, tokens, found.greedy, ablation, means))
    assert np.array_equal(found.greedy, found.greedy_probabilities.argmax(-1))


def test_a_model_that_is_right_for_a_while_is_decoded_from_its_first_wrong_cell(model, tokens) -> None:
    """Answers made of what the model itself draws, then one cell altered: the prefix must be taken over, not
    decoded."""
    own = tokens.copy()
    own[:, 304:] = predict(model, tokens).greedy.clip(max=10)
    solved = predict(model, own)
    for row, cut in enumerate([0, 1, 40, 98, 99, 50]):
        if solved.solved[row]:
            own[row, 304 + cut] = (own[row, 304 + cut] + 1) % 11
    found = predict(model, own)
    assert np.array_equal(found.greedy, best_cells(model, own, found.greedy, NO_ABLATION, None))
    assert not found.solved.any()


def test_solved_means_the_greedy_answer_is_the_truth(model, tokens) -> None:
    own = tokens.copy()
    own[:, 304:] = predict(model, tokens).greedy
    found = predict(model, own)
    assert found.solved.all(), "its own answers are right in its own eyes"
    assert np.array_equal(found.greedy, own[:, 304:])
    assert losses(model, own)[1].all()
    assert not predict(model, tokens).solved.any()


def test_batches_do_not_matter(model, tokens) -> None:
    """One at a time, with a rest, and as many as there are: all in a batch that has room for more."""
    together = predict(model, tokens, batch=16)
    for batch in (1, 4, len(tokens)):
        alone = predict(model, tokens, batch=batch)
        assert np.array_equal(alone.greedy, together.greedy)
        np.testing.assert_allclose(alone.loss.cells, together.loss.cells, atol=1e-5)
        np.testing.assert_allclose(alone.probabilities, together.probabilities, atol=1e-5)


def test_the_four_cuts_by_hand(model, tokens) -> None:
    prompt = torch.from_numpy(with_start(tokens))
    per_token = model(prompt, return_type="loss", loss_per_token=True)
    loss, _ = losses(model, tokens)
    assert loss.mean("final") == pytest.approx(float(per_token[:, 303:].mean()), rel=1e-5)
    assert loss.mean("cells") == pytest.approx(float(per_token[:, 304:].mean()), rel=1e-5)
    copied = tokens[:, 304:] == tokens[:, 203:303]
    cells = per_token[:, 304:].numpy()
    assert loss.mean("copied") == pytest.approx(float(cells[copied].mean()), rel=1e-5)
    assert loss.mean("changed") == pytest.approx(float(cells[~copied].mean()), rel=1e-5)
    assert predict(model, tokens).loss.mean("changed") == pytest.approx(loss.mean("changed"), rel=1e-5)


def test_by_puzzle_and_mean_agree() -> None:
    rng = np.random.default_rng(0)
    copied = rng.random((5, 100)) < 0.9
    copied[2] = True
    loss = AnswerLoss(rng.random(5), rng.random((5, 100)), copied)
    for metric in ("final", "cells"):
        assert loss.mean(metric) == pytest.approx(loss.by_puzzle(metric).mean())
    assert np.isnan(loss.by_puzzle("changed")[2]) and np.isnan(loss[2:3].mean("changed"))
    weights = (~copied).sum(1)
    pooled = np.nansum(loss.by_puzzle("changed") * weights) / weights.sum()
    assert loss.mean("changed") == pytest.approx(pooled)
    assert set(METRICS) == {"final", "cells", "copied", "changed"}


def test_the_marker_is_in_the_final_cut_only() -> None:
    loss = AnswerLoss(np.array([101.0]), np.zeros((1, 100)), np.ones((1, 100), dtype=bool))
    assert loss.mean("final") == pytest.approx(1.0) and loss.mean("cells") == 0


def test_no_puzzle_is_an_error_of_one_sentence(model) -> None:
    with pytest.raises(PuzzlescopeError, match="at least one"):
        predict(model, np.zeros((0, 404), dtype=np.uint8))
