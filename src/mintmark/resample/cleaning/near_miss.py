"""NearMiss: of large classes those rows stay that are near the smallest class."""

from __future__ import annotations

from typing import Annotated, Literal

import numpy as np
import numpy.typing as npt
from pydantic import Field

from mintmark.data.dataset import Dataset
from mintmark.errors import InputError
from mintmark.resample._sample import Sample
from mintmark.resample.cleaning._classes import Under, classes_of
from mintmark.stats.neighbours import Points, nearest, nearest_rows

__all__ = ["Version", "kept_by_near_miss", "near_miss"]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]
Version = Literal[1, 2, 3]
_CELLS = 1 << 21  # distances held at once: 16 MB


def near_miss(
    data: Dataset,
    target: str | None = None,
    sampling_strategy: Under = "auto",
    *,
    version: Version = 1,
    k: Annotated[int, Field(ge=1)] = 3,
    candidates: Annotated[int, Field(ge=1)] = 3,
) -> Ints:
    """Rows that stay under NearMiss (Mani, Zhang 2003, ICML workshop on imbalanced data sets).

    Parameters
    ----------
    data : Dataset
    target : str, optional
        A column of classes; the one of role target by default. Rows without a class stay.
    sampling_strategy : Under
        How many rows of which classes stay; "auto" of each as many as the smallest has.
    version : {1, 2, 3}
        The rows with the least mean distance to their k nearest rows of the smallest class (1) or to its
        k farthest (2); or, of the candidates, those with the greatest mean distance to their k nearest (3),
        which may be fewer than were asked for.
    k : int, >= 1
    candidates : int, >= 1
        For version 3: so many rows nearest to each row of the smallest class are candidates.

    Returns
    -------
    array of int
        In order.
    """
    classes = classes_of(data, target)
    keep = classes.staying(sampling_strategy)
    return classes.kept(kept_by_near_miss(classes.sample, keep, version, k, candidates))


def kept_by_near_miss(
    sample: Sample, keep: Ints, version: Version = 1, k: int = 3, candidates: int = 3
) -> Mask:
    """Which rows stay, shape (n,).

    Parameters
    ----------
    sample : Sample
    keep : array of int, shape (classes,)
        Rows that stay of each class; of the smallest all stay.
    """
    counts = np.bincount(sample.labels, minlength=len(keep))
    held = np.flatnonzero(counts)
    smallest = held[np.argmin(counts[held])]
    few = sample.points(sample.of_class(int(smallest)))
    if version == 2 and k > len(few):
        raise InputError(f"the smallest class has {len(few)} rows, fewer than k = {k}. Lower k.")
    out = np.ones(len(sample), dtype=bool)
    for label in held[(keep[held] < counts[held]) & (held != smallest)]:
        rows = sample.of_class(int(label))
        out[rows] = False
        out[rows[_picked(sample.points(rows), few, int(keep[label]), version, k, candidates)]] = True
    return out


def _picked(points: Points, few: Points, n: int, version: Version, k: int, candidates: int) -> Ints:
    """Positions of the n rows that stay of one class."""
    if version == 2:
        return np.argsort(_farthest(points, few, k), kind="stable")[:n]
    if version == 1:
        return np.argsort(_mean(nearest(points, few, k)), kind="stable")[:n]
    near = np.unique(nearest_rows(few, points, min(candidates, len(points)))[1])
    order = np.argsort(-_mean(nearest(points.take(near), few, k)), kind="stable")
    return np.asarray(near[order[:n]])


def _mean(distance: Floats) -> Floats:
    """Mean of each row, without those that are none."""
    return np.asarray(distance[:, np.isfinite(distance[0])].mean(axis=1))


def _farthest(points: Points, few: Points, k: int) -> Floats:
    """Mean distance of each point to the k farthest of `few`."""
    out = np.empty(len(points))
    right = few.flat.astype(np.float64)
    step = max(1, _CELLS // len(few))
    for start in range(0, len(points), step):
        block = points.take(np.arange(start, min(start + step, len(points))))
        left = block.flat.astype(np.float64)
        square = (left**2).sum(axis=1)[:, None] + (right**2).sum(axis=1) - 2 * left @ right.T
        for column in range(few.wide.shape[1]):
            square += block.wide[:, column, None] != few.wide[:, column]
        most = np.partition(square, len(few) - k, axis=1)[:, len(few) - k :]
        out[start : start + step] = np.sqrt(np.maximum(most, 0.0)).mean(axis=1)
    return out
