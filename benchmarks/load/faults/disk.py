"""The disk of what is kept is full: a tiny file system in memory under ``PUZZLESCOPE_DATA``, filled to its
end. It takes the right to mount one; without it, nothing is measured, and that is said."""

import argparse
import asyncio
import random
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from benchmarks.load import direct
from benchmarks.load.people import Person, live
from benchmarks.load.server import Server, healthy, served
from benchmarks.load.visit.answers import Shown
from benchmarks.load.visit.eyes import Done, Tally
from benchmarks.load.visit.visitor import Visitor

SIZE = "256k"
SECONDS = 30.0


def run(arguments: argparse.Namespace) -> dict[str, Any]:
    """Let visitors click while nothing can be kept."""
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder) / "data"
        data.mkdir()
        try:
            with (
                tiny(data),
                served(Path(folder), arguments.port, PUZZLESCOPE_DATA=str(data)) as server,
            ):
                fill(data)
                return asyncio.run(_run(server, Person.of(arguments.model))) | {
                    "disk": f"tmpfs of {SIZE}, full"
                }
        except PermissionError as error:
            return {"not_measured": str(error)}


@contextmanager
def tiny(folder: Path) -> Iterator[None]:
    """A file system of its own in this folder.

    Raises:
        PermissionError: if none may be mounted here.
    """
    mount = ["mount", "-t", "tmpfs", "-o", f"size={SIZE}", "tmpfs", str(folder)]
    if subprocess.run(mount, capture_output=True, check=False).returncode:
        raise PermissionError("a file system can be mounted by root only")
    try:
        yield
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=False)


def fill(folder: Path) -> None:
    """Leave no room in it."""
    with suppress(OSError), (folder / "filling").open("wb", buffering=0) as file:
        while True:
            file.write(b"x" * 4096)


async def _run(server: Server, person: Person) -> dict[str, Any]:
    shown: list[Shown] = []
    tally, done = Tally(shown.append), list[Done]()
    until = asyncio.get_running_loop().time() + SECONDS
    stays = Visitor(server.url, "one who stays", tally)
    done.append(await stays.open(person.link(random.Random(9))))
    await stays.measure()  # what is to be kept
    await asyncio.gather(
        *(live(person, server.url, f"visitor {k}", tally, done, until, random.Random(k)) for k in range(3))
    )
    await stays.close()
    verdict = await asyncio.to_thread(direct.check_answers, shown)
    return {
        "answers": sum(one.seconds is not None for one in done),
        "unanswered": sum(one.seconds is None for one in done),
        "wrong": verdict["wrong"],
        "errors": dict(tally.errors),
        "server_well": server.alive and healthy(server.url, 10),
        "log_says": _last_words(server.log),
    }


def _last_words(log: Path) -> list[str]:
    """What the log says of it."""
    lines = log.read_text(errors="replace").splitlines()
    return [line[:200] for line in lines if "Results cannot be" in line or "No space" in line][:3]
