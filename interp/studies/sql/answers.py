"""An answer in SQL as rows of plain values, and as a file."""

import io
from decimal import Decimal
from typing import Any

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
    """The rows of an answer; bytes are told in hexadecimal, and what is neither number nor text as text."""
    names = table.column_names
    columns = [[_plain(value) for value in column.to_pylist()] for column in table.columns]
    return [dict(zip(names, row, strict=True)) for row in zip(*columns, strict=True)]


def _plain(value: Any) -> Any:
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, Decimal):
        return float(value)
    return value.hex() if isinstance(value, bytes) else str(value)


def content(table: pa.Table, ending: str) -> bytes:
    """An answer as the bytes of a file.

    Args:
        ending: of its name, one of :data:`ENDINGS`.
    """
    if ending == ".json":
        return (strict_json(rows_of(table)) + "\n").encode()
    sink = io.BytesIO()
    if ending == ".csv":
        csv.write_csv(_flat(table), sink)
    else:
        parquet.write_table(table, sink, compression="zstd")
    return sink.getvalue()


def _flat(table: pa.Table) -> pa.Table:
    """The same with columns that a line of text can hold."""
    for place, field in enumerate(table.schema):
        kind = field.type
        if pa.types.is_nested(kind) or pa.types.is_binary(kind) or pa.types.is_decimal(kind):
            told = pa.array([_plain(value) for value in table.column(place).to_pylist()])
            table = table.set_column(place, field.name, told)
    return table
