"""The finaliser of SplitMix64, by which numbers become hashes and hashes of rows grow column by column."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import numpy.typing as npt

__all__ = ["finalised", "hashed"]

Floats = npt.NDArray[np.float64]
Hashes = npt.NDArray[np.uint64]


def finalised(bits: Hashes) -> Hashes:
    """Every bit of the input moves every bit: equal stays equal, others never fall together.

    Steele, Lea, Flood (2014), "Fast splittable pseudorandom number generators", with the constants of
    Stafford's variant 13.
    """
    with np.errstate(over="ignore"):
        bits = (bits ^ (bits >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        bits = (bits ^ (bits >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        return np.asarray(bits ^ (bits >> np.uint64(31)))


def hashed(columns: Iterable[Floats], n: int) -> Hashes:
    """A hash of each row's values, shape (n,); NaN equals NaN, other rows collide with chance 2^-64.

    Parameters
    ----------
    columns : iterable of array, shape (n,)
    """
    rows = np.zeros(n, dtype=np.uint64)
    for i, values in enumerate(columns):
        bits = np.where(np.isnan(values), np.inf, values + 0.0).view(np.uint64)  # -0.0 is 0.0
        rows = finalised(rows ^ (bits + np.uint64(i + 1)))
    return rows
