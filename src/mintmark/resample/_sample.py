"""Rows as resamplers see them: numbers, codes and the class of each, and where they lie in space."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from mintmark.data.dataset import Dataset
from mintmark.data.encode import encode
from mintmark.data.protect import persons
from mintmark.resample._axes import Axes
from mintmark.resample._scale import Scale
from mintmark.stats.neighbours import Points

__all__ = ["Sample", "owners"]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Sample:
    """Real rows, columns that follow no other.

    Parameters
    ----------
    numbers : array, shape (n, numeric columns)
        Floats as `mintmark.data.encode.numbers` makes them, NaN where missing.
    codes : array of int32, shape (n, discrete columns)
        Positions in the categories, -1 where missing; without the target.
    sizes : tuple of int
        Number of categories of each column of codes.
    labels : array of int, shape (n,)
        Class of each row, from 0.
    persons : array of int, shape (n,), optional
        Whose row it is, where that is declared; a row that does not say is a person of its own.
    classes : tuple
        Names of the classes, for messages; empty where they have none.
    """

    numbers: Floats
    codes: npt.NDArray[np.int32]
    sizes: tuple[int, ...]
    labels: Ints
    persons: Ints | None = None
    classes: tuple[Any, ...] = ()

    @classmethod
    def of(cls, data: Dataset, target: str | None) -> Sample:
        """The rows of a dataset; a missing target is a class of its own, after the others."""
        keyed = data.schema.with_role("group") or data.schema.with_role("sequence_key")
        # whose row it is says nothing about what it holds
        kept = [c.name for c in data.schema if not {"group", "sequence_key"} & set(c.roles)]
        arrays = encode(data.table.select(kept), data.schema.select(kept))
        known = [c for c in data.schema if c.name != target and c.name in arrays]
        numeric = [arrays[column.name] for column in known if column.is_numeric]
        discrete = [column for column in known if column.is_discrete]
        n = len(data)
        if target is None:
            labels = np.zeros(n, dtype=np.int64)
        else:
            labels = arrays[target].astype(np.int64)
            labels[labels < 0] = len(data.schema[target].categories or ())
        classes = () if target is None else tuple(data.schema[target].categories or ())
        return cls(
            np.stack(numeric, axis=1) if numeric else np.empty((n, 0)),
            np.stack([arrays[c.name] for c in discrete], axis=1) if discrete else np.empty((n, 0), np.int32),
            tuple(len(column.categories or ()) for column in discrete),
            labels,
            owners(data) if keyed else None,
            classes,
        )

    def __len__(self) -> int:
        return len(self.labels)

    @cached_property
    def counts(self) -> Ints:
        """Rows of each class."""
        return np.bincount(self.labels)

    def of_class(self, label: int) -> Ints:
        """Positions of the rows of one class."""
        return np.flatnonzero(self.labels == label)

    @cached_property
    def scale(self) -> Scale:
        """What is known of each column of numbers."""
        return Scale.of(self.numbers)

    @cached_property
    def axes(self) -> Axes:
        """The space that these rows lie in, where others can be placed as well."""
        scale, sizes = self.scale, np.array(self.sizes, dtype=np.int64)
        return Axes(scale.unit, scale.mean, scale.spread, scale.known < len(self), sizes)

    def points(self, rows: Ints) -> Points:
        """These rows in space (see `Axes`)."""
        return self.axes.place(self.numbers[rows], self.codes[rows])


def owners(data: Dataset) -> Ints:
    """The person of each row; rows that do not say whose they are are nobody else's either."""
    owner = persons(data)
    keyed = data.schema.with_role("group") or data.schema.with_role("sequence_key")
    unknown = data.table[keyed[0]].is_null().to_numpy() if keyed else np.zeros(len(data), dtype=bool)
    owner[unknown] = owner.max() + 1 + np.arange(int(unknown.sum()))
    return owner
