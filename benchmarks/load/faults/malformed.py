"""Thousands of links, websocket messages, uploads and HTTP requests that no browser sends: none may bring the
server down, or show its inside."""

import argparse
import asyncio
import random
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from websockets.exceptions import WebSocketException

from benchmarks.load.faults import nonsense
from benchmarks.load.people import Person
from benchmarks.load.server import Server, healthy, served
from benchmarks.load.visit.answers import Scene
from benchmarks.load.visit.eyes import Tally
from benchmarks.load.visit.page import Broken, Drawn, Page, Said, inside_shown
from benchmarks.load.visit.sockets import Cookies, opened
from benchmarks.load.visit.visitor import Visitor
from benchmarks.load.visit.wire import Place, Reader, rerun

SHARES = {"links": 0.1, "messages": 0.4, "uploads": 0.1, "requests": 0.4}
A_SOCKET = 40
"""Messages on one socket, before another is opened."""
AT_ONCE = 4
SECONDS = 20.0
"""That an answer is waited for."""


class Found:
    """What has come back."""

    def __init__(self) -> None:
        self.sent: Counter[str] = Counter()
        self.shown: Counter[str] = Counter()
        self.broken: Counter[str] = Counter()
        self.statuses: Counter[str] = Counter()
        self.sentences = 0

    def look(self, data: bytes) -> None:
        """Look for the server's inside in what came."""
        inside = inside_shown(data)
        self.shown[inside] += bool(inside)


def run(arguments: argparse.Namespace) -> dict[str, Any]:
    """Send them, and look at what comes back."""
    with tempfile.TemporaryDirectory() as folder, served(Path(folder), arguments.port) as server:
        return asyncio.run(_run(server, Person.of(arguments.model), arguments.requests, arguments.seed))


async def _run(server: Server, person: Person, n: int, seed: int) -> dict[str, Any]:
    found, began = Found(), time.perf_counter()
    first = await _ask(server.url, person)
    for name, send in (
        ("requests", _requests),
        ("uploads", _uploads),
        ("links", _links),
        ("messages", _messages),
    ):
        count = round(SHARES[name] * n)
        rngs = [random.Random(f"{seed} {name} {k}") for k in range(AT_ONCE)]
        await asyncio.gather(*(send(server.url, rng, count // AT_ONCE, found) for rng in rngs))
    last = await _ask(server.url, person)
    found.shown.pop("", None)
    return {
        "sent": dict(found.sent),
        "seconds": round(time.perf_counter() - began),
        "inside_shown": dict(found.shown),
        "error_pages": sum(found.broken.values()),
        "kinds_of_error_pages": dict(found.broken.most_common(5)),
        "told_in_a_sentence": found.sentences,
        "statuses": dict(sorted(found.statuses.items())),
        "server_lives": server.alive,
        "healthy": healthy(server.url, 10),
        "answers_before_and_after": [first, last],
        "errors_in_the_log": dict(server.errors_in_the_log().most_common(8)),
    }


async def _ask(url: str, person: Person) -> bool:
    """Whether a visitor gets an answer."""
    visitor = Visitor(url, "one who looks", Tally(lambda shown: None))
    try:
        return (await visitor.open(Scene(person.model, person.puzzles[0], "L1.attn"))).seconds is not None
    finally:
        await visitor.close()


# ---- over HTTP ---------------------------------------------------------------------------------------------


async def _requests(url: str, rng: random.Random, n: int, found: Found, *, upload: bool = False) -> None:
    parts = urlsplit(url)
    for _ in range(n):
        sent = nonsense.request(rng, parts.netloc, upload=upload)
        found.sent["uploads" if upload else "requests"] += 1
        try:
            async with asyncio.timeout(SECONDS):
                found.statuses[await _exchange(parts.hostname or "", parts.port or 80, sent, found)] += 1
        except TimeoutError:
            found.statuses["no answer"] += 1
        except OSError:
            found.statuses["closed"] += 1


async def _uploads(url: str, rng: random.Random, n: int, found: Found) -> None:
    await _requests(url, rng, n, found, upload=True)


async def _exchange(host: str, port: int, sent: bytes, found: Found) -> str:
    reader, writer = await asyncio.open_connection(host, port)
    try:
        writer.write(sent)
        writer.write_eof()
        answer = await reader.read(200_000)
    finally:
        writer.close()
    found.look(answer)
    return answer[9:12].decode(errors="replace") if answer.startswith(b"HTTP/") else "closed"


# ---- over the websocket ------------------------------------------------------------------------------------


async def _links(url: str, rng: random.Random, n: int, found: Found) -> None:
    for _ in range(n):
        found.sent["links"] += 1
        await _visit(url, nonsense.link(rng), lambda page: [], found, seconds=SECONDS)


async def _messages(url: str, rng: random.Random, n: int, found: Found) -> None:
    def some(page: Page) -> list[bytes | str]:
        known = {name: drawn.id for name, drawn in page.drawn.items()}
        fragments = [drawn.fragment for drawn in page.drawn.values() if drawn.fragment]
        return [nonsense.message(rng, known, fragments) for _ in range(A_SOCKET)]

    while found.sent["messages"] < n * AT_ONCE:
        await _visit(url, "", some, found, seconds=SECONDS)


async def _visit(
    url: str, query: str, messages: Callable[[Page], list[bytes | str]], found: Found, seconds: float
) -> None:
    """Open a link, wait until its page is drawn, and send messages, each time reading what comes."""
    page, reader = Page(Place(query)), Reader()
    try:
        async with asyncio.timeout(seconds):
            socket = await opened(url, Cookies(drawn=True), seconds)
    except (OSError, TimeoutError, WebSocketException) as error:
        found.statuses[f"no socket: {type(error).__name__}"] += 1
        return
    try:
        await socket.send(rerun(Place(query)))
        await _read_until_drawn(socket, page, reader, found, seconds)
        for message in messages(page):
            found.sent["messages"] += 1
            await socket.send(message)
            await _read_what_is_there(socket, page, reader, found)
    except WebSocketException:
        found.statuses["socket closed"] += 1
    finally:
        await socket.close()


async def _read_until_drawn(socket: Any, page: Page, reader: Reader, found: Found, seconds: float) -> None:
    try:
        async with asyncio.timeout(seconds):
            drawn = False
            while not drawn or page.running:
                drawn = _take(await socket.recv(), page, reader, found) or drawn
    except TimeoutError:
        found.statuses["page not drawn"] += 1


async def _read_what_is_there(socket: Any, page: Page, reader: Reader, found: Found) -> None:
    try:
        async with asyncio.timeout(0.1):
            while True:
                _take(await socket.recv(), page, reader, found)
    except TimeoutError:
        return


def _take(data: bytes | str, page: Page, reader: Reader, found: Found) -> bool:
    """Look at a message; whether something of the page was drawn by it."""
    if isinstance(data, str):
        found.look(data.encode())
        return False
    found.look(data)
    drawn = False
    for event in page.take(reader.read(data)):
        drawn = drawn or isinstance(event, Drawn | Said)
        if isinstance(event, Broken):
            found.broken[event.why[:120]] += 1
        found.sentences += isinstance(event, Said) and event.error
    return drawn


KINDS = {"requests": _requests, "uploads": _uploads, "links": _links, "messages": _messages}
