"""Numbers of sequences on train's scale, so that sums of their products lose no digits."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from mintmark.assess._series import Series, series, values
from mintmark.metric import NotRun, Tables

__all__ = ["MOST_COLUMNS", "chosen", "scaled"]

MOST_COLUMNS = 20


def chosen(tables: Tables, rng: np.random.Generator) -> list[str]:
    """Names of the numbers besides the index, or of a random choice where they are many."""
    names = list(values(tables, numeric=True))
    if not names:
        raise NotRun("no number is scored besides the index. See transitions for categories.")
    return sorted(rng.choice(names, min(len(names), MOST_COLUMNS), replace=False).tolist())


def scaled(tables: Tables) -> Callable[[Series, str], npt.NDArray[np.float64]]:
    """A column in units of train's standard deviation from train's mean, ends at 1 in 1,000 of train.

    A single far-off value would otherwise decide a correlation alone.
    """
    train = series(tables, "train").coded.numbers

    def scale(rows: Series, name: str) -> npt.NDArray[np.float64]:
        known = train[name][~np.isnan(train[name])]
        if not len(known):
            return np.full(len(rows.coded), np.nan)
        low, high = np.quantile(known, [0.001, 0.999])
        held = np.clip(known, low, high)
        return np.asarray((np.clip(rows.coded.numbers[name], low, high) - held.mean()) / (held.std() or 1.0))

    return scale
