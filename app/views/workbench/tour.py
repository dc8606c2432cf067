"""The tour on the workbench: what each step says of this model and puzzle, and how it goes on."""

import numpy as np
import streamlit as st

from app.live import experiments as trials
from app.state.heads import roles_of
from app.state.scene import Scene
from app.state.session import change, now
from app.state.tour import (
    END,
    SETS,
    STEPS,
    Sights,
    beginning,
    doing,
    is_done,
    onward,
    same_sight,
    without_tour,
)
from app.views.shared import puzzle_panels
from app.widgets import tour
from app.widgets.tour import Stop, Wish
from interp.ablation import NO_ABLATION, Component, parse_ablation
from interp.analyses.head_roles import AT_LEAST
from interp.analyses.narration import narrate
from interp.analyses.notebook.experiments import copy_circuit_text
from interp.backend import Backend
from interp.engine.answers import Prediction

SENTENCE = "A small GPT learns from one example. Ablate it: what breaks?"
_BEFORE, _BEGAN = "tour-before", "tour-began"
"""In the visitor's session: the scene before the tour, and the one with which its present step began."""


def invite(scene: Scene) -> None:
    """Draw the way into the tour."""
    tour.show_invitation(key="tour-invitation", on_wish=lambda _: _start(scene))


def show(scene: Scene, backend: Backend, clean: Prediction, ablated: Prediction | None) -> None:
    """Draw the bar of the tour, if it is under way; and go on with it, if its step is done. To be called at
    the end of the page: what was done is seen before the tour goes on."""
    if not scene.tour:
        for name in (_BEFORE, _BEGAN):
            st.session_state.pop(name, None)
        return
    st.session_state.setdefault(_BEFORE, scene)  # a link has led into it
    sights = sights_of(scene, backend, clean, ablated)
    began: Scene | None = st.session_state.get(_BEGAN)
    if began is None or not same_sight(began, scene):
        began = st.session_state[_BEGAN] = scene
    if is_done(began, scene, sights):
        change(**onward(scene, sights))
        st.rerun()
    sentence = narrate(
        scene.puzzle,
        scene.ablation,
        clean,
        ablated,
        decoding=scene.answer,
        cfg=backend.model(scene.model).cfg,
    )
    stop = stop_of(scene, sights, _copying(scene, backend), sentence)
    tour.show(stop, key="tour", on_wish=lambda wish: _go(wish, sights))


def sights_of(scene: Scene, backend: Backend, clean: Prediction, ablated: Prediction | None) -> Sights:
    """What there is to see of this model and puzzle."""
    head = roles_of(backend, scene.model).copy_heads[0]
    cfg = backend.model(scene.model).cfg
    cells, _ = puzzle_panels.decoded(ablated or clean, scene.answer)
    return Sights(
        trials.costliest(scene, backend),
        head,
        parse_ablation(copy_circuit_text(cfg, head.layer), cfg),
        frozenset(np.flatnonzero(cells != scene.puzzle.grids[3].ravel()).tolist()),
    )


def _copying(scene: Scene, backend: Backend) -> float:
    """The share of its attention that the head of the tour has one grid back."""
    roles = roles_of(backend, scene.model)
    head = roles.copy_heads[0]
    assert head.head is not None
    return roles.copying[head.layer, head.head]


def stop_of(scene: Scene, sights: Sights, share: float, sentence: str) -> Stop:
    """What the bar says.

    Args:
        share: of its attention that the head that copies has one grid back.
        sentence: what became of the answer.
    """
    said, ask, target = _said(scene, sights, share, sentence)
    turn = f"Your turn: {ask}." if ask else ""
    return Stop(scene.tour, STEPS, TITLES[scene.tour - 1], said, turn, target)


def _said(scene: Scene, sights: Sights, share: float, sentence: str) -> tuple[str, str, str]:
    """What there is to see, what to do, and a selector of what to do it to."""
    first, second, third, fourth = scene.puzzle.structure.name.split()
    match scene.tour:
        case 1:
            rule = f"From one example, {first} → {second}, the model has to draw {fourth} for {third}."
            return f"{rule} {sentence}", "click a cell of the model's answer", '.panel[data-panel="Model"]'
        case 2:
            return _of_costliest(sights.costliest)
        case 3:
            which = "a wrong cell of" if sights.wrong else "a cell of"
            return sentence, f"click {which} the ablated answer", '.panel[data-panel^="Ablated"]'
        case 4:
            return _of_head(scene, sights.head, share, third)
        case 5:
            return (
                f"Does it copy by itself? Leave only layer {sights.head.layer}, looking one grid back; ablate"
                " all else.",
                "click the experiment “Only the copy circuit”",
                f'.card[data-text="{sights.circuit.text}"]',
            )
    return f"{sentence} Go on with another puzzle, with all heads, or with a story.", "", ""


def _of_costliest(layer: int | None) -> tuple[str, str, str]:
    tiles = "Each tile of the board is a component that can be ablated."
    if layer is None:
        return f"{tiles} Which attention layer this puzzle needs most is being measured.", "", ""
    return (
        f"{tiles} Of the attention layers, this puzzle needs layer {layer} most.",
        f"click the tile L{layer}, attn",
        f'.tile[data-part="L{layer}.attn"]',
    )


def _of_head(scene: Scene, head: Component, share: float, third: str) -> tuple[str, str, str]:
    none = "" if share >= AT_LEAST else "No head copies as such. "
    told = f"{none}{head.text} has {share:.2f} of its attention one grid back, on the same cell of {third}."
    name = head.text.replace(".", " ")
    if scene.layer != head.layer:
        place = f".st-key-{scene.key('attention-layer')}"
        return told, f"choose layer {head.layer}, then click the name {name}", place
    return (
        f"{told} What stays the same is copied from there." if not none else told,
        f"click the name {name}",
        f'.map[data-head="{head.text}"]',
    )


TITLES = (
    "The puzzle",
    "The attention layer that matters",
    "What broke",
    "The head that copies",
    "The copy circuit alone",
    "What the copy circuit does alone",
)
assert len(TITLES) == END


def _start(scene: Scene) -> None:
    st.session_state[_BEFORE] = scene
    change(tour=1, ablation=NO_ABLATION, large=False)


def _go(wish: Wish, sights: Sights) -> None:
    scene = now()
    match wish:
        case "back" if scene.tour > 1:
            change(**beginning(scene.tour - 1, sights))
        case "skip" if scene.tour <= STEPS:
            change(**doing(scene, sights))
        case "close":
            left = without_tour(scene, st.session_state[_BEFORE], st.session_state[_BEGAN])
            change(**{name: getattr(left, name) for name in ("tour", *SETS)})
