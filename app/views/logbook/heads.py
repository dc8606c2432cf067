"""The notebook's search for heads with a fixed attention offset, and the attention pattern of any of them."""

from collections.abc import Mapping, Sequence
from math import isfinite

import numpy as np
import streamlit as st
from jaxtyping import Float

from app.state.scene import Scene
from app.state.session import choose, chosen
from app.views.logbook import experiment
from app.views.logbook.choices import PAGE, name_of
from app.views.shared.attention import show_layer, show_tokens
from app.views.shared.lookback_list import show_heads
from app.widgets.controls import choice
from interp.ablation import Component
from interp.analyses.attention import AttentionOf
from interp.analyses.lookback import LookbackScores
from interp.analyses.notebook import published
from interp.analyses.notebook.experiments import ON_START, THRESHOLDS, LookingHead, looking_heads
from interp.backend import Backend

WHAT = {1: "one token back", 100: "one grid back"}
assert set(WHAT) == set(THRESHOLDS)

DETECTORS = (
    "An induction head needs a head that looks at the token before. And since every grid is as long as the"
    " next, a head that looks exactly 100 positions back sees, from where a cell is predicted, the same"
    " cell of the grid before. Which heads do so? The score is the attention at that distance, averaged"
    " over all 405 positions, those with too few before them measured at position 0. So a head that rests"
    " on the start token scores 0.25 for 100 back without looking there at all: such heads are listed"
    " apart, and beside every score stands that without those positions."
)
RESTING = "only by resting on the start token, where there are too few positions before:"
PATTERN = "Where a head looks, token by token. Choose any head, or click one above."


def show_detectors(number: int, scene: Scene, backend: Backend) -> None:
    """The heads above each threshold, on the puzzle at hand."""
    experiment.heading(number, "Heads by attention offset", DETECTORS)
    clamped = LookbackScores(scene.puzzle, scene.ablation, (*WHAT, ON_START), clamp=True)
    scores = backend.ask(scene.model, clamped)
    real = backend.ask(scene.model, LookbackScores(scene.puzzle, scene.ablation, tuple(WHAT)))
    for lookback, what in WHAT.items():
        threshold = chosen(PAGE)[name_of(lookback)]
        found = looking_heads(scores[lookback], real[lookback], scores[ON_START], lookback, threshold)
        here, beside = experiment.columns()
        with here:
            _threshold(lookback, what, threshold)
            _heads(scene, found, key=f"log-{lookback}")
        with beside:
            figures = published.PUBLISHED_HEADS[lookback]
            listed = ", ".join(f"{_name(*head)} {score:.2f}" for head, score in figures.items())
            experiment.published(f"above {THRESHOLDS[lookback]}: {listed}.")
            experiment.finding(published.heads_finding(scores[lookback], lookback, threshold, real[lookback]))
            if published.same_sizes(backend.model(scene.model).cfg):
                _deviations(figures, scores[lookback])
    experiment.go_on(
        scene.link_to(scene.puzzle, scene.ablation),
        LookbackScores(scene.puzzle, scene.ablation, tuple(WHAT), clamp=True).program(
            scene.model, threshold=chosen(PAGE)[name_of(100)]
        ),
        key="log-heads-python",
    )


def _heads(scene: Scene, found: Sequence[LookingHead], *, key: str) -> None:
    """Buttons for the heads that look so far back, and below them for those that only seem to."""
    looking = [head for head in found if head.looks]
    resting = [head for head in found if not head.looks and isfinite(head.found.score)]
    if len(looking) + len(resting) < len(found):
        st.caption("The attention of some heads is not finite.")
    show_heads(scene, [head.found for head in looking], key=key, beside=[head.unclamped for head in looking])
    if resting:
        st.caption(f"{len(resting)} {'more ' if looking else ''}{RESTING}")
        show_heads(
            scene, [head.found for head in resting], key=key, beside=[head.unclamped for head in resting]
        )


def _threshold(lookback: int, what: str, threshold: float) -> None:
    choice.slider(
        f"{what.capitalize()} ({lookback}): heads with a score above",
        threshold,
        key=f"log-threshold-{lookback}",
        on_change=lambda value: choose(PAGE, **{name_of(lookback): round(value, 2)}),
        min_value=0.01,
        max_value=0.99,
        step=0.01,
    )


def _name(layer: int, head: int) -> str:
    return Component(layer, "head", head).text


def _deviations(figures: Mapping[tuple[int, int], float], scores: Float[np.ndarray, "layer head"]) -> None:
    told = (f"{_name(*head)} {scores[head] - score:+.3f}" for head, score in figures.items())
    st.caption(f"This puzzle less the notebook's: {', '.join(told)}.")


def show_pattern(number: int, scene: Scene, backend: Backend) -> None:
    """Any head's pattern, through CircuitsVis."""
    experiment.heading(number, "The attention pattern of a head", PATTERN)
    cfg = backend.model(scene.model).cfg
    show_layer(scene, cfg, key=scene.key("log-layer"))
    question = AttentionOf(scene.puzzle, scene.ablation, scene.layer)
    attention = backend.ask(scene.model, question)
    show_tokens(scene, attention, cfg, key=scene.key("log-tokens"))
    experiment.published(
        "L0.H0 attends to the cell about to be predicted in the grid before; in the first grid, to the"
        " previous token."
    )
    experiment.go_on(
        scene.link_to(scene.puzzle, scene.ablation),
        question.program(scene.model, head=scene.head, cell=scene.answer_cell or 0),
        key="log-pattern-python",
    )
