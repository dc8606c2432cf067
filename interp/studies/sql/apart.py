"""SQL of whoever asks, answered in a process of its own.

Within a process a database's bounds hold between its steps only: a single call of a function, as
``repeat('x', 3000000000)``, is neither interrupted nor counted. The operating system bounds a process
whatever it does, and nobody else works in this one.

The process is ``python -m interp.studies.sql.apart``: it is given the question as JSON on its standard input,
and writes the answer as an Arrow stream, or the sentence that says why there is none.
"""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pyarrow as pa

from interp.errors import PuzzlescopeError
from interp.studies.sql.guarded import (
    USUAL,
    Bounds,
    Files,
    GoneError,
    answer,
    database,
    in_vain,
    too_large,
    too_much,
)

STARTED = 60.0
"""Seconds that a process may take besides, most of them until it has begun: many, on a busy machine."""
GRACE = 1.0
"""Seconds after which what does not hear that the time is over is ended."""
SPARE = 256
"""MiB that a process takes besides its database: the answer, threads' stacks."""
_REFUSED, _GONE = 3, 4


def answer_apart(
    files: Files,
    question: str,
    parameters: Sequence[Any] | Mapping[str, Any] = (),
    rows: int | None = None,
    bounds: Bounds = USUAL,
    views: Mapping[str, str] | None = None,
) -> pa.Table:
    """The answer to a SELECT, as of :func:`interp.studies.sql.guarded.answer` over
    :func:`interp.studies.sql.guarded.database`.

    Args:
        parameters: of kinds that JSON knows.

    Raises:
        PuzzlescopeError: if it cannot be answered, or costs more than its bounds.
    """
    asked = {
        "files": {name: list(paths) for name, paths in files.items()},
        "question": question,
        "parameters": dict(parameters) if isinstance(parameters, Mapping) else list(parameters),
        "rows": rows,
        "bounds": asdict(bounds),
        "views": dict(views or {}),
    }
    home = str(Path(__file__).parents[3])
    path = os.pathsep.join(filter(None, (home, os.environ.get("PYTHONPATH"))))
    try:
        ended = subprocess.run(
            [sys.executable, "-m", __name__],
            input=json.dumps(asked).encode(),
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={**os.environ, "PYTHONPATH": path},
            timeout=bounds.seconds + STARTED,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise in_vain(bounds) from error
    if ended.returncode == 0:
        return pa.ipc.open_stream(ended.stdout).read_all()
    if ended.returncode in (_REFUSED, _GONE):
        kind = GoneError if ended.returncode == _GONE else PuzzlescopeError
        raise kind(ended.stdout.decode(errors="replace"))
    raise in_vain(bounds) if ended.returncode == -getattr(signal, "SIGALRM", 0) else too_much(bounds)


# ---- the process -------------------------------------------------------------------------------------------


def _bound(bounds: Bounds) -> None:
    """Let the system end this process when its time is over, and give it no more memory than it may take."""
    if hasattr(signal, "setitimer"):
        signal.setitimer(signal.ITIMER_REAL, bounds.seconds + GRACE)
    with suppress(ImportError, OSError, ValueError):  # not every system has such limits
        import resource

        taken = int(Path("/proc/self/statm").read_text().split()[5]) * resource.getpagesize()
        most = taken + (bounds.memory + SPARE << 20)
        resource.setrlimit(resource.RLIMIT_DATA, (most, most))


def _answered(asked: Mapping[str, Any]) -> bytes:
    bounds = Bounds(**asked["bounds"])
    _bound(bounds)
    try:
        with database(asked["files"], bounds, asked["views"]) as connection:
            found = answer(connection, asked["question"], asked["parameters"], asked["rows"])
        if bounds.size is not None and found.nbytes > bounds.size << 20:
            raise too_large(bounds)
        sink = pa.BufferOutputStream()
        with pa.ipc.new_stream(sink, found.schema) as stream:
            stream.write_table(found)
        return bytes(sink.getvalue())
    except MemoryError as error:
        raise too_much(bounds) from error


def main() -> None:
    """Answer what is asked on the standard input."""
    code = 0
    try:
        told = _answered(json.load(sys.stdin))
    except GoneError as error:
        told, code = str(error).encode(), _GONE
    except PuzzlescopeError as error:
        told, code = str(error).encode(), _REFUSED
    sys.stdout.buffer.write(told)
    sys.stdout.buffer.flush()
    os._exit(code)  # the database's threads may still be at work


if __name__ == "__main__":
    main()
