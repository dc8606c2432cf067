"""What a component costs given what is off, beside what it costs the whole model."""

import pytest

from interp.ablation import COMPONENT_KINDS, NO_ABLATION, Ablation, Term, components_of, parse_ablation
from interp.analyses.ablation_sweep import Sweep, sweep, sweep_summary
from interp.analyses.conditional import (
    TwoEffects,
    both_program,
    both_rows,
    conditional_effects,
    takes_over,
    two_effects,
)
from interp.analyses.synergy import synergy
from interp.backend import Backend
from interp.engine.predict import losses
from interp.errors import PuzzlescopeError
from interp.export.programs import Sample
from interp.puzzles import load_puzzles
from tests.support.models import SMALL, six_puzzles, small_model
from tests.support.programs import printed
from tests.support.rows import attn, row

TOKENS = six_puzzles()[:2]


@pytest.mark.parametrize("off", ["L1.H2", "L0.attn,L2.H1"])
def test_both_effects_are_those_of_plain_runs(off: str) -> None:
    model, on = small_model(), parse_ablation(off, SMALL)
    found = conditional_effects(model, TOKENS, on)
    assert {one.component for one in found} <= set(components_of(SMALL, COMPONENT_KINDS)) - set(on.components)
    assert [one.more for one in found] == sorted((one.more for one in found), reverse=True)

    def loss(ablation: Ablation) -> float:
        return losses(model, TOKENS, ablation)[0].mean()

    for one in (found[0], found[-1], found[7]):
        term = Term(one.component)
        assert one.given == pytest.approx(loss(on.with_term(term)) - loss(on), abs=1e-4)
        assert one.whole == pytest.approx(loss(NO_ABLATION.with_term(term)) - loss(NO_ABLATION), abs=1e-4)
    assert any(part.text == "L0.H1" for part in (one.component for one in found)) == (off == "L1.H2")


def test_what_matters_more_is_the_synergy_with_what_is_off() -> None:
    model, heads = small_model(), components_of(SMALL, ["head"])
    off = parse_ablation("L1.H2", SMALL)
    table = synergy(model, TOKENS, heads).synergy("cells")[heads.index(next(iter(off.components)))]
    for one in conditional_effects(model, TOKENS, off, heads, measure="cells"):
        assert one.more == pytest.approx(table[heads.index(one.component)], abs=1e-4)


def test_without_anything_off_there_is_only_one_effect() -> None:
    with pytest.raises(PuzzlescopeError, match="Nothing is off: expected an ablation"):
        conditional_effects(small_model(), TOKENS, NO_ABLATION)


def test_what_takes_over_in_words() -> None:
    whole = [row(None, 0.1, "11"), attn(0, 0.1, "11"), attn(1, 0.1, "10"), attn(2, 0.1, "11")]
    given = [row(None, 0.1, "11"), attn(0, 0.1, "00"), attn(1, 0.1, "10"), attn(2, 0.1, "00")]
    off = parse_ablation("L2.attn", SMALL)
    found = two_effects(whole, given, off, "wrong")
    assert [one.component.text for one in found] == ["L0.attn", "L1.attn"], "what is off is left out"
    assert takes_over(found, "wrong", 2) == (
        "L0.attn takes over most: 20 of 100 cells given what is off, 0 of 100 cells from the whole model."
    )
    nothing = "Nothing that is left matters more than from the whole model."
    assert takes_over(found[1:], "wrong", 2) == nothing and takes_over([], "wrong", 2) == ""
    assert "2 in the clean run" in sweep_summary(whole[1:], whole[0], "answers")
    assert "2 with only what is off already" in sweep_summary(given[1:], given[0], "answers", given=True)
    assert TwoEffects(found[0].component, 0.25, 1.0).in_words("answers", 4) == (
        "4 of 4 answers given what is off, 1 of 4 answers from the whole model"
    )


def test_both_are_exported_and_printed(model_folder: str) -> None:
    backend, puzzles = Backend(), load_puzzles("bank").puzzles[:1]
    off, parts = parse_ablation("L1.H2", SMALL), tuple(components_of(SMALL, ["attn", "mlp"]))
    asked = [Sweep(puzzles, parts, base) for base in (off, NO_ABLATION)]
    sweeps = [(one, backend.ask(model_folder, one)) for one in asked]
    rows = both_rows(sweeps)
    assert [one["given"] for one in rows] == [*["L1.H2"] * 7, *[""] * 7]
    assert rows[6]["component"] == rows[13]["component"] and rows[6]["loss_final"] != rows[13]["loss_final"]
    by_mean = both_program(
        asked[0], parse_ablation("L1.H2:mean", SMALL), "default", Sample.of(puzzles), "wrong"
    )
    assert "means = bank_means(model, bank)" in by_mean and "measure='wrong', means=means" in by_mean
    program = both_program(asked[0], off, model_folder, Sample.of(puzzles), "final")
    said = [line.split() for line in printed(program).splitlines()]
    assert len(said) == SMALL.n_layers * (SMALL.n_heads + 2) - 1
    whole, given = (list(sweeps[k][1].common()) for k in (1, 0))
    expected = {one.component.text: one.given for one in two_effects(whole, given, off, "final")}
    told = {line[0]: float(line[1]) for line in said}
    for name, value in expected.items():
        assert told[name] == pytest.approx(value, rel=1e-3, abs=1e-5)


def test_a_sweep_given_what_is_off_begins_with_that() -> None:
    model, off = small_model(), parse_ablation("L0.attn", SMALL)
    clean, _ = sweep(model, TOKENS, components_of(SMALL, ["attn"])[:1], base=off)
    assert clean.loss.mean() == pytest.approx(losses(model, TOKENS, off)[0].mean(), rel=1e-5)
