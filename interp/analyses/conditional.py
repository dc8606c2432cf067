"""Conditional effects: what ablating a component costs given what is off already, beside what it costs the
whole model.

The difference of the two is the synergy of the component with all that is off
(:mod:`interp.analyses.synergy`): above 0, the component does work that what is off did before; it is its
backup. Both are rows of ordinary sweeps (:mod:`interp.analyses.ablation_sweep`), one on top of nothing and
one on top of what is off.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from interp.ablation import (
    COMPONENT_KINDS,
    NO_ABLATION,
    ZERO,
    Ablation,
    Component,
    Method,
    ReferenceMeans,
    components_of,
)
from interp.analyses.ablation_sweep import Sweep, SweepRow, SweepState, cost, sweep
from interp.analyses.synergy import amount, least_told
from interp.engine.measures import Measure
from interp.errors import PuzzlescopeError
from interp.export.programs import Sample, off_lines, options_of, program_of
from interp.model import PuzzleGPT
from interp.tokens import TokensLike

WHOLE, GIVEN = "from the whole model", "given what is off"
"""The two effects of a component, as they are called everywhere."""


@dataclass(frozen=True)
class TwoEffects:
    """What ablating a component costs by a measure.

    Attributes:
        whole: where nothing else is off.
        given: where something is off already.
    """

    component: Component
    whole: float
    given: float

    @property
    def more(self) -> float:
        """How much more it matters now: its synergy with all that is off."""
        return self.given - self.whole

    def in_words(self, measure: Measure, n: int) -> str:
        """Both: "20 of 100 cells given what is off, 1 of 100 cells from the whole model"."""
        return f"{amount(self.given, measure, n)} {GIVEN}, {amount(self.whole, measure, n)} {WHOLE}"


def conditional_effects(
    model: PuzzleGPT,
    tokens: TokensLike,
    off: Ablation,
    parts: Iterable[Component] | None = None,
    *,
    means: ReferenceMeans | None = None,
    method: Method = ZERO,
    measure: Measure = "final",
) -> list[TwoEffects]:
    """What ablating each component costs given what is off, and from the whole model; those first that matter
    more than they did.

    Args:
        off: what is off already.
        parts: ``None``: every component of the model.
        means: needed if ``off`` or ``method`` uses means.

    Raises:
        PuzzlescopeError: if there is no puzzle, or nothing is off.
    """
    if not off:
        raise PuzzlescopeError("Nothing is off: expected an ablation, on top of which effects are measured.")
    listed = components_of(model.cfg, COMPONENT_KINDS) if parts is None else list(parts)
    whole, given = (
        list(sweep(model, tokens, listed, base=base, means=means, method=method))
        for base in (NO_ABLATION, off)
    )
    return two_effects(whole, given, off, measure)


def two_effects(
    whole: Sequence[SweepRow], given: Sequence[SweepRow], off: Ablation, measure: Measure = "final"
) -> list[TwoEffects]:
    """Both effects of every component that is not off, those first that matter more than they did.

    Args:
        whole: a sweep of the model, its run without any component first.
        given: the same on top of what is off.
        off: what that is. Its components are left out, and the heads of attention layers in it.
    """
    before = {row.component: cost(row, whole[0], measure) for row in whole[1:]}
    found = [
        TwoEffects(row.component, before[row.component], cost(row, given[0], measure))
        for row in given[1:]
        if row.component is not None and row.component in before and not _is_off(row.component, off)
    ]
    return sorted((one for one in found if np.isfinite(one.more)), key=lambda one: -one.more)


def _is_off(part: Component, off: Ablation) -> bool:
    layer = off.components.get(Component(part.layer, "attn")) if part.kind == "head" else None
    return part in off.components or (layer is not None and layer.silences)


def takes_over(effects: Sequence[TwoEffects], measure: Measure, n: int) -> str:
    """The component that matters most more than it did, in a sentence; that there is none, if so; nothing
    where nothing is known.

    Args:
        effects: from :func:`two_effects`.
        n: over how many puzzles.
    """
    if not effects:
        return ""
    first = effects[0]
    if first.more < least_told(measure):
        return "Nothing that is left matters more than from the whole model."
    return f"{first.component.text} takes over most: {first.in_words(measure, n)}."


def both_rows(sweeps: Iterable[tuple[Sweep, SweepState]]) -> tuple[dict[str, Any], ...]:
    """The rows of sweeps that differ in what is off already, one after the other, for
    :class:`interp.export.tables.Table`: those of :meth:`SweepState.rows`, each with what was off before
    (``given``; empty: nothing)."""
    return tuple(
        {"given": question.base.text, **row}
        for question, state in sweeps
        for row in state.rows(question.puzzles, question.method)
    )


def both_program(question: Sweep, off: Ablation, model: str, sample: Sample, measure: Measure) -> str:
    """The Python program that computes both effects of every component, and prints what takes over first.

    Args:
        question: one of the two sweeps.
        off: what is off already.
        model: its name, as :func:`interp.load_model` takes it.
        sample: the puzzles.
    """
    options = [f"measure={measure!r}", *options_of(NO_ABLATION, question.method)]
    if (off.needs_means or question.method.needs_means) and "means=means" not in options:
        options.append("means=means")
    return program_of(
        [f"model = load_model({model!r})", *sample.lines, *off_lines(off, question.method)],
        [
            f"for one in conditional_effects(model, tokens, off, {', '.join(options)}):",
            f"    print(one.component.text, f'{{one.given:.4g}} {GIVEN}, {{one.whole:.4g}} {WHOLE}')",
        ],
    )
