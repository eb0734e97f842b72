"""How two columns hang together: percentiles in train and their correlation, contingency.

The percentiles are train's for every table, so that a table is judged on one scale.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

__all__ = ["correlation", "cramers_v", "grade"]

Floats = npt.NDArray[np.float64]


def grade(values: Floats, order: Floats) -> Floats:
    """Mid-percentile of each value among the ascending values of train, NaN where missing."""
    if not len(order):
        return np.full(len(values), np.nan)
    # one search among the distinct values, which are few
    last = np.flatnonzero(np.append(order[1:] != order[:-1], True))
    below = np.concatenate([[0], last + 1])
    at = np.searchsorted(order[last], values, "left")
    found = order[last][np.minimum(at, len(last) - 1)] == values
    share = (below[at] + below[at + found]) / (2 * len(order))
    return np.where(np.isnan(values), np.nan, share)


def correlation(x: Floats, y: Floats, influence: bool = False) -> tuple[float, Floats | float]:
    """Correlation over rows where both are known, and each row's influence on it.

    0 where a column is constant. Influence function: Devlin, Gnanadesikan, Kettenring (1975).
    """
    known = ~(np.isnan(x) | np.isnan(y))
    share = known.mean() if len(known) else 0.0
    if share < 1:
        x, y = x[known], y[known]
    if len(x) < 2:
        return 0.0, 0.0
    x, y = x - x.mean(), y - y.mean()
    sx, sy = np.sqrt(x @ x / len(x)), np.sqrt(y @ y / len(y))
    if sx < 1e-12 or sy < 1e-12:
        return 0.0, 0.0
    x, y = x / sx, y / sy
    r = float(x @ y / len(x))
    if not influence:
        return r, 0.0
    moved = np.zeros(len(known))
    moved[known] = (x * y - r * (x * x + y * y) / 2) / share
    return r, moved


def cramers_v(x: npt.NDArray[np.int64], y: npt.NDArray[np.int64], width: int) -> float:
    """Association of two coded columns, 0..1, corrected for bias (Bergsma 2013, equation 8).

    Parameters
    ----------
    x, y : array of codes, shape (n,); y below `width`
    """
    n = len(x)
    table = np.bincount(x * width + y, minlength=(int(x.max()) + 1) * width).reshape(-1, width)
    table = table[table.any(1)][:, table.any(0)]
    rows, columns = table.shape
    if min(rows, columns) < 2 or n < 2:
        return 0.0
    expected = table.sum(1)[:, None] * table.sum(0) / n
    phi2 = float(((table - expected) ** 2 / expected).sum()) / n
    phi2 = max(0.0, phi2 - (rows - 1) * (columns - 1) / (n - 1))
    least = min(rows - (rows - 1) ** 2 / (n - 1), columns - (columns - 1) ** 2 / (n - 1)) - 1
    return float(min(1.0, np.sqrt(phi2 / least))) if least > 0 else 0.0
