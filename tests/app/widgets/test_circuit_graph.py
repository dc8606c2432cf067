"""The graph of a circuit without a browser: what a browser may send."""

import pytest
import streamlit as st

from app.widgets.circuit_graph import graph, read_event
from interp.figures.circuit import PictureState, picture_of
from tests.support.results import random_scores

SCORES = random_scores()
PICTURE = picture_of(SCORES, SCORES.top(30))
KEPT = PICTURE.edges[0]
CUT = {"from": KEPT.writer, "to": KEPT.reader}
OTHER = next(edge for edge in SCORES.graph.edges() if edge not in PICTURE.edges)
PART, SECOND = PICTURE.parts[1:3]


def test_what_a_click_asks_for() -> None:
    assert read_event({"ablate": PART, "number": 3}, PICTURE) == {"ablate": PART}
    assert read_event({"ablate": f"{PART},{SECOND}"}, PICTURE) == {"ablate": f"{PART},{SECOND}"}
    assert read_event({"cut": CUT}, PICTURE) == {"cut": [CUT]}
    assert read_event({"cut": [CUT, CUT]}, PICTURE) == {"cut": [CUT, CUT]}


@pytest.mark.parametrize(
    "sent",
    [
        None,
        "L1.H5",
        {},
        {"ablate": "embed"},
        {"ablate": "L9.H9"},
        {"ablate": ["L1.H0"]},
        {"ablate": f"{PART},"},
        {"cut": None},
        {"cut": []},
        {"cut": [CUT] * 1000},
        {"cut": {"from": OTHER.writer, "to": OTHER.reader}},
        {"cut": {"from": "logits", "to": "embed"}},
        {"cut": {"from": ["embed"], "to": 3}},
        {"cut": [CUT, "x"]},
    ],
)
def test_a_browser_may_send_anything(sent: object) -> None:
    assert read_event(sent, PICTURE) is None


def test_what_is_heard_is_passed_on(monkeypatch: pytest.MonkeyPatch) -> None:
    state = {"groups": [[PART, SECOND]], "least": "?"}
    monkeypatch.setattr(st, "session_state", {"graph": {"event": {"cut": CUT}, "state": state}})
    events: list = []
    states: list[PictureState] = []
    graph._hear_event("graph", PICTURE, events.append)
    graph._hear_state("graph", PICTURE, states.append)
    assert events == [{"cut": [CUT]}] and states == [PictureState(groups=((PART, SECOND),))]
    monkeypatch.setattr(st, "session_state", {"graph": {"event": "x", "state": None}})
    graph._hear_event("graph", PICTURE, events.append)
    graph._hear_state("graph", PICTURE, states.append)
    assert len(events) == len(states) == 1
