"""The loop that keeps the least of many numbers, compiled."""

from __future__ import annotations

from typing import Any

import numpy.typing as npt

from mintmark.stats.compiled import compiled

__all__ = ["keep_least"]

_CHUNK = 64  # numbers looked at together: most hold none that is kept


@compiled
def keep_least(values: npt.NDArray[Any], best: npt.NDArray[Any]) -> None:
    """Put more values of each row among its least so far.

    Parameters
    ----------
    values : array, shape (rows, n)
    best : array, shape (rows, k)
        The least so far in order, infinity where there are fewer; written.
    """
    k = best.shape[1]
    for row in range(values.shape[0]):
        for first in range(0, values.shape[1], _CHUNK):
            last = min(first + _CHUNK, values.shape[1])
            worst, some = best[row, k - 1], False
            for j in range(first, last):
                some |= values[row, j] < worst
            for j in range(first, last if some else first):
                value, at = values[row, j], k - 1
                if value < best[row, at]:
                    while at > 0 and best[row, at - 1] > value:
                        best[row, at] = best[row, at - 1]
                        at -= 1
                    best[row, at] = value
