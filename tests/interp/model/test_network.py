"""The network: identities of a transformer, its several paths against each other, its hooks and its cache."""

import math
from collections.abc import Callable

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor
from transformer_lens import ActivationCache, FactoredMatrix

from interp.checkpoints import load_model
from interp.errors import PuzzlescopeError
from interp.model import Config, KeyValueCache, PuzzleGPT, loss_of
from interp.model.block_attention import block_causal_attention
from interp.model.config import SWITCHES
from tests.support.places import DATA

TINY = DATA / "mygpt_tiny.pth"


@pytest.fixture(scope="module")
def model() -> PuzzleGPT:
    """Random weights of the size that training starts from; queries wider than values, so that they are told
    apart."""
    torch.manual_seed(1)
    made = PuzzleGPT(Config(n_layers=3, n_heads=4, d_model=24, d_head=5, d_mlp=40, d_qk=7))
    with torch.no_grad():
        for name, parameter in made.named_parameters():
            parameter.add_(torch.randn_like(parameter) * (1.0 if name.endswith("_E") else 0.3))
    return made.eval().requires_grad_(False)


@pytest.fixture(scope="module")
def tokens() -> Tensor:
    """Two rows of the full length."""
    return torch.randint(0, 15, (2, 405), generator=torch.Generator().manual_seed(2))


@pytest.fixture(scope="module")
def cache(model: PuzzleGPT, tokens: Tensor) -> ActivationCache:
    return model.run_with_cache(tokens[:, :60])[1]


def unchanged(activation: Tensor, hook: object) -> None:
    """A hook that looks and changes nothing."""


def assert_close(a: Tensor, b: Tensor, tolerance: float = 1e-5) -> None:
    assert a.shape == b.shape
    assert (a - b).abs().max() <= tolerance * max(1.0, b.abs().max().item())


# ---- identities --------------------------------------------------------------------------------------------


def test_residual_stream_adds_up(model: PuzzleGPT, cache: ActivationCache):
    assert torch.equal(cache["resid_pre", 0], cache["hook_embed"] + cache["hook_pos_embed"])
    for layer in range(3):
        assert torch.equal(cache["resid_mid", layer], cache["resid_pre", layer] + cache["attn_out", layer])
        assert torch.equal(cache["resid_post", layer], cache["resid_mid", layer] + cache["mlp_out", layer])
        if layer:
            assert torch.equal(cache["resid_pre", layer], cache["resid_post", layer - 1])


def test_heads_sum_to_the_attention_layer(model: PuzzleGPT, cache: ActivationCache):
    for layer in range(3):
        per_head = torch.einsum("bphd,hdm->bphm", cache["z", layer], model.W_O[layer])
        assert_close(per_head.sum(2), cache["attn_out", layer])


def test_every_activation_follows_from_the_one_before(model: PuzzleGPT, cache: ActivationCache):
    """The whole computation once more, in plain formulas."""
    for layer, block in enumerate(model.blocks):
        x = cache["resid_pre", layer]
        x = (x - x.mean(-1, keepdim=True)) / cache["scale", layer, "ln1"] * block.ln1.w + block.ln1.b
        assert_close(cache["normalized", layer, "ln1"], x)
        q, k, v = (
            torch.einsum("bpm,hmd->bphd", x, w)
            for w in (model.W_Q[layer], model.W_K[layer], model.W_V[layer])
        )
        for name, ours in (("q", q), ("k", k), ("v", v)):
            assert_close(cache[name, layer], ours)
        scores = torch.einsum("bqhd,bkhd->bhqk", q, k) / math.sqrt(7)
        future = torch.arange(60) > torch.arange(60)[:, None]
        pattern = scores.masked_fill(future, -math.inf).softmax(-1)
        assert_close(cache["pattern", layer], pattern)
        assert_close(cache["z", layer], torch.einsum("bhqk,bkhd->bqhd", pattern, v))
        x = F.layer_norm(cache["resid_mid", layer], (24,), block.ln2.w, block.ln2.b, 1e-5)
        assert_close(cache["pre", layer], x @ model.W_in[layer] + model.b_in[layer])
        assert torch.equal(cache["post", layer], cache["pre", layer].relu())
        assert_close(cache["mlp_out", layer], cache["post", layer] @ model.W_out[layer] + model.b_out[layer])


def test_no_layer_norm_before_the_unembedding(model: PuzzleGPT, tokens: Tensor, cache: ActivationCache):
    assert_close(model(tokens[:, :60]), cache["resid_post", 2] @ model.W_U + model.b_U)


def test_patterns_are_causal_and_sum_to_one(cache: ActivationCache):
    for layer in range(3):
        pattern = cache["pattern", layer]
        assert_close(pattern.sum(-1), torch.ones(2, 4, 60))
        assert (pattern.triu(1) == 0).all()
        assert (pattern >= 0).all()


def test_positions_are_the_sinusoids_of_the_paper(model: PuzzleGPT):
    for position in (0, 1, 100, 404):
        for index in (0, 1, 2, 13, 22, 23):
            angle = position / 1e5 ** ((index - index % 2) / 24)
            expected = math.cos(angle) if index % 2 else math.sin(angle)
            assert model.W_pos[position, index].item() == pytest.approx(expected, abs=1e-6)
    assert "pos_embed.W_pos" not in model.state_dict()


@settings(max_examples=10)
@given(place=st.integers(0, 404), token=st.integers(0, 14))
def test_no_token_changes_what_was_predicted_before_it(
    model: PuzzleGPT, tokens: Tensor, place: int, token: int
):
    other = tokens[:1].clone()
    other[0, place] = token
    before, after = model(tokens[:1]), model(other)
    assert torch.equal(before[:, :place], after[:, :place])
    if token != tokens[0, place]:
        assert not torch.equal(before[:, place], after[:, place])


def test_rows_of_a_batch_do_not_see_each_other(model: PuzzleGPT, tokens: Tensor):
    assert_close(model(tokens)[1:], model(tokens[1:]))


# ---- several paths, one result -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name", ["attn.hook_pattern", "attn.hook_attn_scores", "ln1.hook_scale", "ln2.hook_scale"]
)
def test_path_that_somebody_looks_at_gives_the_same(model: PuzzleGPT, tokens: Tensor, name: str):
    hooks = [(lambda hook_name: hook_name.endswith(name), unchanged)]
    assert_close(model.run_with_hooks(tokens, fwd_hooks=hooks), model(tokens))


def test_path_with_gradients_gives_the_same(tokens: Tensor):
    model = load_model(TINY)
    fused = model(tokens)
    trained = load_model(TINY).requires_grad_(True)
    assert_close(trained(tokens).detach(), fused)
    hooks = [(lambda name: name.endswith("hook_pattern"), unchanged)]
    grads = []
    for run in (trained, lambda *a, **k: trained.run_with_hooks(*a, **k, fwd_hooks=hooks)):
        loss = run(tokens[:, :90], return_type="loss")
        grads.append(torch.autograd.grad(loss, list(trained.parameters())))
    for blocks, explicit in zip(*grads, strict=True):
        torch.testing.assert_close(blocks, explicit, rtol=1e-4, atol=1e-6)


def test_hook_on_scores_and_scale_has_its_effect(model: PuzzleGPT, tokens: Tensor):
    def only_self(scores: Tensor, hook: object) -> Tensor:
        return scores.masked_fill(~torch.eye(scores.shape[-1], dtype=torch.bool), -math.inf)

    def keep(pattern: Tensor, hook: object) -> None:
        assert torch.equal(pattern, torch.eye(60).expand_as(pattern))

    hooks = [("blocks.1.attn.hook_attn_scores", only_self), ("blocks.1.attn.hook_pattern", keep)]
    changed = model.run_with_hooks(tokens[:, :60], fwd_hooks=hooks)
    assert not torch.allclose(changed, model(tokens[:, :60]))
    doubled = [("blocks.0.ln1.hook_scale", lambda scale, hook: 2 * scale)]
    assert not torch.allclose(model.run_with_hooks(tokens[:, :60], fwd_hooks=doubled), model(tokens[:, :60]))


@settings(max_examples=20)
@given(cuts=st.sets(st.integers(1, 404), max_size=6))
def test_any_chunks_through_the_cache_equal_one_pass(model: PuzzleGPT, tokens: Tensor, cuts: set[int]):
    kv_cache = KeyValueCache(model.cfg, batch=1)
    ends = [*sorted(cuts), 405]
    parts = [model(tokens[:1, a:b], kv_cache=kv_cache) for a, b in zip([0, *ends], ends, strict=False)]
    assert kv_cache.length == 405
    assert_close(torch.cat(parts, dim=1), model(tokens[:1, :405]))


def test_cached_chunks_with_the_explicit_path(model: PuzzleGPT, tokens: Tensor):
    kv_cache = KeyValueCache(model.cfg, batch=2)
    hooks = [(lambda name: name.endswith("hook_pattern"), unchanged)]
    chunks = [tokens[:, a:b] for a, b in ((0, 7), (7, 8), (8, 60))]
    parts = [model.run_with_hooks(chunk, kv_cache=kv_cache, fwd_hooks=hooks) for chunk in chunks]
    assert_close(torch.cat(parts, dim=1), model(tokens[:, :60]))


def test_truncated_cache_goes_on_from_there(model: PuzzleGPT, tokens: Tensor):
    kv_cache = KeyValueCache(model.cfg, batch=2)
    model(tokens[:, :300], kv_cache=kv_cache)
    kv_cache.truncate(100)
    assert kv_cache.length == 100
    other = torch.cat([tokens[:, :100], tokens.flip(1)[:, :50]], dim=1)
    assert_close(model(other[:, 100:], kv_cache=kv_cache), model(other)[:, 100:])


def test_selected_rows_of_a_cache_are_a_copy(model: PuzzleGPT, tokens: Tensor):
    kv_cache = KeyValueCache(model.cfg, batch=2)
    model(tokens[:, :50], kv_cache=kv_cache)
    chosen = kv_cache.select(torch.tensor([1, 1, 0]))
    rows = tokens[[1, 1, 0]]
    assert_close(model(rows[:, 50:80], kv_cache=chosen), model(rows[:, :80])[:, 50:])
    assert kv_cache.length == 50
    assert_close(model(tokens[:, 50:60], kv_cache=kv_cache), model(tokens[:, :60])[:, 50:])


def test_cache_after_a_failed_run_is_as_before(model: PuzzleGPT, tokens: Tensor):
    kv_cache = KeyValueCache(model.cfg, batch=2)
    model(tokens[:, :50], kv_cache=kv_cache)
    hooks = [("blocks.1.hook_mlp_out", broken)]
    with pytest.raises(RuntimeError, match="broken"):
        model.run_with_hooks(tokens[:, 50:], kv_cache=kv_cache, fwd_hooks=hooks)
    assert kv_cache.length == 50
    assert_close(model(tokens[:, 50:60], kv_cache=kv_cache), model(tokens[:, :60])[:, 50:])


# ---- the loss ----------------------------------------------------------------------------------------------


def test_loss_per_token_is_of_the_next_token(model: PuzzleGPT, tokens: Tensor):
    logits, loss = model(tokens, return_type="both", loss_per_token=True)
    assert loss.shape == (2, 404)
    for row, position in ((0, 0), (1, 17), (0, 303), (1, 403)):
        expected = -logits[row, position].log_softmax(-1)[tokens[row, position + 1]]
        assert loss[row, position].item() == pytest.approx(expected.item(), abs=1e-5)
    assert torch.equal(loss, model(tokens, return_type="loss", loss_per_token=True))
    assert torch.equal(loss, loss_of(logits, tokens))
    assert model(tokens, return_type="loss").item() == pytest.approx(loss.mean().item())
    assert torch.equal(model(tokens), logits)
    assert model(tokens, return_type=None) is None


# ---- hooks -------------------------------------------------------------------------------------------------


def broken(activation: Tensor, hook: object) -> None:
    raise RuntimeError("broken")


def hooks_left(model: PuzzleGPT) -> list[str]:
    return [name for name, point in model.hook_dict.items() if point.has_hooks()]


def test_no_hook_survives_an_exception(model: PuzzleGPT, tokens: Tensor):
    clean = model(tokens)
    hooks = [("blocks.0.hook_attn_out", lambda a, hook: a * 0), ("blocks.1.hook_mlp_out", broken)]
    with pytest.raises(RuntimeError, match="broken"):
        model.run_with_hooks(tokens, fwd_hooks=hooks)
    assert hooks_left(model) == []
    with pytest.raises(RuntimeError, match="broken"), model.without_hooks():
        model.add_hook("blocks.0.hook_attn_out", lambda a, hook: a * 0)
        model.add_hook("blocks.1.hook_mlp_out", broken)
        model(tokens)
    assert hooks_left(model) == []
    assert torch.equal(model(tokens), clean)


def test_without_hooks_nobodys_hook_runs_and_everybodys_is_there_again(model: PuzzleGPT, tokens: Tensor):
    """Forward and backward, permanent and prepended, PyTorch's own, in a context: none runs inside, none is
    lost."""
    short = tokens[:1, :30]
    before, said = model(short), []

    def says(word: str) -> Callable[..., None]:
        return lambda *_, **__: said.append(word)

    name = "blocks.1.hook_mlp_out"
    with model.hooks(fwd_hooks=[(name, says("context"))]):
        model.add_hook(name, says("second"))
        model.add_hook(name, says("first"), prepend=True)
        model.add_perma_hook(name, says("permanent"))
        model.add_hook(name, says("backward"), dir="bwd")
        handle = model.blocks[2].register_forward_hook(says("raw"))
        with_kwargs = model.blocks[2].register_forward_hook(says("with kwargs"), with_kwargs=True)
        point = model.hook_dict[name]
        point.ctx["mine"] = 1
        there, everything = point.fwd_hooks, [*point.fwd_hooks, *point.bwd_hooks]
        assert model.has_hooks
        with pytest.raises(RuntimeError, match="broken"), model.without_hooks() as same:
            assert same is model and not model.has_hooks and hooks_left(model) == [] and not point.ctx
            assert torch.equal(model(short), before)
            with model.without_hooks():
                model.add_hook(name, lambda out, hook: out * 0)
                assert not torch.equal(model(short), before)
            assert torch.equal(model(short), before)  # of the inner context nothing is left
            model.add_hook("blocks.0.hook_attn_out", broken)
            model.run_with_hooks(short, fwd_hooks=[(name, lambda out, hook: out * 0)])
        assert said == []
        assert point.fwd_hooks is there and [*point.fwd_hooks, *point.bwd_hooks] == everything
        assert point.ctx == {"mine": 1} and hooks_left(model) == [name]
        assert_close(model(short).detach(), before)  # recorded now, so attention goes another way
        assert said == ["first", "context", "second", "permanent", "raw", "with kwargs"]
        said.clear()
        with model.without_hooks():
            handle.remove()  # by its own handle, though put aside
        model(short)
        assert said == ["first", "context", "second", "permanent", "with kwargs"]
    said.clear()
    model(short)
    assert said == ["first", "second", "permanent", "with kwargs"]  # the context took its own away
    with_kwargs.remove()
    model.reset_hooks(including_permanent=True)
    assert not model.has_hooks and hooks_left(model) == []


def test_every_hook_can_change_what_comes_after(model: PuzzleGPT, tokens: Tensor):
    """A hook point whose result is dropped would be worse than none."""
    short = tokens[:1, :40]
    before = model(short)
    names = [
        name
        for name in model.hook_dict
        if name != "ln_final.hook_scale" and not name.startswith(("blocks.0", "blocks.2"))
    ]
    assert len(names) == 29
    every_switch(model, True)
    for name in names:
        changed = model.run_with_hooks(short, fwd_hooks=[(name, lambda x, hook: x.clone().mul_(0.5))])
        assert not torch.allclose(changed, before), name
    every_switch(model, False)


def every_switch(model: PuzzleGPT, on: bool) -> None:
    for switch in SWITCHES:
        setattr(model.cfg, switch, on)


def test_canonical_names_and_shapes(model: PuzzleGPT, cache: ActivationCache):
    shapes = {
        name.removeprefix("blocks.1."): tuple(cache[name].shape)
        for name in cache
        if name.startswith("blocks.1.")
    }
    assert shapes == {
        "hook_resid_pre": (2, 60, 24),
        "ln1.hook_scale": (2, 60, 1),
        "ln1.hook_normalized": (2, 60, 24),
        "attn.hook_q": (2, 60, 4, 7),
        "attn.hook_k": (2, 60, 4, 7),
        "attn.hook_v": (2, 60, 4, 5),
        "attn.hook_attn_scores": (2, 4, 60, 60),
        "attn.hook_pattern": (2, 4, 60, 60),
        "attn.hook_z": (2, 60, 4, 5),
        "hook_attn_out": (2, 60, 24),
        "hook_resid_mid": (2, 60, 24),
        "ln2.hook_scale": (2, 60, 1),
        "ln2.hook_normalized": (2, 60, 24),
        "mlp.hook_pre": (2, 60, 40),
        "mlp.hook_post": (2, 60, 40),
        "hook_mlp_out": (2, 60, 24),
        "hook_resid_post": (2, 60, 24),
    }
    weights = {name: tuple(getattr(model, name).shape) for name in ("W_E", "W_pos", "W_U", "b_U")}
    assert weights == {"W_E": (15, 24), "W_pos": (405, 24), "W_U": (24, 15), "b_U": (15,)}
    stacked = {
        n: tuple(getattr(model, n).shape)
        for n in ("W_Q", "W_K", "W_V", "W_O", "W_in", "b_in", "W_out", "b_out")
    }
    assert stacked == {
        "W_Q": (3, 4, 24, 7),
        "W_K": (3, 4, 24, 7),
        "W_V": (3, 4, 24, 5),
        "W_O": (3, 4, 5, 24),
        "W_in": (3, 24, 40),
        "b_in": (3, 40),
        "W_out": (3, 40, 24),
        "b_out": (3, 24),
    }


# ---- TransformerLens's tools -------------------------------------------------------------------------------


def test_run_with_cache_gives_an_activation_cache(model: PuzzleGPT, tokens: Tensor):
    logits, cache = model.run_with_cache(tokens)
    assert isinstance(cache, ActivationCache)
    assert torch.equal(cache["pattern", 0], cache["blocks.0.attn.hook_pattern"])
    assert torch.equal(cache["resid_post", -1], cache["resid_post", 2])
    assert_close(logits, model(tokens))
    assert hooks_left(model) == []
    plain = model.run_with_cache(tokens, return_cache_object=False)[1]
    assert isinstance(plain, dict)
    _, some = model.run_with_cache(tokens, names_filter=lambda name: name.endswith("hook_z"))
    assert list(some.keys()) == [f"blocks.{layer}.attn.hook_z" for layer in range(3)]
    _, one = model.run_with_cache(tokens[:1], remove_batch_dim=True)
    assert one["pattern", 1].shape == (4, 405, 405)


def test_activation_cache_takes_the_residual_stream_apart(model: PuzzleGPT, cache: ActivationCache):
    final = cache["resid_post", -1]
    parts, labels = cache.decompose_resid(return_labels=True)
    assert labels == [
        "embed",
        "pos_embed",
        *(f"{layer}_{part}_out" for layer in range(3) for part in ("attn", "mlp")),
    ]
    assert_close(parts.sum(0), final)
    stages = cache.accumulated_resid(incl_mid=True)
    assert torch.equal(stages[-1], final)
    assert torch.equal(stages[1], cache["resid_mid", 0])
    heads, labels = cache.stack_head_results(return_labels=True)
    assert labels[5] == "L1H1"
    assert_close(heads[4:8].sum(0), cache["attn_out", 1])
    assert_close(cache.stack_head_results(incl_remainder=True).sum(0), final)
    neurons = cache.get_neuron_results(1)
    assert_close(neurons.sum(-2) + model.b_out[1], cache["mlp_out", 1])
    before_layer_norm = cache.decompose_resid(layer=2)
    x = cache.apply_ln_to_stack(before_layer_norm, layer=2).sum(0)
    assert_close(x * model.blocks[2].ln1.w + model.blocks[2].ln1.b, cache["normalized", 2, "ln1"])
    assert cache.stack_activation("pattern").shape == (3, 2, 4, 60, 60)


def test_factored_matrices(model: PuzzleGPT):
    QK = FactoredMatrix(model.W_Q, model.W_K.transpose(-1, -2))
    OV = FactoredMatrix(model.W_V, model.W_O)
    assert QK.shape == OV.shape == torch.Size((3, 4, 24, 24))
    assert_close(QK[1, 2].AB, model.W_Q[1, 2] @ model.W_K[1, 2].T)
    assert_close((OV @ model.W_U).AB, model.W_V @ model.W_O @ model.W_U)
    assert OV.eigenvalues.shape == (3, 4, 5)


# ---- mistakes of the caller --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("bad", "word"),
    [
        (torch.zeros(2, 406, dtype=torch.long), "[2, 406]"),
        (torch.zeros(2, 0, dtype=torch.long), "[2, 0]"),
        (torch.zeros(406, dtype=torch.long), "[1, 406]"),
        (torch.zeros(1, 1, 405, dtype=torch.long), "[1, 1, 405]"),
        (torch.zeros(2, 405), "float32"),
    ],
)
def test_bad_tokens(model: PuzzleGPT, bad: Tensor, word: str):
    with pytest.raises(PuzzlescopeError, match=r"Tokens must be whole numbers \[") as caught:
        model(bad)
    assert word in str(caught.value) and "\n" not in str(caught.value)


@pytest.mark.parametrize("value", [15, 255, -1])
def test_tokens_beyond_the_vocabulary(model: PuzzleGPT, value: int):
    tokens = torch.zeros(1, 405, dtype=torch.long)
    tokens[0, 7] = value
    with pytest.raises(PuzzlescopeError, match=str(value)):
        model(tokens)


def test_too_many_tokens_for_what_the_cache_has_left(model: PuzzleGPT, tokens: Tensor):
    kv_cache = KeyValueCache(model.cfg, batch=2)
    model(tokens[:, :400], kv_cache=kv_cache)
    with pytest.raises(PuzzlescopeError, match=r"1 to 5 positions.*400 are in the cache"):
        model(tokens[:, :6], kv_cache=kv_cache)


@pytest.mark.parametrize("sizes", [{"n_layers": 0}, {"n_heads": -1}, {"d_qk": -1}, {"d_mlp": True}])
def test_bad_sizes(sizes: dict[str, int]):
    with pytest.raises(PuzzlescopeError, match=next(iter(sizes))):
        Config(**sizes)


# ---- attention in blocks -----------------------------------------------------------------------------------


@settings(max_examples=25)
@given(
    length=st.one_of(st.integers(1, 20), st.sampled_from([63, 64, 65, 101])),
    widths=st.sampled_from([(4, 4), (3, 5)]),
)
def test_block_attention_equals_the_plain_one(length: int, widths: tuple[int, int]):
    """In value and gradient, whether or not the blocks come out even."""
    d_qk, d_head = widths
    generator = torch.Generator().manual_seed(length)

    def draw(width: int) -> Tensor:
        return torch.randn(2, 3, length, width, dtype=torch.float64, generator=generator, requires_grad=True)

    inputs = (draw(d_qk), draw(d_qk), draw(d_head))
    weights = torch.randn(2, 3, length, d_head, dtype=torch.float64, generator=generator)
    ours = block_causal_attention(*inputs, 0.37)
    theirs = F.scaled_dot_product_attention(*inputs, is_causal=True, scale=0.37)
    torch.testing.assert_close(ours, theirs, rtol=0, atol=1e-6)
    ours_grad = torch.autograd.grad((ours * weights).sum(), inputs)
    theirs_grad = torch.autograd.grad((theirs * weights).sum(), inputs)
    for a, b in zip(ours_grad, theirs_grad, strict=True):
        torch.testing.assert_close(a, b, rtol=0, atol=1e-6)


def test_block_attention_against_finite_differences():
    inputs = [torch.randn(1, 1, 9, 2, dtype=torch.float64, requires_grad=True) for _ in range(3)]
    assert torch.autograd.gradcheck(lambda q, k, v: block_causal_attention(q, k, v, 0.5), inputs)


def test_activation_cache_reads_the_logits(model: PuzzleGPT, tokens: Tensor):
    """Direct logit attribution and the logit lens are exact: nothing stands between the stream and the
    unembedding."""
    logits, cache = model.run_with_cache(tokens[:, :60])
    attributions = cache.logit_attrs(cache.decompose_resid(), tokens=tokens[:, :60])
    chosen = logits.gather(-1, tokens[:, :60, None])[..., 0]
    assert_close(attributions.sum(0) + model.b_U[tokens[:, :60]], chosen)
    for expand_neurons in (False, True):
        parts = cache.get_full_resid_decomposition(expand_neurons=expand_neurons)
        assert_close(parts.sum(0), cache["resid_post", -1])
    assert_close(cache.logit_lens().values[-1], logits[:, -1])
