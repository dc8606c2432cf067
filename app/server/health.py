"""Whether the server is well, for those who start and stop it, and for those who send visitors to it."""

from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import BaseRoute, Route
from streamlit import config

from app.server import readiness


def routes(base: str) -> list[BaseRoute]:
    """``/live``: the process answers. ``/ready``: it takes visitors, else 503 with a sentence why not.

    Args:
        base: the path under which the dashboard is served, without a slash at its end.
    """
    return [Route(f"{base}/live", _live), Route(f"{base}/ready", _ready)]


def ready() -> str:
    """The address of ``/ready`` for pages."""
    base = (config.get_option("server.baseUrlPath") or "").strip("/")
    return f"/{base}/ready" if base else "/ready"


async def _live(request: Request) -> PlainTextResponse:
    return PlainTextResponse("alive")


async def _ready(request: Request) -> PlainTextResponse:
    said = readiness.now()
    return PlainTextResponse(said.sentence, 200 if said.taking_visitors else 503)
