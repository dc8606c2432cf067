"""Whether one who comes now is let in: not where all places are taken, nor where the line is so long that the
page would stand still. One who was let in stays, whatever comes.

A light module: it is there before PyTorch is.
"""

import random
from collections.abc import Callable

import streamlit as st

from app.server import logs
from app.server.crowd import limits
from app.server.watching.visits import VISITS
from app.state.waiting import TURNS

LONGEST_WAIT = 60.0
"""Seconds; where the line is longer, newcomers are told to come later."""
FEWEST = 10
"""So many may always stand in line: of few, the pace tells nothing."""
TRY_AGAIN = 10.0
"""Seconds after which the page of one who was not let in tries again; a little more or less, so that not all
come at once."""
_LET_IN = "let-in"


def show(below: Callable[[], None]) -> None:
    """Let this visitor in, or draw why not, try again from time to time, and stop the page there.

    Args:
        below: draws what else stands on such a page.
    """
    if st.session_state.get(_LET_IN):
        return
    sentence = refusal()
    if sentence is None:
        st.session_state[_LET_IN] = True
        return
    logs.event("visitor not let in", why=sentence)
    st.info(f"{sentence} This page tries again by itself.", icon=":material/hourglass_empty:")
    below()
    st.fragment(_look_again, run_every=TRY_AGAIN * random.uniform(0.8, 1.2))()
    st.stop()


def refusal() -> str | None:
    """Why nobody else is let in now, in a sentence; ``None`` if there is room."""
    most, here = limits.own().visitors, len(VISITS.here())
    if most and here >= most:
        return f"This server is full: it takes {most} {'person' if most == 1 else 'people'} at a time."
    number, seconds = TURNS.next_place()
    if number > FEWEST and seconds > LONGEST_WAIT:
        return f"This server is busy: {number - 1} people wait for an answer, which takes more than a minute."
    return None


def _look_again() -> None:
    if refusal() is None:
        st.rerun()
