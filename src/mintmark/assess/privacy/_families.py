"""Whole families of a database as the copy tests see them: what they hold, and where they lie."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from mintmark.assess._views import table_view
from mintmark.assess.privacy._near import source
from mintmark.assess.privacy._rows import Rows
from mintmark.data.database import Database
from mintmark.stats.neighbours import Points, Space, nearest

__all__ = ["closeness", "contents", "points"]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
_SHARES = 8  # most frequent categories of a child's column whose shares describe a family
_DIGITS, _TINY = 5, 1e-4


def contents(
    databases: Mapping[str, Database], root: str, rng: np.random.Generator
) -> dict[str, npt.NDArray[np.uint64]]:
    """For each role and family a number that is the same where root row and all its rows are the same.

    The sum, modulo 2^64, of a random number for each distinct row of each table: a hash of the multiset
    that hits by chance once in 2^64.
    """
    found = {role: np.zeros(len(data[root]), dtype=np.uint64) for role, data in databases.items()}
    for name in _tree(databases["train"], root):
        same = Rows({role: table_view(data, name) for role, data in databases.items()}).identities
        most = max(int(values.max(initial=0)) for values in same.values())
        marks = rng.integers(2**64, size=most + 1, dtype=np.uint64)
        for role, data in databases.items():
            family = data.families[name]
            kept = family < len(found[role])  # rows without a parent belong to no root
            np.add.at(found[role], family[kept], marks[same[role][kept]])
    return found


def points(databases: Mapping[str, Database], root: str) -> dict[str, Points]:
    """For each role its families in one space: the root's columns, and for each table below how many rows
    there are, the means and spreads of numbers and the shares of the most frequent categories."""
    columns: dict[str, dict[str, npt.NDArray[np.generic]]] = {role: {} for role in databases}
    sizes: dict[str, int] = {}
    for name in _tree(databases["train"], root):
        rows = Rows({role: table_view(data, name) for role, data in databases.items()})
        if name == root:
            for column in rows.scored:
                values = {role: source(rows, column.name, role) for role in databases}
                if not column.is_numeric:
                    sizes[column.name] = int(max(code.max(initial=-1) for code in values.values())) + 1
                for role in databases:
                    columns[role][column.name] = values[role]
            continue
        for role, data in databases.items():
            columns[role] |= _summary(rows, role, name, data.families[name], len(data[root]))
    space = Space.of(columns["train"], sizes)
    return {role: space.place(columns[role]) for role in databases}


def closeness(queries: Points, train: Points, others: Points) -> Floats:
    """How much nearer to train than to other real families, log of the ratio; shape (n,)."""
    near, far = (np.round(nearest(queries, one)[:, 0], _DIGITS) + _TINY for one in (train, others))
    ratio: Floats = np.log(far) - np.log(near)
    return ratio


def _tree(database: Database, root: str) -> list[str]:
    return [name for name in database.tables if database.root(name) == root]


def _summary(rows: Rows, role: str, name: str, family: Ints, roots: int) -> dict[str, Floats]:
    """What the rows of one table say of each family; missing where it has none."""
    kept = family < roots
    family = family[kept]
    count = np.bincount(family, minlength=roots).astype(np.float64)
    found = {name: count}

    def mean(values: Floats) -> Floats:
        known = ~np.isnan(values)
        total = np.bincount(family[known], weights=values[known], minlength=roots)
        number = np.bincount(family[known], minlength=roots)
        out: Floats = np.divide(total, number, out=np.full(roots, np.nan), where=number > 0)
        return out

    for column in rows.scored:
        if column.is_numeric:
            values = rows.numeric(column.name, role)[kept]
            found[column.name] = mean(values)
            found[f"{column.name} spread"] = mean(np.abs(values - found[column.name][family]))
            continue
        train = rows.values[column.name]["train"]
        frequent = np.argsort(-np.bincount(train[train >= 0], minlength=1), kind="stable")[:_SHARES]
        codes = rows.values[column.name][role][kept]
        found |= {f"{column.name} {code}": mean((codes == code).astype(np.float64)) for code in frequent}
    return found
