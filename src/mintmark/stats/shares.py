"""Shares, their differences and areas under curves, with intervals at any level.

Wilson (1927); Newcombe (1998), Statistics in Medicine 17, method 10, for the difference of two
independent shares; several figures at once at level 1 - 0.05 / m each (Bonferroni).
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.special import ndtri

__all__ = ["Z95", "by_unit", "clustered", "effective", "newcombe", "paired", "relative", "wilson", "z_of"]

Interval = tuple[float, float]
Floats = npt.NDArray[np.float64]
Z95 = 1.959963984540054
"""Two-sided 95 % point of the normal distribution."""


def z_of(figures: int = 1) -> float:
    """Normal point that holds for this many 95 % intervals at once."""
    return float(ndtri(1 - 0.025 / figures))


def wilson(share: float, n: float, z: float = Z95) -> Interval:
    """Score interval of a share of `n` (effective) trials, 95 % by itself; (0, 1) for no trial."""
    if n <= 0:
        return 0.0, 1.0
    centre = (share + z * z / (2 * n)) / (1 + z * z / n)
    reach = z / (1 + z * z / n) * np.sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    low = 0.0 if share <= 0 else max(0.0, float(centre - reach))  # exact, where rounding would not be
    return low, 1.0 if share >= 1 else min(1.0, float(centre + reach))


def newcombe(a: float, n_a: float, b: float, n_b: float, z: float, correlation: float = 0.0) -> Interval:
    """Interval of the difference a - b of two shares.

    Parameters
    ----------
    correlation : float, -1..1
        0 for independent shares; else that of the paired trials (Newcombe 1998, Statistics in
        Medicine 17, p. 2635, method 10).
    """
    low_a, high_a = wilson(a, n_a, z)
    low_b, high_b = wilson(b, n_b, z)
    down, up = (a - low_a, high_b - b), (high_a - a, b - low_b)
    low = a - b - np.sqrt(max(0.0, down[0] ** 2 + down[1] ** 2 - 2 * correlation * down[0] * down[1]))
    high = a - b + np.sqrt(max(0.0, up[0] ** 2 + up[1] ** 2 - 2 * correlation * up[0] * up[1]))
    return max(-1.0, float(low)), min(1.0, float(high))


def relative(a: float, held_a: Interval, b: float, held_b: Interval) -> Interval:
    """Interval of (a - b) / (1 - b): of what the second leaves to be won, the share that the first wins.

    One minus a ratio of two independent shares, whose limits are recovered from theirs (Donner and
    Zou 2012, Statistical Methods in Medical Research 21), or the farthest ones where that fails.
    Kept within -1..1.
    """
    top, low, high = 1 - a, 1 - held_a[1], 1 - held_a[0]
    under, least, most = 1 - b, 1 - held_b[1], 1 - held_b[0]
    if under <= 0:
        return -1.0, 1.0
    product = top * under
    below, above = most * (2 * under - most), least * (2 * under - least)
    if below > 0:
        down = (product - np.sqrt(max(0.0, product**2 - low * (2 * top - low) * below))) / below
    else:
        down = low / most
    if above > 0:
        up = (product + np.sqrt(max(0.0, product**2 - high * (2 * top - high) * above))) / above
    else:
        up = np.inf
    return max(-1.0, float(1 - up)), min(1.0, float(1 - down))


def effective(share: float, variance: float, most: float) -> float:
    """Trials that would give a share this variance; `most` where it has none or less."""
    if variance <= 0 or not 0 < share < 1:
        return most
    return min(most, share * (1 - share) / variance)


def clustered(hits: npt.ArrayLike, trials: npt.ArrayLike) -> tuple[float, float]:
    """A share whose trials come in clusters, and its effective number of trials.

    Parameters
    ----------
    hits, trials : array, shape (clusters,)
        The variance is that of a ratio of means over clusters (Cochran 1977, eq. 6.4).

    Returns
    -------
    (share, n)
        (0, 0) without trials; n is at most the number of trials, and that of clusters with any
        where the share is 0 or 1.
    """
    hit, tried = np.asarray(hits, dtype=float), np.asarray(trials, dtype=float)
    hit, tried = hit[tried > 0], tried[tried > 0]
    if not len(tried):
        return 0.0, 0.0
    share, units = hit.sum() / tried.sum(), len(tried)
    if not 0 < share < 1 or units < 2:
        return float(share), float(units)
    rest = hit - share * tried
    variance = units / (units - 1) * float(rest @ rest) / tried.sum() ** 2
    return float(share), effective(float(share), variance, float(tried.sum()))


def by_unit(hits: npt.ArrayLike, unit: npt.NDArray[np.int64]) -> tuple[Floats, Floats]:
    """Hits and trials of each unit, as `clustered` takes them, from those of single trials, shape (n,)."""
    _, which = np.unique(unit, return_inverse=True)
    sums: Floats = np.bincount(which, weights=np.asarray(hits, float)).astype(np.float64)
    return sums, np.bincount(which).astype(np.float64)


def paired(
    a: npt.ArrayLike, b: npt.ArrayLike, unit: npt.NDArray[np.int64], z: float
) -> tuple[float, Interval]:
    """Difference of two shares of the same trials, and its interval.

    Parameters
    ----------
    a, b : array, shape (n,)
        Hits of each trial; their mean counts as at most 1.
    unit : array of int, shape (n,)
        Trials of one unit hang together.
    """
    (hits_a, trials), (hits_b, _) = by_unit(a, unit), by_unit(b, unit)
    (share_a, n_a), (share_b, n_b) = clustered(hits_a, trials), clustered(hits_b, trials)
    x, y = hits_a - share_a * trials, hits_b - share_b * trials
    spread = float(np.sqrt((x @ x) * (y @ y)))
    together = float(x @ y) / spread if spread > 0 else 0.0
    share_a, share_b = min(share_a, 1.0), min(share_b, 1.0)
    return share_a - share_b, newcombe(share_a, n_a, share_b, n_b, z, together)
