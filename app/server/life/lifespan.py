"""What happens while the server runs."""

import time
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

from app.server import logs, readiness
from app.server.life import loading, stopping
from app.server.metrics import lag
from app.server.watching import about
from app.startup import opening

Lifespan = Callable[[Any], AbstractAsyncContextManager[dict[str, Any] | None]]


def span(grace: float) -> Lifespan:
    """Load what visitors need, and end as is proper.

    Args:
        grace: seconds for what is being computed when the server is told to stop.
    """

    @asynccontextmanager
    async def lifespan(app: Any) -> AsyncIterator[dict[str, Any]]:
        logs.event("start", versions=dict(about.VERSIONS))
        readiness.begin()
        with stopping.on_signals(grace), loading.begun(opening.ahead):
            async with lag.measured():
                yield {}
        logs.event("stop", seconds=round(time.time() - about.BEGUN, 1))

    return lifespan
