"""What an open page knows, message by message: enough of it to do what its browser would do."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from streamlit.proto.BidiComponent_pb2 import BidiComponent
from streamlit.proto.Delta_pb2 import Delta
from streamlit.proto.Element_pb2 import Element
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

from benchmarks.load.visit.wire import Place

FILES = re.compile(rb"(?:media|parcels)/\w+\.(?!bin)\w+")
"""Addresses in a message that a browser fetches at once. Of binary data it depends on what is looked at."""
INSIDE = (b"Traceback (most recent call last)", b'File "/', b"site-packages/")
"""What betrays the inside of a server."""


@dataclass(frozen=True, eq=False)
class Drawn:
    """A component was drawn, or drawn anew.

    Attributes:
        name: of its kind, without the module it comes from.
        id: by which its events are told.
        fragment: in which it stands, or nothing.
        component: as the server sent it.
    """

    name: str
    id: str
    fragment: str
    component: BidiComponent

    @cached_property
    def data(self) -> dict[str, Any]:
        """What it is to show; empty if that is bytes alone."""
        kind = self.component.WhichOneof("data")
        text = {"json": self.component.json, "mixed": self.component.mixed.json}.get(kind or "", "{}")
        found = json.loads(text or "{}")
        return found if isinstance(found, dict) else {"": found}


@dataclass(frozen=True)
class Ended:
    """A run has ended: of the page (``whole``) or of a fragment; cut short, if another takes its place."""

    whole: bool
    cut_short: bool


@dataclass(frozen=True)
class Again:
    """A fragment wants to run again by itself, every so many seconds; ``None``: no more."""

    fragment: str
    seconds: float | None


@dataclass(frozen=True)
class Said:
    """Words for people: of which kind of element, and whether they are shown as an error."""

    kind: str
    text: str
    error: bool = False


@dataclass(frozen=True)
class Broken:
    """The page shows what no visitor should see."""

    why: str


Event = Drawn | Ended | Again | Said | Broken


@dataclass
class Page:
    """One open page.

    Attributes:
        place: its address.
        session: its name at the server.
        drawn: the newest of each kind of component.
        running: whether a run of its script is under way.
    """

    place: Place
    session: str = ""
    running: bool = False

    def __post_init__(self) -> None:
        self.drawn: dict[str, Drawn] = {}

    def take(self, message: ForwardMsg) -> Iterator[Event]:
        """Take a message of the server: what happens by it."""
        match message.WhichOneof("type"):
            case "new_session":
                self.session = message.new_session.initialize.session_id or self.session
                script = message.new_session.page_script_hash
                self.place = replace(self.place, script=script or self.place.script)
                self.running = True
            case "page_info_changed":
                self.place = replace(self.place, query=message.page_info_changed.query_string)
            case "auto_rerun":
                yield Again(message.auto_rerun.fragment_id, message.auto_rerun.interval)
            case "stop_auto_rerun":
                yield from (Again(fragment, None) for fragment in message.stop_auto_rerun.fragment_ids)
            case "script_finished":
                yield self._ended(message)
            case "session_event" if (
                message.session_event.WhichOneof("type") == "script_compilation_exception"
            ):
                yield Broken("the script does not compile")
            case "delta" if message.delta.WhichOneof("type") == "new_element":
                yield from self._element(message.delta)

    def _ended(self, message: ForwardMsg) -> Ended:
        status = message.script_finished
        self.running = False
        whole = status in (ForwardMsg.FINISHED_SUCCESSFULLY, ForwardMsg.FINISHED_WITH_COMPILE_ERROR)
        return Ended(whole, cut_short=status == ForwardMsg.FINISHED_EARLY_FOR_RERUN)

    def _element(self, delta: Delta) -> Iterator[Event]:
        element = delta.new_element
        kind = element.WhichOneof("type") or ""
        if kind == "bidi_component":
            component = element.bidi_component
            name = component.component_name.rpartition(".")[2]
            self.drawn[name] = Drawn(name, component.id, delta.fragment_id, component)
            yield self.drawn[name]
        elif kind == "exception":
            yield Broken(f"exception: {element.exception.type} {element.exception.message}"[:300])
        else:
            yield from _words(kind, element)


def _words(kind: str, element: Element) -> Iterator[Said]:
    if kind == "alert":
        wrong = element.alert.format == element.alert.ERROR
        yield Said(kind, element.alert.body, error=wrong)
    elif kind in ("markdown", "text", "html"):
        yield Said(kind, getattr(element, kind).body)
    elif kind in ("spinner", "progress"):
        yield Said(kind, getattr(element, kind).text)


def inside_shown(data: bytes) -> str:
    """What of the server's inside is in a message, if anything is."""
    return next((word.decode() for word in INSIDE if word in data), "")


def files_in(data: bytes) -> set[str]:
    """The addresses, under the base path, of files that a browser fetches for a message whatever is shown."""
    return {found.decode() for found in FILES.findall(data)}


def weights_of(drawn: Drawn) -> set[str]:
    """The same of the weights of a layer's attention: app/widgets/grid_attention."""
    data = drawn.data
    names = ["answer", "others"] if data.get("choice", {}).get("view") == "to" else ["answer"]
    return {data[name] for name in names if isinstance(data.get(name), str)}
