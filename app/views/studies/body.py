"""The studies that there are, how far each is, and what the chosen one says."""

from collections.abc import Callable, Sequence

import streamlit as st

from app.live import fragment, kept_studies
from app.live.kept_studies import Kept
from app.state.scene import Scene
from app.state.session import choose, chosen
from app.views.studies import asking, beginning, comparing, export, flipping, progress, tasks
from app.views.studies.choices import PAGE, VIEWS
from app.widgets.controls import choice
from app.widgets.text import escape_markdown
from interp.backend import Backend
from interp.studies.questions import Study

FIRST = "python -m interp study first --puzzles bank --limit 64 --components attn,mlp"
"""A small study: 832 runs of the model."""
DRAWN: dict[str, Callable[[Scene, Study], None]] = {
    "tasks": tasks.show_map,
    "spread": tasks.show_spread,
    "flips": flipping.show,
    "compare": comparing.show,
}


def show(scene: Scene, backend: Backend) -> None:
    """Draw it all."""
    studies = kept_studies.kept()
    taken = {study.name for study in studies}
    if not studies:
        st.info(
            "There is no study here yet. A first one that takes a minute or two, and fills up here meanwhile:"
        )
        st.code(FIRST, language=None)
        beginning.show(scene, backend, taken)
        return
    name = chosen_of(studies)
    if name is None:
        st.info(f"There is no study {escape_markdown(chosen(PAGE)['study'])} here any more: choose another.")
        name = latest_of(studies)
    one = next(study for study in studies if study.name == name)
    _controls(studies, one)
    if one.status is None:
        st.info(escape_markdown(one.problem))
    else:
        _study(scene, one)
    with st.expander("Begin another study: what it costs, and how"):
        beginning.show(scene, backend, taken)


def chosen_of(studies: Sequence[Kept]) -> str | None:
    """The study that is asked: that of the link, or the latest; ``None`` if that of the link is gone."""
    name = str(chosen(PAGE)["study"])
    if not name:
        return latest_of(studies)
    return name if any(study.name == name for study in studies) else None


def latest_of(studies: Sequence[Kept]) -> str:
    """The latest study that says something, or the latest of all."""
    readable = [study.name for study in studies if study.status is not None and study.status.done]
    return (readable or [studies[0].name])[0]


def _controls(studies: Sequence[Kept], one: Kept) -> None:
    own = chosen(PAGE)
    with st.container(horizontal=True, gap="small", vertical_alignment="bottom", key="studies-controls"):
        choice.select(
            "Study",
            {study.name: _named(study) for study in studies},
            one.name,
            key="studies-study",
            on_change=lambda name: choose(PAGE, study=name, part="", task=""),
            width=300,
        )
        if one.kind == "effects":
            choice.segmented(
                "View", VIEWS, own["show"], key="studies-view", on_change=lambda view: choose(PAGE, show=view)
            )
        if one.kind == "effects" and kept_studies.progress(one.name).status.done:
            export.show(kept_studies.study_named(one.name))


def _named(study: Kept) -> str:
    return study.name if study.status is not None else f"{study.name} (cannot be read)"


def _study(scene: Scene, one: Kept) -> None:
    view, name = chosen(PAGE)["show"], one.name
    began = kept_studies.progress(name).status.done > 0

    def draw_study() -> None:
        study, status = kept_studies.study_named(name), kept_studies.progress(name).status
        if status.done and not began:
            st.rerun()  # now there is something to export, too
        progress.show(study, kept_studies.progress(name))
        if not status.done:
            return
        if view == "sql" or study.plan.kind != "effects":
            asking.show(study, name)
        else:
            DRAWN[view](scene, study)

    fragment.show(
        draw_study,
        scene=scene,
        page=PAGE,
        under_way=lambda: kept_studies.under_way(name),
        groups=[kept_studies.GROUP],
        alone=True,
    )
