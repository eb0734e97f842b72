"""What sums up a sequence in one row: levels, spread, steps, memory, shares of categories, times."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import numpy.typing as npt

from mintmark.assess._codes import levels
from mintmark.assess._series import Series, pairs_at, values
from mintmark.assess.fidelity._scales import scaled
from mintmark.metric import Tables

__all__ = ["summaries"]

Floats = npt.NDArray[np.float64]
_LEVELS = 6
_MOST_PAIRED = 6


def summaries(tables: Tables, rows: Series) -> Floats:
    """One row a sequence, NaN where it has no value, shape (sequences, features)."""
    scale, columns = scaled(tables), [rows.lengths.astype(np.float64)]
    numbers = {name: scale(rows, name) for name in values(tables, numeric=True)}
    for x in numbers.values():
        columns += _of_number(rows, x)
    for a, b in combinations(list(numbers.values())[:_MOST_PAIRED], 2):
        for lag in (0, 1, -1):
            first, second = pairs_at(rows, abs(lag))
            first, second = (first, second) if lag >= 0 else (second, first)
            columns.append(_mean(rows, first, a[first] * b[second]))
    plans = values(tables, numeric=False)
    coded, sizes = levels(rows.coded, plans, _LEVELS)
    first, second = pairs_at(rows, 1)
    for name in plans:
        every = np.arange(len(rows.owner))
        columns += [_mean(rows, every, (coded[name] == k).astype(float)) for k in range(sizes[name])]
        columns.append(_mean(rows, first, (coded[name][first] != coded[name][second]).astype(float)))
    if rows.time is not None:
        gaps = rows.time[second] - rows.time[first]
        columns += [_mean(rows, first, gaps), _mean(rows, first, gaps**2)]
    return np.stack(columns, axis=1)


def _of_number(rows: Series, x: Floats) -> list[Floats]:
    every = np.arange(len(x))
    first, second = pairs_at(rows, 1)
    out = [_mean(rows, every, x), _mean(rows, every, x * x)]
    high, low = np.full(len(rows), -np.inf), np.full(len(rows), np.inf)
    np.fmax.at(high, rows.owner, x)
    np.fmin.at(low, rows.owner, x)
    out += [np.where(np.isfinite(end), end, np.nan) for end in (low, high)]
    out += [x[rows.starts[:-1]], x[rows.starts[1:] - 1]]
    out.append(_mean(rows, first, np.abs(x[second] - x[first])))
    for lag in (1, 2, 4):
        a, b = pairs_at(rows, lag)
        out.append(_mean(rows, a, x[a] * x[b]))
    return out


def _mean(rows: Series, at: npt.NDArray[np.int64], figures: Floats) -> Floats:
    """Mean over each sequence of what is known."""
    known = ~np.isnan(figures)
    many = np.bincount(rows.owner[at][known], minlength=len(rows))
    total = np.bincount(rows.owner[at][known], figures[known], len(rows))
    return np.where(many > 0, total / np.maximum(many, 1), np.nan)
