"""Sharpness of pictures: whether edges are as strong as in real ones, neither blurred nor noisy."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from mintmark.assess._images import COMPARED, compared, drawn, each_column
from mintmark.method import method, name_of
from mintmark.metric import Family, Metric, Score, Tables
from mintmark.stats.image_features import laplacian_energy
from mintmark.stats.intervals import influence_variance, normal

__all__ = ["ImageSharpness"]


@method
class ImageSharpness(Metric):
    """Likeness of the energy of edges in synthetic and in train pictures."""

    family: ClassVar[Family] = "fidelity"
    of_images: ClassVar[bool] = True

    def _measure(self, tables: Tables, rng: np.random.Generator) -> list[Score]:
        return each_column(tables, lambda name: self._of(tables, name))

    def _of(self, tables: Tables, column: str) -> list[Score]:
        n = compared(tables, column)
        train = drawn(tables, column, "train", n)
        real = laplacian_energy(train.pixels)
        mean, variance = float(real.mean()), influence_variance(real, train.persons)

        def off(which: str) -> tuple[float, float]:
            some = drawn(tables, column, which, n)
            energy = laplacian_energy(some.pixels)
            return float(energy.mean()) - mean, influence_variance(energy, some.persons) + variance

        difference, variance_of_both = off("synthetic")
        low, high = normal(difference, variance_of_both)
        nearest = max(0.0, low, -high)  # of the interval to no difference
        return [
            Score(
                metric=name_of(type(self)),
                family=self.family,
                estimate=float(np.exp(-abs(difference))),
                interval=(float(np.exp(-max(-low, high))), float(np.exp(-nearest))),
                ceiling=float(np.exp(-abs(off("holdout")[0]))) if tables.holdout is not None else None,
                floor=float(np.exp(-abs(off("floor")[0]))),
                n=n,
                variance="draw of the synthetic and train pictures",
                estimand="the ratio between all pictures the synthesizer would make and the population",
                convention=(
                    "ratio, the smaller over the larger, of the geometric means of a picture's energy of "
                    "edges (mean square of the Laplacian over the variance of brightness), synthetic and "
                    "train; 1 is as sharp; the details say which way it is off; "
                    f"{COMPARED}; ceiling: holdout in the place of synthetic pictures; floor: each pixel "
                    "from another picture of train"
                ),
                source="variance of the Laplacian, Pech-Pacheco et al. (2000)",
                details={"sharper_by": float(np.expm1(difference))},
            )
        ]  # fmt: skip
