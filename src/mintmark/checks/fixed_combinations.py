"""Fixed combinations: only values that occur together in the real data, as in SDV's constraint."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import Annotated, Any, Self

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
from pydantic import Field, field_validator

from mintmark.check import Check
from mintmark.data.claims import Among, Claim
from mintmark.data.dataset import Dataset
from mintmark.data.encode import bound, numbers, scalar
from mintmark.data.protect import FEWEST, persons
from mintmark.data.schema import Column, Schema, arrow_type, json_value
from mintmark.errors import InputError
from mintmark.method import method

__all__ = ["FixedCombinations"]

_ABSENT, _MISSING = -1, -2


@method
class FixedCombinations(Check):
    """`columns` hold together only combinations that the real data holds; missing holds.

    Where `combinations` is not given, fitting fills it in with those that at least ten persons have
    (all, where protection is off for every one of the columns), because it leaves with the schema.
    """

    columns: Annotated[list[str], Field(min_length=2, description="columns that go together")]
    combinations: Annotated[
        list[list[Any]] | None,
        Field(min_length=1, description="the allowed ones; from the real data by default"),
    ] = None

    @field_validator("combinations", mode="before")
    @classmethod
    def _plain(cls, value: Any) -> Any:
        return json_value(value)

    def _reads(self) -> tuple[str, ...]:
        return tuple(self.columns)

    def _suits(self, schema: Schema) -> None:
        for name in self.columns:
            if not (schema[name].is_numeric or schema[name].is_discrete):
                raise InputError(
                    f"the rule '{self}': column {name!r} is {schema[name].kind}; it has no values to combine."
                )
        for row in self.combinations or ():
            if len(row) != len(self.columns):
                raise InputError(
                    f"the rule '{self}': combination {row!r} has {len(row)} values, not one for each of "
                    f"{len(self.columns)} columns."
                )
            for name, value in zip(self.columns, row, strict=True):
                self._fits(value, schema[name], row)

    def _fits(self, value: Any, column: Column, row: list[Any]) -> None:
        """Raise where the column can hold no such value."""
        if isinstance(value, (list, dict)):
            raise InputError(f"the rule '{self}': {value!r} in combination {row!r} is no single value.")
        try:
            if column.is_numeric:
                bound(value, column)
            else:
                _array((value,), arrow_type(column.dtype), column)
        except (InputError, pa.ArrowException):
            quoted = pa.types.is_string(arrow_type(column.dtype))
            raise InputError(
                f"the rule '{self}': {value!r} in combination {row!r} is no value of column {column.name!r}, "
                f"which is {column.kind} of type {column.dtype}. "
                + (f"Put it in quotes, '{value}'." if quoted else "Mend it.")
            ) from None

    @property
    def needs_data(self) -> bool:
        """Whether the combinations are still to be taken from the real data."""
        return self.combinations is None

    def _completed(self, data: Dataset) -> Self:
        if self.combinations is not None:
            return self
        fewest = FEWEST if any(data.schema[name].protect for name in self.columns) else 1
        found = _combinations(data, self.columns, fewest)
        if not found:
            raise InputError(
                f"the rule '{self}': no combination is held by {fewest} persons or more, so that none may "
                "leave. Give `combinations`, or drop the rule."
            )
        return dataclasses.replace(self, combinations=found)

    def _holds(self, data: Dataset) -> npt.NDArray[np.bool_]:
        held = np.ones(len(data), dtype=bool)
        if self.combinations is None:  # the data that it is taken from
            return held
        seen = np.zeros(len(self.combinations), dtype=np.int64)
        asked, missing = np.zeros(len(data), dtype=np.int64), ~held
        for name, values in zip(self.columns, zip(*self.combinations, strict=True), strict=True):
            column = data.schema[name]
            levels = _levels(values, column)
            codes = _codes(data.table[name], column, levels)
            missing |= codes == _MISSING
            held &= codes != _ABSENT
            places = _codes(_array(values, data.table[name].type, column), column, levels)
            # numbered anew at every column, so that no product of many columns overflows
            both = np.concatenate(
                [seen * (len(levels) + 1) + places, asked * (len(levels) + 1) + np.maximum(codes, 0)]
            )
            both = np.unique(both, return_inverse=True)[1]
            seen, asked = both[: len(seen)], both[len(seen) :]
        return np.asarray((held & np.isin(asked, seen)) | missing)

    def _claims(self, schema: Schema) -> Iterator[Claim]:
        if self.combinations:
            yield Among(self.reads, tuple(tuple(row) for row in self.combinations))

    def __str__(self) -> str:
        return f"{', '.join(self.columns)} hold combinations of the real data"


def _combinations(data: Dataset, names: list[str], fewest: int) -> list[list[Any]]:
    """Combinations without a missing value that `fewest` persons or more hold, in a fixed order."""
    arrays: list[Any] = []
    for name in names:
        column, array = data.schema[name], data.table[name].combine_chunks()
        arrays.append(pa.array(numbers(array, column), from_pandas=True) if column.is_numeric else array)
    keys = [str(i) for i in range(len(names))]
    table = pa.table([*arrays, persons(data)], [*keys, "person"]).drop_null()
    pairs = table.group_by([*keys, "person"]).aggregate([])
    counted = pairs.group_by(keys).aggregate([("person", "count")])
    kept = counted.filter(pc.greater_equal(counted["person_count"], fewest))
    columns = [
        [scalar(value, data.schema[name]) for value in values] if data.schema[name].is_numeric else values
        for name, values in zip(names, (kept[key].to_pylist() for key in keys), strict=True)
    ]
    return sorted((list(row) for row in zip(*columns, strict=True)), key=repr)


def _levels(values: tuple[Any, ...], column: Column) -> list[Any]:
    if column.is_numeric:
        return sorted({end for value in values if (end := bound(value, column)) is not None})
    return sorted(set(_array(values, arrow_type(column.dtype), column).drop_null().to_pylist()), key=repr)


def _array(values: tuple[Any, ...], kind: pa.DataType, column: Column) -> Any:
    if column.is_numeric:
        return [bound(value, column) for value in values]
    if pa.types.is_boolean(kind):  # 0 and 1 are flags, too
        values = tuple(
            bool(value) if isinstance(value, (int, float)) and value in (0, 1) else value for value in values
        )
    return pa.array(values, kind)


def _codes(array: Any, column: Column, levels: list[Any]) -> npt.NDArray[np.int64]:
    """Positions in the levels, `_ABSENT` or `_MISSING` where there is none."""
    if column.is_numeric:
        values = np.asarray(array) if isinstance(array, list) else numbers(array, column)
        place = np.minimum(np.searchsorted(levels, values), len(levels) - 1)
        found = np.where(np.asarray(levels)[place] == values, place, _ABSENT)
        return np.where(np.isnan(values), _MISSING, found)
    array = array.combine_chunks() if isinstance(array, pa.ChunkedArray) else array
    found = pc.fill_null(pc.index_in(array, value_set=pa.array(levels, array.type), skip_nulls=True), _ABSENT)
    codes = np.array(found, dtype=np.int64)
    codes[np.asarray(array.is_null().to_numpy(zero_copy_only=False), dtype=bool)] = _MISSING
    return codes
