"""Guesses of the form "exactly one person is like this", and how many persons each one fits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from math import comb
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
from scipy.special import gammaln

from mintmark.assess._threads import in_threads
from mintmark.assess.privacy._rows import Rows
from mintmark.data.schema import Column

__all__ = ["BINS", "Guesses", "People", "at_random", "conjunctions", "stands_for", "values"]

Ints = npt.NDArray[np.int64]
Keys = npt.NDArray[np.uint64]
Floats = npt.NDArray[np.float64]
Rng = np.random.Generator

BINS = 50
_PER_SET = 20  # conjunctions over the same columns
_SETS = 400
_MIX = np.uint64(0x9E3779B97F4A7C15)  # odd, bits well spread (Knuth 1998, volume 3, section 6.4)


@dataclass(frozen=True)
class People:
    """The persons behind the rows of train and of the holdout, no more in the latter than in the former.

    Parameters
    ----------
    rows : mapping of role to array
        Positions of the rows in their table.
    persons : mapping of role to array
        Whose each of these rows is, from 0.
    """

    rows: dict[str, Ints]
    persons: dict[str, Ints]

    @classmethod
    def of(cls, rows: Rows, rng: Rng) -> People:
        """The persons of two tables; of a larger holdout as many as train has, drawn at random."""
        persons = {role: rows.persons[role] for role in ("train", "holdout")}
        chosen = rng.permutation(int(persons["holdout"].max()) + 1)[: int(persons["train"].max()) + 1]
        kept = {
            "train": np.arange(len(persons["train"])),
            "holdout": np.flatnonzero(np.isin(persons["holdout"], chosen)),
        }
        return cls(
            kept, {role: np.unique(persons[role][kept[role]], return_inverse=True)[1] for role in kept}
        )

    def number(self, role: str) -> int:
        """How many persons there are."""
        return int(self.persons[role].max()) + 1

    def fits(self, role: str, cells: npt.NDArray[Any], wanted: npt.NDArray[Any]) -> Ints:
        """How many persons have a row in each of the wanted cells; cells as of the whole table."""
        known, back = np.unique(wanted, return_inverse=True)
        found = pc.index_in(pa.array(cells[self.rows[role]]), value_set=pa.array(known))
        return self.counts(role, pc.fill_null(found, -1).to_numpy(), len(known))[back]

    def counts(self, role: str, codes: npt.NDArray[Any], size: int) -> Ints:
        """How many persons have a row of each code from 0 to below `size`; codes of the rows that count."""
        n = self.number(role)
        if n < len(codes):  # rows of one person with one code count once
            codes = np.unique(codes.astype(np.int64) * n + self.persons[role]) // n
        return np.bincount(codes[codes >= 0], minlength=size)


@dataclass(frozen=True)
class Guesses:
    """Guesses read off released rows.

    Parameters
    ----------
    columns : array of int, shape (guesses, width)
        The columns that each guess is about, by their place among the scored ones.
    source : array of int, shape (guesses,)
        The released row it was read off.
    fits : mapping of "train" and "holdout" to array of int, shape (guesses,)
        Persons that it fits.
    """

    columns: Ints
    source: Ints
    fits: dict[str, Ints]

    def __len__(self) -> int:
        return len(self.source)

    def take(self, which: Ints) -> Guesses:
        """Some of the guesses."""
        fits = {role: found[which] for role, found in self.fits.items()}
        return Guesses(self.columns[which], self.source[which], fits)

    @classmethod
    def together(cls, parts: Sequence[Guesses]) -> Guesses:
        """Several lists as one."""
        return cls(
            np.concatenate([part.columns for part in parts]),
            np.concatenate([part.source for part in parts]),
            {role: np.concatenate([part.fits[role] for part in parts]) for role in parts[0].fits},
        )


def values(rows: Rows, released: str, people: People) -> Guesses:
    """What one released row alone holds: a value, a missing one, and the lowest or highest number."""
    known = rows.values  # made before the threads, which would each make it
    every = in_threads(
        lambda at: _alone(rows.scored[at], known[rows.scored[at].name], at, released, people),
        range(len(rows.scored)),
    )
    return Guesses.together([part for parts in every for part in parts])


def _alone(
    column: Column, known: Mapping[str, npt.NDArray[Any]], at: int, released: str, people: People
) -> list[Guesses]:
    """The same of one column, at its place among the scored ones."""
    codes = {role: found + 1 for role, found in known.items()}  # missing is 0
    size = 1 + max(int(found.max()) for found in codes.values())
    count, place = np.bincount(codes[released], minlength=size), np.zeros(size, dtype=np.int64)
    place[codes[released]] = np.arange(len(codes[released]))
    once = np.flatnonzero(count == 1)
    fitting = {role: people.counts(role, codes[role][some], size) for role, some in people.rows.items()}
    fits = {role: found[once] for role, found in fitting.items()}
    parts = [Guesses(np.full((len(once), 1), at), place[once], fits)]
    held = np.flatnonzero(count[1:]) + 1
    if not column.is_numeric or not len(held):
        return parts
    for end, sign in ((held[0], 1), (held[-1], -1)):  # codes of numbers are in order
        if count[end] == 1:
            beyond = {role: (sign * codes[role] <= sign * end) & (codes[role] > 0) for role in people.rows}
            fits = {
                role: people.counts(role, beyond[role][some].astype(np.int64), 2)[1:]
                for role, some in people.rows.items()
            }
            parts.append(Guesses(np.array([[at]]), place[[end]], fits))
    return parts


def conjunctions(
    rows: Rows, released: str, people: People, width: int, most: int, rng: Rng
) -> tuple[Guesses, Floats]:
    """Cells of random tables of `width` columns that hold one released row alone.

    Returns
    -------
    (guesses, blind)
        At most `most` guesses, and how many persons of train fit what one guesses who puts each
        column together from a row of its own, so knows no row.
    """
    cells = [_cells(rows, column, released) for column in rows.scored]
    width = min(width, len(cells))
    each = max(_PER_SET, -(-most // comb(len(cells), width)))
    parts, blind, seen, found = [], [], set(), 0
    for _ in range(_SETS):
        chosen = np.sort(rng.permutation(len(cells))[:width])
        if found >= most:
            break
        if tuple(chosen) in seen:
            continue
        seen.add(tuple(chosen))
        coded = in_threads(partial(_keyed, [cells[at] for at in chosen]), list(rows.tables))
        keys = dict(zip(rows.tables, coded, strict=True))
        once = np.sort(rng.permutation(_once(keys[released]))[: min(each, most - found)])
        found += len(once)
        fits = {role: people.fits(role, keys[role], once) for role in people.rows}
        row = np.flatnonzero(np.isin(keys[released], once))
        source = row[np.argsort(keys[released][row])]
        parts.append(Guesses(np.tile(chosen, (len(once), 1)), source, fits))
        mixed = [rng.choice(cells[at][released], len(once)) for at in chosen]
        blind.append(people.fits("train", keys["train"], _keys(mixed)))
    return Guesses.together(parts), np.concatenate(blind).astype(float)


def _cells(rows: Rows, column: Column, released: str) -> dict[str, Ints]:
    """A column of every table as whole numbers: identities, or fiftieths of the released ranks."""
    if not column.is_numeric:
        return rows.values[column.name]
    codes = rows.values[column.name]  # of numbers in their order, so ranks are counted and not searched
    size = max(int(found.max(initial=0)) for found in codes.values()) + 1
    count = np.bincount(codes[released][codes[released] >= 0], minlength=size)
    rank = (np.cumsum(count) - count / 2) / max(1, count.sum())
    cell = np.append((rank * BINS).astype(np.int64), -1)  # missing, -1, is the last
    return {role: cell[found] for role, found in codes.items()}


def _keyed(columns: Sequence[dict[str, Ints]], role: str) -> Keys:
    return _keys([column[role] for column in columns])


def _keys(columns: Sequence[Ints]) -> Keys:
    """One number a row, equal where all columns are: multiplicative hashing, 64 bits."""
    keys = np.zeros(len(columns[0]), dtype=np.uint64)
    for column in columns:
        keys = (keys ^ (column + 2).astype(np.uint64)) * _MIX
        keys ^= keys >> np.uint64(29)
    return keys


def _once(keys: Keys) -> Keys:
    """The keys that occur once, in order."""
    ordered = np.sort(keys)
    edge = np.concatenate([[True], ordered[1:] != ordered[:-1], [True]])
    alone: Keys = ordered[edge[1:] & edge[:-1]]
    return alone


def at_random(rows: Rows, released: str, people: People, n: int, rng: Rng) -> Floats:
    """Persons of train who fit values drawn evenly from each column's range: what one guesses blindly."""
    which, out = rng.integers(len(rows.scored), size=n), np.zeros(n)
    for at, column in enumerate(rows.scored):
        here = np.flatnonzero(which == at)
        codes = rows.values[column.name]
        if not column.is_numeric:
            drawn = rng.choice(np.unique(codes[released]), len(here))
            out[here] = people.fits("train", codes["train"], drawn)
            continue
        known = rows.numeric(column.name, released)
        known = known[~np.isnan(known)]
        if len(known):
            evenly = rng.uniform(known.min(), known.max(), len(here))
            evenly = np.round(evenly) + 0.0 if column.kind == "integer" else evenly  # no minus before a zero
            out[here] = people.fits("train", rows.numeric(column.name, "train"), evenly)
    return out


def stands_for(train: Ints, n: int, m: int) -> Floats:
    """How many fresh tables of `n` persons one success among `m` held-out persons stands for.

    A guess that fits c persons of train and one of the holdout would, if all of them were shuffled,
    single somebody out of train n C(m, c) / (m C(n, c)) times as often as out of the holdout: so the
    two rates agree on average where the release knows nothing of train, whatever n and m.

    Parameters
    ----------
    train : array of int, shape (guesses,)
        Persons of train that each guess fits.
    n, m : int, 1 <= m <= n
        Persons in train and in the holdout.
    """
    c = np.minimum(train, m)
    log = gammaln(m + 1) - gammaln(m - c + 1) - gammaln(n + 1) + gammaln(n - c + 1) + np.log(n / m)
    return np.where(train > m, 0.0, np.exp(log))
