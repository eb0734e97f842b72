"""The tables as whole sequences, made once: which rows follow one another, and whose they are."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from mintmark.assess._codes import Coded, Coding, codings, full, once
from mintmark.data.protect import persons
from mintmark.data.sequences import Sequences, sequences
from mintmark.data.streams import stream
from mintmark.metric import NotRun, Tables

__all__ = ["FEWEST", "Series", "equal_series", "pairs_at", "series", "steps", "values"]

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
FEWEST = 20
"""Sequences a side from which their scatter can be told."""


@dataclass(frozen=True)
class Series:
    """One table as sequences.

    Parameters
    ----------
    coded : Coded
        Its rows, sequence by sequence and in order.
    starts : array, shape (sequences + 1,)
    owner : array, shape (rows,)
        Sequence of each row.
    time : array, shape (rows,), optional
    unit : array, shape (sequences,)
        Whose sequence it is: that of a person of a group, else nobody's but its own.
    """

    coded: Coded
    starts: Ints
    owner: Ints
    time: Floats | None
    unit: Ints

    def __len__(self) -> int:
        return len(self.unit)

    @property
    def lengths(self) -> Ints:
        """Rows of each sequence."""
        return np.diff(self.starts)

    def take(self, chosen: Ints) -> Series:
        """These sequences, whole."""
        lengths = self.lengths[chosen]
        starts = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
        owner = np.repeat(np.arange(len(chosen)), lengths)
        rows = np.arange(starts[-1]) + (self.starts[chosen] - starts[:-1])[owner]
        time = None if self.time is None else self.time[rows]
        return Series(self.coded.take(rows), starts, owner, time, self.unit[chosen])


def series(tables: Tables, which: str) -> Series:
    """All sequences of "train", "synthetic", "holdout" or "floor"."""
    made: Series = once(tables, f"series {which}", lambda: _made(tables, which))
    return made


def _made(tables: Tables, which: str) -> Series:
    coded = full(tables, which)
    found = _floor(tables) if which == "floor" else sequences(getattr(tables, which), which)
    owner = np.repeat(np.arange(len(found)), found.lengths)
    unit = np.arange(len(found))
    if which in ("train", "holdout") and getattr(tables, which).schema.with_role("group"):
        unit = persons(getattr(tables, which))[found.rows[found.starts[:-1]]]
    return Series(coded.take(found.rows), found.starts, owner, found.time, unit)


def _floor(tables: Tables) -> Sequences:
    """Rows without relation thrown into as many sequences as there are synthetic ones."""
    size = len(tables.floor)
    rng = stream(tables.shared.get("seed", 0), "assess", "series floor")
    many = len(sequences(tables.synthetic, "synthetic"))
    owner = np.unique(rng.integers(many, size=size), return_inverse=True)[1]
    time = None
    if index := tables.floor.schema.with_role("sequence_index"):
        time = full(tables, "floor").numbers[index[0]]
    rows = np.lexsort((np.arange(size) if time is None else time, owner))
    starts = np.concatenate([[0], np.cumsum(np.bincount(owner))]).astype(np.int64)
    return Sequences(rows, starts, None if time is None else time[rows])


def equal_series(tables: Tables, which: str) -> Series:
    """The sequences cut to as many as every compared table has; train keeps all of its own.

    Raises
    ------
    NotRun
        If there are fewer than 20.
    """
    least = len(series(tables, "synthetic"))
    if tables.holdout is not None:
        least = min(least, len(series(tables, "holdout")))
    if min(least, len(series(tables, "train"))) < FEWEST:
        raise NotRun(f"fewer than {FEWEST} sequences in a table. Give more, or cut long ones into pieces.")
    whole = series(tables, which)
    if which == "train" or len(whole) <= least:
        return whole

    def cut() -> Series:
        rng = stream(tables.shared.get("seed", 0), "assess", "sequences", which, least)
        return whole.take(np.sort(rng.choice(len(whole), least, replace=False)))

    return once(tables, f"series {which} {least}", cut)  # type: ignore[no-any-return]


def values(tables: Tables, *, numeric: bool) -> dict[str, Coding]:
    """The scored columns that are numbers (or that are not), without the index."""
    index = tables.train.schema.with_role("sequence_index")
    return {
        name: plan for name, plan in codings(tables).items() if plan.numeric is numeric and name not in index
    }


def steps(tables: Tables, most: int) -> int:
    """Steps, up to `most`, that at least half of train's sequences can go back.

    Raises
    ------
    NotRun
        If half of the sequences have one row.
    """
    able = int(np.median(series(tables, "train").lengths)) - 1
    if able < 1:
        raise NotRun("half of the sequences have a single row: nothing follows anything.")
    return min(most, able)


def pairs_at(rows: Series, lag: int) -> tuple[Ints, Ints]:
    """Positions of the rows that have a row `lag` steps later in their sequence, and of those."""
    first = np.flatnonzero(rows.owner[: len(rows.owner) - lag] == rows.owner[lag:])
    return first, first + lag
