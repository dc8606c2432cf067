"""The circuits: who reads a part, what each layer believes, which part pushes, and what carries an answer
over."""

import streamlit as st

from app.state.backend import backend as shared_backend
from app.state.scene import Scene
from app.state.session import choose, chosen, current_scene, show_notices
from app.views.circuits import cell as circuit_cell
from app.views.circuits import export as circuit_share
from app.views.circuits import patching as circuit_patching
from app.views.circuits import readers as circuit_readers
from app.views.circuits.choices import CHOICES, PAGE, VIEWS
from app.views.shared import header
from app.widgets import puzzle_strip
from app.widgets.controls import echoes
from app.widgets.puzzle_strip import Look, Panel
from interp.analyses.prediction import PredictionOf
from interp.backend import Backend

SHOW = {
    "readers": circuit_readers.show,
    "lens": circuit_cell.show_lens,
    "attribution": circuit_cell.show_attribution,
    "patching": circuit_patching.show,
}
assert set(SHOW) == set(VIEWS)


def page() -> None:
    backend = shared_backend()
    scene = current_scene(backend, PAGE, CHOICES)
    room_for_share = header.show(scene, backend, "Circuits", ABOUT)
    header.show_off(scene, backend)
    show_notices()
    view = chosen(PAGE)["show"]
    echoes.show("circuits-view", view)
    st.segmented_control(
        "View",
        list(VIEWS),
        key="circuits-view",
        format_func=VIEWS.__getitem__,
        required=True,
        label_visibility="collapsed",
        on_change=echoes.hears("circuits-view", lambda: choose(PAGE, show=st.session_state["circuits-view"])),
    )
    with room_for_share:
        circuit_share.show(scene, backend)
    if view != "readers":
        _puzzle(scene, backend)
    SHOW[view](scene, backend)


def _puzzle(scene: Scene, backend: Backend) -> None:
    """The puzzle and the answer in the run that is looked into: a click chooses the cell."""
    names, grids = scene.puzzle.structure.name.split(" "), scene.puzzle.grids.reshape(4, -1)
    run = backend.ask(scene.model, PredictionOf(scene.puzzle, scene.ablation))
    title = "Parts off" if scene.ablation else "Model"
    puzzle_strip.show(
        [
            Panel(names[0], grids[0]),
            Panel(names[1], grids[1], opens="→"),
            Panel(names[2], grids[2], opens="gap"),
            Panel(f"{names[3]}, truth", grids[3], opens="→", answer=True),
            Panel(
                title,
                run.teacher_forced[0],
                grids[3],
                run.probabilities[0],
                opens="gap",
            ),
        ],
        key="circuits-strip",
        look=Look(scene.palette, scene.digits),
        cell=circuit_cell.cell_of(scene),
        filename=f"puzzle-{scene.puzzle.id}",
        on_cell=circuit_cell.look_at,
    )


ABOUT = "Who reads what a part writes, what each layer believes, and which part pushes the answer."

page()
