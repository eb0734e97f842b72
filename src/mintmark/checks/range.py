"""Range: a column lies between two values."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any

import numpy as np
import numpy.typing as npt
from pydantic import Field, ValidationInfo, field_validator

from mintmark.check import Check
from mintmark.data.claims import Claim, Within
from mintmark.data.dataset import Dataset
from mintmark.data.encode import bound, numbers
from mintmark.data.formula import is_arithmetic
from mintmark.data.schema import Column, Schema, json_value
from mintmark.errors import InputError
from mintmark.method import method

__all__ = ["Range"]


@method
class Range(Check):
    """`column` lies between `low` and `high`, the ends included unless `strict`; missing holds."""

    column: Annotated[str, Field(description="a number, date or duration column")]
    low: Annotated[
        float | str | None, Field(description="least value; a date as 2024-05-31, a duration in seconds")
    ] = None
    high: Annotated[float | str | None, Field(description="greatest value; likewise")] = None
    strict: Annotated[bool, Field(description="whether the ends are left out")] = False

    @field_validator("low", "high", mode="before")
    @classmethod
    def _plain(cls, value: Any, info: ValidationInfo) -> Any:
        """A date as text, a duration in seconds; an end that is infinite is none."""
        value = json_value(value)
        return None if value == {"low": "-inf", "high": "inf"}[str(info.field_name)] else value

    def _reads(self) -> tuple[str, ...]:
        return (self.column,)

    def _suits(self, schema: Schema) -> None:
        column = schema[self.column]
        if not is_arithmetic(column):
            raise InputError(
                f"the rule '{self}': column {self.column!r} is {column.kind}; "
                "a range needs a number, date or duration."
            )
        if self.low is None and self.high is None:
            raise InputError(f"the range of column {self.column!r} has neither low nor high. Give one.")
        low, high = self._ends(column)
        if np.isnan([low, high]).any():
            raise InputError(f"the range of column {self.column!r} ends at NaN, which is no value.")
        if low > high or (low == high and self.strict):
            raise InputError(f"the rule '{self}' leaves no value: low is not below high.")

    def _holds(self, data: Dataset) -> npt.NDArray[np.bool_]:
        column = data.schema[self.column]
        values = numbers(data.table[self.column], column)
        low, high = self._ends(column)
        outside = (values <= low) | (values >= high) if self.strict else (values < low) | (values > high)
        return np.asarray(~outside)

    def _ends(self, column: Column) -> tuple[float, float]:
        try:
            low, high = bound(self.low, column), bound(self.high, column)
        except InputError as error:
            form = {"datetime": "a date as 2024-05-31", "timedelta": "seconds"}.get(column.kind, "a number")
            raise InputError(f"the rule '{self}': {error} Give {form}.") from None
        return -np.inf if low is None else low, np.inf if high is None else high

    def _claims(self, schema: Schema) -> Iterator[Claim]:
        yield Within(self.column, *self._ends(schema[self.column]), self.strict)

    def __str__(self) -> str:
        sign = "<" if self.strict else "<="
        low = f"{_shown(self.low)} {sign} " if self.low is not None else ""
        high = f" {sign} {_shown(self.high)}" if self.high is not None else ""
        return f"{low}{self.column}{high}"


def _shown(value: float | str | None) -> str:
    return f"{value:.15g}" if isinstance(value, float) else str(value)
