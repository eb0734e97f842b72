"""Mutual information of two columns from their table of counts."""

from __future__ import annotations

from functools import cache

import numpy as np
import numpy.typing as npt

__all__ = ["adjusted"]

Floats = npt.NDArray[np.float64]


def adjusted(counts: npt.ArrayLike, draws: float | None = None) -> tuple[float, Floats]:
    """Adjusted mutual information and how much a row of each cell moves it.

    (I - E) / ((H_a + H_b) / 2 - E), where E is the information that independent columns with these
    shares would show by chance (Vinh, Epps, Bailey 2010, Journal of Machine Learning Research 11): near
    0 for independent columns, of which it may fall a little below, and with many rows the symmetric
    uncertainty of Press et al. (1988), Numerical Recipes, eq. 14.4.17.

    Parameters
    ----------
    counts : array, shape (a, b)
        Rows of each pair of codes.
    draws : float, optional
        Independent draws behind them where rows hang together; all rows if None.

    Returns
    -------
    value : float, 1 where each column tells all of the other; 0 where both are constant
    influence : array, shape (a, b)
        Of a row of that cell (without the correction, which hardly moves); 0 mean over the rows.
    """
    table = np.asarray(counts, dtype=np.float64)
    n = table.sum()
    joint, first, second = table / n, table.sum(1) / n, table.sum(0) / n
    surprise = [_surprise(part) for part in (joint, first, second)]
    plain = [float((p * s).sum()) for p, s in zip((joint, first, second), surprise, strict=True)]
    chance = _by_chance(first, second, draws or n)
    shared, both = plain[1] + plain[2] - plain[0] - chance, plain[1] + plain[2] - 2 * chance
    if both <= 1e-12:
        return 0.0, np.zeros_like(table)
    on_both = surprise[1][:, None] + surprise[2][None, :] - plain[1] - plain[2]
    on_shared = on_both - surprise[0] + plain[0]
    influence = 2 / both * (on_shared - shared / both * on_both)
    return 2 * shared / both, np.where(table > 0, influence, 0.0)


def _by_chance(first: Floats, second: Floats, n: float) -> float:
    """Information that n draws of independent columns with these shares show on average.

    Cells by themselves as Poisson counts, times what fixed margins leave of their spread; for many
    rows (a - 1)(b - 1) / 2n.
    """
    expected = n * first[:, None] * second
    points, means = _of_poisson()
    of_cell = np.interp(np.log(np.maximum(expected, 1e-9)), points, means)
    left = (1 - first)[:, None] * (1 - second)
    return float((of_cell * left)[expected > 0].sum() / n)


@cache
def _of_poisson() -> tuple[Floats, Floats]:
    """Logs of some means m of a Poisson count k, and the mean of k log(k / m); 1/2 for large m."""
    from scipy.stats import poisson

    means = np.geomspace(1e-9, 300, 200)
    k = np.arange(1, 600)
    values = (poisson.pmf(k, means[:, None]) * k * np.log(k / means[:, None])).sum(axis=1)
    return np.log(means), values


def _surprise(shares: Floats) -> Floats:
    """Minus the logarithm of each share, 0 where it is 0."""
    return -np.log(shares, out=np.zeros_like(shares), where=shares > 0)
