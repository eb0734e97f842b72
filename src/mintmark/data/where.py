"""`where`: which rows are asked for, checked against the schema and matched against a table.

A column maps to a value, a list of values, a closed range ``(low, high)`` with None for open, or
None for missing.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from mintmark.data._forms import step_of
from mintmark.data.encode import bound, decode, numbers
from mintmark.data.schema import Column, Schema, arrow_type
from mintmark.errors import InputError, UnknownNameError, first_three

__all__ = ["NoneMeets", "Where", "both", "check_where", "matches", "meets", "narrower", "present", "several"]

Where = Mapping[str, Any]


class NoneMeets(Exception):
    """Nothing meets what is asked; `mintmark.data.derive` says of which columns, and why."""


def check_where(where: Where, schema: Schema) -> dict[str, Any]:
    """The condition in plain values, ranges of categories as the list of those within.

    Raises
    ------
    InputError
        If no row of this schema can match: wrong name, kind, value or range.
    """
    if not isinstance(where, Mapping):
        raise InputError(f"where is a mapping of column to what is asked for, not {where!r}.")
    told = {}
    for name, wanted in where.items():
        if name not in schema:
            raise UnknownNameError("column in where", name, schema.names)
        told[name] = _plain(wanted, f"where[{name!r}]")
        if isinstance(told[name], tuple) and _is_coded(schema[name]):
            told[name] = _within(told[name], schema[name])
        _check_one(told[name], schema[name])
    return told


def both(one: Any, other: Any, column: Column) -> Any:
    """What meets both conditions on a column.

    Raises
    ------
    NoneMeets
        If nothing does.
    """
    if isinstance(one, tuple) and isinstance(other, tuple):
        lows, highs = ([end for end in ends if end is not None] for ends in zip(one, other, strict=True))
        low = max(lows, key=lambda end: bound(end, column) or 0.0, default=None)
        high = min(highs, key=lambda end: bound(end, column) or 0.0, default=None)
        if _is_empty(bound(low, column), bound(high, column), column):
            raise NoneMeets
        return low, high
    values, rest = (other, one) if isinstance(one, tuple) else (one, other)
    if isinstance(rest, tuple):
        kept = [value for value in several(values) if value is not None and _lies(value, rest, column)]
    else:
        known = {_key(value, column) for value in several(rest)}
        kept = [value for value in several(values) if _key(value, column) in known]
    if not kept:
        raise NoneMeets
    return kept


def narrower(told: Where, name: str, wanted: Any, column: Column) -> dict[str, Any]:
    """The condition with one more on a column.

    Raises
    ------
    NoneMeets
        If nothing meets what is asked of the column already and this.
    """
    return {**told, name: both(told[name], wanted, column) if name in told else wanted}


def present(column: Column) -> Any:
    """The condition that a column is not missing."""
    return (None, None) if column.is_numeric else list(column.categories or ())


def several(wanted: Any) -> list[Any]:
    """The values of a condition that is no range."""
    return list(wanted) if isinstance(wanted, (list, set, frozenset)) else [wanted]


def _key(value: Any, column: Column) -> Any:
    return bound(value, column) if column.is_numeric else value


def _lies(value: Any, ends: tuple[Any, Any], column: Column) -> bool:
    x, low, high = (bound(one, column) for one in (value, *ends))
    return x is not None and (low is None or low <= x) and (high is None or x <= high)


def _is_empty(low: float | None, high: float | None, column: Column) -> bool:
    if low is None or high is None:
        return False
    return low > high or _is_between(low, high, _step(column))


def _plain(wanted: Any, where: str) -> Any:
    """Lists and ranges of plain values, whatever library the values are of."""
    if isinstance(wanted, tuple):
        return tuple(_plain_value(value, where) for value in wanted)
    if isinstance(wanted, (list, set, frozenset)):
        return [_plain_value(value, where) for value in wanted]
    return _plain_value(wanted, where)


def _plain_value(value: Any, where: str) -> Any:
    if _is_nothing(value):
        raise InputError(f"{where}: {value!r} is no value; ask for None to have missing ones.")
    if isinstance(value, np.datetime64):  # with nanoseconds, numpy would make a whole number of it
        return value.astype("datetime64[us]").item()
    if isinstance(value, np.timedelta64):
        return value.astype("timedelta64[us]").item()
    if isinstance(value, np.generic):
        return value.item()
    if callable(value) or (isinstance(value, (Iterable, slice)) and not isinstance(value, (str, bytes))):
        raise InputError(
            f"{where}: {value!r} is neither a value nor a list of values nor a range (low, high). "
            "Give a list, e.g. list(values)."
        )
    return value


def _is_nothing(value: Any) -> bool:
    """NaN, NaT or the NA of pandas, which cannot even be compared."""
    if type(value).__name__ == "NAType":
        return True
    return isinstance(value, (float, dt.datetime, np.generic)) and bool(value != value)


def _is_coded(column: Column) -> bool:
    """Whether the column's categories are numbers, so that a range says which of them are meant."""
    known = column.categories or ()
    return bool(known) and all(isinstance(c, (int, float)) and not isinstance(c, bool) for c in known)


def _within(wanted: tuple[Any, ...], column: Column) -> list[Any]:
    number = Column(name=column.name, kind="number", dtype="double")
    _check_range(wanted, number, where := f"where[{column.name!r}]")
    kept = [value for value in column.categories or () if _lies(value, (wanted[0], wanted[1]), number)]
    if not kept:
        raise InputError(
            f"{where}: no category lies in {wanted!r}. There are {first_three(column.categories or ())}."
        )
    return kept


def _check_one(wanted: Any, column: Column) -> None:
    where = f"where[{column.name!r}]"
    if column.personal:
        raise InputError(f"{where}: a personal column is made anew for every row and cannot be asked for.")
    if set(column.roles) & {"key", "group", "sequence_key"}:
        raise InputError(f"{where}: a key is made anew for every row and cannot be asked for.")
    if wanted is None:
        if column.missing == 0:
            raise InputError(f"{where}: the column is never missing.")
        return
    if isinstance(wanted, tuple):
        _check_range(wanted, column, where)
        return
    values = several(wanted)
    if not values:
        raise InputError(f"{where}: the list of values is empty.")
    if None in values:
        _check_one(None, column)
        values = [value for value in values if value is not None]
    if column.is_numeric:
        for value in values:
            _check_range((value, value), column, where)
        return
    strange = [value for value in values if value not in (column.categories or ())]
    if strange:
        raise InputError(
            f"{where}: {first_three(map(repr, strange))} cannot occur. {_meant(strange[0], column)}"
        )


def _meant(value: Any, column: Column) -> str:
    """What may be asked for in place of a value that cannot occur."""
    for known in column.categories or ():
        if str(known) == str(value):
            return f"Ask for {known!r}, of type {type(known).__name__} and not {type(value).__name__}."
    near = UnknownNameError("value", str(value), map(str, column.categories or ()))
    return str(near).partition(". ")[2]


def _check_range(wanted: tuple[Any, ...], column: Column, where: str) -> None:
    if not column.is_numeric:
        raise InputError(f"{where}: a range needs a number or a date; {column.kind} takes values.")
    if len(wanted) != 2:
        raise InputError(f"{where}: a range is (low, high), None for open; got {wanted!r}.")
    low, high = (_bound(value, column, where) for value in wanted)
    if low is not None and high is not None and low > high:
        raise InputError(f"{where}: low {wanted[0]!r} is above high {wanted[1]!r}.")
    if low is not None and high is not None and _is_between(low, high, _step(column)):
        held = "whole numbers" if column.kind == "integer" else "rounded values"
        raise InputError(f"{where}: the column holds {held}; none lies in {wanted!r}.")
    least, most = bound(column.low, column), bound(column.high, column)
    if (low is not None and most is not None and low > most) or (
        high is not None and least is not None and high < least
    ):
        raise InputError(
            f"{where}: {wanted!r} lies outside what the column holds, {column.low!r} to {column.high!r}."
        )


def _bound(value: Any, column: Column, where: str) -> float | None:
    try:
        return bound(value, column)
    except InputError as error:
        said = str(error).removeprefix(f"column {column.name!r}: ")
        form = {"datetime": "a date as '2024-05-31'", "timedelta": "seconds, or a datetime.timedelta"}
        raise InputError(f"{where}: {said} Ask for {form.get(column.kind, 'a number')}.") from None


def _step(column: Column) -> float:
    """The step in which values are rounded, 0 where in none that can be told: float32 holds no 0.1."""
    kind = arrow_type(column.dtype)
    return 0.0 if pa.types.is_floating(kind) and kind.bit_width < 64 else step_of(column)


def _is_between(low: float, high: float, step: float) -> bool:
    """Whether the range lies between two neighbouring values of a column rounded to steps."""
    if not step or not np.isfinite([low, high]).all() or max(abs(low), abs(high)) >= 2**53 * step:
        return False
    return bool(np.ceil(low / step - 1e-6) > np.floor(high / step + 1e-6))


def meets(values: npt.NDArray[Any], column: Column, wanted: Any) -> npt.NDArray[np.bool_]:
    """Which values of one column, as `encode` gives them, are among the wanted once they are written."""
    alone = Schema((column,))
    return matches(decode({column.name: values}, alone), alone, {column.name: wanted})


def matches(table: pa.Table, schema: Schema, where: Where) -> npt.NDArray[np.bool_]:
    """Which rows of the table are asked for, shape (n,)."""
    held = np.ones(table.num_rows, dtype=bool)
    for name, wanted in where.items():
        held &= _matches_one(table[name], schema[name], wanted)
    return held


def _matches_one(array: pa.ChunkedArray, column: Column, wanted: Any) -> npt.NDArray[np.bool_]:
    missing = np.asarray(array.is_null(nan_is_null=pa.types.is_floating(array.type)).to_numpy(), dtype=bool)
    if wanted is None:
        return missing
    values = [] if isinstance(wanted, tuple) else several(wanted)
    if None in values:
        return missing | _matches_one(array, column, [value for value in values if value is not None])
    if column.is_numeric:
        floats = numbers(array, column)
        if isinstance(wanted, tuple):
            low, high = (bound(value, column) for value in wanted)
            return (floats >= (-np.inf if low is None else low)) & (
                floats <= (np.inf if high is None else high)
            )
        return np.isin(floats, np.array([bound(value, column) for value in values], dtype=np.float64))
    if column.categories is not None:  # asked for as equal, e.g. 1 for True; Arrow wants its own type
        values = [category for category in column.categories if category in values]
    found = pc.is_in(array, value_set=pa.array(values, array.type))
    return np.asarray(found.to_numpy(), dtype=bool)
