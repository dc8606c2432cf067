"""What an open page asks for by itself, without its visitor: runs of the parts that fill up."""

import asyncio
from collections.abc import Awaitable, Callable

from benchmarks.load.page import Again


class Looks:
    """The timers of one page.

    Args:
        run: asks for a run of a fragment.
    """

    def __init__(self, run: Callable[[str], Awaitable[None]]):
        self._run = run
        self._timers: dict[str, tuple[float, asyncio.Task[None]]] = {}
        self.asked = 0

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

    def _end(self, fragment: str) -> None:
        _, task = self._timers.pop(fragment, (0.0, None))
        if task is not None:
            task.cancel()

    async def _repeat(self, fragment: str, seconds: float) -> None:
        while True:
            await asyncio.sleep(seconds)
            self.asked += 1
            await self._run(fragment)
