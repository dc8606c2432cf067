"""The logit lens and direct logit attribution: identities of the residual stream, and a slow way through
hooks."""

import numpy as np
import pytest
import torch
from torch import Tensor
from transformer_lens import ActivationCache

from interp.ablation import NO_ABLATION, Ablation, ReferenceMeans, hooks_for, parse_ablation
from interp.analyses.direct_attribution import Attribution, direct_attribution
from interp.analyses.logit_lens import LogitLens, logit_lens
from interp.engine.forward import embed, gates_for, run, weights_of
from interp.engine.halves import run_halves
from interp.errors import PuzzlescopeError
from interp.export.tables import Header, Table
from interp.model import PuzzleGPT
from interp.tokens import ANSWER_START, structure_of
from tests.support.models import SMALL

ABLATIONS = [
    "",
    "L1.attn",
    "L0.mlp,L2.H1",
    "L1.attn:mean,L0.H2:mean,L2.mlp:mean",
    "L0.attn:lookback=100,L1.H3,L1.attn:mean,L2.H0:lookback=1",
    "L0-2.attn:mean,L0-2.mlp:mean",
]


def cached(
    model: PuzzleGPT, tokens: np.ndarray, ablation: Ablation, means: ReferenceMeans
) -> tuple[Tensor, ActivationCache]:
    """Logits and every activation of one puzzle, through hooks."""
    prompt = model.prompt(tokens[None])
    with model.hooks(fwd_hooks=hooks_for(model, prompt, ablation, means)), torch.inference_mode():
        return model.run_with_cache(prompt)


@pytest.mark.parametrize("text", ABLATIONS)
def test_the_lens_is_what_the_streams_of_a_cached_run_answer(model, tokens, means, text: str) -> None:
    ablation = parse_ablation(text, SMALL)
    lens = logit_lens(model, tokens[2], ablation, means)
    _, cache = cached(model, tokens[2], ablation, means)
    streams = [cache["resid_pre", 0]]
    for layer in range(SMALL.n_layers):
        streams += [cache["resid_mid", layer], cache["resid_post", layer]]
    assert lens.stages == ("embed", "L0.attn", "L0.mlp", "L1.attn", "L1.mlp", "L2.attn", "L2.mlp")
    for stage, stream in enumerate(streams):
        expected = (stream[0, ANSWER_START:-1] @ model.W_U + model.b_U).softmax(-1).numpy()
        np.testing.assert_allclose(lens.probabilities[stage], expected, atol=2e-5)


@pytest.mark.parametrize("text", ABLATIONS)
def test_the_lens_of_the_last_stage_is_the_models_answer(model, tokens, means, text: str) -> None:
    ablation = parse_ablation(text, SMALL)
    lens = logit_lens(model, tokens[1], ablation, means)
    with torch.inference_mode():
        prompt = model.prompt(tokens[1:2])[:, :-1]
        logits = run(model, prompt, gates_for(model, prompt, [ablation], means), last=100)
    np.testing.assert_allclose(lens.probabilities[-1], logits[0].softmax(-1).numpy(), atol=1e-6)
    assert np.array_equal(lens.tokens[-1], logits[0].argmax(-1).numpy())


def test_a_part_that_is_off_leaves_the_answer_as_it_was(model, tokens, means) -> None:
    lens = logit_lens(model, tokens[0], parse_ablation("L1.attn,L2.mlp", SMALL), means)
    stage = lens.stages.index("L1.attn")
    assert np.array_equal(lens.probabilities[stage], lens.probabilities[stage - 1])
    assert np.array_equal(lens.probabilities[-1], lens.probabilities[-2])
    assert not np.array_equal(lens.probabilities[stage + 1], lens.probabilities[stage])


def film(*right: str) -> LogitLens:
    """A lens of a first few cells: a letter a stage, r where it is right. All other cells are always
    right."""
    stages = len(right[0])
    chances = np.zeros((stages, 100, 15), np.float32)
    chances[:, :, 3] = 0.75
    chances[:, :, 13] = 0.25
    for cell, letters in enumerate(right):
        for stage, letter in enumerate(letters):
            if letter != "r":
                chances[stage, cell] = chances[stage, cell, ::-1]
                chances[stage, cell, 13] = 0.9
    return LogitLens(tuple(f"s{k}" for k in range(stages)), chances, np.full(100, 3))


def test_the_summary_names_the_stage_that_brings_most() -> None:
    assert film("wrr", "wwr", "wrr", "www").summary() == (
        "s1 brings most: 96 cells are right before it, 98 after. 1 of 100 cells are wrong at the end."
    )
    assert film("rr").summary() == "Every cell is right at the end."


def test_a_cell_settles_where_it_becomes_right_for_good() -> None:
    lens = film("wrww", "wrwr", "rrrr", "wwrr", "wwww")
    assert lens.settled[:6].tolist() == [4, 3, 0, 2, 4, 0]
    assert [lens.settled_name(cell) for cell in range(5)] == [None, "s3", "s0", "s2", None]
    assert lens.tokens[0, :3].tolist() == [13, 13, 3] and lens.right[:, 0].tolist() == [
        False,
        True,
        False,
        False,
    ]
    assert lens.confidence[0, 0] == pytest.approx(0.9) and lens.of_truth[1, 0] == pytest.approx(0.75)


def test_exported_rows_of_the_lens() -> None:
    rows = film("wrwr").rows()
    assert len(rows) == 400
    assert rows[0] == {
        "stage": "s0",
        "row": 1,
        "column": 1,
        "truth": "3",
        "token": "Y",
        "settled_at": "s3",
        "probability": pytest.approx(0.9),
        "probability_of_truth": pytest.approx(0.0),
    }
    assert rows[299]["row"] == 10 and rows[299]["column"] == 10 and rows[299]["settled_at"] == "s0"
    assert Table(Header("m", "c", ("p",)), rows).csv().count("\n") == 400 + 7


@pytest.mark.parametrize("text", ABLATIONS)
def test_the_parts_sum_to_the_logits(model, tokens, means, text: str) -> None:
    ablation = parse_ablation(text, SMALL)
    found = direct_attribution(model, tokens[3], ablation, means)
    logits, _ = cached(model, tokens[3], ablation, means)
    expected = logits[0, ANSWER_START:-1].numpy()
    np.testing.assert_allclose(found.total, expected, rtol=1e-4, atol=1e-4)
    np.testing.assert_allclose(found.logits.sum(0, dtype=np.float64), expected, rtol=1e-4, atol=1e-4)
    for choice in ({}, {"toward": 5, "over": 0}, {"over": 12}):
        parts = found.push(**choice)
        size = np.abs(parts).sum(0)
        assert (np.abs(parts.sum(0) - found.difference(**choice)) < 1e-4 * size).all()


@pytest.mark.parametrize("text", ["", "L1.H2:mean,L0.mlp:mean", "L2.attn:lookback=100"])
def test_each_part_is_what_it_writes_through_the_unembedding(model, tokens, means, text: str) -> None:
    ablation = parse_ablation(text, SMALL)
    found = direct_attribution(model, tokens[4], ablation, means)
    _, cache = cached(model, tokens[4], ablation, means)
    here = slice(ANSWER_START, -1)
    written = {"embed": cache["hook_embed"][0, here], "pos_embed": cache["hook_pos_embed"][0, here]}
    for layer in range(SMALL.n_layers):
        for head in range(SMALL.n_heads):
            written[f"L{layer}.H{head}"] = cache["z", layer][0, here, head] @ model.W_O[layer, head]
        written[f"L{layer}.mlp"] = cache["mlp_out", layer][0, here]
    assert found.parts == (*written, "bias")
    for part, vector in zip(found.parts, [*written.values()], strict=False):
        expected = (vector @ model.W_U).numpy()
        np.testing.assert_allclose(found.logits[found.parts.index(part)], expected, rtol=1e-4, atol=1e-4)
    np.testing.assert_allclose(found.logits[-1], np.tile(model.b_U.numpy(), (100, 1)), rtol=1e-6)


def test_a_layer_at_its_mean_is_a_part_and_its_heads_are_none(model, tokens, means) -> None:
    found = direct_attribution(model, tokens[0], parse_ablation("L1.attn:mean,L2.attn,L0.H1", SMALL), means)
    assert "L1.attn" in found.parts and "L2.attn" not in found.parts
    expected = (means.of[structure_of(tokens[0])].attn_out[1, ANSWER_START:404] @ model.W_U).numpy()
    np.testing.assert_allclose(found.logits[found.parts.index("L1.attn")], expected, rtol=1e-4, atol=1e-4)
    silent = [f"L{layer}.H{head}" for layer in (1, 2) for head in range(4)] + ["L0.H1"]
    for part in found.parts:
        added = np.abs(found.logits[found.parts.index(part)]).max()
        assert (added == 0) == (part in silent), part


def test_terms_sum_to_the_residual_stream_at_every_stage(model, tokens, means) -> None:
    """In logits, where a lens is the sum of what was added so far."""
    ablation = parse_ablation("L1.attn:mean,L0.H2", SMALL)
    lens = logit_lens(model, tokens[5], ablation, means)
    found = direct_attribution(model, tokens[5], ablation, means)
    bias = found.logits[-1]
    stages = {"pos_embed": "embed", "L0.H3": "L0.attn", "L0.mlp": "L0.mlp", "L1.attn": "L1.attn"}
    stages |= {"L1.mlp": "L1.mlp", "L2.H3": "L2.attn", "L2.mlp": "L2.mlp"}
    assert set(stages.values()) == set(lens.stages)
    for last, stage in stages.items():
        so_far = bias + found.logits[: found.parts.index(last) + 1].sum(0, dtype=np.float64)
        expected = torch.from_numpy(so_far).softmax(-1).numpy()
        np.testing.assert_allclose(lens.probabilities[lens.stages.index(stage)], expected, atol=1e-4)


@pytest.mark.parametrize("text", ABLATIONS)
def test_the_halves_of_a_layer_are_those_of_the_hooks(model, tokens, means, text: str) -> None:
    ablation = parse_ablation(text, SMALL)
    _, cache = cached(model, tokens[0], ablation, means)
    gates = gates_for(model, model.prompt(tokens[:1]), [ablation], means)
    with torch.inference_mode():
        resid = embed(model, model.prompt(tokens[:1]))
        for layer in range(SMALL.n_layers):
            halves = run_halves(weights_of(model), layer, resid, gates)
            for name, own in {
                "resid_pre": halves.pre,
                "attn_out": halves.attn_out,
                "resid_mid": halves.mid,
                "mlp_out": halves.mlp_out,
                "resid_post": halves.post,
            }.items():
                torch.testing.assert_close(own, cache[name, layer], rtol=1e-4, atol=1e-4)
            if halves.z is not None:
                torch.testing.assert_close(halves.z, cache["z", layer], rtol=1e-4, atol=1e-4)
            resid = halves.post


def given_logits() -> Attribution:
    """Two parts; the right token is 3, the runner-up 7, but at cell 1, where the model is wrong, 5 is
    likelier than both."""
    logits = np.zeros((2, 100, 15), np.float32)
    logits[0, :, 3], logits[1, :, 3], logits[1, :, 7] = 2, 1.5, 1
    logits[0, 1, 5] = 9
    return Attribution(("embed", "bias"), logits, logits.sum(0), np.full(100, 3))


def test_the_runner_up_is_the_likeliest_other_token() -> None:
    found = given_logits()
    assert found.runner_up[:3].tolist() == [7, 5, 7]
    assert found.tokens()[1].tolist() == [3, 5] and found.tokens(0, 2)[1].tolist() == [0, 2]
    assert found.push()[:, 0].tolist() == [2, 0.5] and found.push()[:, 1].tolist() == [-7, 1.5]
    assert found.difference()[:2].tolist() == [2.5, -5.5]
    assert found.push(3, 5)[0, 1] == -7 and found.push(5, 3)[0, 1] == 7


def test_exported_rows_of_the_attribution() -> None:
    first, second, total = given_logits().rows(1)
    assert first == {"part": "embed", "row": 1, "column": 2, "toward": "3", "over": "5", "push": -7}
    assert second["part"] == "bias" and total["part"] == "sum" and total["push"] == -5.5


@pytest.mark.parametrize(
    ("tokens", "message"),
    [((15, None), "from 0 to 14, got 15"), ((None, -1), "got -1"), ((3, 3), "two different")],
)
def test_tokens_that_cannot_be_compared(tokens, message: str) -> None:
    with pytest.raises(PuzzlescopeError, match=message):
        given_logits().push(*tokens)


def test_nothing_off_by_default(model, tokens) -> None:
    default = logit_lens(model, tokens[0])
    assert np.array_equal(default.probabilities, logit_lens(model, tokens[0], NO_ABLATION).probabilities)
    assert not any(point.has_hooks() for point in model.hook_dict.values())
