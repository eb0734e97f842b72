"""Derived columns: found in the data, left out of what a method learns, made again exactly.

A relation is a JSON record ``{"relation": sort, "column": name, ...}``. Each sort is a module with
these functions, see `Sort`. Relations are found one sort after another, each on what the sorts before
left to model, so a record reads only columns that are still there when it is found; they are made
again in the opposite order.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

import numpy as np
import pyarrow as pa

from mintmark.data import (
    derive_bands,
    derive_copy,
    derive_declared,
    derive_formula,
    derive_joint,
    derive_lookup,
    derive_missing,
    derive_residual,
)
from mintmark.data._evidence import made
from mintmark.data.dataset import Dataset
from mintmark.data.formula import Formula
from mintmark.data.protect import protect
from mintmark.data.schema import Schema
from mintmark.data.where import NoneMeets, Where
from mintmark.errors import InputError

__all__ = ["asked", "find", "made", "reduced", "restored", "whole", "words"]

Record = Mapping[str, Any]


Search = Callable[[Dataset, Sequence[Record], np.random.Generator], list[dict[str, Any]]]
"""Finds records that hold on every row; none makes the target, or a column that another makes.

What is made by the records found before is not yet there when the new ones are made again.
"""


class Sort(Protocol):
    """What a module of one sort of relation offers."""

    def reduce(self, data: Dataset, record: Record, rng: np.random.Generator) -> Dataset:
        """What is left to model."""

    def restore(self, arrays: dict[str, pa.Array], record: Record, schema: Schema) -> None:
        """Put the record's columns into `arrays`, from the others in it."""

    def asked(self, record: Record, where: Where, schema: Schema, drawn: Schema) -> dict[str, Any]:
        """The condition with what it says of a derived column said of its sources, or left out.

        Raises `NoneMeets` where the relation shows that no row meets it.
        """

    def words(self, record: Record) -> tuple[str, str]:
        """How the column is made, and why, for people."""


_SORTS: dict[str, Sort] = {
    "joint": derive_joint,
    "copy": derive_copy,
    "lookup": derive_lookup,
    "bands": derive_bands,
    "formula": derive_formula,
    "residual": derive_residual,
    "missing": derive_missing,
}
_SEARCHES: tuple[Search, ...] = (
    derive_joint.search,
    derive_declared.search,
    derive_copy.search,
    derive_lookup.search,
    derive_bands.search,
    derive_formula.search,
    derive_residual.search,
    derive_missing.search,
)


def find(data: Dataset, rng: np.random.Generator) -> list[dict[str, Any]]:
    """The relations that hold on every row, sort by sort.

    Parameters
    ----------
    data : Dataset
        The rows as they are: where extremes are drawn in or rare categories merged, an exact
        relation no longer shows. A record names no category of fewer than ten persons.
    rng : numpy.random.Generator
        For the sample that is searched; what is found there is held against all rows.

    Returns
    -------
    list of JSON records, for `reduced` and `restored`
    """
    records: list[dict[str, Any]] = []
    for search in _SEARCHES:
        for record in search(data, list(records), rng):
            records.append(record)
            data = _SORTS[record["relation"]].reduce(data, record, rng)
    return records


def reduced(data: Dataset, records: Sequence[Record], rng: np.random.Generator) -> Dataset:
    """The rows with only what is left to model."""
    for record in records:
        data = _SORTS[record["relation"]].reduce(data, record, rng)
    return data


def restored(table: pa.Table, records: Sequence[Record], schema: Schema) -> pa.Table:
    """Every column of `schema`, in its order and types, from the columns that were left to model."""
    arrays = {name: table[name].combine_chunks() for name in table.column_names}
    for record in reversed(records):
        _SORTS[record["relation"]].restore(arrays, record, schema)
    return pa.table([arrays[name] for name in schema.names], schema=schema.arrow)


def whole(modelled: Dataset, records: Sequence[Record], schema: Schema, rng: np.random.Generator) -> Dataset:
    """Protected rows with every column, under their public schema.

    The ends and categories of a derived column are those of the column as it is made from protected
    rows, so that it meets them as its sources meet theirs.

    Parameters
    ----------
    modelled : Dataset
        The protected rows that were left to model, keys among them.
    schema : Schema
        Of the rows as they were given.
    """
    if not records:
        return modelled
    made_here = made(records)
    table = restored(modelled.table, records, schema)
    persons = [column.name for column in schema if "group" in column.roles]
    names = [name for name in schema.names if name in made_here or name in persons]
    public = protect(Dataset(table.select(names), schema.select(names)), rng).schema
    sorts = {name: {r["relation"] for r in records if r["column"] == name} for name in made_here}
    told = []
    for name in schema.names:
        column = modelled.schema[name] if name not in made_here else public[name]
        if sorts.get(name) == {"missing"}:  # drawn in its own ends, only its gaps are made
            column = dataclasses.replace(modelled.schema[name], missing=column.missing)
        told.append(column)
    made_of = Schema(tuple(told), schema.checks)
    for record in reversed(records):  # sources first
        if record["relation"] in ("copy", "formula"):
            sort = derive_copy if record["relation"] == "copy" else derive_formula
            made_of = sort.widened(record, schema, made_of)
    return Dataset(table, made_of)


def asked(where: Where, records: Sequence[Record], schema: Schema, drawn: Schema) -> dict[str, Any]:
    """What a condition says of the columns that were left to model; the base checks the rest.

    Rows that meet the condition always meet what is returned, not the other way round. `schema` is
    that of the whole rows, `drawn` that of what is modelled.

    Raises
    ------
    InputError
        If a relation rules out that any row meets the condition; names the columns and the relation.
    """
    told = dict(where)
    for record in records:
        sort = _SORTS[record["relation"]]
        try:
            told = sort.asked(record, told, schema, drawn)
        except NoneMeets:
            shown = " and ".join(f"{name!r}: {_short(told[name])}" for name in _named(record) if name in told)
            raise InputError(
                f"where: {shown} cannot hold together, because {record['column']} is "
                f"{sort.words(record)[0]}. Drop or widen one of them."
            ) from None
    return told


def _named(record: Record) -> list[str]:
    """The columns of the whole table that a record speaks of."""
    read = Formula(record["formula"]).names if "formula" in record else ()
    return [record["column"], *record.get("columns", ()), *([record["of"]] if "of" in record else []), *read]


def _short(wanted: Any) -> str:
    text = repr(wanted)
    return text if len(text) <= 80 else f"{text[:76]} ..."


def words(records: Sequence[Record]) -> list[dict[str, str]]:
    """For each record what is made, how and why, in plain text."""
    told = [(record["column"], *_SORTS[record["relation"]].words(record)) for record in records]
    return [{"what": what, "chosen": chosen, "why": why} for what, chosen, why in told]
