"""Heads with a fixed attention offset on this puzzle; a click shows the head."""

from collections.abc import Sequence

import streamlit as st

from app.state.scene import Scene
from app.state.session import look_at_head, of_this_model
from interp.analyses.lookback import HeadScore, LookbackScores, heads_above
from interp.analyses.notebook.experiments import THRESHOLDS
from interp.backend import Backend

MEANINGS = {
    1: ("One token back", THRESHOLDS[1]),
    100: ("One grid back: the cell about to be predicted", THRESHOLDS[100]),
    101: ("One grid back: the cell under this token", THRESHOLDS[100]),
}
"""Distance -> (what it means, the score above which a head is named: the notebook's, for 101 that of 100)."""

HELP = (
    "The head's attention at exactly this offset, averaged over all positions that have that many"
    " before them."
)


def show(scene: Scene, backend: Backend) -> None:
    """Draw a row of buttons for each distance."""
    scores = backend.ask(scene.model, LookbackScores(scene.puzzle))
    for lookback, (meaning, threshold) in MEANINGS.items():
        heads = heads_above(scores[lookback], lookback, threshold)
        st.markdown(f"**{meaning}** ({lookback}), mean attention above {threshold}", help=HELP)
        show_heads(scene, heads, key=f"lookback-{lookback}")


def show_heads(scene: Scene, heads: Sequence[HeadScore], *, key: str, beside: Sequence[float] = ()) -> None:
    """Draw a button for each head, with its score; a click makes it the one whose attention is shown.

    Args:
        beside: a second score of each, shown in brackets.
    """
    if not heads:
        st.caption("no head")
        return
    with st.container(horizontal=True, gap="small"):
        for number, head in enumerate(heads):
            second = f" ({beside[number]:.2f})" if beside else ""
            chosen = (head.layer, head.head) == (scene.layer, scene.head)
            st.button(
                f"{head.name} · {head.score:.2f}{second}",
                key=scene.key(f"{key}-{head.name}"),
                type="primary" if chosen else "secondary",
                on_click=of_this_model(look_at_head),
                kwargs={"layer": head.layer, "head": head.head},
            )
