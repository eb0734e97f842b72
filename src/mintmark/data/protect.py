"""Public schema: what may leave, and rows brought inside it before anything is learnt.

A number, date or duration ends at the mean of the ten most extreme persons at either end;
categories of fewer than ten persons are merged into one, or drawn again from the others where even
together they are fewer than ten, or no text; what a user declared stays as declared. A numeric
column known of fewer than ten persons keeps no value, unless both of its bounds were declared.
A number that fewer than ten persons repeat over ten rows or more is moved to means of ten persons.
Because the rows are protected before a method sees them, no method can learn what must not leave.
A person is a row, or all rows that share a value of the column with role ``group``, else of that
with role ``sequence_key``.
"""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from mintmark.data.dataset import Dataset
from mintmark.data.encode import _STEP, bound, distinct, from_numbers, numbers, scalar
from mintmark.data.keys import is_renewed
from mintmark.data.schema import Column, Schema, arrow_type

__all__ = ["FEWEST", "OTHER", "persons", "protect"]

FEWEST = 10
"""Fewest persons a published category, extreme or cell stands for."""
OTHER = "(other)"
"""The category of text that stands for all that are rarer than `FEWEST` persons."""


def persons(data: Dataset) -> npt.NDArray[np.int64]:
    """For each row the number of its person, shape (n,)."""
    groups = data.schema.with_role("group") or data.schema.with_role("sequence_key")
    if not groups:
        return np.arange(len(data), dtype=np.int64)
    coded = pc.dictionary_encode(data.table[groups[0]].combine_chunks(), null_encoding="encode")
    return np.asarray(coded.indices.to_numpy(zero_copy_only=False), dtype=np.int64)


def protect(data: Dataset, rng: np.random.Generator) -> Dataset:
    """The rows with extremes drawn in and rare categories merged, under their public schema.

    Parameters
    ----------
    data : Dataset
        Columns of numeric and discrete kinds; others pass unchanged.
    rng : numpy.random.Generator
        For redrawing rare categories and moving numbers that few persons repeat.

    Returns
    -------
    Dataset
        Same columns and types; bounds, categories and missing shares filled in.
    """
    person = persons(data)
    table, columns = data.table, []
    for index, column in enumerate(data.schema):
        array = data.table[column.name].combine_chunks()
        if is_renewed(column):  # a key is made anew, nothing of it is published
            columns.append(column)
            continue
        if column.is_numeric:
            array, column = _ends(array, column, person, rng)
        elif column.is_discrete:
            array, column = _categories(array, column, person, rng)
        share = array.null_count / len(array) if len(array) else 0.0
        columns.append(dataclasses.replace(column, missing=round(share, 4) or (1e-4 if share else 0)))
        table = table.set_column(index, pa.field(column.name, array.type), array)
    return Dataset(table, Schema(tuple(columns), data.schema.checks), data.provenance)


def _ends(
    array: pa.Array, column: Column, person: npt.NDArray[np.int64], rng: np.random.Generator
) -> tuple[pa.Array, Column]:
    values = numbers(array, column)
    known = ~np.isnan(values)
    low, high = column.low, column.high
    few = column.protect and (low is None or high is None) and _several(person[known]) < FEWEST
    if few or not known.any():
        return pa.nulls(len(array), array.type), column
    if low is None:
        low = _end(values[known], person[known], column, upper=False)
    if high is None:
        high = _end(values[known], person[known], column, upper=True)
    least, most = bound(low, column), bound(high, column)
    assert least is not None
    assert most is not None
    if least > most:  # rounding inward met in the middle of a nearly constant column
        low = high = high if column.low is None else low
    column = dataclasses.replace(column, low=low, high=high)
    if column.protect:
        values[known] = _loosened(values[known], person[known], rng)
    made = from_numbers(values, column)
    if _tick(column) < 1 and column.resolution in (None, "microsecond"):
        stays = (values == numbers(array, column)) & (values >= least) & (values <= most)
        made = pc.if_else(pa.array(stays), array, made)  # floats of microseconds hold no nanoseconds
    return made, column


def _loosened(
    values: npt.NDArray[np.float64], person: npt.NDArray[np.int64], rng: np.random.Generator
) -> npt.NDArray[np.float64]:
    """Values that few persons repeat over many rows, moved to means of ten persons nearby.

    A method keeps what many rows hold; without this it would keep what one person holds often.
    """
    if np.bincount(person).max(initial=0) < 2:  # every row its own person
        return values
    _, place, rows = np.unique(values, return_inverse=True, return_counts=True)
    often = ((rows >= FEWEST) & (_heads(place, person) < FEWEST))[place]
    if not often.any():
        return values
    _, who, mine = np.unique(person, return_inverse=True, return_counts=True)
    own = np.sort(np.bincount(who, weights=values / mine[who]))  # each person's mean
    k = min(FEWEST, len(own))
    means = np.convolve(own, np.full(k, 1 / k), "valid")
    near = np.searchsorted(own, values[often]) - rng.uniform(0, k, int(often.sum()))
    moved = values.copy()
    moved[often] = np.interp(near, np.arange(len(means)), means)
    return moved


def _end(
    values: npt.NDArray[np.float64], person: npt.NDArray[np.int64], column: Column, *, upper: bool
) -> int | float | str:
    """Where the column ends for the public: mean of the most extreme values of ten persons."""
    extreme = _extremes(-values if upper else values, person, FEWEST if column.protect else 1)
    extreme = -extreme if upper else extreme
    # divided first so that the sum cannot overflow, clipped so that equal values stay themselves
    mean = np.clip(np.sum(extreme / len(extreme)), extreme.min(), extreme.max())
    return _inward(float(mean), column, up=not upper)


def _extremes(
    values: npt.NDArray[np.float64], person: npt.NDArray[np.int64], many: int
) -> npt.NDArray[np.float64]:
    """The least values of as many persons, one each, ascending."""
    looked = 2 * many
    while True:  # sorting only the end of a long column
        end = np.argpartition(values, looked)[:looked] if looked < len(values) else np.arange(len(values))
        order = end[np.argsort(values[end], kind="stable")]
        _, first = np.unique(person[order], return_index=True)
        if len(first) >= many or len(end) == len(values):
            return values[order[np.sort(first)[:many]]]
        looked *= 8


def _several(person: npt.NDArray[np.int64]) -> int:
    """How many persons these are."""
    return int(np.count_nonzero(np.bincount(person)))


def _heads(place: npt.NDArray[np.int64], person: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """How many persons are at each place."""
    if np.bincount(person).max(initial=0) > 1:
        many = int(person.max()) + 1
        place = np.unique(place * many + person) // many
    return np.bincount(place).astype(np.int64)


def _inward(value: float, column: Column, *, up: bool) -> int | float | str:
    step = np.ceil if up else np.floor
    if column.kind == "integer":
        value = step(value)
    elif column.kind == "number" and column.decimals is not None:
        scale = 10.0**column.decimals
        if abs(value) < 2.0**53 / scale:  # beyond it a float has no such decimals
            value = round(step(round(value * scale, 6)) / scale, column.decimals)
    elif column.kind in ("datetime", "timedelta"):
        unit = max(_STEP[column.resolution or "microsecond"], _tick(column))
        value = step(value / unit) * unit
    kind = arrow_type(column.dtype)
    if pa.types.is_floating(kind):  # a bound that the type cannot hold would be rounded outward
        held = np.dtype(kind.to_pandas_dtype()).type(value)
        if (held < value) if up else (held > value):
            held = np.nextafter(held, held.dtype.type(np.inf if up else -np.inf))
        value = float(held)
    return scalar(float(value), column)


def _tick(column: Column) -> float:
    """Finest step of the column's Arrow type, in microseconds."""
    kind = arrow_type(column.dtype)
    if pa.types.is_timestamp(kind) or pa.types.is_duration(kind):
        return {"s": 1e6, "ms": 1e3, "us": 1, "ns": 1e-3}[kind.unit]
    return _STEP["day"] if pa.types.is_date(kind) else 1


def _categories(
    array: pa.Array, column: Column, person: npt.NDArray[np.int64], rng: np.random.Generator
) -> tuple[pa.Array, Column]:
    if column.categories is not None:
        return array, column
    values, counts = distinct(array)
    if column.protect and len(values):
        counts = _persons_per(array, values, person)
    keep = counts >= FEWEST if column.protect else np.ones(len(values), dtype=bool)
    frequent = [value for value, kept in zip(values, keep, strict=True) if kept]
    if len(frequent) < len(values):
        array, frequent = _published(array, frequent, counts[keep], person, rng)
    return array, dataclasses.replace(column, categories=tuple(frequent))


def _persons_per(array: pa.Array, values: list[Any], person: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    coded = pc.index_in(array, value_set=pa.array(values, array.type), skip_nulls=True)
    position = np.asarray(pc.fill_null(coded, -1).to_numpy(zero_copy_only=False), dtype=np.int64)
    known = position >= 0
    return _heads(position[known], person[known])  # every value occurs, so none is left out


def _published(
    array: pa.Array,
    frequent: list[Any],
    counts: npt.NDArray[np.int64],
    person: npt.NDArray[np.int64],
    rng: np.random.Generator,
) -> tuple[pa.Array, list[Any]]:
    """Rare values merged into `OTHER`; redrawn from the frequent where the merged are rare too."""
    known = pa.array(frequent, array.type)
    rare = pc.and_(pc.is_valid(array), pc.invert(pc.is_in(array, value_set=known)))
    mask = rare.to_numpy(zero_copy_only=False).astype(bool)
    merged = pa.types.is_string(array.type) and _several(person[mask]) >= FEWEST
    if merged or (not frequent and pa.types.is_string(array.type)):
        words = [*frequent, *([OTHER] if OTHER not in frequent else [])]
        return pc.if_else(pa.array(mask), pa.scalar(OTHER, array.type), array), words
    if not frequent:
        return pa.nulls(len(array), array.type), []
    drawn = rng.choice(len(frequent), size=len(array), p=counts / counts.sum())
    return pc.if_else(pa.array(mask), known.take(pa.array(drawn)), array), frequent
