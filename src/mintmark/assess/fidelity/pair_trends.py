"""Pair trends: how far the joint distribution of each pair of columns is from train's."""

from __future__ import annotations

from itertools import combinations
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from mintmark.assess._association import correlation, grade
from mintmark.assess._codes import Coded, Coding, codings, equal, full, levels
from mintmark.method import method, name_of
from mintmark.metric import Family, Metric, NotRun, Score, Tables
from mintmark.stats.distance_intervals import Distance, total_variation_interval
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
    train = _Side(full(tables, "train"), plans, None)
    synthetic = _Side(equal(tables, "synthetic"), plans, train)
    found = _compare(train, synthetic, plans, pairs, influence=True)
    sides = {"synthetic": synthetic, "floor": _Side(floor, plans, train)}
    if tables.holdout is not None:
        sides["ceiling"] = _Side(equal(tables, "holdout"), plans, train)
    anchors = {
        which: _compare(train, side, plans, pairs) for which, side in sides.items() if which != "synthetic"
    }
    ceiling = anchors.get("ceiling")
    worst = sorted(found.scores, key=found.scores.__getitem__)[:_WORST]
    variance = influence_variance(found.on_synthetic, synthetic.coded.persons) + influence_variance(
        found.on_train, train.coded.persons
    )
    return Score(
        metric=metric,
        family="fidelity",
        estimate=found.score,
        interval=normal(found.score, variance, low=0, high=1),
        ceiling=ceiling.score if ceiling else None,
        floor=anchors["floor"].score,
        n=len(synthetic.coded),
        variance="draw of the synthetic and train rows (infinitesimal jackknife)",
        estimand=(
            "the mean score of samples of these sizes, which noise keeps below 1: compare it with "
            "the ceiling, at the same sizes. Per pair: 1 - the distance of the two populations"
        ),
        convention=convention,
        source="Efron (1982) for the interval; per pair Stephens (2017)",
        details={
            "pairs": [_describe(train, sides, pair, found, anchors) for pair in worst],
            "scored": len(found.scores),
        },
    )


_CONVENTION = (
    "mean over pairs of 1 - difference from train; two numbers: half the absolute difference of the "
    "correlations of their percentiles in train (Spearman's, both known); other pairs: total variation "
    f"of the contingency table, numbers on {_LEVELS} bins, the {_LEVELS - 1} most frequent categories "
    "and the rest, missing as a value; at most "
    f"{_MOST_COLUMNS} columns; ceiling: holdout against train; floor: columns drawn one by one. "
    f"The {_WORST} lowest pairs, two numbers included: estimate and 95 % interval of 1 - the "
    f"populations' total variation on these levels ({_COARSE} a number in pairs of numbers), freed of the "
    "noise of finite samples, a lower bound alone where it ends at 1; tvd as the samples show it."
)


def _at_most(plans: dict[str, Coding], rng: np.random.Generator) -> dict[str, Coding]:
    """All columns, or a random choice of them where the pairs would be too many."""
    if len(plans) <= _MOST_COLUMNS:
        return plans
    picked = set(rng.choice(list(plans), _MOST_COLUMNS, replace=False))
    return {name: plan for name, plan in plans.items() if name in picked}


class _Side:
    """One table's coarse codes, and its numbers as percentiles in train."""

    def __init__(self, coded: Coded, plans: dict[str, Coding], train: _Side | None) -> None:
        self.coded = coded
        self.codes, self.sizes = levels(coded, plans, _LEVELS)
        self.numeric = {name: plan for name, plan in plans.items() if plan.numeric}
        self.coarse, self.coarse_sizes = levels(coded, self.numeric, _COARSE)
        self.orders: dict[str, Floats] = (
            {name: np.sort(values[~np.isnan(values)]) for name, values in coded.numbers.items()}
            if train is None
            else train.orders
        )
        self.grades = {
            name: grade(coded.numbers[name], self.orders[name])
            for name, plan in plans.items()
            if plan.numeric
        }

    def cells(self, a: str, b: str, *, coarse: bool = False) -> Ints:
        """The cell of the contingency table of two columns in which each row lies."""
        codes, sizes = (self.coarse, self.coarse_sizes) if coarse else (self.codes, self.sizes)
        return codes[a] * sizes[b] + codes[b]


class _Comparison:
    def __init__(self, train: int, other: int) -> None:
        self.scores: dict[tuple[str, str], float] = {}
        self.on_train: Floats = np.zeros(train)
        self.on_synthetic: Floats = np.zeros(other)

    @property
    def score(self) -> float:
        return float(np.mean(list(self.scores.values())))


def _compare(
    train: _Side, other: _Side, plans: dict[str, Coding], pairs: list[Pair], *, influence: bool = False
) -> _Comparison:
    out = _Comparison(len(train.coded), len(other.coded))
    for a, b in pairs:
        pair = _correlations if plans[a].numeric and plans[b].numeric else _contingency
        out.scores[a, b], on_train, on_other = pair(train, other, a, b, influence)
        if influence:
            out.on_train += on_train
            out.on_synthetic += on_other
    out.on_train /= len(out.scores)
    out.on_synthetic /= len(out.scores)
    return out


def _describe(
    train: _Side,
    sides: dict[str, _Side],
    pair: tuple[str, str],
    found: _Comparison,
    anchors: dict[str, _Comparison],
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
        "score": found.scores[pair],
        "score_ceiling": anchors["ceiling"].scores[pair] if "ceiling" in anchors else None,
        "score_floor": anchors["floor"].scores[pair],
    }


def _distance(train: _Side, other: _Side, pair: tuple[str, str]) -> tuple[Distance, float]:
    """The populations' total variation of one pair, and that of the samples."""
    coarse = set(pair) <= set(train.numeric)
    p, q = _counts(train, other, *pair, coarse=coarse)
    sign = np.sign(p / len(train.coded) - q / len(other.coded))
    draws = _draws(train, pair, sign, coarse), _draws(other, pair, sign, coarse)
    return total_variation_interval(p, q, draws), total_variation(p, q)


def _draws(side: _Side, pair: Pair, sign: Floats, coarse: bool) -> float:
    """How many independent draws one table's rows are worth, given the sign of each cell's difference."""
    if side.coded.persons is None:
        return float(len(side.coded))
    return effective_size(sign[side.cells(*pair, coarse=coarse)], side.coded.persons)


def _counts(train: _Side, other: _Side, a: str, b: str, *, coarse: bool = False) -> tuple[Ints, Ints]:
    """Rows in each cell of the contingency table, of train and of the other table."""
    from mintmark.stats.contingency import contingency  # compiles once: not before it is needed

    sizes = train.coarse_sizes if coarse else train.sizes
    codes = [side.coarse if coarse else side.codes for side in (train, other)]
    p, q = (contingency(side[a], side[b], sizes[a], sizes[b]) for side in codes)
    return p, q


def _contingency(
    train: _Side, other: _Side, a: str, b: str, influence: bool
) -> tuple[float, Floats | float, Floats | float]:
    p, q = _counts(train, other, a, b)
    difference = p / len(train.coded) - q / len(other.coded)
    score = 1 - 0.5 * float(np.abs(difference).sum())
    if not influence:
        return score, 0.0, 0.0
    half = 0.5 * np.sign(difference)
    return score, -half[train.cells(a, b)], half[other.cells(a, b)]


def _correlations(
    train: _Side, other: _Side, a: str, b: str, influence: bool
) -> tuple[float, Floats | float, Floats | float]:
    first, on_first = correlation(train.grades[a], train.grades[b], influence)
    second, on_second = correlation(other.grades[a], other.grades[b], influence)
    score = 1 - 0.5 * abs(first - second)
    sign = 0.5 * np.sign(first - second)
    return score, -sign * on_first, sign * on_second
