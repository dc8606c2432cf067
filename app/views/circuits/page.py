"""The circuits page: composition, path ablation, logit lens, direct logit attribution, the
attribution graph of a cell, activation patching."""

from functools import partial

import streamlit as st

from app.state.session import choose, chosen
from app.views import frame
from app.views.circuits import attribution_graph, cell, export, patching, readers
from app.views.circuits.choices import CHOICES, PAGE, VIEWS
from app.widgets.controls import choice

DRAWN = {
    "readers": readers.show,
    "lens": cell.show_lens,
    "attribution": cell.show_attribution,
    "graph": attribution_graph.show,
    "patching": patching.show,
}

ABOUT = (
    "Composition scores, path ablation, the logit lens, direct logit attribution, attribution graphs,"
    " activation patching."
)

scene, backend, bar = frame.opened(PAGE, CHOICES, "Circuits", ABOUT)
view = chosen(PAGE)["show"]
choice.segmented("View", VIEWS, view, key="circuits-view", on_change=lambda name: choose(PAGE, show=name))
with bar():
    export.show(scene, backend, view)
if view == "patching":
    cell.show_puzzle(
        scene,
        backend,
        partial(patching.look_at_cell, scene, backend),
        patching.cells_at(scene, backend),
        patching.marks_of(scene, backend),
    )
elif view != "readers":
    cell.show_puzzle(scene, backend)
with st.container(key="circuits-figure", gap="xsmall"):
    DRAWN[view](scene, backend)
