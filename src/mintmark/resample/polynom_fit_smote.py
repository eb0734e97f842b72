"""Polynom-fit SMOTE: new rows on lines that join the rows of a class as a star, a mesh or a bus."""

from __future__ import annotations

from typing import Annotated, Literal

import numpy as np
import numpy.typing as npt
from pydantic import Field

from mintmark.method import method
from mintmark.resample._parents import Parents, drawn_others, of_person, refuse_single
from mintmark.resample._resampler import Resampler
from mintmark.resample._sample import Sample

__all__ = ["PolynomFitSmote"]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
_MESH = 32  # partners drawn for each row: all pairs of a large class would not fit in memory


@method
class PolynomFitSmote(Resampler):
    """Lines through the whole class (Gazzah, Essoukri Ben Amara 2008, DAS).

    Star: from each row to the mean of its class (of its person's rows in it, where a group is declared).
    The mean is no real row: its categories and what it lacks are those of a row of the class drawn for
    each base, so that both come out as often as they are. Mesh: to any other row of the class; 32 drawn
    for each where there are more. Bus: to the next row of the class in the order of the table. The
    paper sets rows at equal steps on each line, here they are drawn evenly; its fourth topology, a
    polynomial through each column, is left out. Geometry: segment.
    """

    topology: Annotated[Literal["star", "mesh", "bus"], Field(description="which rows are joined")] = "star"

    def _parents(self, sample: Sample, label: int, rng: np.random.Generator) -> Parents:
        rows = sample.of_class(label)
        refuse_single(rows)
        whose = np.zeros(len(rows), dtype=np.int64) if sample.persons is None else sample.persons[rows]
        whose = np.unique(whose, return_inverse=True)[1]
        if self.topology == "mesh":
            return Parents.even(rows, of_person(drawn_others(sample, rows, whose, _MESH, rng)))
        if self.topology == "bus":
            return Parents.even(rows, of_person(_next(rows, whose)))
        several = np.bincount(whose)[whose] > 1  # the mean of one row is the row
        partner = np.where(several, len(sample) + np.arange(len(rows)), -1)[:, None]
        found = Parents.even(rows, of_person(partner))
        drawn = rows[_shuffled(whose, rng)]
        known = ~np.isnan(sample.numbers[drawn])
        numbers = np.where(known, _means(sample, rows, whose)[whose], np.nan)
        return Parents(
            found.base, found.partner, found.weight, found.low, found.high, (numbers, sample.codes[drawn])
        )


def _next(rows: Ints, whose: Ints) -> Ints:
    """For each row the person's next one, shape (m, 1), -1 after the last."""
    order = np.argsort(whose, kind="stable")
    out = np.full(len(rows), -1)
    same = whose[order[1:]] == whose[order[:-1]]
    out[order[:-1][same]] = rows[order[1:][same]]
    return out[:, None]


def _shuffled(whose: Ints, rng: np.random.Generator) -> Ints:
    """For each row one of the same person: each once."""
    out = np.empty(len(whose), dtype=np.int64)
    out[np.argsort(whose, kind="stable")] = np.lexsort((rng.random(len(whose)), whose))
    return out


def _means(sample: Sample, rows: Ints, whose: Ints) -> Floats:
    """Means of the numbers of each person, shape (persons, columns)."""
    unit = sample.scale.unit  # sums of the largest numbers would overflow
    numbers = sample.numbers[rows] / unit
    known = ~np.isnan(numbers)
    total, count = np.zeros((2, whose.max() + 1, numbers.shape[1]))
    np.add.at(total, whose, np.where(known, numbers, 0.0))
    np.add.at(count, whose, known)
    means: Floats = total / np.maximum(count, 1) * unit
    return means
