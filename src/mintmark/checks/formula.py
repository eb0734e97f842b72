"""Formula: two expressions of columns are equal, or one is at most the other."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from typing import Annotated

import numpy as np
import numpy.typing as npt
from pydantic import Field

from mintmark.check import Check
from mintmark.data.claims import Below, Claim, Compared
from mintmark.data.dataset import Dataset
from mintmark.data.formula import Comparison
from mintmark.data.formula import Formula as Expression
from mintmark.data.schema import Column, Schema
from mintmark.errors import InputError
from mintmark.method import method

__all__ = ["Formula"]

_FLOATS = 1e-9
"""Relative slack of every comparison: sums of floats are off in the last digits."""
_STEPS = {"day": 8.64e10, "hour": 3.6e9, "minute": 6e7, "second": 1e6, "millisecond": 1e3}


@method
class Formula(Check):
    """`rule` holds, e.g. ``total = price * quantity`` or ``a + b <= c``; missing holds.

    Numbers, dates (2024-05-31), columns (in backticks where the name has a space or a hyphen),
    ``+ - * / **``, brackets, min, max, abs, round, floor, ceil, sqrt, log, exp; of dates and durations
    days, hours, seconds, year, month. A column alone on one side of ``=`` may differ by half its last
    digit. A row where an expression has no result (a division by zero) does not hold.
    """

    rule: Annotated[str, Field(description="two expressions with =, <=, <, >= or > between them")]
    tolerance: Annotated[
        float | None, Field(ge=0, description="greatest difference; half the column's last digit by default")
    ] = None

    @cached_property
    def _comparison(self) -> Comparison:
        return Comparison(self.rule)

    def _reads(self) -> tuple[str, ...]:
        return self._comparison.names

    def _suits(self, schema: Schema) -> None:
        for side in self._comparison.sides:
            side.check_names(schema)
        try:
            self._comparison.check_units(schema)
        except InputError as error:
            raise InputError(f"the rule '{self}': {error}") from None

    def _refuse(self, data: Dataset) -> None:
        values = [side.of(data) for side in self._comparison.sides]
        for side, other in zip(self._comparison.sides, reversed(values), strict=True):
            arrays = {name: _read(data, name) for name in side.names}
            if not arrays:
                continue
            lost = np.flatnonzero(side.undefined(arrays) & ~np.isnan(other))
            if len(lost):
                shown = "; ".join(
                    f"row {row + 1:,}: " + ", ".join(f"{name} = {arrays[name][row]:g}" for name in side.names)
                    for row in lost[:3]
                )
                raise InputError(
                    f"the rule '{self}': {side} has no result on {len(lost):,} real rows ({shown}): a "
                    "division by zero, or a root or logarithm of a negative number. Write the formula so "
                    "that it has one, e.g. max(x, 1) in place of x, or leave the rows out."
                )

    def _holds(self, data: Dataset) -> npt.NDArray[np.bool_]:
        left, right = (side.of(data) for side in self._comparison.sides)
        sign = self._comparison.sign
        slack = self._tolerance(data.schema) + _FLOATS * np.maximum(np.abs(left), np.abs(right))
        held = {
            "=": np.abs(left - right) <= slack,
            "<=": left <= right + slack,
            ">=": left >= right - slack,
            "<": left < right - slack,
            ">": left > right + slack,
        }[sign]
        unread = np.zeros(len(data), dtype=bool)
        for name in self.reads:
            unread |= np.isnan(_read(data, name))
        return np.asarray(held | unread)

    def _tolerance(self, schema: Schema) -> float:
        if self.tolerance is not None:
            return self.tolerance
        if self._comparison.sign != "=":
            return 0.0
        alone = [side.column for side in self._comparison.sides if side.column is not None]
        return max((_half_digit(schema[name]) for name in alone), default=0.0)

    def _claims(self, schema: Schema) -> Iterator[Claim]:
        yield Compared(self._comparison, self._tolerance(schema))
        (left, right), sign = self._comparison.sides, self._comparison.sign
        if sign != "=" and self.tolerance is None and left.column is not None and right.column is not None:
            low, high = (left.column, right.column) if "<" in sign else (right.column, left.column)
            yield Below(low, high, strict="=" not in sign)

    def __str__(self) -> str:
        within = "" if self.tolerance is None else f" within {self.tolerance:g}"
        return f"{self.rule}{within}"


def _read(data: Dataset, name: str) -> npt.NDArray[np.float64]:
    return Expression(f"`{name}`").of(data)


def _half_digit(column: Column) -> float:
    """Half the step to which a column's values are rounded, 0 where they are not."""
    if column.kind == "integer":
        return 0.5
    if column.kind == "number" and column.decimals is not None:
        return float(0.5 * 10.0**-column.decimals)
    if column.kind == "datetime" and column.resolution:
        return 0.5 * _STEPS.get(column.resolution, 1.0)
    return 0.0
