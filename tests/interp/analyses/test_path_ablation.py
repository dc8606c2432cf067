"""Who reads whom, by effect: against hooks, against switching the source off, and alone against many at
once."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from interp.ablation import (
    MEAN,
    NO_ABLATION,
    ZERO,
    Ablation,
    Component,
    Lookback,
    Method,
    ReferenceMeans,
    Term,
    hooks_for,
    parse_ablation,
)
from interp.analyses.ablation_sweep import cost
from interp.analyses.composition import composition
from interp.analyses.path_ablation import (
    PathState,
    agreement,
    path_ablation,
    rank_correlation,
)
from interp.analyses.readers import LOGITS, Reader, readers_of
from interp.engine.answers import AnswerLoss, score
from interp.engine.predict import losses, run_ablated
from interp.errors import PuzzlescopeError
from interp.model import Config, PuzzleGPT
from interp.tokens import GRID_TOKENS, structure_of
from tests.support.models import SMALL, six_puzzles, small_model
from tests.support.paths import path_losses

NARROW = Config(n_layers=3, n_heads=3, d_model=24, d_head=6, d_mlp=20, d_qk=4)
BASES = [
    "",
    "L1.H0:lookback=100,L2.mlp:mean,L1.H2",
    "L0.H1:mean,L2.attn",
    "L1.H0:pattern,L0.H1:pair,L2.mlp:optimal",
]


def part(text: str) -> Component:
    return parse_ablation(text, SMALL).terms[0].component


def close(one: AnswerLoss, other: AnswerLoss) -> None:
    np.testing.assert_allclose(one.cells, other.cells, rtol=2e-4, atol=2e-4)
    np.testing.assert_allclose(one.marker, other.marker, rtol=2e-4, atol=2e-4)


TOKENS = six_puzzles()[:2]


# ---- the slow way, with hooks ----


def with_hooks(
    model: PuzzleGPT,
    source: Component,
    reader: Reader,
    base: Ablation = NO_ABLATION,
    means: ReferenceMeans | None = None,
    method: Method = ZERO,
) -> AnswerLoss:
    """A source taken from one reader, with nothing but hooks and the formulas of the layers."""
    prompt = model.prompt(TOKENS)
    hooks = hooks_for(model, prompt, base, means)
    with model.hooks(fwd_hooks=hooks):
        _, cache = model.run_with_cache(prompt)
    out = written(model, cache, source)
    if method == MEAN:
        assert means is not None
        own = [means.of[structure_of(puzzle)] for puzzle in TOKENS]
        z = [m.z[source.layer, :, source.head or 0] @ model.W_O[source.layer, source.head or 0] for m in own]
        kinds = {
            "attn": [m.attn_out[source.layer] for m in own],
            "mlp": [m.mlp_out[source.layer] for m in own],
            "head": z,
        }
        out = out - torch.stack(kinds[source.kind])
    if reader.layer is None:
        logits = (cache["resid_post", 2] - out) @ model.W_U + model.b_U
    else:
        block = model.blocks[reader.layer]
        if reader.input == "mlp":
            pre = F.layer_norm(
                cache["resid_mid", reader.layer] - out, (model.cfg.d_model,), block.ln2.w, block.ln2.b
            )
            hooks.append(
                (f"blocks.{reader.layer}.mlp.hook_pre", lambda _, hook: pre @ block.mlp.W_in + block.mlp.b_in)
            )
        else:
            x = F.layer_norm(
                cache["resid_pre", reader.layer] - out, (model.cfg.d_model,), block.ln1.w, block.ln1.b
            )
            W = getattr(block.attn, f"W_{reader.input.upper()}")

            def replaced(found: Tensor, hook: object) -> Tensor:
                found = found.clone()
                found[:, :, reader.head] = x @ W[reader.head]
                return found

            hooks.append((f"blocks.{reader.layer}.attn.hook_{reader.input}", replaced))
        logits = model.run_with_hooks(prompt, fwd_hooks=hooks)
    return score(logits[:, -GRID_TOKENS - 1 : -1], prompt)[0]


def written(model: PuzzleGPT, cache: dict, source: Component) -> Tensor:
    if source.kind == "head":
        return cache["z", source.layer][:, :, source.head] @ model.W_O[source.layer, source.head]
    return cache["attn_out" if source.kind == "attn" else "mlp_out", source.layer]


BLIND = {"L1.H0.q", "L1.H0.k", "L1.H2.q", "L1.H2.k", "L1.H2.v", "L2.mlp"}
"""With BASES[1] nothing that these read matters: told where to look, or off."""


@pytest.mark.parametrize(
    ("source", "base", "method"),
    [("L0.attn", 1, ZERO), ("L0.H2", 1, MEAN), ("L0.mlp", 0, MEAN), ("L1.H3", 0, ZERO)],
)
def test_every_reader_as_hooks_do_it(
    model: PuzzleGPT, means: ReferenceMeans, source: str, base: int, method: Method
) -> None:
    off = parse_ablation(BASES[base], SMALL)
    state = path_ablation(model, TOKENS, part(source), base=off, means=means, method=method)
    assert state.readers == readers_of(SMALL, part(source)) and state.complete
    unmoved = set()
    for number, reader in enumerate(state.readers, start=1):
        close(state.row(number).loss, with_hooks(model, part(source), reader, off, means, method))
        if np.allclose(state.row(number).loss.cells, state.row(0).loss.cells, rtol=1e-4, atol=1e-4):
            unmoved.add(reader.text)
    assert unmoved >= BLIND or base == 0
    assert len(unmoved - BLIND) < len(state.readers) / 4, "what is compared differs from the clean run"


def test_widths_of_queries_and_values_may_differ() -> None:
    model, source = small_model(4, NARROW), Component(0, "head", 1)
    readers = [Reader("q", 1, 2), Reader("k", 2, 0), Reader("v", 2, 1)]
    state = path_ablation(model, TOKENS, source, readers)
    for number, reader in enumerate(readers, start=1):
        close(state.row(number).loss, with_hooks(model, source, reader))


# ---- identities ----


@pytest.mark.parametrize("base", BASES)
@pytest.mark.parametrize(
    ("source", "method", "by_head"),
    [
        ("L0.attn", ZERO, True),
        ("L0.H2", MEAN, False),
        ("L0.mlp", MEAN, True),
        ("L1.attn", Lookback(100), False),
        ("L1.H1", ZERO, True),
        ("L2.attn", MEAN, True),
        ("L2.mlp", ZERO, True),
    ],
)
def test_taken_from_everybody_it_is_off(
    model: PuzzleGPT, means: ReferenceMeans, source: str, method: Method, by_head: bool, base: str
) -> None:
    ablation, readers = parse_ablation(base, SMALL), readers_of(SMALL, part(source), by_head=by_head)
    found, solved = path_losses(
        model, TOKENS, part(source), readers, base=ablation, means=means, method=method
    )
    prompt = model.prompt(TOKENS)
    logits = run_ablated(model, prompt, ablation.with_term(Term(part(source), method)), means)
    expected, right = score(logits[:, -GRID_TOKENS - 1 : -1], prompt)
    close(found, expected)
    np.testing.assert_array_equal(solved, right.all(1))


@pytest.mark.parametrize("base", BASES)
def test_taken_from_nobody_nothing_changes(model: PuzzleGPT, means: ReferenceMeans, base: str) -> None:
    ablation = parse_ablation(base, SMALL)
    found, _ = path_losses(model, TOKENS, part("L0.attn"), [], base=ablation, means=means)
    np.testing.assert_array_equal(found.cells, losses(model, TOKENS, ablation, means)[0].cells)


@pytest.mark.parametrize("base", BASES)
def test_one_after_the_other_is_each_by_itself(model: PuzzleGPT, means: ReferenceMeans, base: str) -> None:
    """Two chunks of puzzles, whole layers and single heads in any order, several rows a pass."""
    ablation, source, tokens = parse_ablation(base, SMALL), part("L0.H1"), np.tile(six_puzzles(), (2, 1))[:9]
    readers = [Reader("v", 2), LOGITS, Reader("q", 1, 3), Reader("mlp", 1), Reader("k", 1), Reader("v", 1, 0)]
    state = path_ablation(model, tokens, source, readers, base=ablation, means=means)
    close(state.row(0).loss, losses(model, tokens, ablation, means)[0])
    for number, reader in enumerate(readers, start=1):
        alone, solved = path_losses(model, tokens, source, [reader], base=ablation, means=means)
        close(state.row(number).loss, alone)
        np.testing.assert_array_equal(state.row(number).solved, solved)


@pytest.mark.parametrize("source", ["L0.attn", "L0.H1"])
def test_a_source_that_is_off_is_missed_by_nobody(model: PuzzleGPT, source: str) -> None:
    readers = readers_of(SMALL, part(source), by_head=False)
    state = path_ablation(model, TOKENS, part(source), readers, base=parse_ablation("L0.attn", SMALL))
    for row in state.finished_rows[1:]:
        np.testing.assert_allclose(row.loss.cells, state.row(0).loss.cells, atol=1e-4)


# ---- steps, and what is said of them ----


def test_it_fills_up_and_pauses(model: PuzzleGPT) -> None:
    steps = path_ablation.steps(model, np.tile(six_puzzles(), (2, 1))[:9], part("L1.attn"))
    state = next(steps)
    assert isinstance(state, PathState) and state.fraction == 0 and not state.complete
    fractions = []
    for news in steps:
        assert news is None and not torch.is_inference_mode_enabled()
        fractions.append(state.fraction)
    assert fractions == sorted(fractions) and len(set(fractions)) > 5
    assert state.complete and state.nbytes > 0
    assert set(state.by_reader()) == set(state.readers) == set(state.costs("changed"))
    for number, reader in enumerate(state.readers, start=1):
        assert state.costs()[reader] == cost(state.row(number), state.row(0), "final")


def test_what_cannot_be_is_a_sentence(model: PuzzleGPT) -> None:
    tokens = TOKENS
    with pytest.raises(PuzzlescopeError, match=r"L0\.H1\.q cannot read L0\.attn"):
        path_losses(model, tokens, part("L0.attn"), [Reader("q", 0, 1)])
    with pytest.raises(PuzzlescopeError, match=r"no L9\.mlp that reads"):
        path_losses(model, tokens, part("L0.attn"), [Reader("mlp", 9)])
    with pytest.raises(PuzzlescopeError, match=r"The model has no L4\.attn"):
        path_ablation(model, tokens, Component(4, "attn"))
    with pytest.raises(PuzzlescopeError, match="no puzzle"):
        path_ablation(model, tokens[:0], part("L0.attn"))


def test_rank_correlation() -> None:
    values = np.array([3.0, 1.0, 2.0, 10.0])
    assert rank_correlation(values, values**3) == pytest.approx(1)
    assert rank_correlation(values, -values) == pytest.approx(-1)
    # Worked by hand: ranks 1, 2.5, 2.5, 4 against 1, 3, 2, 4.
    assert rank_correlation(np.array([1.0, 5.0, 5.0, 7.0]), np.array([0.0, 9.0, 4.0, 10.0])) == pytest.approx(
        4.5 / np.sqrt(4.5 * 5)
    )
    assert np.isnan(rank_correlation(values[:2], values[:2])) and np.isnan(
        rank_correlation(values, 0 * values)
    )


def test_agreement_of_weights_and_effects(model: PuzzleGPT) -> None:
    source = part("L0.attn")
    weights, state = composition(model), path_ablation(model, TOKENS, source)
    found = agreement(weights, state, "changed")
    costs = {reader: abs(one) for reader, one in state.costs("changed").items()}
    excess = {reading.reader: reading.excess for reading in weights.readings(source)}
    expected = rank_correlation(
        np.array([excess[reader] for reader in state.readers]), np.array([costs[r] for r in state.readers])
    )
    assert found.n == len(state.readers) == 2 * 12 + 3 + 1 and found.rho == pytest.approx(expected)
    assert (
        agreement(weights, state, inputs=["k"]).n == 8 and agreement(weights, state, inputs=["logits"]).n == 1
    )
    nothing_yet = PathState(source, state.readers, 2)
    assert agreement(weights, nothing_yet).n == 0 and np.isnan(agreement(weights, nothing_yet).rho)
