"""The parts of the server that make the gate."""

from dataclasses import dataclass
from urllib.parse import urlsplit

from starlette.middleware import Middleware
from starlette.routing import BaseRoute
from streamlit import config

from app.server.gate import peers
from app.server.gate.entrance import Entrance
from app.server.gate.headers import SafeHeaders
from app.server.gate.middleware import Gate
from app.server.gate.outside import routes
from app.server.gate.settings import URL, GateSettings
from interp.errors import PuzzlescopeError


@dataclass(frozen=True)
class Parts:
    """What the gate adds to Streamlit's server.

    Attributes:
        routes: its addresses.
        middleware: what requests pass through.
    """

    routes: list[BaseRoute]
    middleware: list[Middleware]


def parts(settings: GateSettings, base: str) -> Parts:
    """Build them.

    Args:
        base: the path under which the dashboard is served, without a slash at its end.

    Raises:
        PuzzlescopeError: if people come by an address that has another path.
    """
    path = urlsplit(settings.url).path
    if settings.url and path != base:
        raise PuzzlescopeError(
            f"{URL} has the path '{path or '/'}', but the dashboard is served under '{base or '/'}': make "
            "them the same (STREAMLIT_SERVER_BASE_URL_PATH, or --server.baseUrlPath)."
        )
    peers.keep(settings.proxies)
    if settings.secret:  # Streamlit signs with it what a browser keeps while somebody is at the provider
        config.set_option("server.cookieSecret", settings.secret)
    entrance = Entrance(settings, base)
    return Parts(
        routes=routes.routes(entrance),
        middleware=[
            Middleware(SafeHeaders, settings=settings, base=base),
            Middleware(Gate, entrance=entrance),
        ],
    )
