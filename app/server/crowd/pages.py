"""Which page a browser is on while it goes from one to another.

What a browser sends says which page it is on. Where its visitor has just clicked another page's name, and
has not heard yet that the server is there, a component that speaks by itself still names the page that is
left. Streamlit takes that for a wish to go back: either the click is lost, or, where the new page has begun,
its next part is sent to a browser that has thrown the page away, whose script then stops at "Bad delta path
index" and leaves an empty window. So what speaks for a part of a page is taken to speak on the page where its
visitor is.
"""

from google.protobuf.message import DecodeError
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ClientState_pb2 import ClientState
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

MOST = 64
"""Characters of a page's hash (it has 32), and pages that are waited for: more only a stranger sends."""
ANNOUNCEMENT = 65_536
"""Bytes: what is longer than this tells of no run of a page (which takes 1.3 kB) and is not looked at."""


class Place:
    """The page that the visitor of one websocket is on; pages go by Streamlit's hashes of them.

    It is the one that was asked for last, or that the server has gone to since by itself.

    Attributes:
        page: it; "" before the first is known.
    """

    def __init__(self) -> None:
        self.page = ""
        self._been: set[str] = set()
        self._to_run: list[str] = []  # pages that were asked for, and whose runs have not begun

    def asked(self, page: str) -> None:
        """The browser asks for this page as a whole."""
        self._be(page)
        if self._to_run[-1:] != [page]:
            self._to_run.append(page)
            del self._to_run[:-MOST]

    def begun(self, page: str) -> None:
        """The server has begun to run this page as a whole."""
        if page in self._to_run:  # those before it were passed over for it
            del self._to_run[: self._to_run.index(page) + 1]
        elif not self._to_run:  # else: a run from before the visitor went
            self._be(page)

    def found(self, page: str) -> None:
        """The run that has begun last is of this page: the first one has several names, and stands for those
        that are not there."""
        if not self._to_run:
            self._be(page)

    def left(self, page: str) -> bool:
        """Whether the visitor has gone on from this page."""
        return page != self.page and page in self._been

    def _be(self, page: str) -> None:
        self.page = page
        if len(self._been) < MOST:
            self._been.add(page)


class Pages:
    """Lets no part of a page take its visitor back to a page that is left.

    Args:
        app: what is behind it.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "websocket":
            await self._app(scope, receive, send)
            return
        place = Place()

        async def hear() -> Message:
            message = await receive()
            if message["type"] == "websocket.receive" and message.get("bytes"):
                message = {**message, "bytes": heard(place, message["bytes"])}
            return message

        async def tell(message: Message) -> None:
            if message["type"] == "websocket.send" and message.get("bytes"):
                _note(place, message["bytes"])
            await send(message)

        await self._app(scope, hear, tell)


def heard(place: Place, data: bytes) -> bytes:
    """What Streamlit is to hear of a browser's message."""
    message = BackMsg()
    try:
        message.ParseFromString(data)
    except DecodeError:
        return data  # Streamlit says so
    state = message.rerun_script
    if message.WhichOneof("type") != "rerun_script" or not 0 < len(state.page_script_hash) <= MOST:
        return data
    late = place.left(state.page_script_hash) and _of_a_part(state)
    if late:
        state.page_script_hash = place.page
    if not state.fragment_id:
        place.asked(state.page_script_hash)
    return message.SerializeToString() if late else data


def _of_a_part(state: ClientState) -> bool:
    """Whether a part of a page speaks: the whole of it has no fragment, and nothing that is said once."""
    if state.fragment_id:
        return True
    kinds = (widget.WhichOneof("value") or "" for widget in state.widget_states.widgets)
    return any(kind.endswith("trigger_value") for kind in kinds)


def _note(place: Place, data: bytes) -> None:
    if len(data) > ANNOUNCEMENT:
        return
    message = ForwardMsg()
    try:
        message.ParseFromString(data)
    except DecodeError:
        return
    match message.WhichOneof("type"):
        case "new_session" if not message.metadata.run.fragment_ids:
            place.begun(message.new_session.page_script_hash)
        case "navigation":
            place.found(message.navigation.page_script_hash)
