"""The least distances of each row to others, found in single or double precision: every pair is looked at."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from mintmark.stats._tile import lanes, meet

__all__ = ["least", "least_of_others"]

Ints = npt.NDArray[np.int64]
Array = npt.NDArray[Any]
_ROWS = 16_384  # rows searched at once: they are copied
_BLOCK = 2048  # references laid out at once: they stay in the second cache


def least(flat: Array, wide: Ints, others: Array, other_wide: Ints, k: int, dtype: Any) -> tuple[Array, Ints]:
    """Squared distances of each row to the `k` nearest others, nearest first, and which they are.

    Parameters
    ----------
    flat, others : array, shape (n, width) and (m, width)
    wide, other_wide : array of int, shape (n, columns) and (m, columns)
        Codes that are one apart where they differ.
    k : int, 1..m
    dtype : float32 or float64
        In which they are found; of equal ones the first come first.

    Returns
    -------
    array of dtype, array of int, shape (n, k)
    """
    best, where = np.empty((len(flat), k), dtype=dtype), np.empty((len(flat), k), dtype=np.int64)
    for begin in range(0, len(flat), _ROWS):
        some = slice(begin, begin + _ROWS)
        rows = _Rows.of(flat[some], wide[some], k, dtype)
        for start in range(0, len(others), _BLOCK):
            part = slice(start, start + _BLOCK)
            rows.meet(others[part], other_wide[part], start, paired=False)
        best[some], where[some] = rows.found(len(flat[some]))
    return best, where


def least_of_others(flat: Array, wide: Ints, k: int) -> tuple[Array, Ints]:
    """As `least` of one table's rows to its other rows, in single precision; each pair is looked at once."""
    rows = _Rows.of(flat, wide, k, np.float32)
    for start in range(0, len(flat), _BLOCK):
        part = slice(start, start + _BLOCK)
        rows.meet(flat[part], wide[part], start, paired=True)
    return rows.found(len(flat))


class _Rows:
    """Rows and the least distances they have met so far."""

    def __init__(self, flat: Array, wide: Ints, norms: Array, best: Array, where: Ints):
        self.flat, self.wide, self.norms, self.best, self.where = flat, wide, norms, best, where
        self.worst = np.where(np.isinf(norms), -np.inf, np.inf).astype(norms.dtype)

    @classmethod
    def of(cls, flat: Array, wide: Ints, k: int, dtype: Any) -> _Rows:
        """Rows that have met none; the last ones are nobody, so that their number is whole panels."""
        size = lanes(8 * np.dtype(dtype).itemsize)
        n = -(-len(flat) // size) * size
        best, where = np.full((n, k), np.inf, dtype=dtype), np.full((n, k), -1, dtype=np.int64)
        held = _filled(flat, n, dtype, 1), _filled(wide, n, np.int64)  # the loop expects a column
        return cls(*held, _norms(flat, n, dtype), best, where)

    def meet(self, others: Array, wide: Ints, start: int, *, paired: bool) -> None:
        """Look at more references, `start`, `start` + 1, ...; paired where they are these rows themselves."""
        size = lanes(8 * self.flat.itemsize)
        n, width = -(-len(others) // size) * size, self.flat.shape[1]
        laid = _filled(others, n, self.flat.dtype, 1).reshape(-1, size, width).transpose(0, 2, 1)
        panels, norms = np.ascontiguousarray(-2 * laid), _norms(others, n, self.flat.dtype)
        meet(
            self.flat, self.norms, self.wide, panels, norms, _filled(wide, n, np.int64),
            start, paired, self.worst, self.best, self.where,
        )  # fmt: skip

    def found(self, n: int) -> tuple[Array, Ints]:
        """The least distances of the first n rows, and whose they are."""
        return self.best[:n], self.where[:n]


def _filled(array: Array, n: int, dtype: Any, least: int = 0) -> Array:
    """The array with zeros after it, of n rows and at least so many columns."""
    out = np.zeros((n, max(least, array.shape[1])), dtype=dtype)
    out[: len(array), : array.shape[1]] = array
    return out


def _norms(flat: Array, n: int, dtype: Any) -> Array:
    """Squared lengths, infinite of rows that are nobody."""
    out = np.full(n, np.inf, dtype=dtype)
    out[: len(flat)] = np.einsum("ij,ij->i", flat, flat, dtype=np.float64)
    return out
