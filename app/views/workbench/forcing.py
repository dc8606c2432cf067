"""Cells of the answer that a visitor gives another colour: the model draws on from them."""

import streamlit as st

from app.state.scene import Scene
from app.state.session import change, now
from app.widgets.controls import choice
from interp.engine.forcing import MOST_FORCED, forced_words, with_forced
from interp.grids import COLORS
from interp.tokens import cell_name

OWN = -1
"""Stands for the colour that the model draws itself, in the list of colours."""
HELP = (
    "Give the chosen cell of the answer a colour, and let the model draw on from there. The answers show it;"
    " the board, the charts and attention stay those of the puzzle as it is."
)


def show(scene: Scene) -> None:
    """Draw the choice of a colour for the chosen cell, and what is forced; for a horizontal container."""
    cell = scene.answer_cell
    if cell is not None:
        with st.popover("Force", key="force", icon=":material/edit_square:", help=HELP):
            _colors(scene, cell)
    if scene.force:
        st.button(
            f"{len(scene.force)} forced",
            key="unforce",
            icon=":material/close:",
            help=f"Let the model draw {forced_words(scene.force)} itself again.",
            on_click=lambda: change(force=()),
        )


def _colors(scene: Scene, cell: int) -> None:
    given = dict(scene.force)
    full = cell not in given and len(given) >= MOST_FORCED
    names = {OWN: "what the model draws"} | {number: color.name for number, color in enumerate(COLORS)}

    def force(color: int) -> None:
        change(force=with_forced(now().force, cell, None if color == OWN else color))

    choice.select(
        f"Colour of {cell_name(cell)}",
        names,
        given.get(cell, OWN),
        key=f"force-color-{cell}",
        on_change=force,
        disabled=full,
        help=f"At most {MOST_FORCED} cells are forced." if full else None,
    )


def sentence(scene: Scene) -> str:
    """What is forced, to stand before what became of the answer; nothing if nothing is."""
    return f"Forced: {forced_words(scene.force)}. " if scene.force else ""
