"""Referential integrity: whether every synthetic foreign key leads to a row that is there."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import numpy as np

from mintmark.assess._worst import worst_of
from mintmark.data.database import Database, ForeignKey
from mintmark.method import method, name_of
from mintmark.metric import Family, Metric, NotRun, Score, Tables

__all__ = ["ReferentialIntegrity"]


@method
class ReferentialIntegrity(Metric):
    """Share of the synthetic values of a foreign key that exist in its parent, of the worst key."""

    family: ClassVar[Family] = "fidelity"
    of_databases: ClassVar[bool] = True

    def _measure(self, tables: Tables, rng: np.random.Generator) -> list[Score]:
        databases = tables.databases or {}
        keys = databases["train"].links
        if not keys:
            raise NotRun("the database has no foreign key. Name the keys in `Database`.")
        return [worst_of({str(key): self._score(databases, key) for key in keys}, "keys")]

    def _score(self, databases: Mapping[str, Database], key: ForeignKey) -> Score:
        shares = {role: _share(data, key) for role, data in databases.items()}
        found, n = shares["synthetic"]
        if not n:
            return Score(
                metric=name_of(type(self)), family=self.family, status="not run",
                reason="every synthetic value is missing: none leads anywhere. Give children their parents.",
            )  # fmt: skip
        return Score(
            metric=name_of(type(self)),
            family=self.family,
            estimate=found,
            interval=(found, found),
            ceiling=shares.get("holdout", shares["train"])[0],
            n=n,
            variance="none: every released value is looked up",
            estimand="the share among the released rows",
            convention=(
                "share of a foreign key's known values that occur in the parent's key; ceiling: holdout "
                "(train without one); no floor, since a key drawn at random may exist or not"
            ),
            source="referential integrity (Codd 1970)",
        )


def _share(database: Database, key: ForeignKey) -> tuple[float, int]:
    """Share of the known values that exist, and their number."""
    at = database.parents(key)
    known = at[at != -1]
    return (float((known >= 0).mean()) if len(known) else 1.0), len(known)
