"""Which values of a number are rare: relevance from the box plot, and the rare values below and above."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

__all__ = ["bumps", "relevance"]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
_WHISKER = 1.5  # quartile ranges from the box to where a value is extreme (Tukey 1977)
_FEWEST = 2  # rows between which another can be made


def relevance(values: Floats) -> Floats:
    """How much each value matters, 0 to 1, shape (n,): 0 at the median and 1 from the whiskers on.

    The control points are those of Ribeiro (2011, "Utility-based regression", method "extremes"): the
    median, and at either end the whisker of the box plot, where values lie beyond it; an end without such
    values is not relevant. Between them runs the piecewise cubic Hermite polynomial with slope 0 at each.
    Quartiles are interpolated linearly.
    """
    largest = float(np.abs(values).max(initial=0.0))
    scaled = np.ldexp(values, -int(np.frexp(largest)[1]))  # differences of the largest would overflow
    lower, middle, upper = np.quantile(scaled, [0.25, 0.5, 0.75])
    reach = _WHISKER * (upper - lower)
    out = np.zeros(len(values))
    for side in (-1.0, 1.0):
        away = side * (scaled - middle)
        fence = reach + (upper - middle if side > 0 else middle - lower)
        if (away > fence).any():
            whisker = away[away <= fence].max(initial=0.0)
            part = np.clip(away / whisker, 0.0, 1.0) if whisker > 0 else (away > 0).astype(np.float64)
            out = np.maximum(out, part * part * (3 - 2 * part))
    return out


def bumps(values: Floats, threshold: float) -> tuple[Ints, list[str]]:
    """The bump of each row and the names of the bumps, of "low", "normal" and "high" those that there are.

    Low and high are values of at least this relevance below and above the median. Where none of two rows
    or more is rare, all rows are of one bump.
    """
    rare = relevance(values) >= threshold
    side = np.where(rare, np.where(values > np.median(values), 2, 0), 1)
    count = np.bincount(side, minlength=3)
    side[count[side] < _FEWEST] = 1
    count = np.bincount(side, minlength=3)
    if count[1] < _FEWEST:
        return np.zeros(len(values), dtype=np.int64), ["normal"]
    held = np.flatnonzero(count)
    return np.searchsorted(held, side), [("low", "normal", "high")[at] for at in held]
