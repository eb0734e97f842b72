"""Whether the rows around a row are of its class: asked of new rows only, and no further than needed.

Of k nearest rows at most m are of other classes if and only if the (k - m)-th nearest row of the own
class comes before the (m + 1)-th nearest of the others. So rows of the own class, which is the small one
where it matters, are searched in full. Of the others it is enough to count those inside that radius, first
those that stand nearest to the own class: a row that has m + 1 by then, as most have among a large class, is
asked no further. Nor is one that the rest are too far for: what is inside its radius is nearer to its nearest
own row than the radius and the distance to that row together.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from mintmark.stats.neighbours import Points, nearest

__all__ = ["gap", "pure"]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]
_SLACK = 1e-4
_FIRST = 1024  # rows of other classes that are looked at first; then twice as many each time


def gap(real: Points, classes: Ints, label: int) -> Floats:
    """Distance of every real row to the nearest one of a class, shape (real,); 0 of its own rows."""
    out, others = np.zeros(len(real)), np.flatnonzero(classes != label)
    out[others] = nearest(real.take(others), real.take(np.flatnonzero(classes == label)))[:, 0]
    return out


def pure(
    new: Points,
    labels: Ints,
    real: Points,
    classes: Ints,
    k: int,
    most: int,
    gaps: Mapping[int, Floats] | None = None,
) -> Mask:
    """For each new row whether at most `most` of its `k` nearest real rows are of other classes.

    Exact; of equal distances rows of the own class come first. Where there are fewer than `k` real rows,
    all are asked.

    Parameters
    ----------
    new, real : Points
        Of one space.
    labels, classes : array of int, shape (new,) and (real,)
        Class of each.
    k : int, >= 1
    most : int, 0..k - 1
    gaps : mapping of int to array, optional
        `gap` of each class of the new rows, where it is known; else it is found where that pays.
    """
    k = min(k, len(real))
    out = np.ones(len(new), dtype=bool)
    for label in np.unique(labels).tolist() if k > most else ():
        rows, own = np.flatnonzero(labels == label), np.flatnonzero(classes == label)
        others = np.flatnonzero(classes != label)
        if len(own) < k - most:  # the rest of the k are others, however far they are
            out[rows] = False
        elif len(others) > most:
            if gaps is None:
                away = gap(real, classes, label) if len(rows) > len(own) else np.zeros(len(real))
            else:
                away = gaps[label]
            others = others[np.argsort(away[others], kind="stable")]
            near = nearest(new.take(rows), real.take(own), k - most)
            out[rows] = ~_surrounded(new.take(rows), near, real.take(others), away[others], most + 1)
    return out


def _surrounded(queries: Points, near: Floats, others: Points, away: Floats, enough: int) -> Mask:
    """Which queries have at least `enough` of the others before their last own row, shape (q,).

    Parameters
    ----------
    near : array, shape (q, k)
        Distances to own rows, nearest first.
    others : Points
        In the order of `away`, their distance to the nearest own row.
    """
    radius = near[:, -1:]
    reach = (near[:, -1] + near[:, 0]) * (1 + _SLACK) + _SLACK  # more than what rounding does
    inside, left = np.zeros(len(queries), dtype=np.int64), np.arange(len(queries))
    start, size = 0, _FIRST
    while start < len(others) and len(left := left[away[start] <= reach[left]]):
        some = others.take(np.arange(start, min(start + size, len(others))))
        inside[left] += (nearest(queries.take(left), some, enough) < radius[left]).sum(axis=1)
        left = left[inside[left] < enough]
        start, size = start + size, 2 * size
    return np.asarray(inside >= enough)
