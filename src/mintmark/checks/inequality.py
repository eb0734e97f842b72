"""Inequality: one column is at most another, as in SDV's constraint of that name."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

import numpy as np
import numpy.typing as npt
from pydantic import Field

from mintmark.check import Check
from mintmark.data.claims import Below, Claim
from mintmark.data.dataset import Dataset
from mintmark.data.encode import numbers
from mintmark.data.formula import is_arithmetic
from mintmark.data.schema import Schema
from mintmark.errors import InputError
from mintmark.method import method

__all__ = ["Inequality"]


@method
class Inequality(Check):
    """Column `low` is at most column `high`, or less where `strict`; missing holds."""

    low: Annotated[str, Field(description="column of the lesser value")]
    high: Annotated[str, Field(description="column of the greater value")]
    strict: Annotated[bool, Field(description="whether equal values are refused")] = False

    def _reads(self) -> tuple[str, ...]:
        return self.low, self.high

    def _suits(self, schema: Schema) -> None:
        if self.low == self.high:
            raise InputError(f"the rule '{self}' compares a column with itself. Name two columns.")
        columns = [schema[name] for name in self.reads]
        kinds = [column.kind for column in columns]
        dates = [kind if kind in ("datetime", "timedelta") else "number" for kind in kinds]
        if dates[0] != dates[1] or not all(map(is_arithmetic, columns)):
            raise InputError(
                f"the rule '{self}' compares {kinds[0]} with {kinds[1]}; "
                "both must be numbers, dates or durations."
            )

    def _holds(self, data: Dataset) -> npt.NDArray[np.bool_]:
        low, high = (numbers(data.table[name], data.schema[name]) for name in self.reads)
        return np.asarray(~((low >= high) if self.strict else (low > high)))

    def _claims(self, schema: Schema) -> Iterator[Claim]:
        yield Below(self.low, self.high, self.strict)

    def __str__(self) -> str:
        return f"{self.low} {'<' if self.strict else '<='} {self.high}"
