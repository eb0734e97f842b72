"""Gaussian SMOTE: new rows from a normal distribution round each row and its neighbours."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import numpy.typing as npt

from mintmark.method import method
from mintmark.resample._parents import Parents, in_class
from mintmark.resample._resampler import Made, Neighbours, Resampler
from mintmark.resample._sample import Sample
from mintmark.synthesizer import Learnt

__all__ = ["GaussianSmote"]

Ints = npt.NDArray[np.int64]


@method
class GaussianSmote(Resampler):
    """Multivariate Gaussian SMOTE (Sakho, Malherbe, Scornet 2024, arXiv 2402.03819).

    Numbers are normal with the mean and the covariance of the base and its k nearest neighbours of the
    class, each column over the rows that know it. With fewer neighbours than columns the covariance has
    not full rank, and rows lie in the plane that base and neighbours span. A number that the base lacks is
    missing; categories are as in SMOTE those of the base or a neighbour. Geometry: none.
    """

    k: Neighbours = 5

    def _parents(self, sample: Sample, label: int, rng: np.random.Generator) -> Parents:
        rows = sample.of_class(label)
        return Parents.even(rows, in_class(sample, rows, self.k))

    def plan(self, sample: Sample, wanted: Ints, rng: np.random.Generator) -> dict[str, Any]:
        """As of every resampler, with the unit of the numbers and where a base's neighbours stand."""
        made = super().plan(sample, wanted, rng)
        place = np.full(len(made["rows"]), -1)
        place[made["base"]] = np.arange(len(made["base"]))
        return made | {"unit": sample.scale.unit, "place": place}

    def _place(self, made: Made, learnt: Learnt, rng: np.random.Generator) -> Made:
        near = learnt["partner"][learnt["place"][made.base]]
        group = np.concatenate([made.base[:, None], near], axis=1).T  # (k + 1, n)
        unit = learnt["unit"]  # differences of the largest numbers would overflow
        mean, count = np.zeros((2, *made.numbers.shape))
        for rows in group:  # one at a time: all at once would hold k + 1 times the rows
            numbers, known = _known(learnt, rows)
            mean += numbers
            count += known
        mean /= np.maximum(count, 1)
        out = mean.copy()
        for rows, draw in zip(group, rng.standard_normal(group.shape), strict=True):
            numbers, known = _known(learnt, rows)
            # a sum of independent normals, one for each row's way from the mean, has their covariance
            out += np.where(known, numbers - mean, 0.0) * draw[:, None] / np.sqrt(np.maximum(count, 1))
        with np.errstate(over="ignore"):  # what overflows ends at the bounds
            out *= unit
        missing = np.isnan(learnt["numbers"][made.base])
        return dataclasses.replace(made, numbers=np.where(missing, np.nan, out))


def _known(learnt: Learnt, rows: Ints) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.bool_]]:
    """Numbers of these rows in their unit, 0 where missing or no row, and which are known."""
    numbers = learnt["numbers"][rows] / learnt["unit"]
    known = ~np.isnan(numbers) & (rows >= 0)[:, None]
    return np.where(known, numbers, 0.0), known
