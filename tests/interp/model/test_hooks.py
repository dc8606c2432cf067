"""Hooks of a user: in every result of a whole run, out of the others with a word, and never gone."""

import warnings
from collections.abc import Callable, Iterator

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.nn.modules.module import register_module_forward_hook

from interp.ablation import NO_ABLATION, Component, components_of, hooks_for, parse_ablation, reference_means
from interp.analyses.ablation_sweep import sweep
from interp.analyses.activation_patching import activation_patching
from interp.analyses.attention import attention_of, attention_pattern
from interp.analyses.direct_attribution import direct_attribution
from interp.analyses.head_study import study_heads
from interp.analyses.logit_lens import logit_lens
from interp.analyses.lookback import lookback_table
from interp.analyses.notebook.experiments import measure_phenomena
from interp.analyses.notebook.published import blanks_masked
from interp.analyses.path_ablation import path_ablation
from interp.analyses.readers import Reader
from interp.engine.predict import losses, predict, predict_each
from interp.engine.runs import run_puzzle
from interp.errors import PuzzlescopeError
from interp.model import MLP, PuzzleGPT
from interp.model.hooks import HooksIgnored, changes_forward
from interp.tokens import ANSWER_START, with_start
from tests.support.models import SMALL, six_puzzles, small_model
from tests.support.paths import path_losses

TOKENS = six_puzzles()[:3]
NAME = "blocks.1.hook_attn_out"


def halved(out: Tensor, hook: object) -> Tensor:
    """Acts on some positions and rows only: whoever cuts a run into pieces would lose it."""
    out = out.clone()
    out[:, 100::3] *= 0.5
    out[1:, ANSWER_START:] = 0
    return out


@pytest.fixture
def model() -> PuzzleGPT:
    """One of this test alone, with a user's hooks of every sort on it."""
    model = small_model()
    model.add_hook("blocks.0.hook_resid_pre", lambda resid, hook: resid + 0.1)
    model.add_hook(NAME, halved, is_permanent=True)
    model.add_hook(NAME, lambda out, hook: out * 1.5, prepend=True)
    model.hook_dict[NAME].ctx["mine"] = 1
    return model


def state_of(model: PuzzleGPT) -> list[object]:
    """Everything that is set, in its order."""
    return [
        (name, id(handle), handle.is_permanent)
        for name, p in model.hook_dict.items()
        for handle in p.fwd_hooks
    ] + [dict(model.hook_dict[NAME].ctx)]


@pytest.fixture(autouse=True)
def untouched(model: PuzzleGPT) -> Iterator[None]:
    before, logits = state_of(model), model(torch.from_numpy(with_start(TOKENS)))
    yield
    assert state_of(model) == before, "a user's hooks are still there, in their order"
    assert torch.equal(model(torch.from_numpy(with_start(TOKENS))), logits)


def own_loss(model: PuzzleGPT, tokens: np.ndarray = TOKENS) -> np.ndarray:
    """By the model's own forward pass."""
    per_token = model(torch.from_numpy(with_start(tokens)), return_type="loss", loss_per_token=True)
    return per_token[:, ANSWER_START:].numpy()


def greedy_plainly(model: PuzzleGPT, tokens: np.ndarray) -> np.ndarray:
    """Cell by cell, the whole sequence again for each: positions and rows stay what they are."""
    drawn = torch.from_numpy(with_start(tokens))
    for cell in range(ANSWER_START + 1, 405):
        drawn[:, cell] = model(drawn)[:, cell - 1].argmax(-1)
    return drawn[:, ANSWER_START + 1 :].numpy()


def test_predictions_and_losses_are_those_of_the_models_own_pass(model: PuzzleGPT) -> None:
    found, (loss, solved) = predict(model, TOKENS), losses(model, TOKENS)
    np.testing.assert_allclose(found.loss.cells, own_loss(model), rtol=1e-5, atol=1e-6)
    np.testing.assert_array_equal(loss.cells, found.loss.cells)
    assert np.array_equal(found.greedy, greedy_plainly(model, TOKENS)) and not solved.any()
    assert not np.allclose(found.loss.cells, predict(small_model(), TOKENS).loss.cells, atol=1e-2)


def test_what_is_off_is_off_and_the_rest_is_the_users(model: PuzzleGPT) -> None:
    """An ablation's hooks come after the user's: with the hooked layer off the user's hook there is without
    effect."""
    off = parse_ablation("L1.attn,L0.H2", SMALL)
    found = predict(model, TOKENS, off)
    other = small_model()
    other.add_hook("blocks.0.hook_resid_pre", lambda resid, hook: resid + 0.1)
    np.testing.assert_allclose(found.loss.cells, predict(other, TOKENS, off).loss.cells, rtol=1e-5, atol=1e-6)
    each = [NO_ABLATION, off, NO_ABLATION]
    rows = predict_each(model, TOKENS, each)
    for row, ablation in enumerate(each):
        whole = predict(model, TOKENS, ablation)
        np.testing.assert_array_equal(rows.loss.cells[row], whole.loss.cells[row])
        np.testing.assert_array_equal(rows.greedy[row], whole.greedy[row])


def test_a_sweep_is_a_loss_after_the_other(model: PuzzleGPT) -> None:
    parts = components_of(SMALL, ["attn", "head", "mlp"])
    rows = list(sweep(model, TOKENS, parts))
    assert [row.component for row in rows] == [None, *parts]
    for row in rows:
        off = NO_ABLATION if row.component is None else parse_ablation(row.component.text, SMALL)
        np.testing.assert_array_equal(row.loss.cells, losses(model, TOKENS, off)[0].cells)
    with pytest.raises(PuzzlescopeError, match="scope 'answer' cannot be had"):
        list(sweep(model, TOKENS, parts, scope="answer"))


@pytest.mark.parametrize("text", ["", "L0.H1,L2.H1:lookback=100"])
def test_attention_heads_and_lens_are_those_of_a_cached_run(model: PuzzleGPT, text: str) -> None:
    off = parse_ablation(text, SMALL)
    model.add_hook("blocks.2.attn.hook_pattern", lambda pattern, hook: pattern.flip(1))
    one = TOKENS[:1]
    prompt = torch.from_numpy(with_start(one))
    with model.hooks(fwd_hooks=hooks_for(model, prompt, off)):
        logits, cache = model.run_with_cache(prompt)
    patterns = torch.stack([cache["pattern", layer][0] for layer in range(3)]).numpy()
    for layer in range(3):
        np.testing.assert_allclose(attention_pattern(model, one[0], layer, off), patterns[layer], atol=1e-6)
    back = np.arange(100, 405)
    expected = patterns[..., back, back - 100].mean(-1)
    np.testing.assert_allclose(lookback_table(model, one, [100], off, clamp=False)[100], expected, rtol=1e-5)
    np.testing.assert_allclose(study_heads(model, one, off).spectrum[..., 100], expected, rtol=1e-5)
    lens = logit_lens(model, one[0], off)
    np.testing.assert_allclose(lens.probabilities[-1], logits[0, 304:-1].softmax(-1), atol=1e-5)
    middle = (cache["resid_mid", 1] @ model.W_U + model.b_U)[0, 304:-1].softmax(-1)
    np.testing.assert_allclose(lens.probabilities[lens.stages.index("L1.attn")], middle, atol=1e-5)
    model.hook_dict["blocks.2.attn.hook_pattern"].remove_hooks()


def test_what_is_measured_on_whole_runs_has_them_too(model: PuzzleGPT) -> None:
    plain = small_model()
    found, other = measure_phenomena(model, TOKENS), measure_phenomena(plain, TOKENS)
    assert found.clean == pytest.approx(float(losses(model, TOKENS)[0].mean()))
    assert found.clean != pytest.approx(other.clean, rel=1e-3)
    assert blanks_masked(model, TOKENS)[0].mean() != pytest.approx(
        blanks_masked(plain, TOKENS)[0].mean(), rel=1e-3
    )


LOGITS = Reader("logits")
IGNORING: dict[str, Callable[[PuzzleGPT], object]] = {
    "reference means": lambda model: reference_means(model, with_start(TOKENS)).of.popitem()[1].mlp_out,
    "direct logit attributions": lambda model: direct_attribution(model, TOKENS[0]).logits,
    "patched runs": lambda model: activation_patching(model, TOKENS[0], TOKENS[2]).values,
    "effects of paths": lambda model: path_losses(model, TOKENS, Component(0, "attn"), [LOGITS])[0].cells,
    "kept runs": lambda model: run_puzzle(model, TOKENS[0]).logits,
}


@pytest.mark.parametrize("what", IGNORING)
def test_what_is_put_together_from_pieces_is_of_the_model_without_and_says_so_once(
    model: PuzzleGPT, what: str
) -> None:
    ask = IGNORING[what]
    with pytest.warns(HooksIgnored, match=f"{what} are of the model without them") as told:
        found = ask(model)
    assert len(told) == 1
    np.testing.assert_array_equal(np.asarray(found), np.asarray(ask(small_model())))
    ask(model)  # said once: a second warning would be an error here
    more = model.blocks[0].register_forward_hook(lambda *_: None)
    with pytest.warns(HooksIgnored):
        ask(model)
    more.remove()


def test_kept_runs_show_their_attention_without_them(model: PuzzleGPT) -> None:
    with pytest.warns(HooksIgnored):
        run = run_puzzle(model, TOKENS[0], parse_ablation("L1.H0:lookback=100", SMALL))
    plain = attention_pattern(small_model(), TOKENS[0], 2, parse_ablation("L1.H0:lookback=100", SMALL))
    np.testing.assert_allclose(attention_of(model, run, 2).pattern, plain, atol=1e-6)
    with pytest.warns(HooksIgnored, match="effects of paths"):
        path_ablation(model, TOKENS[:1], Component(1, "mlp"))


def test_a_context_of_the_users_goes_on_around_our_calls() -> None:
    model, clean = small_model(), predict(small_model(), TOKENS)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with model.hooks(fwd_hooks=[(NAME, lambda out, hook: out * 0)]):
            first = predict(model, TOKENS)
            attention_pattern(model, TOKENS[0], 1)
            assert np.array_equal(predict(model, TOKENS).greedy, first.greedy)
            assert changes_forward(model)
    assert not changes_forward(model)
    off = predict(model, TOKENS, parse_ablation("L1.attn", SMALL))
    np.testing.assert_allclose(first.loss.cells, off.loss.cells, rtol=1e-4, atol=1e-4)
    assert np.array_equal(predict(model, TOKENS).greedy, clean.greedy)


def test_a_backward_hook_changes_no_forward_pass(model: PuzzleGPT) -> None:
    plain = small_model()
    plain.add_hook(NAME, lambda grad, hook: None, dir="bwd")
    assert not changes_forward(plain)
    assert np.array_equal(predict(plain, TOKENS).greedy, predict(small_model(), TOKENS).greedy)


class Third(MLP):
    def forward(self, x: Tensor) -> Tensor:
        return super().forward(x) * 0.3


def replaced(model: PuzzleGPT) -> Callable[[], object]:
    own = model.blocks[1].mlp.forward
    model.blocks[1].mlp.forward = lambda x: own(x) * 0.3
    return lambda: None


def subclassed(model: PuzzleGPT) -> Callable[[], object]:
    model.blocks[1].mlp.__class__ = Third
    return lambda: None


def another_module(model: PuzzleGPT) -> Callable[[], object]:
    model.blocks[2].ln1 = torch.nn.Identity()
    return lambda: None


def everywhere(model: PuzzleGPT) -> Callable[[], object]:
    mlp = model.blocks[1].mlp
    return register_module_forward_hook(lambda module, _, out: out * 0.3 if module is mlp else None).remove


@pytest.mark.parametrize("alter", [replaced, subclassed, another_module, everywhere])
def test_a_part_that_was_altered_is_in_what_runs_the_model_and_the_rest_is_refused(alter) -> None:
    model, clean = small_model(), predict(small_model(), TOKENS).loss.cells
    undo = alter(model)
    try:
        found = predict(model, TOKENS).loss.cells
        np.testing.assert_allclose(found, own_loss(model), rtol=1e-5, atol=1e-6)
        assert not np.allclose(found, clean, atol=1e-3)
        (row,) = sweep(model, TOKENS, [])
        np.testing.assert_array_equal(row.loss.cells, found)
        for ask in IGNORING.values():
            with pytest.raises(PuzzlescopeError, match=r"replaced|global hooks"):
                ask(model)
    finally:
        undo()
