"""What the notebook took for a faulty key-value cache."""

import streamlit as st

from app.state.scene import Scene
from app.views.logbook import experiment
from app.widgets.loss_readout import scientific
from interp.analyses.published import masking_finding
from interp.backend import Backend
from interp.export.programs import masking_snippet

QUESTION = (
    "The notebook switched the key-value cache off, as it seemed to spoil the answers. The cache was not at"
    " fault: the"
    " tokenizer had declared token 0 to be padding, and token 0 is also the *blank cell*. A library that"
    " hides padding"
    " from attention then hides blank cells, which are most of a grid. All prompts here are equally long, so"
    " nothing is ever"
    " padded and no mask is made from tokens; with the cache the answer is the same as without, which tests"
    " check under"
    " every kind of ablation. Here is the loss on the puzzle at hand if blank cells are hidden all the same."
)


def show(number: int, scene: Scene, backend: Backend) -> None:
    """Draw the section."""
    experiment.heading(number, "The cache that was not at fault", QUESTION)
    as_it_is = backend.prediction(scene.model, scene.puzzle, scene.ablation)
    masked = backend.blanks_masked(scene.model, scene.puzzle, scene.ablation)
    here, beside = experiment.columns()
    with here, st.container(horizontal=True, gap="large"):
        for label, run in (("As it should be", as_it_is), ("Blank cells hidden", masked)):
            st.metric(
                f"{label}: final-grid loss",
                scientific(run.loss.mean("final"), 2),
                "solved" if run.solved[0] else "not solved",
                delta_color="off",
                delta_arrow="off",
                width="content",
            )
    with beside:
        experiment.finding(masking_finding(as_it_is.loss.mean("final"), masked.loss.mean("final")))
        experiment.go_on(
            scene.link_to(scene.puzzle, scene.ablation),
            masking_snippet(scene.model, scene.puzzle.id, scene.ablation.text),
            key="log-cache-python",
        )
