"""Nearest windows: are pieces of synthetic sequences nearer to train than to the holdout?

A smoke test, as distance to the closest record is for rows (Yao et al. 2025, arXiv 2505.01524).
"""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from mintmark.assess.privacy._window_distances import found
from mintmark.method import method, name_of
from mintmark.metric import Direction, Family, Metric, Score, Tables
from mintmark.stats.intervals import influence_variance, normal

__all__ = ["NearestWindows"]


@method
class NearestWindows(Metric):
    """Share of synthetic windows whose nearest window of train is nearer than that of the holdout."""

    family: ClassVar[Family] = "privacy"
    direction: ClassVar[Direction] = "lower"
    of_sequences: ClassVar[bool] = True

    def _measure(self, tables: Tables, rng: np.random.Generator) -> list[Score]:
        seen = found(tables)
        share = float(seen.nearer.mean())
        return [
            Score(
                metric=name_of(type(self)),
                family=self.family,
                estimate=share,
                interval=normal(share, influence_variance(seen.nearer), low=0, high=1),
                direction="lower",
                ceiling=0.5,
                floor=1.0,
                n=len(seen.nearer),
                variance="draw of the synthetic sequences, train and holdout as they are (jackknife)",
                estimand="the share among all windows that the same source could give, given the real ones",
                convention=(
                    f"smoke test, no proof of privacy: share of windows of {seen.steps} steps nearer to "
                    "train than to the holdout, as many sequences of each, ties half, mean over sequences; "
                    "0.5 is chance; floor: a copy of train"
                ),
                source="Platzer and Reutterer (2021), for windows; its limits: Yao et al. (2025)",
            )
        ]
