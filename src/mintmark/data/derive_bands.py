"""Bands: a category that says only in which range a number lies, such as an age group."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from mintmark.data._evidence import array_of, coded, heads, may_read, part, person_of, values_of
from mintmark.data._evidence import made as made_by
from mintmark.data._forms import step_of
from mintmark.data._nice import nicest
from mintmark.data.dataset import Dataset
from mintmark.data.encode import numbers, scalar
from mintmark.data.protect import FEWEST
from mintmark.data.schema import Column, Schema
from mintmark.data.where import Where, matches, narrower

__all__ = ["asked", "bands_of", "range_of", "reduce", "restore", "search", "words"]

Record = Mapping[str, Any]
Floats = npt.NDArray[np.float64]
Codes = npt.NDArray[np.int64]

_MOST = 20
"""Most bands of one column."""


def search(data: Dataset, records: Sequence[Record], rng: np.random.Generator) -> list[dict[str, Any]]:
    """A record for each category that is a band of a number on every row."""
    rows = part(data, rng)
    if rows is None:
        return []
    taken = made_by(records)
    some = data.table.take(pa.array(rows))
    free = [c for c in data.schema if may_read(c) and c.name not in taken]
    labels = [c for c in free if c.is_discrete and "target" not in c.roles]
    codes = {c.name: coded(some[c.name])[0] for c in labels}
    labels = [c for c in labels if 1 < codes[c.name].max() + 1 <= _MOST]
    if not labels:
        return []
    stacked = np.stack([codes[c.name] for c in labels], axis=1)
    person = person_of(data)
    found: list[dict[str, Any]] = []
    for number in (c for c in free if c.is_numeric):
        values = numbers(some[number.name], number)
        if np.isnan(values).any():
            continue
        changes = np.count_nonzero(np.diff(stacked[np.argsort(values, kind="stable")], axis=0), axis=0)
        # within a tie the order is chance, so a column with as few changes as this is only likely
        for j in np.flatnonzero(changes < 2 * _MOST + len(rows) // 50):
            label = labels[j]
            if any(record["column"] == label.name for record in found):
                continue
            record = _proved(data, number, label, person)
            if record:
                found.append(record)
    return found


def _proved(
    data: Dataset, number: Column, label: Column, person: npt.NDArray[np.int64] | None
) -> dict[str, Any] | None:
    values = numbers(data.table[number.name], number)
    codes, results = coded(data.table[label.name])
    if len(np.unique(values)) < 2 * len(results):  # a code rather than a measure: see lookups
        return None
    found = bands_of(values, codes, person, FEWEST if label.protect else 1)
    if found is None:
        return None
    cuts, gives = found
    targets = values_of(results, label)
    return {
        "relation": "bands",
        "column": label.name,
        "of": number.name,
        "cuts": cuts,
        "gives": [targets[code] for code in gives],
    }


def bands_of(
    values: Floats, codes: Codes, person: npt.NDArray[np.int64] | None, fewest: int
) -> tuple[list[float], list[int]] | None:
    """Cuts between bands and each band's code, where the code follows from the range of the value.

    A value on a cut belongs to the band above. None where values are missing, a band has fewer
    than `fewest` persons, or there are more than `_MOST` bands.
    """
    if np.isnan(values).any() or codes.max() == codes.min():
        return None
    order = np.lexsort((codes, values))
    value, code = values[order], codes[order]
    start = np.flatnonzero(np.diff(code)) + 1
    if len(start) >= _MOST or np.any(value[start - 1] >= value[start]):
        return None
    band = np.zeros(len(value), dtype=np.int64)
    band[start] = 1
    band = np.cumsum(band)
    if heads(band, len(start) + 1, None if person is None else person[order]).min() < fewest:
        return None
    whole = bool(np.all(value == np.round(value)))
    above = value[start - 1] + 1 if whole else np.nextafter(value[start - 1], value[start])
    cuts = [nicest(float(low), float(high)) for low, high in zip(above, value[start], strict=True)]
    return cuts, [int(code[i]) for i in (0, *start)]


def reduce(data: Dataset, record: Record, rng: np.random.Generator) -> Dataset:
    """Without the column."""
    return data.drop(record["column"])


def restore(arrays: dict[str, pa.Array], record: Record, schema: Schema) -> None:
    """The band of each number; missing where the number is."""
    values = numbers(arrays[record["of"]], schema[record["of"]])
    band = np.searchsorted(np.array(record["cuts"]), values, side="right")
    gives = array_of(record["gives"], schema[record["column"]])
    arrays[record["column"]] = gives.take(pa.array(band, pa.int64(), mask=np.isnan(values)))


def asked(record: Record, where: Where, schema: Schema, drawn: Schema) -> dict[str, Any]:
    """Asked for by the range of the number, from the lowest band wanted to the highest."""
    name, source = record["column"], record["of"]
    told = dict(where)
    if name not in told:
        return told
    wanted = told.pop(name)
    table = pa.table({name: array_of(record["gives"], schema[name])})
    fits = np.flatnonzero(matches(table, schema, {name: wanted}))
    if not len(fits):
        return told
    between = range_of(record["cuts"], fits[0], fits[-1], schema[source])
    return told if between == (None, None) else narrower(told, source, between, schema[source])


def range_of(cuts: Sequence[float], first: int, last: int, column: Column) -> tuple[Any, Any]:
    """The closed range, as a condition writes it, from one band to another; a cut is in the band above."""
    ends = [None, *cuts, None]
    low, cut = ends[first], ends[last + 1]
    if cut is None:
        return (None if low is None else scalar(low, column)), None
    step = step_of(column)
    high = np.ceil(cut / step) * step - step if step else np.nextafter(cut, -np.inf)
    return (None if low is None else scalar(low, column)), scalar(float(high), column)


def words(record: Record) -> tuple[str, str]:
    """In words."""
    return f"the range that {record['of']} lies in", f"it says only that, {len(record['gives'])} ranges"
