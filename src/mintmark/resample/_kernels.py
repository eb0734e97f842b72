"""The loops that make rows between two parents and measure columns, compiled."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from mintmark.stats.compiled import compiled

__all__ = ["between", "moments"]

Floats = npt.NDArray[np.float64]
Codes = npt.NDArray[np.int32]


@compiled
def between(
    numbers: Floats,
    codes: Codes,
    base: npt.NDArray[Any],
    partner: npt.NDArray[Any],
    at: Floats,
    chance: npt.NDArray[np.float32],
    out_numbers: Floats,
    out_codes: Codes,
) -> None:
    """Numbers at `at` of the way from base to partner, categories of the partner as often as that.

    A number that one of the two lacks is that of the nearer one.

    Parameters
    ----------
    numbers, codes : array, shape (rows, columns)
        What may be a parent; NaN and -1 where missing.
    base, partner : array of int, shape (n,)
    at : array, shape (n,)
        0 is the base, 1 the partner; beyond either end it is an extrapolation.
    chance : array, shape (n, columns of codes)
        Uniform in [0, 1).
    out_numbers, out_codes : array, shape (n, columns)
        Written.
    """
    for i in range(len(base)):
        a, b, way = base[i], partner[i], at[i]
        for j in range(numbers.shape[1]):
            x, y = numbers[a, j], numbers[b, j]
            if np.isnan(x) or np.isnan(y):
                out_numbers[i, j] = y if way >= 0.5 else x
            else:
                apart = y - x  # of the largest numbers there are it is infinite
                out_numbers[i, j] = x + way * apart if np.isfinite(apart) else x * (1 - way) + y * way
        for j in range(codes.shape[1]):
            out_codes[i, j] = codes[b, j] if chance[i, j] < way else codes[a, j]


@compiled
def moments(
    numbers: Floats, shift: Floats, per: Floats, known: Floats, most: Floats, total: Floats, square: Floats
) -> None:
    """Add rows to what is known of each column: all in one pass over them.

    Parameters
    ----------
    numbers : array, shape (rows, columns)
        NaN where missing.
    shift, per : array, shape (columns,)
        Sums are of (number - shift) * per.
    known, most, total, square : array, shape (columns,)
        Numbers that are not missing, the largest magnitude, the sum and the sum of squares; added to.
    """
    for i in range(numbers.shape[0]):
        for j in range(numbers.shape[1]):
            number = numbers[i, j]
            there = number == number
            size = abs(number) if there else 0.0
            apart = number * per[j] - shift[j] * per[j] if there else 0.0
            known[j] += there
            most[j] = size if size > most[j] else most[j]
            total[j] += apart
            square[j] += apart * apart
