"""``/metrics``, for Prometheus, and ``/status``, for an administrator's command, as JSON or for a terminal.
Both are closed to others by :mod:`app.server.metrics.guard`."""

from prometheus_client.exposition import choose_encoder
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import BaseRoute, Route

from app.server.metrics.collected import registry
from app.server.metrics.guard import Guard, Readers
from app.server.watching import telling
from app.server.watching.overview import overview

METRICS, STATUS, STREAMLITS = "/metrics", "/status", "/_stcore/metrics"


def routes(base: str) -> list[BaseRoute]:
    """Both.

    Args:
        base: the path under which the dashboard is served, without a slash at its end.
    """
    return [Route(f"{base}{METRICS}", _metrics), Route(f"{base}{STATUS}", _status)]


def guard(base: str, readers: Readers) -> Middleware:
    """What closes them, and Streamlit's own metrics, to others."""
    return Middleware(
        Guard, readers=readers, paths=[f"{base}{path}" for path in (METRICS, STATUS, STREAMLITS)]
    )


def _metrics(request: Request) -> Response:
    encode, content_type = choose_encoder(request.headers.get("accept", ""))
    return Response(encode(registry()), media_type=None, headers={"content-type": content_type})


def _status(request: Request) -> Response:
    of = overview()
    if "text/plain" in request.headers.get("accept", ""):
        return PlainTextResponse(f"{telling.text(of)}\n")
    return JSONResponse(of.plain())
