"""What asks a server on this machine how it is."""

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from app.startup import check
from scripts.dashboard import free_port

ANSWERS = {
    "/live": (200, "text/plain", "alive"),
    "/ready": (503, "text/plain", "Not ready: the model is being loaded."),
    "/tools/p/ready": (200, "text/plain; charset=utf-8", "Ready."),
}


class Server(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        status, kind, said = ANSWERS.get(self.path, (200, "text/html", "<title>the page</title>"))
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.end_headers()
        self.wfile.write(said.encode())

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def port() -> Iterator[int]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Server)
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    yield server.server_port
    server.shutdown()
    server.server_close()


@pytest.mark.parametrize(
    ("path", "base", "expected"),
    [
        ("/live", "", (True, "alive")),
        ("/ready", "", (False, "Not ready: the model is being loaded.")),
        ("/ready", "/tools/p/", (True, "Ready.")),
    ],
)
def test_it_says_what_the_server_says(
    path: str, base: str, expected: tuple[bool, str], port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STREAMLIT_SERVER_BASE_URL_PATH", base)
    assert check.ask(path, port) == expected


def test_a_page_is_no_answer(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STREAMLIT_SERVER_BASE_URL_PATH", "elsewhere")
    assert check.ask("/ready", port) == (False, f"Something else answers on port {port}.")


def test_no_server() -> None:
    well, said = check.ask("/ready", free_port())
    assert not well and said.startswith("No answer on port") and "refused" in said


def test_it_asks_until_the_answer_is_yes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(check, "PAUSE_SECONDS", 0.01)
    answers = iter([(False, "no"), (False, "no"), (True, "yes"), (False, "never asked")])
    assert check.wait(lambda: next(answers), 60) == (True, "yes")
    assert check.wait(lambda: (False, "no"), 0.02) == (False, "no")


def test_it_does_not_wait_for_a_server_that_has_ended() -> None:
    ended = subprocess.Popen([sys.executable, "-c", ""])
    assert check.lives(os.getpid()) and check.lives(1) and ended.wait() == 0
    assert not check.lives(ended.pid)
    assert check.wait(lambda: (False, "no"), 1e9, lambda: check.lives(ended.pid)) == (False, "no")


def test_the_exit_code_is_the_answer(port: int, monkeypatch: pytest.MonkeyPatch, capsys) -> None:
    monkeypatch.setenv("STREAMLIT_SERVER_BASE_URL_PATH", "")
    for path, code in (("/live", 0), ("/ready", 1)):
        monkeypatch.setattr(sys, "argv", ["check", path, "--port", str(port)])
        assert check.main() == code
    said = capsys.readouterr()
    assert (said.out, said.err) == ("alive\n", "Not ready: the model is being loaded.\n")
