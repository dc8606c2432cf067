"""Two studies on the same puzzles, paired."""

from math import isfinite

import streamlit as st

from app.live import kept_studies
from app.state.scene import Scene
from app.state.session import choose, chosen
from app.views.studies import tasks
from app.views.studies.choices import PAGE
from app.widgets import plain_table, terms
from app.widgets.controls import choice
from interp.errors import PuzzlescopeError
from interp.figures.studies.maps import ALL
from interp.numbers import short
from interp.studies.questions import Study
from interp.studies.questions.tables import Difference, Mean
from interp.studies.schema import CLEAN

NUMBER = "\N{NO-BREAK SPACE}"


def show(_scene: Scene, study: Study) -> None:
    """Draw the choices and the table."""
    others = [one.name for one in kept_studies.kept() if one.status is not None and one.status.done]
    own = study.name
    others = [name for name in others if name != own]
    if not others:
        st.info("There is no second study here: make one of another model on the same puzzles.")
        return
    name = chosen(PAGE)["other"] if chosen(PAGE)["other"] in others else others[0]
    other = kept_studies.study_named(name)
    part = _choices(study, other, others, name)
    measure = tasks.show_measure(study)
    try:
        found = study.compared(other, part, measure)
    except PuzzlescopeError as error:
        st.info(str(error))
        return
    plain_table.show(
        "Both studies by task",
        ["task", *(f"{one[:24]}{NUMBER}" for one in ("puzzles", own, name, "difference", "95 %"))],
        [_row(one) for one in found],
        height=34 + 29 * len(found),
        empty="",
        titled=False,
        first="9rem",
    )  # fmt: skip
    unit = {"final": "nats of loss", "wrong": "cells wrong of 100", "answers": "share of answers not solved"}
    what = "With nothing ablated" if part == CLEAN else f"What ablating {part} costs"
    terms.caption(
        f"{what}: {unit[measure]}, means over the puzzles that both have. The difference ({name} less {own})"
        " is paired by puzzle, with its 95 % interval by the normal approximation."
    )


def _choices(study: Study, other: Study, others: list[str], name: str) -> str:
    shared = [one for one in study.plan.components if one in set(other.plan.components)]
    offered = {CLEAN: "nothing ablated"} | {one: one for one in shared}
    chosen_part = str(chosen(PAGE)["part"])
    part = chosen_part if chosen_part in shared else CLEAN
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
    return part


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
