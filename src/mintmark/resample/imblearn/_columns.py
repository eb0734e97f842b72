"""Single columns: values to codes, Arrow numbers and dates to floats and back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from mintmark.data.encode import from_numbers, numbers
from mintmark.data.infer import infer
from mintmark.data.schema import Column, type_name
from mintmark.errors import InputError

__all__ = ["Coded", "as_array", "as_codes", "as_floats", "number_column"]

Floats = npt.NDArray[np.float64]
_PLAIN = (pa.types.is_integer, pa.types.is_floating, pa.types.is_decimal)
_TIMES = (pa.types.is_timestamp, pa.types.is_date)


@dataclass(frozen=True)
class Coded:
    """A column of categories.

    Parameters
    ----------
    codes : array of int32, shape (n,)
        -1 where missing.
    stands : array of int, shape (categories + 1,)
        A row that holds each category, and at the end one that is missing: new rows take its value.
    """

    codes: npt.NDArray[np.int32]
    stands: npt.NDArray[np.int64]


def as_codes(column: Any, name: str) -> Coded:
    """Codes of an array or series of any hashable values.

    Raises
    ------
    InputError
        If values cannot be compared.
    """
    array = _arrow(column)
    if array is None:
        codes, count = _of_objects(column, name)
    else:
        codes, count = _of_arrow(array, name)
    stands = np.zeros(count + 1, dtype=np.int64)
    stands[codes] = np.arange(len(codes))  # a missing one, -1, writes to the last
    return Coded(codes, stands)


def number_column(kind: pa.DataType, array: Any) -> Column | None:
    """How a column of this Arrow type is understood as a number; None where it is none."""
    dtype = type_name(kind)
    if any(is_of(kind) for is_of in _PLAIN):
        return Column(name="x", kind="integer" if pa.types.is_integer(kind) else "number", dtype=dtype)
    if any(is_of(kind) for is_of in _TIMES):
        # days stay days: the coarsest step that all dates keep
        return infer(pa.table({"x": array}), kinds={"x": "datetime"})["x"]
    return Column(name="x", kind="timedelta", dtype=dtype) if pa.types.is_duration(kind) else None


def as_floats(array: Any, column: Column) -> Floats:
    """Floats of an Arrow column, NaN where missing."""
    return numbers(array, column)


def as_array(values: Floats, column: Column) -> pa.Array:
    """Inverse of `as_floats`: rounded to what the column's type and dates hold."""
    return from_numbers(values, column)


def _arrow(column: Any) -> Any:
    """As an Arrow array, None where only Python can hold it."""
    if isinstance(column, (pa.Array, pa.ChunkedArray)):
        return column
    if hasattr(column, "to_arrow"):
        return column.to_arrow()
    try:
        array = pa.array(column, from_pandas=True)
    except (pa.ArrowException, TypeError, ValueError):
        return None
    return None if isinstance(array.type, pa.ExtensionType) else array  # periods, intervals


def _of_arrow(array: Any, name: str) -> tuple[npt.NDArray[np.int32], int]:
    if isinstance(array, pa.ChunkedArray):
        array = array.combine_chunks() if array.num_chunks != 1 else array.chunk(0)
    if pa.types.is_null(array.type):
        return np.full(len(array), -1, dtype=np.int32), 0
    if not pa.types.is_dictionary(array.type):
        try:
            array = array.dictionary_encode()
        except pa.ArrowException:
            raise InputError(
                f"{name} holds {array.type}, which are neither numbers nor categories. Drop it."
            ) from None
    codes = array.indices.cast(pa.int32()).fill_null(-1)  # some libraries number categories unsigned
    return codes.to_numpy(zero_copy_only=False), len(array.dictionary)


def _of_objects(column: Any, name: str) -> tuple[npt.NDArray[np.int32], int]:
    """Codes of Python objects, which may be of several types."""
    place: dict[Any, int] = {}
    codes = np.empty(len(column), dtype=np.int32)
    try:
        for row, value in enumerate(column):
            missing = value is None or value != value or str(value) in ("<NA>", "NaT")
            codes[row] = -1 if missing else place.setdefault(value, len(place))
    except TypeError:
        raise InputError(
            f"{name} holds objects that cannot be compared. Make them text, or drop it."
        ) from None
    return codes, len(place)
