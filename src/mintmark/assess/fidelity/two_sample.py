"""Classifier two-sample test: can gradient-boosted trees tell synthetic rows from unseen real ones?"""

from __future__ import annotations

from typing import Annotated, ClassVar

import numpy as np
from pydantic import Field

from mintmark.assess._codes import codings, features, subset
from mintmark.assess.fidelity._embedding import room
from mintmark.method import method, name_of
from mintmark.metric import Direction, Family, Metric, Score, Tables
from mintmark.stats.intervals import auc_interval
from mintmark.stats.two_sample import Detection, detect

__all__ = ["TwoSample"]

_BLOCKS = 5


@method
class TwoSample(Metric):
    """Area under the ROC curve of synthetic against holdout rows."""

    family: ClassVar[Family] = "fidelity"
    direction: ClassVar[Direction] = "lower"

    rows: Annotated[int, Field(ge=100, description="most rows a side")] = 10_000
    threads: Annotated[int, Field(ge=1, description="threads of the boosted trees")] = 1

    def _measure(self, tables: Tables, rng: np.random.Generator) -> list[Score]:
        tables.need_holdout()
        n = room(tables, self.rows, 10 * _BLOCKS)
        plans, real = codings(tables), subset(tables, "holdout", n)

        def told(which: str) -> Detection:
            other = subset(tables, which, n)
            rows, persons = (features(real, plans), features(other, plans)), (real.persons, other.persons)
            return detect(*rows, rng, persons=persons, blocks=_BLOCKS, threads=self.threads)

        found, ceiling, floor = (told(which) for which in ("synthetic", "train", "floor"))
        top = np.argsort(-found.gain, kind="stable")[:10]
        names = list(plans)
        low, high = auc_interval(found.auc, found.variance, found.tested)
        return [
            Score(
                metric=name_of(type(self)),
                family=self.family,
                direction=self.direction,
                estimate=found.auc,
                interval=(low, high),
                ceiling=ceiling.auc,
                floor=floor.auc,
                n=n,
                estimand=(
                    "mean over the tested blocks of the area that the block's fitted classifier would reach "
                    "on fresh rows of both populations, given the rows it learnt from"
                ),
                variance=(
                    "scored rows of each block, or persons where several rows are of one (DeLong); the "
                    "classifiers are taken as given"
                ),
                convention=(
                    "area under the ROC curve of gradient-boosted trees that tell synthetic rows from as "
                    f"many holdout rows, mean of blocks 3 to {_BLOCKS} of {_BLOCKS}, each scored by trees "
                    "learnt from the blocks before it, all rows of a person in one block; 0.5 is "
                    "indistinguishable, and a value below 0.5 is chance, no better than 0.5; ceiling: train "
                    "rows in their place; floor: columns drawn from train one by one"
                ),
                source="Lopez-Paz and Oquab (2017); DeLong et al. (1988) for the interval",
                details={"gain": {names[i]: float(found.gain[i]) for i in top if found.gain[i] > 0}},
            )
        ]
