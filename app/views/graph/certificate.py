"""The certificate of the circuit on screen."""

import streamlit as st

from app.live.circuits import Shown
from app.state.scene import Scene
from app.state.session import choose, chosen
from app.views.graph import asking
from app.views.graph.choices import PAGE
from app.widgets import certificate, terms
from app.widgets.controls import choice
from interp.circuits.certificate import RANDOM
from interp.circuits.questions import Certified
from interp.figures.circuit import said_of


def show(scene: Scene, shown: Shown) -> None:
    """Draw it, or how far it is."""
    seen = shown.certificate
    state = None if seen is None else seen.state
    with st.container(key="graph-certificate", gap="xsmall"):
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            st.header("Certificate", anchor=False, width="content")
            choice.segmented(
                "How thorough",
                {False: "quick", True: "full"},
                chosen(PAGE)["full"],
                key="graph-full",
                on_change=lambda full: choose(PAGE, full=full),
            )
        if asking.every():
            st.caption("All edges are the whole model. Keep fewer, and a certificate says how good they are.")
            return
        words = asking.pairs_of(scene).others().words
        if state is None or state.certificate is None:
            waiting = "Could not be measured" if shown.refused else "To be measured"
            told = "Measuring" if seen is not None and seen.progress is not None else waiting
            st.caption(f"{told} on {words}.")
            return
        wanted = chosen(PAGE)["target"] if not chosen(PAGE)["circuit"] else None
        said = said_of(state.certificate, state.circuit, wanted, words)
        certificate.show(said)
        terms.caption(said.on)
        st.caption(_thorough(state, None if seen is None else seen.progress))


def _thorough(state: Certified, progress: float | None) -> str:
    """What is still to come, or what the other kind of certificate has.

    Args:
        progress: of what is under way, 0 to 1.
    """
    if progress is not None:
        return f"Measuring more: {progress:.0%} …"
    if state.full:
        return "This is the full certificate."
    return (
        f"This is the quick one, of {RANDOM['quick']} random circuits. The full one has {RANDOM['full']}, and"
        " says whether anything is missing or idle, and what cut edges that read something else would make of"
        " it: minutes."
    )
