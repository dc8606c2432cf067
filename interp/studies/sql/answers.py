"""An answer in SQL as rows of plain values, and as a file."""

import io
from collections.abc import Callable
from typing import Any

import duckdb
import pyarrow as pa
from pyarrow import csv, parquet

from interp.outputs import strict_json

ENDINGS = (".csv", ".parquet", ".json")


def with_whole_numbers(table: pa.Table) -> pa.Table:
    """The same with counts as integers of 64 bits, where they fit: the database sums in 128."""
    for place, field in enumerate(table.schema):
        if pa.types.is_decimal(field.type) and field.type.scale == 0:
            try:
                whole = table.column(place).cast(pa.int64())
            except pa.ArrowInvalid:
                continue
            table = table.set_column(place, field.name, whole)
    return table


def rows_of(table: pa.Table) -> list[dict[str, Any]]:
    """The rows of an answer; bytes are told in hexadecimal, and what is neither number nor text as the text
    that the database makes of it."""
    names = table.column_names
    return [dict(zip(names, row, strict=True)) for row in zip(*map(_values, table.columns), strict=True)]


def _values(column: pa.ChunkedArray) -> list[Any]:
    """Numbers, texts and whether something holds, as Python has them; anything else as text."""
    kind = column.type
    if pa.types.is_dictionary(kind):
        return _values(column.cast(kind.value_type))
    if pa.types.is_decimal(kind):
        return [None if value is None else float(value) for value in column.to_pylist()]
    if _is_bytes(kind):
        return [None if value is None else value.hex() for value in column.to_pylist()]
    return column.to_pylist() if _is_plain(kind) else _as_text(column)


def _is_plain(kind: pa.DataType) -> bool:
    types = pa.types
    text = types.is_string(kind) or types.is_large_string(kind)
    return text or types.is_integer(kind) or types.is_floating(kind) or types.is_boolean(kind)


def _is_bytes(kind: pa.DataType) -> bool:
    return pa.types.is_binary(kind) or pa.types.is_large_binary(kind) or pa.types.is_fixed_size_binary(kind)


def _as_text(column: pa.ChunkedArray) -> list[str | None]:
    """By the database, whose dates reach further than Python's."""
    with duckdb.connect(":memory:") as connection:
        relation = connection.from_arrow(pa.table({"value": column}))
        return [row[0] for row in relation.project("value::VARCHAR").fetchall()]


def content(table: pa.Table, ending: str) -> bytes:
    """An answer as the bytes of a file.

    Args:
        ending: of its name, one of :data:`ENDINGS`.
    """
    if ending == ".json":
        return (strict_json(rows_of(table)) + "\n").encode()
    sink = io.BytesIO()
    if ending == ".csv":
        csv.write_csv(_told(table, _is_plain), sink)
    else:
        parquet.write_table(_told(table, _is_in_parquet), sink, compression="zstd")
    return sink.getvalue()


def _told(table: pa.Table, can_stay: Callable[[pa.DataType], bool]) -> pa.Table:
    """The same, with columns as text that a kind of file cannot hold."""
    for place, field in enumerate(table.schema):
        if not can_stay(field.type):
            table = table.set_column(place, field.name, pa.array(_values(table.column(place))))
    return table


def _is_in_parquet(kind: pa.DataType) -> bool:
    """Not so are intervals and unions."""
    try:
        parquet.write_table(pa.schema([("value", kind)]).empty_table(), io.BytesIO())
    except pa.ArrowNotImplementedError:
        return False
    return True
