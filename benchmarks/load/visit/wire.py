"""What goes over the websocket between an open page and the server, in Streamlit's own messages."""

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

ENDED = (ForwardMsg.FINISHED_SUCCESSFULLY, ForwardMsg.FINISHED_FRAGMENT_RUN_SUCCESSFULLY)


@dataclass(frozen=True)
class Trigger:
    """An event of a component.

    Attributes:
        widget: the component's id.
        event: its name.
        value: what it carries.
    """

    widget: str
    event: str
    value: Any


@dataclass(frozen=True)
class Place:
    """Where a page is, which it says with every message.

    Attributes:
        query: of the address, without a question mark.
        script: the hash of the page's script, once the server has told it.
    """

    query: str = ""
    script: str = ""


def rerun(
    place: Place,
    cached: Iterable[str] = (),
    *,
    triggers: Iterable[Trigger] = (),
    fragment: str = "",
    by_itself: bool = False,
) -> bytes:
    """The message that asks for a run of the page, or of one fragment.

    Args:
        cached: the hashes of the messages that the page has kept.
        triggers: what happened on the page.
        by_itself: whether no person asked for it.
    """
    message = BackMsg()
    state = message.rerun_script
    state.query_string, state.page_script_hash = place.query, place.script
    state.fragment_id, state.is_auto_rerun = fragment, by_itself
    state.cached_message_hashes.extend(cached)
    state.context_info.timezone, state.context_info.locale = "UTC", "en"
    by_widget: dict[str, list[dict[str, Any]]] = {}
    for one in triggers:
        by_widget.setdefault(one.widget, []).append({"event": one.event, "value": one.value})
    for widget, events in by_widget.items():
        entry = state.widget_states.widgets.add()
        entry.id = f"$$STREAMLIT_INTERNAL_KEY_{widget}__events"
        entry.json_trigger_value = json.dumps(events)
        # Else the server may have forgotten the component when another part of the page has run, and hears
        # the event only when it is repeated. A browser's page tells the states of all its other widgets as
        # well, and is not forgotten.
        state.widget_states.widgets.add(id=widget, json_value="{}")
    return message.SerializeToString()


@dataclass
class _Kept:
    message: ForwardMsg
    fragment: str
    age_from: int


@dataclass
class Reader:
    """Reads the server's messages as a page does: big ones are kept, so that the server need not repeat
    them.

    Attributes:
        oldest: a message that is kept is dropped when the script has ended this many times without using it,
            and once more. The server says how many.
        runs: that have ended.
        kept: messages by their hash.
    """

    oldest: int = 0
    runs: int = 0
    kept: dict[str, _Kept] = field(default_factory=dict)

    def read(self, data: bytes) -> ForwardMsg:
        """The message; in place of a reference, the message that was kept.

        Raises:
            KeyError: if the server refers to a message that is not kept.
            google.protobuf.message.DecodeError: if it is none of Streamlit's messages.
        """
        message = ForwardMsg()
        message.ParseFromString(data)
        if message.WhichOneof("type") == "new_session":
            self.oldest = message.new_session.config.max_cached_message_age or self.oldest
        if message.WhichOneof("type") == "ref_hash":
            found = self.kept[message.ref_hash]
            found.age_from = self.runs
            return found.message
        if message.metadata.cacheable and message.hash:
            fragment = message.delta.fragment_id
            self.kept.setdefault(message.hash, _Kept(message, fragment, self.runs)).age_from = self.runs
        if message.WhichOneof("type") == "script_finished" and message.script_finished in ENDED:
            self._ended(list(message.metadata.run.fragment_ids))
        return message

    def _ended(self, fragments: list[str]) -> None:
        self.runs += 1
        self.kept = {
            name: one
            for name, one in self.kept.items()
            if (fragments and one.fragment not in fragments) or self.runs - one.age_from <= self.oldest
        }
