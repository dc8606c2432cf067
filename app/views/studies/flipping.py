"""The puzzles that flip under a component: each a link to the workbench, with the component off."""

from dataclasses import replace
from html import escape

import streamlit as st

from app.live import kept_studies
from app.state.backend import shared_backend
from app.state.scene import Scene
from app.views.studies import tasks
from app.widgets import terms
from app.widgets.text import escape_markdown
from app.widgets.workbench_link import workbench_link
from interp.ablation import Ablation, parse_ablation
from interp.errors import PuzzlescopeError
from interp.figures.scale import in_words
from interp.studies.questions import Study
from interp.studies.questions.tables import Flip

LISTED = 100
"""Puzzles that are listed, the first of the study; all of them are a question in SQL."""


def show(scene: Scene, study: Study) -> None:
    """Draw the choices, how many there are, and the first of them."""
    if "flips" not in study.plan.measures:
        st.info("This study has not measured which puzzles flip.")
        return
    part, task = tasks.show_part(study)
    own = next(one for one in study.effects() if (one.task, one.component) == (task, part))
    if not own.lost and not own.won:
        st.info(f"No puzzle flips without {part}.")
        return
    terms.caption(
        f"Without {part} **{own.lost:,}** of {own.change.n:,} puzzles are lost and **{own.won:,}** won, by"
        f" greedy decoding. Each link opens one on the workbench with {part} ablated."
    )
    flips = kept_studies.answered(study, ("flips", part, task), lambda: study.flips(part, task, LISTED))
    there = _scene_of(scene, study, part)
    if there is None:
        model = escape_markdown(study.plan.model)
        st.info(f"The model {model} is not here, so its puzzles cannot be opened; their ids:")
    for words, some in (
        ("Lost", [flip for flip in flips if flip.lost]),
        ("Won", [flip for flip in flips if not flip.lost]),
    ):
        if some:
            _list(words, some, there)
    if len(flips) < own.lost + own.won:
        st.caption(f"The first {len(flips)} of {own.lost + own.won:,}; SQL has them all.")


def _list(words: str, flips: list[Flip], there: tuple[Scene, Ablation] | None) -> None:
    """Some puzzles below a word, each a link if their model is here."""
    items = []
    for flip in flips:
        name = f"{flip.puzzle.task} {flip.puzzle.id[:6]}"
        title = in_words(flip.change, "final") if flip.change is not None else ""
        if there is None:
            items.append(f"<li>{escape(name)}</li>")
        else:
            at, off = there
            items.append(f"<li>{workbench_link(name, at.link_to(flip.puzzle, off), title=title)}</li>")
    style = "columns:13rem;gap:1.5rem;list-style:none;padding:0;margin:0;font-size:14px"
    st.html(f'<p style="margin:0 0 4px;font-weight:600">{words}</p><ul style="{style}">{"".join(items)}</ul>')


def _scene_of(scene: Scene, study: Study, part: str) -> tuple[Scene, Ablation] | None:
    """What the workbench is to show of the study's model; ``None`` if that model is not here, or is by now
    another under the same name."""
    plan = study.plan
    try:
        backend = shared_backend()
        if backend.checkpoint_id(plan.model) != plan.checkpoint:
            return None
        off = ",".join(filter(None, (plan.base, part if plan.method == "zero" else f"{part}:{plan.method}")))
        return replace(scene, model=plan.model), parse_ablation(off, backend.model(plan.model).cfg)
    except PuzzlescopeError:
        return None
