"""The graph of a circuit. Threshold, filters, groups, names and moves are worked out in the browser; what
comes back is what a visitor asks of the model, and what was made of the picture."""

from collections.abc import Callable, Collection
from functools import partial
from pathlib import Path
from typing import Any, TypedDict

from app.widgets.browser.hearing import said
from app.widgets.browser.scripts import component, joined
from interp.circuits.graph import EMBED, LOGITS, Edge
from interp.errors import PuzzlescopeError
from interp.figures.circuit import CircuitPicture, PictureState, read_state
from interp.figures.circuit.scripts import GEOMETRY, GRAPH, PANEL, STYLE, TOOLS

HERE = Path(__file__).parent

_graph = component(
    "circuit_graph",
    css=STYLE.read_text(),
    js=joined(GEOMETRY, PANEL, TOOLS, GRAPH, HERE / "component.js"),
)


class Event(TypedDict, total=False):
    """What a click asks for: one of the two.

    Attributes:
        ablate: parts, as the text of an ablation: ``L1.H5``, or ``L1.H1,L1.H5`` of a group.
        cut: one edge or, between groups, several; each ``{"from": "L1.H5", "to": "L3.H2.k"}``.
    """

    ablate: str
    cut: list[dict[str, str]]


def circuit_graph(
    picture: CircuitPicture,
    *,
    state: PictureState | None = None,
    off: Collection[str] = (),
    cut: Collection[Edge] = (),
    key: str,
    on_event: Callable[[Event], None] | None = None,
    on_state: Callable[[PictureState], None] | None = None,
) -> Event | None:
    """Draw the graph of a circuit, with its threshold, its legend and the list of its edges.

    Args:
        picture: what is drawn; :func:`interp.figures.circuit.svg` and ``html`` draw the same object.
        state: what was made of it, from a link say. What a visitor makes of it afterwards stays in the
            browser as long as this stays the same.
        off: parts that are ablated now, as ``L1.H5``: their boxes are dark.
        cut: edges that are cut now: they are crossed out.
        key: of the component.
        on_event: called before the page runs again with what a click asks for.
        on_state: likewise, with what was made of the picture: to be kept, for the exports and the link.

    Returns:
        What a click asked for, in the run that it caused; nothing in all others.
    """
    asked = {"off": [*off], "cut": [edge.text for edge in cut]}
    data = {"picture": picture.data(), "state": None if state is None else state.data(), "asked": asked}
    result = _graph(
        key=key,
        data=data,
        on_event_change=partial(_hear_event, key, picture, on_event),
        on_state_change=partial(_hear_state, key, picture, on_state),
    )
    return read_event((result or {}).get("event"), picture)


def read_event(value: object, picture: CircuitPicture) -> Event | None:
    """What a browser asks for, which is only a claim: parts and edges of the picture; anything else is passed
    over."""
    if not isinstance(value, dict):
        return None
    parts = value.get("ablate")
    if isinstance(parts, str):
        names = parts.split(",")
        known = set(picture.parts) - {EMBED, LOGITS}
        return {"ablate": ",".join(names)} if set(names) <= known else None
    cut = value.get("cut")
    edges = [_edge(one, picture) for one in (cut if isinstance(cut, list) else [cut])]
    if not edges or len(edges) > len(picture.edges) or None in edges:
        return None
    return {"cut": [{"from": edge.writer, "to": edge.reader} for edge in edges if edge is not None]}


def _edge(value: object, picture: CircuitPicture) -> Edge | None:
    if not isinstance(value, dict):
        return None
    writer, reader = value.get("from"), value.get("to")
    if not (isinstance(writer, str) and isinstance(reader, str)):
        return None
    try:
        edge = picture.graph.edge(writer, reader)
    except PuzzlescopeError:
        return None
    return edge if picture.kept[picture.graph.place(edge)] else None


def _hear_event(key: str, picture: CircuitPicture, on_event: Callable[[Event], None] | None) -> None:
    event = read_event(said(key, "event"), picture)
    if event is not None and on_event is not None:
        on_event(event)


def _hear_state(key: str, picture: CircuitPicture, on_state: Callable[[PictureState], None] | None) -> None:
    state: Any = said(key, "state")
    if state is not None and on_state is not None:
        on_state(read_state(state, picture))
