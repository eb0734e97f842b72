"""Shares, their differences and areas under curves, with intervals at any level.

Wilson (1927); Newcombe (1998), Statistics in Medicine 17, method 10, for the difference of two
independent shares; several figures at once at level 1 - 0.05 / m each (Bonferroni).
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.stats import norm

__all__ = ["clustered", "effective", "newcombe", "wilson", "z_of"]

Interval = tuple[float, float]


def z_of(figures: int = 1) -> float:
    """Normal point that holds for this many 95 % intervals at once."""
    return float(norm.ppf(1 - 0.025 / figures))


def wilson(share: float, n: float, z: float) -> Interval:
    """Score interval of a share of `n` (effective) trials; (0, 1) for none."""
    if n <= 0:
        return 0.0, 1.0
    centre = (share + z * z / (2 * n)) / (1 + z * z / n)
    reach = z / (1 + z * z / n) * np.sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    low = 0.0 if share <= 0 else max(0.0, float(centre - reach))  # exact, where rounding would not be
    return low, 1.0 if share >= 1 else min(1.0, float(centre + reach))


def newcombe(a: float, n_a: float, b: float, n_b: float, z: float) -> Interval:
    """Interval of the difference a - b of two independent shares."""
    low_a, high_a = wilson(a, n_a, z)
    low_b, high_b = wilson(b, n_b, z)
    low = a - b - np.sqrt((a - low_a) ** 2 + (high_b - b) ** 2)
    high = a - b + np.sqrt((high_a - a) ** 2 + (b - low_b) ** 2)
    return max(-1.0, float(low)), min(1.0, float(high))


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
