"""Safe-Level-SMOTE: new rows nearer to the parent that has more of its own class around it."""

from __future__ import annotations

import dataclasses

import numpy as np
import numpy.typing as npt

from mintmark.method import method
from mintmark.resample._parents import Parents, in_class, of_all
from mintmark.resample._resampler import Neighbours, Resampler
from mintmark.resample._sample import Sample

__all__ = ["SafeLevelSmote"]

Floats = npt.NDArray[np.float64]


@method
class SafeLevelSmote(Resampler):
    """The safer parent attracts (Bunkhumpornpat, Sinapiromsaran, Lursinsap 2009, PAKDD).

    The safe level of a row is how many of its k nearest neighbours are of its class. With the ratio of
    the base's level to the partner's, rows lie within 1 / ratio of the base where it is above 1, and
    within ratio of the partner where it is below; at a partner of level 0 the base itself comes out
    again. Two parents of level 0 make no row, and their base comes up less often; where there are no
    others all pairs do, as in SMOTE. Partners are of the class, as in SMOTE. Geometry: segment.
    """

    k: Neighbours = 5

    def _parents(self, sample: Sample, label: int, rng: np.random.Generator) -> Parents:
        rows = sample.of_class(label)
        plain = Parents.even(rows, in_class(sample, rows, self.k))
        near = of_all(sample, rows, self.k)
        safe = np.zeros(len(sample))
        safe[rows] = ((near >= 0) & (sample.labels[near] == label)).sum(axis=1)
        own, other = safe[rows][:, None], safe[plain.partner]
        low, high = _gap(own, other)
        known = plain.partner >= 0
        kept = known & ((own > 0) | (other > 0))
        if not kept.any():
            return plain
        weight = kept.sum(axis=1) / np.maximum(known.sum(axis=1), 1)
        return dataclasses.replace(plain, weight=weight, low=low, high=high).among(kept)


def _gap(own: Floats, other: Floats) -> tuple[Floats, Floats]:
    """From where to where on the way rows are made, for safe levels of base (m, 1) and partner (m, k)."""
    least = np.minimum(own, other)
    share = least / np.maximum(np.maximum(own, other), 1)  # of the ratio and its inverse the one below 1
    return np.where(own < other, 1 - share, 0.0), np.where(own > other, share, 1.0)
