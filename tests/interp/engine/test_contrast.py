"""The metric of a pair, against sums over plain runs."""

import numpy as np
import pytest
import torch

from interp.engine.contrast import Contrast, equal_prefixes
from interp.engine.predict import answer_logits
from interp.errors import PuzzlescopeError
from interp.pairs import shipped_pairs
from tests.support.models import small_model

RULE, INPUT = shipped_pairs("rule", "frame")[0], shipped_pairs("input", "contact")[0]


@pytest.mark.parametrize("first_only", [False, True])
def test_it_is_the_mean_over_the_cells_that_differ(first_only: bool) -> None:
    model = small_model()
    for pair in (RULE, INPUT):
        tokens = equal_prefixes(pair)
        logits, _ = model.run_with_cache(model.prompt(tokens))
        expected = []
        for row in range(2):
            terms = [
                float(logits[row, 304 + cell, own] - logits[row, 304 + cell, other])
                for cell, (own, other) in enumerate(
                    zip(pair.base.grids[3].ravel(), pair.counterfactual.grids[3].ravel(), strict=True)
                )
                if own != other
            ]
            assert len(terms) == pair.contrast.sum() > 1
            expected.append(np.mean(terms[:1] if first_only else terms))
        found = Contrast.of(pair, first_only=first_only).of_logits(logits[:, 304:-1])
        assert found.tolist() == pytest.approx(expected, rel=1e-4)
        by_engine = answer_logits(model, model.prompt(tokens))[:, 1:]
        own = Contrast.of(pair, first_only=first_only).of_logits(by_engine)
        assert own.tolist() == pytest.approx(expected, rel=1e-3, abs=1e-4)


def test_from_the_other_end_it_has_the_other_sign() -> None:
    logits = torch.randn(2, 3, 100, 15)
    here, there = Contrast.of(RULE), Contrast.of(RULE.swapped())
    assert torch.allclose(here.of_logits(logits), -there.of_logits(logits), atol=1e-6)
    assert here.of_logits(logits).shape == (2, 3) and here.of_logits(logits[0, 0]).shape == ()
    assert torch.allclose(
        here.of_logits(logits + torch.randn(2, 3, 100, 1)), here.of_logits(logits), atol=1e-5
    )


def test_the_first_cell_is_the_first_that_is_drawn() -> None:
    whole, first = Contrast.of(RULE), Contrast.of(RULE, first_only=True)
    assert whole.cells.tolist() == np.flatnonzero(RULE.contrast).tolist()
    assert [one.tolist() for one in (first.cells, first.own, first.other)] == [
        one.tolist()[:1] for one in (whole.cells, whole.own, whole.other)
    ]


def test_both_runs_are_given_the_same_answer() -> None:
    tokens = equal_prefixes(RULE)
    assert (tokens[0] == RULE.base.tokens).all() and (tokens[0, 303:] == tokens[1, 303:]).all()
    assert (tokens[1, :303] == RULE.counterfactual.tokens[:303]).all()
    assert (tokens[0, :303] != tokens[1, :303]).any()


def test_answers_that_are_the_same_have_no_contrast() -> None:
    with pytest.raises(PuzzlescopeError, match="Expected two puzzles with different answers"):
        Contrast.of(shipped_pairs("noise", "frame")[0])
