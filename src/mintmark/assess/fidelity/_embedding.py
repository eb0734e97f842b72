"""Rows as points, for the scores that need a distance between rows.

Numbers are their ranks in train scaled to [0, 1] with a mark where missing; two categories that
differ are one apart, the rarest ones of a column being one category (`mintmark.stats.neighbours`).
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from mintmark.assess._codes import Coded, Coding, codings, full, levels, once, subset
from mintmark.metric import NotRun, Tables
from mintmark.stats.neighbours import Points, Space

__all__ = ["EMBEDDING", "as_points", "design_effect", "embedded", "placed", "room"]

_CATEGORIES = 40
_PERSONS = 20
EMBEDDING = (
    "rows as points: numbers as ranks in train from 0 to 1, categories one apart, missing values apart "
    f"from all others, categories beyond the {_CATEGORIES - 1} most frequent as one"
)


def room(tables: Tables, most: int, least: int) -> int:
    """Rows that every table can give, at most `most`.

    Raises
    ------
    NotRun
        If they are fewer than `least` or of too few persons, or no column is scored.
    """
    if not codings(tables):
        raise NotRun("no column is scored: all are keys, free text or media.")
    given = ("train", "synthetic", *(["holdout"] if tables.holdout is not None else []))
    n = min(most, *(len(getattr(tables, which)) for which in given))
    if n < least:
        raise NotRun(f"{n} rows a side are too few: at least {least} are needed.")
    for which in given:
        persons = subset(tables, which, n).persons
        many = _PERSONS if persons is None else len(np.unique(persons))
        if many < _PERSONS:
            raise NotRun(
                f"the compared rows of {which} are of {many} persons or sequences, of which at least "
                f"{_PERSONS} are needed, since rows of one are one draw. Give rows of more persons, or take "
                "the role `group` or `sequence_key` from a column that does not make rows hang together."
            )
    return n


def design_effect(persons: npt.NDArray[np.int64] | None) -> float:
    """At most how much more a mean varies than if every row were another person (Kish 1965)."""
    if persons is None:
        return 1.0
    own = np.unique(persons, return_counts=True)[1]
    return float(own @ own) / len(persons)


def embedded(tables: Tables, which: str, rows: int) -> tuple[Points, npt.NDArray[np.int64] | None]:
    """At most `rows` rows of a table as points, drawn the same at every call, and their persons."""

    def make() -> tuple[Points, npt.NDArray[np.int64] | None]:
        coded = subset(tables, which, rows)
        return as_points(tables, coded), coded.persons

    return once(tables, f"embedded {which} {rows}", make)  # type: ignore[no-any-return]


def placed(tables: Tables, which: str, some: npt.NDArray[np.int64]) -> Points:
    """These rows of a table as points, made anew at each call."""
    return as_points(tables, full(tables, which).take(some))


def as_points(tables: Tables, coded: Coded, without: str | None = None) -> Points:
    """Coded rows as points, one column left out of account where it is named."""
    plans = codings(tables)
    columns = _columns(coded, plans)[0]
    return _space(tables, plans).place({name: columns[name] for name in columns if name != without})


def _space(tables: Tables, plans: dict[str, Coding]) -> Space:
    return once(  # type: ignore[no-any-return]  # the kept value of another call
        tables, "embedding", lambda: Space.of(*_columns(full(tables, "train"), plans), agreement=False)
    )


def _columns(
    coded: Coded, plans: dict[str, Coding]
) -> tuple[dict[str, npt.NDArray[np.generic]], dict[str, int]]:
    """Numbers, and codes with -1 for missing; and how many codes there are."""
    codes, sizes = levels(coded, plans, _CATEGORIES)
    columns: dict[str, npt.NDArray[np.generic]] = {}
    for name, plan in plans.items():
        missing = coded.codes[name] == plan.bins + 1
        columns[name] = coded.numbers[name] if plan.numeric else np.where(missing, -1, codes[name])
    return columns, {name: sizes[name] for name, plan in plans.items() if not plan.numeric}
