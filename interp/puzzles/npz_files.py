"""Puzzles in NumPy's files: an array a task, or the two columns of the public data sets.

- ``np.savez(file, frame=tokens, grow=tokens)``, each ``[puzzle, 404]``, or ``[puzzle, 405]`` with the start
  token;
- ``np.savez(file, input_ids=tokens, label=names)``; more arrays beside these are left alone;
- arrays that NumPy itself called ``arr_0``, ..., a ``.npy`` file, or ``input_ids`` alone: puzzles without
  labels.

What an array says about itself is compared with what we take before any of it is read, and then it is read in
blocks.
"""

import re
import zipfile
from collections.abc import Iterator
from contextlib import ExitStack
from io import BufferedIOBase
from typing import Any, Protocol, runtime_checkable

import numpy as np

from interp.errors import PuzzlescopeError
from interp.puzzles.puzzle import LONGEST_TASK, PuzzleSet, quoted
from interp.puzzles.rows import BLOCK, LABELS, NUMBERS, Gathering, label_of
from interp.tokens import N_CTX, PUZZLE_TOKENS

MOST_ARRAYS = 1000
WIDEST_LABELS = 10 * LONGEST_TASK
"""Characters that an array of labels may keep for each of them, whether it uses them or not."""
LARGEST_AT_ONCE = 256 << 20
"""Bytes of an array that is stored by columns, which must be read as a whole."""

_NAMELESS = re.compile(r"arr_\d+")


@runtime_checkable
class Readable(Protocol):
    """A file, or a member of an archive."""

    def read(self, size: int = ..., /) -> bytes: ...


class Array:
    """An array in a file, of which only the description has been read.

    Args:
        file: stands at the array's beginning.
        what: names it for messages.
    """

    def __init__(self, file: Readable, what: str):
        self.what, self._file = what, file
        if np.lib.format.read_magic(file) != (1, 0):  # in the next one, a description may take gigabytes
            raise ValueError("expected version 1.0 of the format")
        self.shape, self._by_columns, self.dtype = np.lib.format.read_array_header_1_0(file)

    @property
    def puzzles(self) -> int:
        """How many there are, if it is of tokens: one may stand alone, [404]."""
        return self.shape[0] if len(self.shape) > 1 else 1

    def blocks(self) -> Iterator[np.ndarray]:
        """Its rows, some at a time."""
        if self._by_columns and len(self.shape) > 1:
            yield from self._of_columns()
            return
        length, *rest = self.shape or (1,)
        size = self.dtype.itemsize * int(np.prod(rest))
        for start in range(0, length, BLOCK):
            count = min(BLOCK, length - start)
            rows = np.frombuffer(self._file.read(count * size), dtype=self.dtype)
            yield rows.reshape(count, *rest)

    def _of_columns(self) -> Iterator[np.ndarray]:
        size = self.dtype.itemsize * int(np.prod(self.shape))
        if size > LARGEST_AT_ONCE:
            raise PuzzlescopeError(
                f"{self.what} is stored by columns and too large for that: save np.ascontiguousarray of it."
            )
        whole = np.frombuffer(self._file.read(size), dtype=self.dtype).reshape(self.shape[::-1]).T
        for start in range(0, len(whole), BLOCK):
            yield whole[start : start + BLOCK]


def read_npy(file: BufferedIOBase, gathering: Gathering) -> None:
    """Read a .npy file: puzzles without labels."""
    try:
        _read_task(Array(file, gathering.where), None, gathering)
    except PuzzlescopeError:
        raise
    except Exception as error:  # NumPy's errors are of several kinds
        raise PuzzlescopeError(f"{gathering.where} is not a plain array that can be read.") from error


def read_npz(file: BufferedIOBase, gathering: Gathering) -> None:
    """Read an .npz file.

    Raises:
        PuzzlescopeError: if it is damaged, too large, or an array in it is not what it should be.
    """
    try:
        with zipfile.ZipFile(file) as archive:
            _read_archive(archive, gathering)
    except (PuzzlescopeError, MemoryError):
        raise
    except Exception as error:  # damaged archives end in a dozen kinds of errors, zlib's own among them
        raise PuzzlescopeError(
            f"{gathering.where} is not an npz file of plain arrays that can be read: text is plain as"
            " np.array(names, dtype=str), objects are not."
        ) from error


def write_npz(puzzles: PuzzleSet, file: BufferedIOBase) -> None:
    """Write an array a task; or, if a task's name would be read as something else, columns as in the public
    sets."""
    arrays = {task: group.tokens for task, group in puzzles.by_task().items()}
    if any(name in NUMBERS or _NAMELESS.fullmatch(name) for name in arrays):
        arrays = {"input_ids": puzzles.tokens, "label": np.array([puzzle.task for puzzle in puzzles])}
    # Not np.savez: that cannot write a task called "file".
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, array in arrays.items():
            with archive.open(zipfile.ZipInfo(f"{name}.npy"), "w", force_zip64=True) as member:
                np.lib.format.write_array(member, array, allow_pickle=False)


def _read_archive(archive: zipfile.ZipFile, gathering: Gathering) -> None:
    members = {info.filename.removesuffix(".npy"): info for info in archive.infolist()}
    if any(info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED) for info in members.values()):
        raise ValueError("NumPy compresses in no other way, and these would have no bound")
    if len(members) > MOST_ARRAYS:
        raise PuzzlescopeError(
            f"{gathering.where} has {len(members):,} arrays: expected an array a task, or input_ids and"
            f" label."
        )
    with ExitStack() as opened:
        arrays = {
            name: Array(opened.enter_context(archive.open(info)), f"{gathering.where}, {quoted(name)}")
            for name, info in members.items()
        }
        column = next((name for name in NUMBERS if name in arrays), None)
        if column is None:
            for array in arrays.values():
                _check(array)
            gathering.expect(sum(array.puzzles for array in arrays.values()))
            for name, array in arrays.items():
                _read_task(array, None if _NAMELESS.fullmatch(name) else name, gathering)
            return
        names = next((name for name in LABELS if name in arrays), None)
        _read_columns(arrays[column], None if names is None else arrays[names], gathering)


def _check(array: Array) -> None:
    """Refuse an array by its description."""
    if (
        len(array.shape) not in (1, 2)
        or array.shape[-1] not in (PUZZLE_TOKENS, N_CTX)
        or array.dtype.kind not in "iuf"
    ):
        raise PuzzlescopeError(
            f"{array.what}: expected whole numbers [puzzles, {PUZZLE_TOKENS}], or {N_CTX} with the start"
            f" token; got {quoted(f'{array.dtype} {list(array.shape)}')}."
        )


def _read_task(array: Array, task: str | None, gathering: Gathering) -> None:
    _check(array)
    gathering.expect(array.puzzles)
    place, number = "puzzle" if task is None else f"{quoted(task)}, puzzle", 1
    for rows in _rows(array):
        gathering.add([task] * len(rows), rows, place, number)
        number += len(rows)


def _rows(array: Array) -> Iterator[np.ndarray]:
    """Blocks [row, 404 or 405], also of a puzzle alone."""
    if len(array.shape) == 1:
        yield np.concatenate(list(array.blocks()))[None]
    else:
        yield from array.blocks()


def _read_columns(array: Array, labels: Array | None, gathering: Gathering) -> None:
    if labels is None:
        _read_task(array, None, gathering)
        return
    _check(array)
    gathering.expect(array.puzzles)
    if labels.dtype.kind not in "USiu" or labels.shape not in ((), (array.puzzles,)):
        raise PuzzlescopeError(
            f"{labels.what}: expected text, one for each of the {array.puzzles:,} puzzles; got"
            f" {quoted(f'{labels.dtype} {list(labels.shape)}')}."
        )
    if labels.dtype.itemsize > 4 * WIDEST_LABELS:
        raise PuzzlescopeError(
            f"{labels.what}: a task's name has at most {LONGEST_TASK} letters, but {labels.dtype.itemsize:,}"
            " bytes are kept for each."
        )
    number = 1
    for rows, texts in zip(_rows(array), _texts(labels, array.puzzles), strict=True):
        gathering.add(texts, rows, "puzzle", number)
        number += len(rows)


def _texts(labels: Array, puzzles: int) -> Iterator[list[str]]:
    """The labels of each block of puzzles; a single one is that of all."""
    if labels.shape == ():
        (label,) = (_text(value) for value in np.concatenate(list(labels.blocks())).tolist())
        yield from ([label] * min(BLOCK, puzzles - start) for start in range(0, puzzles, BLOCK))
    else:
        yield from ([_text(value) for value in block.tolist()] for block in labels.blocks())


def _text(value: Any) -> str:
    return label_of(value.decode() if isinstance(value, bytes) else value)
