"""A loop that stands still is seen."""

import asyncio
import time

import pytest

from app.server.metrics import lag
from app.server.metrics.counters import EVENT_LOOP_LAG
from tests.support.deploy.loops import run


def test_a_loop_that_stands_still_is_late(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lag, "EVERY", 0.01)
    seen: list[float] = []
    monkeypatch.setattr(EVENT_LOOP_LAG, "observe", seen.append)

    async def server() -> None:
        async with lag.measured():
            await asyncio.sleep(0.05)
            time.sleep(0.3)  # as a callback that computes
            await asyncio.sleep(0.05)

    run(server())
    assert len(seen) >= 2 and min(seen) >= 0 and max(seen) > 0.2
    n = len(seen)
    run(asyncio.sleep(0.05))
    assert len(seen) == n, "it ends with the server"
