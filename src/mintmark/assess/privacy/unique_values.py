"""Unique values: real values held by one person alone that turn up in the synthetic table.

A generator that draws again from the values of a nearly unique column (a weight, an amount, a
key) points at persons although no row is copied; distances see none of it. Values held by one
person in train and holdout together fall into either by chance alone, so the share of the
holdout's that turn up is what chance gives (univariate singling out, Giomi, Boenisch, Wehmeyer,
Tasnadi 2023, PoPETs 2023-2, read as reuse).
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from mintmark.assess.privacy._rows import rows_of
from mintmark.assess.privacy._uniques import FEWEST, Uniques, together, uniques
from mintmark.data.keys import is_renewed
from mintmark.method import method
from mintmark.metric import Metric, Score, Tables
from mintmark.stats.shares import z_of

__all__ = ["UniqueValues"]

Ints = npt.NDArray[np.int64]
_FEWEST_TOGETHER = 200  # of these many turn up by chance: fewer would leave the interval too wide
OTHERS = "(columns of few)"
"""What all columns with fewer unique values together are called."""
_SOURCE = "after Giomi, Boenisch, Wehmeyer, Tasnadi (2023); interval of Newcombe (1998)"


_POOLED = (
    "share of the persons of train any of whose values, held by nobody else in train and holdout, occurs in "
    "its synthetic column, minus the same share of the holdout's persons; keys left out"
)
_WORST = (
    "share of values held by one person of train alone (in train and holdout together) that occur in the "
    f"synthetic column, minus the same share of the holdout's; largest over columns with at least {FEWEST} "
    f"such values on either side, and the others together where they have {_FEWEST_TOGETHER}, keys included"
)


@method
class UniqueValues(Metric):
    """Reuse of values that one person of train alone holds, beyond the reuse of the holdout's.

    The attacker knows that a value belongs to one person and looks it up in the released rows.
    `unique_values` counts persons, over the columns that make up rows; `unique_values.worst` counts
    values of the column that shows most, keys included.
    """

    family = "privacy"
    direction = "lower"

    def _measure(self, tables: Tables, rng: np.random.Generator) -> list[Score]:
        rows = rows_of(tables)
        counts = {name: uniques(rows.persons, values) for name, values in rows.values.items()}
        held = {name: found for name, found in counts.items() if found.trials["train"].any()}
        everybody = {
            role: np.ones(int(rows.persons[role].max()) + 1, dtype=np.int64) for role in ("train", "holdout")
        }
        pooled = _exposed(
            [found for name, found in held.items() if not is_renewed(rows.column(name))], everybody
        )
        columns = {name: found.reuse.excess(z_of()) for name, found in held.items()}
        n = len(tables.synthetic)
        return [_score("unique_values", pooled, n, {"columns": columns}), _worst(held, n)]


def _exposed(found: list[Uniques], everybody: dict[str, Ints]) -> dict[str, Any]:
    """Persons any of whose unique values turns up, among all: pooled over columns."""
    hits = {
        role: (np.sum([one.hits[role] for one in found], axis=0) > 0) * trials if found else 0 * trials
        for role, trials in everybody.items()
    }
    values = sum(int(one.trials["train"].sum()) for one in found)
    holders = np.sum([one.trials["train"] > 0 for one in found], axis=0) > 0 if found else np.zeros(1)
    return Uniques(everybody, hits).reuse.excess(z_of()) | {
        "values": values,
        "floor": float(np.mean(holders)),
    }


def _worst(held: dict[str, Uniques], n: int) -> Score:
    judged = {name: found for name, found in held.items() if found.judged}
    few = together([found for name, found in held.items() if name not in judged])
    if few is not None and few.held >= _FEWEST_TOGETHER:
        judged[OTHERS] = few
    if not judged:
        nothing = {"excess": 0.0, "interval": (0.0, 0.0), "train": 0.0, "holdout": 0.0, "values": 0}
        return _score("unique_values.worst", nothing, n, {"column": None})
    z = z_of(len(judged))
    every = {name: found.reuse.excess(z) for name, found in judged.items()}
    name = max(every, key=lambda one: (every[one]["interval"][0], every[one]["excess"]))
    return _score("unique_values.worst", every[name], n, {"column": name, "columns_judged": len(judged)})


def _score(name: str, found: dict[str, Any], n: int, details: dict[str, Any]) -> Score:
    return Score(
        metric=name,
        family="privacy",
        estimate=found["excess"],
        interval=found["interval"],
        direction="lower",
        ceiling=0.0,
        floor=found.get("floor", 1.0),  # a copy of train holds every one of its values and none of holdout's
        n=n,
        variance=(
            "draw of the persons in train and holdout (Newcombe, clustered by person"
            + (", at once for all columns judged)" if name.endswith("worst") else ")")
        ),
        convention=_WORST if name.endswith("worst") else _POOLED,
        source=_SOURCE,
        details={
            "unique_values": found["values"],
            "reused": found["train"],
            "natural": found["holdout"],
            **details,
        },
    )
