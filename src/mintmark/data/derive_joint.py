"""Joint columns: several columns that hold only certain combinations become one category.

One-hot groups (flags of which exactly one is set) are found; they and fixed combinations are also
taken from the checks that a user declares. Combinations of fewer than ten persons are drawn again
from the others, of those alike in the first column where there are any, so that none comes out.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from mintmark.data._evidence import array_of, coded, heads, may_read, part, person_of, values_of
from mintmark.data.dataset import Dataset
from mintmark.data.protect import FEWEST
from mintmark.data.schema import Column, Schema
from mintmark.data.where import NoneMeets, Where, matches

__all__ = ["asked", "reduce", "restore", "search", "words"]

Record = Mapping[str, Any]
Codes = npt.NDArray[np.int64]

_FEWEST_FLAGS = 3
"""Flags of a group that is found; of two each follows from the other, which a lookup says."""
_MOST = 5_000
"""Most combinations of one record."""
_COVERED = 0.5
"""Share of rows that frequent combinations must hold; else rows are drawn freely and rejected."""


def search(data: Dataset, records: Sequence[Record], rng: np.random.Generator) -> list[dict[str, Any]]:
    """A record for each group that is declared, and for each run of flags of which one is always set."""
    declared = [
        list(check["columns"])
        for check in data.schema.checks
        if check["check"] in ("one_hot", "fixed_combinations")
    ]
    found: list[dict[str, Any]] = []
    used: set[str] = set()
    for names in [*declared, *_one_hot(data, rng)]:
        if used & set(names) or not all(
            name in data.schema and _may_join(data.schema[name]) for name in names
        ):
            continue
        record = _record(data, names)
        if record:
            found.append(record)
            used |= set(names)
    return found


def _may_join(column: Column) -> bool:
    return may_read(column) and "target" not in column.roles


def _one_hot(data: Dataset, rng: np.random.Generator) -> list[list[str]]:
    """Flags next to one another, other columns left out, of which exactly one is set in each row."""
    rows = part(data, rng)
    if rows is None:
        return []
    some = data.table.take(pa.array(rows))
    flags = [
        (c.name, flag) for c in data.schema if _may_join(c) and (flag := _flag(some[c.name])) is not None
    ]
    if len(flags) < _FEWEST_FLAGS:
        return []
    names = [name for name, _ in flags]
    sums = np.cumsum(np.stack([np.zeros(len(rows), int), *(flag for _, flag in flags)]), axis=0)
    counts = sums.sum(axis=1)  # a group is set as often as there are rows
    found, start = [], 0
    for stop in range(len(names) + 1):
        for i in range(start, stop - _FEWEST_FLAGS + 1):
            if counts[stop] - counts[i] == len(rows) and np.all(sums[stop] - sums[i] == 1):
                whole = [_flag(data.table[name]) for name in names[i:stop]]
                sure = [flag for flag in whole if flag is not None and flag.sum() >= FEWEST]
                if len(sure) == stop - i and np.all(np.sum(sure, axis=0) == 1):
                    found.append(names[i:stop])
                    start = stop
                    break
    return found


def _flag(array: pa.ChunkedArray) -> npt.NDArray[np.int64] | None:
    """0 and 1 for each row, None where the column holds anything else."""
    kind = array.type
    if array.null_count or not (
        pa.types.is_boolean(kind) or pa.types.is_integer(kind) or pa.types.is_floating(kind)
    ):
        return None
    values = array.to_numpy()
    flag = np.asarray(values == 1)
    return flag.astype(np.int64) if np.all(flag | (values == 0)) else None


def _record(data: Dataset, names: list[str]) -> dict[str, Any] | None:
    codes, rows = _combined(data, names)
    person = person_of(data)
    protected = any(data.schema[name].protect for name in names)
    kept = heads(codes, len(rows), person) >= (FEWEST if protected else 1)
    if not 2 <= kept.sum() <= _MOST or kept[codes].mean() < _COVERED:
        return None
    combinations = zip(
        *(
            values_of(data.table[name].combine_chunks().take(pa.array(rows[kept])), data.schema[name])
            for name in names
        ),
        strict=True,
    )
    name = " + ".join(names)
    while name in data.schema:
        name += "'"
    return {
        "relation": "joint",
        "column": name,
        "columns": names,
        "combinations": [list(values) for values in combinations],
    }


def _combined(data: Dataset, names: list[str]) -> tuple[Codes, Codes]:
    """For each row the number of its combination, and for each combination one row that has it."""
    codes = np.zeros(len(data), dtype=np.int64)
    for name in names:  # numbered anew at every column, so that no product overflows
        own, distinct = coded(data.table[name])
        codes = np.unique(codes * len(distinct) + own, return_inverse=True)[1]
    _, rows = np.unique(codes, return_index=True)
    return codes, np.asarray(rows)


def reduce(data: Dataset, record: Record, rng: np.random.Generator) -> Dataset:
    """One column of whole numbers, each a combination, in the place of the first of them."""
    names = record["columns"]
    codes, rows = _combined(data, names)
    known = [
        array_of([values[i] for values in record["combinations"]], data.schema[name])
        for i, name in enumerate(names)
    ]
    place = {tuple(a[i].as_py() for a in known): i for i in range(len(record["combinations"]))}
    heads_of = data.table.select(names).take(pa.array(rows)).to_pylist()
    number = np.array([place.get(tuple(row[name] for name in names), -1) for row in heads_of])[codes]
    number = _redrawn(number, coded(data.table[names[0]])[0], rng)
    protect = any(data.schema[name].protect for name in names)
    column = Column(name=record["column"], kind="category", dtype="int64", protect=protect)
    columns = tuple(column if c.name == names[0] else c for c in data.schema if c.name not in names[1:])
    arrays = [pa.array(number) if c is column else data.table[c.name] for c in columns]
    table = pa.table(arrays, names=[c.name for c in columns])
    return Dataset(table, Schema(columns, data.schema.checks), data.provenance)


def _redrawn(number: Codes, first: Codes, rng: np.random.Generator) -> Codes:
    """The numbers with each -1 drawn from the others, of rows alike in `first` where there are any."""
    number = number.copy()
    rare, known = np.flatnonzero(number < 0), np.flatnonzero(number >= 0)
    for value in np.unique(first[rare]):
        mine = rare[first[rare] == value]
        alike = known[first[known] == value]
        number[mine] = number[rng.choice(alike if len(alike) else known, size=len(mine))]
    return number


def restore(arrays: dict[str, pa.Array], record: Record, schema: Schema) -> None:
    """The columns of each combination."""
    place = arrays.pop(record["column"])
    for i, name in enumerate(record["columns"]):
        values = array_of([values[i] for values in record["combinations"]], schema[name])
        arrays[name] = values.take(place)


def asked(record: Record, where: Where, schema: Schema, drawn: Schema) -> dict[str, Any]:
    """Asked for by the combinations that meet it."""
    told = {name: wanted for name, wanted in where.items() if name not in record["columns"]}
    own = {name: wanted for name, wanted in where.items() if name in record["columns"]}
    if not own:
        return told
    table = pa.table(
        {
            name: array_of([values[i] for values in record["combinations"]], schema[name])
            for i, name in enumerate(record["columns"])
        }
    )
    fits = np.flatnonzero(matches(table, schema, own)).tolist()
    if not fits:
        raise NoneMeets
    return told | {record["column"]: fits}


def words(record: Record) -> tuple[str, str]:
    """In words."""
    many = len(record["combinations"])
    return f"drawn together as one of {many} combinations", "no others occur, or were declared"
