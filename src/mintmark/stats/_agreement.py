"""The loop of `neighbours.agreement` and `neighbours.agreeing`, compiled."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from mintmark.stats.compiled import compiled

__all__ = ["best_sums"]

Sides = tuple[npt.NDArray[np.uint8], npt.NDArray[Any]]
_BLOCK = 2048  # references whose sums stay in the fastest cache


@compiled
def best_sums(
    queries: Sides,
    references: Sides,
    weights: Sides,
    spans: npt.NDArray[np.uint8],
    best: npt.NDArray[np.uint32],
    beyond: int,
    count: npt.NDArray[np.int64],
) -> None:
    """Raise `best` to each query's largest sum of weights over the columns that agree with a reference.

    Also adds to `count` how many references' sums lie beyond a number.

    Parameters
    ----------
    queries, references : tuple of two arrays, shapes (narrow, n) uint8 and (wide, n) uint32
    weights : tuple of two arrays, shapes (narrow, queries) and (wide, queries), uint8
    spans : array, shape (narrow,), uint8
        How far above the query's code, taken modulo 256, a reference still agrees.
    best : array, shape (queries,), uint32
    beyond : int, 0..2**32 - 1
    count : array, shape (queries,), int64
    """
    narrow, wide = references
    small, total = np.empty(_BLOCK, dtype=np.uint8), np.empty(_BLOCK, dtype=np.uint32)
    for start in range(0, narrow.shape[1], _BLOCK):
        size = min(_BLOCK, narrow.shape[1] - start)
        for row in range(len(best)):
            small[:], total[:], held = 0, 0, np.int64(0)
            for i in range(len(narrow)):
                weight = weights[0][i, row]
                if weight == 0:
                    continue
                if held + np.int64(weight) > 255:  # bytes add several times faster than wider numbers
                    for j in range(size):
                        total[j] += small[j]
                    small[:], held = 0, np.int64(0)
                held += np.int64(weight)
                column, low, span = narrow[i, start : start + size], queries[0][i, row], spans[i]
                for j in range(size):  # unsigned wrap-around makes a range one comparison
                    agrees = np.uint8(column[j] - low) <= span
                    small[j] = np.uint8(small[j] + (weight if agrees else np.uint8(0)))
            for i in range(len(wide)):
                column, code, much = wide[i, start : start + size], queries[1][i, row], weights[1][i, row]
                for j in range(size):
                    total[j] += np.uint32(much) if column[j] == code else np.uint32(0)
            most, hits = np.uint32(0), np.uint32(0)
            for j in range(size):
                found = np.uint32(total[j] + np.uint32(small[j]))
                most = max(most, found)
                hits += np.uint32(found > np.uint32(beyond))
            best[row] = max(best[row], most)
            count[row] += np.int64(hits)
