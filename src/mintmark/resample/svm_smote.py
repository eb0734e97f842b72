"""SVM-SMOTE: new rows from the support vectors of a class."""

from __future__ import annotations

import dataclasses
from typing import Annotated

import numpy as np
import numpy.typing as npt
from pydantic import Field

from mintmark.method import method
from mintmark.resample._parents import Parents, in_class, of_all
from mintmark.resample._resampler import Neighbours, Resampler
from mintmark.resample._sample import Sample

__all__ = ["SvmSmote"]

Ints = npt.NDArray[np.int64]
_MOST = 4_000  # rows that the machine learns from: its time grows with their cube


@method
class SvmSmote(Resampler):
    """Support vectors of the class are bases (Nguyen, Cooper, Kamei 2011, IJKESDP 3).

    Where at least half of a base's m nearest neighbours are of other classes, rows lie between it and a
    neighbour of its class; where fewer are, beyond it, so that the class grows. A base whose m
    neighbours are all of other classes is noise. Where nothing else is left all rows are bases, as in
    SMOTE. The machine (radial kernel, C = 1) learns from 4,000 rows at most, half of them of the class
    where it has as many, and sees no column of 64 or more categories. Geometry: segment, ray.
    """

    k: Neighbours = 5
    m: Annotated[int, Field(ge=1, description="neighbours of any class that tell where a row stands")] = 10
    out_step: Annotated[
        float, Field(gt=0, le=1, description="how far beyond the base, as a share of the way to the partner")
    ] = 0.5

    def _parents(self, sample: Sample, label: int, rng: np.random.Generator) -> Parents:
        rows = sample.of_class(label)
        plain = Parents.even(rows, in_class(sample, rows, self.k))
        support = np.isin(rows, _support_vectors(sample, label, rng)) & (plain.partner[:, 0] >= 0)
        near = of_all(sample, rows[support], self.m)
        others = ((near >= 0) & (sample.labels[near] != label)).sum(axis=1)
        known = (near >= 0).sum(axis=1)
        outwards = (2 * others < known)[others < known]
        support[support] = others < known
        if not support.any():
            return plain
        found = plain.take(support)
        low = np.where(outwards[:, None], -self.out_step, found.low)
        high = np.where(outwards[:, None], 0.0, found.high)
        return dataclasses.replace(found, low=low, high=high)


def _support_vectors(sample: Sample, label: int, rng: np.random.Generator) -> Ints:
    """Rows of a class that bear the border to all others; none where there are no others."""
    from sklearn.svm import SVC

    own, others = sample.of_class(label), np.flatnonzero(sample.labels != label)
    if not len(others):
        return others
    half = max(_MOST // 2, _MOST - len(others))
    own = _drawn(own, half, rng)
    rows = np.concatenate([own, _drawn(others, _MOST - len(own), rng)])
    machine = SVC(random_state=0)  # it needs none, and would draw one from the global generator
    found = machine.fit(sample.points(rows).flat, sample.labels[rows] == label).support_
    bearing: Ints = own[found[found < len(own)]]
    return bearing


def _drawn(rows: Ints, most: int, rng: np.random.Generator) -> Ints:
    return rows if len(rows) <= most else rng.choice(rows, most, replace=False)
