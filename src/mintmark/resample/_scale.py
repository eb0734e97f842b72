"""Numbers in standard deviations from their mean and back, however large or small they are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from mintmark.data.encode import numbers
from mintmark.data.schema import Column

__all__ = ["Scale", "correlation", "matrix", "root"]

Floats = npt.NDArray[np.float64]


def matrix(table: pa.Table, columns: Sequence[Column]) -> Floats:
    """Numeric columns side by side, shape (n, columns), NaN where missing."""
    made = [numbers(table[column.name], column) for column in columns]
    return np.stack(made, axis=1) if made else np.empty((len(table), 0))


@dataclass(frozen=True)
class Scale:
    """For each column a power of two, and in that unit mean and standard deviation (1 where it is 0)."""

    unit: Floats
    mean: Floats
    spread: Floats

    @classmethod
    def of(cls, values: Floats) -> Scale:
        """The scale of columns with NaN where missing, shape (n, columns)."""
        known = ~np.isnan(values)
        n = np.maximum(known.sum(axis=0), 1)
        most = np.abs(np.where(known, values, 0.0)).max(axis=0, initial=0.0)
        unit = np.ldexp(1.0, np.clip(np.frexp(most)[1], -1021, 1023))  # squares of the largest would overflow
        scaled = np.where(known, values, 0.0) / unit
        first = scaled[0] if len(scaled) else np.zeros(values.shape[1])
        mean = first + np.where(known, scaled - first, 0.0).sum(axis=0) / n  # exact where all are equal
        spread = np.sqrt(np.square(np.where(known, scaled - mean, 0.0)).sum(axis=0) / n)
        return cls(unit, mean, np.where(spread > 0, spread, 1.0))

    def to(self, values: Floats) -> Floats:
        """Standard deviations from the mean."""
        return np.asarray((values / self.unit - self.mean) / self.spread)

    def back(self, scaled: Floats) -> Floats:
        """Inverse of `to`."""
        with np.errstate(over="ignore"):  # beyond the largest number there is; bounds bring it back
            return np.asarray((scaled * self.spread + self.mean) * self.unit)


def correlation(scaled: Floats) -> Floats:
    """Correlations over the rows that know both columns, shape (columns, columns)."""
    known = ~np.isnan(scaled)
    filled = np.where(known, scaled, 0.0)
    pairs = known.T.astype(np.float64) @ known
    return np.asarray(filled.T @ filled / np.maximum(pairs, 1))


def root(covariance: Floats) -> Floats:
    """A symmetric root; what is negative in a matrix of pairs (no true covariance) counts as 0."""
    values, vectors = np.linalg.eigh(covariance)
    return np.asarray((vectors * np.sqrt(np.maximum(values, 0.0))) @ vectors.T)
