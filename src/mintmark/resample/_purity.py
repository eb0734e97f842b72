"""Whether the rows around a row are of its class: asked of new rows only, and no further than needed.

Of k nearest rows at most m are of other classes if and only if the (k - m)-th nearest row of the own
class comes before the (m + 1)-th nearest of the others. So rows of the own class, which is the small one
where it matters, are searched in full. Of the others it is enough to count those inside that radius and
to stop at m + 1; and only those can be inside that are near the nearest row of the own class.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from mintmark.stats.neighbours import Points, nearest_rows

__all__ = ["pure"]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Singles = npt.NDArray[np.float32]
Mask = npt.NDArray[np.bool_]
_CELLS = 1 << 22  # distances from pivots that are held at once: 16 MB


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
    from mintmark.resample._purity_kernels import surrounded  # compiles once: not before it is needed

    distance, places = nearest_rows(queries, own, k)
    away, radius, nearest = distance[:, 0].copy(), distance[:, -1].copy(), places[:, 0]
    order = np.argsort(nearest, kind="stable")
    pivots, begin = np.unique(nearest[order], return_index=True)
    groups = np.split(order, begin[1:])
    squares = np.einsum("ij,ij->i", others.flat, others.flat, dtype=np.float64)
    out = np.zeros(len(queries), dtype=bool)
    step = max(1, _CELLS // len(others))
    for start in range(0, len(pivots), step):
        square, slack = _apart(own.take(pivots[start : start + step]), others, squares)
        for rows, one in zip(groups[start : start + step], square, strict=True):
            reach = (radius[rows] + away[rows]).max() * (1 + 1e-6)
            near = np.flatnonzero(one <= reach**2 + 2 * slack)
            near = near[np.argsort(one[near])]  # of equal ones either first: the answer is the same
            least = np.sqrt(np.maximum(one[near].astype(np.float64) - slack, 0.0))
            surrounded(
                rows, queries.flat, queries.wide, near, others.flat, others.wide,
                least, away, radius, enough, out,
            )  # fmt: skip
    return out


def _apart(pivots: Points, others: Points, squares: Floats) -> tuple[Singles, float]:
    """Squared distances, shape (pivots, others), in single precision, and how wrong they may be."""
    own = np.einsum("ij,ij->i", pivots.flat, pivots.flat, dtype=np.float64)
    out = (-2 * pivots.flat) @ others.flat.T
    out += squares.astype(np.float32)
    out += own.astype(np.float32)[:, None]
    for column in range(others.wide.shape[1]):
        out += pivots.wide[:, column, None] != others.wide[:, column]
    width = pivots.flat.shape[1] + others.wide.shape[1] + 8  # sums, each of which may round
    slack = width * np.finfo(np.float32).eps * float(own.max() + squares.max())
    return out, slack
