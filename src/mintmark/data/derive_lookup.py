"""Functional dependencies: a column whose value follows from the category of another.

Education and its number, city and state, a code and its label. Of two columns that determine each
other the category is kept, then the earlier one. Only categories of ten persons or more are looked
up; where rarer ones exist, the column stays modelled and is corrected for the others.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from mintmark.data._evidence import (
    EXACT,
    array_of,
    coded,
    expected_breaks,
    heads,
    may_read,
    part,
    person_of,
    values_of,
)
from mintmark.data._evidence import made as made_by
from mintmark.data.dataset import Dataset
from mintmark.data.derive_bands import bands_of
from mintmark.data.encode import bound, numbers
from mintmark.data.protect import FEWEST
from mintmark.data.schema import Column, Schema
from mintmark.data.where import NoneMeets, Where, matches, narrower, several

__all__ = ["asked", "reduce", "restore", "search", "words"]

Record = Mapping[str, Any]
Codes = npt.NDArray[np.int64]

_BREAKS = 40.0
"""Rows that would break the dependency if the columns were unrelated, for it to count as proved."""
_MOST_VALUES = 5_000
_PAIRS = 100
"""Pairs of rows, alike in one column, that decide which other columns are looked at in full."""


def search(data: Dataset, records: Sequence[Record], rng: np.random.Generator) -> list[dict[str, Any]]:
    """A record for each column that follows from another on every row."""
    rows = part(data, rng)
    if rows is None:
        return []
    taken = made_by(records)
    looked = [c for c in data.schema if may_read(c) and c.name not in taken]
    some = data.table.take(pa.array(rows))
    codes = np.stack([coded(some[c.name])[0] for c in looked], axis=1) if looked else np.empty((0, 0), int)
    likely = _likely(codes, looked, rng)
    person = person_of(data)
    found: list[dict[str, Any]] = []
    gone: set[str] = set()
    whole: dict[str, tuple[Codes, pa.Array]] = {}
    # numbers first: of a code and its label the label is kept; then the later one
    for b in sorted(likely, key=lambda b: (looked[b].is_discrete, -b)):
        for a in likely[b]:
            if looked[a].name in gone or "target" in looked[b].roles:
                continue
            for j in (a, b):
                whole.setdefault(looked[j].name, coded(data.table[looked[j].name]))
            if looked[a].is_numeric and _are_bands(data, looked[a], whole[looked[b].name][0], person):
                continue  # said better so
            record = _proved(looked[a], looked[b], whole, person)
            if record:
                found.append(record)
                if not record["kept"]:
                    gone.add(looked[b].name)
                break
    return found


def _are_bands(data: Dataset, a: Column, codes: Codes, person: npt.NDArray[np.int64] | None) -> bool:
    return bands_of(numbers(data.table[a.name], a), codes, person, FEWEST) is not None


def _likely(codes: Codes, looked: list[Column], rng: np.random.Generator) -> dict[int, list[int]]:
    """For each column those that determine it in the sample, the coarsest first."""
    n, width = codes.shape
    found: dict[int, list[int]] = {}
    if n == 0:
        return found
    size = codes.max(axis=0) + 1
    mixed = np.array([1 - np.sum((np.bincount(codes[:, j]) / n) ** 2) for j in range(width)])
    order = sorted(range(width), key=lambda a: (not looked[a].is_discrete, size[a], a))
    for a in order:
        if looked[a].kind not in ("category", "boolean", "integer") or not 2 <= size[a] <= n // 5:
            continue
        may = np.flatnonzero((size <= size[a]) & (size > 1) & ((n - size[a]) * mixed >= _BREAKS / 4))
        sort = np.argsort(codes[:, a], kind="stable")
        alike = np.flatnonzero(np.diff(codes[sort, a]) == 0)
        alike = alike[rng.permutation(len(alike))[:_PAIRS]]
        may = may[(codes[np.ix_(sort[alike], may)] == codes[np.ix_(sort[alike + 1], may)]).all(axis=0)]
        first = np.zeros(size[a], dtype=np.int64)
        first[codes[::-1, a]] = np.arange(n)[::-1]
        may = may[(codes[:, may] == codes[np.ix_(first[codes[:, a]], may)]).all(axis=0)]
        for b in may[may != a]:
            found.setdefault(int(b), []).append(a)
    return found


def _proved(
    a: Column,
    b: Column,
    whole: Mapping[str, tuple[Codes, pa.Array]],
    person: npt.NDArray[np.int64] | None,
) -> dict[str, Any] | None:
    """The record, where the dependency holds on every row and is no accident."""
    (from_codes, sources), (to_codes, results) = whole[a.name], whole[b.name]
    gives = np.zeros(len(sources), dtype=np.int64)
    gives[from_codes] = to_codes
    if (
        len(sources) > _MOST_VALUES
        or not np.array_equal(gives[from_codes], to_codes)
        or expected_breaks(from_codes, to_codes) < _BREAKS
    ):
        return None
    values, targets = values_of(sources, a), values_of(results, b)
    floats = [value for value in (*values, *targets) if isinstance(value, float)]
    if any(abs(value) >= EXACT for value in floats):
        return None
    held = heads(from_codes, len(sources), person) >= (FEWEST if a.protect or b.protect else 1)
    if held[from_codes].mean() < 0.5 or held.sum() < 2:
        return None
    rare_come_out = not held.all() and (a.dtype == "string" or a.categories is not None)
    rare_come_out |= any(value is None and not ok for value, ok in zip(values, held, strict=True))
    return {
        "relation": "lookup",
        "column": b.name,
        "of": a.name,
        "values": [value for value, ok in zip(values, held, strict=True) if ok],
        "gives": [targets[code] for code, ok in zip(gives, held, strict=True) if ok],
        "kept": bool(rare_come_out or a.is_numeric),
    }


def reduce(data: Dataset, record: Record, rng: np.random.Generator) -> Dataset:
    """Without the column; with it where some rows need it modelled."""
    return data if record["kept"] else data.drop(record["column"])


def restore(arrays: dict[str, pa.Array], record: Record, schema: Schema) -> None:
    """The column looked up; what is not in the table stays as drawn."""
    name = record["column"]
    place = _place(arrays[record["of"]], record["values"], schema[record["of"]])
    found = array_of(record["gives"], schema[name]).take(place)
    if record["kept"]:
        drawn = arrays[name].cast(found.type)
        arrays[name] = pc.if_else(pc.is_valid(place), found, drawn)
    else:
        arrays[name] = found


def _place(array: pa.Array, values: list[Any], column: Column) -> pa.Array:
    """Where each value stands in the list, null where nowhere."""
    if column.is_numeric:
        known = pa.array([np.nan if value is None else value for value in values], pa.float64())
        return pc.index_in(pa.array(numbers(array, column)), value_set=known)
    return pc.index_in(array, value_set=pa.array(values, array.type))


def asked(record: Record, where: Where, schema: Schema, drawn: Schema) -> dict[str, Any]:
    """Asked for by those values of the source that give what is wanted."""
    name, source, column = record["column"], record["of"], schema[record["of"]]
    told = dict(where)
    if name not in told:
        return told
    wanted = told.pop(name)
    if column.is_numeric and (source not in told or isinstance(told[source], tuple)):
        return told  # numbers that are not looked up cannot be listed
    table = pa.table({name: array_of(record["gives"], schema[name])})
    fits = matches(table, schema, {name: wanted})
    values = [value for value, fit in zip(record["values"], fits, strict=True) if fit]
    if record["kept"]:
        values += [value for value in _may_be(column, told.get(source)) if value not in record["values"]]
    if not values:
        raise NoneMeets
    return narrower(told, source, values, column)


def _may_be(column: Column, wanted: Any) -> list[Any]:
    """Values that the column may hold: its categories, or the numbers that are asked for."""
    if column.is_numeric:
        return [None if value is None else bound(value, column) for value in several(wanted)]
    return [*(column.categories or ()), *([None] if column.missing != 0 else [])]


def words(record: Record) -> tuple[str, str]:
    """In words."""
    rest = " for all but its rarest values" if record["kept"] else ""
    return (
        f"looked up from {record['of']}{rest}",
        f"it follows from {record['of']} in every row",
    )
