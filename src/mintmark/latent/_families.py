"""Few numbers as a law with a name: normal, log-normal, gamma, exponential, Weibull or beta.

Means of ten neighbours leave 50 rows five knots. A family of one or two parameters says more, where
one fits: each is fitted by maximum likelihood, values at a bound as censored there; the least BIC
(Schwarz 1978, Ann. Stat. 6(2)) is taken, unless the rows speak against it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

__all__ = ["fitted_family"]

Floats = npt.NDArray[np.float64]

_FEWEST, _MOST = 20, 500
"""Numbers a family is tried on: beyond these, means of ten neighbours follow any shape."""
_REJECTED = 0.9
"""Root n times the largest distance of distribution functions that fitted normals pass in 5 % of
samples (Lilliefors 1967, J. Am. Stat. Assoc. 62(318)); near the other families' own."""
_WIDEST = 1e100
"""Beyond it, or below its inverse, powers of numbers leave what a float can hold."""
_POINTS = np.linspace(0, 1, 201)


@dataclass(frozen=True)
class _Family:
    """Functions of x, scaled, and two or one free parameters; where it may be tried, and from where."""

    name: str
    start: tuple[float, ...]
    below: Callable[[Floats, Floats], Floats]
    log_density: Callable[[Floats, Floats], Floats]
    at: Callable[[Floats, Floats], Floats]


def fitted_family(values: Floats, low: float, high: float) -> tuple[str, Floats, Floats] | None:
    """The name, knots and shares below them of the family that the values follow, if one does.

    Parameters
    ----------
    values : array, shape (n,), within the bounds
    low, high : float
        No knot is outside; what a family has outside lies on the bounds.
    """
    if not (_FEWEST <= len(values) <= _MOST and low < high) or len(np.unique(values)) < _FEWEST:
        return None
    if high / 2 - low / 2 > _WIDEST or high / 2 - low / 2 < 1 / _WIDEST or max(-low, high) > _WIDEST:
        return None
    best: tuple[float, str, Floats, Floats, Floats] | None = None
    for family, origin, scale in _tried(values, low, high):
        found = _fitted(family, (values - origin) / scale, (low - origin) / scale, (high - origin) / scale)
        if found is None:
            continue
        inside = int(np.sum((values > low) & (values < high)))
        score = 2 * (found[0] + inside * np.log(scale)) + len(family.start) * np.log(len(values))
        if best is None or score < best[0]:
            ends = family.below((np.array([low, high]) - origin) / scale, found[1])
            tail = 0.25 / len(values)  # a quarter of a row: no further out than these rows can say
            first, last = max(ends[0], tail), min(ends[1], 1 - tail)
            below = first + _POINTS * (last - first)
            knots = origin + scale * family.at(below, found[1])
            below[0], below[-1] = ends[0] * (ends[0] > tail), 1 - (1 - ends[1]) * (1 - ends[1] > tail)
            knots = np.maximum.accumulate(np.clip(knots, low, high))
            reached = family.below((np.sort(values) - origin) / scale, found[1])
            best = (score, family.name, knots, reached, below)
    if best is None or not np.all(np.isfinite(best[2])) or _distance(best[3], values, low, high) > _REJECTED:
        return None
    knots, kept = np.unique(best[2], return_index=True)
    return best[1], knots, best[4][kept]


def _tried(values: Floats, low: float, high: float) -> list[tuple[_Family, float, float]]:
    """Families that these values can be of, and the origin and scale they are fitted in."""
    spread, mean = float(values.std()), float(values.mean())
    tried = [(_NORMAL, mean, spread)]
    if values.min() > 0 and spread > 0.05 * mean:
        tried += [(family, 0.0, mean) for family in (_LOG_NORMAL, _GAMMA, _EXPONENTIAL, _WEIBULL)]
    if values.min() > low and values.max() < high:  # bounds of its own, not those of ten persons
        tried.append((_BETA, low, high - low))
    return tried


def _fitted(family: _Family, x: Floats, low: float, high: float) -> tuple[float, Floats] | None:
    """Least negative log-likelihood and its parameters."""
    from scipy.optimize import minimize

    at_low, at_high = int(np.sum(x <= low)), int(np.sum(x >= high))
    inside = x[(x > low) & (x < high)]

    def loss(parameters: Floats) -> float:
        ends = family.below(np.array([low, high]), parameters)
        with np.errstate(all="ignore"):
            value = -float(np.sum(family.log_density(inside, parameters)))
            value -= at_low * np.log(ends[0]) if at_low else 0.0
            value -= at_high * np.log1p(-ends[1]) if at_high else 0.0
        return value if np.isfinite(value) else 1e300

    found = minimize(loss, family.start, method="Nelder-Mead", options={"xatol": 1e-3, "fatol": 1e-3})
    return (float(found.fun), found.x) if found.fun < 1e299 else None


def _distance(below: Floats, values: Floats, low: float, high: float) -> float:
    """Root n times the largest distance from the values' own distribution, between the bounds."""
    n, values = len(values), np.sort(values)
    inside = (values > low) & (values < high)
    first = np.searchsorted(values, values, side="left")[inside] / n
    last = np.searchsorted(values, values, side="right")[inside] / n
    # rounded numbers tie: their share is reached somewhere within the tie
    apart = np.maximum(np.maximum(first - below[inside], below[inside] - last), 0)
    return float(np.sqrt(n) * apart.max(initial=0.0))


def _normal_below(x: Floats, p: Floats) -> Floats:
    from scipy.special import ndtr

    return np.asarray(ndtr((x - p[0]) * np.exp(-p[1])))


def _normal_at(u: Floats, p: Floats) -> Floats:
    from scipy.special import ndtri

    return np.asarray(p[0] + np.exp(p[1]) * ndtri(u))


def _normal_density(x: Floats, p: Floats) -> Floats:
    return np.asarray(-(((x - p[0]) * np.exp(-p[1])) ** 2) / 2 - p[1] - np.log(2 * np.pi) / 2)


def _log(x: Floats) -> Floats:
    with np.errstate(divide="ignore"):
        return np.asarray(np.log(np.maximum(x, 0.0)))


def _gamma_below(x: Floats, p: Floats) -> Floats:
    from scipy.special import gammainc

    return np.asarray(gammainc(np.exp(p[0]), np.maximum(x, 0) * np.exp(-p[1])))


def _gamma_at(u: Floats, p: Floats) -> Floats:
    from scipy.special import gammaincinv

    return np.asarray(np.exp(p[1]) * gammaincinv(np.exp(p[0]), u))


def _gamma_density(x: Floats, p: Floats) -> Floats:
    from scipy.special import gammaln

    k = np.exp(p[0])
    return np.asarray((k - 1) * np.log(x) - k * p[1] - x * np.exp(-p[1]) - gammaln(k))


def _weibull_below(x: Floats, p: Floats) -> Floats:
    return np.asarray(-np.expm1(-np.exp(np.minimum(np.exp(p[0]) * (_log(x) - p[1]), 700))))


def _weibull_at(u: Floats, p: Floats) -> Floats:
    with np.errstate(divide="ignore"):
        return np.asarray(np.exp(p[1] + _log(-np.log1p(-u)) * np.exp(-p[0])))


def _weibull_density(x: Floats, p: Floats) -> Floats:
    t = np.exp(p[0]) * (np.log(x) - p[1])
    return np.asarray(p[0] + t - np.log(x) - np.exp(t))


def _beta_below(x: Floats, p: Floats) -> Floats:
    from scipy.special import betainc

    return np.asarray(betainc(np.exp(p[0]), np.exp(p[1]), np.clip(x, 0, 1)))


def _beta_at(u: Floats, p: Floats) -> Floats:
    from scipy.special import betaincinv

    return np.asarray(betaincinv(np.exp(p[0]), np.exp(p[1]), u))


def _beta_density(x: Floats, p: Floats) -> Floats:
    from scipy.special import betaln

    a, b = np.exp(p)
    return np.asarray((a - 1) * np.log(x) + (b - 1) * np.log1p(-x) - betaln(a, b))


_NORMAL = _Family("normal", (0.0, 0.0), _normal_below, _normal_density, _normal_at)
_LOG_NORMAL = _Family(
    "log-normal",
    (-0.1, -0.5),
    lambda x, p: _normal_below(_log(x), p),
    lambda x, p: _normal_density(np.log(x), p) - np.log(x),
    lambda u, p: np.exp(_normal_at(u, p)),
)
_GAMMA = _Family("gamma", (0.7, -0.7), _gamma_below, _gamma_density, _gamma_at)
_EXPONENTIAL = _Family(
    "exponential",
    (0.0,),
    lambda x, p: -np.expm1(-np.maximum(x, 0) * np.exp(-p[0])),
    lambda x, p: -p[0] - x * np.exp(-p[0]),
    lambda u, p: -np.exp(p[0]) * np.log1p(-u),
)
_WEIBULL = _Family("weibull", (0.4, 0.1), _weibull_below, _weibull_density, _weibull_at)
_BETA = _Family("beta", (0.7, 0.7), _beta_below, _beta_density, _beta_at)
