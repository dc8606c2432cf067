"""Where the dashboard can be, and the sentence if it cannot."""

import re
import socket
from collections.abc import Iterator

import pytest

from app.startup import port


@pytest.fixture
def server() -> Iterator[tuple[str, int]]:
    """Another program, which listens somewhere."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield listening.getsockname()


def test_port_that_is_free() -> None:
    free = port.free_port("127.0.0.1", after=20000)
    assert free is not None
    assert port.problem("127.0.0.1", str(free)) is None
    assert port.problem("0.0.0.0", str(free)) is None


@pytest.mark.parametrize("address", ["127.0.0.1", "0.0.0.0"])
def test_port_that_is_taken(server: tuple[str, int], address: str) -> None:
    said = port.problem(address, str(server[1]))
    assert said is not None
    assert said.startswith(f"Port {server[1]} is in use by another program")
    (offered,) = set(re.findall(r"PORT=(\d+)|--port (\d+)|take (\d+)", said)[0]) - {""}
    assert port.problem(address, offered) is None
    assert f"`make run PORT={offered}`" in said and f"`puzzlescope run --port {offered}`" in said


@pytest.mark.parametrize("text", ["", "abc", "0", "65536", "-1", "8501x", "٣"])
def test_port_that_is_none(text: str) -> None:
    assert port.problem("127.0.0.1", text) == f"PORT must be a number from 1 to 65535, got {text!r}."


def test_address_of_another_machine() -> None:
    assert "Cannot listen on 192.0.2.1" in str(port.problem("192.0.2.1", "8501"))


def test_address_that_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*_: object, **__: object) -> None:
        raise socket.gaierror("Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    assert "got 'nowhere'" in str(port.problem("nowhere", "8501"))
