"""How a page's script waits: for its turn, and for the worker's answers. It leaves at once when its visitor
has clicked on, and says which place in line it has where that takes a while.

A light module: it is there before PyTorch is.
"""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import streamlit as st
from streamlit.delta_generator import DeltaGenerator
from streamlit.errors import StreamlitAPIException
from streamlit.runtime.scriptrunner import get_script_run_ctx

from app.server.crowd.turns import TICK, Ticket, Turns
from app.server.watching import runs
from interp.numbers import time_in_words

PATIENCE = 1.5
"""Seconds after which one whose page is not there yet is told the place in line."""
LOOK_IN = "look-in"
"""Key of the part of a page that looks in on the others."""
NEWS = 2.0
"""Seconds between two tellings."""

_CLICK = "click-that-ended-a-wait"

TURNS = Turns()
"""Those of this process."""


class _Script(threading.local):
    """What this thread's script has said."""

    place: DeltaGenerator | None = None
    begun: float = 0.0
    said: float | None = None


_script = _Script()


@contextmanager
def turn(place: DeltaGenerator) -> Iterator[None]:
    """A turn for a whole page.

    Args:
        place: an empty one, in which its visitor is told the place in line.
    """
    _script.place, _script.begun, _script.said = place, time.monotonic(), None
    context = get_script_run_ctx(suppress_warning=True)
    try:
        with TURNS.turn(_in_line, who=None if context is None else context.session_id):
            yield
    finally:
        _script.place = None
        if _script.said is not None:
            place.empty()


@contextmanager
def look() -> Iterator[None]:
    """A turn for a look at what fills up; a page that is drawn as a whole has it already."""
    with runs.part(), TURNS.turn(_in_line, brief=True):
        yield


def pulse() -> None:
    """To be called every now and then while a page waits for an answer: ends its script if its visitor has
    clicked on."""
    ticket = TURNS.ticket()
    if ticket is not None:
        _pulse(ticket)
    else:
        _leave_if_clicked_on()


def _in_line(ticket: Ticket) -> None:
    runs.waited(TICK)
    _pulse(ticket)


def _pulse(ticket: Ticket) -> None:
    _leave_if_clicked_on()
    _tell(ticket)


def _leave_if_clicked_on() -> None:
    if get_script_run_ctx(suppress_warning=True) is None:
        return
    # Here Streamlit ends a script that is to run anew, or whose visitor has gone.
    st.session_state.get("scene")
    click = _click_in_a_part()
    if click is not None and click != st.session_state.get(_CLICK):
        st.session_state[_CLICK] = click  # the board says it again until it is heard
        st.rerun()


def _click_in_a_part() -> int | None:
    """What was clicked in a part of the page, as a number, if such a click waits for this script to end.
    Streamlit runs such a part after the page; but what the page waits for is what the click replaces."""
    requests: Any = getattr(get_script_run_ctx(suppress_warning=True), "script_requests", None)
    wanted = getattr(requests, "_rerun_data", None)
    state = getattr(getattr(requests, "_state", None), "name", None)
    if state != "RERUN" or wanted is None or wanted.is_auto_rerun:
        return None
    if wanted.fragment_id_queue and set(wanted.fragment_id_queue) <= _looks():
        return None
    return hash(b"" if wanted.widget_states is None else wanted.widget_states.SerializeToString())


def _looks() -> set[str]:
    """The parts that only look in, and which no visitor clicks in."""
    context = get_script_run_ctx(suppress_warning=True)
    storage = getattr(context, "fragment_storage", None)
    try:
        return set() if storage is None else set(storage.resolve_target(LOOK_IN))
    except StreamlitAPIException:  # this page has none yet
        return set()


def _tell(ticket: Ticket) -> None:
    now, place = time.monotonic(), _script.place
    if place is None or now - _script.begun < PATIENCE:
        return
    if _script.said is not None and now - _script.said < NEWS:
        return
    number, seconds = TURNS.place(ticket)
    if number > TURNS.status().most:
        place.html(f'<div role="status">{in_line(number, seconds)}</div>')
        _script.said = now


def in_line(number: int, seconds: float) -> str:
    """What one who waits is told.

    >>> in_line(7, 11.2)
    'Many people are here: you are 7th in line, about 10 seconds.'
    >>> in_line(31, 100.0)
    'Many people are here: you are 31st in line, about 2 minutes.'
    """
    left = time_in_words(seconds, steady=True)
    return f"Many people are here: you are {ordinal(number)} in line, about {left}."


def ordinal(number: int) -> str:
    """A number that says which.

    >>> [ordinal(number) for number in (1, 2, 3, 4, 11, 12, 13, 21, 102, 111)]
    ['1st', '2nd', '3rd', '4th', '11th', '12th', '13th', '21st', '102nd', '111th']
    """
    ending = "th" if number % 100 in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{ending}"
