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
from mintmark.stats.neighbours import Points

__all__ = ["Sample"]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
_WIDEST = 64  # a column of more categories is compared by code: one-hot would cost more


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
        Whose row it is, where that is declared.
    """

    numbers: Floats
    codes: npt.NDArray[np.int32]
    sizes: tuple[int, ...]
    labels: Ints
    persons: Ints | None = None

    @classmethod
    def of(cls, data: Dataset, target: str | None) -> Sample:
        """The rows of a dataset; a missing target is a class of its own, after the others."""
        arrays = encode(data.table, data.schema)
        known = [column for column in data.schema if column.name != target and column.name in arrays]
        numeric = [arrays[column.name] for column in known if column.is_numeric]
        discrete = [column for column in known if column.is_discrete]
        n = len(data)
        if target is None:
            labels = np.zeros(n, dtype=np.int64)
        else:
            labels = arrays[target].astype(np.int64)
            labels[labels < 0] = len(data.schema[target].categories or ())
        keyed = data.schema.with_role("group") or data.schema.with_role("sequence_key")
        return cls(
            np.stack(numeric, axis=1) if numeric else np.empty((n, 0)),
            np.stack([arrays[c.name] for c in discrete], axis=1) if discrete else np.empty((n, 0), np.int32),
            tuple(len(column.categories or ()) for column in discrete),
            labels,
            persons(data) if keyed else None,
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
    def scale(self) -> tuple[Floats, Floats, Floats]:
        """For each number a power of two, and in that unit the mean and standard deviation, 1 where 0."""
        known = ~np.isnan(self.numbers)
        n = np.maximum(known.sum(axis=0), 1)
        most = np.abs(np.where(known, self.numbers, 0.0)).max(axis=0, initial=0.0)
        unit = np.ldexp(1.0, np.clip(np.frexp(most)[1], -1021, 1023))  # squares of the largest would overflow
        scaled = np.where(known, self.numbers, 0.0) / unit
        mean = scaled.sum(axis=0) / n
        apart = np.where(known, scaled - mean, 0.0)
        spread = np.sqrt(np.einsum("ij,ij->j", apart, apart) / n)
        return unit, mean, np.where(spread > 0, spread, 1.0)

    @cached_property
    def _gappy(self) -> npt.NDArray[np.bool_]:
        """Which numbers are missing somewhere."""
        return np.asarray(np.isnan(self.numbers).any(axis=0))

    def points(self, rows: Ints) -> Points:
        """These rows in space: numbers in standard deviations; categories that differ are one apart.

        So are a missing and a known value. The unit between categories is the median standard deviation
        of the numbers in SMOTE-NC (Chawla et al. 2002, section 6.1), which is one here.
        """
        unit, mean, spread = self.scale
        at = (self.numbers[rows] / unit - mean) / spread
        parts: list[Any] = [np.nan_to_num(at, nan=0.0), np.isnan(at[:, self._gappy])]
        wide = []
        for column, size in enumerate(self.sizes):
            codes = self.codes[rows, column]
            if size < _WIDEST:
                parts.append((codes[:, None] == np.arange(-1, size)) * np.sqrt(0.5))
            else:
                wide.append(codes.astype(np.int64))
        flat = np.concatenate([np.asarray(part, dtype=np.float32) for part in parts], axis=1)
        return Points(
            flat, np.stack(wide, axis=1) if wide else np.empty((len(rows), 0), np.int64), (), (), ()
        )
