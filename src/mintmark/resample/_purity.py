"""Whether the rows around a row are of its class: asked of new rows only, and no further than needed.

Of k nearest rows at most m are of other classes if and only if the (k - m)-th nearest row of the own
class comes before the (m + 1)-th nearest of the others. So rows of the own class, which is the small one
where it matters, are searched in full. Of the others it is enough to count those inside that radius, some
of them first: a row that has m + 1 by then, as most have among a large class, is asked no further.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from mintmark.stats.neighbours import Points, nearest

__all__ = ["pure"]

Ints = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]
_FIRST = 1024  # rows of other classes that are looked at first; then twice as many each time


def pure(new: Points, labels: Ints, real: Points, classes: Ints, k: int, most: int) -> Mask:
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
    """
    k = min(k, len(real))
    out = np.ones(len(new), dtype=bool)
    for label in np.unique(labels) if k > most else ():
        rows, own = np.flatnonzero(labels == label), np.flatnonzero(classes == label)
        others = real.take(np.flatnonzero(classes != label))
        if len(own) < k - most:  # the rest of the k are others, however far they are
            out[rows] = False
        elif len(others) > most:
            out[rows] = ~_surrounded(new.take(rows), real.take(own), others, k - most, most + 1)
    return out


def _surrounded(queries: Points, own: Points, others: Points, k: int, enough: int) -> Mask:
    """Which queries have at least `enough` of the others before their `k`-th nearest own row, shape (q,)."""
    radius = nearest(queries, own, k)[:, -1:]
    inside, left = np.zeros(len(queries), dtype=np.int64), np.arange(len(queries))
    start, size = 0, _FIRST
    while start < len(others) and len(left):
        some = others.take(np.arange(start, min(start + size, len(others))))
        inside[left] += (nearest(queries.take(left), some, enough) < radius[left]).sum(axis=1)
        left = left[inside[left] < enough]
        start, size = start + size, 2 * size
    return np.asarray(inside >= enough)
