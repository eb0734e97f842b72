"""The three tables as the attacks see them, made once: identities of values and rows, points, persons.

Keys that a method makes anew are left out of rows: they name no one. They stay in `values`, where
a real key that turns up again is a leak.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from mintmark.assess import _large
from mintmark.assess._ranked import ranked
from mintmark.assess._threads import in_threads
from mintmark.data.dataset import Dataset
from mintmark.data.encode import numbers
from mintmark.data.keys import makes_rows
from mintmark.data.protect import persons
from mintmark.data.schema import Column
from mintmark.metric import NotRun, Tables
from mintmark.stats.neighbours import Points, Space, agreeing, agreement, nearest

__all__ = ["Rows", "forget", "joint_rows", "plain", "rows_of", "worst_row"]

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Codes = npt.NDArray[np.signedinteger[Any]]
ROLES = ("train", "synthetic", "holdout")
_WIDEST = 2**62
_BLOCK = 4_096  # rows placed at a time, in the cache
_PART = 50_000  # rows searched at a time, as points
_BETWEEN = r"[^\p{L}\p{N}]+"
_MARKED = 30  # categories with a mark of their own; rarer ones share the lack of any


@dataclass(frozen=True)
class Rows:
    """Train, synthetic and holdout, coded together.

    Parameters
    ----------
    tables : mapping of role to Dataset
    """

    tables: dict[str, Dataset]

    def column(self, name: str) -> Column:
        """The column of that name, as train declares it."""
        return self.tables["train"].schema[name]

    @property
    def scored(self) -> list[Column]:
        """Columns that make up a row: numbers, categories and text, without keys made anew."""
        return [column for column in self.tables["train"].schema if _makes_rows(column)]

    @property
    def many(self) -> bool:
        """Whether a table is so large that attacks draw fewer persons, and say so."""
        return max(len(data) for data in self.tables.values()) > _large.LARGE

    def bounded(self, role: str, share: int = 1) -> int:
        """How many persons can meet every row of a table, where all attacks of a sort share `PAIRS`."""
        return _large.PAIRS // (share * len(self.tables[role]))

    @cached_property
    def values(self) -> dict[str, dict[str, Codes]]:
        """For each column and role the identity of every value, from 0, shape (n,); -1 if missing.

        Texts are alike where their words are, pictures and other media where every byte is.
        """
        out = {}
        for column in self.tables["train"].schema:
            if column.is_numeric:
                coded = _coded_numbers([self.numeric(column.name, role) for role in self.tables])
            else:
                parts = [data.table[column.name] for data in self.tables.values()]
                coded = _coded_others(parts, column.kind == "text")
            ends = np.cumsum([len(data) for data in self.tables.values()])[:-1]
            out[column.name] = dict(zip(self.tables, np.split(_narrow(coded), ends), strict=True))
        return out

    def numeric(self, name: str, role: str) -> Floats:
        """The values of a numeric column, NaN where missing; -0.0 is 0.0. Made anew at each call."""
        return numbers(self.tables[role].table[name], self.column(name)) + 0.0

    @cached_property
    def identities(self) -> dict[str, Ints]:
        """For each role the identity of every row: equal where all scored columns are equal."""
        return self.alike([column.name for column in self.scored])

    def alike(self, names: Sequence[str]) -> dict[str, Ints]:
        """For each role the class of every row, from 0: equal where these columns are equal, in any table."""
        sizes = [len(data) for data in self.tables.values()]
        same, span = np.zeros(sum(sizes), dtype=np.int64), 1
        for name in names:
            coded = np.concatenate(list(self.values[name].values()))
            size = int(coded.max(initial=-1)) + 2
            if span * size > _WIDEST:  # number anew only when the product would not fit
                same, span = numbered(same)
            same, span = same * size + coded + 1, span * size
        same, _ = numbered(same)
        return dict(zip(self.tables, np.split(same, np.cumsum(sizes)[:-1]), strict=True))

    @cached_property
    def _places(self) -> list[Points]:
        """For each scored column where its values lie among train's ranks, by identity, missing last."""
        return [self._placed(column) for column in self.scored]

    def _placed(self, column: Column) -> Points:
        codes = self.values[column.name]
        size = int(max(found.max(initial=-1) for found in codes.values())) + 1
        known: npt.NDArray[Any] = np.append(np.arange(size), -1)
        if column.is_numeric:
            known = np.full(size + 1, np.nan)
            for role, found in codes.items():
                known[found] = self.numeric(column.name, role)
        # in order they are placed several times as fast
        space = Space.of(
            {column.name: known[np.sort(codes["train"])]}, {} if column.is_numeric else {column.name: size}
        )
        return space.place({column.name: known})

    def at(self, role: str, some: Ints) -> Points:
        """These rows of a table in the space of train's ranks."""
        columns = [
            (self.values[c.name][role], place) for c, place in zip(self.scored, self._places, strict=True)
        ]
        flat = np.empty((len(some), sum(place.flat.shape[1] for _, place in columns)), dtype=np.float32)
        for start in range(0, len(some), _BLOCK):
            block = some[start : start + _BLOCK]
            parts = [place.flat[codes[block]] for codes, place in columns]
            np.concatenate(parts, axis=1, out=flat[start : start + _BLOCK])
        # narrow and one after the other they are compared several times as fast
        wide = [codes[some] for codes, place in columns if place.wide.size]
        codes: Any = np.stack(wide).T if wide else np.empty((len(some), 0), dtype=np.int64)
        return replace(self.cells(role, some), flat=flat, wide=codes)

    def cells(self, role: str, some: Ints) -> Points:
        """The same on the grid alone, which is all that `agreement` looks at."""
        codes = [self.values[column.name][role][some] for column in self.scored]
        return Points(
            np.empty((len(some), 0), dtype=np.float32),
            np.empty((len(some), 0), dtype=np.int64),
            tuple(place.grid[0][code] for place, code in zip(self._places, codes, strict=True)),
            tuple(place.weights[0][code] for place, code in zip(self._places, codes, strict=True)),
            tuple(place.on_grid[0] for place in self._places),
        )

    def parts(self, role: str, among: Ints | None = None) -> list[Ints]:
        """Rows of a table, or those `among` them, so many at a time as fit into memory as points."""
        rows = np.arange(len(self.tables[role])) if among is None else among
        return np.array_split(rows, max(1, -(-len(rows) // _PART)))

    def nearest(self, targets: Points, role: str, k: int = 1, among: Ints | None = None) -> Floats:
        """As `neighbours.nearest`, to every row of a table, or to those `among` them."""
        parts = self.parts(role, among)
        found = np.full((len(targets), k), np.inf)
        for near in in_threads(lambda some: nearest(targets, self.at(role, some), k), parts):
            found = np.sort(np.concatenate([found, near], axis=1), axis=1)[:, :k]
        return found

    def agreement(self, targets: Points, role: str, among: Ints | None = None) -> Floats:
        """As `neighbours.agreement`, with every row of a table, or with those `among` them."""
        best = np.zeros(len(targets))
        parts = self.parts(role, among)
        for found in in_threads(lambda some: agreement(targets, self.cells(role, some)), parts):
            best = np.maximum(best, found)
        return best

    def agreeing(self, targets: Points, role: str, beyond: float) -> Ints:
        """As `neighbours.agreeing`, with every row of a table."""
        count = np.zeros(len(targets), dtype=np.int64)
        for found in in_threads(
            lambda some: agreeing(targets, self.cells(role, some), beyond), self.parts(role)
        ):
            count += found
        return count

    @cached_property
    def surprise(self) -> dict[str, Floats]:
        """For each role how surprising agreement with each row in every column is, in nats."""
        total = {role: np.zeros(len(data)) for role, data in self.tables.items()}
        for column, place in zip(self.scored, self._places, strict=True):
            for role, codes in self.values[column.name].items():
                total[role] += place.surprise[codes]
        return total

    @cached_property
    def standardised(self) -> dict[str, Floats]:
        """For each real role its rows in standard deviations, categories as marks, shape (n, width).

        Scales are those of both real tables together; a missing number is at the mean, and marked.
        """
        real = ("train", "holdout")
        columns: dict[str, list[Floats]] = {role: [] for role in real}
        for column in self.scored:
            if column.is_numeric:
                values = {role: self.numeric(column.name, role) for role in real}
                pooled = np.concatenate([values[role] for role in real])
                centre, spread = np.nanmean(pooled) if not np.isnan(pooled).all() else 0.0, np.nanstd(pooled)
                for role in real:
                    at = (values[role] - centre) / (spread or 1.0)
                    missing = np.isnan(at)
                    columns[role] += [np.where(missing, 0.0, at)[:, None], missing[:, None].astype(float)]
            else:
                coded = self.values[column.name]
                most = np.argsort(-np.bincount(np.concatenate([coded[role] for role in real]) + 1))[:_MARKED]
                for role in real:
                    columns[role].append((coded[role][:, None] + 1 == most) * np.sqrt(0.5))
        return {role: np.concatenate(parts, axis=1) for role, parts in columns.items()}

    @cached_property
    def persons(self) -> dict[str, Ints]:
        """For each real role the person behind every row, from 0; a row each without role group."""
        return {
            role: np.unique(persons(data), return_inverse=True)[1].astype(np.int64)
            for role, data in self.tables.items()
            if role != "synthetic"
        }


def rows_of(tables: Tables) -> Rows:
    """The tables' rows, made once and kept for the next metric.

    Raises
    ------
    NotRun
        If there is no holdout, no row to compare, or no column that can be compared.
    """
    if "privacy rows" not in tables.shared:
        given = {"train": tables.train, "synthetic": tables.synthetic, "holdout": tables.need_holdout()}
        for role, data in given.items():
            if not len(data):
                raise NotRun(f"{role} has no rows.")
        rows = Rows(given)
        if not rows.scored and not _images(tables):
            raise NotRun("no column can be compared: all are keys or of kinds without values to match.")
        tables.shared["privacy rows"] = rows
    kept: Rows = tables.shared["privacy rows"]
    return kept


def joint_rows(tables: Tables) -> Rows:
    """`rows_of` for attacks on rows as a whole.

    Raises
    ------
    NotRun
        As `rows_of`; and where pictures have at most one column beside them, so that all rows are alike.
    """
    if _images(tables) and sum(map(_makes_rows, tables.train.schema)) < 2:
        raise NotRun("pictures with at most one other column make up no rows to compare. See image_copies.")
    return rows_of(tables)


def _images(tables: Tables) -> bool:
    return any(column.kind == "image" for column in tables.train.schema)


def _makes_rows(column: Column) -> bool:
    return makes_rows(column.kind, column.roles, column.personal)


def forget(tables: Tables) -> None:
    """Let go of what only attacks need of large tables; which rows are equal or rare is kept."""
    rows: Rows | None = tables.shared.get("privacy rows")
    if rows is None or not rows.many or "values" not in vars(rows):
        return
    _ = rows.identities, rows.surprise, rows.persons
    for name in ("values", "_places"):
        vars(rows).pop(name, None)


def worst_row(scores: Floats, person: Ints) -> Floats:
    """The highest score of each person."""
    owner = np.unique(person, return_inverse=True)[1]
    worst = np.full(int(owner.max()) + 1, -np.inf)
    np.maximum.at(worst, owner, scores)
    return worst


def numbered(codes: Ints) -> tuple[Ints, int]:
    """Equal codes as equal numbers from 0, and how many there are; hashing is faster than sorting."""
    found = pc.dictionary_encode(pa.array(codes))
    return np.asarray(found.indices.to_numpy()).astype(np.int64), len(found.dictionary)


def _narrow(codes: Ints) -> Codes:
    """The same numbers in half the memory or less; one more than the highest still fits."""
    return codes.astype(np.int16 if codes.max(initial=-1) < 2**15 - 2 else np.int32)


def _coded_numbers(parts: list[Floats]) -> Ints:
    found = ranked(np.concatenate(parts))
    return np.where(found.places == len(found.values), -1, found.places)


def _coded_others(parts: list[pa.ChunkedArray], text: bool) -> Ints:
    kind = parts[0].type
    chunks = [chunk.cast(kind) for part in parts for chunk in part.chunks]
    every = pa.chunked_array(chunks, kind).combine_chunks()
    if pa.types.is_null(kind):
        return np.full(len(every), -1)
    if text and (pa.types.is_string(kind) or pa.types.is_large_string(kind)):
        every = plain(every)
    elif pa.types.is_nested(kind):
        every = pa.array([None if value is None else repr(value) for value in every.to_pylist()], pa.string())
    found = every if pa.types.is_dictionary(kind) else pc.dictionary_encode(every)
    return np.asarray(pc.fill_null(found.indices.cast(pa.int64()), -1).to_numpy(zero_copy_only=False))


def plain(texts: pa.Array) -> pa.Array:
    """Words in small letters, one space between: a full stop or a capital makes no other text."""
    return pc.utf8_trim_whitespace(pc.replace_substring_regex(pc.utf8_lower(texts), _BETWEEN, " "))
