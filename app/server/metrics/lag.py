"""How late the event loop is: what every request and every message of a browser waits at least."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from app.server.metrics.counters import EVENT_LOOP_LAG

EVERY = 0.5
"""Seconds between two looks."""


@asynccontextmanager
async def measured() -> AsyncIterator[None]:
    """Measure meanwhile."""
    task = asyncio.create_task(_measure(), name="event-loop-lag")
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def _measure() -> None:
    loop = asyncio.get_running_loop()
    while True:
        due = loop.time() + EVERY
        await asyncio.sleep(EVERY)
        EVENT_LOOP_LAG.observe(max(0.0, loop.time() - due))
