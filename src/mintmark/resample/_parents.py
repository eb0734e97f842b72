"""Who may be a parent of a new row, how often, and how far from the one to the other rows are made."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from mintmark.errors import InputError
from mintmark.resample._sample import Sample
from mintmark.resample._search import nearest_of_class
from mintmark.stats.neighbours import nearest_rows

__all__ = ["Parents", "apart", "drawn_others", "in_class", "of_all", "of_person", "refuse_single", "within"]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Parents:
    """Parents of the new rows of one class.

    Parameters
    ----------
    base : array of int, shape (m,)
        Rows of the sample that new rows start from.
    partner : array of int, shape (m, k)
        Rows that they go towards, one drawn evenly for each new row; -1, after the others, for none.
        From `len(sample)` on they are `virtual` rows.
    weight : array, shape (m,)
        How often each base is drawn, relative to the others; 0 or more.
    low, high : array, shape (m, k)
        From where to where on the way to each partner rows are made, drawn evenly: 0 is the base.
    virtual : tuple of array, optional
        Numbers, shape (v, numeric columns), and codes, shape (v, discrete columns), of partners that are
        no real rows, such as the mean of a class.
    """

    base: Ints
    partner: Ints
    weight: Floats
    low: Floats
    high: Floats
    virtual: tuple[Floats, npt.NDArray[np.int32]] | None = None

    @classmethod
    def even(cls, base: Ints, partner: Ints, weight: Floats | None = None, high: float = 1.0) -> Parents:
        """Rows from the base to `high` of the way to the partner, all bases alike unless weighted."""
        even = np.ones(len(base)) if weight is None else weight
        return cls(base, partner, even, np.zeros(partner.shape), np.full(partner.shape, high))

    @property
    def usable(self) -> Parents:
        """Without the bases that have no partner or no weight."""
        return self.take((self.partner[:, 0] >= 0) & (self.weight > 0))

    def take(self, kept: npt.NDArray[np.bool_]) -> Parents:
        """These bases alone."""
        names = ("base", "partner", "weight", "low", "high")
        return dataclasses.replace(self, **{name: getattr(self, name)[kept] for name in names})

    def among(self, kept: npt.NDArray[np.bool_]) -> Parents:
        """Without the other pairs, shape (m, k); a base may be left without a partner."""
        partner = np.where(kept, self.partner, -1)
        order = np.argsort(partner < 0, axis=1, kind="stable")  # those that are none stand last
        partner, low, high = (np.take_along_axis(part, order, 1) for part in (partner, self.low, self.high))
        return dataclasses.replace(self, partner=partner, low=low, high=high)


def in_class(sample: Sample, rows: Ints, k: int) -> Ints:
    """For each of these rows the `k` nearest others of them and of the same person, -1 for none.

    Parameters
    ----------
    rows : array of int, shape (m,)
        Rows of one class.

    Returns
    -------
    array of int, shape (m, k)
        Rows of the sample, nearest first.

    Raises
    ------
    InputError
        If there are no more than `k` rows.
    """
    if len(rows) <= k:
        if len(rows) < 2:
            remedy = "Collect more rows of it, or leave it out of sampling_strategy"
        else:
            remedy = f"Set k to {len(rows) - 1} or less, or collect more rows of it"
        count = f"{len(rows)} row{'s' * (len(rows) != 1)}"
        label = int(sample.labels[rows[0]]) if len(rows) else len(sample.classes)
        which = f"class {sample.classes[label]!r}" if label < len(sample.classes) else "a class"
        raise InputError(f"{which} has {count}, too few for {k} neighbours of each. {remedy}.")
    if sample.persons is None:
        return _named(rows, nearest_of_class(sample.points(rows), k))
    return of_person(within(sample, rows, np.zeros(len(rows), dtype=np.int64), k))


def within(sample: Sample, rows: Ints, groups: Ints, k: int) -> Ints:
    """For each of these rows the `k` nearest others of its group and person, shape (m, k), -1 for none."""
    if sample.persons is not None:
        groups = _both(groups, sample.persons[rows])
    out = np.full((len(rows), k), -1, dtype=np.int64)
    order = np.argsort(groups, kind="stable")
    edges = np.flatnonzero(np.diff(groups[order])) + 1
    for own in np.split(order, edges):
        if len(own) > 1:
            out[own] = _named(rows[own], nearest_of_class(sample.points(rows[own]), k))
    return out


def drawn_others(sample: Sample, rows: Ints, groups: Ints, most: int, rng: np.random.Generator) -> Ints:
    """For each of these rows others of its group and person: all, or `most` drawn evenly; -1 for none.

    Returns
    -------
    array of int, shape (m, at most `most`)
        Rows of the sample; of those drawn the same one may stand twice.
    """
    if sample.persons is not None:
        groups = _both(groups, sample.persons[rows])
    order = np.argsort(groups, kind="stable")
    _, start, size = np.unique(groups[order], return_index=True, return_counts=True)
    start, size = np.repeat(start, size)[:, None], np.repeat(size, size)[:, None]
    width = max(1, min(most, int(size.max()) - 1))
    step = np.arange(1, width + 1)  # from the row itself, round its group
    drawn = 1 + (rng.random((len(rows), width)) * (size - 1)).astype(np.int64)
    step = np.where(size - 1 > width, drawn, step)
    place = start + (np.arange(len(rows))[:, None] - start + step) % size
    out = np.empty((len(rows), width), dtype=np.int64)
    out[order] = np.where(step < size, rows[order[place]], -1)
    return out


def of_person(partner: Ints) -> Ints:
    """The partners as given; refused where no row has one because every row is of another person.

    Raises
    ------
    InputError
    """
    if (partner < 0).all():
        raise InputError(
            "no two rows of a class are of one person, and no row is made between two persons where a group "
            "is declared: it would belong to both. Take the role away from the column, or use another method."
        )
    return partner


def refuse_single(rows: Ints) -> None:
    """Refuse a class of one row, for methods that need no certain number of neighbours.

    Raises
    ------
    InputError
    """
    if len(rows) < 2:
        raise InputError(
            f"a class has {len(rows)} row{'s' * (len(rows) != 1)}, and new rows are made between two. "
            "Collect more rows of it, or leave it out of sampling_strategy."
        )


def apart(sample: Sample, rows: Ints, partner: Ints) -> Floats:
    """Distances from these rows to their partners, shape (m, k), infinite where there is none."""
    out = np.full(partner.shape, np.inf)
    here = sample.points(rows)
    for i in range(partner.shape[1]):  # one column at a time: all at once would hold k times the rows
        known = np.flatnonzero(partner[:, i] >= 0)
        own, there = here.take(known), sample.points(partner[known, i])
        difference = own.flat - there.flat
        square = np.einsum("ij,ij->i", difference, difference, dtype=np.float64)
        out[known, i] = np.sqrt(square + (own.wide != there.wide).sum(axis=1))
    return out


def of_all(sample: Sample, rows: Ints, k: int) -> Ints:
    """For each of these rows the `k` nearest other rows of any class, shape (m, k), -1 for none."""
    every = np.arange(len(sample))
    places = nearest_rows(sample.points(rows), sample.points(every), min(k + 1, len(sample)))[1]
    itself = places == rows[:, None]
    itself[:, -1] |= ~itself.any(axis=1)  # of many equal rows it may not be among the first
    out = np.full((len(rows), k), -1, dtype=np.int64)
    others = places[~itself].reshape(len(rows), places.shape[1] - 1)
    out[:, : others.shape[1]] = others
    return out


def _named(rows: Ints, places: Ints) -> Ints:
    return np.where(places >= 0, rows[places], -1)


def _both(one: npt.NDArray[Any], other: npt.NDArray[Any]) -> Ints:
    """Numbers that are equal where both are."""
    found: Ints = np.unique(np.stack([one, other]), axis=1, return_inverse=True)[1]
    return found.reshape(-1)
