"""All that this process logs goes the same way: this program's events, Streamlit's and uvicorn's messages,
Python's warnings, and exceptions that nothing catches."""

import logging
import sys
import threading
from types import TracebackType
from typing import Any, TextIO

import streamlit.logger
from streamlit import config

from app.server.logs.accepts import ACCEPTS
from app.server.logs.broken import without_broken_requests
from app.server.logs.events import NAME, event
from app.server.logs.lines import formatter
from app.server.logs.settings import LogSettings
from app.server.metrics import counters

_QUIET = {"uvicorn.error": logging.WARNING, "uvicorn.access": logging.CRITICAL, "uvicorn": logging.WARNING}
"""Requests, start and end are events of our own; uvicorn would write addresses and queries."""


class _Handler(logging.StreamHandler[Any]):
    """Ours: found again by its class. A line that cannot be written, on a full disk, say, is lost, and the
    server goes on."""

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802
        counters.LOG_LINES_LOST.inc()


def install(settings: LogSettings, stream: TextIO | None = None) -> None:
    """Set the log up. May be called again, with other settings.

    Args:
        stream: where it goes; left out, standard error.
    """
    form, stream = settings.form, stream or sys.stderr
    if form == "auto":
        form = "text" if stream.isatty() else "json"
    handler = _Handler(stream)
    handler.setFormatter(formatter(form, people=settings.people))
    root = logging.getLogger()
    others = [one for one in root.handlers if type(one) not in (_Handler, logging.StreamHandler)]
    root.handlers = [*others, handler]
    root.setLevel(logging.WARNING)
    logging.getLogger(NAME).setLevel(str(config.get_option("logger.level")).upper())
    _take_over_streamlit()
    for name, level in _QUIET.items():
        logger = logging.getLogger(name)
        logger.handlers, logger.propagate = [], True
        logger.setLevel(level)
    # Streamlit logs what a page ends with before it tells us: ours has the same, and the id that is shown.
    logging.getLogger("streamlit.error_util").addFilter(_told_by_us)
    logging.getLogger("asyncio").addFilter(ACCEPTS)
    logging.getLogger("uvicorn.error").addFilter(without_broken_requests)
    logging.captureWarnings(True)
    sys.excepthook, threading.excepthook = _uncaught, _uncaught_in_thread
    sys.unraisablehook = _unraisable


def _take_over_streamlit() -> None:
    """Each of Streamlit's loggers has a handler of its own, which Streamlit makes anew with its settings."""

    def setup(logger: logging.Logger) -> None:
        own = getattr(logger, "streamlit_console_handler", None)
        if own is not None:
            logger.removeHandler(own)
        logger.propagate = True

    streamlit.logger.setup_formatter = setup
    for logger in list(streamlit.logger._loggers.values()):
        setup(logger)


def _told_by_us(record: logging.LogRecord) -> bool:
    return record.msg != "Uncaught app execution"


def _uncaught(kind: type[BaseException], error: BaseException, _: TracebackType | None) -> None:
    if not issubclass(kind, KeyboardInterrupt):
        event("uncaught", logging.CRITICAL, error=error)


def _uncaught_in_thread(told: threading.ExceptHookArgs) -> None:
    if told.exc_value is not None and not issubclass(told.exc_type, SystemExit):
        name = None if told.thread is None else told.thread.name
        event("uncaught", logging.CRITICAL, error=told.exc_value, thread=name)


def _unraisable(told: "sys.UnraisableHookArgs") -> None:
    event("uncaught", logging.ERROR, error=told.exc_value, where=told.err_msg)
