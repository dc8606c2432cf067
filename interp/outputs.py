"""Writing results: checked before anything is computed, whole or not at all, as JSON that every parser
takes."""

import json
import os
import stat
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from io import BufferedIOBase, BytesIO
from itertools import count
from math import isfinite
from pathlib import Path
from typing import Any

import numpy as np

from interp.errors import PuzzlescopeError

ROOM = 1 << 16
"""Bytes that a file's folder must have room for before a result is computed: more than most results have."""

_DEVICES = ("/dev/", "/proc/")
_numbers = count()


def output_path(name: str | Path, endings: Iterable[str] = ()) -> Path:
    """Where a result is to go, ``~`` expanded, once it is certain that it can be written there now.

    Tried out, as only that tells of a full disk, a read-only one or a folder of somebody else's: a file of
    ``ROOM`` bytes is made beside it and removed. A pipe or a device is taken as it is, and nothing is sent to
    it.

    Args:
        name: of the file. One that is there will be replaced.
        endings: that its name may have; any, if there are none.

    Raises:
        PuzzlescopeError: saying why it cannot be written.
    """
    given, allowed = str(name), tuple(endings)
    try:
        path = Path(given).expanduser()
        if given.endswith(("/", os.sep)):
            raise ValueError("that names a folder; name a file in it")
        if allowed and _ending(path) not in allowed:
            raise ValueError(f"expected a name that ends in {', '.join(allowed)}")
        _try_out(path)
    except (OSError, RuntimeError, ValueError) as error:
        raise PuzzlescopeError(
            f"Could not write {_short(given) or 'to no name'}: {reason(error)}."
        ) from error
    return path


def _ending(path: Path) -> str:
    """The last ending of a name, the one before it if that is ``.gz``, in small letters."""
    return Path(path.stem if path.suffix.lower() == ".gz" else path.name).suffix.lower()


def _try_out(path: Path) -> None:
    if _is_direct(path):
        flags = os.O_WRONLY | os.O_NONBLOCK | getattr(os, "O_NOCTTY", 0)
        if not stat.S_ISFIFO(path.stat().st_mode):  # to open a pipe may wait for its reader
            descriptor = os.open(path, flags)
            try:
                os.write(descriptor, b"")  # nothing: but a device that is full says so
            finally:
                os.close(descriptor)
        return
    target = path.resolve()
    if target.is_dir():
        raise ValueError("that is a folder; name a file in it")
    if not target.parent.exists():
        raise ValueError(f"there is no folder {_short(target.parent)}; make it first")
    if target.exists() and not (os.access(target, os.W_OK) and target.stat().st_mode & 0o222):
        raise ValueError("the file there is read-only")
    partial = _partial(target)
    try:
        with partial.open("xb") as file:
            file.write(bytes(ROOM))
    finally:
        with suppress(OSError):
            partial.unlink()


def write_whole(path: Path, content: str | bytes) -> None:
    """Write a file so that it is old or new, never half (see :func:`writing`).

    Raises:
        PuzzlescopeError: if it cannot be written.
    """
    with writing(path) as file:
        file.write(content.encode() if isinstance(content, str) else content)


@contextmanager
def writing(path: Path) -> Iterator[BufferedIOBase]:
    """Something to write a file's content to. The file is old or new, never half: a new one is made beside it
    and put in its place at the end. A pipe or a device is given the whole of it then.

    Raises:
        PuzzlescopeError: if it cannot be written, or what writes it has an error of the operating system's.
    """
    try:
        if _is_direct(path):
            content = BytesIO()
            yield content
            with path.open("wb") as file:
                file.write(content.getvalue())
            return
        target = path.resolve()  # of a link, what it points at
        partial = _partial(target)
        try:
            with partial.open("xb") as file:
                yield file
            if target.exists():
                partial.chmod(stat.S_IMODE(target.stat().st_mode))
            partial.replace(target)
        finally:
            with suppress(OSError):  # in place by now, or never made
                partial.unlink()
    except (OSError, ValueError) as error:
        raise PuzzlescopeError(f"Could not write {_short(path)}: {reason(error)}.") from error


def _is_direct(path: Path) -> bool:
    """Whether a path is a pipe, a device or whatever else nothing can be put in the place of."""
    if not path.exists():
        return False
    kind = path.stat().st_mode
    in_devices = str(path.absolute()).startswith(_DEVICES) and not stat.S_ISDIR(kind)
    return in_devices or not (stat.S_ISREG(kind) or stat.S_ISDIR(kind))


def _partial(target: Path) -> Path:
    """A name beside a file that is nobody else's; short, whatever the file's."""
    return target.parent / f".puzzlescope-{os.getpid()}-{next(_numbers)}.partial"


def _short(name: str | Path) -> str:
    """A name that fits a sentence."""
    text = str(name)
    return text if len(text) <= 120 else f"{text[:60]}…{text[-50:]}"


def reason(error: Exception) -> str:
    """Why an operating system refused, in its words."""
    return (getattr(error, "strerror", None) or str(error) or type(error).__name__).rstrip(".")


# ---- JSON --------------------------------------------------------------------------------------------------


def plain(value: Any) -> Any:
    """A value as JSON knows it, all the way down: NumPy's numbers as Python's, and ``None`` where a number is
    not finite.

    >>> plain({"loss": float("nan"), "rows": (np.float32(0.5), -0.0)})
    {'loss': None, 'rows': [0.5, 0.0]}
    """
    if isinstance(value, Mapping):
        return {str(name): plain(one) for name, one in value.items()}
    if isinstance(value, np.ndarray) and value.dtype.kind == "f" and np.isfinite(value).all():
        return (value + 0.0).tolist()  # all of it at once; -0.0 becomes 0 here too
    if isinstance(value, list | tuple | np.ndarray):
        return [plain(one) for one in value]
    value = value.item() if isinstance(value, np.generic) else value
    if isinstance(value, float):
        return (value or 0.0) if isfinite(value) else None  # a loss of -0.0 is 0
    return value


def strict_json(value: Any, *, indent: int | None = 1) -> str:
    """JSON that strict parsers take: NaN and Infinity, which are none, become ``null``."""
    return json.dumps(plain(value), indent=indent, allow_nan=False)
