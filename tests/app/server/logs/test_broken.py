"""A real uvicorn, and requests that are no HTTP after their head."""

import io
import logging
import socket
import threading
import time
from collections.abc import Iterator

import pytest
import uvicorn
from starlette.responses import PlainTextResponse

from app.server.logs.install import install
from app.server.logs.settings import LogSettings

BAD_CHUNK = b"PUT / HTTP/1.1\r\nHost: here\r\nTransfer-Encoding: chunked\r\n\r\nZZ\r\n"


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    stream, loggers = io.StringIO(), [logging.getLogger(), logging.getLogger("uvicorn.error")]
    before = [(one, one.handlers, one.filters[:], one.level, one.propagate) for one in loggers]
    install(LogSettings(), stream)
    yield stream
    for logger, handlers, filters, level, propagate in before:
        logger.handlers, logger.filters, logger.propagate = handlers, filters, propagate
        logger.setLevel(level)


def test_a_request_that_breaks_off_in_no_http_is_one_line(log: io.StringIO) -> None:
    server = uvicorn.Server(uvicorn.Config(PlainTextResponse("well"), log_config=None, http="h11", ws="none"))
    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = threading.Thread(target=server.run, args=([listening],), daemon=True)
        thread.start()
        with socket.create_connection(listening.getsockname(), timeout=10) as client:
            client.sendall(BAD_CHUNK)
            assert client.recv(1000).startswith(b"HTTP/1.1 400")
        time.sleep(0.2)  # the app's own answer, which comes too late
        server.should_exit = True
        thread.join(10)
    assert log.getvalue().count("Invalid HTTP request received") == 1
    assert "Traceback" not in log.getvalue()


def test_other_errors_of_the_program_are_written(log: io.StringIO) -> None:
    try:
        raise RuntimeError("ours")
    except RuntimeError:
        logging.getLogger("uvicorn.error").exception("Exception in ASGI application\n")
    assert "ours" in log.getvalue()
