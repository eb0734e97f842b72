"""Geometric SMOTE: new rows in a ball round a row that may be cut and flattened."""

from __future__ import annotations

import dataclasses
from typing import Annotated, Any, Literal

import numpy as np
import numpy.typing as npt
from pydantic import Field

from mintmark.method import method
from mintmark.resample._parents import Parents, apart, in_class
from mintmark.resample._resampler import Made, Neighbours, Resampler, laid
from mintmark.resample._sample import Sample
from mintmark.stats.neighbours import nearest_rows
from mintmark.synthesizer import Learnt

__all__ = ["GSmote"]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


@method
class GSmote(Resampler):
    """Rows anywhere in a hyper-spheroid and not on a line alone (Douzas, Bacao 2019, Inf. Sci. 501).

    The partner lies on the surface of a ball round the base, in standard deviations of the table: a
    neighbour of the class, the nearest row of other classes (same person, where that is declared), or of
    both the nearer one. Truncation 1 keeps the half towards the partner, -1 the other, 0 both;
    deformation 1 leaves the line through both, 0 the ball. Only numbers known of both parents move, and
    none that is constant in the class; other numbers and categories are as in SMOTE between parents, at
    the row's place along their line. A base without a row of another class to go by goes by its own
    class. Geometry: none.
    """

    k: Neighbours = 5
    truncation: Annotated[float, Field(ge=-1, le=1, description="how much of the ball is cut, and where")] = (
        1.0
    )
    deformation: Annotated[float, Field(ge=0, le=1, description="how flat the ball is: 1 is a line")] = 0.0
    selection: Annotated[
        Literal["minority", "majority", "combined"],
        Field(
            description="of which class the row on the surface is: its own, another, or the nearer of both"
        ),
    ] = "combined"

    def _parents(self, sample: Sample, label: int, rng: np.random.Generator) -> Parents:
        rows = sample.of_class(label)
        partner = in_class(sample, rows, self.k)
        if self.selection == "minority":
            return Parents.even(rows, partner)
        foreign = _nearest_of_others(sample, rows, np.flatnonzero(sample.labels != label))
        taken = foreign >= 0
        if self.selection == "combined":
            taken = (partner >= 0) & (apart(sample, rows, foreign) < apart(sample, rows, partner))
        return Parents.even(rows, np.where(taken, foreign, partner))

    def plan(self, sample: Sample, wanted: Ints, rng: np.random.Generator) -> dict[str, Any]:
        """As of every resampler, with the scale of the numbers and which of them a class moves."""
        unit, spread = sample.scale.unit, sample.scale.spread
        moves = np.zeros((len(sample.counts), len(unit)), dtype=bool)
        for label in np.unique(sample.labels):
            numbers = sample.numbers[sample.of_class(int(label))]
            most = np.where(np.isnan(numbers), -np.inf, numbers).max(axis=0)
            moves[label] = np.where(np.isnan(numbers), np.inf, numbers).min(axis=0) < most
        return super().plan(sample, wanted, rng) | {"unit": unit, "spread": spread, "moves": moves}

    def _place(self, made: Made, learnt: Learnt, rng: np.random.Generator) -> Made:
        at = learnt["numbers"][made.base] / learnt["unit"]
        surface = (learnt["numbers"][made.partner] / learnt["unit"] - at) / learnt["spread"]
        moved = ~np.isnan(surface) & learnt["moves"][learnt["label"][made.base]]
        surface = np.where(moved, surface, 0.0)
        radius = np.linalg.norm(surface, axis=1, keepdims=True)
        towards = surface / np.where(radius > 0, radius, 1.0)
        point, along = self._shaped(_in_ball(moved, rng), towards)
        found = laid(learnt, made.base, made.partner, along, rng)
        with np.errstate(over="ignore", invalid="ignore"):  # what overflows ends at the bounds
            numbers = (at + radius * point * learnt["spread"]) * learnt["unit"]
        return dataclasses.replace(found, numbers=np.where(moved, numbers, found.numbers))

    def _shaped(self, point: Floats, towards: Floats) -> tuple[Floats, Floats]:
        """Points of the unit ball after truncation and deformation, and how far towards the partner."""
        along = np.einsum("ij,ij->i", point, towards)
        cut = np.abs(self.truncation - along) > 1
        point = point - 2 * np.where(cut, along, 0.0)[:, None] * towards  # mirrored into the part that stays
        along = np.where(cut, -along, along)
        across = point - along[:, None] * towards
        return point - self.deformation * across, along


def _in_ball(moved: npt.NDArray[np.bool_], rng: np.random.Generator) -> Floats:
    """For each row a point drawn evenly in the unit ball of the columns that move, 0 in the others."""
    point = np.where(moved, rng.standard_normal(moved.shape), 0.0)
    length = np.linalg.norm(point, axis=1)
    radius = rng.random(len(moved)) ** (1 / np.maximum(moved.sum(axis=1), 1))
    drawn: Floats = point * (radius / np.where(length > 0, length, 1.0))[:, None]
    return drawn


def _nearest_of_others(sample: Sample, rows: Ints, others: Ints) -> Ints:
    """For each row the nearest of these others and of its person, shape (m, 1), -1 for none."""
    out = np.full(len(rows), -1)
    if not len(others):
        return out[:, None]
    if sample.persons is None:
        nearest: Ints = others[nearest_rows(sample.points(rows), sample.points(others))[1]]
        return nearest
    whose, theirs = sample.persons[rows], sample.persons[others]
    for person in np.intersect1d(whose, theirs):
        own, near = whose == person, others[theirs == person]
        out[own] = near[nearest_rows(sample.points(rows[own]), sample.points(near))[1][:, 0]]
    return out[:, None]
