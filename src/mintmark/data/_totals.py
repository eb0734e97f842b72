"""Sums of three columns or more: found by least squares among columns that others determine."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from mintmark.data._forms import name_of
from mintmark.data.schema import Column

__all__ = ["determined", "totals"]

Floats = npt.NDArray[np.float64]

_MOST_PARTS = 12
_UNEXPLAINED = 1e-3
"""Share of a column's variance that a total may leave to its rounding."""
_ROWS = 1000


def determined(columns: Sequence[Column], x: Floats) -> list[int]:
    """Positions of the numbers that the others leave hardly any variance, the least spread first.

    The diagonal of the inverse correlation matrix is 1 / (1 - R^2) of each column on all others.
    """
    some = [
        i
        for i, column in enumerate(columns)
        if column.kind in ("number", "integer") and np.isnan(x[i]).mean() < 0.2
    ]
    rows = np.flatnonzero(~np.isnan(x[some]).any(axis=0))
    if len(some) < 4 or len(rows) < 2 * len(some):
        return []
    z = x[some][:, rows]
    z = z - z.mean(axis=1, keepdims=True)
    scale = np.sqrt(np.sum(z**2, axis=1, keepdims=True))
    if not np.all(np.isfinite(scale)) or np.any(scale == 0):
        return []
    z /= scale
    left = 1 / np.diag(np.linalg.inv(z @ z.T + 1e-9 * np.eye(len(z))))
    found = [
        (float(size), i)
        for size, i, share in zip(scale[:, 0], some, left, strict=True)
        if share < _UNEXPLAINED
    ]
    return [i for _, i in sorted(found)]


def totals(operands: Sequence[Column], values: Floats, x: Floats) -> list[str]:
    """Sums, with signs, of three columns or more that may explain the values."""
    from scipy.optimize import nnls

    rows = np.flatnonzero(~np.isnan(values) & ~np.isnan(x).any(axis=0))[:_ROWS]
    if len(operands) < 3 or len(rows) < 3 * len(operands):
        return []
    x, values = x[:, rows], values[rows]
    spread = x.std(axis=1)
    usable = spread > 0
    a = ((x - x.mean(axis=1, keepdims=True)) / np.where(usable, spread, 1.0)[:, None]).T
    b = values - values.mean()
    texts = []
    for weight in (nnls(a, b)[0], np.linalg.lstsq(a, b, rcond=None)[0]):
        parts = _parts(np.where(usable, weight, 0.0), spread)
        if 3 <= len(parts) <= _MOST_PARTS:
            words = [f"{'+' if sign > 0 else '-'} {name_of(operands[i].name)}" for i, sign in parts]
            texts.append(" ".join(words).removeprefix("+ "))
    return list(dict.fromkeys(texts))


def _parts(weight: Floats, spread: Floats) -> list[tuple[int, int]]:
    """Columns that share one factor, with their signs, those added first; none where factors differ."""
    slope = np.divide(weight, spread, out=np.zeros_like(weight), where=spread > 0)
    told = np.abs(weight) > 1e-4 * np.abs(weight).max(initial=0.0)
    if not told.any():
        return []
    k = np.median(np.abs(slope[told]))
    told &= np.abs(slope) > 0.5 * k
    if np.any(np.abs(np.abs(slope[told]) - k) > 0.05 * k):
        return []
    return sorted(((int(i), int(np.sign(slope[i]))) for i in np.flatnonzero(told)), key=lambda part: -part[1])
