"""What is served around the dashboard's own page."""

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from starlette.middleware import Middleware
from starlette.routing import BaseRoute
from streamlit import config

from app.server import health, life, logs, parcels
from app.server.crowd.pages import Pages
from app.server.crowd.sockets import Sockets
from app.server.crowd.uploads import Uploads
from app.server.gate.parts import parts
from app.server.life.lifespan import Lifespan
from app.server.metrics import counters
from app.server.metrics import routes as metrics
from app.server.settings import Settings, read, use
from app.server.watching.failing import script_failed
from app.server.watching.requests import Requests
from app.server.words import Words
from interp.errors import PuzzlescopeError


@dataclass(frozen=True)
class Serving:
    """The parts that Streamlit's server is made of besides Streamlit's own.

    Attributes:
        settings: of this deployment.
        routes: addresses of its own. They stand under the base path, like Streamlit's.
        middleware: what each request and websocket passes through, the first one first.
        lifespan: what happens at the server's start and at its end.
        script_failed: is told of an error that a visitor's page ended with; returns whether it has shown it.
    """

    settings: Settings
    routes: Sequence[BaseRoute]
    middleware: Sequence[Middleware]
    lifespan: Lifespan
    script_failed: Callable[[Exception], bool | None]


def begin(pages: Sequence[str]) -> Serving:
    """Read the settings and put the parts together. A setting that cannot be ends the process with a
    sentence.

    Args:
        pages: the names of the pages.
    """
    base = (config.get_option("server.baseUrlPath") or "").strip("/")
    base = f"/{base}" if base else ""
    try:
        settings = read(Words(), config.get_option("server.address") or "0.0.0.0")
        gate = parts(settings.gate, base)
    except PuzzlescopeError as error:
        print(error, file=sys.stderr, flush=True)
        raise SystemExit(2) from None
    use(settings)
    life.find_scratch(settings.data.folder)
    logs.install(settings.log)
    counters.know_pages(pages)
    return Serving(
        settings=settings,
        routes=[*health.routes(base), *metrics.routes(base), *gate.routes, *parcels.routes(base)],
        middleware=[
            Middleware(Requests, base=base, pages=pages),
            metrics.guard(base, settings.readers),
            *gate.middleware,
            Middleware(Sockets),
            Middleware(Pages),
            Middleware(life.Doors),
            Middleware(Uploads),
        ],
        lifespan=life.span(settings.grace),
        script_failed=script_failed,
    )
