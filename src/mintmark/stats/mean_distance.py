"""Intervals for means of absolute differences, which chance pushes away from zero.

A mean of absolute values differs from that of the true differences by no more than the mean of the
absolute errors does (triangle inequality); that mean is simulated from the rows' influences. So
the interval holds at zero, where the bootstrap does not, and is wide where many figures err alike.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

__all__ = ["resampled_errors", "simulated_reach"]

Floats = npt.NDArray[np.float64]


def resampled_errors(
    influence: Floats, rng: np.random.Generator, draws: int, persons: npt.NDArray[np.int64] | None = None
) -> Floats:
    """Errors of several figures at once, shape (draws, figures): influences under normal multipliers.

    Parameters
    ----------
    influence : array, shape (n, figures)
        Of each row on each figure; a figure errs by their mean.
    persons : array of int, shape (n,), optional
        Whose row it is; rows of one person err together.
    """
    n, single = len(influence), influence.astype(np.float32)  # a simulation's own error is far larger
    if persons is None:
        return np.asarray(rng.standard_normal((draws, n), dtype=np.float32) @ single / n, dtype=np.float64)
    owner = np.unique(persons, return_inverse=True)[1]
    by_person = rng.standard_normal((draws, int(owner.max(initial=-1)) + 1), dtype=np.float32)
    return np.asarray(by_person[:, owner] @ single / n, dtype=np.float64)


def simulated_reach(errors: Floats) -> float:
    """What 95 % of the means of absolute errors stay below.

    Parameters
    ----------
    errors : array, shape (draws, figures)
    """
    return float(np.quantile(np.abs(errors).mean(axis=1), 0.95))
