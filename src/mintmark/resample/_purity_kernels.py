"""The loop that counts the rows near a row and stops where there are enough, compiled."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from mintmark.stats.compiled import compiled

__all__ = ["surrounded"]

Floats = npt.NDArray[np.float64]


@compiled
def surrounded(
    rows: npt.NDArray[np.int64],
    flat: npt.NDArray[Any],
    wide: npt.NDArray[Any],
    near: npt.NDArray[np.int64],
    other_flat: npt.NDArray[Any],
    other_wide: npt.NDArray[Any],
    least: Floats,
    away: Floats,
    radius: Floats,
    enough: int,
    out: npt.NDArray[np.bool_],
) -> None:
    """Which queries have at least `enough` references nearer than their radius, of queries round one pivot.

    Parameters
    ----------
    rows : array of int, shape (m,)
        The queries.
    flat, wide : array, shape (q, width) and (q, columns)
        Every query, as `Points` holds them.
    near : array of int, shape (c,)
        References, the nearest to the pivot first.
    other_flat, other_wide : array, shape (r, width) and (r, columns)
    least : array, shape (c,)
        Distances of `near` from the pivot, or a little less.
    away, radius : array, shape (q,)
        Distance of each query from the pivot, and its radius; what lies on it does not count.
    enough : int
    out : array of bool, shape (q,)
        Written where a query has enough.
    """
    for i in rows:
        square, found = radius[i] * radius[i], 0
        reach = (radius[i] + away[i]) * (1 + 1e-6)  # both are rounded
        for place in range(len(near)):
            if least[place] > reach:
                break  # by the triangle inequality neither this nor a later one is inside the radius
            j = near[place]
            distance = 0.0
            for c in range(flat.shape[1]):
                apart = np.float64(flat[i, c] - other_flat[j, c])
                distance += apart * apart
                if distance >= square:
                    break
            for c in range(wide.shape[1]):
                distance += wide[i, c] != other_wide[j, c]
            if distance < square:
                found += 1
                if found >= enough:
                    out[i] = True
                    break
