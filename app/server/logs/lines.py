"""How a line of the log is made: a chain of small steps, by structlog."""

import logging
import re
import traceback
from typing import Any

import structlog
from structlog.contextvars import merge_contextvars
from structlog.stdlib import ProcessorFormatter
from structlog.typing import EventDict, Processor

from app.server.logs.events import NAME, PERSONAL

LONGEST = 20_000
"""Characters of a text that is written. A traceback is shorter."""
LONGEST_TOLD = 300
"""Characters of what an exception says of itself: it may quote what a visitor has sent."""

_ADDRESS = re.compile(r"[^\s@<>\"'(),:;=]+@[^\s@<>\"'(),:;=]+")
_QUERY = re.compile(r"(?<=[\w/])\?[\w%~.+-]+=[^\s\"'<>)]*")
_FIRST = ("time", "level", "event", "request", "visitor")


def formatter(form: str, *, people: bool) -> logging.Formatter:
    """Writes records of this program's events, of Streamlit, uvicorn and of Python itself alike.

    Args:
        form: ``text`` or ``json``.
        people: whether names and addresses of people are written.
    """
    ending: list[Processor] = [structlog.processors.JSONRenderer(default=str)]
    if form == "text":
        ending = [_one_line, structlog.dev.ConsoleRenderer(colors=False, pad_event_to=0)]
    return ProcessorFormatter(
        foreign_pre_chain=[],
        processors=[
            _told,
            merge_contextvars,
            _exception,
            *([] if people else [_impersonal]),
            structlog.stdlib.add_log_level,
            structlog.processors.TimeStamper(
                fmt="iso", utc=True, key="timestamp" if form == "text" else "time"
            ),
            ProcessorFormatter.remove_processors_meta,
            _ordered,
            *ending,
        ],
    )


def _told(_: Any, __: str, line: EventDict) -> EventDict:
    """An event's facts; what others log is an event too, with the words as its message."""
    record: logging.LogRecord = line["_record"]
    if record.name == NAME:
        return {**line, **getattr(record, "facts", {})}
    message = line.pop("event")
    return {**line, "event": "message", "logger": record.name, "message": str(message)[:LONGEST]}


def _exception(_: Any, __: str, line: EventDict) -> EventDict:
    """The traceback, as one text. What the exception says of itself is cut."""
    told = line.pop("exc_info", None)
    if told and told[1] is not None:
        line["exception"] = _traceback(told[1])
    return line


def _traceback(error: BaseException) -> str:
    """Of it and of those that it came from, the last one last."""
    parts = traceback.format_exception(error)  # frames are indented, and what an exception says is not
    cut = (
        part if part[:1] in " \n" or len(part) <= LONGEST_TOLD else f"{part[:LONGEST_TOLD]}…"
        for part in parts
    )
    return "".join(cut)[-LONGEST:].strip()


def _impersonal(_: Any, __: str, line: EventDict) -> EventDict:
    """Without people's names and addresses, and without the queries of links."""
    return {
        key: impersonal(value) if isinstance(value, str) else value
        for key, value in line.items()
        if key not in PERSONAL
    }


def impersonal(text: str) -> str:
    """A text in which nobody's address and no link's query is left.

    >>> impersonal("GET /heads?puzzle=9a37&off=L1.attn by ada@example.org")
    'GET /heads?… by …@…'
    """
    return _QUERY.sub("?…", _ADDRESS.sub("…@…", text)) if "@" in text or "?" in text else text


def _ordered(_: Any, __: str, line: EventDict) -> EventDict:
    return {**{key: line[key] for key in _FIRST if key in line}, **line}


def _one_line(_: Any, __: str, line: EventDict) -> EventDict:
    """Control characters that a stranger may have sent do not reach a terminal."""
    return {
        key: _visible(value) if isinstance(value, str) and key != "exception" else value
        for key, value in line.items()
    }


def _visible(text: str) -> str:
    return text if text.isprintable() else "".join(one if one.isprintable() else " " for one in text)
