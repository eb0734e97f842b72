"""A database as flat tables: each table without its keys, and children beside their parent's columns.

Columns are named ``table.column``. Whose a row is stands in `FAMILY`, a column of role
``sequence_key``: so rows of one family count as one draw, also among synthetic rows.
"""

from __future__ import annotations

import dataclasses

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from mintmark.data.database import Database, ForeignKey
from mintmark.data.dataset import Dataset
from mintmark.data.schema import Column, Schema

__all__ = ["FAMILY", "inside", "joined", "table_view", "told"]

FAMILY = "(family)"
Ints = npt.NDArray[np.int64]


def told(database: Database, name: str) -> list[str]:
    """Columns of a table that say something of its rows: no end of a foreign key, no key, no group."""
    ends = {link.column for link in database.links if link.child == name}
    ends |= {link.key for link in database.links if link.parent == name}
    keys = {"key", "group", "sequence_key"}
    return [c.name for c in database[name].schema if c.name not in ends and not keys & set(c.roles)]


def inside(database: Database) -> list[ForeignKey]:
    """Foreign keys whose both ends lie in one family."""
    return [
        link
        for link in database.links
        if link.child not in database.shared and database.root(link.child) == database.root(link.parent)
    ]


def table_view(database: Database, name: str) -> Dataset:
    """The rows of one table, with whose they are."""
    return _whose(_named(database, name), database.families[name])


def joined(database: Database, link: ForeignKey) -> Dataset:
    """Each child row that has a parent, beside the parent's columns."""
    at = database.parents(link)
    has = at >= 0
    child, parent = _named(database, link.child).take(has), _named(database, link.parent).take(at[has])
    columns = {name: data.table[name] for data in (child, parent) for name in data.names}
    schema = Schema((*child.schema, *parent.schema))
    return _whose(Dataset(pa.table(columns), schema), database.families[link.child][has])


def _named(database: Database, name: str) -> Dataset:
    data = database[name].select(told(database, name))
    columns = tuple(
        dataclasses.replace(
            column, name=f"{name}.{column.name}", roles=tuple(r for r in column.roles if r != "target")
        )
        for column in data.schema
    )
    arrays = {f"{name}.{column}": data.table[column] for column in data.names}
    return Dataset(pa.table(arrays), Schema(columns))


def _whose(data: Dataset, family: Ints) -> Dataset:
    mark = Column(name=FAMILY, kind="integer", dtype="int64", roles=("sequence_key",))
    table = data.table.append_column(FAMILY, pa.chunked_array([pa.array(family)]))
    return Dataset(table, Schema((*data.schema, mark)))
