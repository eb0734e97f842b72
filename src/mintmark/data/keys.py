"""Key columns: made from the row's number in the whole table, never drawn, never a real key.

A key tells rows or persons apart and says nothing else. Integer keys start above the next power
of ten beyond every real one (where their type ends before, above its least value); text keys
read ``column-00000001``.
"""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from mintmark.data.dataset import Dataset
from mintmark.data.encode import numbers
from mintmark.data.schema import Column, Schema, arrow_type
from mintmark.errors import InputError

__all__ = ["is_renewed", "public", "renew", "renewed"]

_ROOM = 1_000_000
"""Numbers that a key's type must leave free for new keys."""


def is_renewed(column: Column) -> bool:
    """Whether this column is made from the row number: a key, or a surrogate of what is personal."""
    return column.personal is not None or bool({"key", "group", "sequence_key"} & set(column.roles))


def renewed(schema: Schema) -> list[str]:
    """Names of the columns made from the row number."""
    return [column.name for column in schema if is_renewed(column)]


def public(data: Dataset, modelled: Schema) -> Schema:
    """The public schema: modelled columns as protected, keys with nothing but where they start."""
    columns = tuple(
        _public_personal(data.table[column.name], column)
        if column.personal
        else _public_key(data.table[column.name], column)
        if is_renewed(column)
        else modelled[column.name]
        for column in data.schema
    )
    return Schema(columns, data.schema.checks)


def _public_personal(array: pa.ChunkedArray, column: Column) -> Column:
    """A personal column as it leaves: what it is and how often it is missing."""
    share = array.null_count / len(array) if len(array) else 0.0
    return dataclasses.replace(
        column, low=None, high=None, categories=None, format=None, missing=round(share, 4)
    )


def _public_key(array: pa.ChunkedArray, column: Column) -> Column:
    kind = array.type
    first: int | None = None
    if pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind):
        real = numbers(array, dataclasses.replace(column, kind="integer"))
        first = _first(real[~np.isnan(real)], column)
    elif not pa.types.is_string(kind):
        raise InputError(
            f"column {column.name!r} is a key of type {kind}. Keys are integers or text; change its role."
        )
    return dataclasses.replace(
        column, low=first, high=None, categories=None, missing=0.0, decimals=None, format=None
    )


def _first(real: npt.NDArray[np.float64], column: Column) -> int:
    """A number from which at least `_ROOM` new keys fit into the column's type."""
    low, high = _range(arrow_type(column.dtype))
    above = 10 ** len(str(int(np.abs(real).max(initial=0.0)))) + 1
    if above + _ROOM <= high:
        return int(above)
    if low < 0 and real.min(initial=0.0) > low + 2 * _ROOM:
        return low + 1
    raise InputError(
        f"column {column.name!r} is a key of type {column.dtype}, which leaves no room for new keys. "
        "Give it as text or as int64, or drop it."
    )


def _range(kind: pa.DataType) -> tuple[int, int]:
    """Least and greatest whole number that a key of this Arrow type may be."""
    if pa.types.is_integer(kind):
        info = np.iinfo(kind.to_pandas_dtype())
        return int(info.min), min(int(info.max), 2**63 - 1)  # made as int64
    if pa.types.is_decimal(kind):
        most = min(10 ** (kind.precision - kind.scale) - 1, 2**63 - 1)
        return -most, most
    most = 2 ** {16: 11, 32: 24, 64: 53}[kind.bit_width]  # beyond it floats skip whole numbers
    return -most, most


def renew(table: pa.Table, schema: Schema, start: int = 0) -> pa.Table:
    """The table with the schema's columns in order, its keys made for rows start, start + 1, ..."""
    arrays: list[Any] = []
    for column in schema:
        if column.personal or not is_renewed(column):
            arrays.append(table[column.name])
            continue
        kind = arrow_type(column.dtype)
        number = np.arange(start, start + table.num_rows)
        if pa.types.is_string(kind):
            arrays.append(pa.array([f"{column.name}-{i + 1:08d}" for i in number], kind))
        else:
            whole = pa.array(number + _start(column, start + table.num_rows), pa.int64())
            if pa.types.is_decimal(kind):  # Arrow casts whole numbers only into room for all of them
                whole = whole.cast(pa.decimal128(38, kind.scale))
            arrays.append(whole.cast(kind))
    fields = [pa.field(column.name, arrow_type(column.dtype)) for column in schema]
    return pa.table(arrays, schema=pa.schema(fields))


def _start(column: Column, rows: int) -> int:
    first = int(column.low or 1)
    if first + rows - 1 > _range(arrow_type(column.dtype))[1]:
        raise InputError(
            f"column {column.name!r} is a key of type {column.dtype}, too small for {rows:,} keys "
            f"from {first:,}. Ask for fewer rows, or give it as text or int64."
        )
    return first
