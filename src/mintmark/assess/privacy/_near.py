"""Nearest released rows of the persons attacked, on any columns: what linking and inferring share."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from mintmark.assess.privacy._rows import Rows
from mintmark.stats.mixed import Mixed, Side

__all__ = ["Near", "batches", "source"]

Ints = npt.NDArray[np.int64]

_CELLS = 500_000  # distances held at once, 2 MB, where they fit into the cache
_FEWEST = 32  # queries at a time below which products are slow


@dataclass(frozen=True)
class Near:
    """A released table that rows are looked up in.

    Parameters
    ----------
    mixed : Mixed
    released : Side
    names : list of str
        The columns of both.
    """

    mixed: Mixed
    released: Side
    names: list[str]

    @classmethod
    def of(cls, rows: Rows, role: str) -> Near:
        """The rows of one table, each at the scale of its own ranks: what its reader knows."""
        names = [column.name for column in rows.scored]
        sizes = {
            column.name: max(int(codes.max(initial=-1)) for codes in rows.values[column.name].values()) + 1
            for column in rows.scored
            if not column.is_numeric
        }
        held = {name: source(rows, name, role) for name in names}
        mixed = Mixed.of(held, sizes)
        return cls(mixed, mixed.references(held), names)

    def placed(self, rows: Rows, role: str, some: Ints) -> Side:
        """Some rows of another table, to be looked up."""
        return self.mixed.queries({name: source(rows, name, role)[some] for name in self.names})


def source(rows: Rows, name: str, role: str) -> npt.NDArray[Any]:
    """A column of a table: numbers, or identities of what is no number."""
    return rows.numeric(name, role) if rows.column(name).is_numeric else rows.values[name][role]


def batches(queries: int, references: int) -> Iterator[Ints]:
    """Positions of queries, so many at a time as products do best."""
    size = max(_FEWEST, _CELLS // max(1, references))
    for start in range(0, queries, size):
        yield np.arange(start, min(queries, start + size))
