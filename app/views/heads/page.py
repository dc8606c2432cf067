"""The heads page: what every head attends to, by offset and by cell, and its ablation effect."""

from app.state.session import choose, chosen
from app.views import frame
from app.views.heads import body, export
from app.views.heads.choices import CHOICES, PAGE, VIEWS
from app.views.heads.why import body as why
from app.widgets import terms
from app.widgets.controls import choice

ABOUT = "What every head attends to, by attention offset and by cell of each grid, and its ablation effect."
INTRODUCTION = (
    "What every head attends to: by attention offset (positions back), and by cell of each grid when it"
    " predicts a cell of the answer."
)
GUIDE = """
A position of the model predicts the **next** token. So when a cell of the answer is about to be predicted,
the position that works on it still stands on the cell before. That is why distances come in pairs. Grids are
101 tokens apart (a marker and 100 cells): **100** positions back lies, one grid earlier, the cell *about to
be predicted*, and **101** back the cell *under the current token*. Two grids earlier that is 201 and 202,
three grids earlier 302 and 303. Rows are 10 cells long: **9** back is the cell above the one about to be
predicted, **10** back the cell above the current token, and **1** back the token before.

**The table** has one row per head and one column per detector: the share of its attention, from 0 to 1, that
falls exactly there. A head with 0.95 under *one grid back, same cell* (100) copies cells from the grid
before. A head with 0.95 under *previous* (1) tells each position what stands before it, which later heads can
search for: the first half of an induction head. A head that rests on the *start* token is mostly idle.
Numbers are means over the 100 positions that predict the answer's cells, or over all positions, as you choose
above. A high number says where a head looks, not that the model depends on it: that is what the **cost** is
for, the effect of ablating this head, measured on the same puzzles.

**The spectrum** shows the same for every distance, 0 to 404, for the chosen head. **The maps** show the four
grids as seen from the cell about to be predicted, which is outlined: one square up is the cell above, in
every grid. A head that looks at *fixed* places relative to that cell gives sharp dots; one that looks for
*colours* or shapes, wherever they are, gives a blur. With the markers and the start token the maps sum to 1.
**The scatter** sets any two of these against each other: heads that do the same lie together.
"""

scene, backend, bar = frame.opened(PAGE, CHOICES, "Heads", ABOUT)
view = chosen(PAGE)["show"]
choice.segmented("View", VIEWS, view, key="heads-view", on_change=lambda name: choose(PAGE, show=name))
with bar():
    export.show(scene, backend, view)
if view == "why":
    why.show(scene, backend)
else:
    terms.how_to_read(INTRODUCTION, GUIDE, key="heads-guide")
    body.show(scene, backend)
