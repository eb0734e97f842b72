"""A row check as another package would add it."""

from __future__ import annotations

from typing import Annotated

import numpy as np
import numpy.typing as npt
from pydantic import Field

from mintmark.check import Check
from mintmark.data.dataset import Dataset
from mintmark.data.encode import numbers
from mintmark.method import method

__all__ = ["AtLeast"]


@method
class AtLeast(Check):
    """`column` is at least `least`."""

    column: Annotated[str, Field(description="a number column")]
    least: Annotated[float, Field(description="smallest valid value")]

    def _holds(self, data: Dataset) -> npt.NDArray[np.bool_]:
        column = data.schema[self.column]
        return numbers(data.table[self.column], column) >= self.least

    def __str__(self) -> str:
        return f"{self.column} is at least {self.least:g}"
