"""Which cell and which head are asked about, and where that head looks from there."""

from dataclasses import dataclass, replace

import streamlit as st

from app.state.heads import roles_of
from app.state.scene import Scene, first_changed
from app.state.session import change, look_at_head, of_this_model
from app.views.shared import puzzle_panels
from app.views.shared.attention import show_layer
from app.widgets import puzzle_strip
from app.widgets.controls import choice
from app.widgets.puzzle_strip import Look
from interp.ablation import NO_ABLATION
from interp.analyses.attention import AttentionOf
from interp.analyses.prediction import PredictionOf
from interp.backend import Backend
from interp.grids import CELLS, SIZE
from interp.puzzles import Puzzle
from interp.tokens import GRID_TOKENS, cell_name, predicting_position

LITTLE = 0.1
"""A key with less than this share of the attention is none that the head looks at in particular."""
FULL = 0.995


@dataclass(frozen=True)
class Looking:
    """Where a head looks from the position that predicts a cell of the answer.

    Attributes:
        cell: of the answer, 0 to 99.
        query: the position that predicts it, start token included.
        key: the position with the largest share of its attention.
        share: that share; nan where the attention is not finite.
    """

    cell: int
    query: int
    key: int
    share: float

    @property
    def back(self) -> int:
        """How many positions back the key lies."""
        return self.query - self.key


def cell_of(scene: Scene) -> int:
    """The cell of the answer that is asked about; the first that changes where the scene's is none."""
    cell = scene.answer_cell
    return first_changed(scene.puzzle) - 3 * CELLS if cell is None else cell


def looking(scene: Scene, backend: Backend) -> Looking:
    """Where the head on screen looks, in the whole model."""
    cell = cell_of(scene)
    query = predicting_position(*divmod(cell, SIZE))
    found = backend.ask(scene.model, AttentionOf(scene.puzzle, NO_ABLATION, scene.layer))
    row = found.pattern[scene.head, query, : query + 1]
    key = int(row.argmax())
    return Looking(cell, query, key, float(row[key]))


def place_name(puzzle: Puzzle, position: int) -> str:
    """A position in words: a cell of a grid, a marker, the start token.

    Args:
        position: 0 to 404, start token included.
    """
    if not position:
        return "the start token"
    place, within = divmod(position - 1, GRID_TOKENS)
    grid = puzzle.structure.name.split(" ")[place]
    return f"{grid} {cell_name(within - 1)}" if within else f"the marker of {grid}"


def sentence(scene: Scene, seen: Looking) -> str:
    """Where it looks, in a sentence."""
    name, cell = scene.shown_head.text, cell_name(seen.cell)
    if seen.share != seen.share:
        return f"The attention of {name} is not finite: there is nothing to explain."
    share = "all" if seen.share > FULL else f"{seen.share:.0%}"
    back = f"{seen.back} back" if seen.back else "itself"
    told = (
        f"Where {cell} of the answer is predicted, {name} puts {share} of its attention on"
        f" {place_name(scene.puzzle, seen.key)}, {back}."
    )
    if seen.share < LITTLE:
        return f"{told} It looks nowhere in particular: what follows is of that key all the same."
    return told


def show(scene: Scene, backend: Backend, seen: Looking) -> None:
    """Draw the choice of head, and the grids, on which a cell of the answer is chosen; the key that the head
    looks at is ringed."""
    cfg = backend.model(scene.model).cfg
    roles = roles_of(backend, scene.model).by_component
    own = {
        head.head: f"{head.role.glyph} {head.role.name}"
        for head in roles.values()
        if head.layer == scene.layer
    }
    with st.container(horizontal=True, gap="small", vertical_alignment="center", key="why-head"):
        st.markdown("Layer", width="content")
        show_layer(scene, cfg, key=scene.key("why-layer"))
        choice.select(
            "Head",
            {head: f"H{head} {own.get(head, '')}" for head in range(cfg.n_heads)},
            scene.head,
            key=scene.key("why-head-number"),
            on_change=of_this_model(lambda head: look_at_head(head=head)),
            label_visibility="collapsed",
            width=230,
        )
    run = backend.ask(scene.model, PredictionOf(scene.puzzle))
    answer = puzzle_panels.answer("Model", scene.puzzle, run, "teacher-forced", opens="gap")
    panels = [*puzzle_panels.grids(scene.puzzle), answer]
    place, within = divmod(seen.key - 1, GRID_TOKENS)
    if seen.key and within:
        at = 4 if place == 3 else place  # of the answer, what the model has drawn
        panels[at] = replace(panels[at], looked=within - 1)
    puzzle_strip.show(
        panels,
        key="why-strip",
        look=Look(scene.palette, scene.digits),
        cell=seen.cell,
        on_cell=lambda cell: change(cell=3 * CELLS + cell, view="from"),
    )
