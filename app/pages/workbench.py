"""The workbench: pick a puzzle, switch parts of the model off, see what changes."""

import streamlit as st

from app.components import (
    ablation_board,
    attention_controls,
    attention_view,
    lookback_list,
    loss_chart,
    loss_readout,
    puzzle_picker,
    puzzle_strip,
)
from app.components.puzzle_strip import Panel
from app.scene import Scene, copy_head, current_scene, show_notices
from app.shared import backend as shared_backend
from interp.backend import Backend
from interp.predict import Prediction


def page() -> None:
    backend = shared_backend()
    scene = current_scene(backend)
    _header(scene, backend)
    show_notices()
    puzzle_picker.show(scene, backend)
    clean = backend.prediction(scene.model, scene.puzzle)
    ablated = backend.prediction(scene.model, scene.puzzle, scene.ablation) if scene.ablation else None
    puzzle_strip.show(_panels(scene, clean, ablated), key="strip")
    loss_readout.show(clean, ablated)
    st.divider()
    board, chart = st.columns([11, 10], gap="large")
    with board:
        st.subheader("Switch parts of the model off", anchor=False)
        ablation_board.show(
            scene, backend.model(scene.model).cfg, copy_head(backend, scene.model, scene.puzzle)[0]
        )
    with chart:
        st.subheader("What each attention layer is worth", anchor=False)
        loss_chart.show_controls(scene)
        room_for_chart = st.container()
    st.divider()
    _attention(scene, backend)
    # Last, because over many puzzles it takes seconds and everything else should be there meanwhile.
    with room_for_chart:
        loss_chart.show(scene, backend)


def _header(scene: Scene, backend: Backend) -> None:
    cfg = backend.model(scene.model).cfg
    title, about = st.columns([2, 5], vertical_alignment="center")
    title.title("Puzzlescope", anchor=False)
    about.caption(
        "A small GPT sees one example of a rule, X → f(X), and a new grid; it must draw the answer cell by cell."
        f" Take it apart and see what breaks. Model **{scene.model}**: {cfg.n_layers} layers of {cfg.n_heads} heads,"
        f" {backend.model(scene.model).n_params / 1e6:.1f} M parameters."
    )


def _panels(scene: Scene, clean: Prediction, ablated: Prediction | None) -> list[Panel]:
    names = scene.puzzle.structure.name.split(" ")
    cells = scene.puzzle.grids.reshape(4, -1)
    truth = cells[3]
    panels = [
        Panel(names[0], cells[0]),
        Panel(names[1], cells[1], opens="→"),
        Panel(names[2], cells[2], opens="gap"),
        Panel(f"{names[3]}, the truth", cells[3], opens="→"),
        Panel("Model", clean.greedy[0], truth, clean.greedy_probabilities[0], opens="gap"),
    ]
    if ablated is not None:
        panels.append(Panel("Parts off", ablated.greedy[0], truth, ablated.greedy_probabilities[0]))
    return panels


def _attention(scene: Scene, backend: Backend) -> None:
    st.subheader("Where a head looks", anchor=False)
    view, side = st.columns([11, 10], gap="large")
    with side:
        attention_controls.show(scene, backend.model(scene.model).cfg)
        room_for_caption = st.container()
        st.markdown("##### Heads that look back, on this puzzle with nothing off")
        lookback_list.show(scene, backend)
    pattern = backend.pattern(scene.model, scene.puzzle, scene.layer, scene.ablation)[scene.head]
    with view:
        shown = attention_view.show(pattern, scene.puzzle, scene.row, key="attention")
    run = f"the run with {scene.ablation.text} off" if scene.ablation else "the run with nothing off"
    room_for_caption.caption(
        f"Layer {scene.layer}, head {scene.head}, in {run}. Each row is a token that looks, each column a token looked at;"
        f" full colour is {shown.full:.2f}. {shown.share:.0%} of the attention of these tokens falls on those shown. Logits at"
        " a token predict the next one, so the row of a cell decides the cell after it."
    )


page()
