"""The loops of `neighbours` that keep the least distances, compiled."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from mintmark.stats.compiled import compiled

__all__ = ["keep_least", "keep_least_of_both"]

_CHUNK = 64  # distances looked at together: most hold none that is kept


@compiled
def _put(value: float, place: int, row: int, best: npt.NDArray[Any], where: npt.NDArray[np.int64]) -> None:
    """Insert a value below the greatest kept one; of equal ones the first stays first."""
    at = best.shape[1] - 1
    while at > 0 and best[row, at - 1] > value:
        best[row, at] = best[row, at - 1]
        where[row, at] = where[row, at - 1]
        at -= 1
    best[row, at] = value
    where[row, at] = place


@compiled
def keep_least(
    products: npt.NDArray[Any],
    lengths: npt.NDArray[Any],
    start: int,
    best: npt.NDArray[Any],
    where: npt.NDArray[np.int64],
) -> None:
    """Put products plus lengths of more references among the least so far of each query.

    Parameters
    ----------
    products : array, shape (q, n)
        For each query and the references `start`, `start` + 1, ...
    lengths : array, shape (n,)
        What each reference adds.
    best : array, shape (q, k)
        Least sums so far in order, infinity where there are fewer.
    where : array of int, shape (q, k)
        Whose they are.
    """
    k = best.shape[1]
    for row in range(products.shape[0]):
        for first in range(0, products.shape[1], _CHUNK):
            last = min(first + _CHUNK, products.shape[1])
            worst, some = best[row, k - 1], False
            for j in range(first, last):
                some |= products[row, j] + lengths[j] < worst
            if some:
                for j in range(first, last):
                    value = products[row, j] + lengths[j]
                    if value < best[row, k - 1]:
                        _put(value, start + j, row, best, where)


@compiled
def keep_least_of_both(
    products: npt.NDArray[Any],
    lengths: npt.NDArray[Any],
    rows: int,
    columns: int,
    best: npt.NDArray[Any],
    where: npt.NDArray[np.int64],
) -> None:
    """As `keep_least` for two blocks of one table at once, each being the other's references.

    Parameters
    ----------
    products : array, shape (q, n)
        Of rows `rows`, `rows` + 1, ... and rows `columns`, `columns` + 1, ...; the same block where both
        begin alike, in which no row is its own reference.
    lengths : array, shape (all,)
    best, where : array, shape (all, k)
    """
    k, own = best.shape[1], rows == columns
    worsts = best[columns : columns + products.shape[1], k - 1].copy()
    for i in range(products.shape[0]):
        row = rows + i
        for first in range(0, products.shape[1], _CHUNK):
            last = min(first + _CHUNK, products.shape[1])
            worst, mine, some = best[row, k - 1], lengths[row], False
            for j in range(first, last):
                some |= products[i, j] + lengths[columns + j] < worst
            if not own:
                for j in range(first, last):
                    some |= products[i, j] + mine < worsts[j]
            if not some:
                continue
            for j in range(first, last):
                other = columns + j
                value = products[i, j] + lengths[other]
                if value < best[row, k - 1] and other != row:
                    _put(value, other, row, best, where)
                back = products[i, j] + mine
                if not own and back < worsts[j]:
                    _put(back, row, other, best, where)
                    worsts[j] = best[other, k - 1]
