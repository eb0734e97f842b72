"""Nearest others of one class: all pairs, or a tree where the rows fill only few dimensions."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from mintmark.stats.neighbours import Points, nearest_others, nearest_rows

__all__ = ["nearest_of_class"]

Ints = npt.NDArray[np.int64]
_LEAST = 10_000  # rows: for fewer all pairs take no time
_ASKED = 64  # rows that tell what a tree would have to look at
_WIDEST = 15  # columns: in more of them a tree prunes too little
_LEAF, _PAIR, _CLOSE = 2e-6, 2.2e-10, 1e-7
"""Seconds for each row in a tree, for each pair of rows, and for each row within twice the distance of the
k-th neighbour, at which a tree looks; measured on normal numbers and on few factors in 2 to 14 columns."""


def nearest_of_class(points: Points, k: int) -> Ints:
    """For each point the `k` nearest of the others, nearest first, shape (n, k); as `nearest_others`."""
    narrow = points.flat.shape[1] <= _WIDEST and not points.wide.shape[1]
    if not narrow or len(points) < _LEAST or not _suits_tree(points, k):
        return nearest_others(points, k)[1]
    from scipy.spatial import cKDTree

    places = cKDTree(points.flat).query(points.flat, k + 1)[1]
    itself = places == np.arange(len(points))[:, None]
    itself[:, -1] |= ~itself.any(axis=1)  # of many equal ones it may not be among the first
    return np.asarray(places[~itself].reshape(-1, k), dtype=np.int64)


def _suits_tree(points: Points, k: int) -> bool:
    """Whether few rows lie near: within twice the distance of the k-th neighbour, about some rows."""
    n = len(points)
    some = points.take(np.linspace(0, n - 1, _ASKED).astype(np.int64))
    reach = 2 * nearest_rows(some, points, k + 1)[0][:, -1]
    close = 0
    for row, far in zip(some.flat, reach, strict=True):
        apart = points.flat - row
        close += int((np.einsum("ij,ij->i", apart, apart) <= far**2).sum())
    return _LEAF + _CLOSE * close / _ASKED < _PAIR * n
