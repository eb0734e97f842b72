"""Pattern: text matches a regular expression in full."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Annotated

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
from pydantic import Field

from mintmark.check import Check
from mintmark.data.claims import Claim, Matching
from mintmark.data.dataset import Dataset
from mintmark.data.schema import Schema, arrow_type
from mintmark.errors import InputError
from mintmark.method import method

__all__ = ["Pattern"]


@method
class Pattern(Check):
    r"""Text in `column` matches `pattern` from its first letter to its last; missing holds.

    The expression is read by RE2, which takes time in proportion to the text whatever the expression
    is; what needs backtracking (``\1``, ``(?=...)``) is refused. For a key, keys are made to match.
    """

    column: Annotated[str, Field(description="a text or category column")]
    pattern: Annotated[str, Field(min_length=1, description=r"regular expression, e.g. [A-Z]{2}\d{6}")]

    def _reads(self) -> tuple[str, ...]:
        return (self.column,)

    def _suits(self, schema: Schema) -> None:
        self._matched(pa.array([""]))
        if not pa.types.is_string(arrow_type(schema[self.column].dtype)):
            raise InputError(
                f"the rule '{self}': column {self.column!r} is {schema[self.column].dtype}, not text."
            )

    def _holds(self, data: Dataset) -> npt.NDArray[np.bool_]:
        matched = self._matched(data.table[self.column].combine_chunks())
        return np.asarray(pc.fill_null(matched, True).to_numpy(zero_copy_only=False), dtype=bool)

    def _matched(self, array: pa.Array) -> pa.Array:
        try:
            pc.match_substring_regex(pa.array([""]), self.pattern)  # by itself: a bracket may not end ours
            return pc.match_substring_regex(array, rf"\A(?:{self.pattern})\z")
        except pa.ArrowInvalid as error:
            said = str(error).rpartition("Invalid regular expression: ")[2].rstrip(".")
            needs_backtracking = re.search(r"\\[1-9]|\(\?(?:[=!]|<[=!]|P=)", self.pattern)
            why = (
                " Back references and look-around are not read, because they can take exponential time; "
                "write it without them."
                if needs_backtracking
                else " Mend it."
            )
            raise InputError(
                f"the pattern of column {self.column!r}, {self.pattern!r}, is no regular expression that can "
                f"be read: {said}.{why}"
            ) from None

    def _claims(self, schema: Schema) -> Iterator[Claim]:
        yield Matching(self.column, self.pattern)

    def __str__(self) -> str:
        return f"{self.column} matches {self.pattern}"
