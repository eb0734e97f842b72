"""Copies: a column that holds in every row what another holds, whatever it holds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from mintmark.data._evidence import made as made_by
from mintmark.data._evidence import may_read
from mintmark.data.dataset import Dataset
from mintmark.data.schema import Schema
from mintmark.data.where import Where, narrower

__all__ = ["asked", "reduce", "restore", "search", "words"]

Record = Mapping[str, Any]

_FEWEST_VALUES = 8
"""Fewest different values; of fewer a lookup says as much."""
_FEWEST_ROWS = 100


def search(data: Dataset, records: Sequence[Record], rng: np.random.Generator) -> list[dict[str, Any]]:
    """A record for each column equal to an earlier one of the same kind and type in every row."""
    if len(data) < _FEWEST_ROWS:
        return []
    taken = made_by(records)
    first = data.table.slice(0, _FEWEST_ROWS)
    alike: dict[Any, list[str]] = {}
    found: list[dict[str, Any]] = []
    for column in data.schema:
        if column.name in taken or not may_read(column):
            continue
        values = tuple(first[column.name].to_pylist())
        if len(set(values)) < _FEWEST_VALUES:
            continue
        others = alike.setdefault((column.kind, column.dtype, values), [])
        array = data.table[column.name].combine_chunks()
        same = [name for name in others if data.table[name].combine_chunks().equals(array)]
        if same and "target" not in column.roles:
            found.append({"relation": "copy", "column": column.name, "of": same[0]})
        else:
            others.append(column.name)
    return found


def reduce(data: Dataset, record: Record, rng: np.random.Generator) -> Dataset:
    """Without the column."""
    return data.drop(record["column"])


def restore(arrays: dict[str, pa.Array], record: Record, schema: Schema) -> None:
    """The same values once more."""
    arrays[record["column"]] = arrays[record["of"]]


def widened(record: Record, declared: Schema, public: Schema) -> Schema:
    """The public schema with the ends and categories of the column that is repeated."""
    column, source = declared[record["column"]], public[record["of"]]
    if column.low is not None or column.high is not None or column.categories is not None:
        return public
    return public.edit(column.name, low=source.low, high=source.high, categories=source.categories)


def asked(record: Record, where: Where, schema: Schema, drawn: Schema) -> dict[str, Any]:
    """Asked of the column that it repeats."""
    name, source = record["column"], record["of"]
    told = {other: wanted for other, wanted in where.items() if other != name}
    return narrower(told, source, where[name], schema[source]) if name in where else told


def words(record: Record) -> tuple[str, str]:
    """In words."""
    return f"the same as {record['of']}", "the two are equal in every row"
