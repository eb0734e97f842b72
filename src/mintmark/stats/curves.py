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
_UNCLEAR = 1.5
"""Times what chance alone stays below in 39 of 40 samples, up to which a difference may be chance."""
_FARTHEST, _STEP, _HALVINGS = 1e3, 1e-3, 18


def root_mean_square(difference: Floats, starts: npt.NDArray[np.int64]) -> Floats:
    """Root of the mean square of each group, shape (..., groups); see `Norm`."""
    sizes = np.diff(np.append(starts, difference.shape[-1]))
    return np.asarray(np.sqrt(np.add.reduceat(difference**2, starts, axis=-1) / sizes))


def half_sum(difference: Floats, starts: npt.NDArray[np.int64]) -> Floats:
    """Half the absolute sum of each group, shape (..., groups): total variation, where points are shares."""
    return np.asarray(0.5 * np.add.reduceat(np.abs(difference), starts, axis=-1))


def largest(difference: Floats, starts: npt.NDArray[np.int64]) -> Floats:
    """Largest absolute value of each group, shape (..., groups).

    Kolmogorov-Smirnov, where the points are cumulative shares.
    """
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

    The plain distance of two samples of one population is above 0. So an end of the interval is a
    distance at which chance would bring the one that was found in 1 of 40 samples: the difference
    is stretched or shrunk as it stands, and scattered by weighting the influences with normal
    numbers (test inversion, Garthwaite and Buckland 1992); at 0 the interval is one-sided. Where the
    found distance is hardly above chance, what it looks like is chance too: then the ends also
    hold if the true difference looks like the widest scatter, or lies in one point alone. The lower end
    also holds if all points that may be the largest are as large: the largest of several found is so
    by chance too. The estimate is the distance at which chance would fall short of the found one
    every second time.

    Parameters
    ----------
    a, b : Curve
        Of at least two units each.
    starts : array of int, shape (groups,)
        First point of each group.
    norm : `root_mean_square`, `half_sum` or `largest`
    """
    difference, noise = a.points - b.points, _noise(a, rng) - _noise(b, rng)

    def apart(stretch: Floats, way: Floats) -> Floats:
        sizes = np.diff(np.append(starts, len(way)))
        return norm(np.repeat(stretch, sizes) * way + noise, starts)

    def apart_all(stretch: Floats, way: Floats) -> Floats:
        every: Floats = apart(np.repeat(stretch, len(starts)), way).mean(axis=1, keepdims=True)
        return every

    plain, chance = norm(difference, starts), norm(noise, starts)
    ways = _ways(difference, noise, starts)
    reach = np.stack([norm(way, starts) for way in ways])
    groups, intervals = _inverted(apart, ways, reach, plain, chance)
    mean, interval = _inverted(
        apart_all, ways, reach.mean(axis=1, keepdims=True), plain.mean(keepdims=True), chance.mean(1)[:, None]
    )
    return Distance(float(mean[0]), (float(interval[0, 0]), float(interval[0, 1])), groups, intervals)


def _ways(difference: Floats, noise: Floats, starts: npt.NDArray[np.int64]) -> list[Floats]:
    """What a difference may look like: as found, level at the top, the widest scatter, one point alone."""
    spread = noise.std(axis=0)
    wide, lone, level = np.zeros_like(spread), np.zeros_like(spread), difference.copy()
    for group in np.split(np.arange(len(spread)), starts[1:]):
        scatter, way = noise[:, group], spread[group]
        for _ in range(5):  # power iteration: the leading eigenvector of the covariance
            way = scatter.T @ (scatter @ way)
            way = way / (np.linalg.norm(way) or 1.0)
        wide[group] = way
        most = group[np.argmax(np.abs(difference[group]) / np.maximum(spread[group], 1e-12))]
        lone[most] = spread[most]
        top = np.abs(difference[group]).max()
        tied = np.abs(difference[group]) > top - 3 * spread[group]
        level[group[tied]] = np.sign(difference[group[tied]]) * top
    # where nothing differs there is nothing to stretch
    nothing = np.logical_and.reduceat(difference == 0, starts)
    found = np.where(np.repeat(nothing, np.diff(np.append(starts, len(spread)))), wide, difference)
    return [found, level, wide, lone]


def _inverted(
    apart: Callable[[Floats, Floats], Floats],
    ways: list[Floats],
    reach: Floats,
    plain: Floats,
    chance: Floats,
) -> tuple[Floats, Floats]:
    """Estimates (groups,) and intervals (groups, 2)."""
    unclear = plain <= _UNCLEAR * np.quantile(chance, 0.975, axis=0)
    low, middle, high = (_stretch(apart, ways[0], plain, share) * reach[0] for share in (0.975, 0.5, 0.025))
    low = np.minimum(low, _stretch(apart, ways[1], plain, 0.975) * reach[1])
    if unclear.any():
        for way, far in zip(ways[2:], reach[2:], strict=True):
            least, most = (_stretch(apart, way, plain, share) * far for share in (0.975, 0.025))
            low = np.where(unclear, np.minimum(low, least), low)
            high = np.where(unclear, np.maximum(high, most), high)
    return middle, np.stack([np.minimum(low, middle), np.maximum(high, middle)], axis=1)


def _stretch(apart: Callable[[Floats, Floats], Floats], way: Floats, plain: Floats, share: float) -> Floats:
    """How far the way is stretched where this share of draws falls short of `plain`; 0 if none."""
    low, high = np.zeros(len(plain)), np.full(len(plain), _FARTHEST)
    for _ in range(_HALVINGS):
        middle = np.sqrt((low + _STEP) * (high + _STEP)) - _STEP  # fine near 0, coarse far off
        short = (apart(middle, way) <= plain).mean(axis=0) >= share
        low, high = np.where(short, middle, low), np.where(short, high, middle)
    return np.where(low > 0, (low + high) / 2, 0.0)


def _noise(curve: Curve, rng: np.random.Generator) -> Floats:
    """Draws of the curve's sampling error, shape (draws, points)."""
    n = len(curve.influence)
    drawn: Floats = rng.standard_normal((_DRAWS, n)) @ curve.influence / np.sqrt(n * (n - 1.0))
    return drawn
