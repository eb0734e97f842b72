"""Tomek links: pairs of different classes that are each other's nearest row."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from mintmark.data.dataset import Dataset
from mintmark.resample._sample import Sample
from mintmark.resample.cleaning._classes import Cleaned, classes_of
from mintmark.stats.neighbours import nearest_others

__all__ = ["kept_by_tomek", "tomek_links"]

Mask = npt.NDArray[np.bool_]


def tomek_links(
    data: Dataset, target: str | None = None, sampling_strategy: Cleaned = "auto"
) -> npt.NDArray[np.int64]:
    """Rows that stay when rows in Tomek links go (Tomek 1976, IEEE Trans. Systems, Man, Cybernetics 6).

    Parameters
    ----------
    data : Dataset
    target : str, optional
        A column of classes; the one of role target by default. Rows without a class stay.
    sampling_strategy : Cleaned
        Classes whose rows may go; "auto" all but the smallest.

    Returns
    -------
    array of int
        In order.
    """
    classes = classes_of(data, target)
    may = classes.removable(sampling_strategy)
    return classes.kept(kept_by_tomek(classes.sample, may))


def kept_by_tomek(sample: Sample, removable: Mask) -> Mask:
    """Which rows stay, shape (n,): those in no Tomek link, and those that may not go."""
    every = np.arange(len(sample))
    if len(every) < 2:
        return np.ones(len(every), dtype=bool)
    nearest = nearest_others(sample.points(every), 1)[1][:, 0]
    linked = (nearest[nearest] == every) & (sample.labels[nearest] != sample.labels)
    return np.asarray(~(linked & removable))
