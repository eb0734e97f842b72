"""Date shift: all dates of one person moved by the same number of days."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, ClassVar, Literal

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
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
    the order of his events, to the nanosecond, as they enter the mask: a date that fewer than ten persons
    repeat over ten rows or more is moved before, unless the column is declared with `protect=False`. In a
    column with a time zone all this is said of what the clocks of the zone show, not of hours elapsed: a time
    that they leave out on the day of arrival becomes the first after it; of an hour that they show twice the
    first is meant, so that within it events may change their order.
    Not kept: the calendar, and so seasons, days of the week, and which of two persons came first, up to
    twice `days`. Columns without declared bounds end `days` beyond their public schema, to whose ends the
    dates of the ten most extreme persons are moved before they are shifted. Declared bounds hold: declare
    them wider than the data by `days`, else who is near an end is known to have been shifted away from it.

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
        dates = {column.name: _clocks(data.table[column.name].combine_chunks(), column) for column in columns}
        person = owners(data)
        low, high = self._reach(columns, dates, person)
        days = drawn(low, high, rng)[person]
        return Masked({c.name: _moved(dates[c.name], days, c) for c in columns})

    def _reach(self, columns: list[Column], dates: dict[str, pa.Array], person: Ints) -> tuple[Ints, Ints]:
        """The least and the largest offset of each person, in days, shape (persons,)."""
        low, high = (np.full(int(person.max()) + 1, end) for end in (-self.days, self.days))
        for column in columns:
            at = numbers(dates[column.name], column)
            known = np.flatnonzero(~np.isnan(at))
            at, whose = at[known], person[known]
            least, most = _ends(column)
            np.maximum.at(low, whose, np.ceil((least - at) / _DAY).astype(np.int64))
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


def _ends(column: Column) -> tuple[float, float]:
    """The first and the last date that a column may hold, in microseconds of its clocks."""
    kind, ends = arrow_type(column.dtype), list(_limits(column))
    for which, end in enumerate((column.low, column.high)):
        at = bound(end, column)
        if at is not None and pa.types.is_timestamp(kind) and kind.tz is not None:
            moment = pa.array([int(at)], pa.timestamp("us", tz=kind.tz))
            at = float(numbers(_clocks(moment, column), column)[0])
        if at is not None:
            ends[which] = at
    first, last = _limits(column)
    return max(ends[0], first), min(ends[1], last)


def _clocks(array: pa.Array, column: Column) -> pa.Array:
    """Dates as the clocks of their time zone show them, without it; others as they are."""
    if not pa.types.is_timestamp(array.type) or array.type.tz is None:
        return array
    try:
        return pc.local_timestamp(array)
    except pa.ArrowInvalid as error:
        raise InputError(
            f"column {column.name!r}: {error}. Install the system's time zones (tzdata), or cast the column "
            "to UTC."
        ) from None


def _moved(clocks: pa.Array, days: Ints, column: Column) -> pa.Array:
    """Dates moved by whole days, in whole numbers of their own unit, so that no digit is lost."""
    kind = clocks.type
    if pa.types.is_null(kind):
        return clocks
    if pa.types.is_string(kind):
        return from_numbers(numbers(clocks, column) + days * _DAY, column)
    stamps = clocks.cast(pa.timestamp("ms")) if pa.types.is_date(kind) else clocks
    by = pa.array(days * 86_400).cast(pa.duration("s")).cast(pa.duration(stamps.type.unit))
    made = pc.add(stamps, by).cast(kind)
    zone = getattr(arrow_type(column.dtype), "tz", None)
    if zone is None:
        return made
    return pc.assume_timezone(made, zone, ambiguous="earliest", nonexistent="latest")


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
