"""Edited nearest neighbours: rows go whose neighbours are of other classes."""

from __future__ import annotations

from typing import Annotated, Literal

import numpy as np
import numpy.typing as npt
from pydantic import Field

from mintmark.data.dataset import Dataset
from mintmark.resample._parents import of_all
from mintmark.resample._sample import Sample
from mintmark.resample.cleaning._classes import Cleaned, classes_of
from mintmark.stats.neighbours import nearest_others

__all__ = ["Kind", "edited_nearest_neighbours", "kept_by_neighbours"]

Ints = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]
Kind = Literal["all", "mode"]


def edited_nearest_neighbours(
    data: Dataset,
    target: str | None = None,
    sampling_strategy: Cleaned = "auto",
    *,
    k: Annotated[int, Field(ge=1)] = 3,
    kind: Kind = "all",
) -> Ints:
    """Rows that stay under the edited nearest neighbour rule (Wilson 1972, IEEE Trans. SMC 2).

    Parameters
    ----------
    data : Dataset
    target : str, optional
        A column of classes; the one of role target by default. Rows without a class stay.
    sampling_strategy : Cleaned
        Classes whose rows may go; "auto" all but the smallest.
    k : int, >= 1
    kind : {"all", "mode"}
        A row stays if all k neighbours are of its class, or if no other class has more of them than its
        own: an even vote, of which the paper says nothing, takes nothing away.

    Returns
    -------
    array of int
        In order.
    """
    classes = classes_of(data, target)
    may = classes.removable(sampling_strategy)
    return classes.kept(kept_by_neighbours(classes.sample, may, k, kind))


def kept_by_neighbours(sample: Sample, removable: Mask, k: int = 3, kind: Kind = "all") -> Mask:
    """Which rows stay, shape (n,): those that their neighbours vouch for, and those that may not go."""
    out = np.ones(len(sample), dtype=bool)
    rows = np.flatnonzero(removable)
    if not len(rows) or len(sample) < 2:
        return out
    near = _nearest(sample, rows, k)
    known, around = near >= 0, sample.labels[near]
    own = sample.labels[rows]
    if kind == "all":
        out[rows] = ((around == own[:, None]) | ~known).all(axis=1)
        return out
    votes = (around == own[:, None]) & known
    for label in np.unique(sample.labels):
        other = ((around == label) & known).sum(axis=1)
        out[rows] &= other <= votes.sum(axis=1)
    return out


def _nearest(sample: Sample, rows: Ints, k: int) -> Ints:
    """The `k` nearest other rows of each, by the search that looks at fewer pairs."""
    if 2 * len(rows) < len(sample):
        return of_all(sample, rows, k)
    return nearest_others(sample.points(np.arange(len(sample))), k)[1][rows]
