"""The notebook's last lines: who reads what layer 0's attention writes, by weights, by effect and by exact
edges, in one table."""

from math import isnan

import streamlit as st

from app.live import fragment
from app.live import why as live
from app.live.watching import Seen, look_in, watched
from app.state.scene import Scene
from app.views.logbook import experiment
from app.views.logbook.choices import PAGE
from app.views.logbook.contents import Section, Verdict
from app.widgets.controls.progress import show_progress
from app.widgets.plain_table import table
from app.widgets.text import escape_markdown
from interp.ablation import Component
from interp.analyses.composition import CompositionScores
from interp.analyses.path_ablation import PathAblation, PathState
from interp.backend import Backend
from interp.circuits.questions.sample import Pairs
from interp.circuits.scores import EdgeScores
from interp.why.readers import PUZZLES, EdgesFrom, JoinedReader, joined_readers, who_reads_most

_PATHS, _EDGES = "logbook-paths", "logbook-edges"
"""Of what a visitor looks in on; the first, in the session, whether this visitor has asked for all of it."""
SOURCE = Component(0, "attn")
EDGES = EdgesFrom(Pairs(n=2), SOURCE)
SHOWN, ROW = 12, 33
"""Readers in the room of the table, and pixels of a row."""
QUESTION = (
    "The notebook's last lines multiply through the residual stream: what layer 0's attention writes with"
    " what each later part reads, to see who listens. Weights say who could. Two accounts more: what it"
    " changes when a reader alone no longer gets it, and what it carries there of the difference between two"
    " puzzles under different rules."
)
HEAD = ("Reader", "Composition\N{NO-BREAK SPACE}", "Path, nats\N{NO-BREAK SPACE}", "Edges\N{NO-BREAK SPACE}")


def show(section: Section, scene: Scene, backend: Backend) -> Verdict:
    """Draw the section. Nothing is computed before it is asked for: few come down to here, and it takes half
    a minute."""
    if not experiment.opened(section, QUESTION, live.cannot(scene.model, backend)):
        return "shown"

    def under_way() -> bool:
        return _asked() and any(
            seen.progress is not None for seen in (_edges(scene, backend), _paths(scene, backend))
        )

    def draw_readers() -> None:
        _draw(scene, backend)

    fragment.show(draw_readers, scene=scene, page=PAGE, under_way=under_way, groups=[_PATHS, _EDGES])
    return "shown"


def _paths(scene: Scene, backend: Backend) -> Seen[PathState]:
    question = PathAblation(tuple(backend.bank().limit(PUZZLES)), SOURCE)
    return look_in(_PATHS, (scene.model, question), lambda: backend.watch(scene.model, question))


def _edges(scene: Scene, backend: Backend) -> Seen[EdgeScores]:
    return look_in(_EDGES, (scene.model, EDGES), lambda: backend.watch(scene.model, EDGES))


def _asked() -> bool:
    return bool(st.session_state.get(_PATHS))


def _ask() -> None:
    st.session_state[_PATHS] = True


def _found(scene: Scene, backend: Backend) -> tuple[JoinedReader, ...]:
    """What is known by now. The edges are begun first: of one visitor's work the latest comes first, and
    paths are there sooner."""
    edges, paths = _edges(scene, backend), _paths(scene, backend)
    if paths.state is None:
        return ()
    exact = edges.state if edges.progress is None else None
    return joined_readers(backend.ask(scene.model, CompositionScores()), paths.state, exact)


def _draw(scene: Scene, backend: Backend) -> None:
    here, beside = experiment.columns()
    found = _found(scene, backend) if _asked() else ()
    with here:
        table.show(
            f"Who reads {SOURCE.text}",
            HEAD,
            [_row(one) for one in found],
            (SHOWN + 1) * ROW,
            "Nothing is measured yet.",
            titled=False,
            first="6em",
        )
        if _asked():
            _progress(_paths(scene, backend), _edges(scene, backend))
        else:
            st.button("Measure who reads it", key="log-readers-begin", on_click=_ask)
            st.caption("Every path and every edge is cut in a run of its own: about half a minute.")
    with beside:
        experiment.published(
            "the weights of layer 0's heads multiplied with those of later parts, as a look at who could"
            " read them; no verdict."
        )
        if found:
            st.markdown(f"**Here:** {escape_markdown(who_reads_most(found, SOURCE).replace('-', '−'))}")
        st.caption(
            f"Composition: beyond chance. Path: over {PUZZLES} puzzles, zero in its place for that reader"
            f" alone. Edges: over {EDGES.pairs.words}, in logits of the right colour over the other end's."
        )
        experiment.go_on(
            scene.link_to(scene.puzzle, scene.ablation), EDGES.program(scene.model), key="log-readers-python"
        )


def _progress(paths: Seen[PathState], edges: Seen[EdgeScores]) -> None:
    """Of what is under way; the paths first."""
    of_edges = paths.progress is None and not paths.stopped
    seen: Seen[PathState] | Seen[EdgeScores] = edges if of_edges else paths
    group = _EDGES if of_edges else _PATHS
    show_progress(
        seen.progress,
        seen.stopped,
        "Cutting edges" if of_edges else "Ablating paths",
        key="log-readers",
        on_stop=lambda: watched().stop(group),
        on_again=lambda: watched().forget(group),
    )


def _row(one: JoinedReader) -> tuple[str, str, str, str]:
    """What is not known is a dot."""
    numbers = (one.excess, one.cost, one.edges)
    told = ("·" if isnan(value) else f"{value:+.2g}".replace("-", "−") for value in numbers)
    return (one.reader.text, *told)  # type: ignore[return-value]
