"""The number that a person would have written: the shortest within limits."""

from __future__ import annotations

import math

__all__ = ["nicest"]


def nicest(low: float, high: float) -> float:
    """The number of fewest digits in [low, high], or one over a whole number where that is shorter.

    >>> nicest(1.1899, 1.1902), nicest(0.016662, 0.016671), nicest(17.6, 18.0)
    (1.19, 0.016666666666666666, 18.0)
    """
    if low <= 0 <= high:
        return 0.0
    for digits in range(1, 17):
        value = _within(low, high, digits)
        if digits > 1 and max(abs(low), abs(high)) < 1:
            inverse = _within(1 / high, 1 / low, digits)
            if inverse is not None and inverse == round(inverse):
                return 1 / inverse
        if value is not None:
            return value
    return low / 2 + high / 2


def _within(low: float, high: float, digits: int) -> float | None:
    """A number of so many digits in the range, the middle one rounded first."""
    middle = low / 2 + high / 2
    if middle == 0 or not math.isfinite(middle):
        return None
    place = digits - 1 - math.floor(math.log10(abs(middle)))
    if place > 300:
        return None
    for value in (round(middle, place), round(high, place), round(low, place)):
        if low <= value <= high:
            return value
    return None
