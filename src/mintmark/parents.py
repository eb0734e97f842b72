"""What `_draw` may tell beside its rows: which real rows each was made from, and what its filters rejected.

Parents stay with their row, as the last column of a block, through every check, redraw and repair; before
anything is handed out the base parts them from the rows, so that they are in no table that is released.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

__all__ = ["PARENTS", "Traced", "beside", "numbered", "parted"]

PARENTS = pa.schema([("parent_a", pa.int64()), ("parent_b", pa.int64()), ("weight", pa.float64())])
"""Rows of the fitted table, from 0, missing where a parent is no real row; and how far from a to b the new
row lies: on a segment it is a + weight * (b - a)."""
_TYPE = pa.struct(list(PARENTS))
_NAME = "parents"  # told by its type and place: a column of the data may have the same name


@dataclass(frozen=True)
class Traced:
    """Rows and what is known of them.

    Parameters
    ----------
    table : pyarrow.Table
    parents : pyarrow.Table, optional
        Of schema `PARENTS`, a line for each row; -1 is no real row.
    rejected : mapping of str to int
        Rows that a filter of the method itself rejected and made again, by the filter's name.
    """

    table: pa.Table
    parents: pa.Table | None = None
    rejected: Mapping[str, int] = field(default_factory=dict)


def numbered(parents: pa.Table, kept: npt.NDArray[np.int64] | None) -> pa.Table:
    """The same parents as rows of a larger table, whose rows `kept` they are rows of (all, where None)."""
    arrays = []
    for name in PARENTS.names[:2]:
        rows = pc.fill_null(parents[name], -1).to_numpy()
        known = rows >= 0
        arrays.append(pa.array(rows if kept is None else kept[np.where(known, rows, 0)], mask=~known))
    return pa.table([*arrays, parents["weight"]], schema=PARENTS)


def beside(table: pa.Table, parents: pa.Table | None) -> pa.Table:
    """The rows with their parents as one more column."""
    if parents is None:
        return table
    arrays = [column.combine_chunks() for column in parents.columns]
    return table.append_column(_NAME, pa.StructArray.from_arrays(arrays, fields=list(PARENTS)))


def parted(table: pa.Table) -> tuple[pa.Table, pa.Table | None]:
    """The rows alone, and their parents where they have some; undoes `beside`."""
    last = table.num_columns - 1
    if last < 0 or table.schema.types[last] != _TYPE:
        return table, None
    parents = pa.table(table.column(last).combine_chunks().flatten(), schema=PARENTS)
    return table.select(list(range(last))), parents
