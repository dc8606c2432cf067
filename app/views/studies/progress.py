"""What a study is of, and how far it is."""

import shlex

import streamlit as st

from app.live.kept_studies import Progress
from app.widgets import terms
from app.widgets.text import escape_markdown
from interp.numbers import time_in_words
from interp.studies.plan import Plan
from interp.studies.progress import Status
from interp.studies.questions import Study
from interp.studies.sources import is_generated
from interp.studies.words import bytes_in_words

_SEEN = "studies-seen-at-work"
"""Names of those that this visitor has seen before their end."""


def show(study: Study, progress: Progress) -> None:
    """Draw both. What was seen to be at work keeps its bar at its end, so that nothing below it moves."""
    status, seen = progress.status, st.session_state.setdefault(_SEEN, set())
    terms.caption(escape_markdown(" · ".join(_of(study.plan, status))))
    if not status.complete:
        seen.add(study.name)
    elif study.name not in seen:
        return
    st.progress(status.done / status.chunks, text=_how_far(status))
    st.caption(_what_now(study, progress))


def _what_now(study: Study, progress: Progress) -> str:
    """A line that is always there, so that nothing below it moves."""
    status, name = progress.status, study.name
    if not status.complete and not status.at_work:
        command = shlex.join(["python", "-m", "interp", "study", name])
        return f"If it was stopped, `{command}` goes on with it where it was."
    if status.done and progress.known < 1:
        return (
            f"{progress.known:.0%} of what is computed is in the charts so far; the rest is being summed up."
        )
    if not status.done:
        size = min(study.plan.chunk, status.puzzles)
        takes = f" (about {time_in_words(size / status.rate)})" if status.rate else ""
        return (
            "Nothing of it is computed yet: what it says will stand here after its first chunk of"
            f" {size:,} puzzles{takes}, and grow with each."
        )
    return (
        "All of it is in the charts."
        if status.complete
        else "What is computed is in the charts, as it comes."
    )


def _of(plan: Plan, status: Status) -> list[str]:
    said = [f"{plan.n:,} puzzles of {_source(plan)}" + (f", {plan.task}" if plan.task else "")]
    if plan.kind == "effects":
        how = "zero" if plan.method == "zero" else plan.method
        said.append(f"{len(plan.components)} components of the model {plan.model}, each ablated ({how})")
    elif plan.kind == "edges":
        said.append(f"edges of the model {plan.model}, by {plan.edges}")
    else:
        said.append(f"where the heads of the model {plan.model} look")
    if plan.base:
        said.append(f"on top of {plan.base}")
    said.append(bytes_in_words(status.bytes))
    return said


def _source(plan: Plan) -> str:
    if is_generated(plan.puzzles):
        return f"all kinds, drawn with seed {plan.seed}"
    return {"bank": "the bank", "hub": "the public data set"}.get(plan.puzzles, plan.puzzles)


def _how_far(status: Status) -> str:
    """As the text of the bar."""
    if status.complete:
        return f"Complete: {status.puzzles:,} puzzles"
    said = f"{status.computed:,} of {status.puzzles:,} puzzles"
    if not status.at_work:
        return f"{said}, nothing new lately"
    if status.left is None:
        return f"{said}, at work"
    return f"{said}, {status.rate:.2g} a second, {time_in_words(status.left)} left"
