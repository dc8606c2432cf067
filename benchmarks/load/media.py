"""The files that a browser fetches for a message, over HTTP."""

import asyncio
import urllib.request


async def size(url: str, path: str) -> int:
    """Bytes of such a file; 0 if it cannot be had.

    Args:
        url: of the dashboard.
        path: under it.
    """
    return await asyncio.to_thread(_size, f"{url.rstrip('/')}{path}")


def _size(address: str) -> int:
    try:
        with urllib.request.urlopen(address, timeout=30) as answer:
            return len(answer.read())
    except OSError:
        return 0
