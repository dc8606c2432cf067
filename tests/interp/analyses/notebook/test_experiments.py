"""What the notebook found, measured: against models in which the answer is known."""

import numpy as np
import pytest
import torch

from interp.ablation import parse_ablation
from interp.analyses.lookback import lookback_scores
from interp.analyses.notebook import experiments as phenomena
from interp.analyses.notebook.experiments import (
    CopyCircuit,
    Phenomena,
    copy_circuit,
    copy_circuit_text,
    looking_heads,
    measure_phenomena,
)
from interp.engine.predict import losses, predict
from interp.errors import PuzzlescopeError
from interp.model import Config, PuzzleGPT
from interp.puzzles import load_puzzles
from interp.tokens import D_VOCAB, decode
from interp.training.card import looking_text, phenomena_text
from interp.training.evaluation import evaluate_more
from tests.support.models import SMALL, small_model

ONE_HOT = Config(n_layers=2, n_heads=1, d_model=64, d_head=16, d_mlp=8)


def copying_model() -> PuzzleGPT:
    """A model whose first attention layer hands on the token it looks at, and does nothing else.

    Tokens are embedded in the last 15 dimensions and read from the first 15; positions are not embedded at
    all.
    """
    model = PuzzleGPT(ONE_HOT)
    model.pos_embed.W_pos.zero_()
    for parameter in model.parameters():
        parameter.data.zero_()
    token = torch.eye(D_VOCAB)
    for block in model.blocks:
        block.ln1.w.data.fill_(1)
        block.ln2.w.data.fill_(1)
    model.embed.W_E.data[:, -D_VOCAB:] = 100 * token
    model.blocks[0].attn.W_V.data[0, -D_VOCAB:, :D_VOCAB] = token
    model.blocks[0].attn.W_O.data[0, :D_VOCAB, :D_VOCAB] = token
    model.unembed.W_U.data[:D_VOCAB] = 100 * token
    return model.eval().requires_grad_(False)


@pytest.fixture(scope="module")
def tokens() -> np.ndarray:
    return load_puzzles("bank", limit=6).tokens


def test_a_copying_model_draws_the_third_grid(tokens: np.ndarray) -> None:
    found = copy_circuit(copying_model(), tokens)
    assert (found.copied, found.copied_colored, found.invalid) == (1.0, 1.0, 0.0)


def test_the_same_circuit_in_a_layer_that_copies_nothing(tokens: np.ndarray) -> None:
    """Without the copying layer the model's logits are flat: it draws blanks."""
    found = copy_circuit(copying_model(), tokens, layer=1)
    third = decode(tokens)[:, 2]
    assert found.copied == pytest.approx((third == 0).mean())
    assert (found.copied_colored, found.invalid) == (0.0, 0.0)


def test_the_circuit_is_the_notebooks() -> None:
    notebook = parse_ablation("L*.mlp,L1-11.attn,L0.attn:lookback=100", Config())
    assert parse_ablation(copy_circuit_text(Config()), Config()) == notebook
    one = Config(n_layers=1, n_heads=2, d_model=8, d_head=4, d_mlp=8)
    assert copy_circuit_text(one) == "L0.attn:lookback=100,L0.mlp"


def test_numbers_are_those_of_the_library(tokens: np.ndarray) -> None:
    model = small_model()
    found = measure_phenomena(model, tokens)
    assert found.n == len(tokens)
    assert found.clean == losses(model, tokens)[0].mean()
    off = [
        losses(model, tokens, parse_ablation(f"L{n}.attn", SMALL))[0].mean() for n in range(SMALL.n_layers)
    ]
    assert list(found.layers) == off and found.layers[found.costliest] == max(off)
    text = copy_circuit_text(SMALL)
    assert found.circuits[0].ablation == text
    prediction = predict(model, tokens, parse_ablation(text, SMALL))
    assert found.circuits[0].loss == prediction.loss.mean()
    assert found.circuits[0].invalid == (prediction.greedy > 10).mean()


def test_the_costliest_layer_gets_a_circuit_of_its_own(tokens: np.ndarray) -> None:
    for seed in range(5):
        found = measure_phenomena(small_model(seed), tokens[:2])
        assert [c.ablation for c in found.circuits] == [
            copy_circuit_text(SMALL, layer) for layer in dict.fromkeys((0, found.costliest))
        ]


def test_heads_above_the_thresholds(tokens: np.ndarray, monkeypatch: pytest.MonkeyPatch) -> None:
    model = small_model()
    scores = lookback_scores(model, tokens, 100)
    unclamped = lookback_scores(model, tokens, 100, clamp=False)
    threshold = float(np.median(scores))
    monkeypatch.setattr(phenomena, "THRESHOLDS", {100: threshold})
    heads = measure_phenomena(model, tokens).heads[100]
    assert {(h.found.layer, h.found.head) for h in heads} == set(
        zip(*np.where(scores > threshold), strict=True)
    )
    for h in heads:
        assert h.found.score == pytest.approx(scores[h.found.layer, h.found.head])
        assert h.unclamped == pytest.approx(unclamped[h.found.layer, h.found.head])
        assert h.looks == (h.unclamped > threshold)
    assert [h.looks for h in heads] == sorted((h.looks for h in heads), reverse=True)


def test_a_head_that_rests_on_the_start_token() -> None:
    """One hundred back it scores 101 / 405 by the notebook's formula without looking back at all."""
    model = copying_model()
    attention = model.blocks[0].attn
    attention.W_Q.data[0, :, 0] = 1.0
    attention.W_K.data[0, -D_VOCAB, 0] = 100.0  # token 0, which the prompt below has only at its start
    model.blocks[0].ln1.b.data.fill_(1)
    (tokens,) = load_puzzles("bank", limit=1).tokens[None]
    full = np.where(tokens == 0, 1, tokens)
    found = measure_phenomena(model, full).heads[100]
    resting = next(h for h in found if h.found.layer == 0)
    assert not resting.looks and resting.start == pytest.approx(1, abs=1e-3)
    assert resting.found.score == pytest.approx(101 / 405, abs=1e-3)
    assert resting.unclamped == pytest.approx(1 / 305, abs=1e-3)


def test_the_card_tells_heads_that_look_from_those_that_rest() -> None:
    clamped, real, start = np.full((2, 2), 0.05), np.full((2, 2), 0.01), np.full((2, 2), 0.3)
    clamped[0, 1], real[0, 1], clamped[1, 0] = 0.5, 0.6, 0.25
    found = looking_heads(clamped, real, start, 100, 0.1)
    assert [(h.found.name, h.looks) for h in found] == [("L0.H1", True), ("L1.H0", False)]
    assert looking_text(found, 100, 0.1) == (
        "100 back above 0.1: L0.H1 0.50 (0.60). 1 more only because they rest on the start token where there"
        " are too few"
        " positions before: L1.H0 0.25 (0.01)."
    )
    assert looking_text(found[1:], 100, 0.1).startswith("100 back above 0.1: none. 1 more only because")
    clamped[1, 1] = np.nan
    found = looking_heads(clamped, real, start, 100, 0.1)
    assert [h.found.name for h in found] == ["L0.H1", "L1.H0", "L1.H1"]
    assert looking_text(found, 100, 0.1).endswith("The attention of 1 heads is not finite.")


@pytest.mark.parametrize(
    ("clean", "layers", "said"),
    [
        (0.0, (0.0, 0.5), "Layer 1 matters most: 5.00e-01. How many times as much"),
        (0.0, (0.0, 0.0), "cannot be said, for the clean loss is exactly 0"),
        (0.1, (0.05, 0.01), "No layer matters"),
        (0.1, (0.05, np.inf), "cannot be said, for a loss is not finite"),
        (np.nan, (0.05, 0.1), "cannot be said, for the clean loss is not finite"),
        (0.1, (0.05, 0.3), "Layer 1 matters most: 3.00e-01, 3 times as much"),
    ],
)
def test_the_card_of_any_losses(clean: float, layers: tuple[float, ...], said: str) -> None:
    circuits = (
        CopyCircuit("L0.attn", np.nan, np.nan, np.nan, np.nan),
        CopyCircuit("x", 0.1, 0.5, np.nan, 0.0),
    )
    text = phenomena_text(Phenomena(4, clean, layers, {1: (), 100: ()}, circuits))
    assert said in text and "nan" not in text and "inf" not in text
    assert "| `L0.attn` | not finite | not finite | not finite | not finite |" in text
    assert "| `x` | 0.10 | 50.0 % | none coloured | 0.0 % |" in text


def test_no_puzzle_is_solved_by_numbers_that_are_not_finite(tokens: np.ndarray) -> None:
    """Even if the first of them, which PyTorch takes for the largest, happens to be right."""
    model = copying_model()
    model.unembed.b_U.data[:] = torch.nan
    blank = np.where((np.arange(404) >= 304), 0, tokens[:2])
    for found in (losses(model, blank)[1], predict(model, blank).solved):
        assert not found.any()
    shares = dict(evaluate_more(model, 1))
    assert {(one.rate, one.not_finite) for one in shares.values()} == {(0.0, 1.0)}
    assert np.isnan(copy_circuit(model, blank).copied)
    assert measure_phenomena(model, blank).costliest == 0


def test_no_puzzle() -> None:
    with pytest.raises(PuzzlescopeError, match="choose at least one"):
        measure_phenomena(small_model(), np.zeros((0, 404), np.uint8))
