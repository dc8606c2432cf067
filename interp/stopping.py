"""How a program that was told to stop ends: with one word on stderr and the exit code that shells expect, 128
+ the signal.

:mod:`interp.__main__` calls this before anything else is imported, for PyTorch takes seconds and may be
interrupted too. So nothing but Python's own small modules may be imported here.
"""

import os
import signal
import sys
from contextlib import suppress
from types import FrameType
from typing import Any

WORD = "Stopped."


class Stopped(BaseException):
    """The program was told to stop, by Ctrl-C (SIGINT) or SIGTERM. No ``except Exception`` swallows it.

    Attributes:
        number: of the signal.
    """

    def __init__(self, number: int):
        super().__init__(number)
        self.number = number

    @property
    def exit_code(self) -> int:
        return 128 + self.number


def end_at_once(number: int, frame: FrameType | None = None) -> None:
    """A signal handler for when there is nothing to tidy up: say the word and be gone."""
    with suppress(OSError):  # nobody may listen
        os.write(2, f"{WORD}\n".encode())
    os._exit(128 + number)


def raise_stopped(number: int, frame: FrameType | None = None) -> None:
    """A signal handler for when there may be: unfinished files are removed on the way. Told twice, the
    program ends at once."""
    stop_with(end_at_once)
    raise Stopped(number)


def stop_with(handler: Any) -> None:
    """Have both signals handled by this; one that is ignored, as SIGINT is in a shell's background, stays
    ignored."""
    for number in (signal.SIGINT, signal.SIGTERM):
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, handler)


def notice_lost_stops() -> None:
    """End at once if ``Stopped`` was raised where Python can only print and forget it, as while an object is
    deleted."""
    usual = sys.unraisablehook

    def run(lost: "sys.UnraisableHookArgs") -> None:
        if isinstance(lost.exc_value, Stopped):
            end_at_once(lost.exc_value.number)
        usual(lost)

    sys.unraisablehook = run
