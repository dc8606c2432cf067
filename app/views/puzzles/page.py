"""The page of the puzzles: browse, make, paint, import, keep."""

import streamlit as st

from app.state.session import choose, chosen
from app.views import frame
from app.views.puzzles import browse, easel, export, keeping
from app.views.puzzles.choices import CHOICES, PAGE, PARTS
from app.widgets.controls import choice

DRAWN = {"browse": browse.show, "easel": easel.show}

ABOUT = (
    "Look through puzzles, make new ones, paint your own, import and keep them. The model answers whatever is"
    " painted, and the tasks' solvers say whether the answer is determined."
)

scene, backend, bar = frame.opened(PAGE, CHOICES, "Puzzles", ABOUT)
part = chosen(PAGE)["part"]
choice.segmented("Part", PARTS, part, key="puzzles-part", on_change=lambda name: choose(PAGE, part=name))
keeping.show_done()
with bar():
    export.show(scene, backend)
with st.container(key=f"puzzles-{part}", gap="small"):
    DRAWN[part](scene, backend)
