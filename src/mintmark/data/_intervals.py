"""Interval arithmetic: between which numbers a formula's result lies (Moore 1966).

Bounds are outer ones: a result never lies outside, but need not reach them.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import product

import numpy as np

__all__ = ["OF", "Interval"]

Interval = tuple[float, float]
_ALL = (-np.inf, np.inf)


def _add(a: Interval, b: Interval) -> Interval:
    low, high = a[0] + b[0], a[1] + b[1]
    return (-np.inf if np.isnan(low) else low), (np.inf if np.isnan(high) else high)


def _negative(a: Interval) -> Interval:
    return -a[1], -a[0]


def _times(a: Interval, b: Interval) -> Interval:
    ends = [0.0 if 0.0 in (x, y) else x * y for x, y in product(a, b)]  # 0 times no bound is 0
    return min(ends), max(ends)


def _divide(a: Interval, b: Interval) -> Interval:
    low, high = b
    if low < 0 < high or low == high == 0:
        return _ALL
    if low == 0 or high == 0:  # a division by zero itself has no result
        inverse = (1 / high, np.inf) if low == 0 else (-np.inf, 1 / low)
    else:
        inverse = (1 / high, 1 / low)
    return _times(a, inverse)


def _power(a: Interval, b: Interval) -> Interval:
    with np.errstate(all="ignore"):
        if b[0] == b[1] and b[0] >= 0 and float(b[0]).is_integer():
            ends = [float(np.power(x, b[0])) for x in a]
            inside = [0.0] if b[0] % 2 == 0 and b[0] and a[0] < 0 < a[1] else []
            return min(ends + inside), max(ends + inside)
        if a[0] <= 0:
            return _ALL
        corners = [float(np.power(x, y)) for x, y in product(a, b)]
    return (min(corners), max(corners)) if not any(map(np.isnan, corners)) else _ALL


def _abs(a: Interval) -> Interval:
    most = max(abs(a[0]), abs(a[1]))
    return (0.0 if a[0] <= 0 <= a[1] else min(abs(a[0]), abs(a[1]))), most


def _rising(f: Callable[[float], float]) -> Callable[[Interval], Interval]:
    """Bounds of a function that never falls, where it is defined."""

    def bounds(a: Interval) -> Interval:
        with np.errstate(all="ignore"):
            return float(f(a[0])), float(f(a[1]))

    return bounds


def _scaled(by: float) -> Callable[[Interval], Interval]:
    return lambda a: (a[0] / by, a[1] / by)


def _least(*several: Interval) -> Interval:
    return min(a[0] for a in several), min(a[1] for a in several)


def _most(*several: Interval) -> Interval:
    return max(a[0] for a in several), max(a[1] for a in several)


def _round(a: Interval, places: Interval = (0.0, 0.0)) -> Interval:
    low, high = (float(np.round(x, int(places[0]))) if np.isfinite(x) else x for x in a)
    return low, high


def _year(a: Interval) -> Interval:
    low, high = (
        float(np.datetime64(int(x), "us").astype("datetime64[Y]").astype(int) + 1970) if np.isfinite(x) else x
        for x in a
    )
    return low, high


OF: dict[str, Callable[..., Interval]] = {
    "+": _add, "-": lambda a, b: _add(a, _negative(b)), "*": _times, "/": _divide, "**": _power,
    "negative": _negative, "min": _least, "max": _most, "abs": _abs, "round": _round,
    "floor": _rising(np.floor), "ceil": _rising(np.ceil),
    "sqrt": _rising(lambda x: np.sqrt(max(x, 0.0))),
    "log": _rising(lambda x: np.log(max(x, 0.0))), "exp": _rising(np.exp),
    "days": _scaled(8.64e10), "hours": _scaled(3.6e9), "seconds": _scaled(1e6),
    "year": _year, "month": lambda a: (1.0, 12.0),
}  # fmt: skip
