"""Nearest released rows of the persons attacked, on any columns: what linking and inferring share."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from mintmark.assess.privacy._rows import Rows
from mintmark.stats.mixed import Mixed, Side

__all__ = ["Near", "batches", "source"]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

_CELLS = 500_000  # distances held at once, 2 MB, where they fit into the cache
_FEWEST_ROWS = 4_096
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
    ranks : mapping of str to array, shape (identities + 1,)
        For each number's identity its mid-rank in [0, 1] among those released, NaN last for missing.
    """

    mixed: Mixed
    released: Side
    names: list[str]
    ranks: Mapping[str, Floats]

    @classmethod
    def of(cls, rows: Rows, role: str) -> Near:
        """The rows of one table, each at the scale of its own ranks: what its reader knows."""
        names = [column.name for column in rows.scored]
        sizes = {
            name: 1 + max(int(codes.max(initial=-1)) for codes in rows.values[name].values())
            for name in names
        }
        numeric = [name for name in names if rows.column(name).is_numeric]
        ranks = {name: _mid_ranks(rows.values[name][role], sizes.pop(name)) for name in numeric}
        mixed = Mixed.placed(numeric, sizes)
        return cls(mixed, mixed.references(_Columns(rows, role, ranks)), names, ranks)

    def placed(self, rows: Rows, role: str, some: Ints) -> Side:
        """Some rows of another table, to be looked up."""
        return self.mixed.queries(_Columns(rows, role, self.ranks, some))

    def blocks(self, queries: int) -> Iterator[tuple[int, Side]]:
        """The released rows and where they begin, so many at a time that distances stay in the cache."""
        size = max(_FEWEST_ROWS, _CELLS // max(1, queries))
        for start in range(0, self.released.rows, size):
            yield start, self.released.part(start, start + size)


class _Columns(Mapping[str, npt.NDArray[Any]]):
    """Ranks and identities of a table, a column at a time: all at once would fill the memory."""

    def __init__(self, rows: Rows, role: str, ranks: Mapping[str, Floats], some: Ints | None = None) -> None:
        self.codes = {column.name: rows.values[column.name][role] for column in rows.scored}
        self.ranks, self.some = ranks, some

    def __getitem__(self, name: str) -> npt.NDArray[Any]:
        codes = self.codes[name] if self.some is None else self.codes[name][self.some]
        return self.ranks[name][codes] if name in self.ranks else codes

    def __iter__(self) -> Iterator[str]:
        return iter(self.codes)

    def __len__(self) -> int:
        return len(self.codes)


def _mid_ranks(codes: npt.NDArray[Any], size: int) -> Floats:
    count = np.bincount(codes[codes >= 0], minlength=size)
    if not count.sum():
        return np.append(np.full(size, 0.5), np.nan)
    return np.append((2 * np.cumsum(count) - count) / (2 * count.sum()), np.nan)


def source(rows: Rows, name: str, role: str) -> npt.NDArray[Any]:
    """A column of a table: numbers, or identities of what is no number."""
    return rows.numeric(name, role) if rows.column(name).is_numeric else rows.values[name][role]


def batches(queries: int, references: int) -> Iterator[Ints]:
    """Positions of queries, so many at a time as products do best."""
    size = max(_FEWEST, _CELLS // max(1, references))
    for start in range(0, queries, size):
        yield np.arange(start, min(queries, start + size))
