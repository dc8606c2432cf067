"""What the notebook took for a faulty key-value cache."""

import streamlit as st

from app.state.scene import Scene
from app.views.logbook import experiment
from app.views.logbook.contents import Section, Verdict, verdict_of
from interp.analyses.notebook.published import BlanksMasked, masking_finding
from interp.analyses.prediction import PredictionOf
from interp.backend import Backend
from interp.numbers import short

QUESTION = (
    "The notebook switched the key-value cache off, as it seemed to spoil the answers. The cache was not at"
    " fault: the tokenizer had declared token 0 to be padding, and token 0 is also the *blank cell*. A"
    " library that hides padding from attention then hides blank cells, which are most of a grid. All"
    " prompts here are equally long, so nothing is ever padded and no mask is made from tokens; with the"
    " cache the answer is the same as without, which tests check under every kind of ablation. Here is the"
    " loss on the puzzle at hand if blank cells are hidden all the same."
)


def show(section: Section, scene: Scene, backend: Backend) -> Verdict:
    """Draw the section."""
    experiment.heading(section, QUESTION)
    as_it_is = backend.ask(scene.model, PredictionOf(scene.puzzle, scene.ablation))
    question = BlanksMasked(scene.puzzle, scene.ablation)
    loss, solved = as_it_is.loss.mean("final"), as_it_is.solved[0]
    masked, masked_solved = backend.ask(scene.model, question)
    here, beside = experiment.columns()
    with here, st.container(horizontal=True, gap="large"):
        for label, final, right in (
            ("As it should be", loss, solved),
            ("Blank cells hidden", masked.mean("final"), masked_solved[0]),
        ):
            st.metric(
                f"{label}: final-grid loss",
                short(final),
                "solved" if right else "not solved",
                delta_color="off",
                delta_arrow="off",
                width="content",
            )
    with beside:
        found = masking_finding(loss, masked.mean("final"))
        experiment.finding(found)
        experiment.go_on(
            scene.link_to(scene.puzzle, scene.ablation),
            question.program(scene.model),
            key="log-cache-python",
        )
    return verdict_of([found])
