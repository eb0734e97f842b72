"""Linkability: does the released table tell that two partial records belong to one person?

Two holders each know a person by columns of their own. Each looks up the nearest released rows; if
a row is among both, they link their records (Article 29 Working Party, Opinion 05/2014; the join of
two releases through a third table is that of record linkage, Fellegi and Sunter 1969, JASA 64).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

import numpy as np
import numpy.typing as npt
from pydantic import Field

from mintmark.assess._threads import in_threads
from mintmark.assess.privacy._attacks import FIGURES, against, attacked, floored, targets
from mintmark.assess.privacy._near import Near, batches
from mintmark.assess.privacy._rows import Rows, joint_rows
from mintmark.errors import InputError, UnknownNameError
from mintmark.method import method
from mintmark.metric import Metric, NotRun, Score, Tables
from mintmark.stats.mixed import Block
from mintmark.stats.shares import z_of

__all__ = ["Linkability"]

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Rng = np.random.Generator
Halves = tuple[list[str], list[str]]

_SPLITS = 4
_FLOOR = 100  # persons attacked in the floor's measurement, for each split
_SOURCE = "Article 29 Working Party, Opinion 05/2014; interval of Newcombe (1998)"


@method
class Linkability(Metric):
    """Records of one person linked through the released rows, beyond those linked of strangers.

    Two attackers hold the person's true values, each in half of the columns, and both hold the
    released rows. Which columns are together is drawn at random four times, unless `sets` tells.
    Rows that are equally near all count as nearest.
    """

    family = "privacy"
    direction = "lower"
    targets: Annotated[
        int, Field(ge=100, description="persons of train attacked, and as many of holdout")
    ] = 2000
    neighbours: Annotated[
        int, Field(ge=1, description="nearest released rows that each attacker looks at")
    ] = 1
    sets: Annotated[
        tuple[tuple[str, ...], tuple[str, ...]] | None,
        Field(description="columns that either attacker holds"),
    ] = None

    def _measure(self, tables: Tables, rng: Rng) -> list[Score]:
        rows = joint_rows(tables)
        splits = self._splits([column.name for column in rows.scored], rng)
        most = attacked(rows, self.targets)
        found = self._linked(rows, "synthetic", splits, most, rng)
        floor = self._linked(rows, "train", splits, floored(most, _FLOOR * len(splits)), rng)
        every = [np.concatenate([one[role] for one in found]) for role in ("train", "holdout")]
        told = against(every[0], every[1], z_of())
        n = len(tables.synthetic)
        each = [
            {"columns": list(halves), **against(one["train"], one["holdout"], z_of(len(splits)))}
            for halves, one in zip(splits, found, strict=True)
        ]
        base = [np.concatenate([one[role] for one in floor]).mean() for role in ("train", "holdout")]
        return [
            Score(
                metric="linkability",
                family="privacy",
                estimate=told["estimate"],
                interval=told["interval"],
                direction="lower",
                ceiling=0.0,
                floor=float(base[0] - base[1]),
                n=n,
                variance="draw of the persons attacked in train and holdout (Newcombe)",
                estimand=(
                    "how much more often the two parts of a person's record are linked for those learnt from "
                    "than for others of the population, given the released rows and the columns of each part"
                ),
                convention=(
                    f"share of {len(every[0])} persons of train for whom a released row is among the "
                    f"{self.neighbours} nearest on either part of the columns (ties included; numbers by "
                    f"released ranks), minus the same share of {len(every[1])} of the holdout; "
                    + ("parts as declared" if self.sets else f"mean of {len(splits)} random halves")
                ),
                source=_SOURCE,
                details={key: told[key] for key in FIGURES[2:]}
                | {"baseline": 1 - (1 - min(self.neighbours / n, 1)) ** self.neighbours, "splits": each},
            )
        ]

    def _splits(self, names: list[str], rng: Rng) -> list[Halves]:
        if self.sets is not None:
            return [_declared(self.sets, names)]
        if len(names) < 2:
            raise NotRun("one column cannot be held in two parts. Give a table of two columns or more.")
        splits: dict[frozenset[frozenset[str]], Halves] = {}
        for _ in range(10 * _SPLITS):
            order = rng.permutation(len(names))
            parts = [[names[at] for at in np.sort(part)] for part in np.array_split(order, 2)]
            splits.setdefault(frozenset(map(frozenset, parts)), (parts[0], parts[1]))
        return list(splits.values())[:_SPLITS]

    def _linked(
        self, rows: Rows, released: str, splits: list[Halves], most: int, rng: Rng
    ) -> list[dict[str, Floats]]:
        """For each split whether each person attacked under it is linked."""
        near = Near.of(rows, released)
        people = {role: targets(rows, role, most, rng) for role in ("train", "holdout")}
        shares = {role: np.array_split(some, len(splits)) for role, some in people.items()}
        jobs = [(role, at) for role in people for at in range(len(splits))]
        linked = in_threads(
            lambda job: self._shared(near, rows, job[0], shares[job[0]][job[1]], splits[job[1]]), jobs
        )
        found = dict(zip(jobs, linked, strict=True))
        return [{role: found[role, at] for role in people} for at in range(len(splits))]

    def _shared(self, near: Near, rows: Rows, role: str, some: Ints, halves: Halves) -> Floats:
        placed = near.placed(rows, role, some)
        queries = [placed.on(part) for part in halves]
        parts = batches(len(some), near.released.rows)
        return np.concatenate(
            [np.zeros(0), *(self._linked_rows(near, queries, halves, part) for part in parts)]
        )

    def _linked_rows(self, near: Near, queries: list[Block], halves: Halves, batch: Ints) -> Floats:
        """Whether each of a batch is linked, 1 or 0."""
        from mintmark.stats._least import keep_least  # compiles once: not before it is needed

        nearest = [np.full((len(batch), self.neighbours), np.inf, dtype=np.float32) for _ in halves]
        for block in _squares(near, queries, halves, batch):
            for squares, best in zip(block, nearest, strict=True):
                keep_least(squares, best)
        limits = [best[:, -1:] for best in nearest]
        linked = np.zeros(len(batch))
        for block in _squares(near, queries, halves, batch):  # found again rather than kept
            both = np.logical_and(*(found <= limit for found, limit in zip(block, limits, strict=True)))
            linked = np.maximum(linked, both.any(axis=1))
        return linked


def _squares(
    near: Near, queries: list[Block], halves: Halves, batch: Ints
) -> Iterator[list[npt.NDArray[np.float32]]]:
    """Distances to some released rows after others, on either half of the columns."""
    for _, block in near.blocks(len(batch)):
        yield [
            near.mixed.squares(query.take(batch), block.on(part))
            for query, part in zip(queries, halves, strict=True)
        ]


def _declared(sets: tuple[tuple[str, ...], tuple[str, ...]], names: list[str]) -> Halves:
    for part in sets:
        if not part:
            raise InputError("linkability: each of the two sets needs a column.")
        for name in part:
            if name not in names:
                raise UnknownNameError("column to link", name, names)
    return list(sets[0]), list(sets[1])
