"""The graph, how far it is, and its certificate beside it."""

from collections.abc import Callable
from typing import Any

import streamlit as st

from app.live import circuits, fragment
from app.state.scene import Scene
from app.state.session import choose, chosen
from app.views.graph import answers, asking, certificate, drawing, line
from app.views.graph.choices import EVERY, KINDS, MADE_OF, PAGE, Whose, target_words
from app.widgets.controls import choice
from app.widgets.pair import KINDS as PAIR_WORDS
from interp.backend import Backend
from interp.circuits.finder import By, Target
from interp.circuits.questions.finding import USUAL
from interp.circuits.scores import How
from interp.figures.circuit.said import FILL_WORDS
from interp.pairs import Kind
from interp.tasks import TASKS

HOW_WORDS: dict[How, str] = {"eap-ig": "EAP-IG", "eap": "EAP", "exact": "exact"}
HOW_HELP = (
    "How edges are scored. EAP-IG: by gradients, averaged over five runs between the two ends of a pair. EAP:"
    " by those of one run, quicker and rougher. Exact: every edge cut in a run of its own."
)
SIZES: dict[By, tuple[int, ...]] = {"edges": (30, 60, 100, 200, 400), "nodes": (5, 10, 20, 30)}
TARGETS = (*(Target("faithfulness", share) for share in (0.5, 0.8, 0.9, 0.95)), Target("solved"))
BY_HELP = (
    "Edges: the fewest connections. Heads and MLPs: the fewest parts, each with all connections between those"
    " that are kept; a part that is cut is read by nobody."
)
MINIMAL_HELP = (
    "Drop edges (or heads and MLPs) from the circuit, those that cost least first, as long as the target"
    " holds; each is tried in a run of its own. Takes a while."
)


def show(scene: Scene, backend: Backend) -> None:
    """Draw it all."""
    _controls(scene)
    left, right = st.columns([21, 11], gap="medium")
    with left:
        _graph(scene, backend)
    found = answers.ask(scene, backend)
    with left:
        line.show(found, answers.look_of(scene))
    with right, st.container(key="graph-side"):
        answers.show(scene, found)
        _certificate(scene, backend)


def _graph(scene: Scene, backend: Backend) -> None:
    def under_way() -> bool:
        return asking.look(scene, backend).under_way

    def draw_graph() -> None:
        drawing.show(scene, backend, asking.look(scene, backend))

    fragment.show(draw_graph, scene=scene, page=PAGE, under_way=under_way, groups=circuits.GROUPS, alone=True)


def _certificate(scene: Scene, backend: Backend) -> None:
    def under_way() -> bool:
        return asking.look(scene, backend).under_way

    def draw_certificate() -> None:
        certificate.show(scene, asking.look(scene, backend))

    fragment.show(
        draw_certificate, scene=scene, page=PAGE, under_way=under_way, groups=circuits.GROUPS, alone=True
    )


def _controls(scene: Scene) -> None:
    own = chosen(PAGE)
    task: dict[Whose, str] = {"task": scene.puzzle.task} if scene.puzzle.task in TASKS else {}
    whose: dict[Whose, str] = {**task, "puzzle": "this puzzle", "all": "all tasks"}
    kinds: dict[Kind, str] = {kind: PAIR_WORDS[kind] for kind in KINDS}
    with st.container(horizontal=True, gap="small", vertical_alignment="bottom", key="graph-controls"):
        choice.segmented(
            "Circuit for",
            whose,
            asking.whose(scene),
            key="graph-whose",
            on_change=_choose("whose"),
            label_shown=True,
        )
        choice.select(
            "Pairs with",
            kinds,
            asking.kind_of(scene),
            key="graph-kind",
            on_change=_choose("kind"),
            width=135,
        )
        choice.select(
            "Scored by",
            HOW_WORDS,
            own["how"],
            key="graph-how",
            on_change=_choose("how"),
            width=110,
            help=HOW_HELP,
        )
        choice.select(
            "Cut edges read",
            FILL_WORDS,
            own["fill"],
            key="graph-fill",
            on_change=_choose("fill"),
            width=175,
        )
        by: By = own["by"]
        choice.select("Made of", MADE_OF, by, key="graph-by", on_change=_made_of, width=170, help=BY_HELP)
        sizes = (Target("size", n) for n in SIZES[by])
        every = (EVERY,) if by == "edges" else ()
        targets = {one: target_words(one, by) for one in (*sizes, *TARGETS, *every, own["target"])}
        choice.select(
            "Keep", targets, own["target"], key="graph-target", on_change=_choose("target"), width=165
        )
        choice.toggle(
            "Drop what can go",
            own["minimal"],
            key="graph-minimal",
            on_change=_choose("minimal"),
            help=MINIMAL_HELP,
        )


def _made_of(by: By) -> None:
    """Look for a circuit made of something else: a number of these would be another number of those. The
    fewest parts are wanted of heads and MLPs, of which there are so few that dropping some takes seconds."""
    target = chosen(PAGE)["target"]
    target = USUAL if target.kind == "size" else target
    choose(PAGE, by=by, circuit="", target=target, minimal=by == "nodes")


def _choose(name: str) -> Callable[[Any], None]:
    """Choose something else to look for: a circuit that was given goes."""
    return lambda value: choose(PAGE, **{name: value, "circuit": ""})
