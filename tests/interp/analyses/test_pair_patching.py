"""Patching between the ends of a pair: identities, the same two runs in both directions, and hooks."""

import ast

import numpy as np
import pytest
import torch
from transformer_lens.hook_points import HookPoint
from transformer_lens.utilities.components_utils import get_act_name

from interp import load_model
from interp.analyses.activation_patching import KINDS, LEAST_GAP, PatchState
from interp.analyses.pair_patching import DIRECTIONS, Direction, PairPatching, ends_of, patch_pair
from interp.engine.contrast import Contrast, equal_prefixes
from interp.errors import PuzzlescopeError
from interp.model import PuzzleGPT
from interp.pairs import Pair, make_pairs, pair_for
from interp.puzzles import Puzzle
from interp.tokens import ANSWER_START
from tests.support.models import SMALL, saved_model, small_model
from tests.support.programs import printed
from tests.support.puzzles import bank

PUZZLE = bank().filter(task="frame")[0]
LOUD = 40


@pytest.fixture(scope="module")
def model() -> PuzzleGPT:
    """A small random model that speaks up: as it is, no pair moves its logits by as much as counts."""
    found = small_model()
    with torch.no_grad():
        found.unembed.W_U *= LOUD
    return found


@pytest.fixture(scope="module")
def pair(model: PuzzleGPT) -> Pair:
    """The first between whose ends the random model's runs differ enough for an effect."""
    for seed in range(60):
        pair = pair_for(PUZZLE, "input", seed)
        ends = [logits_of(model, tokens)[0, 1:] for tokens in equal_prefixes(pair)]
        base, other = (float(Contrast.of(pair).of_logits(logits)) for logits in ends)
        if abs(base - other) >= 2 * LEAST_GAP:
            return pair
    raise AssertionError("no pair of this puzzle moves the model")


@pytest.fixture(scope="module")
def patched(model: PuzzleGPT, pair: Pair) -> dict[Direction, PatchState]:
    return {way: patch_pair(model, pair, "resid_pre", way) for way in DIRECTIONS}


def given_the_base(pair: Pair, puzzle: Puzzle) -> np.ndarray:
    """What a run sees: a puzzle's grids, and the base's answer."""
    return equal_prefixes(pair)[0 if puzzle == pair.base else 1]


def logits_of(model: PuzzleGPT, tokens: np.ndarray) -> torch.Tensor:
    with torch.inference_mode():
        return model(model.prompt(tokens[None]))[:, ANSWER_START - 1 : -1]


@pytest.mark.parametrize("way", DIRECTIONS)
def test_everything_patched_is_the_other_end_and_nothing_is_none(patched, pair: Pair, way: Direction) -> None:
    """Where all is patched the rest of the run is the source's, and where the two puzzles do not yet differ
    nothing is patched."""
    state = patched[way]
    found = state.measured(state.contrast_cells)
    assert found.comparable and state.contrast_cells == tuple(np.flatnonzero(pair.contrast.ravel()))
    np.testing.assert_allclose(state.values[0, -1], state.source, rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(found.effects[:, -1], 1, atol=1e-3)
    same = [
        j
        for j, block in enumerate(state.blocks)
        if (given_the_base(pair, pair.base) == given_the_base(pair, pair.counterfactual))[: block.last].all()
    ]
    assert same and all((state.values[:, j] == state.target).all() for j in same)
    np.testing.assert_allclose(found.effects[:, same], 0, atol=1e-5)


def test_both_directions_are_between_the_same_two_runs(model, patched, pair: Pair) -> None:
    """With the base's answer in both: what the metric says of them, by plain forward passes."""
    noising, denoising = patched["noising"], patched["denoising"]
    cells = list(noising.contrast_cells)
    np.testing.assert_allclose(noising.target[cells], -denoising.source[cells], rtol=1e-4, atol=1e-4)
    np.testing.assert_allclose(noising.source[cells], -denoising.target[cells], rtol=1e-4, atol=1e-4)
    for puzzle, end in ((pair.base, "target"), (pair.counterfactual, "source")):
        logits = logits_of(model, given_the_base(pair, puzzle))
        for first in (False, True):
            over = noising.contrast_cells[: 1 if first else None]
            want = float(Contrast.of(pair, first_only=first).of_logits(logits[0, 1:]))
            assert getattr(noising.measured(over), end) == pytest.approx(want, rel=1e-4, abs=1e-4)


@pytest.mark.parametrize("kind", KINDS)
def test_denoising_is_what_hooks_give(model: PuzzleGPT, pair: Pair, kind) -> None:
    state = patch_pair(model, pair, kind, "denoising")
    target, source = (given_the_base(pair, puzzle) for puzzle in ends_of(pair, "denoising"))
    layer, block = 1, next(block for block in state.blocks if block.name == "f(X)")
    site = 5 if kind == "z" else layer
    name, here = get_act_name(kind, layer), slice(block.first, block.last + 1)
    with torch.inference_mode():
        _, cache = model.run_with_cache(model.prompt(source[None]))

        def put(activation: torch.Tensor, hook: HookPoint) -> torch.Tensor:
            activation = activation.clone()
            chosen = (slice(None), here, 1) if kind == "z" else (slice(None), here)
            activation[chosen] = cache[name][chosen]
            return activation

        logits = model.run_with_hooks(model.prompt(target[None]), fwd_hooks=[(name, put)])
    rows = logits[0, ANSWER_START - 1 : -1][1:].numpy()
    cells = list(state.contrast_cells)
    own = pair.counterfactual.grids[3].ravel()[cells]
    other = pair.base.grids[3].ravel()[cells]
    want = (rows[cells, own] - rows[cells, other]).mean()
    j = state.blocks.index(block)
    assert state.measured(state.contrast_cells).values[site, j] == pytest.approx(want, rel=1e-4, abs=1e-3)


def test_the_mean_over_cells_is_of_the_cells(patched) -> None:
    state = patched["noising"]
    cells = state.contrast_cells
    found = state.measured(cells)
    assert found.target == pytest.approx(np.mean([state.measured(cell).target for cell in cells]), rel=1e-5)
    one = state.measured(cells[0])
    np.testing.assert_allclose(one.effects, state.effects()[:, :, cells[0]], rtol=1e-5)
    rows = state.rows(cells)
    assert len(rows) == found.values.size and rows[0]["cells"][0].startswith("r")
    assert "Largest effects" in state.summary(cells)
    with pytest.raises(PuzzlescopeError, match="at least one cell"):
        state.measured(())


def test_a_pair_of_noise_has_no_contrast(model: PuzzleGPT) -> None:
    state = patch_pair(model, pair_for(PUZZLE, "noise"), "mlp_out")
    assert state.contrast_cells == () and state.complete


def test_positions_that_do_not_align_are_refused(model: PuzzleGPT) -> None:
    with pytest.raises(PuzzlescopeError, match="same order"):
        patch_pair(model, make_pairs("frame", "order", 1, 0)[0])


@pytest.mark.parametrize(("way", "cell"), [("denoising", None), ("noising", 12)])
def test_the_program_says_the_same(
    tmp_path_factory: pytest.TempPathFactory, way: Direction, cell: int | None
) -> None:
    folder = saved_model(tmp_path_factory.mktemp("model"))
    pair, model = pair_for(PUZZLE, "input", 2), load_model(folder)
    first, *lines = printed(
        PairPatching(pair, "attn_out", way).program(folder, cell=cell, seed=2)
    ).splitlines()
    state = patch_pair(model, pair, "attn_out", way)
    found = state.measured(state.contrast_cells if cell is None else cell)
    assert [float(x) for x in first.split()[3:]] == pytest.approx([found.target, found.source], rel=1e-4)
    assert [line.split(" ")[0] for line in lines] == list(state.sites) and len(lines) == SMALL.n_layers
    for line, effects in zip(lines, found.effects, strict=True):
        told = ast.literal_eval(line.split(" ", 1)[1].replace("nan", "None"))
        wanted = [None if np.isnan(one) else pytest.approx(one, abs=2e-3) for one in effects]
        assert list(told.values()) == wanted
