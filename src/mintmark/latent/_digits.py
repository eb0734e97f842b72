"""Codes of a column of very many values as two digits: a net then grows with the root of their number."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

__all__ = ["digits_of", "joined", "parted"]

Ints = npt.NDArray[np.int64]
_LONG = 512
"""Values above which they are written in two digits."""


def digits_of(size: int) -> list[int]:
    """How many values each digit of a code of so many values has: one or two numbers."""
    if size <= _LONG:
        return [size]
    base = math.isqrt(size - 1) + 1
    return [-(-size // base), base]


def parted(codes: npt.NDArray[np.integer], size: int) -> list[Ints]:
    """The digits of codes from 0 to before `size`, the first one first."""
    sizes = digits_of(size)
    digits = np.divmod(codes, sizes[1]) if len(sizes) == 2 else (codes,)
    return [digit.astype(np.int64) for digit in digits]


def joined(digits: list[Ints], size: int) -> Ints:
    """Inverse of `parted`; digits that no code has, as a net may draw them, are those of the last."""
    if len(digits) == 1:
        return digits[0]
    codes: Ints = np.minimum(digits[0] * digits_of(size)[1] + digits[1], size - 1)
    return codes
