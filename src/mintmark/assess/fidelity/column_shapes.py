"""Column shapes: how far each column's distribution is from train's."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from mintmark.assess._codes import Coded, Coding, codings, equal, full, witnesses
from mintmark.method import method, name_of
from mintmark.metric import Family, Metric, NotRun, Score, Tables
from mintmark.stats.distance_intervals import (
    Distance,
    bridges,
    kolmogorov_smirnov_interval,
    total_variation_interval,
)
from mintmark.stats.divergence import (
    jensen_shannon,
    kolmogorov_smirnov,
    kullback_leibler,
    total_variation,
    wasserstein,
)
from mintmark.stats.intervals import effective_size, influence_variance, normal

__all__ = ["ColumnShapes"]

Floats = npt.NDArray[np.float64]


@method
class ColumnShapes(Metric):
    """Mean over columns of one minus the distance of the column's distribution from train's."""

    family: ClassVar[Family] = "fidelity"

    def _measure(self, tables: Tables, rng: np.random.Generator) -> list[Score]:
        plans = codings(tables)
        if not plans:
            raise NotRun("no column is scored: all are keys, free text or media.")
        train = full(tables, "train")
        synthetic = equal(tables, "synthetic")
        noise = bridges(rng)
        found = _compare(train, synthetic, plans, noise)
        ceiling = None
        if tables.holdout is not None:
            ceiling = _compare(train, equal(tables, "holdout"), plans, noise)
        floor = _compare(train, equal(tables, "floor"), plans, noise)
        columns = {
            name: _liked(found.columns[name].population)
            | {"ceiling": ceiling.columns[name].population.likeness[0] if ceiling else None}
            | {"floor": floor.columns[name].population.likeness[0]}
            | {"distance": found.columns[name].distance}
            | {"ceiling_distance": ceiling.columns[name].distance if ceiling else None}
            | _describe(plan, train, synthetic, found.columns[name].distance)
            for name, plan in plans.items()
        }
        variance = sum(
            _variance(found, coded, witnesses(tables, which, coded))
            for which, coded in (("train", train), ("synthetic", synthetic))
        )
        return [
            Score(
                metric=name_of(type(self)),
                family=self.family,
                estimate=found.score,
                interval=normal(found.score, variance, low=0, high=1),
                ceiling=ceiling.score if ceiling else None,
                floor=floor.score,
                n=len(synthetic),
                variance="draw of the synthetic and train rows (infinitesimal jackknife)",
                estimand=(
                    "the mean score of samples of these sizes, which noise keeps below 1: compare it with "
                    "the ceiling, at the same sizes. Per column: 1 - the distance of the two populations"
                ),
                convention=_CONVENTION,
                source=(
                    "Massey (1951) for KS; Lin (1991) for JS; Efron (1982) for the interval; per column "
                    "Raghavachari (1973), Stephens (2017)"
                ),
                details={"columns": columns},
            )
        ]


_CONVENTION = (
    "mean over columns of 1 - distance from train; numbers and dates: exact two-sample "
    "Kolmogorov-Smirnov with missing as a value above all others; categories: total variation with "
    "missing as a value; ceiling: holdout against train; floor: columns drawn from train one by one. "
    "Per column: estimate and 95 % interval of 1 - the populations' distance, freed of the noise of finite "
    "samples, a lower bound alone where it ends at 1; distance, ks and tvd as the samples show them; "
    "Wasserstein over the known values in units of train's interquartile range "
    "(standard deviation where that is 0); Jensen-Shannon divergence in bits and its root, the "
    "Jensen-Shannon distance; Kullback-Leibler KL(real||synthetic) and the reverse in bits with 1/2 "
    "added to every count; numbers on bins from train quantiles plus spikes and missing."
)


def _liked(distance: Distance) -> dict[str, Any]:
    """On the score's own scale, so that rules on columns and on their mean read alike."""
    estimate, interval = distance.likeness
    return {"estimate": estimate, "interval": interval, "one_sided": distance.one_sided}


@dataclass(frozen=True)
class _Column:
    """Distance of one column in two samples and in their populations.

    Parameters
    ----------
    moves : function of a table
        How much each of its rows moves the distance; the sign is of no matter to a variance.
    """

    distance: float
    population: Distance
    moves: Callable[[Coded], Floats]


@dataclass(frozen=True)
class _Comparison:
    columns: dict[str, _Column]

    @property
    def score(self) -> float:
        return 1 - float(np.mean([column.distance for column in self.columns.values()]))


def _compare(train: Coded, other: Coded, plans: dict[str, Coding], noise: Floats) -> _Comparison:
    return _Comparison(
        {
            name: _of_numbers(train, other, name, noise)
            if plan.numeric
            else _of_categories(train, other, name, plan.size)
            for name, plan in plans.items()
        }
    )


def _of_numbers(train: Coded, other: Coded, name: str, noise: Floats) -> _Column:
    mine, theirs = (_ascending(coded, name) for coded in (train, other))
    distance, at, sign = kolmogorov_smirnov(mine, theirs)

    def moves(rows: Coded) -> Floats:
        # ties with `at` lie below the step, as in the distribution function; missing lies above
        return np.where(rows.numbers[name] <= at, sign, 0.0)

    draws = _draws(train, moves), _draws(other, moves)
    return _Column(distance, kolmogorov_smirnov_interval(mine, theirs, noise, draws), moves)


def _of_categories(train: Coded, other: Coded, name: str, size: int) -> _Column:
    p, q = (np.bincount(coded.codes[name], minlength=size) for coded in (train, other))
    half = 0.5 * np.sign(p / len(train) - q / len(other))

    def moves(rows: Coded) -> Floats:
        return np.asarray(half[rows.codes[name]])

    draws = _draws(train, moves), _draws(other, moves)
    return _Column(total_variation(p, q), total_variation_interval(p, q, draws), moves)


def _ascending(coded: Coded, name: str) -> Floats:
    """Values in order, missing ones above all others."""
    column = coded.ranked(name)
    return np.append(column.ascending, np.full(column.missing, np.inf))


def _draws(rows: Coded, moves: Callable[[Coded], Floats]) -> float:
    """How many independent draws a table's rows are worth for a distance."""
    return float(len(rows)) if rows.persons is None else effective_size(moves(rows), rows.persons)


def _variance(found: _Comparison, table: Coded, rows: Coded) -> float:
    """Of the score, by the draw of one table, told by the influence of some of its rows."""
    influence = np.mean([column.moves(rows) for column in found.columns.values()], axis=0)
    return influence_variance(influence, rows.persons) * len(rows) / len(table)


def _describe(plan: Coding, train: Coded, other: Coded, distance: float) -> dict[str, Any]:
    """Every distance of one column, by its name in the literature."""
    name = plan.column.name
    p = np.bincount(train.codes[name], minlength=plan.size)
    q = np.bincount(other.codes[name], minlength=plan.size)
    used = (p + q) > 0
    p, q = p[used], q[used]
    js = jensen_shannon(p, q)
    out: dict[str, Any] = {
        "kind": plan.column.kind,
        "tvd": total_variation(p, q),
        "js_divergence_bits": js,
        "js_distance": float(np.sqrt(js)),
        "kl_bits": kullback_leibler(p, q),
        "kl_reverse_bits": kullback_leibler(q, p),
    }
    if plan.numeric:
        out["ks"] = distance
        out["wasserstein"] = _scaled_wasserstein(*(coded.ranked(name).ascending for coded in (train, other)))
    return out


def _scaled_wasserstein(a: Floats, b: Floats) -> float | None:
    if not len(a) or not len(b):
        return None
    # by a power of two, which loses nothing: differences of the largest numbers would be infinite
    exponent = np.frexp(max(np.abs(part[[0, -1]]).max() for part in (a, b)))[1]
    a, b = np.ldexp(a, -exponent), np.ldexp(b, -exponent)
    low, high = np.quantile(a, [0.25, 0.75])
    scale = float(high - low) or float(a.std())
    distance = wasserstein(a, b)
    if scale == 0:
        return 0.0 if distance == 0 else None
    return distance / scale
