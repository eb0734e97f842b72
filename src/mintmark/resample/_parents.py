"""Who may be a parent of a new row, how often, and how far from the one to the other rows are made."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from mintmark.errors import InputError
from mintmark.resample._sample import Sample
from mintmark.stats.neighbours import nearest_others, nearest_rows

__all__ = ["Parents", "in_class", "of_all"]

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
    weight : array, shape (m,)
        How often each base is drawn, relative to the others; 0 or more.
    low, high : array, shape (m, k)
        From where to where on the way to each partner rows are made, drawn evenly: 0 is the base.
    """

    base: Ints
    partner: Ints
    weight: Floats
    low: Floats
    high: Floats

    @classmethod
    def even(cls, base: Ints, partner: Ints, weight: Floats | None = None, high: float = 1.0) -> Parents:
        """Rows from the base to `high` of the way to the partner, all bases alike unless weighted."""
        even = np.ones(len(base)) if weight is None else weight
        return cls(base, partner, even, np.zeros(partner.shape), np.full(partner.shape, high))

    @property
    def usable(self) -> Parents:
        """Without the bases that have no partner or no weight."""
        kept = (self.partner[:, 0] >= 0) & (self.weight > 0)
        return Parents(
            self.base[kept], self.partner[kept], self.weight[kept], self.low[kept], self.high[kept]
        )


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
        if len(rows) == 1:
            remedy = "Collect more rows of it, or leave it out of sampling_strategy"
        else:
            remedy = f"Set k to {len(rows) - 1} or less, or collect more rows of it"
        count = f"{len(rows)} row{'s' * (len(rows) != 1)}"
        raise InputError(f"a class has {count}, too few for {k} neighbours of each. {remedy}.")
    if sample.persons is None:
        return _named(rows, nearest_others(sample.points(rows), k)[1])
    out = np.full((len(rows), k), -1, dtype=np.int64)
    order = np.argsort(sample.persons[rows], kind="stable")
    edges = np.flatnonzero(np.diff(sample.persons[rows][order])) + 1
    for own in np.split(order, edges):
        if len(own) > 1:
            out[own] = _named(rows[own], nearest_others(sample.points(rows[own]), k)[1])
    if (out < 0).all():
        raise InputError(
            "no two rows of a class are of one person, and no row is made between two persons where a group "
            "is declared: it would belong to both. Take the role away from the column, or use another method."
        )
    return out


def of_all(sample: Sample, rows: Ints, k: int) -> Ints:
    """For each of these rows the `k` nearest other rows of any class, shape (m, k), -1 for none."""
    every = np.arange(len(sample))
    places = nearest_rows(sample.points(rows), sample.points(every), min(k + 1, len(sample)))[1]
    itself = places == rows[:, None]
    itself[:, -1] |= ~itself.any(axis=1)  # of many equal rows it may not be among the first
    out = np.full((len(rows), k), -1, dtype=np.int64)
    others = places[~itself].reshape(len(rows), -1)
    out[:, : others.shape[1]] = others
    return out


def _named(rows: Ints, places: Ints) -> Ints:
    return np.where(places >= 0, rows[places], -1)
