"""Transitions: which category follows which, beside train's."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
import numpy.typing as npt

from mintmark.assess._codes import levels
from mintmark.assess._series import Series, pairs_at, steps, values
from mintmark.assess.fidelity._curves import Compared, measured
from mintmark.method import method, name_of
from mintmark.metric import Family, Metric, NotRun, Score, Tables
from mintmark.stats.curves import half_sum

__all__ = ["Transitions"]

Floats = npt.NDArray[np.float64]
_LEVELS = 8
_MOST_COLUMNS = 12


@method
class Transitions(Metric):
    """One minus the total variation of the pairs of categories that follow each other."""

    family: ClassVar[Family] = "fidelity"
    of_sequences: ClassVar[bool] = True

    def _measure(self, tables: Tables, rng: np.random.Generator) -> list[Score]:
        plans = values(tables, numeric=False)
        if not plans:
            raise NotRun("no category is scored. See autocorrelation for numbers.")
        steps(tables, 1)
        names = sorted(rng.choice(list(plans), min(len(plans), _MOST_COLUMNS), replace=False).tolist())
        plans = {name: plans[name] for name in names}

        def sums(rows: Series) -> Floats:
            coded, sizes = levels(rows.coded, plans, _LEVELS)
            first, second = pairs_at(rows, 1)
            return np.concatenate(
                [
                    _counts(
                        len(rows), rows.owner[first], coded[name][first], coded[name][second], sizes[name]
                    )
                    for name in names
                ],
                axis=1,
            )

        cells = [_cells(plans[name].bins) for name in names]
        what = Compared(sums, lambda s: _shares(s, cells), names, cells, half_sum)
        return [
            measured(
                tables, what, rng,
                metric=name_of(type(self)),
                convention=(
                    "1 - total variation of the shares of (category, next category) from train's, mean over "
                    f"columns; the {_LEVELS - 1} most frequent categories and the rest, missing as a value; "
                    "ceiling: holdout against train; floor: columns drawn one by one"
                ),
                source="transition counts of a Markov chain (Anderson and Goodman 1957)",
                estimand="the same of all sequences that the two sources could give",
            )
        ]  # fmt: skip


def _cells(bins: int) -> int:
    """Cells of the matrix of one column, as `levels` codes it."""
    return (_LEVELS + 1 if bins >= _LEVELS else bins + 2) ** 2


def _counts(
    n: int,
    owner: npt.NDArray[np.int64],
    a: npt.NDArray[np.int64],
    b: npt.NDArray[np.int64],
    size: int,
) -> Floats:
    cells = size * size
    counted = np.bincount(owner * cells + a * size + b, minlength=n * cells)
    return counted.reshape(n, cells).astype(np.float64)


def _shares(sums: Floats, cells: list[int]) -> Floats:
    starts = np.concatenate([[0], np.cumsum(cells)[:-1]])
    totals = np.repeat(np.add.reduceat(sums, starts, axis=-1), cells, axis=-1)
    return np.asarray(sums / np.maximum(totals, 1.0))
