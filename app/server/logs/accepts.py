"""A server without a file handle left cannot take connections. asyncio tries again every second and writes
many tracebacks each time: a disk full of them. One line a minute says as much.
"""

import logging
import time
from collections.abc import Callable

ASYNCIOS = "socket.accept() out of system resource"
"""How asyncio's message begins."""
SENTENCE = (
    "No connection can be taken: the process has no file handle left. Too many are open, some perhaps by a "
    "program that sends nothing: raise LimitNOFILE or `--ulimit nofile`, and put a proxy before it."
)
SECONDS = 60.0


class Accepts(logging.Filter):
    """Lets one such message a minute pass, as one line without its traceback.

    Args:
        clock: seconds.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._clock, self._last = clock, float("-inf")

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether it is to be written."""
        if not str(record.msg).startswith(ASYNCIOS):
            return True
        now = self._clock()
        if now - self._last < SECONDS:
            return False
        self._last = now
        record.msg, record.args, record.exc_info = SENTENCE, (), None
        return True


ACCEPTS = Accepts()
"""Of this process."""
