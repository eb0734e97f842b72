"""Which personal columns belong to one person: what their rows share decides, else what they are called.

A table of customers may hold a spouse, an agent and two addresses. Columns of one person are made to
agree in a row; those of different persons are not.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from mintmark.data.dataset import Dataset
from mintmark.data.known import blank, digests, in_one_form
from mintmark.data.personal import headers
from mintmark.data.personal.pools import folded
from mintmark.data.schema import Column

__all__ = ["identities", "labels", "persons", "shown"]

NAMES = ("first_name", "last_name", "name")
_LOOKED_AT = 300


def labels(data: Dataset) -> dict[str, str]:
    """Personal column to a label of the person it tells of; "" is the one the table is about."""
    personal = [column for column in data.schema if column.personal]
    out: dict[str, str] = {}
    for column in sorted(
        (c for c in personal if c.personal in NAMES), key=lambda c: NAMES.index(str(c.personal))
    ):
        out[column.name] = _named(data, column, out)
    if out and "" not in out.values():  # a table of customers only is about customers
        about = next(out[column.name] for column in personal if column.name in out)
        out = {name: "" if label == about else label for name, label in out.items()}
    people = set(out.values())
    for column in personal:
        if column.name in out:
            continue
        own = headers.whose(column.name)
        if column.personal == "email":
            own = next((out[n] for n in out if n in data.schema and _shares(data, n, column.name)), own)
        out[column.name] = own if own in people or own in headers.ROLES else ""
    return out


def _named(data: Dataset, column: Column, others: Mapping[str, str]) -> str:
    """The label of a column of names: that of names it agrees with, else of its own.

    A full name agrees with both halves: spouses share one of them.
    """
    halves = [column.personal] if column.personal != "name" else list(NAMES)
    alike = [name for name in others if data.schema[name].personal in halves]
    for label in dict.fromkeys(others[name] for name in alike):
        if all(_shares(data, name, column.name) for name in alike if others[name] == label):
            return label
    own = headers.whose(column.name)
    own = own if own in headers.ROLES else ""
    fresh = [own, *(f"{own} {more}" for more in range(2, len(others) + 3))]
    return next(label for label in fresh if label not in [others[name] for name in alike])


def _shares(data: Dataset, part: str, whole: str) -> bool:
    """Whether in most rows the one holds the other's words; of an e-mail address one word is enough."""
    enough: Callable[[list[bool]], bool] = any if data.schema[whole].personal == "email" else all
    hits = known = 0
    for one, other in zip(*(_texts(data, name) for name in (part, whole)), strict=True):
        words = [word for word in map(folded, one.split()) if len(word) > 1]
        if words and other.strip():
            known += 1
            hits += enough([word in folded(other.split("@")[0]) for word in words])
    return known >= 10 and hits >= 0.5 * known


def _texts(data: Dataset, name: str) -> list[str]:
    return [str(value or "") for value in data.table[name].slice(0, _LOOKED_AT).to_pylist()]


def shown(data: Dataset, column: Column) -> dict[str, Any]:
    """What an address shows of other columns: `{"shown": {"city": column, ...}}`; nothing for other kinds.

    Columns lie at the same place by their names: ``billing_city`` with ``billing_address``, a bare
    ``city`` with every address that has none of its own.
    """
    if column.personal != "address":
        return {}
    kinds = {other.name: _place(other) for other in data.schema if other.name != column.name}
    found = {kind: _partner(kind, column.name, kinds) for kind in ("street", "city", "postcode", "state")}
    return {"shown": {kind: name for kind, name in found.items() if name}}


def _place(column: Column) -> str | None:
    if column.personal:
        return column.personal
    if column.kind != "category" or column.dtype != "string":
        return None
    told = headers.hints(column.name) & {"city", "postcode"}
    return next(iter(told), "state" if "state" in headers.words(column.name) else None)


def _partner(kind: str, name: str, columns: Mapping[str, str | None]) -> str | None:
    place = headers.whose(name)
    alike = [other for other, held in columns.items() if held == kind]
    same = [other for other in alike if _where(other) == place]
    plain = [] if place in headers.ROLES else [other for other in alike if not _where(other)]
    return next(iter(same + plain), None)


def _where(name: str) -> str:
    """As `headers.whose`, but for what names a place itself: ``state``."""
    return " ".join(word for word in headers.whose(name).split() if word != "state")


def persons(data: Dataset, label: Mapping[str, str]) -> dict[str, Any]:
    """For each label how many rows are known, how many persons they tell of and how many names these
    have, and which columns follow from the person:
    `{"distinct": (rows, persons), "names": (persons, names), "follow": [columns]}`.
    """
    table, out = _without_blanks(data.table.select(list(label))), {}
    for one in dict.fromkeys(label.values()):
        own = [name for name in label if label[name] == one]
        names = [name for name in own if data.schema[name].personal in NAMES]
        ruling = names + [name for name in own if data.schema[name].personal == "email"]
        ruling = ruling or own[:1]
        many = _distinct(table, ruling)
        follow = [n for n in own if n in ruling or _distinct(table, [*ruling, n]) <= 1.05 * many]
        out[one] = {
            "distinct": (_known(table, ruling), many),
            "names": (many, min(many, _distinct(table, names or ruling))),
            "follow": follow,
        }
    return out


def identities(data: Dataset) -> dict[str, npt.NDArray[np.uint64]]:
    """For each personal column the digests of all real values of its kind, in whichever column they stand.

    A full name is also one whose halves stand in two columns.
    """
    kinds = {column.name: str(column.personal) for column in data.schema if column.personal}
    parts: dict[str, list[npt.NDArray[np.uint64]]] = {kind: [] for kind in kinds.values()}
    for name, kind in kinds.items():
        array = data.table[name]
        parts[kind].append(digests(in_one_form(array.filter(pc.invert(blank(array))), kind)))
    if "name" in parts:
        parts["name"] += [digests(_halves(data, *pair)) for pair in _pairs(kinds, labels(data))]
    every = {kind: np.unique(np.concatenate(some)) for kind, some in parts.items()}
    return {name: every[kind] for name, kind in kinds.items()}


def _pairs(kinds: Mapping[str, str], label: Mapping[str, str]) -> list[tuple[str, str]]:
    first, last = ([name for name in kinds if kinds[name] == kind] for kind in NAMES[:2])
    return [(one, other) for one in first for other in last if label[one] == label[other]]


def _halves(data: Dataset, first: str, last: str) -> list[str]:
    both = data.table.select([first, last]).drop_null()
    ones, others = (in_one_form(both[name], "name") for name in (first, last))
    return [one + other for one, other in zip(ones, others, strict=True)]


def _without_blanks(table: pa.Table) -> pa.Table:
    arrays = [pc.if_else(blank(array), None, array) for array in table.columns]
    return pa.table(dict(zip(table.column_names, arrays, strict=True)))


def _distinct(table: pa.Table, names: list[str]) -> int:
    """Different rows of these columns; only rows that hold all of them tell."""
    whole = table.select(names).drop_null()
    return int(whole.group_by(names).aggregate([]).num_rows)


def _known(table: pa.Table, names: list[str]) -> int:
    return int(table.select(names).drop_null().num_rows)
