"""The files that a browser fetches for a message, over HTTP."""

import asyncio
import urllib.request
from collections.abc import Callable


class Browser:
    """What one visitor's browser fetches, and keeps.

    Args:
        url: of the dashboard.
        fetched: is told the bytes of each file, as they come over the wire.
        known: what it has from before.
    """

    def __init__(self, url: str, fetched: Callable[[int], None], known: set[str]):
        self.url, self._fetched = url.rstrip("/"), fetched
        self._known = known
        self._coming: set[asyncio.Task[None]] = set()

    def fetch(self, names: set[str]) -> None:
        """Begin to fetch those that are not there yet.

        Args:
            names: addresses under that of the dashboard.
        """
        for name in names - self._known:
            task = asyncio.create_task(self._fetch(name))
            self._coming.add(task)
            task.add_done_callback(self._coming.discard)
        self._known |= names

    async def all_there(self) -> None:
        """Wait until everything is there that was begun."""
        while self._coming:
            await asyncio.wait(self._coming)

    async def _fetch(self, name: str) -> None:
        self._fetched(await asyncio.to_thread(_size, f"{self.url}/{name}"))


def _size(address: str) -> int:
    """Bytes of a file, compressed if the server does that; 0 if it cannot be had."""
    request = urllib.request.Request(address, headers={"Accept-Encoding": "gzip"})
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return len(answer.read())
    except OSError:
        return 0
