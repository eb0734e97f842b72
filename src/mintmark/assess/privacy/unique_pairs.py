"""Unique pairs: pairs of values held by one person alone that come out together.

A released row that keeps some columns of a real row and changes the others is no copy, and is no
nearer to its person than many a fresh row where the table has few columns. But an age and a
postcode that only one person has together point at that person. Which side such a pair falls on,
train or holdout, is chance; so the share of the holdout's pairs that come out is what a release
that knows nobody gives (multivariate singling out, Giomi, Boenisch, Wehmeyer, Tasnadi 2023, PoPETs
2023-2, read as reuse and on every pair of columns).
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import combinations
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from mintmark.assess.privacy._rows import Rows, joint_rows
from mintmark.assess.privacy._uniques import FEWEST, uniques
from mintmark.method import method, name_of
from mintmark.metric import Metric, NotRun, Score, Tables
from mintmark.stats.shares import z_of

__all__ = ["UniquePairs"]

Ints = npt.NDArray[np.int64]
Pair = tuple[str, str]
_MOST, _MOST_OF_MANY = 1_800, 200
_PERSONS = 50_000  # of either table that a large one is judged by; no synthetic row is left out
_SHOWN = 10


@method
class UniquePairs(Metric):
    """Reuse of pairs of values that one person of train alone holds, beyond that of the holdout's.

    The attacker knows two things of a person that together fit nobody else and looks them up in the
    released rows. All pairs of columns are tried; the one that gives away most is told, its interval
    holding for all at once.
    """

    family = "privacy"
    direction = "lower"

    def _measure(self, tables: Tables, rng: np.random.Generator) -> list[Score]:
        rows = joint_rows(tables)
        names = [column.name for column in rows.scored]
        if len(names) < 2:
            raise NotRun("fewer than two columns can be compared: there is no pair.")
        pairs = list(combinations(names, 2))
        most = _MOST_OF_MANY if rows.many else _MOST
        if drawn := len(pairs) > most:
            pairs = [pairs[i] for i in np.sort(rng.choice(len(pairs), most, replace=False))]
        some = {role: _some(owner, rng) for role, owner in rows.persons.items()} if rows.many else {}
        persons = {role: owner[some[role]] if some else owner for role, owner in rows.persons.items()}
        found = ((pair, uniques(persons, _together(rows, some, *pair))) for pair in pairs)
        judged = {pair: counts.reuse for pair, counts in found if counts.judged}
        z = z_of(max(1, len(judged)))
        every = {pair: reuse.excess(z) for pair, reuse in judged.items()}
        told = f"; {len(pairs)} pairs of columns drawn" if drawn else ""
        if some:
            told += f"; at most {_PERSONS:,} persons of either table drawn, among whom they are unique"
        return [_score(every, len(tables.synthetic), told)]


def _some(owner: Ints, rng: np.random.Generator) -> Ints:
    """Rows of as many persons as a large table is judged by."""
    n = int(owner.max()) + 1
    return np.flatnonzero(np.isin(owner, rng.choice(n, min(n, _PERSONS), replace=False)))


def _together(rows: Rows, some: Mapping[str, Ints], a: str, b: str) -> dict[str, Ints]:
    """The identity of two values of each row, or of `some` of a table's; -1 where one is missing.

    Only what a real row holds is numbered: all else is -1 among the synthetic.
    """
    width = 1 + max(int(codes.max(initial=-1)) for codes in rows.values[b].values())
    both = {}
    for role in rows.tables:
        first, second = (
            rows.values[name][role][some[role]] if role in some else rows.values[name][role]
            for name in (a, b)
        )
        missing = (first < 0) | (second < 0)
        both[role] = pa.array(first.astype(np.int64) * width + second, mask=missing)
    known = pc.unique(pa.concat_arrays([both["train"], both["holdout"]])).drop_null()
    return {
        role: pc.fill_null(pc.index_in(found, value_set=known, skip_nulls=True), -1).to_numpy()
        for role, found in both.items()
    }


def _score(every: dict[Pair, dict[str, Any]], n: int, drawn: str) -> Score:
    worst = sorted(every, key=lambda pair: (-every[pair]["interval"][0], -every[pair]["excess"]))
    nothing: dict[str, Any] = {"excess": 0.0, "interval": (0.0, 0.0), "train": 0.0, "holdout": 0.0}
    told = every[worst[0]] if worst else nothing
    return Score(
        metric=name_of(UniquePairs),
        family="privacy",
        estimate=told["excess"],
        interval=told["interval"],
        direction="lower",
        ceiling=0.0,
        floor=1.0,  # a copy of train holds every one of its pairs and none of the holdout's
        n=n,
        variance=(
            "draw of the persons in train and holdout (Newcombe, clustered by person, at once for all pairs "
            "judged)"
        ),
        estimand="that difference among all persons who could have been in train, the release as it is",
        convention=(
            "share of pairs of values held by one person of train alone (in train and holdout together) that "
            "occur in one synthetic row, minus the same share of the holdout's; largest over pairs of columns"
            f" with at least {FEWEST} such pairs of values on either side" + drawn
        ),
        source="after Giomi, Boenisch, Wehmeyer, Tasnadi (2023); interval of Newcombe (1998)",
        details={
            "pair": list(worst[0]) if worst else None,
            "judged": len(every),
            "reused": told["train"],
            "natural": told["holdout"],
            "pairs": [
                {
                    "columns": list(pair),
                    "estimate": every[pair]["excess"],
                    "interval": every[pair]["interval"],
                    "unique": every[pair]["values"],
                }
                for pair in worst[:_SHOWN]
            ],
        },
    )
