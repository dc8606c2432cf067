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
from app.views.logbook.contents import Section, Verdict, verdict_of
from app.views.shared.attention import show_layer, show_tokens
from app.views.shared.lookback_list import show_heads
from app.widgets.controls import choice
from interp.ablation import Component
from interp.analyses.attention import AttentionOf
from interp.analyses.lookback import LookbackScores, heads_above
from interp.analyses.notebook import published
from interp.analyses.notebook.experiments import ON_START, THRESHOLDS, LookingHead, looking_heads
from interp.backend import Backend

WHAT = {1: "one token back", 100: "one grid back"}
assert set(WHAT) == set(THRESHOLDS)

DETECTORS = (
    "An induction head needs a head that looks at the token before. And since every grid is as long as the"
    " next, a head that looks exactly 100 positions back sees, from where a cell is predicted, the same"
    " cell of the grid before. Which heads do so? The score is the attention at that distance, averaged"
    " over the positions that have as many before them."
)
FORMULA = (
    "The notebook averaged over all 405 positions and measured those with too few before them at position 0."
    " So a head that rests on the start token scores 0.25 for 100 back without looking there at all."
)
RESTING_ONLY = "only heads that rest on the start token"
PATTERN = "Where a head looks, token by token. Choose any head, or click one above."


def show_detectors(section: Section, scene: Scene, backend: Backend) -> Verdict:
    """The heads above each threshold, on the puzzle at hand."""
    experiment.heading(section, DETECTORS)
    scores = backend.ask(scene.model, LookbackScores(scene.puzzle, scene.ablation, tuple(WHAT)))
    clamped = LookbackScores(scene.puzzle, scene.ablation, (*WHAT, ON_START), clamp=True)
    notebook = backend.ask(scene.model, clamped)
    findings = []
    for lookback, what in WHAT.items():
        threshold = chosen(PAGE)[name_of(lookback)]
        here, beside = experiment.columns()
        with here:
            _threshold(lookback, what, threshold)
            show_heads(scene, heads_above(scores[lookback], lookback, threshold), key=f"log-{lookback}")
            by_formula = notebook[lookback], scores[lookback], notebook[ON_START]
            _footnote(looking_heads(*by_formula, lookback, threshold))
        with beside:
            figures = published.PUBLISHED_HEADS[lookback]
            listed = ", ".join(f"{_name(*head)} {score:.2f}" for head, score in figures.items())
            experiment.published(f"above {THRESHOLDS[lookback]}: {listed}.")
            findings.append(published.heads_finding(scores[lookback], lookback, threshold))
            experiment.finding(findings[-1])
            if published.same_sizes(backend.model(scene.model).cfg):
                _deviations(figures, notebook[lookback])
    experiment.go_on(
        scene.link_to(scene.puzzle, scene.ablation),
        LookbackScores(scene.puzzle, scene.ablation, tuple(WHAT)).program(
            scene.model, threshold=chosen(PAGE)[name_of(100)]
        ),
        key="log-heads-python",
    )
    return verdict_of(findings)


def _footnote(found: Sequence[LookingHead]) -> None:
    """What the notebook's formula gives, which names more heads."""
    looking = ", ".join(f"{head.found.name} {head.found.score:.2f}" for head in found if head.looks)
    resting = sum(not head.looks and isfinite(head.found.score) for head in found)
    told = [looking] if looking else []
    if resting:
        told.append(f"{resting} more that only rest on the start token" if looking else RESTING_ONLY)
    if told:
        st.caption(f"By the notebook's formula: {'; '.join(told)}.", help=FORMULA)
    if any(not isfinite(head.found.score) for head in found):
        st.caption("The attention of some heads is not finite.")


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


def show_pattern(section: Section, scene: Scene, backend: Backend) -> Verdict:
    """Any head's pattern, through CircuitsVis."""
    experiment.heading(section, PATTERN)
    cfg = backend.model(scene.model).cfg
    question = AttentionOf(scene.puzzle, scene.ablation, scene.layer)
    here, beside = experiment.columns()
    with here:
        show_layer(scene, cfg, key=scene.key("log-layer"))
        attention = backend.ask(scene.model, question)
        show_tokens(scene, attention, cfg, key=scene.key("log-tokens"))
    with beside:
        experiment.published(
            "L0.H0 attends to the cell about to be predicted in the grid before; in the first grid, to the"
            " previous token."
        )
        experiment.go_on(
            scene.link_to(scene.puzzle, scene.ablation),
            question.program(scene.model, head=scene.head, cell=scene.answer_cell or 0),
            key="log-pattern-python",
        )
    return "shown"
