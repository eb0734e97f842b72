"""Parent-child pairs: how columns of a parent hang together with columns of its children."""

from __future__ import annotations

import dataclasses
from typing import ClassVar

import numpy as np

from mintmark.assess._codes import Coded, Coding, codings, equal, subset
from mintmark.assess._views import joined, told
from mintmark.assess._worst import worst_of
from mintmark.assess.fidelity.pair_trends import pairs_score
from mintmark.data.database import ForeignKey
from mintmark.method import method, name_of
from mintmark.metric import Family, Metric, NotRun, Score, Tables

__all__ = ["ParentChildPairs"]

_MOST = 40  # columns of either side


@method
class ParentChildPairs(Metric):
    """Mean over (parent column, child column) of one minus how much their relation differs from train's.

    Of the worst foreign key. Rows of one family count as one draw.
    """

    family: ClassVar[Family] = "fidelity"
    of_databases: ClassVar[bool] = True

    def _measure(self, tables: Tables, rng: np.random.Generator) -> list[Score]:
        train = (tables.databases or {})["train"]
        scores = {}
        for key in train.links:
            if key.child in train.shared or not (told(train, key.child) and told(train, key.parent)):
                continue
            flat = _flat(tables, key)
            names = codings(flat)
            sides = [
                [name for name in names if name.startswith(f"{side}.")][:_MOST]
                for side in (key.parent, key.child)
            ]
            if all(sides) and not len(flat.synthetic):
                scores[str(key)] = Score(
                    metric=name_of(type(self)), family=self.family, status="not run",
                    reason="no synthetic row leads to a parent that exists. Mend the key.",
                )  # fmt: skip
            elif all(sides):
                plans = {name: names[name] for side in sides for name in side}
                scores[str(key)] = self._score(flat, plans, sides, rng)
        if not scores:
            raise NotRun("no foreign key has a scored column at both of its ends and rows that meet.")
        return [worst_of(scores, "keys")]

    def _score(
        self, flat: Tables, plans: dict[str, Coding], sides: list[list[str]], rng: np.random.Generator
    ) -> Score:
        parent, child = sides
        # real rows that train does not hold carry the noise that the ceiling has as well
        unseen = flat.holdout is not None
        rows = equal(flat, "holdout") if unseen else subset(flat, "train", len(flat.synthetic))
        return pairs_score(
            flat, plans, [(a, b) for a in parent for b in child], _parted(rows, parent, rng),
            metric=name_of(type(self)),
            convention=(
                "mean over pairs of a parent's and a child's column, children joined to their parent, of 1 - "
                "difference from train (measured as by pair_trends); ceiling: holdout against train; floor: "
                "the holdout's (without one, train's) children given to any parent; at most "
                f"{_MOST} columns of either side"
            ),
        )  # fmt: skip


def _flat(tables: Tables, key: ForeignKey) -> Tables:
    """Children beside their parents, of every database."""
    flat = {role: joined(data, key) for role, data in (tables.databases or {}).items()}
    seed = tables.shared.get("seed", 0)
    made = Tables(flat["train"], flat["synthetic"], flat.get("holdout"), flat["train"])
    made.shared["seed"] = seed
    return made


def _parted(rows: Coded, parent: list[str], rng: np.random.Generator) -> Coded:
    """The rows with their parents' columns taken from any other row."""
    moved = rows.take(rng.permutation(len(rows)))
    return dataclasses.replace(
        rows,
        codes=rows.codes | {name: moved.codes[name] for name in parent},
        numbers=rows.numbers | {name: moved.numbers[name] for name in parent if name in moved.numbers},
    )
