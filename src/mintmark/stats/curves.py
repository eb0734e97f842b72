"""Distances between curves that are functions of sums over independent units, with intervals.

An autocorrelation, a spectrum, a transition matrix, a distribution function: each is a smooth
function of sums to which every sequence adds its part. Leaving out one sequence after the other
says how much each moves the curve (jackknife, Efron 1982), hence how the curves of two samples
would scatter together; the distance of the curves is then judged against that scatter.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

__all__ = ["Curve", "Distance", "Norm", "distance", "half_sum", "jackknife", "largest", "root_mean_square"]

Floats = npt.NDArray[np.float64]
Norm = Callable[[Floats, npt.NDArray[np.int64]], Floats]
"""Differences, shape (..., points), and the start of each group of points -> (..., groups)."""

_DRAWS = 400
_KEPT = 3.0
"""Standard errors from which a difference is taken as real where chance's share is worked out."""


def root_mean_square(difference: Floats, starts: npt.NDArray[np.int64]) -> Floats:
    """Root of the mean square of each group."""
    sizes = np.diff(np.append(starts, difference.shape[-1]))
    return np.sqrt(np.add.reduceat(difference**2, starts, axis=-1) / sizes)


def half_sum(difference: Floats, starts: npt.NDArray[np.int64]) -> Floats:
    """Half the absolute sum of each group: total variation, where the points are shares."""
    return 0.5 * np.add.reduceat(np.abs(difference), starts, axis=-1)


def largest(difference: Floats, starts: npt.NDArray[np.int64]) -> Floats:
    """Largest absolute value of each group: Kolmogorov-Smirnov, where the points are cumulative shares."""
    return np.maximum.reduceat(np.abs(difference), starts, axis=-1)


@dataclass(frozen=True)
class Curve:
    """A curve and how much each unit moves it.

    Parameters
    ----------
    points : array, shape (points,)
    influence : array, shape (units, points)
        Centred; the covariance of `points` is its cross product over units².
    """

    points: Floats
    influence: Floats


def jackknife(sums: Floats, curve: Callable[[Floats], Floats]) -> Curve:
    """The curve of all units, and each unit's influence from leaving it out.

    Parameters
    ----------
    sums : array, shape (units, sums)
        What each unit adds.
    curve : callable
        Sums, shape (..., sums), to points, shape (..., points).
    """
    total, n = sums.sum(axis=0), len(sums)
    without = np.concatenate([curve(total - some) for some in np.array_split(sums, max(1, n // 500))])
    return Curve(curve(total), (n - 1) * (without.mean(axis=0) - without))


@dataclass(frozen=True)
class Distance:
    """Distance of two curves, group by group and their mean, with 95 % intervals.

    Parameters
    ----------
    mean : float
    interval : (float, float)
    groups : array, shape (groups,)
    intervals : array, shape (groups, 2)
    """

    mean: float
    interval: tuple[float, float]
    groups: Floats
    intervals: Floats


def distance(
    a: Curve, b: Curve, starts: npt.NDArray[np.int64], norm: Norm, rng: np.random.Generator
) -> Distance:
    """Distance of the curves of two independent samples, less what chance alone adds.

    The plain distance of two samples of one population is above 0. Its scatter is drawn by weighting
    the influences with normal numbers, as large as the jackknife says. The lower end takes off what
    chance adds where differences within three standard errors are no differences at all, so that it
    is 0 in 39 of 40 samples of one population; the upper end takes every difference at its value.

    Parameters
    ----------
    a, b : Curve
        Of at least two units each.
    starts : array of int, shape (groups,)
        First point of each group.
    norm : `root_mean_square`, `half_sum` or `largest`
    """
    difference = a.points - b.points
    noise = _noise(a, rng) - _noise(b, rng)
    spread = noise.std(axis=0)
    kept = np.where(np.abs(difference) > _KEPT * spread, difference, 0.0)
    plain = norm(difference, starts)
    added = norm(kept + noise, starts) - norm(kept, starts)
    twice = norm(difference + noise, starts)
    estimates, intervals = _corrected(plain, added, twice)
    mean, interval = _corrected(
        plain.mean(keepdims=True), added.mean(1, keepdims=True), twice.mean(1, keepdims=True)
    )
    return Distance(
        float(mean[0]), (float(interval[0, 0]), float(interval[0, 1])), estimates, intervals
    )


def _noise(curve: Curve, rng: np.random.Generator) -> Floats:
    """Draws of the curve's sampling error, shape (draws, points)."""
    n = len(curve.influence)
    return np.asarray(rng.standard_normal((_DRAWS, n)) @ curve.influence) / np.sqrt(n * (n - 1.0))


def _corrected(plain: Floats, added: Floats, twice: Floats) -> tuple[Floats, Floats]:
    """Estimates (groups,) and intervals (groups, 2)."""
    low = np.maximum(0.0, plain - np.quantile(added, 0.975, axis=0))
    high = np.maximum(low, 2 * plain - np.quantile(twice, 0.025, axis=0))
    estimate = np.clip(plain - added.mean(axis=0), low, high)
    return estimate, np.stack([low, high], axis=1)
