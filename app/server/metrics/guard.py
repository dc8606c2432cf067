"""Who may read how the server is: its metrics and its state, Streamlit's own among them.

By default that is this machine. A proxy on this machine makes everybody local, so a request that has come
through one, as its headers tell, is refused; where a proxy does not tell, or a scraper comes through it,
there is a token to ask for.
"""

import hmac
from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

from starlette.requests import HTTPConnection
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send
from streamlit.web.server.starlette.starlette_websocket import is_host_allowed

from app.server.words import Words
from interp.errors import PuzzlescopeError, brief

Network = IPv4Network | IPv6Network
THIS_MACHINE: tuple[Network, ...] = (ip_network("127.0.0.0/8"), ip_network("::1/128"))
SHORTEST_TOKEN = 16
PROXIED = ("x-forwarded-for", "forwarded", "x-real-ip", "via")
"""Headers by which a proxy says that it is one."""
CLOSED = (
    "This address is for the server's administrators: it answers this machine, the networks of "
    "PUZZLESCOPE_METRICS_FROM, or a request with the token of PUZZLESCOPE_METRICS_TOKEN.\n"
)


@dataclass(frozen=True)
class Readers:
    """Who may.

    Attributes:
        networks: of the direct peer's address, this machine among them; none: any, with the token.
        token: that a request must bring, if there is one.
    """

    networks: tuple[Network, ...] = THIS_MACHINE
    token: str = ""


def read(words: Words) -> Readers:
    """``PUZZLESCOPE_METRICS_FROM`` and ``PUZZLESCOPE_METRICS_TOKEN``.

    Raises:
        PuzzlescopeError: if one of them cannot be.
    """
    token = words.text("PUZZLESCOPE_METRICS_TOKEN")
    if token and (len(token) < SHORTEST_TOKEN or not token.isascii() or not token.isprintable()):
        raise PuzzlescopeError(
            f"PUZZLESCOPE_METRICS_TOKEN must have at least {SHORTEST_TOKEN} plain characters: make one with "
            "'openssl rand -hex 32'."
        )
    named = words.names("PUZZLESCOPE_METRICS_FROM")
    networks = (*THIS_MACHINE, *map(_network, named)) if named else () if token else THIS_MACHINE
    return Readers(networks, token)


def _network(text: str) -> Network:
    try:
        return ip_network(text, strict=False)
    except ValueError:
        raise PuzzlescopeError(
            "PUZZLESCOPE_METRICS_FROM must list networks such as 10.0.0.0/8 or 192.168.1.7, got "
            f"'{brief(text)}'."
        ) from None


def may_read(readers: Readers, connection: HTTPConnection) -> bool:
    """Whether a request may read."""
    if readers.networks and not _comes_from(readers.networks, connection):
        return False
    if not readers.token:
        return bool(readers.networks)
    said = connection.headers.get("authorization", "")
    return hmac.compare_digest(said.encode(), f"Bearer {readers.token}".encode())


def _comes_from(networks: Sequence[Network], connection: HTTPConnection) -> bool:
    if connection.client is None or any(name in connection.headers for name in PROXIED):
        return False
    try:
        address = ip_address(connection.client.host)
    except ValueError:
        return False
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        address = address.ipv4_mapped
    if address.is_loopback and not is_host_allowed(connection.headers.get("host")):
        return False  # a page of some site whose name now points to this machine (DNS rebinding)
    return any(address in network for network in networks)


class Guard:
    """The middleware: closes these addresses to others.

    Args:
        app: what comes after it.
        readers: who may.
        paths: the addresses, with the base path.
    """

    def __init__(self, app: ASGIApp, readers: Readers, paths: Sequence[str]) -> None:
        self._app, self._readers, self._paths = app, readers, frozenset(paths)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        # Routes are found by regular expressions whose end matches before a last newline, too.
        guarded = scope["type"] == "http" and scope["path"].rstrip("/\r\n") in self._paths
        if guarded and not may_read(self._readers, HTTPConnection(scope)):
            await PlainTextResponse(CLOSED, 403)(scope, receive, send)
            return
        await self._app(scope, receive, send)
