"""Where results go: to a file, to standard output as JSON, or there as a table.

Whatever could keep a result from being written is found out before it is computed; what then fails
nevertheless costs no result, which is printed instead.
"""

import io
import os
import sys
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any

from interp.errors import PuzzlescopeError
from interp.outputs import output_path, reason, strict_json, write_whole
from interp.puzzles import Puzzle

DIVERGED = (
    "are not finite, as those of a model whose training diverged: they say nothing, and no puzzle with such"
    " numbers counts as solved."
)


def checked(out: str | None, endings: Iterable[str] = ()) -> Path | None:
    """The file of --out, before anything is computed for it."""
    return None if out is None else output_path(out, endings)


def folder_named(name: str) -> Path:
    """A folder as typed. (A shell expands ~ only at the start of a word.)"""
    try:
        return Path(name).expanduser()
    except RuntimeError:  # of nobody
        raise PuzzlescopeError(f"There is no folder {name}: nobody here has that name.") from None


def report(result: Any, table: Callable[[], None], as_json: bool, out: Path | None, note: str = "") -> None:
    """Put a result where it was asked for: into a file, on stdout as JSON, or, if neither, there as a table.

    Args:
        note: what a person should know of it, as a sentence.

    Raises:
        PuzzlescopeError: if the file cannot be written after all; then the result was printed.
    """
    failed: PuzzlescopeError | None = None
    if out is not None:
        try:
            write_whole(out, strict_json(result) + "\n")
        except PuzzlescopeError as error:
            failed = error
    if as_json or failed:
        say_result(strict_json(result))
    elif out is None:
        table()
        if note:
            say_result(note)
    if note and (as_json or out):
        say(note)
    if failed:
        raise PuzzlescopeError(f"{failed} The result was printed as JSON instead.") from failed


class ReaderGoneError(Exception):
    """The reader of standard output, such as ``head``, has had enough."""


def say_result(text: str) -> None:
    """Print a result, all of it, now: whether that works must be known before the program ends."""
    try:
        print(text, flush=True)
    except BrokenPipeError:
        raise ReaderGoneError from None
    except OSError as error:
        raise PuzzlescopeError(f"The result could not be printed: {reason(error)}.") from error


def say(text: str) -> None:
    """Tell a person, if there is somewhere to."""
    if sys.stderr is not None:
        with suppress(OSError, ValueError):
            print(text, file=sys.stderr, flush=True)


def check_stdout() -> None:
    """Know before anything is computed that nothing could be printed."""
    if sys.stdout is None:
        raise PuzzlescopeError(
            "There is nowhere to print to, for standard output is closed: send it to a file, or to /dev/null."
        )
    with suppress(io.UnsupportedOperation, AttributeError):  # not a file, as in a notebook
        descriptor = sys.stdout.fileno()
        try:
            os.write(descriptor, b"")  # nothing; a device that is full says so
        except OSError as error:
            raise PuzzlescopeError(f"Nothing can be printed: {reason(error)}.") from error


def drop_stdout() -> None:
    """Forget what cannot be printed; or Python would try once more at its end, and complain."""
    try:
        sys.stdout.flush()
    except (OSError, ValueError, AttributeError):
        with suppress(OSError, ValueError, AttributeError):
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, sys.stdout.fileno())
            os.close(nowhere)


def print_table(header: tuple[Any, ...], rows: list[tuple[Any, ...]], left: int = 1) -> None:
    """A table: its first columns, so many, begin at the left, and the others end at the right."""
    lines = [[str(cell) for cell in row] for row in (header, *rows)]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    found = []
    for line in lines:
        first, *rest = [
            cell.ljust(w) if k < left else cell.rjust(w)
            for k, (cell, w) in enumerate(zip(line, widths, strict=True))
        ]
        found.append("  ".join([first, *rest]).rstrip())
    say_result("\n".join(found))


def puzzle_text(puzzle: Puzzle) -> str:
    """The four grids side by side: a blank is a dot, colour 10 an a."""
    symbols = ".123456789a"
    titles = puzzle.structure.name.split(" ")
    lines = ["   ".join(title.ljust(10) for title in titles).rstrip()]
    for row in range(10):
        lines.append("   ".join("".join(symbols[cell] for cell in grid[row]) for grid in puzzle.grids))
    return "\n".join(lines)
