"""The server under test, and how it is while it is used: its health, memory, threads and file handles."""

import argparse
import http.client
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psutil

from scripts.dashboard import ROOT, SECONDS, free_port

HEALTH_EVERY = 0.25
"""Seconds between two questions after the server's health."""
SAMPLE_EVERY = 1.0
"""Seconds between two looks at its memory."""


COLOURS = re.compile(r"\x1b\[[0-9;]*m")
ERRORS = re.compile(r"^(?:[\w.]+\.)?[A-Z]\w*(?:Error|Exception|Disconnect|Closed\w*)\b.*$", re.MULTILINE)
"""The last line of a traceback."""


@dataclass
class Server:
    """A dashboard that was started for the bench.

    Attributes:
        url: where it answers.
        log: the file with what it writes.
    """

    port: int
    environ: Mapping[str, str]
    log: Path
    script: str = "app/main.py"
    process: "subprocess.Popen[bytes] | None" = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def pid(self) -> int:
        assert self.process is not None, "it is not started"
        return self.process.pid

    def start(self) -> float:
        """Start it, or start it again; seconds until it is healthy.

        Raises:
            RuntimeError: with the end of its log, if it does not come up.
        """
        began = time.perf_counter()
        command = [sys.executable, "-m", "streamlit", "run", self.script, "--server.port", str(self.port)]
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                command, cwd=ROOT, env={**os.environ, **self.environ}, stdout=log, stderr=subprocess.STDOUT
            )
        while time.perf_counter() - began < SECONDS and self.process.poll() is None:
            if healthy(self.url, 5):
                return time.perf_counter() - began
            time.sleep(0.1)
        raise RuntimeError(f"The dashboard did not start:\n{self.log.read_text()[-3000:]}")

    def wait_until_ready(self, seconds: float = SECONDS) -> bool:
        """Wait until it says that it takes visitors; whether it did."""
        until = time.perf_counter() + seconds
        while time.perf_counter() < until:
            if status_of(f"{self.url}/ready") == 200:
                return True
            time.sleep(0.2)
        return False

    def kill(self) -> None:
        """Kill it, as a machine without memory would: no warning, no time."""
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(signal.SIGKILL)
            self.process.wait(30)

    @property
    def alive(self) -> bool:
        """Whether the process is there."""
        return self.process is not None and self.process.poll() is None

    def errors_in_the_log(self) -> Counter[str]:
        """The errors whose tracebacks it has written to its log, and how often."""
        plain = COLOURS.sub("", self.log.read_text(errors="replace"))
        return Counter(found[:160] for found in ERRORS.findall(plain))


@contextmanager
def served(
    folder: Path, port: int | None = None, script: str = "app/main.py", **environ: str
) -> Iterator[Server]:
    """A server, started and killed at the end.

    Args:
        folder: for its log.
        port: left out, a free one.
        script: what Streamlit is to run.
        environ: variables besides those of this process.
    """
    server = Server(port or free_port(), environ, folder / "server.log", script)
    server.log.unlink(missing_ok=True)
    try:
        server.start()
        server.wait_until_ready()
        yield server
    finally:
        server.kill()


@dataclass(frozen=True)
class Target:
    """The server that is measured; its process is 0 where that is not known."""

    url: str
    pid: int


@contextmanager
def target(arguments: argparse.Namespace) -> Iterator[Target]:
    """The server that the command line names, or one that is started."""
    if arguments.url:
        yield Target(arguments.url.rstrip("/"), arguments.pid or 0)
        return
    with tempfile.TemporaryDirectory() as folder, served(Path(folder), arguments.port) as server:
        yield Target(server.url, server.pid)


def healthy(url: str, seconds: float) -> bool:
    """Whether it answers that it is well within so many seconds."""
    try:
        with urllib.request.urlopen(f"{url}/_stcore/health", timeout=seconds) as answer:
            return bool(answer.read() == b"ok")
    except OSError:
        return False


def status_of(address: str) -> int:
    """The HTTP status of an address; 0 if there is no answer."""
    try:
        with urllib.request.urlopen(address, timeout=10) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code
    except OSError:
        return 0


@dataclass(frozen=True)
class Sample:
    """How the process is at one moment.

    Attributes:
        at: seconds since it is watched.
        rss: MB.
        cpu: seconds of processor time so far.
    """

    at: float
    rss: float
    threads: int
    handles: int
    cpu: float


@dataclass
class Watcher:
    """Asks a server's health four times a second, and looks at its process once a second, from a thread of
    its own.

    Attributes:
        health: seconds of each answer.
        failed: how often there was none.
    """

    url: str
    pid: int
    health: list[float] = field(default_factory=list)
    samples: list[Sample] = field(default_factory=list)
    failed: int = 0

    def __enter__(self) -> "Watcher":
        self._stop, self._began = threading.Event(), time.perf_counter()
        self._threads = [threading.Thread(target=one, daemon=True) for one in (self._ask, self._look)]
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join(40)

    def _ask(self) -> None:
        host = urlsplit(self.url).netloc
        connection = http.client.HTTPConnection(host, timeout=30)
        while not self._stop.is_set():
            began = time.perf_counter()
            try:
                connection.request("GET", "/_stcore/health")
                well = connection.getresponse().read() == b"ok"
            except (OSError, http.client.HTTPException):
                well = False
                connection.close()
            spent = time.perf_counter() - began
            self.health.append(spent)
            self.failed += not well
            self._stop.wait(max(0.0, HEALTH_EVERY - spent))

    def _look(self) -> None:
        while not self._stop.is_set():
            try:
                process = psutil.Process(self.pid)
                with process.oneshot():
                    times = process.cpu_times()
                    self.samples.append(
                        Sample(
                            time.perf_counter() - self._began,
                            process.memory_info().rss / 2**20,
                            process.num_threads(),
                            process.num_fds(),
                            times.user + times.system,
                        )
                    )
            except psutil.Error:
                pass  # killed, and not there again
            self._stop.wait(SAMPLE_EVERY)


def metrics(url: str) -> str:
    """What the server says of itself in Prometheus's words; nothing if it says nothing."""
    try:
        with urllib.request.urlopen(f"{url}/metrics", timeout=10) as answer:
            return str(answer.read().decode())
    except OSError:
        return ""


def as_json(samples: list[Sample], most: int = 60) -> list[dict[str, Any]]:
    """Some of the samples, evenly."""
    step = max(1, len(samples) // most)
    return [json.loads(json.dumps(one.__dict__)) for one in samples[::step]]
