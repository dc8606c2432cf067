"""The methods that put another run's output, a mean pattern or a constant in place, each against the plainest
way to do the same."""

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor
from transformer_lens.utilities.components_utils import get_act_name

from interp.ablation import (
    METHODS,
    Ablation,
    PairEnd,
    Pattern,
    ReferenceMeans,
    Resample,
    Term,
    bank_patterns,
    check_known,
    components_of,
    joined,
    means_by,
    parse_ablation,
    parse_method,
    reference_means,
)
from interp.ablation.constants import ROLES, read_constants, roles_of, write_constants
from interp.engine.predict import losses, predict, run_ablated
from interp.errors import PuzzlescopeError
from interp.model import PuzzleGPT
from interp.pairs import pair_for
from interp.puzzles import Puzzle, PuzzleSet, load_puzzles
from interp.tokens import MARKERS, STRUCTURES, with_start
from tests.support.models import SMALL, small_model
from tests.support.terms import random_constants


@pytest.fixture(scope="module")
def bank() -> PuzzleSet:
    return load_puzzles("bank")


@pytest.fixture(scope="module")
def puzzle(bank: PuzzleSet) -> Puzzle:
    return bank.filter(task="frame")[0]


def copied(model: PuzzleGPT, puzzle: Puzzle, donor: Puzzle, part: str, kind: str) -> Tensor:
    """The logits with a component's activation in the donor's run copied by a plain hook."""
    layer, head = int(part[1]), int(part[4]) if ".H" in part else None
    name = get_act_name({"attn": "attn_out", "mlp": "mlp_out", "head": "z"}[kind], layer)
    _, cache = model.run_with_cache(model.prompt(donor.tokens[None]))

    def copy(activation: Tensor, hook: object) -> Tensor:
        found = activation.clone()
        if head is None:
            found[:] = cache[name]
        else:
            found[:, :, head] = cache[name][:, :, head]
        return found

    logits = model.run_with_hooks(model.prompt(puzzle.tokens[None]), fwd_hooks=[(name, copy)])
    assert isinstance(logits, Tensor)
    return logits


@pytest.mark.parametrize(("part", "kind"), [("L0.attn", "attn"), ("L1.H2", "head"), ("L2.mlp", "mlp")])
def test_the_pairs_other_run_is_what_hooks_copy_from_it(
    model: PuzzleGPT, bank: PuzzleSet, puzzle: Puzzle, part: str, kind: str
) -> None:
    off = parse_ablation(f"{part}:pair", SMALL)
    means = means_by(model, bank, [puzzle], off)
    expected = copied(model, puzzle, pair_for(puzzle, "rule").counterfactual, part, kind)
    found = run_ablated(model, model.prompt(puzzle.tokens[None]), off, means)
    torch.testing.assert_close(found, expected, atol=1e-5, rtol=1e-5)
    assert not torch.allclose(found, model(model.prompt(puzzle.tokens[None])), atol=1e-3), "it does something"


def test_resampling_takes_another_puzzle_of_the_same_task_and_order(
    model: PuzzleGPT, bank: PuzzleSet, puzzle: Puzzle
) -> None:
    alike = bank.filter(task=puzzle.task, structure=puzzle.structure)
    drawn = [Resample(number).donor(puzzle, bank) for number in range(len(alike) - 1)]
    assert set(drawn) == set(alike) - {puzzle}, "each of the others once"
    assert Resample(len(drawn)).donor(puzzle, bank) == drawn[0], "and then again from the start"
    off = parse_ablation("L1.attn:resample=3", SMALL)
    found = run_ablated(model, model.prompt(puzzle.tokens[None]), off, means_by(model, bank, [puzzle], off))
    torch.testing.assert_close(
        found, copied(model, puzzle, drawn[3], "L1.attn", "attn"), atol=1e-5, rtol=1e-5
    )


def test_a_run_whose_donor_is_itself_is_the_clean_run(model: PuzzleGPT, tokens: np.ndarray) -> None:
    donors = {row.tobytes()[:303]: row.tobytes() for row in tokens}
    means = ReferenceMeans(model.checkpoint_id, donors={PairEnd(): donors})
    off = Ablation.of(Term(part, PairEnd()) for part in components_of(SMALL, ["attn", "head", "mlp"]))
    found, clean = predict(model, tokens, off, means), predict(model, tokens)
    np.testing.assert_allclose(found.loss.cells, clean.loss.cells, atol=1e-4)


def test_a_puzzle_for_which_nothing_was_made_ready_is_a_sentence(
    model: PuzzleGPT, bank: PuzzleSet, puzzle: Puzzle
) -> None:
    off = parse_ablation("L0.attn:resample", SMALL)
    means = means_by(model, bank, [puzzle], off)
    with pytest.raises(PuzzlescopeError, match=r"no other run for this puzzle.*means_by"):
        losses(model, bank[-1].tokens[None], off, means)
    blank = Puzzle.of("frame", np.concatenate([[marker, *[0] * 100] for marker in MARKERS]))
    with pytest.raises(PuzzlescopeError):
        check_known(model, bank, [blank], parse_ablation("L0.attn:pair", SMALL))
    check_known(model, bank, [puzzle], off, PairEnd())


# ---- the mean pattern --------------------------------------------------------------------------------------


def test_a_head_whose_attention_is_fixed_changes_nothing(bank: PuzzleSet, tokens: np.ndarray) -> None:
    """Without keys to tell positions apart every head looks equally at all before it, in every puzzle."""
    model = small_model()
    for layer in (0, 2):
        model.blocks[layer].attn.W_Q.data.zero_()
    few = PuzzleSet("few", tuple(bank.filter(structure=s)[0] for s in STRUCTURES))
    means = bank_patterns(model, few)
    still = predict(model, tokens[:2], parse_ablation("L0.attn:pattern,L2.H0-2:pattern", SMALL), means)
    clean = predict(model, tokens[:2])
    np.testing.assert_allclose(still.loss.cells, clean.loss.cells, atol=2e-4)
    other = losses(model, tokens[:2], parse_ablation("L1.attn:pattern", SMALL), means)[0]
    assert not np.allclose(other.cells, clean.loss.cells, atol=1e-3)


def test_the_mean_pattern_is_the_mean_over_runs(model: PuzzleGPT, bank: PuzzleSet) -> None:
    order = STRUCTURES[1]
    few = PuzzleSet("few", tuple(bank.filter(structure=order)[:3]))
    found = bank_patterns(model, few, [order]).patterns[order]
    seen = [model.run_with_cache(model.prompt(one.tokens[None]))[1]["pattern", 1][0] for one in few]
    torch.testing.assert_close(found[1], torch.stack(seen).mean(0), atol=1e-6, rtol=1e-5)
    torch.testing.assert_close(found.sum(-1), torch.ones_like(found[..., 0]), atol=1e-5, rtol=1e-5)


# ---- constants ---------------------------------------------------------------------------------------------


def test_constants_that_are_zero_or_the_mean_are_these_exactly(model: PuzzleGPT, tokens: np.ndarray) -> None:
    means = reference_means(model, with_start(tokens))
    constants = random_constants(SMALL, model.checkpoint_id)
    known = joined([means, ReferenceMeans(model.checkpoint_id, constants=constants)])
    for part in components_of(SMALL, ["attn", "head", "mlp"]):
        what = constants.what(part)
        if what != "trained":
            found = losses(model, tokens[:1], parse_ablation(f"{part.text}:optimal", SMALL), known)[0]
            same = losses(model, tokens[:1], parse_ablation(f"{part.text}:{what}", SMALL), known)[0]
            assert np.array_equal(found.cells, same.cells), part.text


def test_the_role_of_every_position() -> None:
    for structure in STRUCTURES:
        roles = [ROLES[k] for k in roles_of(structure).tolist()]
        assert roles.count("marker") == 5 and all(roles.count(name) == 100 for name in ROLES[1:])
        names = structure.name.split()
        assert [roles[position] for position in (2, 103, 204, 305)] == names
        assert [roles[position] for position in (0, 1, 102, 203, 304)] == ["marker"] * 5


def test_a_file_of_constants_comes_back_or_says_what_is_wrong(tmp_path: Path) -> None:
    path, constants = tmp_path / "optimal.safetensors", random_constants(SMALL, "abc")
    write_constants(constants, path)
    found = read_constants(path, SMALL)
    for kind in ("attn", "mlp", "head"):
        assert torch.equal(found.scales[kind], constants.scales[kind])
        assert torch.equal(found.shifts[kind], constants.shifts[kind])
    assert found.about == constants.about and found.checkpoint_id == "abc"
    whole = path.read_bytes()
    for damage in (whole[:100], b"", whole[:-4], whole.replace(b"shift.mlp", b"shift.xyz")):
        path.write_bytes(damage)
        with pytest.raises(PuzzlescopeError, match=r"optimal\.safetensors.*train them anew"):
            read_constants(path, SMALL)


def test_a_model_without_constants_is_told_how_to_make_them(model: PuzzleGPT, puzzle: Puzzle) -> None:
    with pytest.raises(PuzzlescopeError, match="python -m interp optimal"):
        means_by(model, load_puzzles("bank"), [puzzle], parse_method("optimal"))


# ---- texts -------------------------------------------------------------------------------------------------


def test_a_draw_may_be_left_out() -> None:
    assert parse_method("resample") == Resample(0) == parse_method("resample=0")
    assert parse_ablation("L0.attn:resample,L1.mlp:pair", SMALL).text == "L0.attn:resample=0,L1.mlp:pair"
    for text, told in (("resample=1000", "0 to 999"), ("resample=x", "resample[=N]"), ("pair=1", "pair")):
        with pytest.raises(PuzzlescopeError) as caught:
            parse_method(text)
        assert told in str(caught.value)
    with pytest.raises(PuzzlescopeError, match="no attention pattern"):
        parse_ablation("L0.mlp:pattern", SMALL)


def test_a_method_says_over_what_its_values_are() -> None:
    told = {method.name: method.usual().over("in the order f(X)") for method in METHODS}
    assert not told["zero"] and not told["lookback"]
    for name in ("mean", "pattern"):
        assert "64 puzzles" in told[name] and "in the order f(X)" in told[name]
    assert "draw 0" in told["resample"] and "pair" in told["pair"] and "trained" in told["optimal"]
    assert Pattern().text == "pattern"
