"""What a page's browser fetches for itself, by an address made from its content: the components' scripts, and
data too large to be sent with every run of a page. A browser keeps it, and asks once.

Nothing here is secret from one visitor to the other, but it may be from a stranger: an address is a hash of
128 bits, and the gate stands before it as before every page.
"""

import gzip
import zlib
from collections import OrderedDict
from dataclasses import dataclass
from hashlib import blake2b
from threading import Lock
from typing import Literal

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import BaseRoute, Route

FOLDER = "parcels"
MOST_BYTES = 64 * 2**20
"""Of what can be made again: a page that is shown anew puts it back."""
LEVEL = 1
"""Of compression: the fastest is nearly as small for what is sent here, and a visitor waits for it."""
FOR_EVER = "private, max-age=31536000, immutable"
"""What stands under an address never changes."""

Kind = Literal["js", "bin"]
TYPES: dict[Kind, str] = {"js": "text/javascript; charset=utf-8", "bin": "application/octet-stream"}


@dataclass(frozen=True)
class Parcel:
    """What stands under an address.

    Attributes:
        packed: compressed, as gzip does it.
        kind: what it is, which is also how its name ends.
    """

    packed: bytes
    kind: Kind


class Parcels:
    """All of them. Scripts stay; of the rest those that were asked for or put there last.

    Args:
        most: bytes of those that may go.
    """

    def __init__(self, most: int = MOST_BYTES) -> None:
        self._most, self._bytes, self._lock = most, 0, Lock()
        self._scripts: dict[str, Parcel] = {}
        self._data: OrderedDict[str, Parcel] = OrderedDict()

    def put_script(self, text: str) -> str:
        """Keep a script for good. Returns its address, from the app's own on."""
        content = text.encode()
        name = name_of(content, "js")
        self._scripts[name] = Parcel(packed(content), "js")
        return f"{FOLDER}/{name}"

    def put(self, name: str, ready: bytes) -> str:
        """Keep data for as long as there is room. Returns its address, from the app's own on.

        Args:
            name: of the content (:func:`name_of`).
            ready: the content, compressed (:func:`packed`).
        """
        with self._lock:
            if name not in self._data:
                self._data[name] = Parcel(ready, "bin")
                self._bytes += len(ready)
            self._data.move_to_end(name)
            while self._bytes > self._most and len(self._data) > 1:
                _, old = self._data.popitem(last=False)
                self._bytes -= len(old.packed)
        return f"{FOLDER}/{name}"

    def get(self, name: str) -> Parcel | None:
        """What stands under a name, if it is still there."""
        with self._lock:
            if name in self._data:
                self._data.move_to_end(name)
                return self._data[name]
        return self._scripts.get(name)


def name_of(content: bytes, kind: Kind) -> str:
    """The same for the same content, and no other's."""
    return f"{blake2b(content, digest_size=16).hexdigest()}.{kind}"


def packed(content: bytes) -> bytes:
    """Compressed, as gzip does it. Other threads run meanwhile."""
    packer = zlib.compressobj(LEVEL, wbits=zlib.MAX_WBITS | 16)
    return packer.compress(content) + packer.flush()


PARCELS = Parcels()
"""Of this process, in which all pages run."""


def routes(base: str) -> list[BaseRoute]:
    """The addresses.

    Args:
        base: the path under which the dashboard is served, without a slash at its end.
    """
    return [Route(f"{base}/{FOLDER}/{{name}}", _answer)]


async def _answer(request: Request) -> Response:
    found = PARCELS.get(request.path_params["name"])
    if found is None:
        return PlainTextResponse("It is no longer here.", 404, {"Cache-Control": "no-store"})
    headers = {"Cache-Control": FOR_EVER, "Vary": "Accept-Encoding", "X-Content-Type-Options": "nosniff"}
    content = found.packed
    if "gzip" in request.headers.get("accept-encoding", ""):
        headers["Content-Encoding"] = "gzip"
    else:
        content = gzip.decompress(content)
    return Response(content, headers=headers, media_type=TYPES[found.kind])
