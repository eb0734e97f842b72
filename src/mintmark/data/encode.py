"""Columns to numpy arrays and back: floats for numeric kinds, codes for discrete ones.

Numbers and integers become themselves; datetimes microseconds since 1970-01-01 UTC; timedeltas
microseconds; a missing value NaN. Categories become positions in the schema's category list, a
missing value -1. Going back restores the Arrow type, decimals and resolution exactly.
"""

from __future__ import annotations

import datetime as dt
import decimal
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from mintmark.data.schema import Column, Schema, arrow_type
from mintmark.errors import InputError, first_three

__all__ = [
    "bound",
    "codes",
    "decode",
    "distinct",
    "encode",
    "from_codes",
    "from_numbers",
    "numbers",
    "scalar",
]

Floats = npt.NDArray[np.float64]
Codes = npt.NDArray[np.int32]

_STEP = {
    "microsecond": 1,
    "millisecond": 1_000,
    "second": 1_000_000,
    "minute": 60_000_000,
    "hour": 3_600_000_000,
    "day": 86_400_000_000,
}
_EXACT = decimal.Context(prec=400)  # a double has up to 309 digits before the point
_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)


def encode(table: pa.Table, schema: Schema) -> dict[str, Any]:
    """Arrays by column name: float64 for numeric kinds, int32 codes for discrete kinds.

    Discrete columns need `categories` in the schema; columns of other kinds are left out.
    """
    out: dict[str, Any] = {}
    for column in schema:
        if column.is_numeric:
            out[column.name] = numbers(table[column.name], column)
        elif column.is_discrete:
            out[column.name] = codes(table[column.name], column)
    return out


def decode(arrays: Mapping[str, Any], schema: Schema) -> pa.Table:
    """Inverse of `encode`: a table with the schema's columns, types and order."""
    made = [
        from_numbers(arrays[column.name], column)
        if column.is_numeric
        else from_codes(arrays[column.name], column)
        for column in schema
    ]
    return pa.table(made, schema=schema.arrow)


def numbers(array: pa.Array | pa.ChunkedArray, column: Column) -> Floats:
    """Floats of a numeric column, NaN where missing.

    Raises
    ------
    InputError
        If a value cannot be read as the column's kind; names column, row and value.
    """
    kind = array.type
    if isinstance(array, pa.ChunkedArray):
        array = array.combine_chunks()
    if pa.types.is_null(kind):
        return np.full(len(array), np.nan)
    if pa.types.is_string(kind):
        array = _parse(array, column)
        kind = array.type
    if pa.types.is_date(kind):
        array = array.cast(pa.timestamp("us"))
        kind = array.type
    if pa.types.is_timestamp(kind) or pa.types.is_duration(kind):
        whole = array.cast(pa.int64())
        if kind.unit == "ns":  # as floats they would lose the microseconds
            known = whole.is_valid().to_numpy(zero_copy_only=False)
            full, rest = np.divmod(pc.fill_null(whole, 0).to_numpy(zero_copy_only=False), 1000)
            return np.where(known, full + rest / 1000, np.nan)
        return _floats(whole) * {"s": 1e6, "ms": 1e3, "us": 1.0}[kind.unit]
    if pa.types.is_decimal(kind):
        array = array.cast(pa.float64())
    return _floats(array)


def _floats(array: pa.Array) -> Floats:
    out = array.cast(pa.float64(), safe=False).to_numpy(zero_copy_only=False)
    return np.array(out, dtype=np.float64)


def _parse(array: pa.Array, column: Column) -> pa.Array:
    """Text that holds dates or numbers, parsed; every non-missing value must be readable."""
    if column.kind == "datetime":
        pattern = column.format or "%Y-%m-%d"
        parsed = pc.strptime(array, format=pattern, unit="us", error_is_null=True)
    else:
        trimmed = pc.utf8_trim_whitespace(array)
        parsed = _to_float(trimmed)
        parsed = pc.if_else(pc.is_finite(parsed), parsed, pa.scalar(None, pa.float64()))
    bad = pc.and_(pc.is_null(parsed), pc.is_valid(array))
    if pc.any(bad).as_py():
        rows = np.flatnonzero(bad.to_numpy(zero_copy_only=False))
        shown = first_three(f"row {row + 1:,}: {array[int(row)].as_py()!r}" for row in rows)
        raise InputError(
            f"column {column.name!r} is declared {column.kind} but {shown} cannot be read so. "
            f"Fix the values, or declare kind 'category'."
        )
    return parsed


def _to_float(array: pa.Array) -> pa.Array:
    try:
        return array.cast(pa.float64())
    except pa.ArrowInvalid:
        values = [_float_or_none(value) for value in array.to_pylist()]
        return pa.array(values, pa.float64())


def _float_or_none(value: str | None) -> float | None:
    try:
        return None if value is None or "_" in value else float(value)
    except ValueError:
        return None


def from_numbers(values: Floats, column: Column) -> pa.Array:
    """Arrow array of the column's type; rounded to its decimals or resolution, kept in bounds."""
    kind = arrow_type(column.dtype)
    missing = np.isnan(values)
    if pa.types.is_null(kind):
        return pa.nulls(len(values))
    low, high = bound(column.low, column), bound(column.high, column)
    values = np.where(missing, 0.0, values)
    values = _rounded(values, column)
    if low is not None or high is not None:
        values = np.where(missing, 0.0, np.clip(values, low, high))
    if column.kind == "datetime":
        return _datetimes(values, missing, column, kind)
    if column.kind == "timedelta":
        per_us = {"s": 1e6, "ms": 1e3, "us": 1.0, "ns": 1.0}[kind.unit]
        whole = np.round(values / per_us).astype(np.int64) * (1000 if kind.unit == "ns" else 1)
        return pa.array(whole, pa.int64(), mask=missing).cast(kind)
    if pa.types.is_string(kind):
        places = 0 if column.kind == "integer" else column.decimals
        values = np.round(values, places) + 0.0 if places is not None else values  # no minus before a zero
        text = [f"{v:.{places}f}" if places is not None else repr(float(v)) for v in values]
        return pa.array(text, kind, mask=missing)
    if pa.types.is_decimal(kind):
        return _decimals(values, missing, kind)
    if pa.types.is_integer(kind):
        info = np.iinfo(kind.to_pandas_dtype())
        # float64 cannot hold 2**63 - 1: the largest double below it keeps the cast in range
        top = np.nextafter(float(info.max), 0.0) if info.bits == 64 else float(info.max)
        whole = np.clip(np.round(values), float(info.min), top).astype(kind.to_pandas_dtype())
        return pa.array(whole, kind, mask=missing)
    return pa.array(values.astype(kind.to_pandas_dtype()), kind, mask=missing)


def _decimals(values: Floats, missing: npt.NDArray[np.bool_], kind: pa.DataType) -> pa.Array:
    quantum = decimal.Decimal(1).scaleb(-kind.scale)
    most = decimal.Decimal(10**kind.precision - 1).scaleb(-kind.scale, _EXACT)
    exact = [
        None
        if gone
        else max(-most, min(most, decimal.Decimal(repr(float(v))))).quantize(quantum, context=_EXACT)
        for v, gone in zip(values, missing, strict=True)
    ]
    return pa.array(exact, kind)


def _rounded(values: Floats, column: Column) -> Floats:
    if column.kind == "integer":
        return np.round(values)
    if column.kind == "number" and column.decimals is not None:
        return np.round(values, column.decimals)
    if column.kind == "datetime" and column.resolution:
        step = _STEP[column.resolution]
        return np.round(values / step) * step
    return values


def _datetimes(values: Floats, missing: npt.NDArray[np.bool_], column: Column, kind: pa.DataType) -> pa.Array:
    whole = pa.array(np.round(values).astype(np.int64), pa.int64(), mask=missing)
    stamps = whole.cast(pa.timestamp("us"))
    if pa.types.is_string(kind):
        pattern = column.format or "%Y-%m-%d"
        text = [None if v is None else v.strftime(pattern) for v in stamps.to_pylist()]
        return pa.array(text, kind)
    if pa.types.is_date(kind):
        return stamps.cast(kind, safe=False)
    return stamps.cast(pa.timestamp(kind.unit), safe=False).cast(pa.int64()).cast(kind)


def bound(value: Any, column: Column) -> float | None:
    """A declared bound as `numbers` would encode it (datetimes from ISO text or a datetime)."""
    if value is None:
        return None
    if column.kind == "datetime":
        if isinstance(value, str):
            try:
                value = dt.datetime.fromisoformat(value)
            except ValueError:
                raise InputError(
                    f"column {column.name!r}: {value!r} is no ISO date such as 2024-05-31."
                ) from None
        elif isinstance(value, dt.date) and not isinstance(value, dt.datetime):
            value = dt.datetime(value.year, value.month, value.day)
        if not isinstance(value, dt.datetime):
            raise InputError(f"column {column.name!r}: {value!r} is no date.")
        if value.tzinfo is None:
            value = value.replace(tzinfo=dt.UTC)
        return float((value - _EPOCH) // dt.timedelta(microseconds=1))
    if column.kind == "timedelta":
        if isinstance(value, dt.timedelta):
            return float(value // dt.timedelta(microseconds=1))
        return _number(value, column) * 1e6
    return _as_held(_number(value, column), column)


def _as_held(value: float, column: Column) -> float:
    """The value as the column's type holds it: 1.7 in a column of float32 is 1.7000000477."""
    kind = arrow_type(column.dtype)
    if not (pa.types.is_floating(kind) and kind.bit_width < 64):
        return value
    with np.errstate(over="ignore"):
        return float(np.dtype(kind.to_pandas_dtype()).type(value))


def _number(value: Any, column: Column) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float, decimal.Decimal, np.number)):
        raise InputError(f"column {column.name!r}: {value!r} is not a number.")
    try:
        return float(value)
    except OverflowError:
        raise InputError(f"column {column.name!r}: {value!r:.20}... is too large for a number.") from None


def scalar(value: float, column: Column) -> int | float | str:
    """Inverse of `bound`: the encoded value as a schema writes it."""
    if column.kind == "datetime":
        moment = _EPOCH + dt.timedelta(microseconds=round(value))
        return moment.replace(tzinfo=None).isoformat()
    if column.kind == "timedelta":
        return value / 1e6
    if column.kind == "integer":
        return round(value)
    return float(value)


def distinct(array: pa.Array | pa.ChunkedArray) -> tuple[list[Any], npt.NDArray[np.int64]]:
    """Distinct non-missing values in a stable order, and how often each occurs."""
    counted = pc.value_counts(array)
    values = counted.field("values").to_pylist()
    counts = counted.field("counts").to_numpy()
    kept = [i for i, value in enumerate(values) if value is not None and value == value]
    kept.sort(key=lambda i: (str(type(values[i])), values[i]))
    return [values[i] for i in kept], np.asarray([counts[i] for i in kept], dtype=np.int64)


def codes(array: pa.Array | pa.ChunkedArray, column: Column) -> Codes:
    """Positions in the column's category list, -1 where missing.

    Raises
    ------
    InputError
        If a value is not among the categories; names column, row and value.
    """
    if column.categories is None:
        raise InputError(f"column {column.name!r} has no category list to code it by.")
    if isinstance(array, pa.ChunkedArray):
        array = array.combine_chunks()
    if pa.types.is_null(array.type) or not column.categories:
        return np.full(len(array), -1, dtype=np.int32)
    known = pa.array(list(column.categories), array.type)
    found = pc.index_in(array, value_set=known, skip_nulls=True)
    strange = pc.and_(pc.is_null(found), pc.is_valid(array))
    if pc.any(strange).as_py():
        rows = np.flatnonzero(strange.to_numpy(zero_copy_only=False))
        shown = first_three(f"row {row + 1:,}: {array[int(row)].as_py()!r}" for row in rows)
        raise InputError(f"column {column.name!r}, {shown} is not among its categories.")
    return np.asarray(pc.fill_null(found, -1).to_numpy(zero_copy_only=False), dtype=np.int32)


def from_codes(values: npt.NDArray[Any], column: Column) -> pa.Array:
    """Inverse of `codes`: an Arrow array of the column's type."""
    kind = arrow_type(column.dtype)
    if pa.types.is_null(kind) or not column.categories:
        return pa.nulls(len(values), kind)
    known = pa.array(list(column.categories), kind)
    positions = pa.array(np.asarray(values, dtype=np.int32), mask=np.asarray(values) < 0)
    return known.take(positions)
