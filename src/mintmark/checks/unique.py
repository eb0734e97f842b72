"""Unique: no two rows share their values in the named columns."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

import numpy as np
import numpy.typing as npt
from pydantic import Field

from mintmark.check import Check
from mintmark.data.dataset import Dataset
from mintmark.method import method

__all__ = ["Unique"]


@method
class Unique(Check):
    """Of rows alike in `columns` only the first is valid; a missing value equals a missing one."""

    columns: Annotated[list[str], Field(min_length=1, description="columns that identify a row")]
    scope: ClassVar[Literal["row", "table"]] = "table"

    def _holds(self, data: Dataset) -> npt.NDArray[np.bool_]:
        keys = list(zip(*(data.select(self.columns).table[c].to_pylist() for c in self.columns), strict=True))
        first = {key: row for row, key in reversed(list(enumerate(keys)))}
        return np.array([first[key] == row for row, key in enumerate(keys)], dtype=bool)

    def __str__(self) -> str:
        return f"rows are unique in {', '.join(self.columns)}"
