"""Sweeps: order, identity with single runs, and the summary."""

import numpy as np
import pytest

from interp.ablation import Component, components_of, parse_ablation
from interp.analyses.ablation_sweep import (
    SweepState,
    cells_in_words,
    cost,
    costliest,
    sweep,
    sweep_parts,
    value,
)
from interp.engine.predict import losses, predict
from interp.errors import PuzzlescopeError
from interp.puzzles.kinds import KINDS, draw
from tests.interp.engine.plainly import best_cells
from tests.support.models import SMALL, six_puzzles, small_model
from tests.support.rows import attn
from tests.support.rows import row as made


def test_components_are_listed_layer_by_layer() -> None:
    found = [part.text for part in components_of(SMALL, ["mlp", "attn", "head"])]
    assert found[:7] == ["L0.attn", "L0.H0", "L0.H1", "L0.H2", "L0.H3", "L0.mlp", "L1.attn"]
    assert len(found) == 3 * 6
    assert components_of(SMALL, ["attn"]) == [Component(layer, "attn") for layer in range(3)]
    with pytest.raises(PuzzlescopeError, match="No kind of component 'heads'"):
        components_of(SMALL, ["heads"])


@pytest.mark.parametrize("base", ["", "L2.mlp"])
def test_each_row_is_the_run_with_that_part_off_too(base: str) -> None:
    model = small_model()
    tokens = np.concatenate([draw("evaluation", 3, kind, 1) for kind in KINDS[::11]])
    ablation = parse_ablation(base, SMALL)
    clean, *rows = sweep(model, tokens, components_of(SMALL, ["attn", "mlp"]), base=ablation)
    assert clean.component is None
    assert clean.loss.mean() == pytest.approx(losses(model, tokens, ablation)[0].mean())
    assert len(rows) == 6
    for row in rows:
        assert row.component is not None
        text = f"{base},{row.component.text}".strip(",")
        loss, solved = losses(model, tokens, parse_ablation(text, SMALL))
        np.testing.assert_allclose(row.loss.cells, loss.cells, rtol=1e-5, atol=1e-5)
        np.testing.assert_array_equal(row.solved, solved)
        summary = row.brief(clean, "changed")
        assert summary["component"] == row.component.text
        assert summary["cells_broken"] - summary["cells_fixed"] == pytest.approx(cost(row, clean, "wrong"))
        assert summary["delta"] == pytest.approx(summary["loss"] - clean.loss.mean("changed"))


def test_broken_cells_are_those_that_a_prediction_gets_wrong() -> None:
    """An independent way: the likeliest token of each cell after the true ones, by hooks under each ablation.
    A prediction says the same."""
    model, tokens = small_model(), six_puzzles()
    parts = components_of(SMALL, ["attn", "head", "mlp"])
    truth = tokens[:, -100:]
    clean, *rows = sweep(model, tokens, parts)
    before = predict(model, tokens).teacher_forced == truth
    assert 0 < before.sum() < before.size, "a model that is right somewhere"
    np.testing.assert_array_equal(clean.right, before)
    off = parse_ablation(rows[0].component.text, SMALL)
    np.testing.assert_array_equal(
        predict(model, tokens, off).teacher_forced, best_cells(model, tokens, truth, off, None)
    )
    for one in rows:
        ablation = parse_ablation(one.component.text, SMALL)
        after = best_cells(model, tokens, truth, ablation, None) == truth
        np.testing.assert_array_equal(one.right, after)
        assert one.cells_broken(clean) == (before & ~after).sum() / len(tokens)
        assert one.cells_fixed(clean) == (~before & after).sum() / len(tokens)
        assert value(one, "wrong") == pytest.approx((~after).sum() / len(tokens))
    state = SweepState(parts, len(tokens))
    for part in sweep_parts(model, tokens, parts):
        if part is not None:
            state.add(part)
    np.testing.assert_array_equal(state.row(3).right, rows[2].right)


def test_the_costliest() -> None:
    clean, rows = made(None, 0.1, "11"), [attn(0, 0.5, "01", 3), attn(1, 0.2, "00", 8), attn(2, 0.05, "11")]
    assert costliest(rows, clean, "final") is rows[0] and costliest(rows, clean, "wrong") is rows[1]
    assert costliest(rows[2:], clean, "wrong") is None and costliest(rows, None, "wrong") is None
    assert cost(rows[0], clean, "wrong") == 1.5 and cost(rows[0], clean, "final") == pytest.approx(0.4)
    assert cost(rows[1], clean, "answers") == 1
    assert cells_in_words(rows[0], clean) == "1.5 of 100 cells broken a puzzle"
    assert cells_in_words(clean.first(1), rows[1].first(1)) == "0 of 100 cells broken, 8 fixed"
