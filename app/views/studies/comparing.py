"""Two studies on the same puzzles, paired."""

from math import isfinite

import streamlit as st

from app.live import kept_studies
from app.state.scene import Scene
from app.state.session import choose, chosen
from app.views.studies.choices import PAGE
from app.views.studies.tasks import choose_measure
from app.widgets import plain_table, terms
from app.widgets.controls import choice
from app.widgets.text import escape_markdown
from interp.engine.measures import MEASURES
from interp.errors import PuzzlescopeError
from interp.figures.studies.maps import ALL
from interp.numbers import short
from interp.studies.questions import Study, tables
from interp.studies.questions.tables import Difference, Mean, Measure
from interp.studies.schema import CLEAN

NUMBER = "\N{NO-BREAK SPACE}"
NEEDS: dict[Measure, str] = {"final": "loss", "wrong": "cells", "answers": "solved"}
"""What both must have measured for each (:data:`interp.studies.schema.MEASURES`)."""
UNITS: dict[Measure, str] = {
    "final": "nats of loss",
    "wrong": "cells wrong of 100",
    "answers": "share of answers not solved",
}


def show(_scene: Scene, study: Study) -> None:
    """Draw the choices and the table."""
    others = others_than(study.name)
    if not others:
        st.info(
            "There is no second study of effects here. Begin one of another model on the same puzzles, and"
            " both are compared puzzle by puzzle."
        )
        return
    name = other_of(others)
    other = kept_studies.study_named(name)
    part = _choices(study, other, others, name)
    measures = shared_measures(study, other)
    if not measures:
        st.info(f"{_both(study, other)} have no measure in common: {_measured(study)}, {_measured(other)}.")
        return
    measure = _measure(measures)
    try:
        found = found_of(study, other, part, measure)
    except PuzzlescopeError as error:
        st.info(escape_markdown(f"{error}{_of_what(study, other)}"))
        return
    _table(study, other, part, measure, found)


def others_than(own: str) -> list[str]:
    """The names of the studies that one can be compared with."""
    return [
        one.name
        for one in kept_studies.kept()
        if one.status is not None and one.status.done and one.kind == "effects" and one.name != own
    ]


def other_of(others: list[str]) -> str:
    """That which is chosen, or the latest."""
    name = str(chosen(PAGE)["other"])
    return name if name in others else others[0]


def shared_measures(study: Study, other: Study) -> list[Measure]:
    """What both have measured."""
    both = set(study.plan.measures) & set(other.plan.measures)
    return [one for one in tables.MEASURES if NEEDS[one] in both]


def found_of(study: Study, other: Study, part: str, measure: Measure) -> list[Difference]:
    """Their differences by task."""
    question = "compared", other.folder.url, other.plan.fingerprint, other.parts().chunks, part, measure
    return kept_studies.answered(study, question, lambda: study.compared(other, part, measure))


def _table(study: Study, other: Study, part: str, measure: Measure, found: list[Difference]) -> None:
    own, name = study.name, other.name
    plain_table.show(
        "Both studies by task",
        ["task", *(f"{_cut(one)}{NUMBER}" for one in ("puzzles", own, name, "difference", "95 % interval"))],
        [_row(one) for one in found],
        height=34 + 29 * len(found),
        empty="",
        titled=False,
        first="9rem",
    )  # fmt: skip
    what = "with nothing ablated" if part == CLEAN else f"what ablating {part} costs"
    n = found[0].difference.n
    few = min(study.plan.n, other.plan.n)
    terms.caption(
        escape_markdown(f"{UNITS[measure].capitalize()}, {what}: means over the {n:,} puzzles that both have")
        + (f", of {few:,} in the smaller study" if n < few else "")
        + escape_markdown(f". Difference: {name} less {own}, paired by puzzle. ")
        + "Its 95 % interval: the mean and 1.96 standard errors over puzzles on either side. "
        + escape_markdown(_models(study, other))
    )


def _cut(name: str) -> str:
    return name if len(name) <= 24 else f"{name[:23]}…"


def _both(study: Study, other: Study) -> str:
    return escape_markdown(f"The studies {study.name} and {other.name}")


def _measured(study: Study) -> str:
    return escape_markdown(f"{study.name} has {', '.join(study.plan.measures)}")


def _of_what(study: Study, other: Study) -> str:
    """What the two are of, where they have no puzzle in common."""
    if study.plan.puzzles == other.plan.puzzles:
        return ""
    return f" {study.name} is of {study.plan.puzzles}, {other.name} of {other.plan.puzzles}."


def _models(study: Study, other: Study) -> str:
    one, two = study.plan, other.plan
    if one.checkpoint == two.checkpoint:
        return f"Both are of the model {one.model}."
    if one.model == two.model:
        return f"Both are of a model called {one.model}, of other weights."
    return f"{study.name} is of the model {one.model}, {other.name} of {two.model}."


def _choices(study: Study, other: Study, others: list[str], name: str) -> str:
    """Draw the choice of the other study and of a component; returns the component."""
    shared = [one for one in study.plan.components if one in set(other.plan.components)]
    offered = {CLEAN: "nothing ablated"} | {one: one for one in shared}
    part = part_of(study, other)
    with st.container(horizontal=True, gap="small", vertical_alignment="bottom"):
        choice.select(
            "Beside it",
            others,
            name,
            key="studies-other",
            on_change=lambda one: choose(PAGE, other=one),
            width=300,
        )
        choice.select(
            "Component",
            offered,
            part,
            key="studies-both-part",
            on_change=lambda one: choose(PAGE, part="" if one == CLEAN else one),
            width=180,
        )
    wanted = str(chosen(PAGE)["part"])
    if not shared:
        st.caption(f"{_both(study, other)} have no component in common: they are compared with none ablated.")
    elif wanted and part == CLEAN:
        where = " and ".join(one.name for one in (study, other) if wanted not in one.plan.components)
        st.caption(escape_markdown(f"{where} has no component {wanted}: compared with nothing ablated."))
    return part


def part_of(study: Study, other: Study) -> str:
    """The component that is chosen, if both have it; else the run with nothing ablated."""
    wanted = str(chosen(PAGE)["part"])
    return wanted if wanted in study.plan.components and wanted in other.plan.components else CLEAN


def _measure(measures: list[Measure]) -> Measure:
    """Draw the choice of what is compared; returns it."""
    own = choose_measure(measures, key="studies-both-by")
    if own != chosen(PAGE)["by"]:
        st.caption(f"Not both have measured {NEEDS[chosen(PAGE)['by']]}: compared by {MEASURES[own].name}.")
    return own


def _row(one: Difference) -> list[str]:
    return [
        one.task or ALL,
        f"{one.difference.n:,}",
        short(one.one.mean),
        short(one.other.mean),
        short(one.difference.mean),
        _interval(one.difference),
    ]


def _interval(mean: Mean) -> str:
    return f"{short(mean.low)} to {short(mean.high)}" if isfinite(mean.low) else "—"
