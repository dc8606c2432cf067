"""A server without a file handle left says so once a minute."""

import asyncio
import errno
import inspect
import logging
from asyncio import selector_events

from app.server.logs import accepts
from app.server.logs.accepts import SECONDS, SENTENCE, Accepts


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_asyncio_still_says_it_so() -> None:
    assert accepts.ASYNCIOS in inspect.getsource(selector_events.BaseSelectorEventLoop)


def test_one_line_a_minute_without_a_traceback() -> None:
    """By the way that asyncio itself goes."""
    clock, lines = Clock(), list[str]()
    handler = logging.Handler()
    handler.emit = lambda record: lines.append(logging.Formatter().format(record))  # type: ignore[method-assign]
    logger, ours = logging.getLogger("asyncio"), Accepts(clock)
    kept = list(logger.filters)
    logger.filters = [ours]
    logger.addHandler(handler)
    loop = asyncio.new_event_loop()
    try:
        for second in range(int(2 * SECONDS)):
            clock.now = second
            for _ in range(3):
                error = OSError(errno.EMFILE, "Too many open files")
                loop.call_exception_handler({"message": accepts.ASYNCIOS, "exception": error, "socket": "s"})
        loop.call_exception_handler({"message": "Task was destroyed"})
    finally:
        loop.close()
        logger.removeHandler(handler)
        logger.filters = kept
    assert lines == [SENTENCE, SENTENCE, "Task was destroyed"]
