"""Rows that a fitted model is asked about, as its fit saw those that it learnt."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from mintmark.data import derive
from mintmark.data.dataset import Dataset
from mintmark.data.protect import OTHER
from mintmark.data.read import read
from mintmark.data.schema import Schema
from mintmark.data.streams import stream
from mintmark.errors import InputError, first_three
from mintmark.synthesizer import Fitted

__all__ = ["as_learnt"]


def as_learnt(data: Any, fitted: Fitted, schema: Schema) -> tuple[Dataset, pa.Table]:
    """The rows as they were given, and the columns that were learnt, rare categories merged as then.

    Parameters
    ----------
    data : Dataset, or a table that `mintmark.read` takes
    schema : Schema
        Of the columns that the method learnt.

    Raises
    ------
    InputError
        If a column is absent.
    """
    data = data if isinstance(data, Dataset) else read(data)
    absent = [name for name in fitted.modelled.names if name not in data.schema]
    if absent:
        raise InputError(
            f"column {first_three(map(repr, absent))} is absent, which the model was fitted with."
        )
    left = derive.reduced(data, fitted.relations, stream(0, "reduce")).table
    for column in schema:
        kind = left[column.name].type
        if column.is_discrete and OTHER in (column.categories or ()) and not pa.types.is_null(kind):
            words = pa.array(list(column.categories or ()), kind)
            rare = pc.and_(pc.is_valid(left[column.name]), pc.invert(pc.is_in(left[column.name], words)))
            merged = pc.if_else(rare, OTHER, left[column.name])
            left = left.set_column(left.column_names.index(column.name), column.name, merged)
    return data, left
