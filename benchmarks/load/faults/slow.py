"""Clients that read a thousand bytes a second, on a line as bad as that: others must not notice."""

import argparse
import asyncio
import base64
import os
import random
import socket
import tempfile
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from benchmarks.load import direct
from benchmarks.load.numbers import summary
from benchmarks.load.people import Person, live
from benchmarks.load.server import Server, Watcher, served
from benchmarks.load.visit.answers import Shown
from benchmarks.load.visit.eyes import Done, Tally
from benchmarks.load.visit.sockets import BROWSER
from benchmarks.load.visit.visitor import query_of
from benchmarks.load.visit.wire import Place, rerun

CLIENTS = 10
SECONDS = 60.0
A_SECOND = 1000
"""Bytes that such a client reads."""


def run(arguments: argparse.Namespace) -> dict[str, Any]:
    """Let slow clients and others come together."""
    with tempfile.TemporaryDirectory() as folder, served(Path(folder), arguments.port) as server:
        return asyncio.run(_run(server, Person.of(arguments.model)))


async def _run(server: Server, person: Person) -> dict[str, Any]:
    shown: list[Shown] = []
    tally, done = Tally(shown.append), list[Done]()
    rng = random.Random(5)
    await live(
        person, server.url, "first", Tally(lambda one: None), [], asyncio.get_running_loop().time() + 3, rng
    )
    with Watcher(server.url, server.pid) as watcher:
        until = asyncio.get_running_loop().time() + SECONDS
        lives = [
            live(person, server.url, f"visitor {k}", tally, done, until, random.Random(k)) for k in range(3)
        ]
        slow = [_read_slowly(server.url, query_of(person.link(rng)), until) for _ in range(CLIENTS)]
        await asyncio.gather(*lives, *slow)
        await asyncio.sleep(5)
    verdict = await asyncio.to_thread(direct.check_answers, shown)
    rss, handles = [one.rss for one in watcher.samples], [one.handles for one in watcher.samples]
    return {
        "slow_clients": CLIENTS,
        "answers_of_others": sum(one.seconds is not None for one in done),
        "their_clicks_s": summary(one.seconds for one in done if one.kind == "click"),
        "unanswered": sum(one.seconds is None for one in done),
        "errors_of_others": dict(tally.errors),
        "wrong": verdict["wrong"],
        "health_s": summary(watcher.health),
        "rss_MB": f"{rss[0]:.0f}, at most {max(rss):.0f}, at the end {rss[-1]:.0f}",
        "handles": f"{handles[0]}, at most {max(handles)}, at the end {handles[-1]}",
    }


async def _read_slowly(url: str, query: str, until: float) -> None:
    """Open a link, ask for runs of the page, and read what comes a little at a time."""
    parts = urlsplit(url)
    raw = socket.socket()
    raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    raw.setblocking(False)
    loop = asyncio.get_running_loop()
    await loop.sock_connect(raw, (parts.hostname, parts.port))
    try:
        await loop.sock_sendall(raw, _handshake(parts.netloc))
        message = frame(rerun(Place(query)))
        await loop.sock_sendall(raw, message)
        turn = 0
        while loop.time() < until:
            await asyncio.wait_for(loop.sock_recv(raw, A_SECOND), 30)
            await asyncio.sleep(1)
            turn += 1
            if turn % 5 == 0:
                await loop.sock_sendall(raw, message)
    except (OSError, TimeoutError):
        pass  # the server may give such a client up
    finally:
        raw.close()


def _handshake(host: str) -> bytes:
    lines = [
        "GET /_stcore/stream HTTP/1.1",
        f"Host: {host}",
        f"Origin: http://{host}",
        f"User-Agent: {BROWSER}",
        "Cookie: puzzlescope-open=1",
        "Upgrade: websocket",
        "Connection: Upgrade",
        f"Sec-WebSocket-Key: {base64.b64encode(os.urandom(16)).decode()}",
        "Sec-WebSocket-Version: 13",
        "Sec-WebSocket-Protocol: streamlit",
        "",
        "",
    ]
    return "\r\n".join(lines).encode()


def frame(content: bytes, opcode: int = 2) -> bytes:
    """A websocket frame of a client, of at most 65,535 bytes: RFC 6455, 5.2."""
    mask = os.urandom(4)
    size = len(content)
    head = (
        bytes([0x80 | opcode, 0x80 | size])
        if size < 126
        else bytes([0x80 | opcode, 0x80 | 126]) + size.to_bytes(2, "big")
    )
    return head + mask + bytes(byte ^ mask[k % 4] for k, byte in enumerate(content))
