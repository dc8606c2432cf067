"""A line of the log: one JSON object, whatever was logged, with no person in it."""

import asyncio
import io
import json
import logging
import sys
import threading
import warnings
from collections.abc import Iterator
from typing import Any

import pytest
import streamlit.logger
from hypothesis import given
from hypothesis import strategies as st

from app.server import logs
from app.server.logs import LogSettings
from app.server.logs.accepts import ACCEPTS, ASYNCIOS, SENTENCE
from app.server.logs.events import NAME
from app.server.logs.lines import impersonal
from app.server.metrics.counters import LOG_LINES_LOST
from app.server.words import Words
from interp.errors import PuzzlescopeError


class Written:
    """What the log has written."""

    def __init__(self) -> None:
        self.stream = io.StringIO()

    @property
    def text(self) -> str:
        return self.stream.getvalue()

    @property
    def lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.text.splitlines()]

    @property
    def last(self) -> dict[str, Any]:
        return self.lines[-1]


@pytest.fixture
def written() -> Iterator[Written]:
    """The log as JSON, and everything as it was afterwards."""
    root, names = (
        logging.getLogger(),
        [NAME, "uvicorn", "uvicorn.error", "uvicorn.access", "streamlit.error_util"],
    )
    names += list(streamlit.logger._loggers)
    before = {name: vars(logging.getLogger(name)).copy() for name in names}
    handlers, level, setup = root.handlers, root.level, streamlit.logger.setup_formatter
    hooks = sys.excepthook, threading.excepthook, sys.unraisablehook
    kept = {name: (list(state["handlers"]), list(state["filters"])) for name, state in before.items()}
    written = Written()
    logs.install(LogSettings("json"), written.stream)
    yield written
    logging.captureWarnings(False)
    root.handlers, root.level, streamlit.logger.setup_formatter = handlers, level, setup
    sys.excepthook, threading.excepthook, sys.unraisablehook = hooks
    for name, state in before.items():
        logger = logging.getLogger(name)
        logger.__dict__.update(state)
        logger.handlers, logger.filters = kept[name]
        logger.manager._clear_cache()


def test_an_event_is_a_line_with_its_facts(written: Written) -> None:
    with logs.bound(request="r1", visitor="v1"):
        logs.event("page run", page="heads", seconds=1.5, nothing=None)
    line = written.last
    assert line.pop("time").endswith("Z")
    assert list(line.items()) == [
        ("level", "info"),
        ("event", "page run"),
        ("request", "r1"),
        ("visitor", "v1"),
        ("page", "heads"),
        ("seconds", 1.5),
    ]


def test_what_others_log_is_a_line_too(written: Written) -> None:
    logging.getLogger("streamlit.web").warning("a warning\nof two lines by %s", "Streamlit")
    assert (written.last["event"], written.last["logger"]) == ("message", "streamlit.web")
    assert written.last["message"] == "a warning\nof two lines by Streamlit"
    streamlit.logger.get_logger("streamlit.made.later").info("later")
    assert written.last["message"] == "later"
    logging.getLogger("uvicorn.error").error("it is down")
    assert (written.last["level"], written.last["message"]) == ("error", "it is down")
    warnings.warn("old", DeprecationWarning, stacklevel=1) if False else logging.getLogger(
        "py.warnings"
    ).warning("old")
    assert written.last["logger"] == "py.warnings"
    assert len(written.lines) == 4


def test_uvicorn_writes_no_requests(written: Written) -> None:
    """They would have people's addresses and the queries of links."""
    logging.getLogger("uvicorn.access").info('1.2.3.4 - "GET /?puzzle=secret"')
    logging.getLogger("uvicorn.error").info('1.2.3.4 - "WebSocket /_stcore/stream?x=y" [accepted]')
    assert written.text == ""


def test_a_traceback_is_one_line(written: Written) -> None:
    try:
        try:
            raise KeyError("inner")
        except KeyError as inner:
            raise ValueError("x" * 5000) from inner
    except ValueError as error:
        logs.event("page failed", logging.ERROR, error=error, id="12ab")
    told = written.last["exception"]
    assert len(written.lines) == 1 and "KeyError: 'inner'" in told and "test_lines.py" in told
    assert "ValueError: xxx" in told and len(told) < 2000


def test_what_nothing_catches_is_a_line(written: Written) -> None:
    thread = threading.Thread(target=lambda: 1 / 0, name="t7")
    thread.start()
    thread.join()
    line = written.last
    assert (line["event"], line["level"], line["thread"]) == ("uncaught", "critical", "t7")
    assert "ZeroDivisionError" in line["exception"]


@pytest.mark.parametrize("people", [True, False])
def test_people_are_named_only_where_that_is_asked_for(written: Written, people: bool) -> None:
    logs.install(LogSettings("json", people=people), written.stream)
    logs.event("sign-in", outcome="refused", person="ada@example.org", address="10.1.2.3")
    try:
        raise RuntimeError("no such user: bob@example.org")
    except RuntimeError as error:
        logging.getLogger("streamlit.auth").error(
            "for carl@example.org at /heads?puzzle=9a37", exc_info=error
        )
    for secret in ("ada@", "10.1.2.3", "bob@", "carl@", "puzzle=9a37"):
        assert (secret in written.text) == people, secret


def test_text_is_for_people(written: Written) -> None:
    logs.install(LogSettings("text"), written.stream)
    logs.event("page run", page="heads", outcome="finished\x1b[31m")
    assert "page run" in written.text and "page=heads" in written.text and "\x1b" not in written.text


def test_the_form_is_json_unless_somebody_looks_on(written: Written, monkeypatch: pytest.MonkeyPatch) -> None:
    logs.install(LogSettings(), written.stream)
    logs.event("start")
    assert written.last["event"] == "start"
    monkeypatch.setattr(written.stream, "isatty", lambda: True)
    logs.install(LogSettings(), written.stream)
    logs.event("stop")
    assert not written.text.splitlines()[-1].startswith("{")


def test_a_wrong_setting_is_told_in_a_sentence() -> None:
    assert logs.read(Words({"PUZZLESCOPE_LOG": "JSON", "PUZZLESCOPE_LOG_PEOPLE": "1"})) == LogSettings(
        "json", True
    )
    assert logs.read(Words({})) == LogSettings("auto", False)
    with pytest.raises(PuzzlescopeError, match=r"PUZZLESCOPE_LOG must be text or json, got 'xml'\."):
        logs.read(Words({"PUZZLESCOPE_LOG": "xml"}))


def test_a_visitors_id_tells_nothing_of_the_session() -> None:
    session = "3f1e4f5a-0000-4000-8000-000000000000"
    assert logs.visitor_id(session) == logs.visitor_id(session) != logs.visitor_id("other")
    assert len(logs.visitor_id(session)) == 10 and logs.visitor_id(session) not in session


@given(st.text(), st.from_regex(r"[a-z]{1,8}@[a-z]{1,8}\.org", fullmatch=True), st.text())
def test_no_address_is_left_in_a_text(before: str, address: str, after: str) -> None:
    assert address not in impersonal(f"{before} {address} {after}")


class Full(io.StringIO):
    """A disk without room."""

    def write(self, text: str) -> int:
        raise OSError(28, "No space left on device")


def test_a_line_that_cannot_be_written_is_counted_and_hurts_nothing(written: Written, capsys) -> None:
    logs.install(LogSettings("json"), Full())
    before = LOG_LINES_LOST._value.get()
    logs.event("page run", page="heads")
    logging.getLogger("streamlit.web").warning("said")
    assert LOG_LINES_LOST._value.get() == before + 2
    assert capsys.readouterr() == ("", "")


def test_a_server_without_handles_writes_one_line(written: Written, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ACCEPTS, "_last", float("-inf"))
    logs.install(LogSettings("json"), written.stream)  # again: it is in place once
    loop = asyncio.new_event_loop()
    for _ in range(3):
        loop.call_exception_handler({"message": ASYNCIOS, "exception": OSError(24, "Too many open files")})
    loop.close()
    assert len(written.lines) == 1 and SENTENCE in written.text and "Traceback" not in written.text
