"""What values and bins are called in a report."""

from __future__ import annotations

import datetime as dt

import numpy as np

from mintmark.assess._codes import Coding
from mintmark.data.schema import Column

__all__ = ["code_label", "label"]


def label(value: float, column: Column) -> str:
    """A number, date or duration as people write it."""
    if column.kind == "datetime":
        return _moment(value).isoformat(" ", "minutes")
    if column.kind == "timedelta":
        return str(dt.timedelta(microseconds=float(value)))
    return f"{value:,.0f}" if 1e6 <= abs(value) < 1e21 else f"{value:,.6g}"


def _moment(value: float) -> dt.datetime:
    """Microseconds since 1970 as a date; a float just beyond all dates gives the last or first one."""
    start = dt.datetime(1970, 1, 1)
    low, high = ((end - start) // dt.timedelta(microseconds=1) for end in (dt.datetime.min, dt.datetime.max))
    return start + dt.timedelta(microseconds=min(max(int(value), low), high))


def code_label(plan: Coding, code: int) -> str:
    """The category, spike or bin behind a code; the ends of a bin are rounded.

    Bins end at quantiles of train, which are values of single rows: they are written with no more
    digits than tell a twentieth of the column's spread.
    """
    if code == plan.bins + 1:
        return "missing"
    if plan.breaks is None:
        if plan.values is None or code >= plan.bins:
            return "unknown to train"
        return str(plan.values[code].as_py())
    breaks = plan.breaks
    if not len(breaks):
        return "any"
    low = float(breaks[code - 1]) if code else -np.inf
    high = float(breaks[code]) if code < len(breaks) else np.inf
    if high == np.nextafter(low, np.inf):
        return label(low, plan.column)
    if code == 0:
        return f"below {_rounded(high, plan)}"
    return (
        f"{_rounded(low, plan)} or more"
        if high == np.inf
        else f"{_rounded(low, plan)} to {_rounded(high, plan)}"
    )


def _rounded(value: float, plan: Coding) -> str:
    breaks = np.asarray(plan.breaks)
    step = float(breaks[-1] / 20 - breaks[0] / 20) or abs(value) or 1.0
    return label(round(value, 1 - int(np.floor(np.log10(step)))), plan.column)
