"""Activation patching: against a slow way through TransformerLens's hooks, and what must hold at its
edges."""

import numpy as np
import pytest
import torch
from transformer_lens.hook_points import HookPoint
from transformer_lens.utilities.components_utils import get_act_name

from interp.ablation import ReferenceMeans, hooks_for, parse_ablation, reference_means
from interp.analyses.activation_patching import (
    EVERYWHERE,
    KINDS,
    LEAST_GAP,
    Block,
    Edit,
    PatchState,
    activation_patching,
    blocks_of,
    first_edit,
    recoloured,
    site_names,
    telling_source,
)
from interp.errors import PuzzlescopeError
from interp.export.tables import Header, Table
from interp.model import PuzzleGPT
from interp.puzzles import Puzzle
from interp.puzzles.kinds import KINDS as PUZZLE_KINDS
from interp.puzzles.kinds import draw
from interp.tokens import ANSWER_START, N_CTX, STRUCTURES
from tests.support.models import SMALL
from tests.support.puzzles import bank

ABLATIONS = ["", "L1.attn,L0.H2", "L1.attn:mean,L0.H1:mean,L2.mlp", "L0.attn:lookback=100,L2.mlp:mean"]


@pytest.fixture(scope="module")
def pair() -> np.ndarray:
    """Two puzzles of one task and order."""
    return draw("evaluation", 7, PUZZLE_KINDS[0], 2)


@pytest.fixture(scope="module")
def means(model: PuzzleGPT, pair: np.ndarray) -> ReferenceMeans:
    return reference_means(model, model.prompt(pair))


def in_between(target: np.ndarray, source: np.ndarray) -> np.ndarray:
    """What the source's run sees: its grids, and the target's answer."""
    return np.concatenate([source[: ANSWER_START - 1], target[ANSWER_START - 1 :]])


def slowly(model, target, source, kind: str, site: str, block: Block, text: str, means) -> np.ndarray:
    """Logits ``[100, 15]`` of the target's run with one activation of the source's, by ``run_with_cache`` and
    ``run_with_hooks``."""
    layer = int(site.split(".", maxsplit=1)[0][1:])
    head = int(site.split("H")[1]) if kind == "z" else None
    name, here = get_act_name(kind, layer), slice(block.first, block.last + 1)
    hooks = hooks_for(model, model.prompt(target[None]), parse_ablation(text, SMALL), means)
    with model.hooks(fwd_hooks=hooks), torch.inference_mode():
        _, cache = model.run_with_cache(model.prompt(in_between(target, source)[None]))

    def put(activation: torch.Tensor, hook: HookPoint) -> torch.Tensor:
        activation = activation.clone()
        if head is None:
            activation[:, here] = cache[name][:, here]
        else:
            activation[:, here, head] = cache[name][:, here, head]
        return activation

    with torch.inference_mode():
        # An ablation's hooks come first: the patch is of what is left, into what is left.
        logits = model.run_with_hooks(model.prompt(target[None]), fwd_hooks=[*hooks, (name, put)])
    return logits[0, ANSWER_START:-1].numpy()


def metric(logits: np.ndarray, state: PatchState) -> np.ndarray:
    """By hand, cell by cell."""
    return np.array([row[state.truth[cell]] - row[state.contrast[cell]] for cell, row in enumerate(logits)])


@pytest.mark.parametrize("text", ABLATIONS)
@pytest.mark.parametrize("kind", KINDS)
def test_every_patch_is_what_hooks_give(model, pair, means, kind, text: str) -> None:
    target, source = pair
    state = activation_patching(
        model, target, source, kind, ablation=parse_ablation(text, SMALL), means=means
    )
    assert state.complete and state.fraction == 1 and not np.isnan(state.values).any()
    assert state.values.shape == (len(site_names(SMALL, kind)), 10, 100)
    step = 5 if kind == "z" else 1
    for i in range(0, len(state.sites), step):
        for j in range(i % 3, 10, 3):
            logits = slowly(model, target, source, kind, state.sites[i], state.blocks[j], text, means)
            np.testing.assert_allclose(state.values[i, j], metric(logits, state), rtol=1e-4, atol=1e-3)


@pytest.mark.parametrize("text", ABLATIONS)
def test_the_whole_stream_is_the_sources_run(model, pair, means, text: str) -> None:
    state = activation_patching(model, *pair, ablation=parse_ablation(text, SMALL), means=means)
    assert state.blocks[-1] == EVERYWHERE
    for layer in range(SMALL.n_layers):
        np.testing.assert_allclose(state.values[layer, -1], state.source, rtol=1e-4, atol=1e-4)
    assert state.comparable.any(), "two puzzles differ"
    np.testing.assert_allclose(state.effects()[:, -1, state.comparable], 1, atol=0.02)


@pytest.mark.parametrize("kind", KINDS)
def test_a_puzzle_patched_into_itself_changes_nothing(model, pair, kind, monkeypatch) -> None:
    state = activation_patching(model, pair[0], pair[0], kind)
    assert np.array_equal(state.source, state.target) and not state.comparable.any()
    assert (state.values == state.target).all() and np.isnan(state.effects()).all()
    # And not only because that is known beforehand: the same, computed.
    monkeypatch.setattr("interp.analyses.activation_patching.N_CTX", 0)
    computed = activation_patching(model, pair[0], pair[0], kind)
    np.testing.assert_allclose(
        computed.values, np.broadcast_to(state.target, computed.values.shape), atol=1e-4
    )


def test_what_is_before_the_first_difference_changes_nothing(model, pair) -> None:
    puzzle = Puzzle.of("frame", pair[0])
    other = recoloured(puzzle, 2, 4, 4, (int(puzzle.grids[2, 4, 4]) + 1) % 11)
    state = activation_patching(model, puzzle.tokens, other.tokens, "attn_out", detail="rows")
    names = [block.name for block in state.blocks]
    third = puzzle.structure.name.split(" ")[2]
    first = names.index(f"{third} row 5")
    assert (state.values[:, :first] == state.target).all()
    assert (np.abs(state.values[:-1, first] - state.target).max(-1) > 0).all(), "later layers read it"
    for j in (0, first - 1):  # as computed
        logits = slowly(
            model, puzzle.tokens, other.tokens, "attn_out", "L1.attn_out", state.blocks[j], "", None
        )
        np.testing.assert_allclose(metric(logits, state), state.target, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("kind", KINDS)
def test_many_at_a_time_are_as_one_by_one(model, pair, means, kind) -> None:
    ablation = parse_ablation(ABLATIONS[2], SMALL)
    many, one = (
        activation_patching(model, *pair, kind, ablation=ablation, means=means, rows=rows) for rows in (7, 1)
    )
    np.testing.assert_allclose(many.values, one.values, rtol=1e-5, atol=1e-4)


def test_what_is_off_carries_nothing(model, pair) -> None:
    state = activation_patching(model, *pair, "attn_out", ablation=parse_ablation("L1.attn", SMALL))
    np.testing.assert_allclose(state.values[1], np.tile(state.target, (10, 1)), atol=1e-5)
    assert np.abs(state.values[2] - state.target).max() > 0.01


@pytest.mark.parametrize("detail", ["grids", "rows"])
@pytest.mark.parametrize("structure", STRUCTURES)
def test_blocks_are_all_positions_once(structure, detail) -> None:
    blocks = blocks_of(structure, detail)
    positions = [p for block in blocks for p in range(block.first, block.last + 1)]
    assert positions == list(range(N_CTX))
    assert len({block.name for block in blocks}) == len(blocks) == (9 if detail == "grids" else 45)
    names = structure.name.split(" ")
    assert [block.name for block in blocks if block.name.startswith("[")] == [f"[{name}]" for name in names]


def test_the_state_fills_up(model, pair) -> None:
    steps = activation_patching.steps(model, *pair, "z", rows=8)
    state = next(steps)
    assert state is not None and state.fraction == 0 and not state.complete and np.isnan(state.values).all()
    seen, news = [], []
    for one in steps:
        news.append(one)
        seen.append(state.fraction)
        known = ~np.isnan(state.values).any(-1)
        assert state.fraction == pytest.approx(known.mean())
        if seen[-1] and seen[-1] < 0.1:
            assert known[:, :-1].sum() == 0, "everywhere comes first"
    assert seen == sorted(seen) and state.complete and set(news) == {None}
    assert len(seen) > 20 and state.nbytes > state.values.nbytes


def test_an_edited_puzzle_differs_in_one_cell(pair) -> None:
    puzzle = Puzzle.of("frame", pair[0])
    color = (int(puzzle.grids[1, 3, 8]) + 4) % 11
    other = recoloured(puzzle, 1, 3, 8, color)
    changed = np.argwhere(puzzle.grids != other.grids)
    assert changed.tolist() == [[1, 3, 8]] and other.grids[1, 3, 8] == color and other.task == "frame"


@pytest.mark.parametrize(
    ("edit", "message"),
    [
        ((3, 0, 0, 1), "grid 0 to 2"),
        ((0, 10, 0, 1), "row and column 0 to 9"),
        ((0, 0, 0, 11), "from 0 to 10"),
    ],
)
def test_an_edit_that_cannot_be(pair, edit, message: str) -> None:
    with pytest.raises(PuzzlescopeError, match=message):
        recoloured(Puzzle.of("frame", pair[0]), *edit)


def test_an_edit_that_changes_nothing(pair) -> None:
    puzzle = Puzzle.of("frame", pair[0])
    with pytest.raises(PuzzlescopeError, match="already"):
        recoloured(puzzle, 0, 2, 2, int(puzzle.grids[0, 2, 2]))


def test_grids_in_another_order_cannot_be_compared(model, pair) -> None:
    other = draw("evaluation", 7, PUZZLE_KINDS[1], 1)[0]
    with pytest.raises(PuzzlescopeError, match="same order, got X f"):
        activation_patching(model, pair[0], other)


def known_state() -> PatchState:
    state = PatchState("z", ("L0.H0", "L0.H1"), blocks_of(STRUCTURES[0])[:2], np.full(100, 3))
    state.target[:], state.source[:], state.contrast[:] = 4, -4, 7
    state.source[1] = 4 + LEAST_GAP / 2
    state.add(0, 1, np.full(100, 0, np.float32))
    return state


def test_effects_count_from_the_target_to_the_source() -> None:
    state = known_state()
    assert state.fraction == 0.25 and state.gap[0] == -8
    effects = state.effects()
    assert effects[0, 1, 0] == 0.5 and np.isnan(effects[0, 1, 1]) and np.isnan(effects[1]).all()
    assert state.comparable.sum() == 99 and state.most_different == 0


def test_exported_rows() -> None:
    (row,) = known_state().rows(0)
    assert row == {
        "site": "L0.H0",
        "block": "[X]",
        "row": 1,
        "column": 1,
        "toward": "3",
        "over": "7",
        "target": 4,
        "source": -4,
        "patched": 0,
        "effect": 0.5,
    }
    (row,) = known_state().rows(1)
    assert np.isnan(row["effect"]) and row["patched"] == 0
    assert Table(Header("m", "c", ("p", "q")), (row,)).json()


def test_the_contrast_is_the_sources_color_or_else_its_likeliest_other_token(model, pair) -> None:
    target, source = pair
    state = activation_patching(model, target, source, "mlp_out")
    with torch.inference_mode():
        logits = model(model.prompt(in_between(target, source)[None]))[0, ANSWER_START:-1].numpy()
    truth, wanted = target[ANSWER_START:], source[ANSWER_START:]
    for cell in range(100):
        likeliest = next(t for t in np.argsort(-logits[cell]) if t != truth[cell])
        assert state.contrast[cell] == (wanted[cell] if wanted[cell] != truth[cell] else likeliest)
    assert (wanted != truth).any() and (wanted == truth).any()
    np.testing.assert_allclose(state.source, metric(logits, state), rtol=1e-4, atol=1e-4)


def test_a_source_that_tells_has_another_answer_at_the_cell() -> None:
    """Of a copied coloured cell: an edit of what it is copied from. Of a changed cell: the most similar
    puzzle whose answer is another there. Where there is none: an edit all the same."""
    puzzles = bank().filter(task="frame", structure=STRUCTURES[0])
    puzzle, others = puzzles[0], puzzles[1:]
    answer, third = puzzle.grids[3].ravel(), puzzle.grids[2].ravel()
    copied = int(((answer == third) & (answer > 0)).argmax())
    edit = telling_source(puzzle, copied, others)
    assert isinstance(edit, Edit) and 10 * edit.row + edit.column == copied
    assert edit.place == 2 and edit.color != third[copied]
    changed = int((answer != third).argmax())
    found = bank().find(str(telling_source(puzzle, changed, others)))
    assert found is not None and found.grids[3].ravel()[changed] != answer[changed]
    answers = [one.grids[3].ravel() for one in others]
    agree = [(one == answer).sum() for one in answers if one[changed] != answer[changed]]
    assert (found.grids[3].ravel() == answer).sum() == max(agree)
    assert telling_source(puzzle, changed, []) == first_edit(puzzle)
