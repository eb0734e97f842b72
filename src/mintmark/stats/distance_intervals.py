"""Total variation and Kolmogorov-Smirnov distance of two populations, estimated from samples.

The distance of two samples is larger than that of their populations, since noise adds to every
cell and a difference cannot fall below zero. What is estimated here is the populations' distance.

Total variation: the difference of each cell, in units of its standard error, is a normal draw
around its true value; how the true values lie (all zero, many small, few large) is learnt from all
cells of the table at once. That is adaptive shrinkage (Stephens 2017, Biostatistics 18) with the
shape of the prior averaged over a grid (hierarchical Bayes) and not fitted, so that the interval
holds what the shape leaves open. Kolmogorov-Smirnov: an inverted test. Distances for which a gap as
wide as the observed one is neither too wide nor too narrow make up the interval; the noise of the
gap is two Brownian bridges (Raghavachari 1973, Annals of Statistics 1), its course the observed one,
smoothed.

Neither has exact coverage, which no method can have: the distance has a kink at zero.
`docs/coverage.md` holds what was measured.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from mintmark.stats.intervals import Z95

__all__ = [
    "Distance", "beyond_chance", "bridges", "kolmogorov_smirnov_interval", "total_variation_interval",
]  # fmt: skip

Floats = npt.NDArray[np.float64]
_HEAVY = (5.0, 10.0, 20.0, 40.0)
_NEAR, _FAR = 4.0, 7.0  # standard errors
_ENDS = (0.025, 0.98)  # the prior shrinks a little too much more often than too little
_DRAWS, _GRID, _WINDOW = 300, 100, 5
_BOUND = 1.2816  # 10 % point; the gap seen is wide by chance as well, so that fewer are missed
_STRETCHES = np.linspace(0.0, 1.8, 25)
_POINTS = (0.025, 0.5, 0.975)
_NEGLIGIBLE = 1e-8  # weight beside the likeliest shape, below which one is left out


class Distance(NamedTuple):
    """Estimated distance of two populations.

    Parameters
    ----------
    estimate : float, 0..1
        Freed of the noise of finite samples; below the distance of the samples.
    interval : (float, float)
        95 %; from 0 where no difference is shown, and then an upper bound only.
    """

    estimate: float
    interval: tuple[float, float]

    @property
    def one_sided(self) -> bool:
        """Whether the interval is an upper bound only."""
        return self.interval[0] == 0

    @property
    def likeness(self) -> tuple[float, tuple[float, float]]:
        """One minus the distance, and its interval."""
        return 1 - self.estimate, (1 - self.interval[1], 1 - self.interval[0])


def total_variation_interval(
    first: npt.ArrayLike, second: npt.ArrayLike, effective: tuple[float, float] | None = None
) -> Distance:
    """Total variation distance of two populations from the counts of two samples.

    Parameters
    ----------
    first, second : array of counts, shape (k,)
        Cells in the same order; at least one count each.
    effective : (float, float), optional
        Independent draws behind each sample where rows hang together; all rows if None.

    Notes
    -----
    Differences of fewer than some five rows a cell are small shares of the table; where most of the
    distance lies in such cells the upper end falls short.
    """
    a, b = np.asarray(first, dtype=np.float64), np.asarray(second, dtype=np.float64)
    n, m = effective or (a.sum(), b.sum())
    seen = (a + b) > 0
    p, q = a[seen] / a.sum(), b[seen] / b.sum()
    k = len(p)
    if k < 2:  # one value in both samples: others are rarer than would have shown
        return Distance(0.0, (0.0, float(min(1.0, -np.log(0.025) / min(n, m)))))
    spread = _spread(p, q, n, m)
    z = (p - q) / spread
    weight, at, within = _posterior(z, spread, p, q, n, m)
    low, high = _quantiles(weight, at, np.sqrt(within) + 1e-9)
    excess = _excess(p - q, spread)
    noise = 0.5 * float(np.sqrt((1 - 2 / np.pi) * (spread @ spread) * k / (k - 1)))
    high = float(np.clip(high, 0.0, 1.0))
    low = float(np.clip(low, 0.0, high)) if excess > Z95 * noise else 0.0
    return Distance(float(np.clip(weight @ at, low, high)), (low, high))


def beyond_chance(first: npt.ArrayLike, second: npt.ArrayLike) -> float:
    """Total variation of two samples less what chance makes of one population; some may be below 0.

    Cheap beside `total_variation_interval`, and says which of many tables differ most.

    Parameters
    ----------
    first, second : array of counts, shape (k,)
        Cells in the same order; at least one count each.
    """
    a, b = np.asarray(first, dtype=np.float64), np.asarray(second, dtype=np.float64)
    n, m = a.sum(), b.sum()
    return _excess(a / n - b / m, _spread(a / n, b / m, n, m) * ((a + b) > 0))


def _spread(p: Floats, q: Floats, n: float, m: float) -> Floats:
    """Standard errors of the differences of cells' shares."""
    spread: Floats = np.sqrt(np.maximum(p * (1 - p) / n + q * (1 - q) / m, 1e-14))
    return spread


def _excess(difference: Floats, spread: Floats) -> float:
    """Half the summed absolute differences, less what noise adds where all are 0."""
    return 0.5 * float(np.abs(difference).sum() - np.sqrt(2 / np.pi) * spread.sum())


@dataclass(frozen=True)
class _Shapes:
    """How the true differences of a table's cells may lie, in standard errors.

    A share `none` of the cells has no difference, a share `far` a large one; the others lie around
    plus or minus `centre` with deviation `spread`: 0 and `scale`, or `scale` and half of it.
    Arrays of shape (shapes,); `prior` is flat in `scale` within each (none, far).
    """

    centre: Floats
    spread: Floats
    prior: Floats


@cache
def _shapes() -> _Shapes:
    scale = np.array([0.1, 0.3, 0.5, 0.7, 0.9, 1.15, 1.4, 1.7, 2.0, 2.4, 2.9, 3.5, 4.2])
    step = np.gradient(scale)
    zero = np.zeros_like(scale)
    return _Shapes(
        np.concatenate([zero, scale]), np.concatenate([scale, scale / 2]), np.concatenate([step, step])
    )


_SHARES = [
    (none, far, by_none * by_far)
    for none, by_none in ((0.0, 0.8), (0.6, 0.12), (0.92, 0.08))
    for far, by_far in ((0.0, 0.4), (0.1, 0.2), (0.4, 0.2), (0.8, 0.2))
]
"""Shares of cells without and with a large difference, and their prior weight."""


def _posterior(
    z: Floats, spread: Floats, p: Floats, q: Floats, n: float, m: float
) -> tuple[Floats, Floats, Floats]:
    """Weight of each shape given the cells; the distance expected under it, and its variance.

    Cells count by their standard error, as in the distance; k cells of one table are k - 1 draws.
    """
    shapes, shares = _shapes(), np.array(_SHARES)
    tails = 1 + np.square(_HEAVY)[:, None]
    far = np.logaddexp.reduce(-0.5 * z * z / tails - 0.5 * np.log(tails)) - np.log(len(_HEAVY))
    # likelihoods relative to the large differences', whose tails are the longest
    null = np.exp(-0.5 * z * z - far)
    near = np.exp(_log_density(z, shapes.centre[:, None], shapes.spread[:, None]) - far)
    none, large, prior = (part[:, None, None] for part in shares.T)
    rest = (1 - none) * (1 - large)
    density = np.maximum(none * (1 - large) * null + rest * near + large, 1e-300)
    emphasis = spread / spread.mean() * (len(z) - 1) / len(z)
    logs = np.log(density) @ emphasis + np.log(prior[:, 0] * shapes.prior)
    weight = np.exp(logs - logs.max())
    share, shape = np.nonzero(weight > _NEGLIGIBLE)
    weight = weight[share, shape] / weight[share, shape].sum()
    none, large, rest = none[share, 0], large[share, 0], rest[share, 0]
    near, density = near[shape], density[share, shape]
    # a large difference is taken as seen: shrunk by a prior that fits it badly, many would fall short
    far_terms = [np.abs(z), z * z + 1, np.sign(z), np.zeros_like(z)]
    used, place = np.unique(shape, return_inverse=True)
    near_terms = _moments(z, shapes.centre[used, None], shapes.spread[used, None])
    by_near, by_far = rest * near / density, large / density
    size, square, sign, excess = (
        by_near * mine[place] + by_far * theirs for mine, theirs in zip(near_terms, far_terms, strict=True)
    )
    excess += none * (1 - large) * null * np.sqrt(2 / np.pi) / density
    own, sign, freed = square - size**2, sign * square / (1 + square), np.abs(z) - excess
    shared = _shared(sign, p, q, n, m)
    at, within = 0.5 * size @ spread, _variance(own, shared, spread)
    # near 0 the expected size is the better guess, far from it the seen size less what noise adds to
    # it, which no prior that fits badly can shrink
    mean = weight @ at
    errors = mean / np.sqrt(weight @ (within + (at - mean) ** 2))
    far_off = float(np.clip((errors - _NEAR) / (_FAR - _NEAR), 0, 1))
    if far_off == 0:
        return weight, at, within
    at = (1 - far_off) * at + far_off * 0.5 * freed @ spread
    own = own + (far_off * (freed - size)) ** 2
    return weight, at, _variance(own, shared, spread)


def _shared(sign: Floats, p: Floats, q: Floats, n: float, m: float) -> Floats:
    """Covariance of the cells' sizes, summed: what one cell of a sample has, another lacks."""
    parts = [((sign**2 @ share**2) - (sign @ share) ** 2) / size for share, size in ((p, n), (q, m))]
    return np.asarray(parts[0] + parts[1])


def _variance(own: Floats, shared: Floats, spread: Floats) -> Floats:
    """Of half the summed sizes."""
    alone = own @ spread**2
    return np.asarray(0.25 * np.maximum(alone + shared, 0.02 * alone))


def _log_density(z: Floats, centre: Floats, spread: Floats) -> Floats:
    """Of two normals around plus and minus `centre`, seen through unit noise at z, up to a constant."""
    total = 1 + spread**2
    up, down = -0.5 * (z - centre) ** 2 / total, -0.5 * (z + centre) ** 2 / total
    density: Floats = np.logaddexp(up, down) - np.log(2) - 0.5 * np.log(total)
    return density


def _moments(z: Floats, centre: Floats, spread: Floats) -> list[Floats]:
    """What the true value is given z, under two normals around plus and minus `centre`.

    Returns the expected size, the expected square and sign, and by how much noise is expected to
    widen it; shape (shapes, k).
    """
    from scipy.special import erf, expit

    total = 1 + spread**2
    shrink = spread**2 / total
    deviation = np.sqrt(shrink)
    upper = expit(2 * z * centre / total)
    size, square, sign, excess = (np.zeros_like(upper) for _ in range(4))
    for side, share in ((1, upper), (-1, 1 - upper)):
        mean = z * shrink + side * centre * (1 - shrink)
        expected = _folded(mean, deviation)
        size += share * expected
        square += share * (mean**2 + shrink)
        sign += share * erf(mean / deviation / np.sqrt(2))
        excess += share * (_folded(mean, np.sqrt(1 + shrink)) - expected)
    return [size, square, sign, excess]


def _folded(mean: Floats, deviation: Floats) -> Floats:
    """Expected size of a normal draw (Leone, Nelson, Nottingham 1961)."""
    from scipy.special import erf

    z = mean / deviation
    folded: Floats = deviation * np.sqrt(2 / np.pi) * np.exp(-0.5 * z * z) + mean * erf(z / np.sqrt(2))
    return folded


def _quantiles(weight: Floats, centre: Floats, deviation: Floats) -> Floats:
    """The `_ENDS` of a mixture of normals, by bisection; deviations above 0."""
    from scipy.special import ndtr

    kept = weight > 1e-6
    weight, centre, deviation = weight[kept] / weight[kept].sum(), centre[kept], deviation[kept]
    low = np.full(len(_ENDS), (centre - 5 * deviation).min())
    high = np.full(len(_ENDS), (centre + 5 * deviation).max())
    for _ in range(25):
        middle = (low + high) / 2
        below = ndtr((middle[:, None] - centre) / deviation) @ weight < _ENDS
        low, high = np.where(below, middle, low), np.where(below, high, middle)
    return np.asarray((low + high) / 2)


def bridges(rng: np.random.Generator) -> Floats:
    """Normal draws for the noise of two distribution functions, to be shared by many columns."""
    return rng.normal(size=(2, _DRAWS, _GRID + 1))


def kolmogorov_smirnov_interval(
    first: Floats, second: Floats, noise: Floats, effective: tuple[float, float] | None = None
) -> Distance:
    """Kolmogorov-Smirnov distance of two populations from two samples.

    Parameters
    ----------
    first, second : array, shape (n,) and (m,), ascending; +inf is a value
    noise : array
        As `bridges` makes it.
    effective : (float, float), optional
        Independent draws behind each sample where rows hang together; all rows if None.
    """
    n, m = effective or (len(first), len(second))
    pooled = np.sort(np.concatenate([first, second]), kind="stable")
    at = np.unique(pooled[np.linspace(0, len(pooled) - 1, _GRID + 2).astype(int)[1:-1]])
    f, g = (np.searchsorted(part, at, "right") / len(part) for part in (first, second))
    seen = float(np.abs(f - g).max())
    if seen == 0 and len(at) == 1:
        return Distance(0.0, (0.0, float(min(1.0, -np.log(0.025) / min(n, m)))))
    moved = _bridge(noise[0], f, n) - _bridge(noise[1], g, m)
    raw, smooth = (_reached(course, moved, seen) for course in (f - g, _smooth(f - g)))
    # noise sharpens the observed course, and sharp peaks are the less biased: safe for the upper end
    high, middle, low = raw[0], (raw[1] + smooth[1]) / 2, smooth[2]
    # the widest gap seen is no narrower than the gap seen where the true one is widest: a bound that
    # no shape of the course can break, for samples whose noise hides the course
    widest = int(np.argmax(np.abs(f - g)))
    error = float(np.sqrt(sum(part[widest] * (1 - part[widest]) / size for part, size in ((f, n), (g, m)))))
    high = max(high, seen + _BOUND * error)
    high = min(1.0, high)
    return Distance(float(np.clip(middle, low, high)), (min(low, high), high))


def _reached(course: Floats, moved: Floats, seen: float) -> tuple[float, float, float]:
    """True distances for which a gap of `seen` is at each of `_POINTS`, in falling order."""
    course = course * (seen / max(float(np.abs(course).max()), 1e-12))
    gaps = np.stack([np.abs(stretch * course + moved).max(axis=1) for stretch in _STRETCHES])
    points = np.maximum.accumulate(np.quantile(gaps, _POINTS, axis=1), axis=1)
    high, middle, low = (
        0.0 if seen <= line[0] else float(np.interp(seen, line, _STRETCHES)) * seen for line in points
    )
    return high, middle, low


def _bridge(draws: Floats, share: Floats, n: float) -> Floats:
    """Noise of a distribution function at points where it is `share`, shape (draws, points)."""
    steps = np.diff(np.concatenate([[0.0], share, [1.0]]))
    walk = np.cumsum(draws[:, : len(steps)] * np.sqrt(np.maximum(steps, 0) / n), axis=1)
    bridge: Floats = walk[:, :-1] - share * walk[:, -1:]
    return bridge


def _smooth(course: Floats) -> Floats:
    """Running mean: the observed course is rougher than the true one, by its own noise."""
    if len(course) < _GRID // 2:  # few distinct values: each is a step of its own
        return course
    width = 2 * _WINDOW + 1
    return np.convolve(np.pad(course, _WINDOW, mode="edge"), np.full(width, 1 / width), "valid")
