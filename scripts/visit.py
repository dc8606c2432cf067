"""Visit a dashboard as a browser does, by Streamlit's own websocket, and say what came:

    python -m scripts.visit URL [--stay SECONDS]

Exit code 0: the page ran to its end without an error. For the checks of a deployment, where a whole browser
is too much.
"""

import argparse
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from ssl import SSLContext
from urllib.parse import urlsplit

from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.sync.client import ClientConnection, connect
from websockets.typing import Origin, Subprotocol

SECONDS = 180.0


@dataclass
class Visit:
    """What a page sent.

    Attributes:
        messages: how many, until its script had run.
        size: of all of them, in bytes.
        errors: the texts of errors shown on it.
        finished: whether its script has run to the end.
    """

    messages: int = 0
    size: int = 0
    errors: list[str] = field(default_factory=list)
    finished: bool = False

    @property
    def well(self) -> bool:
        return self.finished and self.messages > 1 and not self.errors

    def take(self, data: bytes) -> None:
        """Note a message."""
        message = ForwardMsg()
        message.ParseFromString(data)
        self.messages, self.size = self.messages + 1, self.size + len(data)
        kind = message.WhichOneof("type")
        if kind == "delta" and message.delta.new_element.WhichOneof("type") == "exception":
            self.errors.append(message.delta.new_element.exception.message)
        self.finished = kind == "script_finished" and (
            message.script_finished == ForwardMsg.FINISHED_SUCCESSFULLY
        )


@contextmanager
def open_page(
    url: str, headers: dict[str, str] | None = None, ssl: SSLContext | None = None, origin: str = ""
) -> Iterator[ClientConnection]:
    """A websocket to the dashboard at this address, on which its page has been asked for.

    Args:
        url: of the page.
        headers: cookies, say.
        ssl: what is trusted of https.
        origin: the site that the page is of; left out, the dashboard's own.

    Raises:
        websockets.exceptions.InvalidStatus: if the server, or what stands before it, refuses.
    """
    parts = urlsplit(url)
    scheme = "wss" if parts.scheme == "https" else "ws"
    with connect(
        f"{scheme}://{parts.netloc}{parts.path.rstrip('/')}/_stcore/stream",
        origin=Origin(origin or f"{parts.scheme}://{parts.netloc}"),
        additional_headers=headers,
        subprotocols=[Subprotocol("streamlit")],
        max_size=None,
        ssl=ssl,
    ) as socket:
        asked = BackMsg()
        asked.rerun_script.query_string = parts.query
        socket.send(asked.SerializeToString())
        yield socket


def run_to_the_end(socket: ClientConnection, seconds: float = SECONDS) -> Visit:
    """Read until the page's script has run, for so long at most."""
    visit, deadline = Visit(), time.monotonic() + seconds
    while not visit.finished:
        try:
            data = socket.recv(timeout=deadline - time.monotonic())
        except TimeoutError:
            break
        assert isinstance(data, bytes)
        visit.take(data)
    return visit


def main() -> int:
    parser = argparse.ArgumentParser(description="Visit a dashboard and say what came.")
    parser.add_argument("url")
    parser.add_argument("--stay", type=float, default=0.0, metavar="SECONDS", help="with the page open")
    arguments = parser.parse_args()
    with open_page(arguments.url) as socket:
        visit = run_to_the_end(socket)
        print(f"{visit.messages} messages, {visit.size} bytes, errors: {visit.errors or 'none'}", flush=True)
        time.sleep(arguments.stay)
    return 0 if visit.well else 1


if __name__ == "__main__":
    sys.exit(main())
