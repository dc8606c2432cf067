"""The studies that there are, how far each is, and what the chosen one says."""

from collections.abc import Callable, Sequence

import streamlit as st

from app.live import fragment, kept_studies
from app.live.kept_studies import Kept
from app.state.scene import Scene
from app.state.session import choose, chosen
from app.views.studies import asking, comparing, export, flipping, tasks
from app.views.studies.choices import PAGE, VIEWS
from app.widgets.controls import choice
from app.widgets.text import escape_markdown
from interp.numbers import time_in_words
from interp.studies.progress import Status
from interp.studies.questions import Study

COMMAND = "python -m interp study bank-parts --puzzles bank --components attn,mlp"
LARGE = "python -m interp study million --puzzles generate:1000000 --components attn,mlp,head"
DRAWN: dict[str, Callable[[Scene, Study], None]] = {
    "tasks": tasks.show_map,
    "spread": tasks.show_spread,
    "flips": flipping.show,
    "compare": comparing.show,
}


def show(scene: Scene) -> None:
    """Draw it all."""
    studies = kept_studies.kept()
    if not studies:
        _show_none()
        return
    name = chosen_of(studies)
    if name is None:
        st.info(f"There is no study {escape_markdown(chosen(PAGE)['study'])} here any more: choose another.")
        name = studies[0].name
    _controls(studies, name)
    one = next(study for study in studies if study.name == name)
    if one.status is None:
        st.info(escape_markdown(one.problem))
    else:
        if one.status.done and chosen(PAGE)["show"] in ("tasks", "spread"):
            _export(name)
        _study(scene, name)
    with st.expander("Begin another study, and what it costs"):
        _how_to_begin()


def chosen_of(studies: Sequence[Kept]) -> str | None:
    """The study that is asked: that of the link, or the latest; ``None`` if that of the link is gone."""
    name = str(chosen(PAGE)["study"])
    if not name:
        readable = [study.name for study in studies if study.status is not None and study.status.done]
        return (readable or [studies[0].name])[0]
    return name if any(study.name == name for study in studies) else None


def _show_none() -> None:
    st.info("There is no study here yet.")
    _how_to_begin()


def _how_to_begin() -> None:
    st.markdown(
        "A study is begun at the command line, where it may run for days: it can be stopped at any moment and"
        " goes on when the same command is given again. This one takes minutes:"
    )
    st.code(COMMAND, language=None)
    st.markdown(
        "With `--estimate` it only says what it would cost on that machine: the rate, measured in seconds,"
        " times the work. So for a million puzzles and every part:"
    )
    st.code(f"{LARGE} --estimate", language=None)


def _controls(studies: Sequence[Kept], name: str) -> None:
    own = chosen(PAGE)
    with st.container(horizontal=True, gap="small", vertical_alignment="bottom", key="studies-controls"):
        choice.select(
            "Study",
            {study.name: _named(study) for study in studies},
            name,
            key="studies-study",
            on_change=lambda one: choose(PAGE, study=one, part="", task=""),
            width=300,
        )
        choice.segmented(
            "View", VIEWS, own["show"], key="studies-view", on_change=lambda one: choose(PAGE, show=one)
        )


def _named(study: Kept) -> str:
    if study.status is None:
        return f"{study.name} (cannot be read)"
    if study.status.complete:
        return study.name
    return f"{study.name} ({study.status.done / study.status.chunks:.0%})"


def _study(scene: Scene, name: str) -> None:
    view = chosen(PAGE)["show"]

    def busy() -> bool:
        return kept_studies.under_way(name)

    def draw_study() -> None:
        study = kept_studies.study_named(name)
        _about(study, name)
        if view == "sql" or study.plan.kind != "effects":
            asking.show(study, name)
        elif _status(name).done:
            DRAWN[view](scene, study)
        else:
            st.info("Its first chunk of puzzles is not done yet: what it says will stand here.")

    fragment.show(draw_study, scene=scene, page=PAGE, under_way=busy, groups=[kept_studies.GROUP], alone=True)


def _export(name: str) -> None:
    """Of the charts; a study of another kind has none."""
    study = kept_studies.study_named(name)
    if study.plan.kind == "effects":
        export.show(study)


def _status(name: str) -> Status:
    status = next(study.status for study in kept_studies.kept() if study.name == name)
    assert status is not None
    return status


def _about(study: Study, name: str) -> None:
    """One line: what it is of, and how far."""
    plan, status = study.plan, _status(name)
    said = [f"{len(plan.components)} components of `{plan.model}`", f"puzzles: {plan.puzzles}"]
    if plan.base:
        said.append(f"on top of {plan.base}")
    if plan.method != "zero":
        said.append(f"by {plan.method}")
    said.append(
        f"{status.computed:,} puzzles" if status.complete else f"{status.computed:,} of {plan.n:,} so far"
    )
    if not status.complete:
        left = status.left
        if status.at_work and left is not None:
            said.append(f"about {time_in_words(left, steady=True)} left")
        elif not status.at_work:
            said.append("stopped: the same command goes on with it")
    st.caption(" · ".join(said))
