"""Unique: no two rows share their values in the named columns."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, ClassVar, Literal

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from pydantic import Field

from mintmark.check import Check
from mintmark.data.claims import Claim, Distinct
from mintmark.data.dataset import Dataset
from mintmark.data.schema import Schema
from mintmark.method import method

__all__ = ["Unique"]


@method
class Unique(Check):
    """Of rows alike in `columns` only the first is valid; a missing value equals a missing one."""

    columns: Annotated[list[str], Field(min_length=1, description="columns that identify a row")]
    scope: ClassVar[Literal["row", "table"]] = "table"

    def _reads(self) -> tuple[str, ...]:
        return tuple(self.columns)

    def _holds(self, data: Dataset) -> npt.NDArray[np.bool_]:
        names = [str(i) for i in range(len(self.columns))]
        table = pa.table([data.table[name] for name in self.columns], names)
        row = pa.array(np.arange(len(data)))
        first = table.append_column("row", row).group_by(names).aggregate([("row", "min")])
        held = np.zeros(len(data), dtype=bool)
        held[first["row_min"].to_numpy()] = True
        return held

    def _claims(self, schema: Schema) -> Iterator[Claim]:
        yield Distinct(tuple(self.columns))

    def __str__(self) -> str:
        return f"rows are unique in {', '.join(self.columns)}"
