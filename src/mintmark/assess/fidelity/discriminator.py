"""The model's own discriminator: does what it learnt against tell its rows from unseen real ones?"""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from mintmark.assess._questioned import Told, area, need_method, told
from mintmark.method import method, name_of
from mintmark.metric import Direction, Family, Metric, NotRun, Score, Tables
from mintmark.stats.intervals import auc_interval

__all__ = ["Discriminator"]

_MOST, _LEAST, _PERSONS = 10_000, 50, 20
IN_SAMPLE = (
    "in-sample: the discriminator learnt together with the generator and on the training rows; the fresh "
    "two-sample test beside it counts for the verdict"
)


@method
class Discriminator(Metric):
    """Area under the ROC curve of the synthesizer's own `scores_rows`, holdout against synthetic rows.

    A rough net that its generator has learnt to fool, or by which rows were chosen, finds little: only a
    figure far from 0.5 says something.
    """

    family: ClassVar[Family] = "fidelity"
    direction: ClassVar[Direction] = "lower"

    def _measure(self, tables: Tables, rng: np.random.Generator) -> list[Score]:
        model = need_method(tables, "scores_rows", "discriminator")
        holdout = tables.need_holdout()
        n = min(_MOST, *(len(data) for data in (tables.train, tables.synthetic, holdout)))
        if n < _LEAST:
            raise NotRun(f"{n} rows a side are too few: at least {_LEAST} are needed.")
        real = told(model, "scores_rows", holdout, n, rng)
        made = told(model, "scores_rows", tables.synthetic, n, rng, real=False)
        train = told(model, "scores_rows", tables.train, n, rng)
        floor = told(model, "scores_rows", tables.floor, n, rng, real=False)
        estimate, variance = area(real, made)
        fewest = min(real.many, made.many)
        if fewest < _PERSONS:
            raise NotRun(f"the rows are of {fewest} persons; at least {_PERSONS} are needed.")
        return [
            Score(
                metric=name_of(type(self)),
                family=self.family,
                direction=self.direction,
                estimate=estimate,
                interval=auc_interval(estimate, variance, fewest),
                ceiling=area(real, train)[0],
                floor=area(real, floor)[0],
                n=n,
                estimand="the same area on fresh rows of both populations, the discriminator as given",
                variance="draw of holdout and synthetic rows, or of persons (DeLong)",
                convention=(
                    "area under the ROC curve by which the model's own discriminator (scores_rows) tells "
                    "holdout rows, as the realer ones, from synthetic rows; 0.5 is not at all; below 0.5 "
                    "synthetic rows look realer to it than real ones do, as rows that were chosen by it "
                    f"may; {IN_SAMPLE}; ceiling: train rows in their place; floor: columns drawn from "
                    "train one by one"
                ),
                source="Goodfellow et al. (2014); DeLong et al. (1988) for the interval",
                details={"mean": _means(holdout=real, synthetic=made, train=train)},
            )
        ]


def _means(**tables: Told) -> dict[str, float]:
    return {name: float(found.figures.mean()) for name, found in tables.items()}
