"""`where`: which rows are asked for, checked against the schema and matched against a table.

A column maps to a value, a list of values, a closed range ``(low, high)`` with None for open, or
None for missing.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from mintmark.data._forms import step_of
from mintmark.data.encode import bound, numbers
from mintmark.data.schema import Column, Schema, arrow_type
from mintmark.errors import InputError, UnknownNameError, first_three

__all__ = ["Where", "check_where", "matches"]

Where = Mapping[str, Any]


def check_where(where: Where, schema: Schema) -> None:
    """Raise `InputError` if no row of this schema can match: wrong name, kind, value or range."""
    if not isinstance(where, Mapping):
        raise InputError(f"where is a mapping of column to what is asked for, not {where!r}.")
    for name, wanted in where.items():
        if name not in schema:
            raise UnknownNameError("column in where", name, schema.names)
        _check_one(wanted, schema[name])


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
    if isinstance(wanted, (np.ndarray, range, Mapping, pa.Array, pa.ChunkedArray)):
        raise InputError(
            f"{where}: {wanted!r} is neither a value nor a list of values nor a range (low, high)."
        )
    values = _several(wanted)
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
        shown = first_three(repr(value) for value in strange)
        near = UnknownNameError("value", str(strange[0]), map(str, column.categories or ()))
        raise InputError(f"{where}: {shown} cannot occur. " + str(near).partition(". ")[2])


def _check_range(wanted: tuple[Any, ...], column: Column, where: str) -> None:
    if not column.is_numeric:
        raise InputError(f"{where}: a range needs a number or a date; {column.kind} takes values.")
    if len(wanted) != 2:
        raise InputError(f"{where}: a range is (low, high), None for open; got {wanted!r}.")
    low, high = (bound(value, column) for value in wanted)
    if any(end is not None and np.isnan(end) for end in (low, high)):
        raise InputError(f"{where}: NaN is no value; ask for None to have missing ones.")
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


def _step(column: Column) -> float:
    """The step in which values are rounded, 0 where in none that can be told: float32 holds no 0.1."""
    kind = arrow_type(column.dtype)
    return 0.0 if pa.types.is_floating(kind) and kind.bit_width < 64 else step_of(column)


def _is_between(low: float, high: float, step: float) -> bool:
    """Whether the range lies between two neighbouring values of a column rounded to steps."""
    if not step or not np.isfinite([low, high]).all() or max(abs(low), abs(high)) >= 2**53 * step:
        return False
    return bool(np.ceil(low / step - 1e-6) > np.floor(high / step + 1e-6))


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
    several = [] if isinstance(wanted, tuple) else _several(wanted)
    if None in several:
        return missing | _matches_one(array, column, [value for value in several if value is not None])
    if column.is_numeric:
        values = numbers(array, column)
        if isinstance(wanted, tuple):
            low, high = (bound(value, column) for value in wanted)
            return (values >= (-np.inf if low is None else low)) & (
                values <= (np.inf if high is None else high)
            )
        return np.isin(values, np.array([bound(value, column) for value in several], dtype=np.float64))
    if column.categories is not None:  # asked for as equal, e.g. 1 for True; Arrow wants its own type
        several = [category for category in column.categories if category in several]
    found = pc.is_in(array, value_set=pa.array(several, array.type))
    return np.asarray(found.to_numpy(), dtype=bool)


def _several(wanted: Any) -> list[Any]:
    return list(wanted) if isinstance(wanted, (list, set, frozenset)) else [wanted]
