"""Memorisation: whether the rows agree better with train than with as many unseen real rows.

Joint, local figures alone are compared so. A marginal that lies nearer to train's than the
holdout's does says nothing: every resampling of train's marginals does.
"""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from mintmark.assess._codes import codings, features, subset
from mintmark.assess.fidelity._embedding import EMBEDDING, embedded, room
from mintmark.method import method, name_of
from mintmark.metric import Direction, Family, Metric, Score, Tables
from mintmark.stats.intervals import influence_variance, normal
from mintmark.stats.manifold import reached
from mintmark.stats.neighbours import Points, nearest
from mintmark.stats.two_sample import detect

__all__ = ["Memorisation"]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

_MOST = 3_000
_LEAST = 50
_CONVENTION = (
    f"{{}}; at most {_MOST:,} rows a table, drawn, and as many of train as of the holdout; 0 is as near to "
    "one as to the other, above 0 nearer to train; ceiling: 0, what fresh rows have on average; floor: a "
    "copy of the train rows"
)


@method
class Memorisation(Metric):
    """How much nearer the synthetic rows are to train than to the holdout, by trees and by neighbours."""

    family: ClassVar[Family] = "fidelity"
    direction: ClassVar[Direction] = "lower"

    def _measure(self, tables: Tables, rng: np.random.Generator) -> list[Score]:
        tables.need_holdout()
        n = room(tables, _MOST, _LEAST)
        return [
            self._score(
                "two_sample",
                n,
                _classified(tables, "synthetic", n, rng),
                _classified(tables, "train", n, rng)["difference"],
                variance="scored persons of each block (DeLong); the classifiers are taken as given",
                estimand="difference of the areas that the fitted classifiers would reach on fresh rows",
                convention=(
                    "area under the ROC curve of boosted trees that tell synthetic from holdout rows, less "
                    "that of trees that tell them from train rows"
                ),
                source="Lopez-Paz and Oquab (2017); DeLong et al. (1988) for the interval",
            ),
            self._score(
                "density",
                n,
                _dense(tables, "synthetic", n),
                _dense(tables, "train", n)["difference"],
                variance="draw of the synthetic, train and holdout rows, the neighbours' distances as given",
                estimand="the difference that tables of this size drawn in the same way have on average",
                convention=(
                    "mean number of train rows that have a synthetic row nearer than their own nearest "
                    f"neighbour, per synthetic row, less that of holdout rows; {EMBEDDING}"
                ),
                source="Naeem et al. (2020), eq. 3 with one neighbour; Efron (1982) for the interval",
            ),
        ]

    def _score(
        self,
        part: str,
        n: int,
        found: dict[str, Any],
        copied: float,
        *,
        convention: str,
        variance: str,
        estimand: str,
        source: str,
    ) -> Score:
        return Score(
            metric=f"{name_of(type(self))}.{part}",
            family=self.family,
            direction=self.direction,
            estimate=found["difference"],
            interval=tuple(found["interval"]),
            ceiling=0.0,
            floor=copied,
            n=n,
            estimand=estimand,
            convention=_CONVENTION.format(convention),
            details={"memorisation": found},
            variance=variance,
            source=source,
        )


def _classified(tables: Tables, which: str, n: int, rng: np.random.Generator) -> dict[str, Any]:
    plans, other = codings(tables), subset(tables, which, n)
    found = {}
    for role in ("train", "holdout"):
        real = subset(tables, role, n)
        rows, persons = (features(real, plans), features(other, plans)), (real.persons, other.persons)
        found[role] = detect(*rows, rng, persons=persons)
    difference = found["holdout"].auc - found["train"].auc
    variance = found["holdout"].variance + found["train"].variance
    return _told(found["train"].auc, found["holdout"].auc, difference, variance)


def _dense(tables: Tables, which: str, n: int) -> dict[str, Any]:
    other, others = embedded(tables, which, n)
    per_row, variance = {}, 0.0
    for role in ("train", "holdout"):
        real, persons = embedded(tables, role, n)
        near = reached(real.flat, _radii(real), other.flat)
        per_row[role] = near.by_other.astype(np.float64)
        variance += influence_variance(near.by_real.astype(np.float64) * (len(real) / len(other)), persons)
    gap = per_row["train"] - per_row["holdout"]  # of the same synthetic rows: what they share cancels
    variance += influence_variance(gap, others)
    return _told(
        float(per_row["train"].mean()), float(per_row["holdout"].mean()), float(gap.mean()), variance
    )


def _radii(points: Points) -> Floats:
    """Distance of each row to its nearest neighbour; itself is the first."""
    return nearest(points, points, 2)[:, -1]


def _told(train: float, holdout: float, difference: float, variance: float) -> dict[str, Any]:
    return {
        "train": train,
        "holdout": holdout,
        "difference": difference,
        "interval": list(normal(difference, variance)),
    }
