"""Rows that repeat another of their class, and rows that another class has just so."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt

from mintmark.resample.quality._examined import Examined, Looked, cells, grave
from mintmark.resample.quality.examination import Finding, Gravity

__all__ = ["repeated"]

Ints = npt.NDArray[np.int64]


def repeated(table: Examined) -> Looked:
    """Exact repeats, near ones, and conflicts, in the classes that would be resampled."""
    sample = table.sample
    exact = _alike([sample.numbers + 0.0, sample.codes])  # minus zero becomes zero
    points = sample.points(np.arange(len(sample)))
    near = _alike([points.flat + np.float32(0), points.wide])
    again, close = _later(exact, sample.labels), _later(near, sample.labels)
    mixed = _mixed(exact, sample.labels)
    found = []
    for label in table.wanting:
        rows = sample.of_class(label)
        found += _told(table, label, rows, again[rows], "duplicates", _together(table, rows, rows) / 2)
        found += _told(table, label, rows, (close & ~again)[rows], "near_duplicates", 0.0)
        others = np.flatnonzero(sample.labels != label)
        if mixed[rows].any():
            found += _told(table, label, rows, mixed[rows], "conflicts", _together(table, rows, others))
    return found, []


_SAID = {
    "duplicates": (
        "{count:,} of {rows:,} rows repeat an earlier row of the class in every column{chance}.",
        "Remove them if one thing was recorded twice: rows between equal rows are copies, and a copy in "
        "another fold leaks.",
    ),
    "near_duplicates": (
        "{count:,} of {rows:,} rows differ from an earlier row of the class, and by less than a resampler "
        "can see{chance}.",
        "Look whether they are one thing recorded twice, for instance rounded in two ways, and keep one.",
    ),
    "conflicts": (
        "{count:,} of {rows:,} rows are found with exactly the same values in another class{chance}.",
        "Find out which class is right, or which column is lacking that would tell them apart.",
    ),
}


def _told(
    table: Examined, label: int, rows: Ints, hit: npt.NDArray[np.bool_], name: str, expected: float
) -> list[Finding]:
    if not hit.any():
        return []
    count = int(hit.sum())
    share, interval = table.share(hit, rows)
    common = 2 * expected >= count
    gravity: Gravity = "note" if common else grave(interval)
    chance = ", about as many as so few values make by chance" if common else ""
    statement, remedy = _SAID[name]
    return [
        Finding(
            name, gravity, table.classes[label], count, share, interval, table.shown(rows[hit]), (),
            statement.format(count=count, rows=len(rows), chance=chance), remedy,
        )
    ]  # fmt: skip


def _alike(parts: list[npt.NDArray[Any]]) -> Ints:
    """For each row a number that the rows with the same bytes share."""
    kept = [np.ascontiguousarray(part) for part in parts if part.shape[1]]
    for part in kept:
        if part.dtype.kind == "f":
            part[np.isnan(part)] = np.nan  # one of the many that there are
    flat = np.concatenate([part.view(np.uint8).reshape(len(part), -1) for part in kept], axis=1)
    rows = np.ascontiguousarray(flat).view(np.dtype((np.void, flat.shape[1])))[:, 0]
    return np.unique(rows, return_inverse=True)[1].reshape(-1).astype(np.int64)


def _later(alike: Ints, labels: Ints) -> npt.NDArray[np.bool_]:
    """Rows that an earlier one of their class is alike to."""
    first = np.unique(np.stack([alike, labels], axis=1), axis=0, return_index=True)[1]
    later = np.ones(len(labels), dtype=bool)
    later[first] = False
    return later


def _mixed(alike: Ints, labels: Ints) -> npt.NDArray[np.bool_]:
    """Rows that a row of another class is alike to."""
    least, most = np.full(alike.max() + 1, labels.max()), np.zeros(alike.max() + 1, dtype=np.int64)
    np.minimum.at(least, alike, labels)
    np.maximum.at(most, alike, labels)
    return np.asarray((least < most)[alike])


def _together(table: Examined, a: Ints, b: Ints) -> float:
    """Pairs of a row of `a` and one of `b` that would agree if the columns were independent."""
    log = math.log(len(a)) + math.log(len(b))
    for _, values in table.columns():
        found = cells(values)
        size = int(found.max()) + 1
        p, q = (np.bincount(found[rows], minlength=size) / len(rows) for rows in (a, b))
        agree = float(p @ q)
        if agree == 0 or log < -20:
            return 0.0
        log += math.log(agree)
    return math.exp(log)
