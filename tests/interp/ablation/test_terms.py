"""Ablation text, and what the hooks do to a run."""

import re
from collections.abc import Callable

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
    Lookback,
    ReferenceMeans,
    Term,
    hooks_for,
    hooks_of,
    parse_ablation,
)
from interp.analyses.ablation_sweep import sweep
from interp.analyses.activation_patching import activation_patching
from interp.analyses.attention import attention_pattern
from interp.analyses.direct_attribution import direct_attribution
from interp.analyses.head_study import study_heads
from interp.analyses.logit_lens import logit_lens
from interp.analyses.lookback import lookback_table
from interp.analyses.notebook.published import blanks_masked
from interp.analyses.path_ablation import path_ablation
from interp.engine.predict import losses, predict, run_ablated
from interp.engine.runs import run_puzzle
from interp.errors import PuzzlescopeError
from interp.model import Config, PuzzleGPT
from interp.tokens import with_start
from tests.support.models import SMALL, six_puzzles

CFG = SMALL


@pytest.fixture(scope="module")
def prompt() -> torch.Tensor:
    return torch.from_numpy(with_start(six_puzzles()[:3]))


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
        methods.append(st.builds(Lookback, st.integers(0, 404)))
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
    assert found[Component(0, "attn")] == Lookback(100)
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
        ("L0.attn:median", "pattern or lookback=N"),
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
    with model.hooks(fwd_hooks=hooks_of(parse_ablation("L0.H3:lookback=100", CFG))):
        _, cache = model.run_with_cache(prompt)
    v, z = cache["v", 0], cache["z", 0]
    assert torch.equal(z[:, 100:, 3], v[:, :-100, 3])
    assert torch.equal(z[:, :100, 3], v[:, :1, 3].expand(-1, 100, -1)), "position 0 where there are fewer"
    _, clean = model.run_with_cache(prompt)
    torch.testing.assert_close(z[:, :, :3], clean["z", 0][:, :, :3])


def test_mean_needs_the_means(model: PuzzleGPT, prompt: torch.Tensor) -> None:
    off = parse_ablation("L0.attn:mean", CFG)
    for ask in (
        lambda: hooks_of(off),
        lambda: hooks_for(model, prompt, off),
        lambda: predict(model, prompt, off),
    ):
        with pytest.raises(PuzzlescopeError, match="give the reference means"):
            ask()


def test_no_hook_survives_an_exception(model: PuzzleGPT, prompt: torch.Tensor) -> None:
    def broken(out: torch.Tensor, hook: object) -> torch.Tensor:
        raise RuntimeError("broken")

    model.add_hook("blocks.2.hook_mlp_out", broken)
    with pytest.raises(RuntimeError, match="broken"):
        run_ablated(model, prompt, parse_ablation("L0.attn,L1.attn", CFG))
    assert [name for name, point in model.hook_dict.items() if point.has_hooks()] == ["blocks.2.hook_mlp_out"]
    model.reset_hooks()
    assert torch.equal(run_ablated(model, prompt), model(prompt))


DEEPER = Config(n_layers=12, n_heads=8)


@pytest.mark.parametrize("text", ["L11.attn", "L0.H7", "L0.H7:mean", "L11.mlp:mean", "L5.attn:lookback=1"])
def test_an_ablation_of_another_model_is_a_sentence_everywhere(
    model: PuzzleGPT, tokens: np.ndarray, means: ReferenceMeans, text: str
) -> None:
    off = parse_ablation(text, DEEPER)
    part = off.terms[0].component
    asks: list[Callable[[], object]] = [
        lambda: predict(model, tokens[:1], off, means),
        lambda: losses(model, tokens[:1], off, means),
        lambda: list(sweep(model, tokens[:1], [], base=off, means=means)),
        lambda: list(sweep(model, tokens[:1], [part])),
        lambda: run_ablated(model, model.prompt(tokens[:1]), off, means),
        lambda: run_puzzle(model, tokens[0], off, means),
        lambda: attention_pattern(model, tokens[0], 0, off, means),
        lambda: lookback_table(model, tokens[:1], [1], off, means),
        lambda: study_heads(model, tokens[:1], off, means),
        lambda: logit_lens(model, tokens[0], off, means),
        lambda: direct_attribution(model, tokens[0], off, means),
        lambda: activation_patching(model, tokens[0], tokens[0], ablation=off, means=means),
        lambda: path_ablation(model, tokens[:1], part),
        lambda: path_ablation(model, tokens[:1], Component(0, "mlp"), base=off, means=means),
        lambda: blanks_masked(model, tokens[:1], off, means),
    ]
    for ask in asks:
        with pytest.raises(PuzzlescopeError, match=f"{part.text}"):
            ask()


@pytest.mark.parametrize(
    "term",
    [
        Term(Component(0, "mlp"), Lookback(1)),
        Term(Component(0, "head")),
        Term(Component(0, "attn", 1)),
        Term(Component(-1, "attn")),
    ],
)
def test_an_ablation_made_by_hand_that_means_nothing_is_a_sentence(
    model: PuzzleGPT, tokens: np.ndarray, term: Term
) -> None:
    with pytest.raises(PuzzlescopeError):
        predict(model, tokens[:1], Ablation.of([term]))


def test_components_are_dictionary_keys() -> None:
    assert {Component(1, "attn"): 1}[Component(1, "attn")] == 1
    assert np.unique([hash(Component(0, "head", h)) for h in range(4)]).size == 4


@pytest.mark.parametrize("number", [-1, 405])
def test_an_offset_that_is_none_is_a_sentence(number: int) -> None:
    with pytest.raises(PuzzlescopeError, match=f"0 to 404 positions, got {number}"):
        Lookback(number)


@pytest.mark.parametrize(
    ("text", "meant"),
    [("L1.atn", "L1.attn"), ("l2.mlp", "L2.mlp"), ("L1attn:mean", "L1.attn"), ("L0.h3", "L0.H3")],
)
def test_a_slip_is_told_what_was_meant(text: str, meant: str) -> None:
    with pytest.raises(PuzzlescopeError, match=re.escape(f" Did you mean {meant}?")):
        parse_ablation(text, SMALL)
    with pytest.raises(PuzzlescopeError) as error:
        parse_ablation("x" * 10_000, SMALL)
    assert "Did you mean" not in str(error.value)
