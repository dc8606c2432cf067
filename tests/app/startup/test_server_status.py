"""``puzzlescope status`` asks a server how it is, and says in a sentence why it could not."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from app.startup import server_status


class Answering(BaseHTTPRequestHandler):
    """Says back what it was asked with."""

    def do_GET(self) -> None:
        status, kind, said = 200, "text/plain", f"{self.headers['Accept']} {self.headers['Authorization']}"
        if self.path == "/closed/status":
            status, said = 403, "Not for you."
        elif self.path == "/page/status":
            kind = "text/html"
        elif self.path != "/base/status":
            status = 404
        self.send_response(status)
        self.send_header("Content-Type", f"{kind}; charset=utf-8")
        self.end_headers()
        self.wfile.write(said.encode())

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Answering)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
    thread.join()


def test_it_asks_as_it_is_told(url: str) -> None:
    assert server_status.ask(f"{url}/base/") == (True, "text/plain None")
    assert server_status.ask(f"{url}/base", "secret", json=True) == (True, "application/json Bearer secret")


@pytest.mark.parametrize(
    ("path", "told"),
    [
        ("/closed", "Not for you."),
        ("/page", "Something else answers at"),
        ("/nowhere", "answers 404: is it a dashboard's address?"),
    ],
)
def test_what_goes_wrong_is_a_sentence(url: str, path: str, told: str) -> None:
    well, said = server_status.ask(url + path)
    assert not well and told in said and "\n" not in said


def test_nobody_there(url: str) -> None:
    well, said = server_status.ask("http://127.0.0.1:1")
    assert not well and said.startswith("No answer from http://127.0.0.1:1:")
    for wrong in ("file:///etc/passwd", "localhost:8501", ""):
        well, said = server_status.ask(wrong)
        assert not well and said.startswith("--url must be an address such as")


def test_the_token_comes_from_the_variable_or_its_file(tmp_path: Path) -> None:
    path = tmp_path / "token"
    path.write_text("abc\n")
    assert server_status.token({"PUZZLESCOPE_METRICS_TOKEN": "x"}) == "x"
    assert server_status.token({"PUZZLESCOPE_METRICS_TOKEN_FILE": str(path)}) == "abc"
    assert (
        server_status.token({"PUZZLESCOPE_METRICS_TOKEN_FILE": "/nowhere"}) == server_status.token({}) == ""
    )
