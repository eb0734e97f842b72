"""Mutual information: how much each pair of columns tells of each other, against train."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from mintmark.assess._codes import Coded, codings, equal, full, levels
from mintmark.method import method, name_of
from mintmark.metric import Family, Metric, NotRun, Score, Tables
from mintmark.stats.folded import excess, folded_interval
from mintmark.stats.information import adjusted
from mintmark.stats.intervals import Z95, effective_size, influence_variance

__all__ = ["MutualInformation"]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Pair = tuple[str, str]

_LEVELS = 10
_ROWS_A_CELL = 5
"""With fewer, what chance adds to related columns is too much, and not the same in both tables."""
_MOST_PAIRS = 1_500
_MOST_ROWS = 50_000
_WORST = 30
_CONVENTION = (
    "mean over pairs of columns of 1 - absolute difference of the adjusted mutual information, (I - E) / "
    f"((H + H) / 2 - E), from train's, E what chance makes of independent columns; numbers on {_LEVELS} "
    f"bins, the {_LEVELS - 1} most frequent categories and the rest, missing as a value, fewer where a cell "
    f"would hold fewer than {_ROWS_A_CELL} rows (persons, sequences) of the smaller table; at most "
    f"{_MOST_PAIRS:,} pairs and {_MOST_ROWS:,} rows a table, drawn; ceiling: holdout against train; floor: "
    "columns drawn one by one"
)


@method
class MutualInformation(Metric):
    """One minus the mean difference of the pairs' adjusted mutual information from train's."""

    family: ClassVar[Family] = "fidelity"

    def _measure(self, tables: Tables, rng: np.random.Generator) -> list[Score]:
        plans = codings(tables)
        pairs = _pairs(list(plans), rng)
        if not pairs:
            raise NotRun("fewer than two columns are scored: there is no pair.")

        most = _most_levels([full(tables, "train"), equal(tables, "synthetic")])

        def side(coded: Coded, moves: bool) -> _Side:
            coded = coded.take(np.sort(rng.permutation(len(coded))[:_MOST_ROWS]))
            return _information(coded, *levels(coded, plans, most), pairs, moves)

        synthetic, train = side(equal(tables, "synthetic"), True), side(full(tables, "train"), True)
        found = _apart(train, synthetic)
        ceiling = None
        if tables.holdout is not None:
            ceiling = _apart(train, side(equal(tables, "holdout"), False))
        floor = _apart(train, side(equal(tables, "floor"), False))
        errors = np.sqrt(synthetic.variance + train.variance)
        low, high = folded_interval(
            float(found.mean()),
            _joint(synthetic, train, np.where(synthetic.value < train.value, -1, 1) / len(pairs)),
            float(excess(found, errors).mean()),
        )
        return [
            Score(
                metric=name_of(type(self)),
                family=self.family,
                estimate=1 - float(found.mean()),
                interval=(max(0.0, 1 - high), 1 - low),
                ceiling=None if ceiling is None else 1 - float(ceiling.mean()),
                floor=1 - float(floor.mean()),
                n=synthetic.rows,
                variance=(
                    "draw of the synthetic and train rows (infinitesimal jackknife); the upper end is moved "
                    "by what chance adds to absolute differences"
                ),
                estimand=(
                    "one minus the mean absolute difference between the pairs' adjusted mutual information "
                    "in the distribution of the synthetic rows and in the population"
                ),
                convention=_CONVENTION,
                source="Vinh, Epps, Bailey (2010) for the figure; Efron (1982) for the interval",
                details=_details(pairs, train, synthetic, errors, ceiling, floor),
            )
        ]


def _pairs(names: list[str], rng: np.random.Generator) -> list[Pair]:
    """All pairs of columns, or a random choice of them."""
    pairs = list(combinations(names, 2))
    if len(pairs) <= _MOST_PAIRS:
        return pairs
    return [pairs[i] for i in np.sort(rng.choice(len(pairs), _MOST_PAIRS, replace=False))]


def _most_levels(sides: list[Coded]) -> int:
    """Levels of a column, so many that the cells of a pair hold enough persons of the smaller table."""
    persons = min(len(side) if side.persons is None else len(np.unique(side.persons)) for side in sides)
    return int(np.clip(np.sqrt(persons / _ROWS_A_CELL), 2, _LEVELS))


@dataclass(frozen=True)
class _Side:
    """One table.

    Parameters
    ----------
    value, variance : array, shape (pairs,)
        Adjusted mutual information of each pair, and its variance.
    cells, moves : list of array
        For each pair every row's cell, and how much a row of each cell moves the value.
    """

    value: Floats
    variance: Floats
    cells: list[Ints]
    moves: list[Floats]
    rows: int
    persons: Ints | None


def _information(
    coded: Coded, codes: dict[str, Ints], sizes: dict[str, int], pairs: list[Pair], moves: bool
) -> _Side:
    value, variance = np.zeros(len(pairs)), np.zeros(len(pairs))
    kept: tuple[list[Ints], list[Floats]] = ([], [])
    for i, (a, b) in enumerate(pairs):
        cells = codes[a] * sizes[b] + codes[b]
        counts = np.bincount(cells, minlength=sizes[a] * sizes[b]).reshape(sizes[a], sizes[b])
        value[i], moved = adjusted(counts)
        if coded.persons is not None:
            influence = moved.ravel()[cells]
            value[i], moved = adjusted(counts, effective_size(influence, coded.persons))
            variance[i] = influence_variance(influence, coded.persons)
        else:
            variance[i] = float((counts * moved**2).sum()) / len(coded) ** 2
        if not moves:
            continue
        kept[0].append(cells.astype(np.int16 if counts.size < 2**15 else np.int64))
        kept[1].append(moved.ravel())
    return _Side(value, variance, *kept, len(coded), coded.persons)


def _apart(train: _Side, other: _Side) -> Floats:
    """Differences of the pairs; of a handful of persons a value may lie far below 0, and is capped."""
    return np.minimum(np.abs(other.value - train.value), 1.0)


def _joint(first: _Side, second: _Side, weights: Floats) -> float:
    """Variance of the weighted sum of the pairs' differences, which share their rows."""
    total = 0.0
    for side in (first, second):
        influence = np.zeros(side.rows)
        for cells, moved, weight in zip(side.cells, side.moves, weights, strict=True):
            influence += (weight * moved)[cells]
        total += influence_variance(influence, side.persons)
    return total


def _details(
    pairs: list[Pair], train: _Side, synthetic: _Side, errors: Floats, ceiling: Floats | None, floor: Floats
) -> dict[str, Any]:
    found = _apart(train, synthetic)
    worst = [
        {
            "columns": list(pairs[i]),
            "estimate": 1 - float(found[i]),
            "interval": [
                max(0.0, 1 - float(found[i] + Z95 * errors[i])),
                min(1.0, 1 - float(found[i] - Z95 * errors[i])),
            ],
            "ceiling": None if ceiling is None else 1 - float(ceiling[i]),
            "floor": 1 - float(floor[i]),
            "train": float(train.value[i]),
            "synthetic": float(synthetic.value[i]),
        }
        for i in np.argsort(-found, kind="stable")[:_WORST]
    ]
    columns = {}
    for name in dict.fromkeys(name for pair in pairs for name in pair):
        mine = np.array([name in pair for pair in pairs])
        columns[name] = {
            "estimate": 1 - float(found[mine].mean()),
            "ceiling": None if ceiling is None else 1 - float(ceiling[mine].mean()),
            "floor": 1 - float(floor[mine].mean()),
        }
    return {"pairs": worst, "columns": columns, "compared": len(pairs)}
