"""A dashboard on a free port, for the screenshots and the browser tests."""

import os
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SECONDS = 180

# The last five keep Chromium from asking its maker's hosts, so that whatever goes out is the page's doing.
CHROMIUM_ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@dataclass(frozen=True)
class Running:
    """A dashboard.

    Attributes:
        address: of its first page, without a slash at its end.
        process: the server's.
        log: what it has written so far.
    """

    address: str
    process: "subprocess.Popen[bytes]"
    log: Path

    def written(self) -> str:
        """What it has written so far."""
        return self.log.read_text()


@contextmanager
def dashboard(port: int | None = None, said: Mapping[str, str] | None = None) -> Iterator[str]:
    """The address of a dashboard with the default model, started as ``make run`` starts it and stopped at the
    end.

    Args:
        port: left out, a free one.
        said: more variables of its environment.

    Raises:
        RuntimeError: with what it wrote, if it does not come up.
    """
    with running(port, said) as server:
        yield server.address


@contextmanager
def running(port: int | None = None, said: Mapping[str, str] | None = None) -> Iterator[Running]:
    """The same, for one who sends it signals and reads its log.

    Args:
        port: left out, a free one.
        said: more variables of its environment.
    """
    port = port or free_port()
    command = [sys.executable, "-m", "streamlit", "run", "app/main.py", "--server.port", str(port)]
    environment = {name: value for name, value in os.environ.items() if name != "PUZZLESCOPE_MODEL"}
    environment |= said or {}
    base = environment.get("STREAMLIT_SERVER_BASE_URL_PATH", "")
    address = f"http://127.0.0.1:{port}{base and '/' + base}"
    with tempfile.NamedTemporaryFile("w") as log:
        server = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=log, stderr=subprocess.STDOUT)
        one = Running(address, server, Path(log.name))
        try:
            if not _comes_up(f"{address}/_stcore/health", server):
                raise RuntimeError(f"The dashboard did not start:\n{one.written()}")
            yield one
        finally:
            server.kill()  # at once
            server.wait(30)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _comes_up(url: str, server: subprocess.Popen[bytes]) -> bool:
    deadline = time.monotonic() + SECONDS
    while time.monotonic() < deadline and server.poll() is None:
        try:
            with urllib.request.urlopen(url, timeout=5) as answer:
                if answer.read() == b"ok":
                    return True
        except OSError:
            time.sleep(0.3)
    return False
