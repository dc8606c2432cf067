"""Whether the server is well, for those who start and stop it."""

from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import BaseRoute, Route


def routes(base: str) -> list[BaseRoute]:
    """``/live``: the process answers.

    Args:
        base: the path under which the dashboard is served, without a slash at its end.
    """
    return [Route(f"{base}/live", _live)]


async def _live(request: Request) -> PlainTextResponse:
    return PlainTextResponse("alive")
