"""The notebook's last question: by which of the two ways it knows does this model's copying head find its
place?"""

from collections.abc import Sequence
from dataclasses import replace
from itertools import zip_longest
from urllib.parse import urlencode

import streamlit as st

from app.live import fragment
from app.live import why as live
from app.live.watching import Seen, how_far, watched
from app.state.heads import copy_head, copy_heads
from app.state.scene import Scene
from app.views.logbook import experiment
from app.views.logbook.choices import PAGE
from app.views.logbook.contents import TAGS, Section, Verdict, verdict_of
from app.widgets.controls.progress import show_progress
from app.widgets.text import escape_markdown
from app.widgets.workbench_link import workbench_link
from interp.ablation import Component
from interp.analyses.notebook.published import Finding
from interp.backend import Backend, Watch
from interp.why.questions import ReasonOf
from interp.why.verdict import HeadReason

_GROUP = "logbook-ways"
"""Of what a visitor looks in on; in the session, whether this visitor has asked for it."""
BACK = 100
QUESTION = (
    "The notebook ends with the two ways that it knows of to an induction head: K-composition with a head"
    " that looks at the previous token, and Q-composition with a position that is turned; with sinusoidal"
    " positions the second might be harder, but not impossible. Which of them is at work in the heads that"
    " copy here, or is it neither? A pointer needs no other head: it looks so many positions back by position"
    " alone."
)
WAYS: dict[str, str] = {
    "k": "K-composition",
    "q": "Q-composition",
    "pointer": "neither, a pointer",
    "content": "neither, by content",
    "mixed": "no way alone",
    "none": "no clear offset",
}
"""What each verdict says of the two ways."""


def show(section: Section, scene: Scene, backend: Backend) -> Verdict:
    """Draw the section: the verdict on each copying head, as they come, begun when asked for: they take
    longer than all the rest of the page."""
    if not experiment.opened(section, QUESTION, live.cannot(scene.model, backend)):
        return "shown"

    def under_way() -> bool:
        return any(seen.progress is not None for seen in _look(scene, backend) or ())

    def draw_ways() -> None:
        _draw(scene, backend)

    fragment.show(draw_ways, scene=scene, page=PAGE, under_way=under_way, groups=[_GROUP])
    found = _found(_look(scene, backend) or ())
    return "pending" if found is None else verdict_of([found])


def heads_of(scene: Scene, backend: Backend) -> list[Component]:
    """The heads that copy, or the one that comes nearest to it."""
    return copy_heads(backend, scene.model) or [copy_head(backend, scene.model)]


def question(head: Component) -> ReasonOf:
    """What is asked of a head."""
    return ReasonOf(live.puzzles(), head, BACK)


def _ask() -> None:
    st.session_state[_GROUP] = True


def _look(scene: Scene, backend: Backend) -> list[Seen[HeadReason]] | None:
    """How far the verdict on each head is, if this visitor has asked for it."""
    if not st.session_state.get(_GROUP):
        return None
    questions = [question(head) for head in heads_of(scene, backend)]
    key = (scene.model, tuple(questions))
    watches: list[Watch[HeadReason]] | None = watched().known(_GROUP, key)
    if watches is None:
        watches = watched().keep(_GROUP, key, [backend.watch(scene.model, one) for one in questions])
    return [how_far(_GROUP, watch) for watch in watches]


def _found(seen: Sequence[Seen[HeadReason]]) -> Finding | None:
    """What came out, once all is known."""
    known = [one.state for one in seen if one.state is not None]
    if not known or len(known) < len(seen) or any(one.progress is not None for one in seen):
        return None
    return finding_of(known)


def finding_of(found: Sequence[HeadReason]) -> Finding:
    """Whether a head that copies goes one of the notebook's two ways.

    Args:
        found: the verdict on each.
    """
    names = {one: ", ".join(own.head.text for own in found if own.verdict == one) for one in WAYS}
    told = "; ".join(f"{names[one]}: {WAYS[one]}" for one in WAYS if names[one])
    return Finding(any(one.verdict in ("k", "q") for one in found), f"{told}.")


def _draw(scene: Scene, backend: Backend) -> None:
    seen, heads = _look(scene, backend), heads_of(scene, backend)
    here, beside = experiment.columns()
    with here:
        for head, one in zip_longest(heads, seen or ()):
            told = one.state.summary() if one is not None and one.state is not None else f"{head.text} …"
            name = escape_markdown(head.text)
            st.markdown(escape_markdown(told).replace(name, f"**{name}**", 1))
            own = replace(scene, attention=head)
            query = urlencode({**own.query(), "show": "why"})
            link = workbench_link(f"Why {head.text} looks there →", query, folder="./heads")
            st.html(link, width="content")
        if seen is None:
            st.button("Decide it for these heads", key="log-ways-begin", on_click=_ask)
            st.caption("Four kinds of tests of each, over 64 puzzles: about a minute.")
        else:
            _progress(seen)
    with beside:
        experiment.published(
            "the two ways to an induction head are named, and which of them is at work is left open."
        )
        found = _found(seen or ())
        if found is None:
            what = "is asked for" if seen is None else "is complete"
            st.markdown(f"{TAGS['pending']} Verdict when the measurement {what}.")
            return
        experiment.finding(found)
        experiment.go_on(
            scene.link_to(scene.puzzle, scene.ablation),
            question(heads[0]).program(scene.model),
            key="log-ways-python",
        )


def _progress(seen: Sequence[Seen[HeadReason]]) -> None:
    left = [one.progress for one in seen if one.progress is not None]
    show_progress(
        1 - (len(left) - sum(left)) / len(seen) if left else None,
        not left and any(one.stopped for one in seen),
        "Deciding",
        key="log-ways",
        on_stop=lambda: watched().stop(_GROUP),
        on_again=lambda: watched().forget(_GROUP),
    )
