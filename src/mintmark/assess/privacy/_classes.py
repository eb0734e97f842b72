"""Equivalence classes: rows alike in every quasi-identifier, and the secrets to be learnt of them."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from mintmark.assess.privacy._rows import Rows
from mintmark.metric import NotRun

__all__ = ["classes", "declared"]

Ints = npt.NDArray[np.int64]


def declared(rows: Rows) -> tuple[list[str], list[str]]:
    """Quasi-identifiers, and what they may give away: role `sensitive`, else all other columns.

    Raises
    ------
    NotRun
        If no quasi-identifier is declared, or nothing is left to be learnt.
    """
    schema = rows.tables["train"].schema
    known = [name for name in schema.with_role("quasi_identifier") if name in rows.values]
    if not known:
        raise NotRun(
            "no column has the role quasi_identifier. Give it to what an attacker can know of a person: "
            "data.edit(name, roles=('quasi_identifier',))."
        )
    secrets = [column for column in rows.scored if column.kind != "text" and column.name not in known]
    chosen = [c.name for c in secrets if "sensitive" in c.roles] or [c.name for c in secrets]
    if not chosen:
        raise NotRun("every column is a quasi-identifier: there is nothing to be learnt. Declare fewer.")
    return known, chosen


def classes(rows: Rows, names: list[str]) -> dict[str, Ints]:
    """For each role the class of every row, from 0, the same number for the same values in all tables."""
    sizes = [len(data) for data in rows.tables.values()]
    same = np.zeros(sum(sizes), dtype=np.int64)
    for name in names:
        coded = np.concatenate(list(rows.values[name].values()))
        both = same * (coded.max(initial=-1) + 2) + coded + 1
        same = np.unique(both, return_inverse=True)[1].astype(np.int64)
    return dict(zip(rows.tables, np.split(same, np.cumsum(sizes)[:-1]), strict=True))
