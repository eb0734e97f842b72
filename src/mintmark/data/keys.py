"""Key columns: made from the row's number in the whole table, never drawn, never a real key.

A key tells rows or persons apart and says nothing else. Integer keys start above the next power
of ten beyond every real one; text keys read ``column-00000001``.
"""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pyarrow as pa

from mintmark.data.dataset import Dataset
from mintmark.data.encode import numbers
from mintmark.data.schema import Column, Schema, arrow_type
from mintmark.errors import InputError

__all__ = ["is_renewed", "public", "renew", "renewed"]


def is_renewed(column: Column) -> bool:
    """Whether a row method makes this column from the row number (each row its own person)."""
    return bool({"key", "group", "sequence_key"} & set(column.roles))


def renewed(schema: Schema) -> list[str]:
    """Names of the columns made from the row number."""
    return [column.name for column in schema if is_renewed(column)]


def public(data: Dataset, modelled: Schema) -> Schema:
    """The public schema: modelled columns as protected, keys with nothing but where they start."""
    columns = tuple(
        _public_key(data.table[column.name], column) if is_renewed(column) else modelled[column.name]
        for column in data.schema
    )
    return Schema(columns, data.schema.checks)


def _public_key(array: pa.ChunkedArray, column: Column) -> Column:
    kind = array.type
    first: int | None = None
    if pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind):
        real = np.abs(numbers(array, dataclasses.replace(column, kind="integer")))
        top = float(np.nanmax(real)) if len(real) and not np.isnan(real).all() else 0.0
        first = 10 ** len(str(int(top))) + 1
    elif not pa.types.is_string(kind):
        raise InputError(
            f"column {column.name!r} is a key of type {kind}. Keys are integers or text; change its role."
        )
    return dataclasses.replace(
        column, low=first, high=None, categories=None, missing=0.0, decimals=None, format=None
    )


def renew(table: pa.Table, schema: Schema, start: int = 0) -> pa.Table:
    """The table with the schema's columns in order, its keys made for rows start, start + 1, ..."""
    arrays: list[Any] = []
    for column in schema:
        if not is_renewed(column):
            arrays.append(table[column.name])
            continue
        kind = arrow_type(column.dtype)
        number = np.arange(start, start + table.num_rows)
        if pa.types.is_string(kind):
            arrays.append(pa.array([f"{column.name}-{i + 1:08d}" for i in number], kind))
        else:
            arrays.append(pa.array(number + int(column.low or 1), pa.int64()).cast(kind))
    fields = [pa.field(column.name, arrow_type(column.dtype)) for column in schema]
    return pa.table(arrays, schema=pa.schema(fields))
