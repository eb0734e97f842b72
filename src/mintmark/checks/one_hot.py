"""One-hot: of several flag columns exactly one is set."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

import numpy as np
import numpy.typing as npt
from pydantic import Field

from mintmark.check import Check
from mintmark.data.claims import Among, Claim
from mintmark.data.dataset import Dataset
from mintmark.data.formula import is_arithmetic, readable
from mintmark.data.schema import Schema
from mintmark.errors import InputError
from mintmark.method import method

__all__ = ["OneHot"]


@method
class OneHot(Check):
    """Of `columns`, which hold 0 and 1 (or false and true), exactly one is 1; missing holds."""

    columns: Annotated[list[str], Field(min_length=2, description="flag columns of one group")]

    def _reads(self) -> tuple[str, ...]:
        return tuple(self.columns)

    def _suits(self, schema: Schema) -> None:
        for name in self.columns:
            if not is_arithmetic(schema[name]):
                raise InputError(
                    f"the rule '{self}': column {name!r} is {schema[name].kind} of type "
                    f"{schema[name].dtype}, not a flag of 0 and 1."
                )

    def _holds(self, data: Dataset) -> npt.NDArray[np.bool_]:
        values = np.stack(list(readable(data, self.reads).values()))  # (columns, n)
        flags = ((values == 0) | (values == 1)).all(axis=0)
        return np.asarray((flags & (values.sum(axis=0) == 1)) | np.isnan(values).any(axis=0))

    def _claims(self, schema: Schema) -> Iterator[Claim]:
        unit = np.eye(len(self.columns), dtype=int)
        yield Among(self.reads, tuple(tuple(row) for row in unit.tolist()))

    def __str__(self) -> str:
        return f"exactly one of {', '.join(self.columns)} is set"
