"""Trained constants, draws and rankings."""

from dataclasses import replace
from itertools import permutations

import numpy as np
import pandas as pd
import pytest
import torch

from interp import load_model
from interp.ablation import (
    MEAN,
    ZERO,
    Component,
    Optimal,
    PairEnd,
    Pattern,
    ReferenceMeans,
    Resample,
    components_of,
    joined,
    means_by,
    parse_component,
    reference_means,
)
from interp.ablation.constants import Constants, constants_of
from interp.analyses.ablation_sweep import Sweep, SweepState, sweep
from interp.analyses.by_method import optimal
from interp.analyses.by_method.draws import draws_of, spreads
from interp.analyses.by_method.optimal import HELD_OUT, Progress, drawn, losses_of, train_constants
from interp.analyses.by_method.rankings import COMPARED, ranked, rankings
from interp.errors import PuzzlescopeError
from interp.model import PuzzleGPT
from interp.puzzles import PuzzleSet, load_puzzles
from interp.resumable import finish
from interp.tokens import STRUCTURES
from tests.support.models import SMALL, small_model


@pytest.fixture(scope="module")
def few() -> PuzzleSet:
    """A bank of one puzzle in each order."""
    bank = load_puzzles("bank")
    return PuzzleSet("few", tuple(bank.filter(structure=structure)[0] for structure in STRUCTURES))


# ---- training ---------------------------------------------------------------------------------------------


def test_the_gradient_is_how_the_loss_changes(model: PuzzleGPT, few: PuzzleSet) -> None:
    """Of one component's constant alone: what a small step along it does to that component's loss."""
    tokens, means = few.tokens[:2], reference_means(model, model.prompt(few.tokens))
    sizes = optimal._start(model, {ZERO: {}, MEAN: {}})
    training = optimal._Training(model, means, sizes, steps=2)
    training._backward(model.prompt(tokens))
    for name in ("L1.mlp", "L0.H2", "L2.attn"):
        part = parse_component(name, SMALL)
        place = optimal._place(part)
        gradient = training.moves[part.kind].grad
        assert gradient is not None
        step = torch.sign(gradient[place])
        expected = float((gradient[place] * step).sum())

        def loss(size: float, part: Component = part, step: torch.Tensor = step) -> float:
            constants = training.constants()
            shifts = {kind: one.detach().clone() for kind, one in constants.shifts.items()}
            place = optimal._place(part)
            shifts[part.kind][place] += size * step * training.sizes[part.kind][place]
            moved = replace(
                constants, scales={k: s.detach() for k, s in constants.scales.items()}, shifts=shifts
            )
            known = joined([means, ReferenceMeans(model.checkpoint_id, constants=moved)])
            return float(losses_of(model, tokens, known, Optimal())[part].mean())

        assert (loss(1e-3) - loss(-1e-3)) / 2e-3 == pytest.approx(expected, rel=0.05), name


def test_what_is_chosen_is_the_least_on_the_validation_puzzles(few: PuzzleSet) -> None:
    model = small_model(3)
    *news, found = train_constants(model, few, steps=3, batch=2, validated=8)
    assert all(isinstance(one, Progress) for one in news) and len(news) == 3
    assert isinstance(found, Constants)
    for name, own in found.about["validation_loss"].items():
        what = found.about["chosen"][name]
        assert found.what(parse_component(name, SMALL)) == what
        if what == "trained":
            assert own["optimal"] < min(own["zero"], own["mean"]), name
        else:
            assert own[what] == min(own["zero"], own["mean"]), name
    assert "trained" in found.about["chosen"].values(), "of a random model much can be gained"
    again = list(train_constants(model, few, steps=3, batch=2, validated=8))[-1]
    assert isinstance(again, Constants)
    assert all(torch.equal(found.shifts[kind], again.shifts[kind]) for kind in found.shifts)


def test_bad_amounts_of_training_are_a_sentence(model: PuzzleGPT, few: PuzzleSet) -> None:
    with pytest.raises(PuzzlescopeError, match=r"at least 1 step of 1 puzzle .* got 0"):
        next(iter(train_constants(model, few, steps=0)))


def test_training_validation_and_held_out_puzzles_are_apart() -> None:
    fresh = optimal._Fresh(16)
    trained = {row.tobytes() for _ in range(4) for row in fresh.take()}
    validated, held = ({row.tobytes() for row in drawn(seed, 64)} for seed in (optimal.VALIDATION, HELD_OUT))
    assert len(trained) == len(validated) == len(held) == 64
    assert not trained & validated and not trained & held and not validated & held


def test_the_shipped_constants_cost_no_more_than_zero_or_the_mean_on_held_out_puzzles(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Of the components whose trained constants gained most and least on the validation puzzles, and one that
    fell back, which must then be its fallback exactly. The means are over 16 puzzles of each order, of the
    bank's 64: most of the time is theirs."""
    monkeypatch.setattr("interp.ablation.means.REFERENCE_PUZZLES", 16)
    model = load_model()
    constants, tokens = constants_of(model), drawn(HELD_OUT, 16)
    gains = {
        name: min(own["zero"], own["mean"]) - own["optimal"]
        for name, own in constants.about["validation_loss"].items()
        if constants.about["chosen"][name] == "trained"
    }
    order = sorted(gains, key=gains.__getitem__)
    fallen = [name for name, what in constants.about["chosen"].items() if what != "trained"][:1]
    parts = [parse_component(name, model.cfg) for name in (order[-1], order[len(order) // 2], *fallen)]
    known = means_by(model, load_puzzles("bank"), tokens, Optimal())
    cost = {
        method: [float(row.loss.mean()) for row in sweep(model, tokens, parts, means=known, method=method)][
            1:
        ]
        for method in (ZERO, MEAN, Optimal())
    }
    for k, part in enumerate(parts):
        least = min(cost[ZERO][k], cost[MEAN][k])
        if part.text in fallen:
            assert cost[Optimal()][k] in (cost[ZERO][k], cost[MEAN][k])
        else:
            assert cost[Optimal()][k] < least, part.text


# ---- draws ------------------------------------------------------------------------------------------------


def test_a_spread_is_the_mean_of_the_draws_and_its_standard_error(model: PuzzleGPT, few: PuzzleSet) -> None:
    bank = load_puzzles("bank")
    draws, parts = draws_of(Resample(5), 3), components_of(SMALL, ["attn"])
    means = means_by(model, bank, few, *draws)
    sweeps = [list(sweep(model, few.tokens[:2], parts, means=means, method=one)) for one in draws]
    found = spreads(sweeps, "final")
    for k, part in enumerate(parts, start=1):
        own = [rows[k].loss.mean() - rows[0].loss.mean() for rows in sweeps]
        assert len(set(own)) == 3, "each draw is another puzzle"
        assert found[part].mean == pytest.approx(np.mean(own)) and found[part].n == 3
        assert found[part].error == pytest.approx(np.std(own, ddof=1) / 3**0.5)
    assert draws_of(MEAN) == (MEAN,) and draws_of(PairEnd()) == (PairEnd(),)
    assert not spreads(sweeps[:1], "final"), "one draw has no error"


# ---- rankings ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(3))
def test_ranks_are_those_of_another_library(seed: int) -> None:
    values = np.random.default_rng(seed).integers(0, 6, 20).astype(float)
    assert np.array_equal(ranked(values), pd.Series(values).rank().to_numpy())


def test_rankings_of_sweeps(model: PuzzleGPT, few: PuzzleSet) -> None:
    parts = tuple(components_of(SMALL, ["attn", "head", "mlp"]))
    methods = (ZERO, MEAN, Pattern())
    means = means_by(model, few, few, *methods)
    states: dict[object, SweepState | None] = {
        method: finish(Sweep(tuple(few)[:2], parts, method=method).steps(model, means)) for method in methods
    }
    found = rankings(states, "final")
    table = found.spearman
    assert np.allclose(np.diag(table), 1) and np.allclose(table, table.T)
    for i, j in permutations(range(3), 2):
        both = pd.DataFrame(found.effects[[i, j]].T).dropna()
        assert len(both) == found.shared(i, j)
        assert table[i, j] == pytest.approx(both.rank().corr().iloc[0, 1])
    heads = [part.kind != "mlp" for part in parts]
    assert np.array_equal(np.isfinite(found.effects[2]), heads), "an MLP has no pattern"
    row = found.rows()[0]
    assert row["component"] == "L0.attn" and row["effect zero"] == pytest.approx(found.effects[0, 0])
    assert sorted(line["rank zero"] for line in found.rows()) == list(range(1, len(parts) + 1))
    assert "agree least" in found.summary() and found.n == 2
    assert found.summary().endswith(" components, on the final grid.")
    begun = rankings({ZERO: states[ZERO], MEAN: None}, "final")
    assert np.isnan(begun.spearman[0, 1]) and begun.n == 0
    assert begun.summary() == "Nothing can be compared yet."
    with pytest.raises(PuzzlescopeError, match="same components"):
        rankings({ZERO: states[ZERO], MEAN: SweepState(parts[:1], 2)}, "final")
    assert len(COMPARED) == 6
