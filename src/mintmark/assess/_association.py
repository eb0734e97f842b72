"""How two columns hang together: correlation of numbers, association of codes."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from mintmark.assess._codes import Codes

__all__ = ["correlation", "correlation_influence", "cramers_v"]

Floats = npt.NDArray[np.float64]


def correlation(x: Floats, y: Floats) -> float:
    """Correlation over rows where both are known, NaN where missing; 0 where a column is constant."""
    from mintmark.stats.pairs import products  # compiles once: not before it is needed

    n, sx, sy, xx, yy, xy = products(x, y)
    if n < 2:
        return 0.0
    vx, vy, covariance = xx / n - (sx / n) ** 2, yy / n - (sy / n) ** 2, xy / n - sx * sy / n**2
    if vx < 1e-24 or vy < 1e-24:
        return 0.0
    return float(np.clip(covariance / np.sqrt(vx * vy), -1.0, 1.0))


def correlation_influence(x: Floats, y: Floats) -> Floats:
    """How much each row moves `correlation`, shape (n,) (Devlin, Gnanadesikan, Kettenring 1975)."""
    known = ~(np.isnan(x) | np.isnan(y))
    moved = np.zeros(len(known))
    if known.sum() < 2:
        return moved
    x, y = (part[known] - part[known].mean() for part in (x, y))
    sx, sy = np.sqrt(x @ x / len(x)), np.sqrt(y @ y / len(y))
    if sx < 1e-12 or sy < 1e-12:
        return moved
    x, y = x / sx, y / sy
    moved[known] = (x * y - x @ y / len(x) * (x * x + y * y) / 2) / known.mean()
    return moved


def cramers_v(x: Codes, y: Codes, width: int) -> float:
    """Association of two coded columns, 0..1, corrected for bias (Bergsma 2013, equation 8).

    Parameters
    ----------
    x, y : array of codes, shape (n,); y below `width`
    """
    from mintmark.stats.pairs import contingency

    n, height = len(x), int(x.max()) + 1
    table = contingency(x, y, height, width).reshape(height, width)
    table = table[table.any(1)][:, table.any(0)]
    rows, columns = table.shape
    if min(rows, columns) < 2 or n < 2:
        return 0.0
    expected = table.sum(1)[:, None] * table.sum(0) / n
    phi2 = float(((table - expected) ** 2 / expected).sum()) / n
    phi2 = max(0.0, phi2 - (rows - 1) * (columns - 1) / (n - 1))
    least = min(rows - (rows - 1) ** 2 / (n - 1), columns - (columns - 1) ** 2 / (n - 1)) - 1
    return float(min(1.0, np.sqrt(phi2 / least))) if least > 0 else 0.0
