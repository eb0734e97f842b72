"""Claims: what a rule says about columns, in a form that can be reasoned about.

A rule that cannot be put so (a user's function) makes no claim and is judged on rows alone. Every
claim speaks of rows in which none of its columns is missing.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from mintmark.data.encode import bound
from mintmark.data.formula import Comparison
from mintmark.data.schema import Schema
from mintmark.data.where import Where

__all__ = ["Among", "Below", "Claim", "Compared", "Distinct", "Matching", "Within", "asked", "declared"]


@dataclass(frozen=True)
class Within:
    """The column lies between two encoded numbers, infinite where open; `strict` leaves the ends out."""

    column: str
    low: float = -np.inf
    high: float = np.inf
    strict: bool = False


@dataclass(frozen=True)
class Below:
    """One column is at most another, or less where `strict`."""

    low: str
    high: str
    strict: bool = False


@dataclass(frozen=True)
class Among:
    """The columns together hold one of these tuples of values."""

    columns: tuple[str, ...]
    rows: tuple[tuple[Any, ...], ...]


@dataclass(frozen=True)
class Compared:
    """A comparison of two formulas, equal or ordered up to a tolerance."""

    comparison: Comparison
    tolerance: float = 0.0


@dataclass(frozen=True)
class Distinct:
    """No two rows hold the same values in the columns."""

    columns: tuple[str, ...]


@dataclass(frozen=True)
class Matching:
    """The column's text matches a regular expression in full."""

    column: str
    pattern: str


Claim = Within | Below | Among | Compared | Distinct | Matching


def declared(schema: Schema) -> Iterator[tuple[str, Claim]]:
    """What the schema's own bounds and categories say, each with its name."""
    for column in schema:
        low, high = bound(column.low, column), bound(column.high, column)
        if column.is_numeric and (low is not None or high is not None):
            ends = (-np.inf if low is None else low, np.inf if high is None else high)
            yield f"the bounds of column {column.name!r}", Within(column.name, *ends)
        if column.is_discrete and column.categories:  # where none may leave, the column is all missing
            rows = tuple((value,) for value in column.categories)
            yield f"the categories of column {column.name!r}", Among((column.name,), rows)


def asked(where: Where, schema: Schema) -> Iterator[tuple[str, Claim]]:
    """What a condition says, each column with its name; asking for missing values claims nothing."""
    for name, wanted in where.items():
        said, column = f"the condition {name!r}: {wanted!r}", schema[name]
        if isinstance(wanted, tuple):
            low, high = (bound(value, column) for value in wanted)
            yield said, Within(name, -np.inf if low is None else low, np.inf if high is None else high)
            continue
        several = list(wanted) if isinstance(wanted, (list, set, frozenset)) else [wanted]
        if None not in several:
            yield said, Among((name,), tuple((value,) for value in several))
