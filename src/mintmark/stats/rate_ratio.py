"""Ratio of two shares that are both counted, with an exact interval.

Given the sum of two Poisson counts, one of them is binomial (Przyborowski and Wilenski 1940,
Biometrika 31), whose exact ends are those of Clopper and Pearson (1934, Biometrika 26). Shares of a
table are binomial and not Poisson, which spread less: the interval is then wider than it need be.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

__all__ = ["proves_absence", "rate_ratio"]

Floats = npt.NDArray[np.float64]


def rate_ratio(
    x: Floats, n: float, y: Floats, m: Floats | float, alpha: Floats | float
) -> tuple[Floats, Floats]:
    """Ends of (x / n) / (y / m), each missed with probability at most `alpha`.

    Parameters
    ----------
    x, y : array, shape (k,), >= 0
        Counts; `y` > 0 need not be whole, where it is an effective count (Rao and Scott 1992).
    n, m : float or array, > 0
        Rows that were counted.
    alpha : float or array, 0..1

    Returns
    -------
    low, high : array, shape (k,), >= 0
    """
    from scipy.special import betaincinv

    with np.errstate(divide="ignore", invalid="ignore"):
        low = np.where(x > 0, betaincinv(np.maximum(x, 1e-9), y + 1, alpha), 0.0)
        high = betaincinv(x + 1, y, 1 - np.asarray(alpha))
        scale = np.asarray(m) / n
        return scale * low / (1 - low), scale * high / (1 - high)


def proves_absence(n: float, y: Floats, m: Floats | float, alpha: Floats | float) -> Floats:
    """Upper end of the ratio where `x` is 0: the least that a count of nothing could prove.

    The closed form of `rate_ratio` there, shape (k,), >= 0; parameters as there.
    """
    none = np.asarray(alpha) ** (1 / y)
    highest: Floats = np.asarray(m) / n * (1 - none) / none
    return highest
