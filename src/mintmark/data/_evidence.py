"""What a search for relations looks at: coded columns, a part of the rows, how many persons."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from mintmark.data.dataset import Dataset
from mintmark.data.encode import from_numbers, numbers
from mintmark.data.keys import is_renewed
from mintmark.data.protect import persons
from mintmark.data.schema import Column, arrow_type

__all__ = [
    "EXACT", "array_of", "coded", "computable", "expected_breaks", "heads", "made", "may_read", "part",
    "person_of", "unbounded", "values_of",
]  # fmt: skip

EXACT = 2.0**53
"""Beyond it a float skips whole numbers, and no arithmetic with them is exact."""
_PART = 5_000
_FEWEST_ROWS = 100
"""Fewer rows prove no relation."""


def part(data: Dataset, rng: np.random.Generator) -> npt.NDArray[np.int64] | None:
    """Rows to search: at most half, so that the others can refute; None where there are too few."""
    n = len(data)
    if n < _FEWEST_ROWS:
        return None
    return np.sort(rng.permutation(n)[: min(_PART, n // 2)])


def may_read(column: Column) -> bool:
    """Whether a relation may read this column: it is modelled, and no free text."""
    return (column.is_numeric or column.is_discrete) and not is_renewed(column)


def made(records: Sequence[Mapping[str, Any]]) -> frozenset[str]:
    """Names of the columns that the records make, and of those that stand for several in one."""
    return frozenset(name for record in records for name in (record["column"], *record.get("columns", ())))


def coded(array: pa.Array | pa.ChunkedArray) -> tuple[npt.NDArray[np.int64], pa.Array]:
    """Positions (n,) in the distinct values, and these; a missing value is one of them."""
    if isinstance(array, pa.ChunkedArray):
        array = array.combine_chunks()
    if pa.types.is_null(array.type):
        return np.zeros(len(array), dtype=np.int64), pa.nulls(1)
    told = pc.dictionary_encode(array, null_encoding="encode")
    return np.asarray(told.indices.to_numpy(zero_copy_only=False), dtype=np.int64), told.dictionary


def heads(
    codes: npt.NDArray[np.int64], size: int, person: npt.NDArray[np.int64] | None
) -> npt.NDArray[np.int64]:
    """How many persons hold each code, shape (size,); a row each where `person` is None."""
    if person is None:
        return np.bincount(codes, minlength=size)
    return np.bincount(np.unique(np.stack([codes, person]), axis=1)[0], minlength=size)


def person_of(data: Dataset) -> npt.NDArray[np.int64] | None:
    """For each row its person; None where each row is one."""
    return persons(data) if data.schema.with_role("group") else None


def expected_breaks(a: npt.NDArray[np.int64], b: npt.NDArray[np.int64]) -> float:
    """In how many rows b would differ from another row of the same a if the two were unrelated."""
    share = np.bincount(b) / len(b)
    return float((len(a) - np.count_nonzero(np.bincount(a))) * (1 - np.sum(share**2)))


def computable(values: npt.NDArray[np.float64]) -> bool:
    """Whether arithmetic with these floats neither overflows nor vanishes, and they are not all alike."""
    known = values[~np.isnan(values)]
    return len(known) > 0 and bool(np.abs(known).max() < EXACT) and float(np.ptp(known)) > 1e-100


def values_of(array: pa.Array, column: Column) -> list[Any]:
    """JSON values of a few distinct values: numbers as `numbers` encodes them, others themselves."""
    if column.is_numeric:
        return [None if np.isnan(value) else float(value) for value in numbers(array, column)]
    return list(array.to_pylist())


def array_of(values: list[Any], column: Column) -> pa.Array:
    """Inverse of `values_of`: an array of the column's type."""
    if column.is_numeric:
        floats = np.array([np.nan if value is None else value for value in values], dtype=np.float64)
        return from_numbers(floats, unbounded(column))
    return pa.array(values, arrow_type(column.dtype))


def unbounded(column: Column) -> Column:
    """The column without ends, so that a value beyond them is rejected and not moved."""
    return dataclasses.replace(column, low=None, high=None)
