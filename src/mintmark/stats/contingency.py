"""Contingency tables of coded columns, counted in one pass."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from mintmark.stats.compiled import compiled

__all__ = ["contingency"]

Ints = npt.NDArray[np.int64]


@compiled
def contingency(a: Ints, b: Ints, rows: int, columns: int) -> Ints:
    """Rows of each pair of codes, shape (rows * columns,), the codes of `b` next to each other.

    Parameters
    ----------
    a, b : array of int, shape (n,)
        Codes from 0, below `rows` and below `columns`; they are not checked.
    """
    counts = np.zeros(rows * columns, dtype=np.int64)
    for i in range(len(a)):
        counts[a[i] * columns + b[i]] += 1
    return counts
