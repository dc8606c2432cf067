"""Pairs in a file: NumPy's ``.npz`` of five arrays, one entry a pair.

``base`` and ``counterfactual`` are the tokens, ``uint8 [pair, 404]`` without start token; ``task``, ``kind``
and ``variable`` are texts. ``other_task`` is the counterfactual's task, which is another one in pairs of that
kind, and may be left out of a file. Other arrays are left alone.
"""

import io
import zipfile
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any, cast

import numpy as np

from interp.errors import PuzzlescopeError
from interp.outputs import output_path, reason, write_whole
from interp.pairs.making import MOST, check_kind
from interp.pairs.pair import ALIGNED, Kind, Pair
from interp.puzzles import Puzzle
from interp.puzzles.puzzle import LONGEST_TASK, quoted
from interp.tokens import PUZZLE_TOKENS

LONGEST_VARIABLE = 200
TEXTS = {"task": LONGEST_TASK, "kind": LONGEST_TASK, "variable": LONGEST_VARIABLE}
"""The arrays of texts, and how long these may be."""
FAULTS = (
    OSError,
    ValueError,
    KeyError,
    EOFError,
    RuntimeError,  # encrypted, or compressed in a way that is not known here
    MemoryError,
    zipfile.BadZipFile,
    zlib.error,
)
"""What reading a damaged file ends with."""


def pairs_bytes(pairs: Sequence[Pair], **more: np.ndarray) -> bytes:
    """The file of these pairs. The same pairs give the same bytes.

    Args:
        more: further arrays beside them.
    """
    arrays: dict[str, np.ndarray] = {
        "base": np.stack([pair.base.tokens for pair in pairs]),
        "counterfactual": np.stack([pair.counterfactual.tokens for pair in pairs]),
        "task": np.array([pair.task for pair in pairs]),
        "kind": np.array([pair.kind for pair in pairs]),
        "variable": np.array([pair.variable for pair in pairs]),
        "other_task": np.array([pair.counterfactual.task for pair in pairs]),
    }
    file = io.BytesIO()
    np.savez_compressed(file, allow_pickle=False, **arrays, **more)
    return file.getvalue()


def write_pairs(pairs: Sequence[Pair], path: str | Path) -> Path:
    """Write pairs to a file, whole or not at all; returns its path.

    Raises:
        PuzzlescopeError: if it cannot be written, or there are no pairs.
    """
    if not pairs:
        raise PuzzlescopeError("Expected at least one pair to write, got none.")
    found = output_path(path, (".npz",))
    write_whole(found, pairs_bytes(pairs))
    return found


def read_pairs(path: str | Path) -> list[Pair]:
    """The pairs of a file. Their answers are taken as they are (:func:`interp.pairs.verified` checks them).

    Raises:
        PuzzlescopeError: naming the file, and the pair from 1, if it holds none or something else.
    """
    return pairs_of(Path(path).name, _arrays(Path(path)))


def pairs_of(name: str, arrays: dict[str, np.ndarray]) -> list[Pair]:
    """The pairs of these arrays, which come from a file of this name."""
    found = []
    for k in range(len(arrays["base"])):
        try:
            found.append(_pair({key: array[k] for key, array in arrays.items()}))
        except PuzzlescopeError as error:
            raise PuzzlescopeError(f"{quoted(name)}, pair {k + 1}: {error}") from error
    return found


def _pair(row: dict[str, Any]) -> Pair:
    """The pair of a file's row."""
    task, kind, variable = (str(row[key]) for key in TEXTS)
    for key, longest in TEXTS.items():
        text = str(row[key])
        if len(text) > longest or not text.isprintable():
            raise PuzzlescopeError(
                f"expected '{key}' to be at most {longest} letters on one line, got {quoted(text)}."
            )
    check_kind(kind)
    other = str(row.get("other_task", task))
    pair = Pair(
        Puzzle.of(task, row["base"]),
        Puzzle.of(other, row["counterfactual"]),
        cast(Kind, kind),
        task,
        variable,
    )
    if kind in ALIGNED and not pair.aligned:
        raise PuzzlescopeError(
            f"expected both puzzles of a pair of kind '{kind}' to have their grids in the same order, got"
            f" {pair.base.structure.name} and {pair.counterfactual.structure.name}."
        )
    return pair


def _arrays(path: Path) -> dict[str, np.ndarray]:
    expected = "Expected a file of pairs as `python -m interp pairs --out` writes it"
    try:
        with path.open("rb") as opened:
            if opened.read(2) != b"PK":  # NumPy would read a single array, too
                raise PuzzlescopeError(f"{expected}; {quoted(path.name)} is of another kind.")
            opened.seek(0)
            file = np.load(opened, allow_pickle=False)
            names = ["base", "counterfactual", *TEXTS, *(["other_task"] if "other_task" in file else [])]
            if missing := [name for name in names if name not in file]:
                raise PuzzlescopeError(f"{expected}; {quoted(path.name)} lacks {', '.join(missing)}.")
            if sum(one.file_size for one in file.zip.infolist()) > MOST * 4 * PUZZLE_TOKENS:
                raise PuzzlescopeError(f"{quoted(path.name)} is larger than {MOST:,} pairs: split it.")
            arrays = {name: file[name] for name in names}
    except FAULTS as error:
        why = reason(error) if isinstance(error, OSError) else "it is damaged"
        raise PuzzlescopeError(f"{expected}; {quoted(path.name)} could not be read: {why}.") from error
    _check_shapes(path.name, arrays)
    return arrays


def _check_shapes(name: str, arrays: dict[str, np.ndarray]) -> None:
    n = len(arrays["base"]) if arrays["base"].ndim else 0
    for key, array in arrays.items():
        shape = (n, PUZZLE_TOKENS) if key in ("base", "counterfactual") else (n,)
        kinds = "iu" if len(shape) == 2 else "U"
        if array.shape != shape or array.dtype.kind not in kinds:
            what = "whole numbers" if len(shape) == 2 else "texts"
            raise PuzzlescopeError(
                f"{quoted(name)}: expected '{key}' to be {what} {list(shape)},"
                f" got {array.dtype} {list(array.shape)}."
            )
    if not 1 <= n <= MOST:
        raise PuzzlescopeError(f"{quoted(name)}: expected 1 to {MOST:,} pairs, got {n:,}.")
