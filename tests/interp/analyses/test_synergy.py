"""Pairs of components: against hooks, by brute force, and on models made by hand of which it is known what
replaces what."""

from collections.abc import Iterator
from itertools import combinations

import numpy as np
import pytest
import torch

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
    components_of,
    parse_ablation,
)
from interp.analyses.ablation_sweep import SweepPart, cost, sweep
from interp.analyses.synergy import LEAST_LOSS, Synergy, SynergyState, synergy
from interp.backend.codec import decode, encode
from interp.checkpoints import load_model
from interp.engine.answers import AnswerLoss, score
from interp.engine.measures import MEASURES, METRICS
from interp.engine.predict import run_ablated
from interp.errors import PuzzlescopeError
from interp.grids import CELLS
from interp.model import Config, PuzzleGPT
from interp.puzzles import load_puzzles
from interp.tokens import GRID_TOKENS
from tests.support.models import SMALL, six_puzzles, small_model
from tests.support.programs import printed

TOKENS = six_puzzles()[:3]
MIXED = ("L0.H1", "L2.mlp", "L0.attn", "L0.mlp", "L1.H0", "L2.H3", "L2.H1")


def parts_of(*texts: str) -> list[Component]:
    return [parse_ablation(text, SMALL).terms[0].component for text in texts]


def off_of(*parts: Component, method: Method = ZERO, base: Ablation = NO_ABLATION) -> Ablation:
    for part in parts:
        base = base.with_term(Term(part, method))
    return base


# ---- by brute force ----


def zeroed(model: PuzzleGPT, parts: tuple[Component, ...]) -> torch.Tensor:
    """The answer's logits with heads zeroed, by nothing but TransformerLens's hooks."""

    def hook(head: int):
        def zero(z: torch.Tensor, hook: object) -> torch.Tensor:
            z = z.clone()
            z[:, :, head] = 0
            return z

        return zero

    hooks = [(f"blocks.{part.layer}.attn.hook_z", hook(part.head or 0)) for part in parts]
    return model.run_with_hooks(model.prompt(TOKENS), fwd_hooks=hooks)[:, -GRID_TOKENS - 1 : -1]


def measured(logits: torch.Tensor, prompt: torch.Tensor) -> dict[str, float]:
    """Every measure as a cost, from the logits, the plain way."""
    loss, right = score(logits, prompt)
    found: dict[str, float] = {cut: loss.mean(cut) for cut in METRICS}
    return found | {"wrong": (~right).sum(1).mean(), "answers": 1 - right.all(1).mean()}


def test_every_pair_of_heads_is_what_hooks_say() -> None:
    model = small_model()
    state, heads = synergy(model, TOKENS), components_of(SMALL, ["head"])
    assert state.complete and state.parts == tuple(heads)
    runs = [(), *((part,) for part in heads), *combinations(heads, 2)]
    found = {run: measured(zeroed(model, run), model.prompt(TOKENS)) for run in runs}
    for measure in MEASURES:
        table = state.synergy(measure)
        for (i, a), (j, b) in combinations(enumerate(heads), 2):
            both, one, other, clean = (found[run][measure] for run in ((a, b), (a,), (b,), ()))
            assert table[i, j] == pytest.approx(both - one - other + clean, abs=2e-4), (a, b, measure)
    assert np.abs(state.synergy("final")[np.triu_indices(len(heads), 1)]).max() > 0.05, "they do interact"


@pytest.mark.parametrize(
    ("base", "method", "texts"),
    [
        ("L1.H0:lookback=100,L2.mlp:mean,L1.H2", ZERO, MIXED),
        ("L1.mlp", MEAN, MIXED),
        ("L0.H1:mean,L2.attn", Lookback(100), ("L2.H1", "L0.H1", "L0.H3", "L1.attn")),
    ],
)
def test_parts_of_all_kinds_on_a_base_by_every_method(
    base: str, method: Method, texts: tuple[str, ...], means: ReferenceMeans
) -> None:
    model, parts, on = small_model(), parts_of(*texts), parse_ablation(base, SMALL)
    state, prompt = synergy(model, TOKENS, parts, base=on, means=means, method=method), model.prompt(TOKENS)

    def plain(*off: Component) -> dict[str, float]:
        ablation = off_of(*off, method=method, base=on)
        return measured(run_ablated(model, prompt, ablation, means)[:, -GRID_TOKENS - 1 : -1], prompt)

    clean, alone = plain(), [plain(part) for part in parts]
    for measure in MEASURES:
        expected = [one[measure] - clean[measure] for one in alone]
        np.testing.assert_allclose(state.costs(measure), expected, atol=2e-4)
    for (i, a), (j, b) in combinations(enumerate(parts), 2):
        both = plain(a, b)
        for measure in MEASURES:
            assert state.together(measure)[i, j] == pytest.approx(both[measure] - clean[measure], abs=2e-4)


def test_it_is_symmetric_whatever_order_they_are_named_in(means: ReferenceMeans) -> None:
    model, parts = small_model(), parts_of(*MIXED)
    one, other = (synergy(model, TOKENS[:1], some) for some in (parts, parts[::-1]))
    table, turned = one.synergy("changed"), other.synergy("changed")[::-1, ::-1]
    np.testing.assert_array_equal(table, table.T)
    np.testing.assert_allclose(table, turned, atol=1e-6)
    assert np.isnan(np.diagonal(table)).all() and np.isfinite(table).sum() == len(parts) * (len(parts) - 1)


def test_one_puzzle_after_the_other_is_all_together() -> None:
    """Also where the puzzles do not fill the passes that they are computed in."""
    model, parts, tokens = small_model(), parts_of(*MIXED), six_puzzles()[:5]
    whole = synergy(model, tokens, parts).synergy("cells")
    each = [synergy(model, tokens[k : k + 1], parts).synergy("cells") for k in range(len(tokens))]
    np.testing.assert_allclose(whole, np.mean(each, 0), atol=1e-5)


def test_with_a_hook_of_a_users_it_is_what_the_hooked_model_does() -> None:
    model, parts = small_model(), parts_of("L0.H1", "L1.H2", "L2.mlp")
    model.add_hook("blocks.1.hook_mlp_out", lambda out, hook: 2 * out)
    state, prompt = synergy(model, TOKENS, parts), model.prompt(TOKENS)
    runs = [(), *((part,) for part in parts), *combinations(parts, 2)]
    found = {
        run: score(run_ablated(model, prompt, off_of(*run))[:, 303:404], prompt)[0].mean() for run in runs
    }
    for (i, a), (j, b) in combinations(enumerate(parts), 2):
        expected = found[a, b] - found[a,] - found[b,] + found[()]
        assert state.synergy()[i, j] == pytest.approx(expected, abs=1e-4)
    assert found[()] != pytest.approx(score(run_ablated(small_model(), prompt)[:, 303:404], prompt)[0].mean())


# ---- models made by hand ----

HAND = Config(n_layers=2, n_heads=4, d_model=32, d_head=8, d_mlp=4)
WAY, LINK = 31, 30
"""Numbers of the residual stream that no token has: the logits read the one, a second head the other."""
GAIN = 40.0


def by_hand() -> PuzzleGPT:
    """A model whose heads do nothing yet. A token is 1 and -1 in two numbers of its own; no position is told
    from another, every head looks everywhere alike."""
    model = PuzzleGPT(HAND)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.zero_()
        model.pos_embed.W_pos.zero_()
        for token in range(15):
            model.embed.W_E[token, 2 * token], model.embed.W_E[token, 2 * token + 1] = 1, -1
        for block in model.blocks:
            block.ln1.w.fill_(1)
        model.unembed.b_U[0] = 1  # what it draws where no head speaks
    return model.eval().requires_grad_(False)


def reads(model: PuzzleGPT, layer: int, head: int, number: int, writes: int, gain: float = 1.0) -> None:
    """Let a head carry one number of the stream to another, by its mean over all positions so far."""
    attn = model.blocks[layer].attn
    attn.W_V[head, number, 0], attn.W_O[head, 0, writes] = 1, gain


def draws(model: PuzzleGPT, number: int, colour: int, gain: float = GAIN) -> None:
    """Let a number of the stream speak for a colour."""
    model.unembed.W_U[number, colour] = gain


def all_of(*colours: int) -> np.ndarray:
    """For each colour a puzzle in which every cell has it."""
    markers = np.arange(11, 15)[:, None]
    return np.stack([np.hstack([markers, np.full((4, CELLS), colour)]).ravel() for colour in colours]).astype(
        np.uint8
    )


HEADS = components_of(HAND, ["head"])


def test_a_head_and_its_double_are_found_by_their_synergy_and_by_nothing_else() -> None:
    plain, doubled = by_hand(), by_hand()
    reads(plain, 0, 1, number=10, writes=WAY)  # sees colour 5
    draws(plain, WAY, 5)
    doubled.load_state_dict(plain.state_dict())
    attn = doubled.blocks[0].attn
    attn.W_V[3] = attn.W_V[1]
    attn.W_O[3] = attn.W_O[1] = attn.W_O[1] / 2
    tokens = all_of(5)
    prompt = plain.prompt(tokens)
    torch.testing.assert_close(plain(prompt), doubled(prompt))

    clean, *rows = sweep(plain, tokens, HEADS)
    assert cost(rows[1], clean, "wrong") == 100, "alone, the head is found by ablating it"
    clean, *rows = sweep(doubled, tokens, HEADS)
    assert max(abs(cost(row, clean, "cells")) for row in rows) < LEAST_LOSS, "with its double, it is not"
    assert all(cost(row, clean, "wrong") == 0 for row in rows)

    state = synergy(doubled, tokens)
    first, *others = state.pairs("cells")
    assert first.names == "L0.H1+L0.H3" and first.synergy > 2.5
    assert max(abs(one.synergy) for one in others) < LEAST_LOSS
    assert [pair.names for pair in state.replacing("wrong")] == ["L0.H1+L0.H3"]
    assert state.synergy("wrong")[1, 3] == 100
    assert state.summary("wrong") == (
        "L0.H1 and L0.H3 replace one another most: together 100 of 100 cells, alone 0 and 0."
    )


def test_what_is_independent_adds_up() -> None:
    """One head is for puzzles of one colour, the other for those of another."""
    model = by_hand()
    reads(model, 0, 0, number=2, writes=WAY)
    reads(model, 1, 2, number=4, writes=LINK)
    draws(model, WAY, 1)
    draws(model, LINK, 2)
    state = synergy(model, all_of(1, 2))
    alone = state.costs("cells")
    assert np.flatnonzero(alone > 1).tolist() == [0, 4 + 2]
    assert state.together("cells")[0, 6] == pytest.approx(alone[0] + alone[6], rel=1e-6)
    for measure in MEASURES:
        table = state.synergy(measure)
        np.testing.assert_allclose(table[np.isfinite(table)], 0, atol=1e-5)
    assert state.replacing("wrong") == []
    assert (
        state.summary("wrong") == "No two replace one another: no pair costs more together than both alone."
    )


def test_links_of_a_chain_are_needed_together() -> None:
    model = by_hand()
    reads(model, 0, 0, number=2, writes=LINK, gain=5.0)
    reads(model, 1, 2, number=LINK, writes=WAY, gain=5.0)
    draws(model, WAY, 1)
    state = synergy(model, all_of(1))
    assert state.costs("wrong")[[0, 6]].tolist() == [100, 100]
    assert state.synergy("wrong")[0, 6] == -100
    assert state.pairs("wrong")[-1].names == "L0.H0+L1.H2"
    assert "L0.H0 and L1.H2 are needed together most: together 100 of 100 cells, alone 100 and 100" in (
        state.summary("wrong")
    )


# ---- while it fills up ----


def under_way(parts: list[Component], tokens: np.ndarray) -> Iterator[SynergyState]:
    """The state at every pause."""
    steps = synergy.steps(small_model(), tokens, parts)
    state = next(steps)
    assert state is not None
    yield state
    for _ in steps:
        yield state


def test_it_fills_up_and_compares_the_same_puzzles() -> None:
    parts, tokens = components_of(SMALL, ["head"]), six_puzzles()
    four = synergy(small_model(), tokens[:4], parts).synergy()  # as many as are computed at a time
    fractions, seen = [], set()
    for state in under_way(parts, tokens):
        fractions.append(state.fraction)
        found = state.synergy()
        known = np.isfinite(found)
        assert (known == known.T).all()
        if state.known == 4:
            seen.add(int(known.sum()))
            np.testing.assert_allclose(found[known], four[known], atol=1e-5)
    assert fractions[0] == 0 and fractions[-1] == 1 and fractions == sorted(fractions)
    assert len(seen) > 10 and max(seen) == len(parts) * (len(parts) - 1), "pair after pair, then all"
    assert state.known == 6 and not np.allclose(found[known], four[known], atol=1e-3)
    begun = SynergyState(parts, 2)
    assert np.isnan(begun.synergy()).all() and begun.pairs() == [] and begun.rows() == ()
    assert begun.summary() == "Nothing is measured yet."


def test_no_pause_is_longer_than_a_layer_and_its_size_is_known() -> None:
    parts = components_of(SMALL, ["head"])
    pauses = sum(1 for _ in under_way(parts, TOKENS[:1]))
    assert pauses > 2 * len(parts), "others get their turn in between"
    for n in (1, 16):
        state = SynergyState(parts, n)
        runs = 1 + 12 + 66
        assert state.nbytes == runs * n * 26 + n * 4 + runs * 4
        numbers = [state.number(), *(state.number(k) for k in range(12))]
        numbers += [state.number(*pair) for pair in combinations(range(12), 2)]
        assert numbers == list(range(runs)) and state.number(5, 2) == state.number(2, 5)


def test_it_is_kept_and_exported_as_it_is() -> None:
    state = synergy(small_model(), TOKENS[:1], parts_of("L0.H1", "L1.H2", "L2.H0"))
    again, _ = decode(encode(state, ""))
    np.testing.assert_array_equal(again.synergy("wrong"), state.synergy("wrong"))
    assert again.rows() == state.rows()
    row = state.rows()[1]
    assert (row["a"], row["b"], row["n"]) == ("L0.H1", "L2.H0", 1)
    for measure in MEASURES:
        parts = [row[f"{name}_{measure}"] for name in ("synergy", "together", "a_alone", "b_alone")]
        assert parts[0] == pytest.approx(parts[1] - parts[2] - parts[3])
        assert parts[1] == state.together(measure)[0, 2]


def test_losses_that_are_not_finite_are_not_compared() -> None:
    state = SynergyState(parts_of("L0.H1", "L1.H2"), 1)
    for number, loss in enumerate((0.1, 0.2, np.inf, 3.0)):
        own = AnswerLoss(np.full(1, loss), np.full((1, CELLS), loss), np.zeros((1, CELLS), bool))
        state.add(SweepPart(number, 0, own, np.ones((1, CELLS), bool)))
    assert state.complete and state.pairs("final") == [] and state.pairs("copied") == []
    assert state.summary("final") == "There is nothing to compare by this measure."
    assert len(state.pairs("wrong")) == 1


def test_what_cannot_be_asked_is_refused_in_a_sentence() -> None:
    model, heads = small_model(), parts_of("L0.H1", "L1.H2")
    for tokens, parts, said in (
        (TOKENS[:0], heads, "There is no puzzle"),
        (TOKENS, heads[:1], "Pairs need at least two components, got 1"),
        (TOKENS, [*heads, heads[0]], "Each component can be named once, but L0.H1 is there twice"),
        (TOKENS, [heads[0], Component(7, "head", 0)], "L7"),
    ):
        with pytest.raises(PuzzlescopeError, match=said):
            synergy(model, tokens, parts)


def test_its_program_prints_what_it_found(model_folder: str) -> None:
    puzzles = load_puzzles("bank").puzzles[:1]
    parts = tuple(parts_of("L0.H1", "L1.H2", "L2.H0"))
    asked = Synergy(puzzles, parts, parse_ablation("L1.mlp", SMALL))
    said = printed(asked.program(model_folder, measure="changed")).splitlines()
    found = synergy(load_model(model_folder), puzzles[0].tokens[None], parts, base=asked.base).pairs(
        "changed"
    )
    assert [line.split()[0] for line in said] == [pair.names for pair in found]
    assert [float(line.split()[1]) for line in said] == pytest.approx(
        [one.synergy for one in found], rel=1e-4
    )
