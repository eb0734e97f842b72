"""Date shift: all dates of one person moved by the same number of days."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, ClassVar, Literal

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from pydantic import Field

from mintmark.data.dataset import Dataset
from mintmark.data.encode import bound, from_numbers, numbers, scalar
from mintmark.data.schema import Column, Schema, arrow_type
from mintmark.errors import InputError
from mintmark.method import method
from mintmark.resample._sample import owners
from mintmark.transformer import Masked, RandomTransformer

__all__ = ["DateShift"]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
_DAY = 86_400e6  # microseconds


@method
class DateShift(RandomTransformer):
    """Shift every date of a person by one offset of whole days, drawn for him alone.

    Hripcsak, Mirhaji, Low, Malin (2016), "Preserving temporal relations in clinical data while maintaining
    privacy", JAMIA 23, 1040-1045, shift and no truncation. Persons are told by the column of role `group`
    (or `sequence_key`); a row that does not say whose it is has an offset of its own. Offsets are drawn
    evenly from -days to days, 0 left out, as far as the person's dates stay inside the columns' bounds.

    Kept exactly: the time between any two dates of a person, in one row or in several, the time of day and
    the order of his events, as they enter the mask: a date that fewer than ten persons repeat over ten rows
    or more is moved before, unless the column is declared with `protect=False`. Not kept: the calendar, and
    so seasons, days of the week, and which of two persons came first, up to twice `days`. Columns without
    declared bounds end `days` beyond their public schema, to whose ends the dates of the ten most extreme
    persons are moved before they are shifted. Declared bounds hold: declare them wider than the data by
    `days`, else who is near an end is known to have been shifted away from it.

    It is neither differential privacy nor anonymity. Who knows one date of a person knows his offset and
    so all his dates; the times between them, which are kept, often tell him by themselves; numbers and
    categories leave as they are, ages and durations among them.
    """

    masks: ClassVar[tuple[Literal["number", "category", "datetime"], ...]] = ("datetime",)

    days: Annotated[int, Field(ge=1, le=36_500, description="largest shift, in days")] = 183

    def _widened(self, public: Dataset, given: Schema) -> Dataset:
        for column in self.maskable(public.schema):
            limits = _limits(column)
            for end, sign in (("low", -1), ("high", 1)):
                at = bound(getattr(column, end), column)
                if at is not None and getattr(given[column.name], end) is None:
                    moved = float(np.clip(at + sign * self.days * _DAY, *limits))
                    public = replace(
                        public, schema=public.schema.edit(column.name, **{end: scalar(moved, column)})
                    )
        return public

    def _mask(self, data: Dataset, rng: np.random.Generator) -> Masked:
        columns = self.maskable(data.schema)
        dates = {column.name: numbers(data.table[column.name], column) for column in columns}
        person = owners(data)
        low, high = self._reach(columns, dates, person)
        shift = drawn(low, high, rng)[person] * _DAY
        return Masked({c.name: from_numbers(dates[c.name] + shift, c) for c in columns})

    def _reach(self, columns: list[Column], dates: dict[str, Floats], person: Ints) -> tuple[Ints, Ints]:
        """The least and the largest offset of each person, in days, shape (persons,)."""
        low, high = (np.full(int(person.max()) + 1, end) for end in (-self.days, self.days))
        for column in columns:
            known = np.flatnonzero(~np.isnan(dates[column.name]))
            at, whose = dates[column.name][known], person[known]
            ends = (bound(end, column) for end in (column.low, column.high))
            least, most = (np.nan if end is None else end for end in ends)
            if not np.isnan(least):
                np.maximum.at(low, whose, np.ceil((least - at) / _DAY).astype(np.int64))
            if not np.isnan(most):
                np.minimum.at(high, whose, np.floor((most - at) / _DAY).astype(np.int64))
        stuck = (low >= 0) & (high <= 0)
        if stuck.any():
            names = ", ".join(repr(column.name) for column in columns)
            raise InputError(
                f"the dates of {int(stuck.sum()):,} of {len(stuck):,} persons reach from one bound to the "
                f"other and cannot be shifted by a day. Declare wider bounds of {names}: data.edit(name, "
                f"low=..., high=...), {self.days} days before the first date and after the last."
            )
        return low, high


def _limits(column: Column) -> tuple[float, float]:
    """The first and the last day that the column's type can hold, in microseconds."""
    kind = arrow_type(column.dtype)
    if pa.types.is_timestamp(kind) and kind.unit == "ns":
        return -(2**63) / 1e3 + _DAY, 2**63 / 1e3 - _DAY
    first, last = (bound(f"{day}T00:00:00", column) for day in ("0001-01-01", "9999-12-31"))
    assert first is not None
    assert last is not None
    return first, last


def drawn(low: Ints, high: Ints, rng: np.random.Generator) -> Ints:
    """Whole numbers drawn evenly from `low` to `high`, ends included, but for 0.

    Parameters
    ----------
    low, high : array of int, shape (n,)
        One number other than 0 lies between them.
    """
    across = (low <= 0) & (high >= 0)  # 0 is leapt over
    many = high - low + 1 - across
    made = low + np.minimum((rng.random(len(low)) * many).astype(np.int64), many - 1)
    return np.asarray(made + (across & (made >= 0)))
