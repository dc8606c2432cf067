"""Why this head looks there: a sentence first, then what it rests on, all of which fills up."""

from collections.abc import Callable

import streamlit as st

from app.live import fragment
from app.live import why as live
from app.live.why import Asked
from app.state.scene import Scene
from app.state.session import chosen
from app.views.heads.choices import PAGE
from app.views.heads.why import looking, pieces
from app.widgets import terms
from app.widgets.text import escape_markdown
from interp.backend import Backend

INTRODUCTION = (
    "Why does this head look there? Choose a head, and click a cell of the answer: where it looks from there"
    " is ringed, and below is what makes it so."
)
FAR = (
    "{name} looks at the very beginning here, where it rests: that is no place that lies so many positions"
    " back from every cell. So only this one score, and its weights, are taken apart."
)
GUIDE = """
There are three answers. **By position**: the head is a **pointer**, it looks so many positions back, whatever
stands there. **By what an earlier head found out**: in its keys (**K-composition**: "the cell whose
predecessor is what I am") or in its query (**Q-composition**: an earlier head says where to look). These are
the two ways to an induction head that the notebook ends with. Or **by content**: it looks for a colour.

Four tests decide, each of another kind, and they have to agree. Its **score** taken apart into who wrote what
(exact, on this puzzle and over many). The **phases** of its weights (no puzzle at all). The **shift
experiment** (the query is told that it stands elsewhere). And **interventions** on one side of the head.
"""


def show(scene: Scene, backend: Backend) -> None:
    """Draw it all. What is not known yet is begun here, and nowhere else."""
    terms.how_to_read(INTRODUCTION, GUIDE, key="why-guide")
    seen = looking.looking(scene, backend)
    looking.show(scene, backend, seen)
    st.caption(escape_markdown(looking.sentence(scene, seen)))
    if scene.ablation:
        st.caption("This is of the whole model: what is ablated takes part.")
    problem = live.cannot(scene.model, backend)
    if problem:
        st.info(escape_markdown(problem))
    elif seen.share == seen.share:
        asked = asked_of(scene, backend)
        live.begin(asked, backend)
        _parts(scene, asked, backend)


def asked_of(scene: Scene, backend: Backend) -> Asked:
    """What is asked about, by the scene and the page's choices."""
    own, seen = chosen(PAGE), looking.looking(scene, backend)
    return Asked(scene.model, scene.puzzle, scene.shown_head, seen.query, seen.key, own["side"], own["moved"])


def _parts(scene: Scene, asked: Asked, backend: Backend) -> None:
    """Each a fragment: it is drawn again by itself when it has come on."""

    def verdict() -> None:
        pieces.draw_verdict(asked, backend)

    def score() -> None:
        pieces.draw(live.SPLIT, asked, backend)

    def phase() -> None:
        pieces.draw(live.PHASE, asked, backend)

    def shift() -> None:
        pieces.draw(live.SHIFT, asked, backend)

    def sides() -> None:
        pieces.draw(live.SIDES, asked, backend)

    def shares() -> None:
        pieces.draw_shares(asked, backend)

    def part(draw: Callable[[], None], *groups: str) -> None:
        def under_way() -> bool:
            return any(live.look(group, asked, backend).progress is not None for group in groups)

        with st.container(key=f"why-{draw.__name__}-room"):
            fragment.show(draw, scene=scene, page=PAGE, under_way=under_way, groups=groups, alone=True)

    far = asked.farther_than_puzzles_begin
    if far:
        st.info(escape_markdown(FAR.format(name=asked.head.text)))
    else:
        part(verdict, *live.GROUPS)
    part(score, live.SPLIT)
    if far:
        part(phase, live.PHASE)
        return
    left, right = st.columns([6, 7], gap="medium")
    with left:
        part(shares, live.VERDICT)
    with right:
        part(shift, live.SHIFT)
    part(phase, live.PHASE)
    part(sides, live.SIDES)
