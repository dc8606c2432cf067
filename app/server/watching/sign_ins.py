"""Counting and logging who signs in; the gate calls this."""

import logging
from typing import Literal

from app.server import logs
from app.server.metrics import counters


def note(outcome: Literal["ok", "refused"], why: str | None = None, person: str | None = None) -> None:
    """An attempt to sign in has ended.

    Args:
        why: it was refused, in a word or two of the code's own.
        person: the address; it is written only where the deployment asks for names.
    """
    counters.SIGN_INS.labels(outcome).inc()
    level = logging.WARNING if outcome == "refused" else logging.INFO
    logs.event("sign-in", level, outcome=outcome, why=why, person=person)
