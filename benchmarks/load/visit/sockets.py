"""The websocket of one open page, counted."""

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from websockets.asyncio.client import ClientConnection, connect

BROWSER = "Mozilla/5.0 (X11; Linux x86_64) puzzlescope-bench"
BIGGEST = 2**28
"""Bytes of the largest message that is taken."""


class Counted(ClientConnection):
    """A connection that counts what comes over the wire, which is less than the messages where they are
    compressed."""

    received = 0

    def data_received(self, data: bytes) -> None:
        self.received += len(data)
        super().data_received(data)


@dataclass(frozen=True)
class Cookies:
    """What a browser brings along.

    Attributes:
        session: the name of the session that it was in before, at a new try after the socket was closed.
        drawn: whether it has a page that is drawn.
        more: other cookies, such as of a sign-in: ``name=value``.
    """

    session: str = ""
    drawn: bool = False
    more: tuple[str, ...] = ()


NONE = Cookies()


async def opened(url: str, cookies: Cookies = NONE, seconds: float = 60) -> Counted:
    """Connect as a browser's page does.

    Args:
        url: of the dashboard, with its base path.

    Raises:
        OSError, TimeoutError, websockets.WebSocketException: if there is no connection.
    """
    parts = urlsplit(url)
    address = f"ws://{parts.netloc}{parts.path.rstrip('/')}/_stcore/stream"
    protocols: list[Any] = ["streamlit", "PLACEHOLDER", *filter(None, [cookies.session])]
    brought = [*(["puzzlescope-open=1"] if cookies.drawn else []), *cookies.more]
    return await connect(
        address,
        subprotocols=protocols,
        origin=f"{parts.scheme}://{parts.netloc}",  # type: ignore[arg-type]
        additional_headers={"Cookie": "; ".join(brought)} if brought else None,
        user_agent_header=BROWSER,
        open_timeout=seconds,
        ping_interval=None,  # a browser sends no pings
        max_size=BIGGEST,
        create_connection=Counted,
    )  # type: ignore[return-value]
