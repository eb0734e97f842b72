"""Inter-event times: how long it takes from one row of a sequence to the next, beside train's."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
import numpy.typing as npt

from mintmark.assess._series import Series, pairs_at, series, steps
from mintmark.assess.fidelity._curves import Compared, measured, per_sequence
from mintmark.method import method, name_of
from mintmark.metric import Family, Metric, NotRun, Score, Tables
from mintmark.stats.curves import largest

__all__ = ["InterEventTimes"]

Floats = npt.NDArray[np.float64]
_GRID = 100


@method
class InterEventTimes(Metric):
    """One minus the Kolmogorov-Smirnov distance of the times between rows of a sequence."""

    family: ClassVar[Family] = "fidelity"
    of_sequences: ClassVar[bool] = True

    def _measure(self, tables: Tables, rng: np.random.Generator) -> list[Score]:
        index = tables.train.schema.with_role("sequence_index")
        if not index:
            raise NotRun("no column is the index of a sequence. Give one the role sequence_index.")
        steps(tables, 1)
        gaps = np.sort(np.concatenate([_gaps(series(tables, which))[0] for which in ("train", "synthetic")]))
        if not len(gaps):
            raise NotRun("no sequence has two rows: there is no time between them.")
        grid = np.unique(np.quantile(gaps, np.linspace(0, 1, _GRID), method="lower"))

        def sums(rows: Series) -> Floats:
            passed, owner = _gaps(rows)
            below = np.concatenate([passed[:, None] <= grid, np.ones((len(passed), 1))], axis=1)
            return per_sequence(rows, owner, below)

        def curve(summed: Floats) -> Floats:
            return np.asarray(summed[..., :-1] / np.maximum(summed[..., -1:], 1.0))

        what = Compared(sums, curve, index[:1], [len(grid)], largest)
        return [
            measured(
                tables, what, rng,
                metric=name_of(type(self)),
                convention=(
                    "1 - Kolmogorov-Smirnov distance from train of the differences of the index of rows that "
                    f"follow each other in a sequence, at up to {_GRID} quantiles of both; ceiling: holdout "
                    "against train; floor: every column drawn by itself"
                ),
                source="Massey (1951)",
                estimand="the same of all sequences that the two sources could give",
            )
        ]  # fmt: skip


def _gaps(rows: Series) -> tuple[Floats, npt.NDArray[np.int64]]:
    """Differences of the index, and whose they are."""
    first, second = pairs_at(rows, 1)
    assert rows.time is not None
    return rows.time[second] - rows.time[first], rows.owner[first]
