"""Numbers in standard deviations from their mean and back, however large or small they are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from mintmark.data.encode import numbers
from mintmark.data.schema import Column

__all__ = ["Scale", "correlation", "matrix", "root"]

Floats = npt.NDArray[np.float64]
_BLOCK = 8192  # rows measured at a time: where they have to be copied, they stay in cache


def matrix(table: pa.Table, columns: Sequence[Column]) -> Floats:
    """Numeric columns side by side, shape (n, columns), NaN where missing."""
    made = [numbers(table[column.name], column) for column in columns]
    return np.stack(made, axis=1) if made else np.empty((len(table), 0))


@dataclass(frozen=True)
class Scale:
    """What is known of each column of numbers, shape (columns,).

    Parameters
    ----------
    known : array
        How many are not missing.
    most : array
        Largest magnitude, 0 where none is known.
    unit : array
        The power of two above it, which changes no digit of what is divided by it.
    mean, spread : array
        In that unit the mean and standard deviation, 1 where that is 0.
    """

    known: Floats
    most: Floats
    unit: Floats
    mean: Floats
    spread: Floats

    @classmethod
    def of(cls, values: npt.NDArray[Any]) -> Scale:
        """The scale of columns with NaN where missing, shape (n, columns)."""
        known, most, mean, spread = _moments(values, np.ones(values.shape[1]))
        unit: Floats = np.ldexp(1.0, np.clip(np.frexp(most)[1], -1021, 1023))
        if ((most > 0) & ((most < 1e-75) | (most > 1e75))).any():  # squares would vanish or overflow
            _, _, mean, spread = _moments(values, 1 / unit)
        else:
            mean, spread = mean / unit, spread / unit
        return cls(known, most, unit, mean, np.where(spread > 0, spread, 1.0))

    def to(self, values: Floats) -> Floats:
        """Standard deviations from the mean."""
        return np.asarray((values / self.unit - self.mean) / self.spread)

    def back(self, scaled: Floats) -> Floats:
        """Inverse of `to`."""
        with np.errstate(over="ignore"):  # beyond the largest number there is; bounds bring it back
            return np.asarray((scaled * self.spread + self.mean) * self.unit)


def _moments(numbers: Floats, per: Floats) -> tuple[Floats, Floats, Floats, Floats]:
    """Of each column: how many are known, the largest magnitude, mean and standard deviation times `per`.

    One pass, by blocks: the table is never copied. Differences are to the first known number, from which
    the mean is at most sqrt(n) standard deviations away, so that few digits are lost.
    """
    from mintmark.resample._kernels import moments  # compiles once: not before it is needed

    shift = numbers[0].astype(np.float64) if len(numbers) else np.zeros(numbers.shape[1])
    for column in np.flatnonzero(np.isnan(shift)):
        shift[column] = np.append(numbers[~np.isnan(numbers[:, column]), column], 0.0)[0]
    known, most, total, square = np.zeros((4, numbers.shape[1]))
    with np.errstate(over="ignore", invalid="ignore"):
        for start in range(0, len(numbers), _BLOCK):
            block = np.ascontiguousarray(numbers[start : start + _BLOCK], dtype=np.float64)
            moments(block, shift, per, known, most, total, square)
        n = np.maximum(known, 1)
        mean = total / n
        spread = np.sqrt(np.maximum(square / n - mean**2, 0.0))
        return known, most, mean + shift * per, spread


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
