"""The circuits page: composition, path ablation, logit lens, direct logit attribution, activation
patching."""

from functools import partial

from app.state.session import choose, chosen
from app.views import frame
from app.views.circuits import cell, export, patching, readers
from app.views.circuits.choices import CHOICES, PAGE, VIEWS
from app.views.shared import note
from app.widgets.controls import choice
from app.widgets.export_menu import menu

# What draws each view, and what it exports.
DRAWN = {
    "readers": (readers.show, export.readers),
    "lens": (cell.show_lens, export.lens),
    "attribution": (cell.show_attribution, export.attribution),
    "patching": (patching.show, export.patching),
}

ABOUT = "Composition scores, path ablation, the logit lens, direct logit attribution, activation patching."

scene, backend, room = frame.opened(PAGE, CHOICES, "Circuits", ABOUT)
view = chosen(PAGE)["show"]
choice.segmented("View", VIEWS, view, key="circuits-view", on_change=lambda name: choose(PAGE, show=name))
show, exported = DRAWN[view]
with room:
    menu.show(*exported(scene, backend), key="circuits-export-menu", note=note.editor(scene))
if view == "patching":
    cell.show_puzzle(scene, backend, partial(patching.look_at_cell, scene, backend))
elif view != "readers":
    cell.show_puzzle(scene, backend)
show(scene, backend)
