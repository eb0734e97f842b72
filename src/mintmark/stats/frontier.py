"""The frontier of two losses: what no other point betters in both, and how much lies behind it.

Zitzler, Thiele (1999), IEEE Trans. Evol. Comp. 3: hypervolume.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

__all__ = ["hypervolume", "least_at", "non_dominated"]

Floats = npt.NDArray[np.float64]


def non_dominated(losses: Floats) -> npt.NDArray[np.bool_]:
    """Which points no other point equals or betters in both losses, and betters in one.

    Parameters
    ----------
    losses : array, shape (points, 2)
        Lower is better.
    """
    no_worse = (losses[:, None] <= losses[None]).all(axis=2)
    better = (losses[:, None] < losses[None]).any(axis=2)
    return np.asarray(~(no_worse & better).any(axis=0))


def _front(losses: Floats) -> Floats:
    """The points that are not dominated, the first loss growing."""
    return np.unique(losses[non_dominated(losses)], axis=0)


def hypervolume(losses: Floats) -> float:
    """Area of the unit square that some point is at least as good as, 0..1.

    Parameters
    ----------
    losses : array, shape (points, 2), in 0..1
        The reference is (1, 1): worthless in both.
    """
    front = _front(np.clip(losses, 0.0, 1.0))
    ends = np.append(front[1:, 0], 1.0)
    return float(((ends - front[:, 0]) * (1 - front[:, 1])).sum())


def least_at(losses: Floats, level: float) -> float:
    """The least second loss to be had at a first loss of `level`, NaN where none is so good.

    Between two points of the frontier it lies on their line: what a lottery between them gives.

    Parameters
    ----------
    losses : array, shape (points, 2)
    level : float
    """
    front = _front(losses)
    if level < front[0, 0]:
        return float("nan")
    return float(np.interp(level, front[:, 0], front[:, 1]))
