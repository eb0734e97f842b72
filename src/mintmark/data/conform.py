"""Which rows keep to a public schema: kinds, bounds, categories, missing values."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from mintmark.data.encode import bound, numbers
from mintmark.data.schema import Column, Schema

__all__ = ["conforms"]


def conforms(table: pa.Table, schema: Schema) -> npt.NDArray[np.bool_]:
    """For each row whether every value is one the schema allows, shape (n,)."""
    held = np.ones(table.num_rows, dtype=bool)
    for column in schema:
        held &= _column(table[column.name], column)
    return held


def _column(array: pa.ChunkedArray, column: Column) -> npt.NDArray[np.bool_]:
    missing = np.asarray(array.is_null(nan_is_null=pa.types.is_floating(array.type)).to_numpy(), dtype=bool)
    if column.is_numeric:
        values = numbers(array, column)
        declared = bound(column.low, column), bound(column.high, column)
        low = -np.inf if declared[0] is None else declared[0]
        high = np.inf if declared[1] is None else declared[1]
        if pa.types.is_decimal(array.type):  # Arrow turns them into floats to the last digit but one
            low, high = np.nextafter(low, -np.inf), np.nextafter(high, np.inf)
        ok = (values >= low) & (values <= high)
    elif column.is_discrete and column.categories:
        known = pa.array(list(column.categories), array.type)
        ok = np.asarray(pc.is_in(array, value_set=known).to_numpy(), dtype=bool)
    else:
        ok = missing.copy() if column.is_discrete else np.ones(len(missing), dtype=bool)
    return np.where(missing, column.missing != 0, ok)
