"""The fast pass against the model's own hooks: random ablations, alone and many in one batch, cached and
not."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor
from transformer_lens.hook_points import HookPoint
from transformer_lens.utilities.components_utils import get_act_name

from interp.ablation import (
    MEAN,
    NO_ABLATION,
    ZERO,
    Ablation,
    Lookback,
    Method,
    Optimal,
    PairEnd,
    Pattern,
    Resample,
    Term,
    components_of,
    hooks_for,
    parse_ablation,
)
from interp.analyses.ablation_sweep import CHUNK, STRETCH, Scope, positions_off, sweep, sweep_parts, term_of
from interp.engine import forward as engine
from interp.engine.decoding import decode_drafting, decode_together
from interp.engine.forward import gates_for, gates_of, run
from interp.engine.predict import losses, predict, predict_each, run_ablated
from interp.errors import PuzzlescopeError
from interp.model import KeyValueCache, loss_of
from interp.resumable import finish
from interp.tokens import ANSWER_START, GRID_TOKENS, with_start
from tests.interp.engine.plainly import best_cells
from tests.support.models import SMALL
from tests.support.terms import SOME_TERMS


@pytest.fixture(scope="module")
def prompt(tokens: np.ndarray) -> Tensor:
    return torch.from_numpy(with_start(tokens))


def assert_close(found: Tensor, expected: Tensor) -> None:
    torch.testing.assert_close(found, expected, rtol=1e-5, atol=2e-5)


@settings(max_examples=40)
@given(SOME_TERMS)
def test_any_ablation_gives_the_logits_that_hooks_give(model, prompt, means, terms: list[Term]) -> None:
    ablation = Ablation.of(terms)
    with torch.inference_mode():
        expected = run_ablated(model, prompt[:2], ablation, means)
        assert_close(run(model, prompt[:2], gates_for(model, prompt[:2], [ablation] * 2, means)), expected)
        last = run(model, prompt[:2], gates_for(model, prompt[:2], [ablation] * 2, means), last=GRID_TOKENS)
        assert_close(last, expected[:, -GRID_TOKENS:])


@settings(max_examples=15)
@given(st.lists(SOME_TERMS, min_size=6, max_size=6))
def test_many_ablations_in_one_batch(model, prompt, means, each: list[list[Term]]) -> None:
    ablations = [Ablation.of(terms) for terms in each]
    with torch.inference_mode():
        found = run(model, prompt, gates_for(model, prompt, ablations, means))
        for row, ablation in enumerate(ablations):
            assert_close(found[row], run_ablated(model, prompt[row : row + 1], ablation, means)[0])


@settings(max_examples=15)
@given(SOME_TERMS, st.lists(st.integers(1, 404), max_size=3))
def test_piece_by_piece_with_a_cache(model, prompt, means, terms: list[Term], cuts: list[int]) -> None:
    ablation = Ablation.of(terms)
    gates = gates_for(model, prompt[:2], [ablation, NO_ABLATION], means)
    ends = [*sorted(set(cuts)), 405]
    cache = KeyValueCache(SMALL, batch=2)
    with torch.inference_mode():
        parts = [
            run(model, prompt[:2, a:b], gates, kv_cache=cache) for a, b in zip([0, *ends], ends, strict=False)
        ]
        assert cache.length == 405
        assert_close(torch.cat(parts, 1), run(model, prompt[:2], gates))


@settings(max_examples=10)
@given(SOME_TERMS)
def test_losses_and_greedy_answers_are_those_of_the_hooks(
    model, tokens, prompt, means, terms: list[Term]
) -> None:
    ablation = Ablation.of(terms)
    found = predict(model, tokens[:2], ablation, means)
    with torch.inference_mode():
        logits = run_ablated(model, prompt[:2], ablation, means)
        per_token = loss_of(logits, prompt[:2])[:, ANSWER_START - 1 :].numpy()
        np.testing.assert_allclose(found.loss.cells, per_token[:, 1:], rtol=1e-5, atol=1e-5)
        np.testing.assert_allclose(found.loss.marker, per_token[:, 0], rtol=1e-5, atol=1e-5)
    assert np.array_equal(best_cells(model, tokens[:2], found.greedy, ablation, means), found.greedy)


def test_an_empty_ablation_is_the_clean_run_bit_for_bit(model, tokens, prompt) -> None:
    with torch.inference_mode():
        clean = run(model, prompt)
        assert torch.equal(run(model, prompt, gates_of([NO_ABLATION] * 6, SMALL)), clean)
    one, two = predict(model, tokens), predict(model, tokens, parse_ablation("", SMALL))
    assert np.array_equal(one.loss.cells, two.loss.cells)
    assert np.array_equal(one.greedy_probabilities, two.greedy_probabilities)
    first = next(sweep(model, tokens, []))
    assert first is not None and np.array_equal(first.loss.cells, losses(model, tokens)[0].cells)


def test_rows_that_ablate_nothing_are_not_touched_by_those_that_do(model, tokens) -> None:
    mixed = [NO_ABLATION, parse_ablation("L0.attn,L1.H2,L2.mlp", SMALL)] * 3
    found, clean = predict_each(model, tokens, mixed), predict(model, tokens)
    np.testing.assert_allclose(found.loss.cells[::2], clean.loss.cells[::2], rtol=1e-5, atol=1e-5)
    assert np.array_equal(found.greedy[::2], clean.greedy[::2])
    assert not np.allclose(found.loss.cells[1::2], clean.loss.cells[1::2], atol=1e-2)


def test_each_its_own_ablation_batched_against_single(model, tokens, means) -> None:
    texts = [
        "",
        "L0.attn",
        "L1.H2:lookback=100,L2.mlp",
        "L*.mlp:mean",
        "L0.H*:mean,L1.mlp",
        "L2.attn:lookback=1",
    ]
    each = [parse_ablation(text, SMALL) for text in texts]
    together = predict_each(model, tokens, each, means)
    for row, ablation in enumerate(each):
        alone = predict(model, tokens[row : row + 1], ablation, means)
        np.testing.assert_allclose(together.loss.cells[row], alone.loss.cells[0], rtol=1e-5, atol=1e-5)
        assert np.array_equal(together.greedy[row], alone.greedy[0])
        np.testing.assert_allclose(
            together.greedy_probabilities[row], alone.greedy_probabilities[0], atol=1e-4
        )


@pytest.mark.parametrize("text", ["", "L0.attn", "L1.attn,L2.mlp", "L*.mlp,L1-2.attn,L0.attn:lookback=100"])
@pytest.mark.parametrize("first", [0, 37, 98, 99])
def test_guessing_ahead_changes_nothing(model, prompt, text: str, first: int) -> None:
    """Decoded from some cell on as if all before were right: by guesses, and one cell at a time."""
    gates = gates_of([parse_ablation(text, SMALL)], SMALL)
    with torch.inference_mode():
        cache = KeyValueCache(SMALL, batch=1)
        logits = run(model, prompt[:1, :-1], gates, last=GRID_TOKENS, kv_cache=cache)[:, 1:]
        one_by_one = finish(decode_together(model, logits, first, cache.select(torch.tensor([0])), gates))
        guessed = finish(decode_drafting(model, logits, first, cache, gates))
    assert torch.equal(guessed.argmax(-1), one_by_one.argmax(-1))
    assert_close(guessed, one_by_one)


def test_guessing_takes_fewer_passes_where_the_answer_is_nearly_right(model, prompt, monkeypatch) -> None:
    """The model's own answer with one cell altered: once past it, long runs of guesses hold."""
    gates = gates_of([NO_ABLATION], SMALL)
    passes = []
    monkeypatch.setattr("interp.engine.decoding.run", lambda *a, **k: passes.append(1) or run(*a, **k))
    own = prompt[:1].clone()
    with torch.inference_mode():
        for _ in range(2):
            cache = KeyValueCache(SMALL, batch=1)
            logits = run(model, own[:, :-1], gates, last=GRID_TOKENS, kv_cache=cache)[:, 1:]
            own[:, ANSWER_START + 1 :] = finish(decode_drafting(model, logits, 0, cache, gates)).argmax(-1)
        passes.clear()
        cache = KeyValueCache(SMALL, batch=1)
        logits = run(model, own[:, :-1], gates, last=GRID_TOKENS, kv_cache=cache)[:, 1:]
        finish(decode_drafting(model, logits, 0, cache, gates))
    assert len(passes) <= 8, "runs of sixteen, all of which hold"


# ---- sweeps ------------------------------------------------------------------------------------------------


@settings(max_examples=12)
@given(
    SOME_TERMS, st.sampled_from([ZERO, MEAN, Optimal(), Resample(7), PairEnd(), Pattern()]), st.integers(0, 2)
)
def test_a_sweep_is_the_losses_one_by_one(
    model, tokens, means, terms: list[Term], method: Method, first: int
) -> None:
    """A sweep of all parts; every third of them, from a random one on, is compared."""
    base = Ablation.of(terms)
    parts = components_of(SMALL, ["attn", "head", "mlp"])
    clean, *rows = sweep(model, tokens[:2], parts, base=base, means=means, method=method)
    assert [row.component for row in rows] == parts
    np.testing.assert_allclose(
        clean.loss.cells, losses(model, tokens[:2], base, means)[0].cells, rtol=1e-5, atol=1e-5
    )
    for row in rows[first::3]:
        assert row.component is not None
        loss, solved = losses(model, tokens[:2], base.with_term(term_of(row.component, method)), means)
        np.testing.assert_allclose(row.loss.cells, loss.cells, rtol=1e-5, atol=2e-5)
        np.testing.assert_allclose(row.loss.marker, loss.marker, rtol=1e-5, atol=2e-5)
        assert np.array_equal(row.solved, solved)


def test_a_sweep_of_lookbacks(model, tokens) -> None:
    """Here a component changes where its own heads look: nothing of its layer can be shared."""
    base, method = parse_ablation("L1.H0,L2.attn", SMALL), Lookback(100)
    for row in list(
        sweep(model, tokens[:2], components_of(SMALL, ["attn", "head"]), base=base, method=method)
    )[1:]:
        assert row.component is not None
        loss, _ = losses(model, tokens[:2], base.with_term(Term(row.component, method)))
        np.testing.assert_allclose(row.loss.cells, loss.cells, rtol=1e-5, atol=2e-5)


@pytest.mark.parametrize("text", ["", "L0.H2,L2.attn", "L1.H1:lookback=100,L0.mlp:mean"])
@pytest.mark.parametrize("method", [ZERO, MEAN, PairEnd()])
@pytest.mark.parametrize("scope", ["answer", "stretch"])
def test_off_at_the_answer_only(
    model, tokens, prompt, means, text: str, method: Method, scope: Scope
) -> None:
    """Against hooks that put back what the layer would have written before the positions where parts are
    off."""
    base, where = parse_ablation(text, SMALL), positions_off(scope, prompt[:2])
    first = where.start
    parts = components_of(SMALL, ["attn", "mlp", "head"])
    rows = list(sweep(model, tokens[:2], parts, base=base, means=means, method=method, scope=scope))
    np.testing.assert_allclose(
        rows[0].loss.cells, losses(model, tokens[:2], base, means)[0].cells, rtol=1e-5, atol=1e-5
    )
    kept: dict[str, Tensor] = {}

    def keep(resid: Tensor, hook: HookPoint) -> None:
        kept[str(hook.name)] = resid.clone()

    def put_back(resid: Tensor, hook: HookPoint) -> Tensor:
        return torch.cat([kept[str(hook.name)][:, :first], resid[:, first:]], 1)

    for row in rows[1:]:
        assert row.component is not None
        name = get_act_name("resid_post", row.component.layer)
        off = base.with_term(term_of(row.component, method))
        with torch.inference_mode():
            hooks = [hooks_for(model, prompt[:2], each, means) for each in (base, off)]
            model.run_with_hooks(prompt[:2], fwd_hooks=[*hooks[0], (name, keep)])
            logits = model.run_with_hooks(prompt[:2], fwd_hooks=[*hooks[1], (name, put_back)])
        expected = np.column_stack([rows[0].loss.marker, rows[0].loss.cells])
        inside = slice(first - (ANSWER_START - 1), where.stop - (ANSWER_START - 1))
        expected[:, inside] = loss_of(logits, prompt[:2])[:, where].numpy()
        np.testing.assert_allclose(
            np.column_stack([row.loss.marker, row.loss.cells]), expected, rtol=1e-5, atol=2e-5
        )


@pytest.mark.parametrize("method", [Lookback(1), Pattern()])
@pytest.mark.parametrize("scope", ["answer", "stretch"])
def test_a_pattern_at_the_answer_only_is_refused(model, tokens, method: Method, scope: Scope) -> None:
    with pytest.raises(PuzzlescopeError, match="zero or mean"):
        list(sweep(model, tokens[:1], [], method=method, scope=scope))


def test_a_stretch_is_where_most_cells_change(prompt) -> None:
    for rows in (prompt[:1], prompt[1:2], prompt):
        where = positions_off("stretch", rows)
        assert where.stop - where.start == STRETCH
        assert where.start >= ANSWER_START - 1
        assert where.stop <= prompt.shape[1] - 1
        cells = torch.arange(ANSWER_START + 1, prompt.shape[1])
        changed = (rows[:, cells] != rows[:, cells - GRID_TOKENS]).sum(0)

        def inside(start: int, cells=cells, changed=changed) -> int:
            """Changed cells that are predicted from a stretch: each from the position before it."""
            return int(changed[(cells - 1 >= start) & (cells - 1 < start + STRETCH)].sum())

        starts = range(ANSWER_START - 1, prompt.shape[1] - STRETCH)
        assert inside(where.start) == max(map(inside, starts)) > 0


def test_chunks_of_puzzles_do_not_matter(model, tokens) -> None:
    many = np.concatenate([tokens] * 3)[: 2 * CHUNK + 1]
    for row in sweep(model, many, components_of(SMALL, ["attn"])):
        np.testing.assert_allclose(row.loss.cells[:6], row.loss.cells[6:12], rtol=1e-5, atol=2e-5)
        assert len(row.solved) == 2 * CHUNK + 1


def test_a_sweep_pauses_after_every_layer(model, tokens) -> None:
    found = list(sweep_parts(model, tokens[:1], components_of(SMALL, ["attn"])))
    pauses = sum(part is None for part in found)
    assert pauses == 3 + (3 + 2 + 1), "the clean run, then from each layer to the top"
    assert [part.row for part in found if part is not None] == [0, 1, 2, 3]


def test_means_must_be_given(model) -> None:
    with pytest.raises(PuzzlescopeError, match="reference means"):
        gates_of([parse_ablation("L0.attn:mean", SMALL)], SMALL)


@pytest.mark.parametrize("n_puzzles", [1, 3])
@pytest.mark.parametrize("n_before", [1, 303])
def test_attention_to_a_shared_past_is_that_to_a_copy_a_row(n_puzzles: int, n_before: int) -> None:
    generator = torch.Generator().manual_seed(n_before)
    rows, heads, pos, width = 4 * n_puzzles, 3, 17, 8
    q, k, v = (
        torch.randn(rows, pos, heads, width, generator=generator).transpose(1, 2) * 3 for _ in range(3)
    )
    before = [torch.randn(n_puzzles, heads, n_before, width, generator=generator) for _ in range(2)]
    copied_k, copied_v = (
        torch.cat([old.repeat(4, 1, 1, 1), new], 2) for old, new in zip(before, (k, v), strict=True)
    )
    flash = engine._flash()
    assert flash is not None, "this build of PyTorch has it"
    found, _ = engine.attend_sharing(flash, q, k, v, before[0], before[1], 0.4)
    assert_close(found, engine._attend(q, copied_k, copied_v, 0.4))


def test_a_first_look_is_the_same_without_it(model, tokens, monkeypatch: pytest.MonkeyPatch) -> None:
    parts = components_of(SMALL, ["attn", "head", "mlp"])
    quick = list(sweep(model, tokens[:2], parts, scope="answer"))
    monkeypatch.setattr(engine, "_flash", lambda: None)
    for one, other in zip(quick, sweep(model, tokens[:2], parts, scope="answer"), strict=True):
        np.testing.assert_allclose(one.loss.cells, other.loss.cells, atol=1e-5)
