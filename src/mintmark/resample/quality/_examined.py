"""The rows that are examined, as a resampler sees them, and their shares with intervals."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow.compute as pc

from mintmark.data.dataset import Dataset
from mintmark.data.encode import distinct
from mintmark.data.protect import persons
from mintmark.data.schema import Column, Schema
from mintmark.errors import InputError
from mintmark.resample._sample import Sample
from mintmark.resample._target import class_column
from mintmark.resample.quality.examination import Finding, Gravity
from mintmark.stats.shares import clustered, wilson

__all__ = ["Examined", "Looked", "cells", "grave", "target_of"]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Interval = tuple[float, float]
Looked = tuple[list[Finding], list[str]]
"""Findings, and what was not looked at."""

_MOST_SHOWN = 100
_TOLERATED = 0.01
"""Share of the rows of a class from which on they are more than a note."""
_FOLLOWS = {"key", "foreign_key", "group", "sequence_key"}


@dataclass(frozen=True)
class Examined:
    """Rows whose class is known.

    Parameters
    ----------
    sample : Sample
        Features, classes from 0, persons where they are declared.
    numeric, discrete : tuple of str
        Names of the columns of `sample.numbers` and `sample.codes`.
    classes : tuple of str
    ids : array of int, shape (n,)
        Each row's position in the table.
    """

    sample: Sample
    numeric: tuple[str, ...]
    discrete: tuple[str, ...]
    classes: tuple[str, ...]
    ids: Ints

    @classmethod
    def of(cls, data: Dataset, target: str) -> tuple[Examined, list[str]]:
        """The rows, and what of the data is left out."""
        known = pc.is_valid(data.table[target]).to_numpy(zero_copy_only=False).astype(bool)
        ids = np.flatnonzero(known)
        rows = data.take(ids)
        kept, strange = _features(data.schema, target)
        if not kept:
            raise InputError("there is no column beside the target to examine. Give the table its columns.")
        columns = tuple(_listed(column, rows) for column in [*kept, data.schema[target]])
        schema = Schema(columns)
        sample = Sample.of(Dataset(rows.table.select(schema.names), schema), target)
        if data.schema.with_role("group") or data.schema.with_role("sequence_key"):
            sample = replace(sample, persons=persons(rows))
        omitted = []
        if strange:
            omitted.append(f"columns of a kind that no resampler reads: {', '.join(strange)}.")
        if len(ids) < len(data):
            omitted.append(f"{len(data) - len(ids):,} rows without a class.")
        return cls(
            sample,
            tuple(column.name for column in kept if column.is_numeric),
            tuple(column.name for column in kept if column.is_discrete),
            tuple(map(str, columns[-1].categories or ())),
            ids,
        ), omitted

    @cached_property
    def wanting(self) -> list[int]:
        """Classes that a resampler makes rows of: all smaller than the largest, or all where none is."""
        counts = self.sample.counts
        smaller = np.flatnonzero(counts < counts.max())
        return [int(label) for label in (smaller if len(smaller) else np.flatnonzero(counts))]

    def columns(self) -> list[tuple[str, npt.NDArray[Any]]]:
        """Every feature with its values: NaN or -1 where missing."""
        named = list(zip(self.numeric, self.sample.numbers.T, strict=True))
        return [*named, *zip(self.discrete, self.sample.codes.T, strict=True)]

    def units(self, rows: Ints) -> int:
        """How many persons these rows are of; rows where no person is declared."""
        whose = self.sample.persons
        return len(rows) if whose is None else len(np.unique(whose[rows]))

    def share(self, hit: npt.NDArray[np.bool_], rows: Ints) -> tuple[float, Interval]:
        """Share of hits among these rows and its interval; rows of one person hang together."""
        share, n = float(hit.mean()), float(len(rows))
        if self.sample.persons is not None:
            whose = np.unique(self.sample.persons[rows], return_inverse=True)[1]
            share, n = clustered(np.bincount(whose, weights=hit), np.bincount(whose))
        return share, wilson(share, n)

    def shown(self, rows: Ints) -> tuple[int, ...]:
        """Positions in the table of the first of these rows."""
        return tuple(map(int, self.ids[rows[:_MOST_SHOWN]]))


def grave(interval: Interval) -> Gravity:
    """A risk where the share is above what is tolerated for certain, else a note."""
    return "risk" if interval[0] > _TOLERATED else "note"


def cells(values: npt.NDArray[Any]) -> Ints:
    """Values of one column as numbers from 0, missing one of them."""
    return np.unique(values, return_inverse=True, equal_nan=True)[1].astype(np.int64)


def target_of(data: Dataset, target: str | None) -> str:
    """Name of the target, once it is known that it has classes to tell apart."""
    name = class_column(data, target)
    if len(found := distinct(data.table[name])[0]) < 2:
        held = f"one class ({found[0]!r})" if found else "no class"
        raise InputError(f"target column {name!r} holds {held}: there is nothing to tell apart.")
    return name


def _features(schema: Schema, target: str) -> tuple[Sequence[Column], list[str]]:
    """Columns to look at, and names of those that no resampler reads; keys and personal ones are neither."""
    rest = [c for c in schema if c.name != target and not (_FOLLOWS & set(c.roles) or c.personal)]
    kept = [column for column in rest if column.is_numeric or column.is_discrete]
    return kept, [column.name for column in rest if column not in kept]


def _listed(column: Column, data: Dataset) -> Column:
    if not column.is_discrete:
        return column
    return replace(column, categories=tuple(distinct(data.table[column.name])[0]))
