"""A visitor without a browser, over Streamlit's own websocket, who counts the bytes that a browser gets."""

import json
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.BidiComponent_pb2 import BidiComponent
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.sync.client import ClientConnection, connect
from websockets.typing import Origin, Subprotocol

from scripts.dashboard import SECONDS


class Visitor:
    """One open page. Like a browser it keeps what it was sent, says so with every request, and fetches what
    an address leads to once. Unlike a browser it never looks in on what fills up.

    Attributes:
        components: each component on the page by its name, and the fragment in which it stands.
        buttons: each group of buttons by the end of its id, and the fragment in which it stands.
    """

    def __init__(self, address: str, query: str, socket: ClientConnection) -> None:
        self.address, self.query, self.socket, self.page = address, query, socket, ""
        self.kept: dict[str, ForwardMsg] = {}
        self.fetched: set[str] = set()
        self.components: dict[str, tuple[BidiComponent, str]] = {}
        self.buttons: dict[str, tuple[str, str]] = {}

    def open(self) -> int:
        """The bytes of the page, until its script has run to the end."""
        return self._run(self._request())

    def tell(self, component: str, event: str, value: object) -> int:
        """The bytes that come when a component says this, with all that it says to fetch."""
        found, fragment = self.components[component]
        request = self._request(fragment)
        widget = request.rerun_script.widget_states.widgets.add()
        widget.id = f"$$STREAMLIT_INTERNAL_KEY_{found.id}__events"
        widget.json_trigger_value = json.dumps([{"event": event, "value": value}])
        return self._run(request)

    def press(self, group: str, button: str) -> int:
        """The bytes that come when a button of a group is pressed."""
        (name,) = (name for name in self.buttons if name.startswith(group))
        identity, fragment = self.buttons[name]
        request = self._request(fragment)
        widget = request.rerun_script.widget_states.widgets.add(id=identity)
        widget.string_array_value.data.append(button)
        return self._run(request)

    def data(self, component: str) -> Mapping[str, Any]:
        """What a component was sent last."""
        found: Mapping[str, Any] = json.loads(self.components[component][0].json)
        return found

    def fetch(self, address: str) -> int:
        """The bytes that a browser fetches from there: none, if it has been there."""
        if address in self.fetched:
            return 0
        self.fetched.add(address)
        asked = urllib.request.Request(f"{self.address}/{address}", headers={"Accept-Encoding": "gzip"})
        with urllib.request.urlopen(asked, timeout=SECONDS) as answer:
            return len(answer.read())

    def _request(self, fragment: str = "") -> BackMsg:
        request = BackMsg()
        run = request.rerun_script
        run.query_string, run.page_script_hash, run.fragment_id = self.query, self.page, fragment
        run.cached_message_hashes.extend(self.kept)
        for component, _ in self.components.values():
            run.widget_states.widgets.add(id=component.id, json_value="{}")
        return request

    def _run(self, request: BackMsg) -> int:
        """Send it, and take what comes until a run of the whole page has ended."""
        self.socket.send(request.SerializeToString())
        size = 0
        while True:
            data = self.socket.recv(timeout=SECONDS)
            assert isinstance(data, bytes)
            size += len(data)
            message = ForwardMsg()
            message.ParseFromString(data)
            self._take(message)
            if self._is_end(message):
                return size

    def _is_end(self, message: ForwardMsg) -> bool:
        well = message.WhichOneof("type") == "script_finished" and (
            message.script_finished == ForwardMsg.FINISHED_SUCCESSFULLY
        )
        return well and not message.metadata.run.fragment_ids

    def _take(self, message: ForwardMsg) -> None:
        if message.WhichOneof("type") == "ref_hash":
            message = self.kept[message.ref_hash]
        elif message.metadata.cacheable:
            self.kept[message.hash] = message
        if message.WhichOneof("type") == "new_session":
            self.page = message.new_session.page_script_hash
        element, fragment = message.delta.new_element, message.delta.fragment_id
        kind = element.WhichOneof("type")
        assert kind != "exception", element.exception.message
        if kind == "bidi_component":
            self.components[element.bidi_component.component_name] = element.bidi_component, fragment
        elif kind == "button_group":
            identity = element.button_group.id
            self.buttons[identity.split("-", maxsplit=2)[-1]] = identity, fragment


@contextmanager
def visiting(address: str, query: str) -> Iterator[Visitor]:
    """A visitor of the dashboard at an address, who is about to open a link with this query."""
    with connect(
        f"ws://{urlsplit(address).netloc}/_stcore/stream",
        origin=Origin(address),
        subprotocols=[Subprotocol("streamlit")],
        max_size=None,
        open_timeout=SECONDS,
    ) as socket:
        yield Visitor(address, query, socket)
