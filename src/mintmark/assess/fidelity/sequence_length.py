"""Sequence length: how many rows the sequences have, beside train's."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
import numpy.typing as npt

from mintmark.assess._series import Series, series
from mintmark.assess.fidelity._curves import Compared, measured
from mintmark.method import method, name_of
from mintmark.metric import Family, Metric, Score, Tables
from mintmark.stats.curves import largest

__all__ = ["SequenceLength"]

Floats = npt.NDArray[np.float64]
_GRID = 100


@method
class SequenceLength(Metric):
    """One minus the Kolmogorov-Smirnov distance of the numbers of rows of the sequences."""

    family: ClassVar[Family] = "fidelity"
    of_sequences: ClassVar[bool] = True

    def _measure(self, tables: Tables, rng: np.random.Generator) -> list[Score]:
        (key, *_) = tables.train.schema.with_role("sequence_key")
        lengths = np.concatenate([series(tables, which).lengths for which in ("train", "synthetic")])
        grid = np.unique(np.quantile(lengths, np.linspace(0, 1, _GRID), method="lower"))

        def sums(rows: Series) -> Floats:
            return np.concatenate([rows.lengths[:, None] <= grid, np.ones((len(rows), 1))], axis=1)

        def curve(summed: Floats) -> Floats:
            return np.asarray(summed[..., :-1] / np.maximum(summed[..., -1:], 1.0))

        return [
            measured(
                tables, Compared(sums, curve, [key], [len(grid)], largest), rng,
                metric=name_of(type(self)),
                convention=(
                    "1 - Kolmogorov-Smirnov distance from train of the rows a sequence has; ceiling: holdout "
                    "against train; floor: rows thrown into as many sequences at random"
                ),
                source="Massey (1951)",
                estimand="the same of all sequences that the two sources could give",
            )
        ]  # fmt: skip
