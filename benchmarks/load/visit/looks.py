"""What an open page asks for by itself, without its visitor: looks at what fills up."""

import asyncio
import random
from collections.abc import Awaitable, Callable

from benchmarks.load.visit.page import Again, Drawn
from benchmarks.load.visit.wire import Trigger

JITTER = 0.15
"""Of the time to wait, earlier or later: app/widgets/browser/look_in.js."""
UNANSWERED = 15.0
"""Seconds after which a look is asked for once more."""


class Looks:
    """The timers of one page.

    Args:
        run: asks for a run of a fragment, with what has happened in it, if anything has.
    """

    def __init__(self, run: Callable[[str, list[Trigger]], Awaitable[None]]):
        self._run = run
        self._timers: dict[str, tuple[float, asyncio.Task[None]]] = {}
        self._look: tuple[object, asyncio.Task[None] | None] = (None, None)
        self.asked = 0

    def look_in(self, drawn: Drawn) -> None:
        """The component that asks for looks was drawn: it asks for the next one after a while."""
        data = drawn.data
        look, before = self._look
        if data.get("look") == look:
            return
        if before is not None:
            before.cancel()
        after = data.get("after")
        task = None if after is None else asyncio.create_task(self._due(drawn, float(after)))
        self._look = (data.get("look"), task)

    async def _due(self, drawn: Drawn, after: float) -> None:
        await asyncio.sleep(after * (1 + JITTER * random.uniform(-1, 1)))
        while True:
            self.asked += 1
            await self._run(drawn.fragment, [Trigger(drawn.id, "due", drawn.data["look"])])
            await asyncio.sleep(UNANSWERED)

    def take(self, again: Again) -> None:
        """Begin, change or end the timer of a fragment."""
        seconds, _ = self._timers.get(again.fragment, (None, None))
        if seconds is not None and seconds == again.seconds:
            return
        self._end(again.fragment)
        if again.seconds is not None:
            task = asyncio.create_task(self._repeat(again.fragment, again.seconds))
            self._timers[again.fragment] = again.seconds, task

    def close(self) -> None:
        """End all."""
        for fragment in list(self._timers):
            self._end(fragment)
        if self._look[1] is not None:
            self._look[1].cancel()

    def _end(self, fragment: str) -> None:
        _, task = self._timers.pop(fragment, (0.0, None))
        if task is not None:
            task.cancel()

    async def _repeat(self, fragment: str, seconds: float) -> None:
        while True:
            await asyncio.sleep(seconds)
            self.asked += 1
            await self._run(fragment, [])
