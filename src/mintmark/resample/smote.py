"""SMOTE: new rows on the line between a row and one of its nearest neighbours of the same class."""

from __future__ import annotations

import numpy as np

from mintmark.method import method
from mintmark.resample._parents import Parents, in_class
from mintmark.resample._resampler import Neighbours, Resampler
from mintmark.resample._sample import Sample

__all__ = ["Smote"]


@method
class Smote(Resampler):
    """Synthetic minority over-sampling (Chawla, Bowyer, Hall, Kegelmeyer 2002, JAIR 16).

    Numbers lie on the line between the parents, whole numbers and dates rounded; a category is that of
    one of the two, of the nearer one more often, so that over all partners categories come out in the
    proportions of the neighbourhood and rare ones do not vanish. Geometry: segment.
    """

    k: Neighbours = 5

    def _parents(self, sample: Sample, label: int, rng: np.random.Generator) -> Parents:
        rows = sample.of_class(label)
        return Parents.even(rows, in_class(sample, rows, self.k))
