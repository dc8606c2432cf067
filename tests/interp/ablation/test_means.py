"""Reference means: of a puzzle's own order of the grids, of the model itself, and refused by any other."""

from collections.abc import Callable

import numpy as np
import pytest
import torch

from interp.ablation import (
    REFERENCE_PUZZLES,
    ReferenceMeans,
    bank_means,
    components_of,
    joined,
    parse_ablation,
    reference_means,
)
from interp.analyses.ablation_sweep import sweep
from interp.analyses.attention import attention_pattern
from interp.analyses.head_study import study_heads
from interp.analyses.lookback import lookback_table
from interp.engine.predict import losses, predict, run_ablated
from interp.errors import PuzzlescopeError
from interp.model import PuzzleGPT
from interp.model.hooks import HooksIgnored
from interp.puzzles import load_puzzles
from interp.puzzles.kinds import KINDS, draw
from interp.tokens import STRUCTURES, structure_of, with_start
from tests.support.models import SMALL, small_model

EVERYTHING = "L*.attn:mean,L*.mlp:mean,L*.H*:mean"


@pytest.fixture(scope="module")
def four() -> np.ndarray:
    """Tokens of two puzzles of each structure, structures in turn."""
    return np.concatenate([draw("evaluation", 3, kind, 1) for kind in (*KINDS[:4], *KINDS[8:12])])


@pytest.fixture(scope="module")
def of_four(model: PuzzleGPT, four: np.ndarray) -> ReferenceMeans:
    return reference_means(model, with_start(four))


def test_they_are_over_puzzles_of_one_structure(
    model: PuzzleGPT, four: np.ndarray, of_four: ReferenceMeans
) -> None:
    """Not over features, not over other structures: by hand from the activations."""
    _, cache = model.run_with_cache(model.prompt(four))
    assert list(of_four.of) == list(STRUCTURES) and of_four.checkpoint_id == model.checkpoint_id
    for k, structure in enumerate(STRUCTURES):
        means = of_four.of[structure]
        assert means.n == 2
        for layer in range(SMALL.n_layers):
            for name, own in {"z": means.z, "attn_out": means.attn_out, "mlp_out": means.mlp_out}.items():
                by_hand = (cache[name, layer][k] + cache[name, layer][k + 4]) / 2
                torch.testing.assert_close(own[layer], by_hand)
                torch.testing.assert_close(getattr(of_four, name)[k, layer], by_hand)


def test_batches_do_not_matter(model: PuzzleGPT, four: np.ndarray, of_four: ReferenceMeans) -> None:
    one = reference_means(model, torch.from_numpy(with_start(four)), batch=1)
    for structure in STRUCTURES:
        torch.testing.assert_close(one.of[structure].z, of_four.of[structure].z)


def test_the_mean_over_one_puzzle_changes_nothing_on_it(model: PuzzleGPT, four: np.ndarray) -> None:
    """Four puzzles, each the only one of its order, in one batch: every row is given its own mean."""
    means, prompt = reference_means(model, with_start(four[:4])), model.prompt(four[:4])
    off = parse_ablation(EVERYTHING, SMALL)
    torch.testing.assert_close(run_ablated(model, prompt, off, means), model(prompt), atol=1e-5, rtol=1e-5)
    clean = predict(model, four[:4])
    for batch in (1, 3, 16):
        found = predict(model, four[:4], off, means, batch=batch)
        np.testing.assert_allclose(found.loss.cells, clean.loss.cells, atol=1e-4)
        drawn = prompt.clone()  # what it decoded is what follows from itself, each row with its own mean
        drawn[:, 305:] = torch.from_numpy(found.greedy)
        assert np.array_equal(
            run_ablated(model, drawn, off, means)[:, 304:-1].argmax(-1).numpy(), found.greedy
        )
    assert not np.allclose(
        losses(model, four[4:], off, means)[0].cells, losses(model, four[4:])[0].cells, atol=1e-2
    )


def test_a_batch_of_many_orders_is_as_each_alone(
    model: PuzzleGPT, four: np.ndarray, of_four: ReferenceMeans
) -> None:
    off, parts = (
        parse_ablation("L0.H1:mean,L1.mlp:mean", SMALL),
        components_of(SMALL, ["attn", "head", "mlp"]),
    )
    mean = parse_ablation("L0.attn:mean", SMALL).terms[0].method
    together = list(sweep(model, four, parts, base=off, means=of_four, method=mean))
    for k in range(4):
        alone = list(sweep(model, four[k : k + 1], parts, base=off, means=of_four, method=mean))
        for one, row in zip(together, alone, strict=True):
            np.testing.assert_allclose(one.loss.cells[k], row.loss.cells[0], rtol=1e-4, atol=1e-4)
            plain = (
                off
                if row.component is None
                else parse_ablation(f"{off.text},{row.component.text}:mean", SMALL)
            )
            expected = losses(model, four[k : k + 1], plain, of_four)[0].cells
            np.testing.assert_allclose(row.loss.cells, expected, rtol=1e-4, atol=1e-4)


def test_the_banks_are_over_enough_puzzles_of_each_order() -> None:
    bank = load_puzzles("bank")
    means = bank_means(small_model(), bank)
    assert {structure: own.n for structure, own in means.of.items()} == dict.fromkeys(
        STRUCTURES, REFERENCE_PUZZLES
    )
    assert REFERENCE_PUZZLES >= 64
    some = bank_means(small_model(), bank, STRUCTURES[1:2])
    assert list(some.of) == [STRUCTURES[1]]
    assert torch.equal(some.of[STRUCTURES[1]].z, means.of[STRUCTURES[1]].z)
    assert set(joined([some, bank_means(small_model(), bank, STRUCTURES[:1])]).of) == set(STRUCTURES[:2])


ASKS: list[Callable[[PuzzleGPT, np.ndarray, ReferenceMeans], object]] = [
    lambda model, tokens, means: predict(model, tokens, parse_ablation("L1.attn:mean", SMALL), means),
    lambda model, tokens, means: losses(model, tokens, parse_ablation("L1.H1:mean", SMALL), means),
    lambda model, tokens, means: list(
        sweep(model, tokens, [], base=parse_ablation("L0.mlp:mean", SMALL), means=means)
    ),
    lambda model, tokens, means: attention_pattern(
        model, tokens[0], 1, parse_ablation("L0.mlp:mean", SMALL), means
    ),
    lambda model, tokens, means: study_heads(model, tokens, parse_ablation("L0.mlp:mean", SMALL), means),
    lambda model, tokens, means: lookback_table(
        model, tokens, [1], parse_ablation("L0.mlp:mean", SMALL), means
    ),
]


@pytest.mark.parametrize("ask", ASKS)
def test_those_of_other_weights_or_orders_are_refused(four: np.ndarray, of_four: ReferenceMeans, ask) -> None:
    ask(small_model(), four, of_four)
    with pytest.raises(PuzzlescopeError, match="are of the model"):
        ask(small_model(seed=1), four, of_four)
    edited = small_model()
    edited.blocks[1].mlp.W_in.data[3, 5] += 1e-3
    with pytest.raises(PuzzlescopeError, match="weights as they are now"):
        ask(edited, four, of_four)
    few = reference_means(small_model(), with_start(four[:1]))
    with pytest.raises(PuzzlescopeError, match="take them over puzzles in that order too"):
        ask(small_model(), four[1:2], few)


@pytest.mark.parametrize(
    "tokens",
    [
        torch.zeros(2, 404, dtype=torch.long),
        np.zeros((0, 405), dtype=np.int64),
        torch.zeros(2, 405),
        torch.ones(2, 405, dtype=torch.long),
        torch.zeros(405, dtype=torch.long),
        torch.zeros(2, 405, dtype=torch.long),
        "x",
        None,
        load_puzzles("bank").limit(2),
    ],
)
def test_what_is_no_whole_puzzle_behind_a_start_token_has_no_means(model: PuzzleGPT, tokens) -> None:
    with pytest.raises(PuzzlescopeError):
        reference_means(model, tokens)


def test_puzzles_without_their_start_token_are_refused_with_the_remedy(
    model: PuzzleGPT, four: np.ndarray
) -> None:
    with pytest.raises(PuzzlescopeError, match="with_start"):
        reference_means(model, four.astype(np.int64))


def test_a_users_hook_is_not_in_them_and_that_is_said_once(four: np.ndarray, of_four: ReferenceMeans) -> None:
    model = small_model()
    model.add_hook("blocks.1.hook_attn_out", lambda out, hook: out * 0, is_permanent=True)
    with pytest.warns(HooksIgnored, match="reference means are of the model without them"):
        means = reference_means(model, with_start(four))
    again = reference_means(model, with_start(four))  # a second warning would be an error here
    for found in (means, again):
        torch.testing.assert_close(
            found.of[structure_of(four[0])].mlp_out, of_four.of[structure_of(four[0])].mlp_out
        )
    assert len(model.hook_dict["blocks.1.hook_attn_out"].fwd_hooks) == 1
