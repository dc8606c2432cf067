"""The dashboard's server as a process of its own, with its log."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.request import urlopen

from scripts.dashboard import SECONDS, free_port
from tests.support.places import ROOT


@dataclass(frozen=True)
class Server:
    """One that runs.

    Attributes:
        url: of the dashboard.
        log: the file with what it writes on standard error.
    """

    url: str
    log: Path
    process: "subprocess.Popen[bytes]"

    def get(self, path: str) -> str:
        """What it answers."""
        with urlopen(f"{self.url}{path}", timeout=SECONDS) as answer:
            text: str = answer.read().decode()
        return text

    def events(self, name: str | None = None) -> list[dict[str, Any]]:
        """The lines of its log, all or those of one event."""
        lines = [json.loads(line) for line in self.log.read_text().splitlines()]
        return [line for line in lines if name is None or line["event"] == name]


@contextmanager
def running(folder: Path, model: str, environ: Mapping[str, str] | None = None) -> Iterator[Server]:
    """A server with this model; it is told to stop at the end.

    Args:
        folder: for its log.
        environ: further variables.
    """
    port = free_port()
    words = [
        sys.executable,
        "-m",
        "streamlit",
        "run",
        str(ROOT / "app" / "main.py"),
        "--server.port",
        str(port),
    ]
    told = {**os.environ, "PUZZLESCOPE_MODEL": model, "PUZZLESCOPE_LOG": "json", **(environ or {})}
    log = folder / "log.jsonl"
    with log.open("wb") as stream:
        process = subprocess.Popen(words, cwd=ROOT, env=told, stdout=subprocess.DEVNULL, stderr=stream)
    server = Server(f"http://127.0.0.1:{port}", log, process)
    try:
        _wait(server)
        yield server
    finally:
        process.terminate()
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(30)


def _wait(server: Server) -> None:
    deadline = time.monotonic() + SECONDS
    while time.monotonic() < deadline and server.process.poll() is None:
        try:
            server.get("/live")
        except OSError:
            time.sleep(0.2)
        else:
            return
    raise RuntimeError(f"The server did not start:\n{server.log.read_text()}")
