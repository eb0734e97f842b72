"""A numeric column as its distinct values, found once for all that sorts, bins or ranks it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

__all__ = ["Ranked", "ranked"]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Ranked:
    """Distinct values of a column and where each row has its own.

    Parameters
    ----------
    values : array, shape (d,)
        Known values, ascending.
    places : array of int32, shape (n,)
        Position in `values`; d where missing.
    """

    values: Floats
    places: npt.NDArray[np.int32]

    @cached_property
    def counts(self) -> Ints:
        """Rows of each value, shape (d,)."""
        return np.bincount(self.places, minlength=len(self.values) + 1)[:-1]

    @property
    def ascending(self) -> Floats:
        """All known values in order, repeated as often as they occur."""
        return np.repeat(self.values, self.counts)

    @property
    def missing(self) -> int:
        """Rows without a value."""
        return len(self.places) - int(self.counts.sum())

    def percentiles(self, train: Ranked) -> Floats:
        """Mid-percentile of each row's value among those of train, NaN where missing."""
        if not len(train.values):
            return np.full(len(self.places), np.nan)
        below = np.concatenate([[0], np.cumsum(train.counts)])
        at = np.searchsorted(train.values, self.values, "left")
        found = train.values[np.minimum(at, len(train.values) - 1)] == self.values
        share: Floats = (below[at] + below[at + found]) / (2 * below[-1])
        return np.append(share, np.nan)[self.places]


def ranked(values: Floats) -> Ranked:
    """The distinct values of an array of shape (n,), NaN where missing; -0.0 is 0.0."""
    found = pc.dictionary_encode(pa.array(values + 0.0))
    distinct = found.dictionary.to_numpy()
    order = np.argsort(distinct)  # NaN last
    rank = np.empty(len(order), dtype=np.int32)
    rank[order] = np.arange(len(order), dtype=np.int32)
    known = len(distinct) - int(np.isnan(distinct).any())
    return Ranked(distinct[order[:known]], rank[found.indices.to_numpy()])
