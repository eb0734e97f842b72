"""Column shapes: how far each column's distribution is from train's."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from mintmark.assess._codes import Coded, Coding, codings, equal, full
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
        orders = {name: np.sort(_extended(train, name)) for name, p in plans.items() if p.numeric}
        synthetic = equal(tables, "synthetic")
        noise = bridges(rng)
        found = _compare(train, synthetic, plans, orders, noise)
        ceiling = None
        if tables.holdout is not None:
            ceiling = _compare(train, equal(tables, "holdout"), plans, orders, noise)
        floor = _compare(train, equal(tables, "floor"), plans, orders, noise)
        columns = {
            name: _liked(found.populations[name])
            | {"ceiling": ceiling.populations[name].likeness[0] if ceiling else None}
            | {"floor": floor.populations[name].likeness[0]}
            | {"distance": found.distances[name]}
            | {"ceiling_distance": ceiling.distances[name] if ceiling else None}
            | _describe(plan, train, synthetic, orders.get(name))
            for name, plan in plans.items()
        }
        variance = influence_variance(found.on_synthetic, synthetic.persons) + influence_variance(
            found.on_train, train.persons
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


class _Comparison:
    """Distances of every column and what each row adds to their mean."""

    def __init__(self, train: int, other: int) -> None:
        self.distances: dict[str, float] = {}
        self.populations: dict[str, Distance] = {}
        self.on_train: Floats = np.zeros(train)
        self.on_synthetic: Floats = np.zeros(other)

    @property
    def score(self) -> float:
        return 1 - float(np.mean(list(self.distances.values())))


def _extended(coded: Coded, name: str) -> Floats:
    """Values with missing ones above all others."""
    values = coded.numbers[name]
    return np.where(np.isnan(values), np.inf, values)


def _compare(
    train: Coded, other: Coded, plans: dict[str, Coding], orders: dict[str, Floats], noise: Floats
) -> _Comparison:
    out = _Comparison(len(train), len(other))
    for name, plan in plans.items():
        if plan.numeric:
            values = _extended(other, name)
            ascending = np.sort(values)
            out.distances[name], at, sign = kolmogorov_smirnov(orders[name], ascending)
            # ties with `at` lie below the step, as in the distribution function
            on_train = np.where(_extended(train, name) <= at, sign, 0.0)
            on_other = np.where(values <= at, -sign, 0.0)
            draws = effective_size(on_train, train.persons), effective_size(on_other, other.persons)
            out.populations[name] = kolmogorov_smirnov_interval(orders[name], ascending, noise, draws)
        else:
            p, q = (np.bincount(coded.codes[name], minlength=plan.size) for coded in (train, other))
            out.distances[name] = total_variation(p, q)
            half = 0.5 * np.sign(p / len(train) - q / len(other))
            on_train, on_other = half[train.codes[name]], -half[other.codes[name]]
            draws = effective_size(on_train, train.persons), effective_size(on_other, other.persons)
            out.populations[name] = total_variation_interval(p, q, draws)
        out.on_synthetic += on_other
        out.on_train += on_train
    out.on_train /= len(plans)
    out.on_synthetic /= len(plans)
    return out


def _describe(plan: Coding, train: Coded, other: Coded, order: Floats | None) -> dict[str, Any]:
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
    if order is not None:
        values = np.sort(_extended(other, name))
        out["ks"] = kolmogorov_smirnov(order, values)[0]
        out["wasserstein"] = _scaled_wasserstein(order[np.isfinite(order)], values[np.isfinite(values)])
    return out


def _scaled_wasserstein(a: Floats, b: Floats) -> float | None:
    if not len(a) or not len(b):
        return None
    low, high = np.quantile(a, [0.25, 0.75])
    scale = float(high - low) or float(a.std())
    distance = wasserstein(a, b)
    if scale == 0:
        return 0.0 if distance == 0 else None
    return distance / scale
