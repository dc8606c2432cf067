"""What becomes of the answer to the puzzle when edges are cut, or a component ablated."""

from dataclasses import dataclass
from functools import partial
from urllib.parse import urlencode

import streamlit as st

from app.state.link import packed, query_of
from app.state.scene import Scene
from app.state.session import change, choose, chosen
from app.views.graph import asking
from app.views.graph.choices import CHOICES, PAGE
from app.views.shared import puzzle_panels
from app.widgets import puzzle_strip
from app.widgets.puzzle_strip import Look, Panel
from app.widgets.text import escape_markdown
from app.widgets.workbench_link import workbench_link
from interp.analyses.prediction import PredictionOf
from interp.backend import Backend
from interp.circuits.questions import Cut
from interp.errors import PuzzlescopeError, brief
from interp.grids import CELLS


@dataclass(frozen=True, eq=False)
class Answers:
    """The answers to the puzzle.

    Attributes:
        panels: the truth, the model's, and what is drawn with something ablated or cut.
        changed: those of the panels that are drawn so.
        said: what becomes of the logits with the edges cut, or why that cannot be told; empty where none are.
    """

    panels: tuple[Panel, ...]
    changed: tuple[Panel, ...]
    said: str


def ask(scene: Scene, backend: Backend) -> Answers:
    """What the puzzle is answered."""
    puzzle, edges = scene.puzzle, asking.cut(scene, backend)
    clean = backend.ask(scene.model, PredictionOf(puzzle))
    truth = Panel("truth", puzzle_panels.grids(puzzle)[3].cells, answer=True)
    changed = []
    if scene.ablation:
        off = backend.ask(scene.model, PredictionOf(puzzle, scene.ablation))
        title = brief(scene.ablation.text, 20) + " off"
        changed.append(puzzle_panels.answer(title, puzzle, off, compared=clean.greedy[0]))
    found = _without(scene, backend) if edges else None
    if isinstance(found, Cut):
        changed.append(
            Panel(
                f"{len(edges)} cut" + (" alone" if scene.ablation else ""),
                found.drawn,
                puzzle.grids[3].ravel(),
                found.probabilities,
                compared=clean.greedy[0],
            )
        )
    panels = (truth, puzzle_panels.answer("Model", puzzle, clean), *changed)
    return Answers(panels, tuple(changed), _said(scene, found))


def show(scene: Scene, answers: Answers) -> None:
    """Draw the answers side by side."""
    with st.container(key="graph-answers", gap="xsmall"):
        puzzle_strip.show(
            answers.panels,
            key="graph-strip",
            look=look_of(scene),
            cell=scene.answer_cell,
            on_cell=lambda cell: change(cell=3 * CELLS + cell, view="from"),
        )
        _below(scene, answers.said)


def look_of(scene: Scene) -> Look:
    """How cells are painted."""
    return Look(scene.palette, scene.digits)


def _without(scene: Scene, backend: Backend) -> Cut | str:
    """The answer with the chosen edges cut, or why there is none."""
    try:
        return backend.ask(scene.model, asking.answer_without(scene, asking.cut(scene, backend)))
    except PuzzlescopeError as error:
        return str(error)


def _said(scene: Scene, found: Cut | str | None) -> str:
    if found is None or isinstance(found, str):
        return found or ""
    before, after = found.difference
    moves = "falls" if after < before else "rises"
    alone = "With the cut alone and nothing ablated the" if scene.ablation else "The"
    return f"{alone} logit difference {moves} from {before:.1f} to {after:.1f}."


def _below(scene: Scene, said: str) -> None:
    """What is said of the answers, and where one can go from here."""
    with st.container(horizontal=True, gap="small", vertical_alignment="center"):
        st.caption(escape_markdown(said or "Click an edge to cut it, a box to ablate it."), width="content")
        if said:
            st.button("Mend all", key="graph-mend", type="tertiary", on_click=partial(choose, PAGE, cut=""))
        if scene.ablation:
            st.html(
                workbench_link("On the workbench →", scene.link_to(scene.puzzle, scene.ablation)),
                width="content",
            )
        cell = "a cell" if scene.answer_cell is None else "the ringed cell"
        # Whose it is always stands in it: the page that it leads to sees by that where a visitor came from.
        here = query_of(chosen(PAGE), CHOICES) | {"whose": asking.whose(scene)}
        query = urlencode({**scene.query(), "show": "graph", "back": packed(here, spare="boxes")})
        st.html(workbench_link(f"What leads to {cell} →", query, folder="./circuits"), width="content")
