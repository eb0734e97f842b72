"""Patterns of missing values: a column missing exactly where another is, or where it has a value.

A measurement that was not taken, an answer that the one before made void. The column stays
modelled; where it should be missing it is made so, where it should not it takes the value of the row
before it that has one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from mintmark.data._evidence import (
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
from mintmark.data.derive_bands import bands_of, range_of
from mintmark.data.encode import numbers
from mintmark.data.protect import FEWEST
from mintmark.data.schema import Column, Schema
from mintmark.data.where import Where, narrower, present, several
from mintmark.errors import first_three

__all__ = ["asked", "reduce", "restore", "search", "words"]

Record = Mapping[str, Any]
Mask = npt.NDArray[np.bool_]

_BREAKS = 30.0
"""Rows that would break the pattern if the columns were unrelated, for it to count as proved."""
_MOST_VALUES = 200
_LARGE = 1e10


def search(data: Dataset, records: Sequence[Record], rng: np.random.Generator) -> list[dict[str, Any]]:
    """A record for each column whose missing values follow from another column on every row.

    Of columns missing together the first leads. Records of those that follow come before that of
    the one that leads, because records are made again from the last to the first.
    """
    rows = part(data, rng)
    looked = [c for c in data.schema if may_read(c)]
    if rows is None or not any(data.table[c.name].null_count for c in looked):
        return []
    taken = made_by([record for record in records if record["relation"] != "residual"])
    person = person_of(data)
    leaders: dict[bytes, tuple[Column, Mask]] = {}
    found: list[dict[str, Any]] = []
    for c in looked:
        gone = np.asarray(data.table[c.name].is_null().to_numpy(), dtype=bool)
        if c.name in taken or not _is_frequent(gone, person):
            continue
        leader, _ = leaders.setdefault(np.packbits(gone).tobytes(), (c, gone))
        if leader is not c and "target" not in c.roles:
            found.append({"relation": "missing", "column": c.name, "of": leader.name, "rule": "together"})
    made = made_by(records)
    whole = [c for c in looked if c.name not in made and not data.table[c.name].null_count]
    for source, leader, gone in _likely(data, rows, whole, list(leaders.values())):
        if all(record["column"] != leader.name for record in found) and "target" not in leader.roles:
            rule = _ranges(data, source, gone, person) or _values(data, source, gone, person)
            if rule:
                found.append({"relation": "missing", "column": leader.name, "of": source.name, **rule})
    return found


def _is_frequent(gone: Mask, person: npt.NDArray[np.int64] | None) -> bool:
    count = heads(gone.astype(np.int64), 2, person)
    mixed = gone.mean() * (1 - gone.mean()) * len(gone)
    return bool(count.min() >= FEWEST and mixed >= FEWEST - 1)


def _likely(
    data: Dataset, rows: npt.NDArray[np.int64], sources: list[Column], leaders: list[tuple[Column, Mask]]
) -> list[tuple[Column, Column, Mask]]:
    """Sources and leaders whose gaps no pair of rows in the sample speaks against."""
    if not leaders:
        return []
    some = data.table.take(pa.array(rows))
    gaps = np.stack([gone[rows] for _, gone in leaders], axis=1)  # (rows, leaders)
    found = []
    for source in sources:
        codes, distinct = coded(some[source.name])
        first = np.zeros(len(distinct), dtype=np.int64)
        first[codes[::-1]] = np.arange(len(codes))[::-1]
        if source.is_numeric:
            order = np.argsort(numbers(some[source.name], source), kind="stable")
            alike = np.count_nonzero(np.diff(gaps[order], axis=0), axis=0) <= 2 + len(rows) // 50
        elif len(distinct) <= _MOST_VALUES:
            alike = (gaps == gaps[first[codes]]).all(axis=0)
        else:
            continue
        alike &= gaps.min(axis=0) < gaps.max(axis=0)
        found += [(source, *leaders[i]) for i in np.flatnonzero(alike)]
    return found


def _ranges(
    data: Dataset, source: Column, gone: Mask, person: npt.NDArray[np.int64] | None
) -> dict[str, Any] | None:
    """Missing below or above a number."""
    if not source.is_numeric:
        return None
    found = bands_of(numbers(data.table[source.name], source), gone.astype(np.int64), person, FEWEST)
    if found is None or len(found[0]) > 2:
        return None
    return {"rule": "range", "cuts": found[0], "missing": [bool(code) for code in found[1]]}


def _values(
    data: Dataset, source: Column, gone: Mask, person: npt.NDArray[np.int64] | None
) -> dict[str, Any] | None:
    """Missing at some of a category's values."""
    if source.is_numeric:
        return None
    codes, distinct = coded(data.table[source.name])
    missing = np.zeros(len(distinct), dtype=bool)
    missing[codes] = gone
    if len(distinct) > _MOST_VALUES or not np.array_equal(missing[codes], gone):
        return None
    held = heads(codes, len(distinct), person) >= (FEWEST if source.protect else 1)
    if expected_breaks(codes, gone.astype(np.int64)) < _BREAKS or not missing[held].any():
        return None
    values = values_of(distinct, source)
    return {
        "rule": "values",
        "values": [value for value, ok in zip(values, held, strict=True) if ok],
        "missing": [bool(m) for m in missing[held]],
    }


def reduce(data: Dataset, record: Record, rng: np.random.Generator) -> Dataset:
    """The same: the column is drawn with its gaps."""
    return data


def restore(arrays: dict[str, pa.Array], record: Record, schema: Schema) -> None:
    """The column missing where the rule says so and nowhere else; as drawn where it says nothing."""
    array = arrays[record["column"]]
    gone = _gone(arrays[record["of"]], record, schema)  # True, False or null
    array = pc.if_else(pc.fill_null(gone, False), pa.scalar(None, array.type), array)
    last = np.where(array.is_valid().to_numpy(zero_copy_only=False), np.arange(len(array)), -1)
    first = int(np.argmax(last >= 0)) if (last >= 0).any() else None
    if first is not None:
        before = np.maximum.accumulate(last)
        lent = array.take(pa.array(np.where(before < 0, first, before)))
        array = pc.if_else(pc.fill_null(pc.invert(gone), False), lent, array)
    arrays[record["column"]] = array


def _gone(source: pa.Array, record: Record, schema: Schema) -> pa.Array:
    if record["rule"] == "together":
        return source.is_null()
    column = schema[record["of"]]
    if record["rule"] == "range":
        band = np.searchsorted(np.array(record["cuts"]), numbers(source, column), side="right")
        return pa.array(np.array(record["missing"])[band])
    place = pc.index_in(source, value_set=array_of(record["values"], column).cast(source.type))
    return pa.array(record["missing"], pa.bool_()).take(place)


def asked(record: Record, where: Where, schema: Schema, drawn: Schema) -> dict[str, Any]:
    """Asked for as it stands; being missing, which is another column's to say, is asked of that."""
    name, source = record["column"], record["of"]
    told = dict(where)
    if name not in told:
        return told
    wanted = several(told[name])
    if None in wanted:
        del told[name]
    missing = wanted == [None]
    if (None in wanted and not missing) or not (missing or source in told):
        return told
    where_it_is = _where(record, schema[source], missing=missing)
    return told if where_it_is is None else narrower(told, source, where_it_is, schema[source])


def _where(record: Record, source: Column, *, missing: bool) -> Any:
    """Which values of the source come with a missing value, or with one; None where no condition says it."""
    if record["rule"] == "together":
        return [None] if missing else present(source)
    fits = [i for i, gone in enumerate(record["missing"]) if gone == missing]
    if record["rule"] == "range":
        joined = fits == list(range(fits[0], fits[-1] + 1))
        return range_of(record["cuts"], fits[0], fits[-1], source) if joined else None
    known = [record["values"][i] for i in fits]
    others = [*(source.categories or ()), *([None] if source.missing != 0 else [])]
    return [*known, *(value for value in others if value not in record["values"])] or None


def words(record: Record) -> tuple[str, str]:
    """In words."""
    source, why = record["of"], f"its gaps follow from {record['of']} in every row"
    if record["rule"] == "together":
        return f"missing where {source} is", "the two are missing together in every row"
    if record["rule"] == "values":
        gone = [
            repr(value) for value, missing in zip(record["values"], record["missing"], strict=True) if missing
        ]
        return f"missing where {source} is {first_three(gone)}", why
    cut = record["cuts"][0]
    if len(record["cuts"]) > 1 or abs(cut) > _LARGE:  # a date, written as it is encoded, tells nobody
        return f"missing in a range of {source}", why
    return f"missing where {source} is {'below' if record['missing'][0] else 'at least'} {cut:.15g}", why
