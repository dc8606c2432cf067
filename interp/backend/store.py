"""Results that took long to compute, kept in a folder: they are found again after a restart, and by other
processes that share the folder.

A file is named by a hash of all that its result depends on: the library's code, PyTorch's version, the
weights, the device, the question. It holds the same as text, which is compared when it is read, and a
checksum. What is damaged or foreign is never used: it is removed, and computed again. A folder that is full,
or cannot be written, is told once in the log, and all goes on without.
"""

import hashlib
import logging
import os
import queue
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import torch

from interp.assets import BANK_FOLDER, PAIRS_FOLDER
from interp.backend.codec import STORED, UnstorableError, decode, encode, spelled
from interp.model import PuzzleGPT
from interp.sizes import bytes_in_words

MAGIC = b"puzzlescope result 1\n"
ENDING, PARTIAL = ".result", ".partial"
DIGEST = 32
MOST = 2**30
"""Bytes of all files together, unless something else is said."""
LARGEST = 2**27
"""Bytes of one."""
WAITING = 64
"""Results that may wait to be written; beyond that they are left out."""
LEFT = 3600.0
"""Seconds after which what is half written has been left by a process that is gone."""
COUNT_AGAIN = 64
"""Files after whose writing the folder is looked through: others write there too."""

_log = logging.getLogger(__name__)


class Keeper:
    """Where results are kept beyond the process: nowhere."""

    def find(self, checkpoint: str, question: Any) -> Any:
        """The result of this question to the model of this checkpoint, or ``None``."""
        return None

    def keep(self, checkpoint: str, question: Any, result: Any) -> None:
        """Keep it, some time soon."""

    def close(self, seconds: float = 1.0) -> None:
        """Keep what waits for that, for so many seconds at most, and no more."""


NOWHERE = Keeper()


@dataclass(frozen=True)
class _Waiting:
    about: str
    result: Any


class Store(Keeper):
    """A folder of results. Every method may be called from any thread; none raises for what is the matter
    with the folder.

    Args:
        folder: is made where it is not there.
        most: bytes of all files together; those that were not asked for longest go first.
    """

    def __init__(self, folder: Path, most: int = MOST):
        self._folder, self._most = folder / "results", most
        self._waiting: queue.Queue[_Waiting | None] = queue.Queue(WAITING)
        self._writing = threading.Lock()
        self._writer: threading.Thread | None = None
        self._told: set[str] = set()
        self._unlooked = 0
        with self._faults("made"):
            self._folder.mkdir(parents=True, exist_ok=True)
            self._tidy()

    def find(self, checkpoint: str, question: Any) -> Any:
        """The result of this question to the model of this checkpoint, or ``None``."""
        try:
            about = _about(checkpoint, question)
        except UnstorableError:
            return None
        path = self._path(about)
        data = None
        with self._faults("read"), suppress(FileNotFoundError), path.open("rb") as file:
            data = file.read(LARGEST + 1)
        if data is None:
            return None
        try:
            found = _read(data, about)
        except UnstorableError as error:
            _log.warning("A kept result is damaged and is computed anew: %s (%s).", path.name, error)
            with suppress(OSError):
                path.unlink()
            return None
        with suppress(OSError):
            os.utime(path)  # it was asked for
        return found

    def keep(self, checkpoint: str, question: Any, result: Any) -> None:
        """Write it in a thread of its own, if it is of a kind that takes long to compute. It must not change
        any more."""
        if not isinstance(result, STORED) or getattr(question, "first_look", False):
            return
        with suppress(UnstorableError, queue.Full):
            self._waiting.put_nowait(_Waiting(_about(checkpoint, question), result))
            with self._writing:
                if self._writer is None or not self._writer.is_alive():
                    self._writer = self._begin()

    def close(self, seconds: float = 1.0) -> None:
        """Write what waits to be written, for so many seconds at most, and no more."""
        with self._writing:
            writer = self._writer
        if writer is not None and writer.is_alive():
            with suppress(queue.Full):
                self._waiting.put(None, timeout=seconds)
            writer.join(seconds)

    def _begin(self) -> threading.Thread:
        # A daemon: a file that is half written when the process ends is none.
        writer = threading.Thread(target=self._write_on, name="puzzlescope-store", daemon=True)
        writer.start()
        return writer

    def _write_on(self) -> None:
        while (one := self._waiting.get()) is not None:
            with self._faults("written"):
                self._write(one)

    def _write(self, one: _Waiting) -> None:
        try:
            data = encode(one.result, one.about)
        except UnstorableError:
            return
        if len(data) > min(LARGEST, self._most):
            return
        path = self._path(one.about)
        partial = path.with_name(f"{path.stem}.{os.getpid()}-{time.monotonic_ns()}{PARTIAL}")
        try:
            with partial.open("xb") as file:
                file.write(MAGIC + hashlib.sha256(data).digest() + data)
                file.flush()
                os.fsync(file.fileno())
            partial.replace(path)
        except OSError:
            with suppress(OSError):
                partial.unlink()
            raise
        self._told.clear()
        self._unlooked += 1
        if self._unlooked >= COUNT_AGAIN or len(data) * COUNT_AGAIN > self._most:
            self._unlooked = 0
            self._make_room()

    def _make_room(self) -> None:
        files = sorted(self._files(), key=lambda one: one[1].st_mtime, reverse=True)
        total = 0
        for path, stat in files:
            total += stat.st_size
            if total > self._most:
                with suppress(FileNotFoundError):
                    path.unlink()

    def _tidy(self) -> None:
        """Take away what processes that are gone have left half written, and what is too much."""
        for path in self._folder.glob(f"*{PARTIAL}"):
            with suppress(FileNotFoundError):
                if time.time() - path.stat().st_mtime > LEFT:
                    path.unlink()
        self._make_room()

    def _files(self) -> Iterator[tuple[Path, os.stat_result]]:
        for path in self._folder.glob(f"*{ENDING}"):
            with suppress(FileNotFoundError):  # another process has removed it
                yield path, path.stat()

    def _path(self, about: str) -> Path:
        return self._folder / f"{hashlib.sha256(about.encode()).hexdigest()}{ENDING}"

    @property
    def nbytes(self) -> int:
        """Bytes of all files."""
        return sum(stat.st_size for _, stat in self._files())

    def _faults(self, done: str) -> "_Faults":
        return _Faults(self._folder, done, self._told)


@dataclass(frozen=True)
class _Faults:
    """What is the matter with the folder is told once in the log, and passed over."""

    folder: Path
    done: str
    told: set[str]

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> bool:
        if not isinstance(error, OSError):
            return False
        if self.done not in self.told:
            self.told.add(self.done)
            why = error.strerror or type(error).__name__
            _log.warning("Results cannot be %s in %s: %s. All goes on without.", self.done, self.folder, why)
        return True


def _read(data: bytes, about: str) -> Any:
    """The result in a file's bytes.

    Raises:
        UnstorableError: if they are not the file of what this text is about.
    """
    head = len(MAGIC) + DIGEST
    if not data.startswith(MAGIC) or hashlib.sha256(data[head:]).digest() != data[len(MAGIC) : head]:
        raise UnstorableError("it is not as it was written")
    found, said = decode(data[head:])
    if said != about:
        raise UnstorableError("it is the result of something else")
    return found


def _about(checkpoint: str, question: Any) -> str:
    """All that a result depends on, as text."""
    return "\n".join((code_id(), checkpoint, spelled(question)))


def stored_under(checkpoint: str, model: PuzzleGPT) -> str:
    """The name of a model's weights here: another device adds up in another order."""
    return f"{checkpoint} {next(model.parameters()).device.type}"


@cache
def code_id() -> str:
    """Of the code that computes results, of the bank and of the pairs: other ones may come to something
    else."""
    digest = hashlib.sha256(f"{torch.__version__} {np.__version__}".encode())
    root = Path(__file__).parent.parent
    for path in sorted(root.rglob("*.py")):
        digest.update(path.relative_to(root).as_posix().encode() + b"\0" + path.read_bytes())
    # Means are over the bank's puzzles, circuits over the pairs.
    for path in (*sorted(BANK_FOLDER.iterdir()), *sorted(PAIRS_FOLDER.iterdir())):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


def store_in(folder: str, most: int = MOST) -> Keeper:
    """A store in this folder, or none where none is said."""
    if not folder:
        return NOWHERE
    _log.info("Results are kept in %s, up to %s.", folder, bytes_in_words(most))
    return Store(Path(folder), most)
