"""Rows that a fitted model is asked about, as its fit saw those that it learnt."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from mintmark.data import derive
from mintmark.data.dataset import Dataset
from mintmark.data.protect import OTHER
from mintmark.data.read import read
from mintmark.data.schema import Column, Schema, arrow_type
from mintmark.data.streams import stream
from mintmark.errors import InputError, first_three
from mintmark.fitted import Fitted

__all__ = ["as_learnt", "as_type", "without_strange"]


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
        If a column is absent, or of a type that cannot be read as the one that was learnt.
    """
    data = data if isinstance(data, Dataset) else read(data)
    absent = [name for name in fitted.modelled.names if name not in data.schema]
    if absent:
        raise InputError(
            f"column {first_three(map(repr, absent))} is absent, which the model was fitted with."
        )
    left = derive.reduced(data, fitted.relations, stream(0, "reduce")).table
    for column in schema:
        if column.is_discrete and not pa.types.is_null(left[column.name].type):
            found = _merged(as_type(left[column.name], column), column)
            left = left.set_column(left.column_names.index(column.name), column.name, found)
    return data, left


def as_type(given: Any, column: Column) -> Any:
    """Values of the type that was learnt: a part of a column may read as another.

    Raises
    ------
    InputError
        If they cannot be.
    """
    kind = arrow_type(column.dtype)
    try:
        return given.cast(kind)
    except pa.ArrowException:
        raise InputError(
            f"column {column.name!r} holds {given.type} where {kind} was learnt. Give it as it was then."
        ) from None


def _merged(given: pa.ChunkedArray, column: Column) -> pa.ChunkedArray:
    """Rare categories as they were merged, where they were."""
    if OTHER not in (column.categories or ()):
        return given
    rare = pc.and_(pc.is_valid(given), pc.invert(pc.is_in(given, pa.array(column.categories, given.type))))
    return pc.if_else(rare, OTHER, given)


def without_strange(left: pa.Table, schema: Schema) -> tuple[pa.Table, dict[int, npt.NDArray[np.bool_]]]:
    """The rows without categories that the model does not know, which are told, and where these stood."""
    strange = {}
    for j, column in enumerate(schema):
        given = left[column.name]
        if not column.is_discrete or pa.types.is_null(given.type):
            continue
        words = pa.array(list(column.categories or ()), given.type)
        odd = pc.and_(pc.is_valid(given), pc.invert(pc.is_in(given, words)))
        if pc.any(odd).as_py():
            strange[j] = np.asarray(odd)
            _tell_of(column.name, given.filter(odd))
            left = left.set_column(
                left.column_names.index(column.name),
                column.name,
                pc.if_else(odd, pa.scalar(None, given.type), given),
            )
    return left, strange


def _tell_of(name: str, values: pa.ChunkedArray) -> None:
    shown = first_three(map(repr, pc.unique(values).to_pylist()))
    rows = f"{len(values):,} row" + "s" * (len(values) != 1)
    warnings.warn(
        f"column {name!r}: the model does not know {shown} ({rows}), which is read as unknown.",
        stacklevel=5,
    )
