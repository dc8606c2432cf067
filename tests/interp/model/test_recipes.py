"""Recipes written for TransformerLens, on our model: each against an identity of the transformer or a plain
computation."""

import logging
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor
from transformer_lens import ActivationCache, FactoredMatrix, SVDInterpreter, patching
from transformer_lens.head_detector import detect_head
from transformer_lens.tools.analysis.attribution_patching import EdgeAttributionConfig, attribution_patch
from transformer_lens.tools.analysis.direct_logit_attribution import direct_logit_attribution
from transformer_lens.utilities.components_utils import get_act_name

from interp.errors import PuzzlescopeError
from interp.model import Config, KeyValueCache, PuzzleGPT, loss_of
from interp.model.config import SWITCHES
from interp.model.recipes import Recipes

LAYERS, HEADS, POS = 3, 4, 30


@pytest.fixture(scope="module")
def shared() -> PuzzleGPT:
    """Random weights; queries wider than values, so that they are told apart. As of load_model: without
    gradients."""
    torch.manual_seed(4)
    made = PuzzleGPT(Config(n_layers=LAYERS, n_heads=HEADS, d_model=24, d_head=5, d_mlp=20, d_qk=7))
    with torch.no_grad():
        for parameter in made.parameters():
            parameter.add_(torch.randn_like(parameter) * 0.3)
    return made.eval().requires_grad_(False)


@pytest.fixture
def model(shared: PuzzleGPT) -> Iterator[PuzzleGPT]:
    """The same for all tests, which leave it as it was."""
    yield shared
    for switch in SWITCHES:
        setattr(shared.cfg, switch, False)
    shared.reset_hooks(including_permanent=True)


@pytest.fixture(scope="module")
def tokens() -> Tensor:
    return torch.randint(0, 15, (2, POS), generator=torch.Generator().manual_seed(5))


@pytest.fixture(scope="module")
def cache(shared: PuzzleGPT, tokens: Tensor) -> ActivationCache:
    return shared.run_with_cache(tokens)[1]


def assert_close(a: Tensor, b: Tensor, tolerance: float = 1e-5) -> None:
    assert a.shape == b.shape
    a, b = (x.masked_fill(x == -torch.inf, 0) for x in (a, b))  # scores of keys that are not seen
    assert (a - b).abs().max() <= tolerance * max(1.0, b.abs().max().item())


# ---- gradients ---------------------------------------------------------------------------------------------


def test_gradients_of_activations_are_the_slopes_of_the_loss(model: PuzzleGPT, tokens: Tensor):
    """Against differences: the loss with a little added to an activation, for every kind of hook point."""
    loss, cache = model.run_with_cache(tokens, return_type="loss", incl_bwd=True)
    assert loss.item() == pytest.approx(model(tokens, return_type="loss").item(), abs=1e-5)
    unreached = {"ln_final.hook_scale"}  # nothing is computed from it
    fired = [name for name in cache if not name.endswith("_grad")]
    assert {f"{name}_grad" for name in fired} - set(cache) == {f"{name}_grad" for name in unreached}
    exact = PuzzleGPT(model.cfg).double()
    exact.load_state_dict(model.state_dict())
    exact.requires_grad_(False)
    generator = torch.Generator().manual_seed(6)
    for name in (name for name in fired if name not in unreached):
        direction = torch.randn(cache[name].shape, generator=generator, dtype=torch.float64)
        if name.endswith("attn_scores"):
            direction = direction.tril()

        def nudged(step: float, name: str = name, direction: Tensor = direction) -> float:
            hooks = [(name, lambda x, hook: x + step * direction)]
            return exact.run_with_hooks(tokens, return_type="loss", fwd_hooks=hooks).item()

        slope = (nudged(1e-6) - nudged(-1e-6)) / 2e-6
        found = (cache[f"{name}_grad"].double() * direction).sum().item()
        assert found == pytest.approx(slope, rel=1e-3, abs=1e-5), name


def get_cache_fwd_and_bwd(
    model: PuzzleGPT, tokens: Tensor, metric: Callable[[Tensor], Tensor]
) -> tuple[float, ActivationCache, ActivationCache]:
    """As N. Nanda's tutorial of attribution patching collects activations and gradients."""
    model.reset_hooks()
    cache: dict[str, Tensor] = {}
    grads: dict[str, Tensor] = {}

    def forward_cache_hook(act: Tensor, hook: Any) -> None:
        cache[hook.name] = act.detach()

    def backward_cache_hook(act: Tensor, hook: Any) -> None:
        grads[hook.name] = act.detach()

    model.add_hook(lambda name: "_input" not in name, forward_cache_hook, "fwd")
    model.add_hook(lambda name: "_input" not in name, backward_cache_hook, "bwd")
    value = metric(model(tokens))
    value.backward()
    model.reset_hooks()
    return value.item(), ActivationCache(cache, model), ActivationCache(grads, model)


def test_attribution_patching_agrees_with_activation_patching(model: PuzzleGPT, tokens: Tensor):
    """To first order: for two prompts whose embeddings differ a little, by a hook that a user keeps on
    meanwhile."""

    def metric(logits: Tensor) -> Tensor:
        return logits[:, -1, 3].sum() - logits[:, -1, 4].sum()

    nudge = torch.randn(2, POS, 24, generator=torch.Generator().manual_seed(1)) * 1e-3
    corrupted_value, corrupted, grads = get_cache_fwd_and_bwd(model, tokens, metric)
    with model.hooks(fwd_hooks=[("hook_embed", lambda x, hook: x + nudge)]):
        _, clean = model.run_with_cache(tokens)
        clean_value = metric(model(tokens)).item()
    assert not model.has_hooks
    for layer in range(LAYERS):
        difference = clean["resid_pre", layer] - corrupted["resid_pre", layer]
        estimate = (difference * grads["resid_pre", layer]).sum().item()
        assert estimate == pytest.approx(clean_value - corrupted_value, rel=0.05, abs=1e-4)


def test_gradients_change_nothing_for_those_who_ask_for_none(model: PuzzleGPT, tokens: Tensor):
    assert not model(tokens).requires_grad
    assert not model.run_with_cache(tokens)[0].requires_grad
    model.add_hook("blocks.1.hook_resid_pre", lambda grad, hook: None, dir="bwd")
    assert model(tokens).requires_grad
    with torch.no_grad():
        assert not model(tokens).requires_grad
    with torch.inference_mode():
        assert not model(tokens).requires_grad
    assert all(parameter.grad is None for parameter in model.parameters())
    model.reset_hooks()
    assert not model(tokens).requires_grad


def test_gradients_by_forward_hooks_alone(model: PuzzleGPT, tokens: Tensor):
    """As recipes do that keep the activation itself and differentiate by it."""
    name, kept = "blocks.1.hook_mlp_out", {}

    def keep(x: Tensor, hook: Any) -> None:
        kept[hook.name] = x.requires_grad_()

    loss = model.run_with_hooks(tokens, return_type="loss", fwd_hooks=[(name, keep)])
    (grad,) = torch.autograd.grad(loss, kept[name])
    _, cache = model.run_with_cache(tokens, return_type="loss", incl_bwd=True, names_filter=name)
    assert_close(grad, cache[f"{name}_grad"])
    logits = model(tokens)
    assert model.loss_fn(logits, tokens).item() == pytest.approx(loss.item(), abs=1e-5)
    assert torch.equal(model.loss_fn(logits, tokens, per_token=True), loss_of(logits, tokens))


def test_a_backward_hook_replaces_the_gradient(model: PuzzleGPT, tokens: Tensor):
    """Cut the path through layer 1's MLP: what remains at its input is the gradient of the stream alone."""
    names = ["blocks.1.hook_resid_mid", "blocks.1.hook_resid_post"]
    with model.hooks(bwd_hooks=[("blocks.1.hook_mlp_out", lambda grad, hook: torch.zeros_like(grad))]):
        _, cache = model.run_with_cache(tokens, return_type="loss", incl_bwd=True, names_filter=names)
    assert_close(cache[f"{names[0]}_grad"], cache[f"{names[1]}_grad"])


def test_parameters_of_a_model_in_training_get_their_gradients_too(shared: PuzzleGPT, tokens: Tensor):
    trained = PuzzleGPT(shared.cfg)
    trained.load_state_dict(shared.state_dict())
    expected = torch.autograd.grad(trained(tokens, return_type="loss"), list(trained.parameters()))
    trained.run_with_cache(tokens, return_type="loss", incl_bwd=True)
    for parameter, gradient in zip(trained.parameters(), expected, strict=True):
        assert_close(parameter.grad, gradient)


@pytest.mark.parametrize(
    ("asked", "word"),
    [
        ({}, "return_type='loss'"),
        ({"return_type": "both"}, "return_type='loss'"),
        ({"return_type": "loss", "loss_per_token": True}, "one number"),
        ({"return_type": "loss", "stop_at_layer": 1}, "all tokens and layers"),
    ],
)
def test_gradients_of_what_has_none(model: PuzzleGPT, tokens: Tensor, asked: dict[str, Any], word: str):
    with pytest.raises(PuzzlescopeError, match=word):
        model.run_with_cache(tokens, incl_bwd=True, **asked)
    with torch.no_grad(), pytest.raises(PuzzlescopeError, match="switched off here"):
        model.run_with_cache(tokens, return_type="loss", incl_bwd=True)
    assert not model.has_hooks


# ---- parts of a run ----------------------------------------------------------------------------------------


def test_a_run_stops_before_a_layer_and_another_goes_on_from_there(model: PuzzleGPT, tokens: Tensor):
    logits, cache = model(tokens), model.run_with_cache(tokens)[1]
    for layer in range(LAYERS):
        stream = model(tokens, stop_at_layer=layer)
        assert_close(stream, cache["resid_pre", layer])
        assert torch.equal(model(tokens, stop_at_layer=layer - LAYERS), stream)
        assert torch.equal(model(stream, start_at_layer=layer), logits)
        assert torch.equal(model(stream, start_at_layer=layer - LAYERS), logits)
        kept, some = model.run_with_cache(tokens, stop_at_layer=layer)
        assert_close(kept, stream)
        assert {name.split(".")[1] for name in some if "blocks" in name} == {str(k) for k in range(layer)}
    final = model(tokens, stop_at_layer=LAYERS)
    assert_close(final, cache["resid_post", -1])
    assert torch.equal(model.unembed(model.ln_final(final)), logits)
    middle = model(model(tokens, stop_at_layer=1), start_at_layer=1, stop_at_layer=2)
    assert_close(middle, cache["resid_pre", 2])


def test_gradient_of_a_stream_that_a_run_starts_from(model: PuzzleGPT, tokens: Tensor):
    """The way to the gradient of any layer without a hook: the stream is a tensor of the caller's."""
    stream = model(tokens, stop_at_layer=2).requires_grad_()
    loss = loss_of(model(stream, start_at_layer=2), tokens).mean()
    (grad,) = torch.autograd.grad(loss, stream)
    _, cache = model.run_with_cache(tokens, return_type="loss", incl_bwd=True)
    assert_close(grad, cache["blocks.2.hook_resid_pre_grad"])


@pytest.mark.parametrize(
    ("asked", "word"),
    [
        ({"stop_at_layer": 4}, "from -3 to 3, got 4"),
        ({"stop_at_layer": -4}, "from -3 to 3, got -4"),
        ({"stop_at_layer": True}, "whole number"),
        ({"start_at_layer": 3}, "from -3 to 2, got 3"),
        ({"start_at_layer": 1}, "residual stream"),
        ({"return_type": "logit"}, "'logits', 'loss', 'both' or None, got 'logit'"),
        ({"prepend_bos": True}, "no use for prepend_bos"),
        ({"tokenizer": "gpt2"}, "no use for tokenizer"),
        ({"attention_mask": torch.ones(2, POS)}, "no use for attention_mask"),
    ],
)
def test_what_cannot_be_asked_of_a_run(model: PuzzleGPT, tokens: Tensor, asked: dict[str, Any], word: str):
    with pytest.raises(PuzzlescopeError, match=word) as caught:
        model(tokens, **asked)
    assert "\n" not in str(caught.value)


def test_what_other_models_are_told_not_to_do_this_one_does_not(model: PuzzleGPT, tokens: Tensor):
    assert torch.equal(model(tokens, prepend_bos=False, attention_mask=None), model(tokens))


def test_a_part_of_a_run_extends_no_cache_and_has_no_loss(model: PuzzleGPT, tokens: Tensor):
    with pytest.raises(PuzzlescopeError, match="key-value cache"):
        model(tokens, stop_at_layer=1, kv_cache=KeyValueCache(model.cfg, 2))
    with pytest.raises(PuzzlescopeError, match="ask for logits"):
        model(model(tokens, stop_at_layer=1), start_at_layer=1, return_type="loss")
    for other in (KeyValueCache(model.cfg, 3), KeyValueCache(replace(model.cfg, d_qk=5), 2)):
        with pytest.raises(PuzzlescopeError, match=r"run needs \[3, 2, 4, 405, 7\]"):
            model(tokens, kv_cache=other)


# ---- tokens ------------------------------------------------------------------------------------------------


def test_tokens_as_people_have_them(model: PuzzleGPT, tokens: Tensor):
    expected = model(tokens)
    for kind in (torch.uint8, torch.int8, torch.int16, torch.int32):
        assert torch.equal(model(tokens.to(kind)), expected)
    for name in ("uint8", "uint16", "int64"):
        assert torch.equal(model(tokens.numpy().astype(name)), expected)
    assert torch.equal(model(tokens.tolist()), expected)
    assert_close(model(tokens[0]), expected[:1])  # one row is a batch of one
    logits, cache = model.run_with_cache(tokens[1].tolist(), remove_batch_dim=True)
    assert_close(logits, expected[1:])
    assert cache["z", 1].shape == (POS, HEADS, 5)
    assert model(tokens.int(), return_type="loss").item() == model(tokens, return_type="loss").item()


@pytest.mark.parametrize(
    "bad", [[[1, 2], [3]], "0 X 5", ["0 X 5"], None, [True, False], [1.5], 3, {}, [], [[]]]
)
def test_what_are_no_tokens(model: PuzzleGPT, bad: Any):
    for run in (model, model.run_with_cache):
        with pytest.raises(PuzzlescopeError, match="Tokens must be whole numbers") as caught:
            run(bad)
        assert "\n" not in str(caught.value)


def test_names_of_tokens(model: PuzzleGPT):
    text = "0 X 5 10 f(X) 0"
    assert model.to_tokens(text).tolist() == [[0, 11, 5, 10, 12, 0]]
    assert model.to_string(model.to_tokens(text)) == text
    assert model.to_str_tokens("X 5", prepend_bos=True) == ["0", "X", "5"]
    assert torch.equal(model(model.to_tokens(text)), model([0, 11, 5, 10, 12, 0]))
    assert torch.equal(model.tokens_to_residual_directions("f(Y)"), model.W_U[:, 14])
    with pytest.raises(PuzzlescopeError, match="No token is named 'Z'"):
        model.to_tokens("X Z")


# ---- what is kept ------------------------------------------------------------------------------------------


def test_filters_of_names(model: PuzzleGPT, tokens: Tensor, cache: ActivationCache):
    name = "blocks.1.attn.hook_z"
    for names in (name, [name], (name,), {name}, lambda found: found == name):
        _, kept = model.run_with_cache(tokens, names_filter=names)
        assert list(kept.keys()) == [name]
        assert_close(kept["z", 1], cache["z", 1])


def test_slices_of_positions(model: PuzzleGPT, tokens: Tensor):
    for switch in SWITCHES:
        setattr(model.cfg, switch, True)
    _, whole = model.run_with_cache(tokens, return_type="loss", incl_bwd=True)
    _, slice_ = model.run_with_cache(
        tokens, return_type="loss", incl_bwd=True, pos_slice=(3, 9, 2), device="cpu"
    )
    assert set(slice_) == set(whole)
    for name in whole:
        per_head = whole[name].ndim == 4 and "pattern" not in name and "scores" not in name
        axis = 1 if per_head or whole[name].ndim == 3 else 2
        assert torch.equal(slice_[name], whole[name].index_select(axis, torch.tensor([3, 5, 7]))), name
    _, last = model.run_with_cache(tokens[:1], pos_slice=-1, remove_batch_dim=True)
    assert last["resid_post", -1].shape == (1, 24)


@pytest.mark.parametrize("name", ["blocks.9.attn.hook_z", "blocks.1.hook_z", "embed", "blocks.1"])
def test_hook_points_that_do_not_exist(model: PuzzleGPT, tokens: Tensor, name: str):
    asks: list[Callable[[], Any]] = [
        lambda: model.add_hook(name, print),
        lambda: model.run_with_hooks(tokens, fwd_hooks=[("hook_embed", print), (name, print)]),
        lambda: model.run_with_cache(tokens, names_filter=name),
        lambda: model.run_with_cache(tokens, names_filter=["hook_embed", name]),
    ]
    for ask in asks:
        with pytest.raises(PuzzlescopeError, match=f"no hook point '{name}'"):
            ask()
    assert not model.has_hooks and model.context_level == 0


def test_a_batch_axis_that_cannot_go(model: PuzzleGPT, tokens: Tensor):
    with pytest.raises(PuzzlescopeError, match="got 2 rows"):
        model.run_with_cache(tokens, remove_batch_dim=True)


# ---- switches ----------------------------------------------------------------------------------------------


def test_switches_belong_to_one_model_and_to_no_config(model: PuzzleGPT):
    cfg = Config(n_layers=1, n_heads=2, d_model=8, d_head=4, d_mlp=8)
    one, other = PuzzleGPT(cfg), PuzzleGPT(cfg)
    before = repr(one.cfg)
    one.set_use_attn_result(True)
    one.cfg.use_split_qkv_input = True  # as older recipes write it
    assert one.cfg.use_attn_result and one.blocks[0].attn.cfg.use_split_qkv_input
    assert not other.cfg.use_attn_result and not cfg.use_split_qkv_input
    assert one.cfg == other.cfg == cfg and hash(one.cfg) == hash(cfg) and repr(one.cfg) == before
    for name in ("n_layers", "use_atn_result"):
        with pytest.raises(AttributeError, match=f"cannot assign to field '{name}'"):
            setattr(one.cfg, name, 3)


@pytest.mark.parametrize(
    "together", [["use_attn_result"], ["use_split_qkv_input"], ["use_attn_in"], [*SWITCHES]]
)
def test_switches_change_no_result(
    model: PuzzleGPT, tokens: Tensor, cache: ActivationCache, together: list[str]
):
    logits = model(tokens)
    for switch in together:
        getattr(model, f"set_{switch}")(True)
    again, shown = model.run_with_cache(tokens)
    assert_close(again, logits)
    assert len(shown) > len(cache)
    for name in cache:
        assert_close(shown[name], cache[name])
    parts = [
        model(tokens[:, :11], kv_cache=(past := KeyValueCache(model.cfg, 2))),
        model(tokens[:, 11:], kv_cache=past),
    ]
    assert_close(torch.cat(parts, dim=1), logits)


def test_results_of_heads(model: PuzzleGPT, tokens: Tensor, cache: ActivationCache):
    model.set_use_attn_result(True)
    _, shown = model.run_with_cache(tokens)
    for layer in range(LAYERS):
        result = shown["result", layer]
        assert_close(result, torch.einsum("bphd,hdm->bphm", cache["z", layer], model.W_O[layer]))
        assert_close(result.sum(2), cache["attn_out", layer])
    without = model.run_with_hooks(tokens, fwd_hooks=[(get_act_name("result", 1), zero_head(2))])
    by_z = model.run_with_hooks(tokens, fwd_hooks=[(get_act_name("z", 1), zero_head(2))])
    assert_close(without, by_z)


def zero_head(head: int) -> Callable[..., Tensor]:
    def run(x: Tensor, hook: Any) -> Tensor:
        x[:, :, head] = 0
        return x

    return run


def test_inputs_of_heads_are_the_stream_and_reach_one_head_alone(
    model: PuzzleGPT, tokens: Tensor, cache: ActivationCache
):
    """Another stream into one head's query changes that head's query, to what it would be, and nothing else
    at its layer."""
    model.set_use_split_qkv_input(True)
    other = torch.randn(2, POS, 24, generator=torch.Generator().manual_seed(9))
    block = model.blocks[1]
    for letter, weights in (("q", model.W_Q), ("k", model.W_K), ("v", model.W_V)):
        for name in (f"blocks.1.hook_{letter}_input", f"blocks.1.attn.hook_{letter}_input"):
            seen: dict[str, Tensor] = {}

            def patch(x: Tensor, hook: Any, seen: dict[str, Tensor] = seen) -> Tensor:
                seen["input"] = x.clone()
                x[:, :, 2] = other
                return x

            with model.hooks(fwd_hooks=[(name, patch)]):
                _, patched = model.run_with_cache(tokens)
            assert torch.equal(seen["input"], patched["resid_pre", 1][:, :, None].expand(-1, -1, HEADS, -1))
            # By another product than with inputs together, which some processors round otherwise.
            assert_close(patched["resid_pre", 1], cache["resid_pre", 1])
            assert_close(patched[letter, 1][:, :, 2], block.ln1(other) @ weights[1, 2])
            heads = [0, 1, 3]
            for same in "qkv":
                unpatched = heads if same == letter else [*heads, 2]
                assert_close(patched[same, 1][:, :, unpatched], cache[same, 1][:, :, unpatched])


def test_input_of_attention_and_mlp_is_theirs_alone(model: PuzzleGPT, tokens: Tensor, cache: ActivationCache):
    model.set_use_attn_in(True)
    model.set_use_hook_mlp_in(True)
    _, off = model.run_with_cache(tokens)
    assert torch.equal(off["mlp_in", 1], off["resid_mid", 1])
    assert_close(off["resid_mid", 1], cache["resid_mid", 1])
    with model.hooks(fwd_hooks=[("blocks.1.hook_attn_in", zero_head(2)), ("blocks.1.hook_mlp_in", nothing)]):
        _, off = model.run_with_cache(tokens)
    bias = model.blocks[1].ln1.b
    for letter, weights in (("q", model.W_Q), ("k", model.W_K), ("v", model.W_V)):
        assert_close(off[letter, 1][0, 0, 2], bias @ weights[1, 2])
        assert_close(off[letter, 1][:, :, 1], cache[letter, 1][:, :, 1])
    mlp_out = model.blocks[1].mlp(model.blocks[1].ln2.b[None, None])
    assert_close(off["mlp_out", 1], mlp_out.expand(2, POS, 24))
    assert_close(off["resid_post", 1], off["resid_mid", 1] + off["mlp_out", 1])


def nothing(x: Tensor, hook: Any) -> Tensor:
    return x.zero_()


def test_a_hook_on_the_layer_norm_reaches_every_copy(model: PuzzleGPT, tokens: Tensor):
    for name, change in (
        ("blocks.1.ln1.hook_normalized", lambda x, hook: x * 0.5),
        ("blocks.1.ln1.hook_scale", lambda x, hook: x * 3),
    ):
        plain = model.run_with_hooks(tokens, fwd_hooks=[(name, change)])
        model.set_use_split_qkv_input(True)
        assert_close(model.run_with_hooks(tokens, fwd_hooks=[(name, change)]), plain)
        model.set_use_split_qkv_input(False)


def test_gradients_add_up_over_the_inputs_of_heads(model: PuzzleGPT, tokens: Tensor):
    """What the stream gets is what all its readers send back, whether they are shown apart or not."""
    _, plain = model.run_with_cache(tokens, return_type="loss", incl_bwd=True)
    for switch in SWITCHES:
        setattr(model.cfg, switch, True)
    _, split = model.run_with_cache(tokens, return_type="loss", incl_bwd=True)
    for name in plain:
        assert_close(split[name], plain[name], 1e-4)
    for layer in range(LAYERS):
        read = sum(split[f"blocks.{layer}.hook_{letter}_input_grad"].sum(2) for letter in "qkv")
        assert_close(split[f"blocks.{layer}.hook_attn_in_grad"].sum(2), read)
        direct = split[f"blocks.{layer}.hook_resid_mid_grad"]
        assert_close(split[f"blocks.{layer}.hook_resid_pre_grad"], direct + read)


@pytest.mark.parametrize(
    "name", ["attn.hook_result", "hook_q_input", "attn.hook_v_input", "hook_attn_in", "hook_mlp_in"]
)
def test_a_hook_point_that_is_off_says_so(model: PuzzleGPT, tokens: Tensor, name: str):
    whole = f"blocks.1.{name}"
    for ask in (
        lambda: model.add_hook(whole, zero_head(0)),
        lambda: model.run_with_hooks(tokens, fwd_hooks=[(whole, zero_head(0))]),
        lambda: model.run_with_cache(tokens, names_filter=whole),
    ):
        with pytest.raises(
            PuzzlescopeError, match=r"switched off: call model\.set_use_\w+\(True\) first"
        ) as caught:
            ask()
    switch = str(caught.value).split("set_")[1].split("(")[0]
    getattr(model, f"set_{switch}")(True)
    assert list(model.run_with_cache(tokens, names_filter=whole)[1].keys()) == [whole]
    assert not torch.allclose(model.run_with_hooks(tokens, fwd_hooks=[(whole, nothing)]), model(tokens))


def test_a_filter_that_means_both_names_of_an_input_sets_its_hook_once(model: PuzzleGPT, tokens: Tensor):
    model.set_use_split_qkv_input(True)
    calls: list[str] = []
    model.add_hook(lambda name: name.endswith("hook_q_input"), lambda x, hook: calls.append(hook.name))
    model(tokens)
    assert calls == [f"blocks.{layer}.hook_q_input" for layer in range(LAYERS)]


# ---- hooks -------------------------------------------------------------------------------------------------


def test_hooks_in_order_and_levels(model: PuzzleGPT, tokens: Tensor):
    """Prepended, permanent and in contexts, around runs with a cache; each reset takes what it should."""
    name, said = "blocks.0.hook_mlp_out", []

    def says(word: str) -> Callable[..., None]:
        return lambda x, hook: said.append(word)

    def heard() -> list[str]:
        said.clear()
        model.run_with_cache(tokens, names_filter=name)
        return list(said)

    model.add_hook(name, says("b"))
    model.add_hook(name, says("a"), prepend=True)
    model.add_perma_hook(name, says("permanent"))
    with model.hooks(fwd_hooks=[(name, says("outer"))]):
        with model.hooks(fwd_hooks=[(name, says("inner"))]):
            assert heard() == ["a", "b", "permanent", "outer", "inner"]
        assert heard() == ["a", "b", "permanent", "outer"]
        with pytest.raises(RuntimeError, match="stop"), model.hooks(fwd_hooks=[(name, says("lost"))]):
            raise RuntimeError("stop")
        assert heard() == ["a", "b", "permanent", "outer"]
    assert heard() == ["a", "b", "permanent"]
    model.add_hook(name, says("backward"), dir="bwd")
    model.reset_hooks(direction="fwd")
    assert heard() == ["permanent"] and model.hook_dict[name].bwd_hooks
    model.reset_hooks()
    assert heard() == ["permanent"] and not model.hook_dict[name].bwd_hooks
    model.reset_hooks(including_permanent=True)
    assert heard() == [] and not model.has_hooks


def test_hooks_of_pytorch_itself_are_called_on_every_point(model: PuzzleGPT, tokens: Tensor):
    """On those too that are passed by unless somebody looks: pattern, scores and scales."""
    for name in ("blocks.1.attn.hook_pattern", "blocks.1.attn.hook_attn_scores", "blocks.1.ln1.hook_scale"):
        calls: list[str] = []
        handle = model.hook_dict[name].register_forward_hook(lambda *_, calls=calls: calls.append("seen"))
        model(tokens)
        handle.remove()
        assert calls == ["seen"], name


def test_a_hook_that_writes_into_the_positions_leaves_the_models_alone(model: PuzzleGPT, tokens: Tensor):
    before = model.W_pos.clone()
    changed = model.run_with_hooks(tokens[:1], fwd_hooks=[("hook_pos_embed", nothing)])
    assert torch.equal(model.W_pos, before)
    assert not torch.allclose(changed, model(tokens[:1]))


# ---- circuits ----------------------------------------------------------------------------------------------


def test_circuits_are_the_products_of_their_weights(model: PuzzleGPT):
    assert isinstance(model.QK, FactoredMatrix) and model.QK.shape == model.OV.shape == (
        LAYERS,
        HEADS,
        24,
        24,
    )
    for layer, head in np.ndindex(LAYERS, HEADS):
        attn = model.blocks[layer].attn
        assert_close(model.QK[layer, head].AB, model.W_Q[layer, head] @ model.W_K[layer, head].T)
        assert_close(attn.QK[head].AB, model.QK[layer, head].AB)
        assert_close(attn.OV[head].AB, model.W_V[layer, head] @ model.W_O[layer, head])
        assert_close(model.OV[layer, head].AB, attn.OV[head].AB)
    full = model.W_E_pos
    assert full.shape == (15 + 405, 24) and torch.equal(full[15:], model.W_pos)
    # A score of two tokens at two positions is the full circuit's, for a stream that the LayerNorm leaves as
    # it is.
    circuit = full @ model.QK[0, 1].AB @ full.T
    assert_close(circuit[3, 20], (full[3] @ model.W_Q[0, 1]) @ (full[20] @ model.W_K[0, 1]))


def test_composition_scores_are_ratios_of_norms(model: PuzzleGPT):
    QK, OV = model.QK.AB, model.OV.AB
    for mode, reads in (("Q", QK), ("K", QK.transpose(-1, -2)), ("V", OV)):
        scores = model.all_composition_scores(mode)
        assert scores.shape == (LAYERS, HEADS, LAYERS, HEADS)
        for l1, h1, l2, h2 in np.ndindex(scores.shape):
            product = (OV[l1, h1] @ reads[l2, h2]).norm() / OV[l1, h1].norm() / reads[l2, h2].norm()
            assert scores[l1, h1, l2, h2].item() == pytest.approx(product.item() if l1 < l2 else 0, rel=1e-4)
    with pytest.raises(PuzzlescopeError, match="'Q', 'K' or 'V', got 'O'"):
        model.all_composition_scores("O")


def test_labels_and_what_this_model_has_not(model: PuzzleGPT, cache: ActivationCache):
    assert model.all_head_labels == model.all_head_labels() == cache.stack_head_results(return_labels=True)[1]
    biases = {name: tuple(getattr(model, name).shape) for name in ("b_Q", "b_K", "b_V", "b_O")}
    assert biases == {"b_Q": (3, 4, 7), "b_K": (3, 4, 7), "b_V": (3, 4, 5), "b_O": (3, 24)}
    assert not any(getattr(model, name).any() for name in biases)
    assert model.W_gate is None and model.blocks[0].mlp.W_gate is None and model.tokenizer is None
    assert issubclass(PuzzleGPT, Recipes)


# ---- ActivationCache ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("rows", ["two rows", "one row without its batch axis"])
@pytest.mark.parametrize("where", [None, -1, (2, 9)])
def test_stacks_of_an_activation_cache_sum_to_the_stream(
    model: PuzzleGPT, tokens: Tensor, cache: ActivationCache, rows: str, where: Any
):
    if rows != "two rows":
        _, cache = model.run_with_cache(tokens[1], remove_batch_dim=True)
    keep = {None: slice(None), -1: -1, (2, 9): slice(2, 9)}[where]

    def at(x: Tensor) -> Tensor:
        return x[..., keep, :]

    for layer in range(1, LAYERS + 1):
        stream = at(cache["resid_post", layer - 1])
        assert_close(cache.decompose_resid(layer, pos_slice=where).sum(0), stream)
        assert torch.equal(cache.accumulated_resid(layer, pos_slice=where)[-1], stream)
        assert_close(cache.stack_head_results(layer, incl_remainder=True, pos_slice=where).sum(0), stream)
        neurons = cache.stack_neuron_results(layer, incl_remainder=True, pos_slice=where)
        assert_close(neurons.sum(0), stream)
        for expand in (False, True):
            parts, labels = cache.get_full_resid_decomposition(
                layer, expand_neurons=expand, pos_slice=where, return_labels=True
            )
            assert_close(parts.sum(0), stream)
            assert len(labels) == len(parts) == layer * (HEADS + (20 if expand else 1)) + 3
        if layer < LAYERS:
            middle = at(cache["resid_mid", layer])
            assert_close(cache.decompose_resid(layer, mlp_input=True, pos_slice=where).sum(0), middle)
            parts = cache.get_full_resid_decomposition(layer, mlp_input=True, pos_slice=where)
            assert_close(parts.sum(0), middle)
            norm = model.blocks[layer].ln1
            read = cache.decompose_resid(layer, apply_ln=True, pos_slice=where).sum(0) * norm.w + norm.b
            assert_close(read, at(cache["normalized", layer, "ln1"]))
            norm = model.blocks[layer].ln2
            read = cache.get_full_resid_decomposition(layer, mlp_input=True, apply_ln=True, pos_slice=where)
            assert_close(read.sum(0) * norm.w + norm.b, at(cache["normalized", layer, "ln2"]))
    stages, labels = cache.accumulated_resid(
        -1, incl_mid=True, return_labels=True, apply_ln=True, pos_slice=where
    )
    assert labels == [*(f"{k}_{w}" for k in range(LAYERS) for w in ("pre", "mid")), "final_post"]
    assert_close(stages[-1], at(cache["resid_post", -1]))  # there is no final LayerNorm to apply


def test_attributions_to_logits_sum_to_the_logits(model: PuzzleGPT, tokens: Tensor, cache: ActivationCache):
    logits = model(tokens)
    parts = cache.get_full_resid_decomposition(expand_neurons=False)
    wanted, other = tokens, (tokens + 3) % 15
    expected = (logits - model.b_U).gather(-1, wanted[..., None])[..., 0]
    assert_close(cache.logit_attrs(parts, tokens=wanted).sum(0), expected)
    contrast = expected - (logits - model.b_U).gather(-1, other[..., None])[..., 0]
    assert_close(cache.logit_attrs(parts, tokens=wanted, incorrect_tokens=other).sum(0), contrast)
    last = cache.logit_attrs(parts[:, :, -1], tokens=wanted[:, -1], pos_slice=-1)
    assert_close(last.sum(0), expected[:, -1])
    named = cache.logit_attrs(parts, tokens="f(X)").sum(0)
    assert_close(named, (logits - model.b_U)[..., 12])
    answer = direct_logit_attribution(model, tokens, answer_tokens=wanted[:, -1], unit="head")
    assert_close(answer.attribution.sum(0), expected[:, -1])


def test_results_of_heads_and_neurons(model: PuzzleGPT, tokens: Tensor, caplog: pytest.LogCaptureFixture):
    _, cache = model.run_with_cache(tokens)
    with pytest.raises(KeyError):
        cache["result", 1]
    cache.compute_head_results()
    computed = [cache["result", layer] for layer in range(LAYERS)]
    model.set_use_attn_result(True)
    _, shown = model.run_with_cache(tokens)
    with caplog.at_level(logging.ERROR):
        for layer in range(LAYERS):
            assert_close(computed[layer], shown["result", layer])
    for layer in range(LAYERS):
        neurons = cache.get_neuron_results(layer)
        assert_close(neurons.sum(-2) + model.b_out[layer], cache["mlp_out", layer])
        some = cache.get_neuron_results(layer, neuron_slice=(4, 9), pos_slice=-1)
        assert_close(some, neurons[:, -1, 4:9])
        onto = cache.get_neuron_results(layer, project_output_onto=model.W_U[:, 3])
        assert_close(onto, neurons @ model.W_U[:, 3])
    assert torch.equal(cache.stack_activation("z")[2], cache["z", 2])
    assert torch.equal(cache.to("cpu")["z", -1], cache["z", 2])


# ---- the library's own tools -------------------------------------------------------------------------------


def test_activation_patching_by_the_librarys_functions(
    model: PuzzleGPT, tokens: Tensor, cache: ActivationCache
):
    """From the clean run everything at the last position of the last stream: then its logits are the clean
    ones."""
    corrupted = tokens.flip(0)

    def metric(logits: Tensor) -> Tensor:
        return logits[0, -1, 5]

    clean, other = metric(model(tokens)), metric(model(corrupted))
    by_pos = patching.get_act_patch_resid_pre(model, corrupted, cache, metric)
    assert by_pos.shape == (LAYERS, POS)
    by_hook = model.run_with_hooks(
        corrupted, fwd_hooks=[("blocks.2.hook_resid_pre", at_position(4, cache["resid_pre", 2]))]
    )
    assert by_pos[2, 4].item() == pytest.approx(metric(by_hook).item(), abs=1e-4)
    assert clean.item() != pytest.approx(other.item(), abs=1e-2)
    by_head = patching.get_act_patch_attn_head_out_all_pos(model, corrupted, cache, metric)
    hooks = [
        (
            get_act_name("z", 1),
            lambda z, hook: torch.cat([z[:, :, :2], cache["z", 1][:, :, 2:3], z[:, :, 3:]], 2),
        )
    ]
    assert by_head[1, 2].item() == pytest.approx(
        metric(model.run_with_hooks(corrupted, fwd_hooks=hooks)).item(), abs=1e-4
    )
    assert patching.get_act_patch_attn_head_k_all_pos(model, corrupted, cache, metric).shape == (
        LAYERS,
        HEADS,
    )


def at_position(pos: int, clean: Tensor) -> Callable[..., Tensor]:
    def run(x: Tensor, hook: Any) -> Tensor:
        x[:, pos] = clean[:, pos]
        return x

    return run


def test_path_patching_by_the_librarys_function(model: PuzzleGPT, tokens: Tensor, cache: ActivationCache):
    """From one head into the queries of each later one, against the same by hand at a head's query."""
    corrupted = tokens.flip(0)
    _, there = model.run_with_cache(corrupted)

    def metric(logits: Tensor) -> Tensor:
        return logits[0, -1, 5]

    found = patching.get_act_patch_direct_path(
        model, corrupted, cache, there, metric, 0, 1, "q", verbose=False
    )
    assert not model.cfg.use_split_qkv_input
    write = (cache["z", 0] - there["z", 0])[:, :, 1] @ model.W_O[0, 1]
    query = model.blocks[2].ln1(there["resid_pre", 2] + write) @ model.W_Q[2, 3]
    hooks = [("blocks.2.attn.hook_q", lambda q, hook: torch.cat([q[:, :, :3], query[:, :, None]], 2))]
    assert found[2, 3].item() == pytest.approx(
        metric(model.run_with_hooks(corrupted, fwd_hooks=hooks)).item(), abs=1e-4
    )


def test_other_tools_of_the_library(model: PuzzleGPT, tokens: Tensor, cache: ActivationCache):
    scores = detect_head(model, tokens[:1], "previous_token_head")
    previous = cache["pattern", 1][0, 2].diagonal(-1).sum() / POS
    assert scores[1, 2].item() == pytest.approx(previous.item(), abs=1e-5)
    vectors = SVDInterpreter(model).get_singular_vectors("OV", layer_index=1, head_index=2, num_vectors=3)
    assert vectors.shape == (15, 1, 3)
    values = cache.logit_lens().values
    assert_close(values[-1], model(tokens)[:, -1])


def test_attribution_patching_by_the_librarys_function(model: PuzzleGPT, tokens: Tensor):
    """A part's effect is the sum of those of the edges that leave it."""
    clean, corrupted = tokens[:1, :6], tokens[1:, :6]
    found = [
        attribution_patch(
            model, clean, corrupted, lambda logits: logits[0, -1, 5], EdgeAttributionConfig(granularity)
        )
        for granularity in ("node", "edge")
    ]
    by_node, by_edge = (result.node_scores for result in found)
    assert by_node.keys() == by_edge.keys() and len(by_node) == 6 * (1 + LAYERS * (HEADS + 1))
    for node, score in by_node.items():
        assert by_edge[node] == pytest.approx(score, rel=1e-3, abs=1e-4)
    assert not any(getattr(model.cfg, switch) for switch in SWITCHES) and not model.has_hooks
