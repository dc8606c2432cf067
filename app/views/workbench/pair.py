"""The puzzle beside its counterfactual, which differs in one thing: the cells are marked that differ."""

from functools import partial
from urllib.parse import urlencode

import numpy as np
import streamlit as st
from jaxtyping import Bool

from app.state.scene import Scene
from app.state.session import choose, chosen, open_puzzle
from app.views.shared import puzzle_panels
from app.views.shared.pairs import pair_of, usual_pair
from app.views.workbench.choices import PAGE
from app.widgets import pair, puzzle_strip, terms
from app.widgets.puzzle_strip import Look
from app.widgets.text import escape_markdown
from app.widgets.workbench_link import workbench_link
from interp.analyses.prediction import PredictionOf
from interp.backend import Backend
from interp.pairs import Pair

HELP = (
    "Show this puzzle's counterfactual beside it: one thing is changed, and the cells that differ are marked."
)


def show_button(scene: Scene) -> None:
    """Draw the button that opens and closes it; for a horizontal container."""
    is_open = bool(chosen(PAGE)["pair"])
    st.button(
        "Pair",
        key="pair-open",
        icon=":material/compare_arrows:",
        type="primary" if is_open else "secondary",
        help=HELP,
        on_click=lambda: choose(PAGE, pair="" if is_open else usual_pair(scene.puzzle), draw=0),
    )


def made(scene: Scene) -> Pair | str | None:
    """The pair that is shown, or why there is none of its kind; ``None`` if none is to be shown."""
    own = chosen(PAGE)
    return pair_of(scene.puzzle, own["pair"], own["draw"]) if own["pair"] else None


def is_shown(scene: Scene) -> bool:
    """Whether there is one on screen."""
    return isinstance(made(scene), Pair)


def marks_of(scene: Scene) -> Bool[np.ndarray, "4 10 10"] | None:
    """The cells of this puzzle's grids that differ from the counterfactual's, if it is shown."""
    found = made(scene)
    return found.base.grids != found.counterfactual.grids if isinstance(found, Pair) else None


def show(scene: Scene, backend: Backend) -> None:
    """Draw the counterfactual, if it is to be shown."""
    found, own = made(scene), chosen(PAGE)
    if found is None:
        return
    with st.container(border=True, gap="small", key="pair-panel"):
        with st.container(horizontal=True, gap="small", vertical_alignment="bottom"):
            pair.show_kind(
                own["pair"],
                key="workbench",
                label="Counterfactual with",
                there=isinstance(found, Pair),
                on_kind=lambda kind: choose(PAGE, pair=kind, draw=0),
                on_another=lambda: choose(PAGE, draw=own["draw"] + 1),
            )
            if isinstance(found, Pair):
                st.button(
                    "Open it",
                    key="pair-go",
                    icon=":material/open_in_full:",
                    help="Take the counterfactual as the puzzle.",
                    on_click=partial(_open, found),
                )
            st.button("Close", key="pair-close", on_click=partial(choose, PAGE, pair="", draw=0))
        if isinstance(found, str):
            st.caption(escape_markdown(found))
            return
        terms.how_to_read(pair.SHORT[own["pair"]], pair.ABOUT)
        _show_strip(scene, backend, found)
        st.html(workbench_link("Patch between the two", _patching_link(scene), folder="./circuits"))


def _show_strip(scene: Scene, backend: Backend, found: Pair) -> None:
    other = found.counterfactual
    run = backend.ask(scene.model, PredictionOf(other, scene.ablation))
    title = "Ablated" if scene.ablation else "Model"
    puzzle_strip.show(
        [
            *puzzle_panels.grids(other, marks_of(scene)),
            puzzle_panels.answer(title, other, run, scene.answer, opens="gap"),
        ],
        key="strip-pair",
        look=Look(scene.palette, scene.digits),
        figure="pair",
    )


def _open(found: Pair) -> None:
    open_puzzle(found.counterfactual)
    choose(PAGE, pair="", draw=0)


def _patching_link(scene: Scene) -> str:
    """The link to activation patching between the two ends."""
    own = chosen(PAGE)
    asked = {"show": "patching", "from": "pair", "pair": own["pair"], "draw": str(own["draw"])}
    return urlencode({**scene.query(), **asked})
