"""The notebook's experiments that end in an answer to look at: an invalid grid, a copy, and a layer off at a
time."""

from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np
import streamlit as st
from jaxtyping import Int

from app.state.heads import copy_head
from app.state.scene import Scene
from app.views.logbook import experiment
from app.views.logbook.contents import Section, Verdict, verdict_of
from app.views.shared import puzzle_panels
from app.widgets import puzzle_strip
from app.widgets.puzzle_strip import Look, Panel
from interp.ablation import Ablation, Component, Term, components_of, parse_ablation
from interp.analyses.notebook import published
from interp.analyses.notebook.experiments import copy_circuit_text
from interp.analyses.prediction import PredictionOf
from interp.backend import Backend
from interp.puzzles import Puzzle

A_ROW = 7
"""Answers side by side."""

MARKER = (
    "What does the model draw without layer 0's attention? On a *frame* puzzle: it no longer knows what"
    " came before the current token. After the markers of three grids it has learnt to expect a fourth, so"
    " where it has lost its place it may write a marker instead of a cell, and the answer is not a grid at"
    " all."
)
COPY = (
    "If the head that looks one grid back copies what it sees, then it alone should draw the third grid"
    " again. So all MLPs are off, and all attention but one layer's, whose heads are all made to look"
    " exactly 100 positions back: from where a cell is predicted, that is the same cell of the third grid."
)
ONE_BY_ONE = (
    "The same puzzle with the attention of each layer ablated in turn, decoded: the answers, not just their"
    " loss."
)


def show_marker(section: Section, scene: Scene, backend: Backend) -> Verdict:
    """Layer 0's attention off on a frame puzzle."""
    experiment.heading(section, MARKER)
    puzzle = marker_puzzle(scene, backend)
    verdict: Verdict = "differs"
    for layer in _layers(scene, backend):
        off = scene.ablation.with_term(Term(Component(layer, "attn")))
        found = _answer(
            scene,
            backend,
            puzzle,
            off,
            "a wrong answer, with markers where cells should be",
            lambda answer: published.marker_finding(answer, puzzle.grids[3].ravel()),
            key=f"log-marker-{layer}",
        )
        verdict = "holds" if found.holds else verdict
    return verdict


def marker_puzzle(scene: Scene, backend: Backend) -> Puzzle:
    """A frame puzzle: the one on screen, if it is one."""
    return scene.puzzle if scene.puzzle.task == "frame" else backend.bank().filter(task="frame")[1]


def _layers(scene: Scene, backend: Backend) -> Iterator[int]:
    """The layer of the published experiment; then, if it is another, the one where this model's copying head
    is. Says which."""
    own = copy_head(backend, scene.model).layer
    for layer in dict.fromkeys((0, own)):
        here = ", where this model's copying head is" if layer == own else ", as published"
        st.markdown(f"**Layer {layer}**{here}")
        yield layer


def show_copy(section: Section, scene: Scene, backend: Backend) -> Verdict:
    """The copy circuit, in the notebook's layer or in the one that copies here."""
    experiment.heading(section, COPY)
    verdict: Verdict = "differs"
    cfg, puzzle = backend.model(scene.model).cfg, scene.puzzle
    for layer in _layers(scene, backend):
        circuit = parse_ablation(copy_circuit_text(cfg, layer), cfg)
        found = _answer(
            scene,
            backend,
            puzzle,
            Ablation.of((*scene.ablation.terms, *circuit.terms)),
            "a rough copy of the third grid",
            lambda answer: published.copy_finding(answer, puzzle.grids[2].ravel()),
            key=f"log-copy-{layer}",
        )
        verdict = "holds" if found.holds else verdict
    return verdict


def _answer(
    scene: Scene,
    backend: Backend,
    puzzle: Puzzle,
    off: Ablation,
    expected: str,
    judge: Callable[[Int[np.ndarray, " 100"]], published.Finding],
    *,
    key: str,
) -> published.Finding:
    """Draw what the model answers with these components ablated, and what it shows, which is returned."""
    found = judge(backend.ask(scene.model, PredictionOf(puzzle, off)).greedy[0])
    prediction = backend.ask(scene.model, PredictionOf(puzzle, off))
    copied, truth = puzzle_panels.grids(puzzle)[2:]
    here, beside = experiment.columns()
    with here:
        puzzle_strip.show(
            [
                replace(copied, opens=""),
                truth,
                puzzle_panels.answer("Ablated", puzzle, prediction, opens="gap"),
            ],
            key=key,
            look=Look(scene.palette, scene.digits),
            filename=f"{key}-{puzzle.id}",
        )
    with beside:
        experiment.published(f"{expected}.")
        experiment.finding(found)
        experiment.go_on(
            scene.link_to(puzzle, off),
            PredictionOf(puzzle, off).program(scene.model),
            key=f"{key}-python",
        )
    return found


def show_one_by_one(section: Section, scene: Scene, backend: Backend) -> Verdict:
    """Each attention layer ablated in turn on one puzzle."""
    experiment.heading(section, ONE_BY_ONE)
    puzzle = scene.puzzle
    layers = components_of(backend.model(scene.model).cfg, ["attn"])
    ablations = [scene.ablation.with_term(Term(part)) for part in layers]
    bar = st.empty()
    answers = []
    for k, off in enumerate(ablations):
        bar.progress(k / len(layers), text=f"Layer {k} ablated")
        answers.append(backend.ask(scene.model, PredictionOf(puzzle, off)))
    bar.empty()
    panels = [Panel("truth", puzzle.grids[3].ravel(), answer=True)]
    panels += [puzzle_panels.answer(f"L{k} ablated", puzzle, run) for k, run in enumerate(answers)]
    for first in range(0, len(panels), A_ROW):
        puzzle_strip.show(
            panels[first : first + A_ROW],
            key=f"log-one-by-one-{first}",
            look=Look(scene.palette, scene.digits),
            filename=f"layers-off-{puzzle.id}",
        )
    solved = np.array([bool(found.solved[0]) for found in answers])
    experiment.published(
        "with layer 0's attention ablated the answer is wrong; the layer matters far more than any other."
    )
    found = published.one_by_one_finding(solved)
    experiment.finding(found)
    worst = int(np.argmax([found.loss.mean("final") for found in answers]))
    experiment.go_on(
        scene.link_to(puzzle, ablations[worst]),
        PredictionOf(puzzle, ablations[worst]).program(scene.model),
        key="log-one-by-one-python",
    )
    return verdict_of([found])
