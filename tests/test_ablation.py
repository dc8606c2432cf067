"""Ablation text, and what the hooks do to a run."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from interp.ablation import (
    MEAN,
    NO_ABLATION,
    ZERO,
    Ablation,
    Component,
    Method,
    ReferenceMeans,
    Term,
    hooks_of,
    parse_ablation,
    reference_means,
)
from interp.errors import PuzzlescopeError
from interp.model import PuzzleGPT
from interp.predict import run_ablated
from tests.models import SMALL

CFG = SMALL


@pytest.fixture(scope="module")
def prompt() -> torch.Tensor:
    return torch.randint(0, 15, (3, 405), generator=torch.Generator().manual_seed(1))


def components() -> st.SearchStrategy[Component]:
    layers = st.integers(0, CFG.n_layers - 1)
    heads = st.builds(
        lambda layer, head: Component(layer, "head", head), layers, st.integers(0, CFG.n_heads - 1)
    )
    whole = st.builds(Component, layers, st.sampled_from(["attn", "mlp"]))
    return heads | whole


@st.composite
def terms(draw: st.DrawFn) -> Term:
    component = draw(components())
    methods = [st.just(ZERO), st.just(MEAN)]
    if component.kind != "mlp":
        methods.append(st.builds(Method, st.just("lookback"), st.integers(0, 404)))
    return Term(component, draw(st.one_of(methods)))


some_terms = st.lists(terms(), max_size=12)


@given(some_terms)
def test_text_round_trip(terms: list[Term]) -> None:
    ablation = Ablation.of(terms)
    assert parse_ablation(ablation.text, CFG) == ablation


@given(some_terms)
def test_an_ablation_is_one_value_however_it_was_built(terms: list[Term]) -> None:
    ablation = Ablation.of(terms)
    again = Ablation.of(reversed(ablation.terms))
    assert again == ablation and hash(again) == hash(ablation)


@given(st.text(alphabet="L0123456789-*.,:attnmlpHzeromeanlookback= ", max_size=30))
def test_any_text_parses_or_says_what_is_wrong(text: str) -> None:
    try:
        parse_ablation(text, CFG)
    except PuzzlescopeError as error:
        assert "\n" not in str(error) and str(error).startswith("Ablation term")


def test_a_text_by_hand() -> None:
    found = parse_ablation(" L*.mlp , L1-*.attn, L0.attn:lookback=100, L2.H1-2:mean", CFG).components
    assert found[Component(0, "attn")] == Method("lookback", 100)
    assert found[Component(2, "head", 2)] == MEAN
    assert sum(part.kind == "mlp" for part in found) == 3 and len(found) == 8
    assert parse_ablation("L0.attn:mean,L*.attn", CFG).components[Component(0, "attn")] == ZERO, (
        "the later term counts"
    )
    assert parse_ablation("", CFG) == parse_ablation("  ", CFG) == NO_ABLATION


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("L0.attn,L9.attn", "term 2, 'L9.attn': there is no layer 9, the model has layers 0 to 2"),
        ("L0.H7", "no head 7"),
        ("L2-1.attn", "backwards"),
        ("L0.mlp:lookback=3", "no attention pattern"),
        ("L0.attn:lookback=405", "0 to 404"),
        ("L0.attn:lookback=" + "9" * 50, "0 to 404"),
        ("L0.attn:median", "zero, mean or lookback=N"),
        ("L0.foo", "attn, mlp or a head"),
        ("Lx.attn", "layer number"),
        ("attn", "expected a component"),
        ("L0.attn,,L1.attn", "is empty"),
    ],
)
def test_the_error_points_at_the_bad_term(text: str, told: str) -> None:
    with pytest.raises(PuzzlescopeError, match="term") as caught:
        parse_ablation(text, CFG)
    assert told in str(caught.value)


def test_leading_zeros_do_not_change_a_number() -> None:
    assert parse_ablation("L0000001.attn:lookback=0000100", CFG) == parse_ablation(
        "L1.attn:lookback=100", CFG
    )


def test_no_ablation_is_the_clean_run_bit_for_bit(model: PuzzleGPT, prompt: torch.Tensor) -> None:
    assert torch.equal(run_ablated(model, prompt), model(prompt))


def test_zero_attention_equals_zeroing_all_its_heads(model: PuzzleGPT, prompt: torch.Tensor) -> None:
    layer = run_ablated(model, prompt, parse_ablation("L1.attn", CFG))
    heads = run_ablated(model, prompt, parse_ablation("L1.H*", CFG))
    torch.testing.assert_close(layer, heads, atol=1e-5, rtol=1e-5)
    assert not torch.allclose(layer, model(prompt), atol=1e-2)


def test_zero_equals_weights_set_to_zero(model: PuzzleGPT, prompt: torch.Tensor) -> None:
    """An independent way to switch a head and an MLP off: no hook, other weights."""
    other = PuzzleGPT(CFG)
    other.load_state_dict(model.state_dict())
    with torch.no_grad():
        other.blocks[1].attn.W_O[2] = 0
        other.blocks[2].mlp.W_out[:] = 0
        other.blocks[2].mlp.b_out[:] = 0
    found = run_ablated(model, prompt, parse_ablation("L1.H2,L2.mlp", CFG))
    torch.testing.assert_close(found, other(prompt), atol=1e-5, rtol=1e-5)


def test_lookback_moves_the_value_from_that_many_positions_back(
    model: PuzzleGPT, prompt: torch.Tensor
) -> None:
    with model.clean():
        for hook in hooks_of(parse_ablation("L0.H3:lookback=100", CFG)):
            model.add_hook(*hook)
        _, cache = model.run_with_cache(prompt)
    v, z = cache["v", 0], cache["z", 0]
    assert torch.equal(z[:, 100:, 3], v[:, :-100, 3])
    assert torch.equal(z[:, :100, 3], v[:, :1, 3].expand(-1, 100, -1)), "position 0 where there are fewer"
    _, clean = model.run_with_cache(prompt)
    torch.testing.assert_close(z[:, :, :3], clean["z", 0][:, :, :3])


def test_reference_means_are_over_puzzles_not_features(model: PuzzleGPT, prompt: torch.Tensor) -> None:
    means = reference_means(model, prompt, batch=2)
    _, cache = model.run_with_cache(prompt)
    for layer in range(CFG.n_layers):
        by_hand = torch.stack([cache["mlp_out", layer][k] for k in range(3)]).sum(0) / 3
        torch.testing.assert_close(means.mlp_out[layer], by_hand)
        torch.testing.assert_close(means.z[layer], cache["z", layer].mean(0))
        torch.testing.assert_close(means.attn_out[layer], cache["attn_out", layer].mean(0))


def test_mean_of_one_puzzle_changes_nothing_on_that_puzzle(model: PuzzleGPT, prompt: torch.Tensor) -> None:
    means = reference_means(model, prompt[:1])
    found = run_ablated(model, prompt[:1], parse_ablation("L*.attn:mean,L*.mlp:mean,L*.H*:mean", CFG), means)
    torch.testing.assert_close(found, model(prompt[:1]), atol=1e-5, rtol=1e-5)
    other = run_ablated(model, prompt[1:2], parse_ablation("L0.mlp:mean", CFG), means)
    assert not torch.allclose(other, model(prompt[1:2]), atol=1e-2)


def test_mean_needs_the_means() -> None:
    with pytest.raises(ValueError, match="means"):
        hooks_of(parse_ablation("L0.attn:mean", CFG))


def test_no_hook_survives_an_exception(model: PuzzleGPT, prompt: torch.Tensor) -> None:
    broken = ReferenceMeans(*(torch.zeros(1, 405, 1, 1), torch.zeros(1, 405, 7), torch.zeros(1, 405, 7)))
    with pytest.raises(RuntimeError):
        run_ablated(model, prompt, parse_ablation("L0.attn:mean,L1.attn", CFG), broken)
    assert not any(point.has_hooks() for point in model.hook_dict.values())
    assert torch.equal(run_ablated(model, prompt), model(prompt))


def test_components_are_dictionary_keys() -> None:
    assert {Component(1, "attn"): 1}[Component(1, "attn")] == 1
    assert np.unique([hash(Component(0, "head", h)) for h in range(4)]).size == 4
