"""What two columns show together, in one compiled pass over the rows."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from mintmark.stats.compiled import compiled

__all__ = ["contingency", "products"]

Ints = npt.NDArray[np.int64]
Codes = npt.NDArray[np.signedinteger[Any]]
Floats = npt.NDArray[np.float64]


@compiled
def contingency(a: Codes, b: Codes, rows: int, columns: int) -> Ints:
    """Rows of each pair of codes, shape (rows * columns,), the codes of `b` next to each other.

    Parameters
    ----------
    a, b : array of int, shape (n,)
        Codes from 0, below `rows` and below `columns`; they are not checked.
    """
    counts = np.zeros(rows * columns, dtype=np.int64)
    for i in range(len(a)):
        counts[np.int64(a[i]) * columns + b[i]] += 1
    return counts


@compiled
def products(x: Floats, y: Floats) -> tuple[int, float, float, float, float, float]:
    """Rows where neither is NaN, and over them the sums of x, y, x², y² and xy, 0.5 taken from x and y.

    Parameters
    ----------
    x, y : array, shape (n,)
        Percentiles, 0..1; of numbers far from 0.5 the sums lose digits.
    """
    n, sx, sy, xx, yy, xy = 0, 0.0, 0.0, 0.0, 0.0, 0.0
    for i in range(len(x)):
        a, b = x[i] - 0.5, y[i] - 0.5
        if not (np.isnan(a) or np.isnan(b)):
            n += 1
            sx += a
            sy += b
            xx += a * a
            yy += b * b
            xy += a * b
    return n, sx, sy, xx, yy, xy
