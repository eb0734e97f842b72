"""Pair trends: how far the joint distribution of each pair of columns is from train's."""

from __future__ import annotations

from itertools import combinations
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from mintmark.assess._association import correlation, correlation_influence
from mintmark.assess._codes import Coded, Codes, Coding, codings, equal, full, levels, witnesses
from mintmark.method import method, name_of
from mintmark.metric import Family, Metric, NotRun, Score, Tables
from mintmark.stats.distance_intervals import Distance, beyond_chance, total_variation_interval
from mintmark.stats.divergence import total_variation
from mintmark.stats.intervals import effective_size, influence_variance, normal

__all__ = ["PairTrends", "pairs_score"]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Pair = tuple[str, str]
_LEVELS = 12
_COARSE = 6  # two numbers: 144 cells hold too few rows each for the distance of the populations
_MOST_COLUMNS = 60
_WORST = 30


@method
class PairTrends(Metric):
    """Mean over pairs of columns of one minus how much their relation differs from train's."""

    family: ClassVar[Family] = "fidelity"

    def _measure(self, tables: Tables, rng: np.random.Generator) -> list[Score]:
        plans = codings(tables)
        if len(plans) < 2:
            raise NotRun("fewer than two columns are scored: there is no pair.")
        plans = _at_most(plans, rng)
        return [
            pairs_score(
                tables, plans, list(combinations(plans, 2)), equal(tables, "floor"),
                metric=name_of(type(self)), convention=_CONVENTION,
            )
        ]  # fmt: skip


def pairs_score(
    tables: Tables, plans: dict[str, Coding], pairs: list[Pair], floor: Coded, *, metric: str, convention: str
) -> Score:
    """Mean over these pairs of columns of one minus how much their relation differs from train's.

    Parameters
    ----------
    plans : dict of Coding
        Of every column of the pairs.
    floor : Coded
        Rows in which no pair is related.
    """
    train = _Side(full(tables, "train"), plans)
    sides = {
        "synthetic": _Side(equal(tables, "synthetic"), plans, train),
        "floor": _Side(floor, plans, train),
    }
    if tables.holdout is not None:
        sides["ceiling"] = _Side(equal(tables, "holdout"), plans, train)
    scores = {which: {pair: _likeness(train, side, *pair) for pair in pairs} for which, side in sides.items()}
    means = {which: float(np.mean(list(found.values()))) for which, found in scores.items()}
    synthetic = sides["synthetic"]
    # not by score: a correlation sees no relation that bends, and rules on pairs bear on their distance
    worst = sorted(pairs, key=lambda pair: -_beyond_chance(train, synthetic, pair))[:_WORST]
    variance = sum(
        _variance(train, synthetic, pairs, which, witnesses(tables, which, side.coded))
        for which, side in (("train", train), ("synthetic", synthetic))
    )
    return Score(
        metric=metric,
        family="fidelity",
        estimate=means["synthetic"],
        interval=normal(means["synthetic"], variance, low=0, high=1),
        ceiling=means.get("ceiling"),
        floor=means["floor"],
        n=len(synthetic.coded),
        variance="draw of the synthetic and train rows (infinitesimal jackknife)",
        estimand=(
            "the mean score of samples of these sizes, which noise keeps below 1: compare it with "
            "the ceiling, at the same sizes. Per pair: 1 - the distance of the two populations"
        ),
        convention=convention,
        source="Efron (1982) for the interval; per pair Stephens (2017)",
        details={
            "pairs": [_describe(train, sides, pair, scores) for pair in worst],
            "scored": len(pairs),
        },
    )


_CONVENTION = (
    "mean over pairs of 1 - difference from train; two numbers: half the absolute difference of the "
    "correlations of their percentiles in train (Spearman's, both known); other pairs: total variation "
    f"of the contingency table, numbers on {_LEVELS} bins, the {_LEVELS - 1} most frequent categories "
    "and the rest, missing as a value; at most "
    f"{_MOST_COLUMNS} columns; ceiling: holdout against train; floor: columns drawn one by one. "
    f"Listed are the {_WORST} pairs whose total variation on these levels ({_COARSE} a number in pairs of "
    "numbers) is farthest beyond what chance adds, the farthest first, whatever their score: estimate and "
    "95 % interval of 1 - the populations' total variation on them, freed of the noise of finite samples, "
    "a lower bound alone where it ends at 1; tvd as the samples show it."
)


def _at_most(plans: dict[str, Coding], rng: np.random.Generator) -> dict[str, Coding]:
    """All columns, or a random choice of them where the pairs would be too many."""
    if len(plans) <= _MOST_COLUMNS:
        return plans
    picked = set(rng.choice(list(plans), _MOST_COLUMNS, replace=False))
    return {name: plan for name, plan in plans.items() if name in picked}


class _Side:
    """One table's coarse codes, and its numbers as percentiles in train."""

    def __init__(self, coded: Coded, plans: dict[str, Coding], train: _Side | None = None) -> None:
        self.coded, self.plans = coded, plans
        self.numeric = {name: plan for name, plan in plans.items() if plan.numeric}
        self.codes, self.sizes = levels(coded, plans, _LEVELS)
        self.coarse, self.coarse_sizes = levels(coded, self.numeric, _COARSE)
        scale = (train or self).coded
        self.grades = {name: coded.ranked(name).percentiles(scale.ranked(name)) for name in self.numeric}
        self._counts: dict[tuple[str, str, bool], Ints] = {}
        self._correlations: dict[Pair, float] = {}

    def __len__(self) -> int:
        return len(self.coded)

    def cells(self, a: str, b: str, *, coarse: bool = False) -> Codes:
        """The cell of the contingency table of two columns in which each row lies."""
        codes, sizes = self._levels(coarse)
        return codes[a] * sizes[b] + codes[b]

    def counts(self, a: str, b: str, *, coarse: bool = False) -> Ints:
        """Rows in each cell of the contingency table of two columns, counted once."""
        from mintmark.stats.pairs import contingency  # compiles once: not before it is needed

        if (a, b, coarse) not in self._counts:
            codes, sizes = self._levels(coarse)
            self._counts[a, b, coarse] = contingency(codes[a], codes[b], sizes[a], sizes[b])
        return self._counts[a, b, coarse]

    def _levels(self, coarse: bool) -> tuple[dict[str, Codes], dict[str, int]]:
        return (self.coarse, self.coarse_sizes) if coarse else (self.codes, self.sizes)

    def both_numbers(self, *pair: str) -> bool:
        """Whether a pair is scored by its correlation."""
        return set(pair) <= set(self.numeric)

    def correlation(self, a: str, b: str) -> float:
        """Of the percentiles of two numbers."""
        if (a, b) not in self._correlations:
            self._correlations[a, b] = correlation(self.grades[a], self.grades[b])
        return self._correlations[a, b]


def _difference(train: _Side, other: _Side, a: str, b: str, *, coarse: bool = False) -> Floats:
    """Shares of train's rows in each cell less the other table's."""
    p, q = (side.counts(a, b, coarse=coarse) / len(side) for side in (train, other))
    return p - q


def _beyond_chance(train: _Side, other: _Side, pair: Pair) -> float:
    """How far the tables of a pair are apart beyond what chance adds, on the levels it is listed with."""
    coarse = train.both_numbers(*pair)
    return beyond_chance(*(side.counts(*pair, coarse=coarse) for side in (train, other)))


def _likeness(train: _Side, other: _Side, a: str, b: str) -> float:
    """One minus how much a relation differs from train's."""
    if train.both_numbers(a, b):
        return 1 - 0.5 * abs(train.correlation(a, b) - other.correlation(a, b))
    return 1 - 0.5 * float(np.abs(_difference(train, other, a, b)).sum())


def _variance(train: _Side, synthetic: _Side, pairs: list[Pair], which: str, rows: Coded) -> float:
    """Of the mean likeness, by the draw of one table, told by the influence of some of its rows."""
    side = {"train": train, "synthetic": synthetic}[which]
    seen = side if rows is side.coded else _Side(rows, side.plans, train)
    influence = np.zeros(len(rows))
    for a, b in pairs:
        if train.both_numbers(a, b):
            sign = np.sign(train.correlation(a, b) - synthetic.correlation(a, b))
            influence += 0.5 * sign * correlation_influence(seen.grades[a], seen.grades[b])
        else:
            influence += 0.5 * np.sign(_difference(train, synthetic, a, b))[seen.cells(a, b)]
    return influence_variance(influence / len(pairs), rows.persons) * len(rows) / len(side)


def _describe(
    train: _Side, sides: dict[str, _Side], pair: Pair, scores: dict[str, dict[Pair, float]]
) -> dict[str, Any]:
    """One pair: 1 - the populations' total variation beside its anchors, and the scores."""
    distances = {which: _distance(train, side, pair) for which, side in sides.items()}
    mine, tvd = distances["synthetic"]
    estimate, interval = mine.likeness
    return {
        "columns": list(pair),
        "estimate": estimate,
        "interval": interval,
        "one_sided": mine.one_sided,
        "ceiling": distances["ceiling"][0].likeness[0] if "ceiling" in distances else None,
        "floor": distances["floor"][0].likeness[0],
        "tvd": tvd,
        "score": scores["synthetic"][pair],
        "score_ceiling": scores["ceiling"][pair] if "ceiling" in scores else None,
        "score_floor": scores["floor"][pair],
    }


def _distance(train: _Side, other: _Side, pair: Pair) -> tuple[Distance, float]:
    """The populations' total variation of one pair, and that of the samples."""
    coarse = train.both_numbers(*pair)
    p, q = (side.counts(*pair, coarse=coarse) for side in (train, other))
    sign = np.sign(_difference(train, other, *pair, coarse=coarse))
    draws = _draws(train, pair, sign, coarse), _draws(other, pair, sign, coarse)
    return total_variation_interval(p, q, draws), total_variation(p, q)


def _draws(side: _Side, pair: Pair, sign: Floats, coarse: bool) -> float:
    """How many independent draws one table's rows are worth, given the sign of each cell's difference."""
    if side.coded.persons is None:
        return float(len(side))
    return effective_size(sign[side.cells(*pair, coarse=coarse)], side.coded.persons)
