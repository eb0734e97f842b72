"""Key columns: made from the row's number in the whole table, never drawn, never a real key.

A key tells rows or persons apart and says nothing else. Integer keys start above the next power
of ten beyond every real one (where their type ends before, above its least value); text keys
read ``column-00000001``.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from mintmark.data.dataset import Dataset
from mintmark.data.encode import numbers
from mintmark.data.schema import DISCRETE, NUMERIC, Column, Schema, arrow_type
from mintmark.data.shapes import Shape, common_shape, shape_of, shuffled, unshuffled
from mintmark.errors import InputError

__all__ = ["Made", "is_renewed", "made", "makes_rows", "public", "refuse", "renew", "renewed"]

Made = Mapping[str, npt.NDArray[np.uint64]]
"""For each text key with a pattern the key of its shuffling, then the places of the real keys in it."""

_ROOM = 1_000_000
"""Numbers that a key's type must leave free for new keys."""
_LOOKED_AT = 1_000
"""Texts of a pattern that are held against it before keys are made from it."""


def is_renewed(column: Column) -> bool:
    """Whether this column is made from the row number: a key, or a surrogate of what is personal."""
    return _is_renewed(column.roles, column.personal)


def _is_renewed(roles: Iterable[str], personal: str | None) -> bool:
    return personal is not None or bool({"key", "group", "sequence_key"} & set(roles))


def makes_rows(kind: str, roles: Iterable[str], personal: str | None) -> bool:
    """Whether such a column makes up a row that can be copied: a number, category or text, not made anew.

    Media do not, so that a copied row with another picture is still a copy.
    """
    return (kind in NUMERIC | DISCRETE or kind == "text") and not _is_renewed(roles, personal)


def renewed(schema: Schema) -> list[str]:
    """Names of the columns made from the row number."""
    return [column.name for column in schema if is_renewed(column)]


def public(data: Dataset, modelled: Schema) -> Schema:
    """The public schema: modelled columns as protected, keys with nothing but where they start."""
    columns = tuple(
        _public_personal(data.table[column.name], column)
        if column.personal
        else _public_key(data.table[column.name], column, declared_pattern(data.schema, column.name))
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


def declared_pattern(schema: Schema, name: str) -> str | None:
    """The regular expression that a rule of the schema demands of the column."""
    return next(
        (rule["pattern"] for rule in schema.checks if rule["check"] == "pattern" and rule["column"] == name),
        None,
    )


def _public_key(array: pa.ChunkedArray, column: Column, pattern: str | None) -> Column:
    kind = array.type
    first: int | None = None
    if pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind):
        real = numbers(array, dataclasses.replace(column, kind="integer"))
        first = _first(real[~np.isnan(real)], column)
    elif pa.types.is_string(kind):
        pattern = pattern or common_shape(array)
    else:
        raise InputError(
            f"column {column.name!r} is a key of type {kind}. Keys are integers or text; change its role."
        )
    return dataclasses.replace(
        column, low=first, high=None, categories=None, missing=0.0, decimals=None, format=pattern
    )


def made(data: Dataset, schema: Schema, rng: np.random.Generator) -> Made:
    """What text keys with a pattern need to be made from the row's number and never be a real one."""
    found = {}
    for column in schema:
        if is_renewed(column) and column.format is not None:
            shape, secret = shape_of(column.format, column.name), int(rng.integers(2**63))
            _check_texts(shape, column)
            real = data.table[column.name].unique().drop_null().to_pylist()
            places = unshuffled(shape.numbers(real), shape.size, secret)
            found[column.name] = np.concatenate([np.array([secret], dtype=np.uint64), np.sort(places)])
    return found


def _check_texts(shape: Shape, column: Column) -> None:
    """Raise where RE2, by which rules are judged, reads the pattern otherwise than keys are made from it."""
    texts = shape.texts(np.linspace(0, shape.size - 1, min(shape.size, _LOOKED_AT)).astype(np.uint64))
    matched = pc.match_substring_regex(pa.array(texts), rf"\A(?:{column.format})\z")
    if not pc.all(matched).as_py():
        raise InputError(
            f"keys of column {column.name!r} cannot be made from the pattern {column.format!r}: "
            f"{texts[pc.index(matched, False).as_py()]!r}, made from it, does not match it. Write it anew."
        )


def avoiding(found: Made, schema: Schema, data: Dataset) -> Made:
    """The same, where the text keys of these rows must not come out either."""
    kept = dict(found)
    for name in set(found) & set(data.names):
        secret, places = found[name][:1], found[name][1:]
        shape = shape_of(schema[name].format or "", name)
        real = shape.numbers(data.table[name].unique().drop_null().to_pylist())
        more = unshuffled(real, shape.size, int(secret[0]))
        kept[name] = np.concatenate([secret, np.union1d(places, more)])
    return kept


def refuse(schema: Schema, rows: int, made: Made) -> None:
    """Raise `InputError` where a declared pattern has too few texts for so many keys."""
    for column in schema:
        if column.format is not None and is_renewed(column) and declared_pattern(schema, column.name):
            free = _free(column, made)
            if rows > free:
                raise InputError(
                    f"{rows:,} keys are asked for, but only {free:,} texts match the pattern "
                    f"{column.format!r} of column {column.name!r} and are no real key. "
                    "Ask for fewer rows, or widen the pattern."
                )


def _free(column: Column, made: Made) -> int:
    assert column.format is not None
    return shape_of(column.format, column.name).size - max(0, len(made.get(column.name, ())) - 1)


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


def renew(table: pa.Table, schema: Schema, start: int = 0, made: Made | None = None) -> pa.Table:
    """The table with the schema's columns in order, its keys made for rows start, start + 1, ..."""
    arrays: list[Any] = []
    for column in schema:
        if column.personal or not is_renewed(column):
            arrays.append(table[column.name])
            continue
        kind = arrow_type(column.dtype)
        number = np.arange(start, start + table.num_rows)
        if pa.types.is_string(kind):
            arrays.append(pa.array(_texts(number.astype(np.uint64), column, made or {}), kind))
        else:
            whole = pa.array(number + _start(column, start + table.num_rows), pa.int64())
            if pa.types.is_decimal(kind):  # Arrow casts whole numbers only into room for all of them
                whole = whole.cast(pa.decimal128(38, kind.scale))
            arrays.append(whole.cast(kind))
    fields = [pa.field(column.name, arrow_type(column.dtype)) for column in schema]
    return pa.table(arrays, schema=pa.schema(fields))


def _texts(number: npt.NDArray[np.uint64], column: Column, made: Made) -> list[str]:
    """Text keys of the rows with these numbers; beyond the texts of a shape, plain ones longer than it."""
    if column.format is None:
        return [f"{column.name}-{i + 1:08d}" for i in number]
    shape, (secret, *_) = (
        shape_of(column.format, column.name),
        made.get(column.name, np.zeros(1, dtype=np.uint64)),
    )
    taken = made.get(column.name, np.zeros(1, dtype=np.uint64))[1:]
    inside = number[number < np.uint64(shape.size - len(taken))]
    # the r-th place that no real key has: as many further as taken places lie before it
    before = taken - np.arange(len(taken), dtype=np.uint64)
    place = inside + np.searchsorted(before, inside, side="right").astype(np.uint64)
    texts = shape.texts(shuffled(place, shape.size, int(secret)))
    return texts + [f"{column.name}-{i + 1:0{max(8, shape.longest)}d}" for i in number[len(inside) :]]


def _start(column: Column, rows: int) -> int:
    first = int(column.low or 1)
    if first + rows - 1 > _range(arrow_type(column.dtype))[1]:
        raise InputError(
            f"column {column.name!r} is a key of type {column.dtype}, too small for {rows:,} keys "
            f"from {first:,}. Ask for fewer rows, or give it as text or int64."
        )
    return first
