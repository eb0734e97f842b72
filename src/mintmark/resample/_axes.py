"""The space that rows of a sample lie in, kept apart from the rows so that new rows can be placed in it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from mintmark.stats.neighbours import Points

__all__ = ["Axes"]

Floats = npt.NDArray[np.float64]
Singles = npt.NDArray[np.float32]
_BLOCK = 8192  # rows placed at a time: what it takes beside them stays in cache
_WIDEST = 64  # a column of more categories is compared by code: one-hot would cost more


@dataclass(frozen=True)
class Axes:
    """Numbers in standard deviations; categories that differ are one apart.

    So are a missing and a known value. The unit between categories is the median standard deviation
    of the numbers in SMOTE-NC (Chawla et al. 2002, section 6.1), which is one here.

    Parameters
    ----------
    unit, mean, spread : array, shape (numeric columns,)
        A power of two, and in that unit the mean and standard deviation.
    gappy : array of bool, shape (numeric columns,)
        Which numbers are missing somewhere.
    sizes : array of int, shape (discrete columns,)
        Number of categories.
    """

    unit: Floats
    mean: Floats
    spread: Floats
    gappy: npt.NDArray[np.bool_]
    sizes: npt.NDArray[np.int64]

    def place(self, numbers: Floats, codes: npt.NDArray[np.int32]) -> Points:
        """Rows as points.

        Parameters
        ----------
        numbers : array, shape (n, numeric columns)
            NaN where missing.
        codes : array of int, shape (n, discrete columns)
            -1 where missing.
        """
        few = [own < _WIDEST for own in self.sizes]
        width = len(self.unit) + int(self.gappy.sum()) + int((self.sizes[few] + 1).sum())
        flat = np.empty((len(numbers), width), dtype=np.float32)
        for start in range(0, len(flat), _BLOCK):
            rows = slice(start, start + _BLOCK)
            self._place_into(flat[rows], numbers[rows], codes[rows])
        wide = codes[:, [not column for column in few]].astype(np.int64)
        return Points(flat, wide, (), (), ())

    def _place_into(self, flat: Singles, numbers: Floats, codes: npt.NDArray[np.int32]) -> None:
        at = (numbers / self.unit - self.mean) / self.spread
        missing = np.isnan(at[:, self.gappy])
        place = len(self.unit)
        flat[:, :place] = np.nan_to_num(at, copy=False, nan=0.0)
        flat[:, place : place + missing.shape[1]] = missing
        place += missing.shape[1]
        for column, size in enumerate(self.sizes):
            if size < _WIDEST:
                own = codes[:, column, None] == np.arange(-1, size)
                flat[:, place : place + size + 1] = own * np.sqrt(0.5)
                place += size + 1

    def arrays(self) -> dict[str, npt.NDArray[Any]]:
        """Named arrays to be saved."""
        return {f"axes/{name}": value for name, value in vars(self).items()}

    @classmethod
    def saved(cls, learnt: Mapping[str, Any]) -> Axes:
        """Inverse of `arrays`."""
        return cls(**{name: learnt[f"axes/{name}"] for name in cls.__dataclass_fields__})
