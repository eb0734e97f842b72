"""ProWSyn: more new rows the nearer a class is to the others, level by level."""

from __future__ import annotations

from typing import Annotated

import numpy as np
import numpy.typing as npt
from pydantic import Field

from mintmark.method import method
from mintmark.resample._parents import Parents, in_class
from mintmark.resample._resampler import Neighbours, Resampler
from mintmark.resample._sample import Sample
from mintmark.stats.neighbours import nearest_rows

__all__ = ["Prowsyn"]

Ints = npt.NDArray[np.int64]


@method
class Prowsyn(Resampler):
    """Proximity weighted synthetic over-sampling (Barua, Islam, Murase 2013, PAKDD).

    Level 1 are the rows of the class that are among the m nearest of some row of another class; level 2
    the same of those that are left, and so on; the last level is the rest. A row of level l is a base
    exp(-theta (l - 1)) as often as one of level 1. Partners are neighbours of the class, as in SMOTE.
    Geometry: segment.
    """

    k: Neighbours = 5
    m: Annotated[
        int, Field(ge=1, description="nearest rows of the class that a row of another calls near")
    ] = 5
    levels: Annotated[int, Field(ge=1, le=50, description="levels of proximity to the other classes")] = 5
    theta: Annotated[float, Field(ge=0, le=10, description="how fast weights fall with the level")] = 1.0

    def _parents(self, sample: Sample, label: int, rng: np.random.Generator) -> Parents:
        rows = sample.of_class(label)
        level = _proximity(sample, rows, np.flatnonzero(sample.labels != label), self.m, self.levels)
        return Parents.even(rows, in_class(sample, rows, self.k), np.exp(-self.theta * (level - 1.0)))


def _proximity(sample: Sample, rows: Ints, others: Ints, m: int, levels: int) -> Ints:
    """Level of each of these rows, from 1 next to the other rows to `levels`, shape (rows,)."""
    level = np.full(len(rows), levels)
    own, foreign = sample.points(rows), sample.points(others)
    left = np.arange(len(rows)) if len(others) else np.arange(0)
    for at in range(1, levels):
        if not len(left):
            break
        taken = np.unique(nearest_rows(foreign, own.take(left), min(m, len(left)))[1])
        level[left[taken]] = at
        left = np.delete(left, taken)
    return level
