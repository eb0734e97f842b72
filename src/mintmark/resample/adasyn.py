"""ADASYN: more new rows where a class is harder to learn."""

from __future__ import annotations

import numpy as np

from mintmark.method import method
from mintmark.resample._parents import Parents, in_class, of_all
from mintmark.resample._resampler import Neighbours, Resampler
from mintmark.resample._sample import Sample

__all__ = ["Adasyn"]


@method
class Adasyn(Resampler):
    """Adaptive synthetic sampling (He, Bai, Garcia, Li 2008, IJCNN).

    A row is a base as often as rows of other classes are among its k nearest neighbours; where no row
    has any, all alike, as in SMOTE. Geometry: segment.
    """

    k: Neighbours = 5

    def _parents(self, sample: Sample, label: int, rng: np.random.Generator) -> Parents:
        rows = sample.of_class(label)
        near = of_all(sample, rows, self.k)
        partner = in_class(sample, rows, self.k)
        hard = ((near >= 0) & (sample.labels[near] != label)).mean(axis=1) * (partner[:, 0] >= 0)
        return Parents.even(rows, partner, hard if hard.any() else np.ones(len(rows)))
