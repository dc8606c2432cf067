"""An OpenID provider on this machine, in a process of its own: the authorization code flow, signed tokens,
and clients that must be registered and know their secret."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import httpx2

from scripts.dashboard import free_port

SECONDS = 60


@dataclass(frozen=True)
class Client:
    """What the provider knows a dashboard by."""

    id: str
    secret: str


@dataclass(frozen=True)
class RunningProvider:
    """One that runs.

    Attributes:
        url: where.
        process: its own.
    """

    url: str
    process: subprocess.Popen[bytes]

    @property
    def metadata_url(self) -> str:
        return f"{self.url}/.well-known/openid-configuration"

    def register(self, url: str) -> Client:
        """A dashboard to which people come by this address."""
        body = {"redirect_uris": [f"{url}/oauth2callback"]}
        told = httpx2.post(f"{self.url}/oauth2/clients", json=body).raise_for_status().json()
        return Client(told["client_id"], told["client_secret"])

    def knows(self, user: str, **claims: Any) -> None:
        """Let it tell this of a user. Of others it tells their name as their address."""
        httpx2.put(f"{self.url}/users/{user}", json=claims).raise_for_status()

    @contextmanager
    def busy(self) -> Iterator[None]:
        """Let it answer nobody for a while, who then is answered."""
        self.process.send_signal(signal.SIGSTOP)
        try:
            yield
        finally:
            self.process.send_signal(signal.SIGCONT)


@contextmanager
def provider() -> Iterator[RunningProvider]:
    """Start one, and stop it at the end."""
    port = free_port()
    command = [sys.executable, "-W", "ignore", "-m", "oidc_provider_mock", "--port", str(port)]
    command += ["--require-registration", "true", "--require-nonce", "true"]
    environment = {**os.environ, "PYTHONWARNINGS": "ignore"}
    process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    running = RunningProvider(f"http://localhost:{port}", process)
    try:
        _wait(running, process)
        yield running
    finally:
        process.kill()
        process.wait(30)


def _wait(running: RunningProvider, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        try:
            httpx2.get(running.metadata_url).raise_for_status()
            return
        except httpx2.HTTPError:
            time.sleep(0.1)
    raise RuntimeError("The OpenID provider has not started.")
