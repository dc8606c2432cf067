"""The page of the graph: the few edges that a task needs, drawn, with their certificate."""

from app.views import frame
from app.views.graph import body, export
from app.views.graph.choices import CHOICES, EXAMPLE, PAGE
from app.widgets import terms

ABOUT = "Which connections between components a task needs: a circuit, drawn and certified."
INTRODUCTION = (
    "**Which few connections does this task need?** Edges are scored by what is lost without them, the fewest"
    " that will do are kept, and held against other pairs."
)
GUIDE = """
**An edge** is what one component writes, as another reads it: from the embedding, a head or an MLP into the
queries (q), keys (k) or values (v) of a head, into an MLP, or into the logits. To *cut* it, its reader
alone reads something else in its place: what the writer writes in the *pair's* other run, on a puzzle that
differs in one thing. What is lost is measured as the difference of two logits at the cells where the two
answers differ.

**Scores** are exact (every edge cut in a run of its own) or estimated by gradients: *EAP* by those of one
run, *EAP-IG* by their mean over five runs between the two. How well an estimate puts the edges in order is
told below the graph.

**A circuit** is a set of edges on paths from the embedding to the logits; all others are cut. Its
*faithfulness* is the share of the difference that it keeps: 1 for the whole model, 0 for none. With *Drop
what can go* edges are taken away one by one, exactly, as long as the target holds: without any one of those
that are left it does not.

**The certificate** is measured on pairs that the circuit was not found by. A circuit that is no accident
keeps far more than random ones with as many edges of each class, and about as much as on the pairs it was
found by.

Click a box to ablate that component, here and on the workbench. Click an edge to cut it in the whole model
and see what becomes of the answer to the puzzle.
"""

scene, backend, bar = frame.opened(PAGE, CHOICES, "Graph", ABOUT, example=EXAMPLE)
with bar():
    export.show(scene, backend)
terms.how_to_read(INTRODUCTION, GUIDE, key="graph-guide")
body.show(scene, backend)
