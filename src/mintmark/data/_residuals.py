"""How much of a column an expression leaves: the spread of the rest beside the column's own."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

__all__ = ["atoms", "difference", "grid", "left_within", "ratio", "spread"]

Floats = npt.NDArray[np.float64]


def spread(values: Floats) -> Floats:
    """From the 5 % to the 95 % quantile along the last axis, NaN left out and NaN where all are.

    Done by one sort, as numpy's own quantile that leaves out NaN goes row by row.
    """
    order = np.sort(values, axis=-1)  # NaN last
    last = np.maximum(np.sum(~np.isnan(values), axis=-1, keepdims=True) - 1, 0)
    low, high = (
        np.take_along_axis(order, np.round(share * last).astype(np.int64), axis=-1)[..., 0]
        for share in (0.05, 0.95)
    )
    return np.asarray(high - low)


def ratio(c: Floats, made: Floats) -> Floats:
    """c over the expression; 1 where both are 0, NaN where a ratio cannot give c back."""
    with np.errstate(all="ignore"):
        rest = np.asarray(c / made)
    rest = np.where((c == 0) & (made == 0), 1.0, rest)
    return np.where(np.isfinite(rest), rest, np.nan)


def difference(c: Floats, made: Floats) -> Floats:
    """c less the expression."""
    return np.asarray(c - made)


def left_within(c: Floats, by: Floats, bins: int = 30) -> float:
    """Share of the spread of c that is left, on average, among rows of like values of another column."""
    known = ~np.isnan(c) & ~np.isnan(by)
    whole = float(spread(c[known]))
    groups = np.array_split(c[known][np.argsort(by[known], kind="stable")], bins)
    inner = float(np.mean([spread(group) for group in groups if len(group) > 1]))
    return inner / whole if whole > 0 else np.inf


def atoms(values: Floats) -> float:
    """Share of the known rows whose value one row in a hundred or more holds."""
    known = values[~np.isnan(values)]
    _, counts = np.unique(known, return_counts=True)
    return float(counts[counts >= max(2, 0.01 * len(known))].sum() / max(1, len(known)))


def grid(values: Floats, step: float) -> float | None:
    """The largest step, 1, 5, 10, 50, ... times the given one, of which all values are multiples.

    None where most, not all, are multiples of five steps: a column rounded now and then, as people
    round, would lose its round values. 0 where `step` is 0.
    """
    known = values[~np.isnan(values) & (values != 0)]
    if step <= 0 or not len(known):
        return step
    whole = np.round(known / step)
    best = 1
    for times in (5, 10, 50, 100, 500, 1000):
        share = float(np.mean(whole % times == 0))
        if share == 1:
            best = times
        elif share > max(0.5, 2.5 / times * best):
            return None
    return best * step
