"""Telling an event. Cheap where it is not written; any thread may."""

import hashlib
import logging
import secrets
from collections.abc import Iterator
from contextlib import contextmanager

from structlog.contextvars import bound_contextvars

NAME = "puzzlescope"
PERSONAL = ("person", "address")
"""Facts that are written only where the deployment asks for them: who it was, and from which address."""

_logger = logging.getLogger(NAME)
_key = secrets.token_bytes(16)


def event(
    name: str, level: int = logging.INFO, *, error: BaseException | None = None, **facts: object
) -> None:
    """Write an event down.

    Args:
        name: what has happened, in a word or two.
        error: whose traceback belongs to it.
        facts: plain values. Those under :data:`PERSONAL` are for the names and addresses of people; what is
            ``None`` is left out.
    """
    if _logger.isEnabledFor(level):
        known = {key: value for key, value in facts.items() if value is not None}
        # As three, so that the caller's `exc_info` is not needed: events may be told in another thread.
        info = None if error is None else (type(error), error, error.__traceback__)
        _logger.log(level, name, extra={"facts": known}, exc_info=info)


@contextmanager
def bound(**facts: object) -> Iterator[None]:
    """All that is written by this thread or task meanwhile has these facts."""
    with bound_contextvars(**facts):
        yield


def visitor_id(session: object) -> str:
    """What stands for a visit in the log: ten hexadecimal digits, the same for as long as this process lives.

    The session's own id is a secret, for it lets a browser take the session over; it cannot be found from
    this one.
    """
    return hashlib.blake2b(str(session).encode(), key=_key, digest_size=5).hexdigest()
