"""A table as the rest of mintmark expects it: few types, no NaN, nothing nested, within limits."""

from __future__ import annotations

import json
import uuid
from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from mintmark.errors import InputError

__all__ = ["LARGEST_CELL", "LARGEST_MEDIA", "MOST_COLUMNS", "check_names", "tidy", "without_index"]

MOST_COLUMNS = 20_000
LARGEST_CELL = 1_000_000
"""Bytes of one cell of text."""
LARGEST_MEDIA = 50_000_000
"""Bytes of one cell that is no text: a picture, a sound."""


def check_names(names: Sequence[str]) -> None:
    """Raise `InputError` for no columns, too many, or two of one name."""
    if not names:
        raise InputError("the table has no columns.")
    if len(names) > MOST_COLUMNS:
        raise InputError(
            f"the table has {len(names):,} columns, the limit is {MOST_COLUMNS:,}. "
            "Choose some with read(..., columns=[...])."
        )
    seen: set[str] = set()
    for name in names:
        if name in seen:
            raise InputError(f"column {name!r} occurs more than once. Give every column a name of its own.")
        seen.add(name)


def without_index(table: pa.Table) -> pa.Table:
    """The table less the index that pandas stored beside its columns."""
    try:
        about = json.loads((table.schema.metadata or {}).get(b"pandas", b"{}"))
        index = [name for name in about["index_columns"] if isinstance(name, str)]
    except (ValueError, KeyError, TypeError):
        return table
    stored = [name for name in table.column_names if name in index and name.startswith("__index_level_")]
    return table.drop_columns(stored) if stored else table


def tidy(table: pa.Table) -> pa.Table:
    """The table with plain nullable types, NaN as missing, and no metadata.

    Raises
    ------
    InputError
        No rows, a nested column, an infinity, a cell above `LARGEST_CELL` or `LARGEST_MEDIA`; names column
        and row.
    """
    if table.num_rows == 0:
        raise InputError("the table has a header but no rows. Give at least one.")
    made = [_plain(table[name], name) for name in table.column_names]
    for name, array in zip(table.column_names, made, strict=True):
        _check_cells(array, name)
    fields = [pa.field(name, a.type) for name, a in zip(table.column_names, made, strict=True)]
    return pa.table(made, schema=pa.schema(fields))


def _plain(array: pa.ChunkedArray, name: str) -> pa.ChunkedArray:
    kind = array.type
    if isinstance(kind, pa.BaseExtensionType):
        array = _storage(array)
        kind = array.type
    if pa.types.is_dictionary(kind):
        array = array.cast(kind.value_type)
        kind = array.type
    if pa.types.is_run_end_encoded(kind):
        array = pc.run_end_decode(array)
        kind = array.type
    if pa.types.is_nested(kind):
        raise InputError(
            f"column {name!r} is nested ({str(kind)[:60]}). Spread it over plain columns, or leave it out "
            f"with read(..., drop=[{name!r}]), `drop` in a recipe, or --drop."
        )
    if pa.types.is_large_string(kind) or pa.types.is_string_view(kind) or pa.types.is_time(kind):
        return array.cast(pa.string())
    if _is_bytes(kind):
        return _bytes_or_text(array)
    if pa.types.is_interval(kind):
        raise InputError(f"column {name!r} holds calendar intervals. Make them durations or numbers.")
    if pa.types.is_floating(kind) and not pa.types.is_float16(kind):
        gone = pc.is_nan(array)
        if pc.any(gone).as_py():
            return pc.if_else(gone, pa.scalar(None, kind), array)
    return array


def _storage(array: pa.ChunkedArray) -> pa.ChunkedArray:
    if str(array.type) == "extension<arrow.uuid>":
        text = [None if cell is None else str(cell if isinstance(cell, uuid.UUID) else uuid.UUID(bytes=cell))
                for cell in array.to_pylist()]  # fmt: skip
        return pa.chunked_array([pa.array(text, pa.string())])
    chunks = [chunk.storage for chunk in array.chunks]
    return pa.chunked_array(chunks, array.type.storage_type)


def _is_bytes(kind: pa.DataType) -> bool:
    return bool(
        pa.types.is_binary(kind) or pa.types.is_large_binary(kind)
        or pa.types.is_fixed_size_binary(kind) or pa.types.is_binary_view(kind)
    )  # fmt: skip


def _bytes_or_text(array: pa.ChunkedArray) -> pa.ChunkedArray:
    """Text where the bytes are UTF-8 (older writers do not mark text), else plain binary."""
    plain = array.cast(pa.binary())
    try:
        return plain.cast(pa.string())
    except pa.ArrowInvalid:
        return plain


def _check_cells(array: pa.ChunkedArray, name: str) -> None:
    kind = array.type
    if pa.types.is_floating(kind):
        endless = pc.is_inf(array.cast(pa.float32()) if pa.types.is_float16(kind) else array)
        if pc.any(endless).as_py():
            row = _first(endless)
            raise InputError(
                f"column {name!r}, row {row + 1:,} of {len(array):,}: value {array[row].as_py()} "
                "is not finite. Replace infinities by a number or leave the cell empty."
            )
    elif pa.types.is_string(kind) or pa.types.is_binary(kind):
        size, limit = pc.binary_length(array), LARGEST_CELL if pa.types.is_string(kind) else LARGEST_MEDIA
        if (pc.max(size).as_py() or 0) > limit:
            row = _first(pc.greater(size, limit))
            raise InputError(
                f"column {name!r}, row {row + 1:,} of {len(array):,}: the cell holds "
                f"{size[row].as_py():,} bytes, the limit is {limit:,}. "
                f"Shorten it, or leave the column out with read(..., drop=[{name!r}]), `drop` in a recipe, "
                "or --drop."
            )


def _first(mask: pa.ChunkedArray) -> int:
    return int(np.flatnonzero(pc.fill_null(mask, False).to_numpy())[0])
