"""One column by itself: values many hold kept exactly, the others as a smoothed quantile function.

A number held by at least `FEWEST` rows is a spike and stays as it is; the other numbers enter only
as means of at least `FEWEST` neighbours, so that no knot is one person's value, or, where they are
few, as a family with a name.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from mintmark.data.encode import bound
from mintmark.data.protect import FEWEST
from mintmark.data.schema import Column
from mintmark.latent._families import fitted_family

__all__ = ["invert", "learn_law", "quantile_function", "smoothed", "spikes"]

Floats = npt.NDArray[np.float64]

_KNOTS = 1000
"""Most knots of a quantile function: 0.1 % steps are finer than any column shape resolves."""
_LARGE = 1e300
_SCALE = 2.0**-64
"""Sums and differences of numbers above `_LARGE` overflow unless scaled down first."""


def spikes(values: Floats) -> tuple[Floats, npt.NDArray[np.int64]]:
    """Values that at least `FEWEST` entries hold, ascending, and how many hold each.

    Parameters
    ----------
    values : array, shape (n,), without NaN
    """
    distinct, counts = np.unique(values, return_counts=True)
    held = counts >= FEWEST
    return distinct[held], counts[held]


def quantile_function(values: Floats, low: float | None, high: float | None) -> tuple[Floats, Floats]:
    """The inverse distribution function as points to interpolate between.

    Parameters
    ----------
    values : array, shape (n,), n >= 1, without NaN
    low, high : float, optional
        Bounds that no value may pass.

    Returns
    -------
    probability, value : arrays, shape (k,)
        Both ascending; ``np.interp(u, probability, value)`` with uniform u has the law of the
        values. A spike is a level stretch.
    """
    if np.abs(values).max() > _LARGE:  # a power of two comes out again exactly
        ends = [None if end is None else end * _SCALE for end in (low, high)]
        probability, value = quantile_function(values * _SCALE, *ends)
        return probability, value / _SCALE
    held, counts = spikes(values)
    rest = np.sort(values[~np.isin(values, held)])
    if len(held) and len(rest) < FEWEST:  # too few to publish anything about: left to the spikes
        rest = rest[:0]
    family = fitted_family(rest, low, high) if low is not None and high is not None else None
    knots, below = smoothed(rest, low, high) if family is None else family[1:]
    x = np.unique(np.concatenate([held, knots]))
    smooth, mass = np.zeros(len(x)), np.zeros(len(x))
    mass[np.searchsorted(x, held)] = counts
    if len(knots) > 1:  # what a family has beyond its bounds lies on them
        smooth = len(rest) * np.interp(x, knots, below - below[0])
        mass[np.searchsorted(x, knots[[0, -1]])] += len(rest) * np.array([below[0], 1 - below[-1]])
    elif len(knots):
        smooth = len(rest) * (x >= knots[0])
    after = smooth + np.cumsum(mass)
    probability = np.stack([after - mass, after], axis=1).ravel() / after[-1]
    return probability, np.repeat(x, 2)


def smoothed(rest: Floats, low: float | None, high: float | None) -> tuple[Floats, Floats]:
    """Ascending knots, each within the range of a group of neighbours, and the share below each."""
    if not len(rest):
        return rest, rest
    groups = int(np.clip(len(rest) // FEWEST, 1, _KNOTS))
    start = np.linspace(0, len(rest), groups + 1).astype(int)
    means = np.add.reduceat(rest, start[:-1]) / np.diff(start)
    middle = (start[:-1] + start[1:]) / (2 * len(rest))
    step = np.diff(means)
    first = means[0] - (step[0] / 2 if groups > 1 else 0)
    last = means[-1] + (step[-1] / 2 if groups > 1 else 0)
    if groups == 1:
        first, last = (means[0] if low is None else low), (means[0] if high is None else high)
    knots = np.concatenate([[first], means, [last]])
    below = np.concatenate([[0.0], middle, [1.0]])
    knots, kept = np.unique(np.clip(knots, low, high), return_index=True)
    below = below[kept]
    below[0], below[-1] = 0.0, 1.0
    return (knots, below) if len(knots) > 1 else (knots, np.ones(1))


def learn_law(values: npt.NDArray[Any], column: Column, j: int) -> dict[str, npt.NDArray[Any]]:
    """The law of column j, aggregates only, under names that begin with ``j/``.

    Parameters
    ----------
    values : array, shape (n,)
        As `encode` gives them: floats with NaN, or codes with -1.

    Returns
    -------
    dict of arrays
        ``missing`` share, shape (1,); for numeric kinds ``probability`` and ``value`` of the
        quantile function, for discrete ones the cumulative ``probability`` of each category.
        Without any value only ``missing``.
    """
    known = values[~np.isnan(values)] if column.is_numeric else values[values >= 0]
    law = {f"{j}/missing": np.array([1 - len(known) / len(values)])}
    if not len(known):
        return law
    if column.is_numeric:
        probability, value = quantile_function(known, bound(column.low, column), bound(column.high, column))
        return law | {f"{j}/probability": probability, f"{j}/value": value}
    counts = np.bincount(known, minlength=len(column.categories or ()))
    return law | {f"{j}/probability": np.cumsum(counts) / len(known)}


def invert(u: Floats, learnt: Mapping[str, Any], j: int) -> npt.NDArray[Any]:
    """Values of column j at the probabilities u, shape (n,), each in [0, 1); none of them missing.

    Without any value learnt, NaN, or for a discrete column nothing but -1.
    """
    probability = learnt.get(f"{j}/probability")
    if probability is None:
        return np.full(len(u), np.nan)
    if f"{j}/value" in learnt:
        value = learnt[f"{j}/value"]
        scale = _SCALE if np.abs(value).max() > _LARGE else 1.0
        return np.asarray(np.interp(u, probability, value * scale) / scale)
    return np.minimum(np.searchsorted(probability, u, side="right"), len(probability) - 1)
