"""What a table holds, column by column, for `mintmark inspect`: read by its owner, never released."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from mintmark.data import _names
from mintmark.data.dataset import Dataset
from mintmark.data.encode import distinct, numbers, scalar
from mintmark.data.images import sizes
from mintmark.data.infer import explain
from mintmark.data.schema import Column
from mintmark.errors import InputError, MissingExtraError

__all__ = ["profile"]

MOST_SHOWN = 5
MANY_CATEGORIES = 1_000


def profile(data: Dataset) -> list[dict[str, Any]]:
    """One record a column.

    Returns
    -------
    list of dict
        ``name``, ``kind``, ``dtype``, ``roles``, ``why`` (it was taken for that), ``personal`` and
        ``locale`` (None where it holds nothing of a person; else no value is shown), ``missing``
        (share, 0..1), ``distinct``, ``low`` and ``high`` (numeric kinds) or ``top`` (most frequent
        values with counts), ``sizes`` (least and greatest height and width) and ``channels`` of pictures,
        ``warnings``.
    """
    return [_record(data.table[column.name], column) for column in data.schema]


def _record(array: pa.ChunkedArray, column: Column) -> dict[str, Any]:
    missing = array.null_count / len(array) if len(array) else 0.0
    record: dict[str, Any] = {
        "name": column.name,
        "kind": column.kind,
        "dtype": column.dtype,
        "roles": list(column.roles),
        "why": explain(array, column),
        "personal": column.personal,
        "locale": column.locale,
        "missing": missing,
        "distinct": len(pc.unique(array).drop_null()),
    }
    if column.is_numeric and missing < 1 and not column.personal:
        floats = numbers(array, column)
        record["low"] = scalar(float(np.nanmin(floats)), column)
        record["high"] = scalar(float(np.nanmax(floats)), column)
    elif column.is_discrete and missing < 1 and not column.personal:
        values, counts = distinct(array)
        first = np.argsort(-counts, kind="stable")[:MOST_SHOWN]
        record["top"] = [(values[i], int(counts[i])) for i in first]
    unread = []
    if column.kind == "image" and missing < 1:
        try:
            record |= _pictures(array)
        except (InputError, MissingExtraError) as error:  # the other columns are still worth showing
            unread = [str(error)]
    record["warnings"] = _warnings(array, column, record) + unread
    return record


def _pictures(array: pa.ChunkedArray) -> dict[str, Any]:
    found = sizes(array.drop_null())
    sides = [found[:, :2].min(axis=0).tolist(), found[:, :2].max(axis=0).tolist()]
    return {"sizes": sides, "channels": np.unique(found[:, 2]).tolist()}


def _warnings(array: pa.ChunkedArray, column: Column, record: dict[str, Any]) -> list[str]:
    known = len(array) - array.null_count
    found = []
    if known == 0:
        return ["every value is missing"]
    if record["distinct"] == 1:
        found.append("always the same value")
    if record["missing"] > 0.5:
        found.append(f"{record['missing']:.0%} missing")
    named = _names.is_identifier(column.name)
    keyed = {"key", "group", "foreign_key", "sequence_key"} & set(column.roles)
    if column.personal:
        return [*found, f"personal: replaced by made {column.personal} values ({column.locale}); never shown"]
    if named and not keyed and record["distinct"] > 0.5 * known:
        found.append("named and filled like an identifier: give it role 'key' or 'group', or drop it")
    if column.kind == "text" and not keyed:
        found.append("free text: no method makes it yet, drop it or mark it as key")
    if column.kind == "image":
        found.append(
            "image: only resamplers of pictures make it, from rare classes, and what is written holds its "
            "every byte"
        )
    if column.kind in ("audio", "array"):
        found.append(f"{column.kind}: no method makes it yet, and what is written holds its every byte")
    if column.is_discrete and not keyed and record["distinct"] > MANY_CATEGORIES:
        found.append(f"{record['distinct']:,} categories: those of fewer than 10 persons will not be kept")
    if "target" in column.roles and column.is_discrete and record["distinct"] > 100:
        found.append("a target of more than 100 classes")
    return found
