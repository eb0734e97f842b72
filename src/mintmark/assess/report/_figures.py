"""Figures as people read them: three significant digits, shares in per cent."""

from __future__ import annotations

import math

__all__ = ["between", "count", "figure", "finite", "percent"]

_NONE = "–"
_SPACE = "\u00a0"


def finite(value: object) -> float | None:
    """The value as a float, None where it is no finite number."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    return float(value) if math.isfinite(value) else None


def figure(value: object) -> str:
    """Three significant digits: ``0.987``, ``12.3``, ``12,346``; a dash where there is none."""
    number = finite(value)
    if number is None:
        return _NONE
    if number == 0:
        return "0"
    sign, size = ("−" if number < 0 else ""), abs(number)
    if size < 1e-4:
        return f"{sign}<0.0001" if not sign else ">−0.0001"
    if 0.9995 <= size < 1:  # so that not quite all never reads as all
        return f"{sign}{size:.4f}" if size < 0.99995 else (">0.9999" if not sign else "<−0.9999")
    if size >= 999.5:
        return f"{sign}{size:,.0f}"
    return sign + f"{size:#.3g}".rstrip(".")


def percent(share: object) -> str:
    """A share 0..1 in per cent; what is not quite all or nothing never reads as if it were."""
    number = finite(share)
    if number is None:
        return _NONE
    if 0.9995 <= number < 1:
        return f">99.9{_SPACE}%"
    if 0 < number < 5e-5:
        return f"<0.01{_SPACE}%"
    size = abs(100 * number)
    digits = 0 if size in (0, 100) or size >= 999.5 else 1 if size >= 1 else 2
    return f"{'−' if number < 0 else ''}{size:.{digits}f}{_SPACE}%"


def between(interval: object) -> str:
    """An interval: ``0.91 to 0.93``."""
    if not isinstance(interval, (tuple, list)) or len(interval) != 2:
        return _NONE
    return f"{figure(interval[0])} to {figure(interval[1])}"


def count(value: object) -> str:
    """A whole number with thousands set apart."""
    number = finite(value)
    return _NONE if number is None else f"{number:,.0f}"
