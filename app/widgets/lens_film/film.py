"""The logit lens as a film: what the model would answer after every attention layer and every MLP.

Stepping, playing and pointing at cells are answered in the browser; only a cell that is chosen comes back to
Python.
"""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import streamlit as st

from app.widgets import terms
from app.widgets.browser.scripts import ELEMENT, SVG_CELLS, component, joined
from app.widgets.puzzle_strip import PLAIN, Look, painting, report_cell
from interp import outputs
from interp.ablation import NO_ABLATION, Ablation
from interp.analyses.logit_lens import LogitLens

HERE = Path(__file__).parent
DECIMALS = 4

SHORT = "What the model would answer if it ended after each attention layer and each MLP."
ABOUT = (
    "Every layer adds to what a position knows, the *residual stream*, and the last step, the"
    " *unembedding*, reads the answer off it. The logit lens reads earlier: it puts the stream through the"
    " unembedding after each attention layer and each MLP, as if the model ended there. Watch how the"
    " answer takes shape: cells that only need copying are often right early, those that the rule changes"
    " late. The last picture is the model's own answer, because nothing lies between its stream and the"
    " unembedding; an earlier one may look worse than what the model knows by then, for later layers may"
    " read it in another form. Each cell is given the true cells before it."
)
LEGEND = (
    "On the map, the darker the later; *0a* is after layer 0's attention, *0m* after its MLP, *e* the"
    " embedding alone, a cross never."
)

SCRIPT = joined(ELEMENT, SVG_CELLS, HERE / "film.js")

_film = component(
    "lens_film",
    css=(HERE / "film.css").read_text(),
    js=SCRIPT,
)


def show(
    lens: LogitLens,
    *,
    key: str,
    look: Look = PLAIN,
    ablation: Ablation = NO_ABLATION,
    cell: int | None = None,
    on_cell: Callable[[int], None] | None = None,
    tools: Callable[[], None] | None = None,
) -> None:
    """Draw the film, and explain it.

    Args:
        look: how cells are painted.
        ablation: of the run; stages whose part is off are struck through.
        cell: the answer cell (0..99, row by row) that is chosen.
        on_cell: called, before the page runs again, with the answer cell that was clicked.
        tools: draws what stands beside the explanation.
    """
    terms.how_to_read(SHORT, ABOUT, tools)
    _film(key=key, data=data(lens, look, ablation, cell), on_cell_change=partial(report_cell, key, on_cell))
    st.caption(f"{LEGEND} {lens.summary()}")


def data(lens: LogitLens, look: Look, ablation: Ablation, cell: int | None) -> dict[str, Any]:
    """The film as the browser gets it."""
    film = {
        "stages": list(lens.stages),
        "brief": [_brief(stage) for stage in lens.stages],
        "off": [_is_off(stage, ablation) for stage in lens.stages],
        "tokens": lens.tokens.tolist(),
        "confidence": lens.confidence.astype(float).round(DECIMALS).tolist(),
        "ofTruth": lens.of_truth.astype(float).round(DECIMALS).tolist(),
        "truth": lens.truth.tolist(),
        "settled": lens.settled.tolist(),
        "cell": cell,
        **painting(look),
    }
    return outputs.plain(film)


def _brief(stage: str) -> str:
    """A stage's name for a small cell: ``e``, ``0a`` for L0.attn, ``0m`` for L0.mlp."""
    layer, _, half = stage.partition(".")
    return f"{layer[1:]}{half[0]}" if half else "e"


def _is_off(stage: str, ablation: Ablation) -> bool:
    """Whether what a stage adds is switched off as a whole, or put at its mean."""
    methods = {part.text: method for part, method in ablation.components.items()}
    return stage in methods and methods[stage].silences
