"""Triples: how far the joint distribution of three columns at a time is from train's."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from itertools import combinations
from math import comb
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from mintmark.assess._codes import Coded, codings, equal, full, levels
from mintmark.method import method, name_of
from mintmark.metric import Family, Metric, NotRun, Score, Tables
from mintmark.stats.folded import excess, folded_interval
from mintmark.stats.intervals import influence_variance

__all__ = ["Triples"]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Names = tuple[str, str, str]

_LEVELS = 5
_MOST = 100
_MOST_ROWS = 50_000
_RARE = 5
"""Rows of a cell, both tables together, below which all of its difference may be chance."""
_WORST = 30
_CONVENTION = (
    f"mean over triples of columns of 1 - total variation from train; numbers on {_LEVELS} bins, the "
    f"{_LEVELS - 1} most frequent categories and the rest, missing as a value; at most {_MOST} triples and "
    f"{_MOST_ROWS:,} rows a table, drawn; chance alone keeps it below 1: read it beside the ceiling of as "
    "many holdout rows; floor: columns drawn one by one"
)


@method
class Triples(Metric):
    """Mean over triples of columns of one minus the total variation from train."""

    family: ClassVar[Family] = "fidelity"

    def _measure(self, tables: Tables, rng: np.random.Generator) -> list[Score]:
        plans = codings(tables)
        triples = _triples(list(plans), rng)
        if not triples:
            raise NotRun("fewer than three columns are scored: there is no triple.")

        def side(coded: Coded) -> _Side:
            coded = coded.take(np.sort(rng.permutation(len(coded))[:_MOST_ROWS]))
            return _Side(*levels(coded, plans, _LEVELS), len(coded), coded.persons)

        synthetic, train = side(equal(tables, "synthetic")), side(full(tables, "train"))
        found = _compare(train, synthetic, triples)
        ceiling = None
        if tables.holdout is not None:
            ceiling = _compare(train, side(equal(tables, "holdout")), triples)
        floor = _compare(train, side(equal(tables, "floor")), triples)
        variance = influence_variance(found.on_train, train.persons) + influence_variance(
            found.on_other, synthetic.persons
        )
        low, high = folded_interval(float(found.distance.mean()), variance, float(found.added.mean()))
        return [
            Score(
                metric=name_of(type(self)),
                family=self.family,
                estimate=1 - float(found.distance.mean()),
                interval=(max(0.0, 1 - high), 1 - low),
                ceiling=None if ceiling is None else 1 - float(ceiling.distance.mean()),
                floor=1 - float(floor.distance.mean()),
                n=synthetic.rows,
                variance=(
                    "draw of the synthetic and train rows (infinitesimal jackknife); the upper end is moved "
                    "by what chance adds to absolute differences"
                ),
                estimand=(
                    "one minus the mean total variation, over the drawn triples, between the distribution of "
                    "the synthetic rows and the population"
                ),
                convention=_CONVENTION,
                source="total variation; Efron (1982) and Leone et al. (1961) for the interval",
                details=_details(triples, found, ceiling, floor),
            )
        ]


def _triples(names: list[str], rng: np.random.Generator) -> list[Names]:
    """All triples of columns, or a random choice of different ones."""
    if comb(len(names), 3) <= _MOST:
        return list(combinations(names, 3))
    drawn: dict[tuple[int, ...], None] = {}
    while len(drawn) < _MOST:
        drawn[tuple(sorted(rng.choice(len(names), 3, replace=False).tolist()))] = None
    return [(names[i], names[j], names[k]) for i, j, k in sorted(drawn)]


@dataclass(frozen=True)
class _Side:
    """One table's coarse codes."""

    codes: dict[str, Ints]
    sizes: dict[str, int]
    rows: int
    persons: Ints | None

    def cells(self, names: Names) -> tuple[Ints, int]:
        """Place of every row in the triple's table, and how many places it has."""
        a, b, c = names
        cells = (self.codes[a] * self.sizes[b] + self.codes[b]) * self.sizes[c] + self.codes[c]
        return cells, self.sizes[a] * self.sizes[b] * self.sizes[c]

    @cached_property
    def effect(self) -> float:
        """At most how much more a share varies than if every row were another person."""
        if self.persons is None:
            return 1.0
        own = np.unique(self.persons, return_counts=True)[1]
        return float(own @ own) / self.rows


@dataclass(frozen=True)
class _Comparison:
    """Distances (triples,), what chance adds to each, and what each row adds to their mean."""

    distance: Floats
    added: Floats
    on_train: Floats
    on_other: Floats


def _compare(train: _Side, other: _Side, triples: list[Names]) -> _Comparison:
    distance, added = np.zeros(len(triples)), np.zeros(len(triples))
    on_train, on_other = np.zeros(train.rows), np.zeros(other.rows)
    for i, names in enumerate(triples):
        (at_train, size), (at_other, _) = train.cells(names), other.cells(names)
        counts = np.bincount(at_train, minlength=size), np.bincount(at_other, minlength=size)
        p, q = counts[0] / train.rows, counts[1] / other.rows
        both = (counts[0] + counts[1]) / (train.rows + other.rows)
        apart, errors = p - q, np.sqrt(_error(p, both, train) + _error(q, both, other))
        rare = counts[0] + counts[1] < _RARE * max(train.effect, other.effect)
        distance[i] = 0.5 * float(np.abs(apart).sum())
        added[i] = 0.5 * float(np.where(rare, np.abs(apart), excess(apart, errors)).sum())
        half = np.where(apart < 0, -0.5, 0.5) / len(triples)
        on_train += half[at_train]
        on_other -= half[at_other]
    return _Comparison(distance, added, on_train, on_other)


def _error(share: Floats, both: Floats, side: _Side) -> Floats:
    """Variance of the cells' shares; a cell that chance left empty varies as both tables' share says."""
    return np.maximum(share * (1 - share), both * (1 - both)) * side.effect / side.rows


def _details(
    triples: list[Names], found: _Comparison, ceiling: _Comparison | None, floor: _Comparison
) -> dict[str, Any]:
    def anchored(which: Any) -> dict[str, Any]:
        return {
            "estimate": 1 - float(found.distance[which].mean()),
            "ceiling": None if ceiling is None else 1 - float(ceiling.distance[which].mean()),
            "floor": 1 - float(floor.distance[which].mean()),
        }

    worst = np.argsort(-found.distance, kind="stable")[:_WORST]
    names = dict.fromkeys(name for triple in triples for name in triple)
    return {
        "triples": [{"columns": list(triples[i])} | anchored([i]) for i in worst],
        "columns": {name: anchored([i for i, t in enumerate(triples) if name in t]) for name in names},
        "compared": len(triples),
    }
