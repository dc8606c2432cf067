"""Sweeps: order, identity with single runs, and the summary."""

import numpy as np
import pytest

from interp.ablation import Component, components_of, parse_ablation
from interp.analyses.ablation_sweep import sweep
from interp.engine.predict import losses
from interp.errors import PuzzlescopeError
from interp.puzzles.kinds import KINDS, draw
from tests.support.models import SMALL, small_model


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
        assert summary["delta"] == pytest.approx(summary["loss"] - clean.loss.mean("changed"))
