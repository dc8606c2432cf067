"""Puzzles in Parquet, with the columns of the public data sets: "input_ids", lists of 404 or 405 numbers, and
"label".

The numbers may be of any width, also floats that are whole; the lists of fixed size or not; labels text, text
from a dictionary, or the numbers of a `datasets.ClassLabel`, whose names stand in the file. What a file says
about itself is compared with what we take before any of it is read, and then it is read some thousand rows at
a time.
"""

import json
from collections.abc import Iterator
from io import BufferedIOBase
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import parquet

from interp.errors import PuzzlescopeError
from interp.puzzles.puzzle import LONGEST_TASK, PuzzleSet, quoted
from interp.puzzles.rows import BLOCK, LABELS, NUMBERS, BadRowError, Gathering, expected, label_of
from interp.tokens import N_CTX, PUZZLE_TOKENS, with_start

BYTES_A_LABEL = 4 * LONGEST_TASK + 28
"""On average, of a column of labels as it is after decompression."""
SPARE = 1 << 20
MOST_PARTS = 100_000
"""Of lists in the file's description: row groups, columns. The public set has thousands."""


def read_parquet(file: BufferedIOBase, gathering: Gathering) -> None:
    """Read a Parquet file.

    Raises:
        PuzzlescopeError: if it is damaged, too large, or its columns are not what they should be.
    """
    try:
        with parquet.ParquetFile(file, thrift_container_size_limit=MOST_PARTS) as content:
            if not content.metadata.num_rows:
                return
            numbers, label = _columns(content, gathering.where)
            _check_sizes(content.metadata, numbers, label, gathering)
            text = label is not None and _is_text(content.schema_arrow.field(label).type)
        file.seek(0)
        # Texts stay numbered, as the file has them: one long label of a million rows must not become a
        # million.
        with parquet.ParquetFile(
            file, read_dictionary=[label] if text else None, thrift_container_size_limit=MOST_PARTS
        ) as content:
            _read(content, numbers, label, gathering)
    except PuzzlescopeError:
        raise
    except MemoryError as error:
        raise PuzzlescopeError(f"{gathering.where} needs more memory than there is.") from error
    except Exception as error:  # Arrow's errors are of many kinds, some of them Python's own
        raise PuzzlescopeError(f"{gathering.where} is not a Parquet file that can be read.") from error


def write_parquet(puzzles: PuzzleSet, file: BufferedIOBase) -> None:
    """Write the columns of the public data sets: the start token in front, 8 bits a token."""
    tokens = with_start(puzzles.tokens).astype(np.int8)
    columns = {
        "input_ids": pa.ListArray.from_arrays(
            pa.array(np.arange(len(tokens) + 1) * N_CTX, pa.int32()), pa.array(tokens.ravel())
        ),
        "label": pa.array([puzzle.task for puzzle in puzzles], pa.string()),
    }
    parquet.write_table(pa.table(columns), file)


def _columns(content: parquet.ParquetFile, where: str) -> tuple[str, str | None]:
    """What the columns of tokens and of labels are called, the latter None if there is none."""
    names = content.schema_arrow.names
    numbers = next((name for name in NUMBERS if name in names), None)
    if numbers is None:
        raise PuzzlescopeError(
            f"{where} does not hold puzzles: expected the columns {NUMBERS[0]} and {LABELS[0]}, got"
            f" {quoted(', '.join(names) or 'none')}."
        )
    kind = content.schema_arrow.field(numbers).type
    lists = pa.types.is_list(kind) or pa.types.is_large_list(kind) or pa.types.is_fixed_size_list(kind)
    if not lists or not (pa.types.is_integer(kind.value_type) or pa.types.is_floating(kind.value_type)):
        raise PuzzlescopeError(
            f"{where}, column {numbers}: expected lists of {PUZZLE_TOKENS} whole numbers, or {N_CTX} with"
            f" the start token, got {quoted(kind)}."
        )
    return numbers, next((name for name in LABELS if name in names), None)


def _check_sizes(
    metadata: parquet.FileMetaData, numbers: str, label: str | None, gathering: Gathering
) -> None:
    """Refuse what would be a bomb, by the sizes that the file itself gives."""
    gathering.expect(metadata.num_rows)
    values = bytes_of_labels = 0
    for group in range(metadata.num_row_groups):
        for number in range(metadata.num_columns):
            column = metadata.row_group(group).column(number)
            name = column.path_in_schema.split(".")[0]
            values += column.num_values if name == numbers else 0
            bytes_of_labels += column.total_uncompressed_size if name == label else 0
    if values > metadata.num_rows * N_CTX:
        raise PuzzlescopeError(
            f"{gathering.where}: expected at most {N_CTX} tokens a puzzle, got {values:,} for"
            f" {metadata.num_rows:,}."
        )
    if bytes_of_labels > metadata.num_rows * BYTES_A_LABEL + SPARE:
        raise PuzzlescopeError(
            f"{gathering.where}: a task's name has at most {LONGEST_TASK} letters, but the labels have"
            f" {bytes_of_labels:,} bytes."
        )


def _read(content: parquet.ParquetFile, numbers: str, label: str | None, gathering: Gathering) -> None:
    names = _class_names(content.schema_arrow.metadata, label)
    columns = [numbers] if label is None else [numbers, label]
    number = 1
    for batch in content.iter_batches(batch_size=BLOCK, columns=columns, use_threads=False):
        try:
            labels = [None] * len(batch) if label is None else _labels(batch.column(label), names)
            for start, rows in _same_width(batch.column(numbers)):
                gathering.add(labels[start : start + len(rows)], rows, "puzzle", number + start)
        except BadRowError as bad:
            raise PuzzlescopeError(f"{gathering.where}, puzzle {number + bad.row}: {bad}") from bad
        number += len(batch)


def _same_width(column: pa.Array) -> Iterator[tuple[int, np.ndarray]]:
    """The rows of a column of lists, split where their length changes: the first one's number, and [row,
    length]."""
    lengths = pc.fill_null(pc.list_value_length(column), 0).to_numpy(zero_copy_only=False)
    wrong = np.flatnonzero((lengths != PUZZLE_TOKENS) & (lengths != N_CTX))
    if len(wrong):
        raise BadRowError(int(wrong[0]), expected(f"got {lengths[wrong[0]]:,}"))
    starts = [0, *(np.flatnonzero(np.diff(lengths)) + 1).tolist()] if len(lengths) else []
    for start, end in zip(starts, [*starts[1:], len(lengths)], strict=True):
        values = column.slice(start, end - start).flatten()
        if values.null_count:
            empty = int(np.flatnonzero(values.is_null().to_numpy(zero_copy_only=False))[0])
            raise BadRowError(start + empty // int(lengths[start]), expected("got null"))
        yield start, values.to_numpy(zero_copy_only=False).reshape(end - start, -1)


def _labels(column: pa.Array, names: list[str]) -> list[str | None]:
    """The labels of some rows; None for the -1 of a `ClassLabel`, which means that there is none."""
    if pa.types.is_dictionary(column.type):
        texts = column.dictionary
        if _is_text(texts.type) and (pc.max(pc.binary_length(texts)).as_py() or 0) > 4 * LONGEST_TASK:
            raise BadRowError(
                0, f"A task's name has at most {LONGEST_TASK} letters, and a label here has more."
            )
        column = texts.take(column.indices)
    if column.null_count:
        row = int(np.flatnonzero(column.is_null().to_numpy(zero_copy_only=False))[0])
        raise BadRowError(row, "Its label is null: give every puzzle a task's name, or leave the column out.")
    if not pa.types.is_integer(column.type):
        return [_text(value, row) for row, value in enumerate(column.to_pylist())]
    numbers = column.to_pylist()
    if not names:
        return [label_of(number) for number in numbers]
    wrong = next((row for row, number in enumerate(numbers) if not -1 <= number < len(names)), None)
    if wrong is not None:
        raise BadRowError(
            wrong, f"Its label is {numbers[wrong]}, and the file names {len(names)} of them, from 0."
        )
    return [None if number < 0 else names[number] for number in numbers]


def _is_text(kind: pa.DataType) -> bool:
    """Whether these are texts, or bytes that may be, from a dictionary or not."""
    if pa.types.is_dictionary(kind):
        return _is_text(kind.value_type)
    return pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_binary(kind)


def _text(value: Any, row: int) -> str:
    try:
        return label_of(value.decode() if isinstance(value, bytes) else value)
    except BadRowError as bad:
        raise BadRowError(row, str(bad)) from bad


def _class_names(metadata: dict[bytes, bytes] | None, label: str | None) -> list[str]:
    """What the `datasets` library has written down as the names of numbered labels."""
    try:
        names = json.loads((metadata or {})[b"huggingface"])["info"]["features"][label]["names"]
    except (KeyError, TypeError, ValueError, RecursionError):
        return []
    return names if isinstance(names, list) and all(isinstance(name, str) for name in names) else []
