"""Borderline-SMOTE: new rows from the rows of a class that stand where another begins."""

from __future__ import annotations

from typing import Annotated, Literal

import numpy as np
from pydantic import Field

from mintmark.method import method
from mintmark.resample._parents import Parents, in_class, of_all
from mintmark.resample._resampler import Neighbours, Resampler
from mintmark.resample._sample import Sample

__all__ = ["BorderlineSmote"]


@method
class BorderlineSmote(Resampler):
    """Rows at the border alone are bases (Han, Wang, Mao 2005, ICIC, Borderline-SMOTE 1 and 2).

    At the border stands a row of whose m nearest neighbours at least half, and not all, are of other
    classes. Where there is none all rows are bases, as in SMOTE. Kind 2 also goes towards neighbours of
    other classes, at most half the way. Geometry: segment, half segment to any class.
    """

    k: Neighbours = 5
    m: Annotated[int, Field(ge=1, description="neighbours of any class that tell where a row stands")] = 10
    kind: Annotated[Literal[1, 2], Field(description="2: towards rows of other classes as well")] = 1

    def _parents(self, sample: Sample, label: int, rng: np.random.Generator) -> Parents:
        rows = sample.of_class(label)
        around = of_all(sample, rows, max(self.m, self.k if self.kind == 2 else 0))
        near = around[:, : self.m]
        others = ((near >= 0) & (sample.labels[near] != label)).sum(axis=1)
        known = (near >= 0).sum(axis=1)
        partner = in_class(sample, rows, self.k)
        border = (2 * others >= known) & (others < known) & (partner[:, 0] >= 0)
        if not border.any():
            border[:] = True
        partner = partner[border]
        found = Parents.even(rows[border], partner)
        if self.kind == 1:
            return found
        foreign = around[border][:, : self.k]
        kept = (foreign >= 0) & (sample.labels[foreign] != label)
        if sample.persons is not None:
            kept &= sample.persons[foreign] == sample.persons[rows[border]][:, None]
        foreign = np.where(kept, foreign, -1)
        partner = np.concatenate([partner, foreign], axis=1)
        high = np.concatenate([found.high, np.full(foreign.shape, 0.5)], axis=1)
        order = np.argsort(partner < 0, axis=1, kind="stable")  # those that are none stand last
        partner, high = (np.take_along_axis(part, order, 1) for part in (partner, high))
        return Parents(rows[border], partner, found.weight, np.zeros(partner.shape), high)
