"""Means of absolute differences, which chance makes larger: how much, and an interval.

|d| of a nearly normal difference d with mean δ and standard error s lies above |δ| on average, by
s √(2/π) where δ is 0 and by next to nothing from 2 s on (the folded normal distribution: Leone,
Nelson, Nottingham 1961, Technometrics 3). No estimate is free of this bias near 0; what can be had
is a bound, by which the end next to 0 is moved.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from mintmark.stats.intervals import Z95

__all__ = ["excess", "folded_interval"]

Floats = npt.NDArray[np.float64]


def excess(differences: Floats, errors: Floats) -> Floats:
    """At least the mean of what chance adds to |difference|, one by one.

    s (2/√π) exp(-d²/2s²): its mean is s √(2/π) exp(-δ²/4s²), right where δ is 0 and above the
    folded normal's bias elsewhere.

    Parameters
    ----------
    differences, errors : array, shape (k,), errors >= 0
    """
    ratio = np.divide(differences, errors, out=np.zeros_like(errors), where=errors > 0)
    bound: Floats = errors * 2 / np.sqrt(np.pi) * np.exp(-(ratio**2) / 2)
    return bound


def folded_interval(mean: float, variance: float, added: float) -> tuple[float, float]:
    """95 % interval of a mean of |δ| from the mean of |d|, from 0 on.

    Parameters
    ----------
    mean : float, >= 0
        Of the absolute differences found.
    variance : float, >= 0
        Of that mean, the signs of the differences taken as given.
    added : float, >= 0
        Mean of `excess`.
    """
    reach = Z95 * float(np.sqrt(max(variance, 0.0)))
    return max(0.0, mean - added - reach), mean + reach
