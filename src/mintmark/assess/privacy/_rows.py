"""The three tables as the attacks see them, made once: identities of values and rows, points, persons.

Keys that a method makes anew are left out of rows: they name no one. They stay in `values`, where
a real key that turns up again is a leak.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from mintmark.data.dataset import Dataset
from mintmark.data.encode import numbers
from mintmark.data.keys import is_renewed
from mintmark.data.protect import persons
from mintmark.data.schema import Column
from mintmark.metric import NotRun, Tables
from mintmark.stats.neighbours import Points, Space

__all__ = ["Rows", "rows_of", "worst_row"]

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
ROLES = ("train", "synthetic", "holdout")
_WIDEST = 2**62
_MARKED = 30  # categories with a mark of their own; rarer ones share the lack of any


@dataclass(frozen=True)
class Rows:
    """Train, synthetic and holdout, coded together.

    Parameters
    ----------
    tables : mapping of role to Dataset
    """

    tables: dict[str, Dataset]

    def column(self, name: str) -> Column:
        """The column of that name, as train declares it."""
        return self.tables["train"].schema[name]

    @property
    def scored(self) -> list[Column]:
        """Columns that make up a row: numbers, categories and text, without keys made anew."""
        return [column for column in self._comparable if not is_renewed(column)]

    @property
    def _comparable(self) -> list[Column]:
        return [
            column
            for column in self.tables["train"].schema
            if column.is_numeric or column.is_discrete or column.kind == "text"
        ]

    @cached_property
    def _numbers(self) -> dict[str, dict[str, Floats]]:
        """Floats of every numeric column by name and role; -0.0 is 0.0."""
        return {
            column.name: {
                role: numbers(data.table[column.name], column) + 0.0 for role, data in self.tables.items()
            }
            for column in self._comparable
            if column.is_numeric
        }

    @cached_property
    def values(self) -> dict[str, dict[str, Ints]]:
        """For each column and role the identity of every value, from 0, shape (n,); -1 if missing."""
        out = {}
        for column in self._comparable:
            if column.is_numeric:
                coded = _coded_numbers(list(self._numbers[column.name].values()))
            else:
                coded = _coded_others([data.table[column.name] for data in self.tables.values()])
            out[column.name] = dict(zip(self.tables, coded, strict=True))
        return out

    def numeric(self, name: str) -> dict[str, Floats]:
        """For each role the values of a numeric column, NaN where missing."""
        return self._numbers[name]

    @cached_property
    def identities(self) -> dict[str, Ints]:
        """For each role the identity of every row: equal where all scored columns are equal."""
        return self.alike([column.name for column in self.scored])

    def alike(self, names: Sequence[str]) -> dict[str, Ints]:
        """For each role the class of every row, from 0: equal where these columns are equal, in any table."""
        sizes = [len(data) for data in self.tables.values()]
        same, span = np.zeros(sum(sizes), dtype=np.int64), 1
        for name in names:
            coded = np.concatenate(list(self.values[name].values()))
            size = int(coded.max(initial=-1)) + 2
            if span * size > _WIDEST:  # number anew only when the product would not fit
                same, span = _numbered(same)
            same, span = same * size + coded + 1, span * size
        same, _ = _numbered(same)
        return dict(zip(self.tables, np.split(same, np.cumsum(sizes)[:-1]), strict=True))

    @cached_property
    def points(self) -> dict[str, Points]:
        """For each role its rows in the space of train's ranks."""
        names = [column.name for column in self.scored]
        sizes = {
            name: int(max(coded.max(initial=-1) for coded in self.values[name].values())) + 1
            for name in names
            if name not in self._numbers
        }
        source: dict[str, dict[str, Any]] = {**self.values, **self._numbers}
        space = Space.of({name: source[name]["train"] for name in names}, sizes)
        return {role: space.place({name: source[name][role] for name in names}) for role in self.tables}

    @cached_property
    def standardised(self) -> dict[str, Floats]:
        """For each real role its rows in standard deviations, categories as marks, shape (n, width).

        Scales are those of both real tables together; a missing number is at the mean, and marked.
        """
        real = ("train", "holdout")
        columns: dict[str, list[Floats]] = {role: [] for role in real}
        for column in self.scored:
            if column.name in self._numbers:
                values = self._numbers[column.name]
                pooled = np.concatenate([values[role] for role in real])
                centre, spread = np.nanmean(pooled) if not np.isnan(pooled).all() else 0.0, np.nanstd(pooled)
                for role in real:
                    at = (values[role] - centre) / (spread or 1.0)
                    missing = np.isnan(at)
                    columns[role] += [np.where(missing, 0.0, at)[:, None], missing[:, None].astype(float)]
            else:
                coded = self.values[column.name]
                most = np.argsort(-np.bincount(np.concatenate([coded[role] for role in real]) + 1))[:_MARKED]
                for role in real:
                    columns[role].append((coded[role][:, None] + 1 == most) * np.sqrt(0.5))
        return {role: np.concatenate(parts, axis=1) for role, parts in columns.items()}

    @cached_property
    def persons(self) -> dict[str, Ints]:
        """For each real role the person behind every row, from 0; a row each without role group."""
        return {
            role: np.unique(persons(data), return_inverse=True)[1].astype(np.int64)
            for role, data in self.tables.items()
            if role != "synthetic"
        }


def rows_of(tables: Tables) -> Rows:
    """The tables' rows, made once and kept for the next metric.

    Raises
    ------
    NotRun
        If there is no holdout, no row to compare, or no column that can be compared.
    """
    if "privacy rows" not in tables.shared:
        given = {"train": tables.train, "synthetic": tables.synthetic, "holdout": tables.need_holdout()}
        for role, data in given.items():
            if not len(data):
                raise NotRun(f"{role} has no rows.")
        rows = Rows(given)
        if not rows.scored:
            raise NotRun("no column can be compared: all are keys or of kinds without values to match.")
        tables.shared["privacy rows"] = rows
    kept: Rows = tables.shared["privacy rows"]
    return kept


def worst_row(scores: Floats, person: Ints) -> Floats:
    """The highest score of each person."""
    owner = np.unique(person, return_inverse=True)[1]
    worst = np.full(int(owner.max()) + 1, -np.inf)
    np.maximum.at(worst, owner, scores)
    return worst


def _numbered(codes: Ints) -> tuple[Ints, int]:
    """Equal codes as equal numbers from 0, and how many there are; hashing is faster than sorting."""
    found = pc.dictionary_encode(pa.array(codes))
    return np.asarray(found.indices.to_numpy()).astype(np.int64), len(found.dictionary)


def _coded_numbers(parts: list[Floats]) -> list[Ints]:
    every = np.concatenate(parts)
    known = ~np.isnan(every)
    coded = np.full(len(every), -1, dtype=np.int64)
    coded[known] = np.unique(every[known], return_inverse=True)[1]
    return np.split(coded, np.cumsum([len(part) for part in parts])[:-1])


def _coded_others(parts: list[Any]) -> list[Ints]:
    kind = parts[0].type
    chunks = [chunk.cast(kind) for part in parts for chunk in part.chunks]
    every = pa.chunked_array(chunks, kind).combine_chunks()
    if pa.types.is_null(kind):
        coded = np.full(len(every), -1, dtype=np.int64)
    else:
        found = every if pa.types.is_dictionary(kind) else pc.dictionary_encode(every)
        coded = np.asarray(pc.fill_null(found.indices.cast(pa.int64()), -1).to_numpy(zero_copy_only=False))
    return np.split(coded.astype(np.int64), np.cumsum([len(part) for part in parts])[:-1])
