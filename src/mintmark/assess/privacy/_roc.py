"""The two figures read off an attack's ROC curve: its area, and what it finds at few false alarms."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from mintmark.stats.shares import Interval, wilson

__all__ = ["SWAPPED", "auc_interval", "sensitivity"]

Floats = npt.NDArray[np.float64]
SWAPPED = 2.0
"""Factor on the non-members' variance where the holdout's halves swap roles.

Two non-members near each other lower each other's score, one in either round. The second round thus
errs as the first did: it steadies the members' side, and the variance of the non-members' is that of
one round (at most so, by Cauchy-Schwarz; nearly so, as measured).
"""


def auc_interval(area: float, variance: float, n: int, z: float) -> Interval:
    """Interval of an area on the logit scale; that of n certain guesses where it has no variance."""
    if variance <= 0 or not 0 < area < 1:
        return wilson(area, n, z)
    centre, reach = np.log(area / (1 - area)), z * np.sqrt(variance) / (area * (1 - area))
    return float(1 / (1 + np.exp(reach - centre))), float(1 / (1 + np.exp(-centre - reach)))


def sensitivity(
    positive: Floats, negative: Floats, alarms: float, z: float, *, share: float = 0.0
) -> tuple[float, Interval]:
    """Share of positives found at a share of false alarms, and its interval.

    Positives that tie with the threshold are found in the proportion that keeps to the false
    alarms. Two errors add in squares (Zou and Donner 2008, Statistics in Medicine 27): the draw of
    the positives, by Wilson's interval, and that of the threshold, by what would be found at the
    ends of the interval in which the share of false alarms lies.

    Parameters
    ----------
    positive, negative : array of scores, shape (m,) and (n,)
    alarms : float, 0..1
    z : float
        Normal point of the level.
    share : float, 0..1
        Share of all positives that there are which are among these; they vary the less for it (finite
        population correction, Cochran 1977, equation 2.9).
    """
    levels, placed = np.unique(np.concatenate([positive, negative]), return_inverse=True)
    up = np.bincount(placed[: len(positive)], minlength=len(levels))
    down = np.bincount(placed[len(positive) :], minlength=len(levels))
    found = _found(up, down, alarms)
    low, high = wilson(found, len(positive) / max(1 - share, 1e-9), z)
    least = max(0.0, alarms - z * float(np.sqrt(alarms * (1 - alarms) / len(negative))))
    fewer = _found(up, down, least)  # counts of false alarms are skewed: Wilson's end is too near
    more = _found(up, down, wilson(alarms, len(negative), z)[1])
    return found, (
        max(0.0, found - float(np.hypot(found - low, found - fewer))),
        min(1.0, found + float(np.hypot(high - found, more - found))),
    )


def _found(positive: npt.NDArray[np.int64], negative: npt.NDArray[np.int64], alarms: float) -> float:
    """True positives at exactly this share of false ones; counts per score level, ascending."""
    false = np.concatenate([[0.0], np.cumsum(negative[::-1])]) / negative.sum()
    true = np.concatenate([[0.0], np.cumsum(positive[::-1])]) / positive.sum()
    last = int(np.searchsorted(false, alarms, side="right")) - 1  # highest point within the alarms
    if last + 1 >= len(false):
        return float(true[-1])
    share = (alarms - false[last]) / (false[last + 1] - false[last])
    return float(true[last] + share * (true[last + 1] - true[last]))
