"""What becomes of the answer to the puzzle when edges are cut, or a component ablated."""

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

LONGEST = 40


def show(scene: Scene, backend: Backend) -> None:
    """Draw the answers side by side: the truth, the model's, and what is drawn with something cut."""
    puzzle, edges = scene.puzzle, asking.cut(scene, backend)
    clean = backend.ask(scene.model, PredictionOf(puzzle))
    panels = [puzzle_panels.grids(puzzle)[3], puzzle_panels.answer("Model", puzzle, clean)]
    panels[0] = Panel("truth", panels[0].cells, answer=True)
    if scene.ablation:
        off = backend.ask(scene.model, PredictionOf(puzzle, scene.ablation))
        title = brief(scene.ablation.text, 20) + " off"
        panels.append(puzzle_panels.answer(title, puzzle, off, compared=clean.greedy[0]))
    found = _without(scene, backend) if edges else None
    if isinstance(found, Cut):
        panels.append(
            Panel(
                f"{len(edges)} cut" + (" alone" if scene.ablation else ""),
                found.drawn,
                puzzle.grids[3].ravel(),
                found.probabilities,
                compared=clean.greedy[0],
            )
        )
    with st.container(key="graph-answers", gap="xsmall"):
        puzzle_strip.show(
            panels,
            key="graph-strip",
            look=Look(scene.palette, scene.digits),
            cell=scene.answer_cell,
            on_cell=lambda cell: change(cell=3 * CELLS + cell, view="from"),
        )
        _said(scene, found)


def _without(scene: Scene, backend: Backend) -> Cut | str:
    """The answer with the chosen edges cut, or why there is none."""
    try:
        return backend.ask(scene.model, asking.answer_without(scene, asking.cut(scene, backend)))
    except PuzzlescopeError as error:
        return str(error)


def _said(scene: Scene, found: Cut | str | None) -> None:
    with st.container(horizontal=True, gap="small", vertical_alignment="center"):
        if found is None:
            st.caption("Click an edge to cut it, a box to ablate it.", width="content")
        elif isinstance(found, str):
            st.caption(escape_markdown(found), width="content")
        else:
            before, after = found.difference
            moves = "falls" if after < before else "rises"
            alone = "With the cut alone and nothing ablated the" if scene.ablation else "The"
            said = f"{alone} logit difference {moves} from {before:.1f} to {after:.1f}."
            st.caption(said, width="content")
        if found is not None:
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
