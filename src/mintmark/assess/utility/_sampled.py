"""Rows that models learn from and are tested on: of large tables a sample, stratified by the target.

Systematic draws from the rows in order of the target (Cochran 1977, chapter 8): each class, and each
stretch of a number, has its share of the sample to within one row.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pyarrow.compute as pc

from mintmark.assess import _large
from mintmark.assess._codes import Coded, coded_rows, once, subset
from mintmark.data.dataset import Dataset
from mintmark.data.encode import numbers
from mintmark.data.streams import stream
from mintmark.metric import Score, Tables

__all__ = ["sampled", "told"]


def sampled(tables: Tables, which: str, rows: int) -> Coded:
    """At most `rows` rows of a table, drawn the same at every call; stratified where it is large."""
    data: Dataset = getattr(tables, which)
    if len(data) <= max(rows, _large.LARGE) or tables.target is None:
        return subset(tables, which, rows)

    def cut() -> Coded:
        rng = stream(tables.shared.get("seed", 0), "assess", "strata", which, rows)
        return coded_rows(tables, which, np.sort(_strata(data, str(tables.target), rows, rng)))

    return once(tables, f"strata {which} {rows}", cut)  # type: ignore[no-any-return]


def _strata(data: Dataset, target: str, rows: int, rng: np.random.Generator) -> npt.NDArray[np.int64]:
    column, array = data.schema[target], data.table[target].combine_chunks()
    if column.is_numeric:
        values = numbers(array, column)
    else:
        found = pc.fill_null(pc.dictionary_encode(array).indices, -1)
        values = found.to_numpy(zero_copy_only=False)
    shuffled = rng.permutation(len(data))
    order = shuffled[np.argsort(values[shuffled], kind="stable")]
    return order[((np.arange(rows) + rng.random()) * (len(data) / rows)).astype(np.int64)]


def told(
    tables: Tables, scores: Sequence[Score], rows: int, how: str = "in proportion to the target"
) -> list[Score]:
    """The scores, whose conventions say what was drawn of large tables."""
    given = (tables.train, tables.synthetic, tables.holdout)
    if max(len(data) for data in given if data is not None) <= _large.LARGE:
        return list(scores)
    drawn = f"; above {_large.LARGE:,} rows at most {rows:,} of each table are drawn, {how}"
    return [replace(one, convention=one.convention + drawn) if one.convention else one for one in scores]
