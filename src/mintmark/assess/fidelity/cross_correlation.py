"""Cross-correlation: how one number hangs on the past of another, beside train's."""

from __future__ import annotations

from itertools import combinations
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from mintmark.assess._series import Series, pairs_at, steps, values
from mintmark.assess.fidelity._curves import Compared, correlations, lagged, measured
from mintmark.assess.fidelity._scales import scaled
from mintmark.method import method, name_of
from mintmark.metric import Family, Metric, NotRun, Score, Tables
from mintmark.stats.curves import root_mean_square

__all__ = ["CrossCorrelation"]

_LAGS = 5
_MOST_PAIRS = 28


@method
class CrossCorrelation(Metric):
    """One minus the root mean square difference of the correlations of two numbers at several lags."""

    family: ClassVar[Family] = "fidelity"
    of_sequences: ClassVar[bool] = True

    def _measure(self, tables: Tables, rng: np.random.Generator) -> list[Score]:
        pairs = list(combinations(values(tables, numeric=True), 2))
        if not pairs:
            raise NotRun("fewer than two numbers are scored besides the index: there is no pair.")
        chosen = np.sort(rng.choice(len(pairs), min(len(pairs), _MOST_PAIRS), replace=False))
        pairs = [pairs[i] for i in chosen]
        lags, scale = steps(tables, _LAGS), scaled(tables)

        def sums(rows: Series) -> npt.NDArray[np.float64]:
            later = [pairs_at(rows, lag) for lag in range(lags + 1)]
            both = [*later, *((second, first) for first, second in later[1:])]
            numbers = {name: scale(rows, name) for pair in pairs for name in pair}
            return np.concatenate(
                [lagged(rows, numbers[a], numbers[b], *places) for a, b in pairs for places in both], axis=1
            )

        what = Compared(sums, correlations, pairs, [2 * lags + 1] * len(pairs), root_mean_square)
        return [
            measured(
                tables, what, rng,
                metric=name_of(type(self)),
                convention=(
                    f"1 - root mean square difference from train over the lags -{lags} to {lags}, mean over "
                    "pairs of numbers; Pearson's correlation of one with the other so many steps later in "
                    f"the same sequence; at most {_MOST_PAIRS} pairs; ceiling: holdout against train; "
                    "floor: columns drawn one by one"
                ),
                source="Box and Jenkins (1970)",
                estimand="the same of all sequences that the two sources could give",
            )
        ]  # fmt: skip
