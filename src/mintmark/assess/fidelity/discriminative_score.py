"""Discriminative score: can a classifier tell synthetic sequences from fresh ones?

Yoon, Jarrett, van der Schaar (2019), TimeGAN, section 5, with boosted trees on summaries of each
sequence in the place of a recurrent network, whose score changes more from seed to seed.
"""

from __future__ import annotations

from typing import Annotated, ClassVar

import numpy as np
from pydantic import Field

from mintmark.assess._series import FEWEST, equal_series
from mintmark.assess.fidelity._sequence_features import summaries
from mintmark.method import method, name_of
from mintmark.metric import Direction, Family, Metric, NotRun, Score, Tables
from mintmark.stats.intervals import auc_interval
from mintmark.stats.two_sample import Detection, detect

__all__ = ["DiscriminativeScore"]

_BLOCKS = 5
_MOST = 3_000


@method
class DiscriminativeScore(Metric):
    """Area under the ROC curve of synthetic against holdout sequences, over several seeds."""

    family: ClassVar[Family] = "fidelity"
    direction: ClassVar[Direction] = "lower"
    of_sequences: ClassVar[bool] = True

    seeds: Annotated[int, Field(ge=1, le=20, description="repetitions with other blocks and trees")] = 3

    def _measure(self, tables: Tables, rng: np.random.Generator) -> list[Score]:
        tables.need_holdout()
        roles = ("holdout", "synthetic", "train", "floor")
        taken = {role: equal_series(tables, role) for role in roles}
        rows = {role: summaries(tables, some) for role, some in taken.items()}
        n = min(_MOST, *map(len, rows.values()))
        if n < 10 * _BLOCKS:
            raise NotRun(f"{n} sequences a side are too few to learn and test on; {10 * _BLOCKS} are needed.")
        drawn = {role: np.sort(rng.permutation(len(rows[role]))[:n]) for role in roles}
        units = {role: taken[role].unit[drawn[role]] for role in roles}
        if min(len(np.unique(some)) for some in units.values()) < FEWEST:
            raise NotRun(f"the sequences are of fewer than {FEWEST} groups: give those of more persons.")

        def told(role: str) -> Detection:
            real, other = (rows[which][drawn[which]] for which in ("holdout", role))
            return detect(real, other, rng, persons=(units["holdout"], units[role]), blocks=_BLOCKS)

        found = {role: [told(role) for _ in range(self.seeds)] for role in roles[1:]}
        areas = {role: [one.auc for one in some] for role, some in found.items()}
        area = float(np.mean(areas["synthetic"]))
        variance = float(np.mean([one.variance for one in found["synthetic"]]))
        between = float(np.var(areas["synthetic"], ddof=1)) / self.seeds if self.seeds > 1 else 0.0
        return [
            Score(
                metric=name_of(type(self)),
                family=self.family,
                direction=self.direction,
                estimate=area,
                interval=auc_interval(area, variance + between, found["synthetic"][0].tested),
                ceiling=float(np.mean(areas["train"])),
                floor=float(np.mean(areas["floor"])),
                n=n,
                variance=f"scored sequences of each block (DeLong), and {self.seeds} seeds",
                estimand="the area of such classifiers on fresh sequences of both sources",
                convention=(
                    f"area under the ROC curve, mean of {_BLOCKS - 2} blocks and {self.seeds} seeds, of "
                    "boosted trees that tell synthetic from as many holdout sequences by their summaries "
                    "(levels, spread, steps, products at lags, shares of categories, times); 0.5 cannot be "
                    "told; ceiling: train in their place; floor: columns drawn one by one"
                ),
                source="Yoon, Jarrett, van der Schaar (2019), TimeGAN, section 5",
                details={"seeds": areas["synthetic"]},
            )
        ]
