"""The two figures read off an attack's ROC curve: its area, and what it finds at few false alarms."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from mintmark.assess.privacy._shares import Interval, effective, wilson

__all__ = ["auc_interval", "sensitivity"]

Floats = npt.NDArray[np.float64]
_RESAMPLES = 200


def auc_interval(area: float, variance: float, n: int, z: float) -> Interval:
    """Interval of an area on the logit scale; that of n certain guesses where it has no variance."""
    if variance <= 0 or not 0 < area < 1:
        return wilson(area, n, z)
    centre, reach = np.log(area / (1 - area)), z * np.sqrt(variance) / (area * (1 - area))
    return float(1 / (1 + np.exp(reach - centre))), float(1 / (1 + np.exp(-centre - reach)))


def sensitivity(
    positive: Floats, negative: Floats, alarms: float, z: float, rng: np.random.Generator
) -> tuple[float, Interval]:
    """Share of positives found at a share of false alarms, and its interval.

    Positives that tie with the threshold are found in the proportion that keeps to the false
    alarms. The interval is Wilson's with the number of trials that has the bootstrap's variance
    (resampling both sides, so that the threshold varies too).

    Parameters
    ----------
    positive, negative : array of scores, shape (m,) and (n,), n >= 1 / alarms
    alarms : float, 0..1
    z : float
        Normal point of the level.
    """
    levels, placed = np.unique(np.concatenate([positive, negative]), return_inverse=True)
    up, down = placed[: len(positive)], placed[len(positive) :]
    estimate = _found(
        np.bincount(up, minlength=len(levels)), np.bincount(down, minlength=len(levels)), alarms
    )
    drawn = np.empty(_RESAMPLES)
    for i in range(_RESAMPLES):
        again_up = np.bincount(up[rng.integers(0, len(up), len(up))], minlength=len(levels))
        again_down = np.bincount(down[rng.integers(0, len(down), len(down))], minlength=len(levels))
        drawn[i] = _found(again_up, again_down, alarms)
    n = effective(estimate, float(drawn.var(ddof=1)), len(positive))
    return estimate, wilson(estimate, n, z)


def _found(positive: npt.NDArray[np.int64], negative: npt.NDArray[np.int64], alarms: float) -> float:
    """True positives at exactly this share of false ones; counts per score level, ascending."""
    false = np.concatenate([[0.0], np.cumsum(negative[::-1])]) / negative.sum()
    true = np.concatenate([[0.0], np.cumsum(positive[::-1])]) / positive.sum()
    last = int(np.searchsorted(false, alarms, side="right")) - 1  # highest point within the alarms
    if last + 1 >= len(false):
        return float(true[-1])
    share = (alarms - false[last]) / (false[last + 1] - false[last])
    return float(true[last] + share * (true[last + 1] - true[last]))
