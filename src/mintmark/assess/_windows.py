"""Every window of a few steps of every sequence, as points and as identities, made once.

The index and the key are left out, so that a copy under other dates is still a copy; the time since
the step before is part of a step where it varies. A sequence shorter than a window is one window,
its end marked.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from mintmark.assess._codes import Coding, levels, once
from mintmark.assess._ranked import ranked
from mintmark.assess._series import FEWEST, Series, series, values
from mintmark.metric import NotRun, Tables
from mintmark.stats.neighbours import Points, nearest
from mintmark.stats.splitmix import finalised, hashed

__all__ = ["Windows", "closest", "windows"]

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Hashes = npt.NDArray[np.uint64]
_SHORTEST = 8
_NATURAL = 0.05
"""Share of the holdout's windows that may equal one of train's before windows are made longer."""
_LEVELS = 32
ROLES = ("train", "synthetic", "holdout")


@dataclass(frozen=True)
class Windows:
    """The windows of one table.

    Parameters
    ----------
    flat : array, shape (n, width), float32
        Numbers as percentiles of train, categories as indicators, step by step.
    same : array, shape (n,)
        Equal where all values of two windows are equal.
    owner, place : array, shape (n,)
        Sequence of each window, and its first step there.
    unit : array, shape (sequences,)
        Whose each sequence is.
    steps : int
        Steps of a window.
    """

    flat: npt.NDArray[np.float32]
    same: Hashes
    owner: Ints
    place: Ints
    unit: Ints
    steps: int

    def take(self, chosen: npt.NDArray[np.bool_]) -> Windows:
        """The windows where `chosen` is true, shape (n,)."""
        return Windows(
            self.flat[chosen],
            self.same[chosen],
            self.owner[chosen],
            self.place[chosen],
            self.unit,
            self.steps,
        )

    def of(self, sequences: Ints) -> Windows:
        """The windows of these sequences."""
        return self.take(np.isin(self.owner, sequences))

    def asked(self, sequences: Ints) -> Windows:
        """Windows of these sequences that begin half a window apart: a longer copy holds one of them."""
        last = np.append(self.owner[1:] != self.owner[:-1], True)
        apart = (self.place % max(1, self.steps // 2) == 0) | last
        return self.take(apart & np.isin(self.owner, sequences))

    def worst(self, figures: Floats, sequences: Ints) -> Floats:
        """The largest figure of each of the sequences' windows, shape (sequences,)."""
        most = np.full(len(self.unit), -np.inf)
        np.maximum.at(most, self.owner, figures)
        return most[sequences]


def windows(tables: Tables) -> dict[str, Windows]:
    """The windows of train, synthetic and holdout.

    Raises
    ------
    NotRun
        If there is no holdout, no value in a row, or fewer than 20 sequences in a table.
    """
    made: dict[str, Windows] = once(tables, "windows", lambda: _made(tables))
    return made


def _made(tables: Tables) -> dict[str, Windows]:
    tables.need_holdout()
    rows = {role: series(tables, role) for role in ROLES}
    if min(map(len, rows.values())) < FEWEST:
        raise NotRun(f"fewer than {FEWEST} sequences in a table. Give more, or cut long ones into pieces.")
    plans = values(tables, numeric=True) | values(tables, numeric=False)
    timed = _timed(rows["train"])
    if not plans and not timed:
        raise NotRun("no column is scored besides key and index: there is nothing to copy.")
    hashes = {role: _hashed(one, plans, timed) for role, one in rows.items()}
    median = int(np.median(rows["train"].lengths))
    steps = min(_SHORTEST, max(1, median))
    same = {role: _identities(rows[role], hashes[role], steps) for role in ROLES}
    while np.isin(same["holdout"], same["train"]).mean() > _NATURAL and steps < median:
        steps = min(2 * steps, median)
        same = {role: _identities(rows[role], hashes[role], steps) for role in ROLES}
    flat = {role: _flat(one, rows["train"], plans, timed) for role, one in rows.items()}
    out = {}
    for role, one in rows.items():
        owner, place = _places(one, steps)
        inside = _inside(one, owner, place, steps)
        out[role] = Windows(_cut(flat[role], inside, timed), same[role], owner, place, one.unit, steps)
    return out


def _timed(train: Series) -> bool:
    """Whether the time between steps varies, so that it says something."""
    gaps = _gaps(train)
    return bool(np.unique(gaps[~np.isnan(gaps)]).size > 1)


def _gaps(rows: Series) -> Floats:
    """Time since the step before, NaN at the first."""
    if rows.time is None:
        return np.full(len(rows.owner), np.nan)
    gaps = np.diff(rows.time, prepend=np.nan)
    gaps[rows.starts[:-1]] = np.nan
    return gaps


def _places(rows: Series, steps: int) -> tuple[Ints, Ints]:
    """Sequence and first step of each window."""
    many = np.maximum(rows.lengths - steps, 0) + 1
    owner = np.repeat(np.arange(len(rows)), many)
    return owner, np.arange(many.sum()) - np.repeat(np.cumsum(many) - many, many)


def _inside(rows: Series, owner: Ints, place: Ints, steps: int) -> Ints:
    """Rows of each window, shape (windows, steps); beyond the end of a sequence the row after the last."""
    at = place[:, None] + np.arange(steps)
    return np.where(at < rows.lengths[owner, None], rows.starts[owner, None] + at, len(rows.owner))


def _hashed(rows: Series, plans: dict[str, Coding], timed: bool) -> tuple[Hashes, Hashes]:
    """Identity of each row's values, and of its values and the time before it; a mark after the last."""
    coded = rows.coded
    values = hashed(
        (
            coded.numbers[name] if plan.numeric else coded.codes[name].astype(np.float64)
            for name, plan in plans.items()
        ),
        len(rows.owner),
    )
    end = np.array([0x9E3779B97F4A7C15], dtype=np.uint64)
    first = np.append(values, end)
    if not timed:
        return first, first
    gaps = _gaps(rows)
    bits = np.where(np.isnan(gaps), np.inf, gaps + 0.0).view(np.uint64)
    return first, np.append(finalised(values ^ bits), end)


def _identities(rows: Series, hashes: tuple[Hashes, Hashes], steps: int) -> Hashes:
    inside = _inside(rows, *_places(rows, steps), steps)
    first, later = hashes
    out = finalised(first[inside[:, 0]])
    for step in range(1, steps):
        out = finalised(out + later[inside[:, step]])
    return out


def _flat(rows: Series, train: Series, plans: dict[str, Coding], timed: bool) -> npt.NDArray[np.float32]:
    """Each row as numbers between 0 and 1, the time before it last; zeros after the last row."""
    coded, sizes = levels(rows.coded, plans, _LEVELS)
    columns: list[Floats] = []
    for name, plan in plans.items():
        if plan.numeric:
            known = train.coded.numbers[name]
            at = rows.coded.ranked(name).percentiles(train.coded.ranked(name))
            part = np.stack([np.nan_to_num(at), np.isnan(at)], axis=1)
            part = part if np.isnan(known).any() else part[:, :1]
        else:
            part = np.eye(sizes[name])[coded[name]] * np.sqrt(0.5)
        columns.append(part / _repeated(rows=train, name=name, plan=plan))
    if timed:
        at = ranked(_gaps(rows)).percentiles(ranked(_gaps(train)))
        columns.append(np.nan_to_num(at)[:, None])
    every = np.concatenate(columns, axis=1).astype(np.float32)
    return np.concatenate([every, np.zeros((1, every.shape[1]), dtype=np.float32)])


def _repeated(rows: Series, name: str, plan: Coding) -> float:
    """What the steps of a column that never changes within a sequence are divided by, to count once."""
    held = rows.coded.codes[name]
    changes = (held[1:] != held[:-1]) & (rows.owner[1:] == rows.owner[:-1])
    return 1.0 if changes.any() else float(np.sqrt(_SHORTEST))


def _cut(flat: npt.NDArray[np.float32], inside: Ints, timed: bool) -> npt.NDArray[np.float32]:
    cut = flat[inside]
    if timed:
        cut[:, 0, -1] = 0  # what lies before a window is no part of it
    return cut.reshape(len(inside), -1)


def closest(queries: Windows, references: Windows) -> Floats:
    """Distance of each query to the nearest reference, shape (n,)."""
    return nearest(_points(queries), _points(references), 1)[:, 0]


def _points(some: Windows) -> Points:
    return Points(some.flat, np.zeros((len(some.flat), 0), dtype=np.int64), (), (), ())
