"""Microaggregation: rows replaced by what is common to groups of at least k near ones (MDAV)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, ClassVar

import numpy as np
import numpy.typing as npt
from pydantic import Field

from mintmark.data.dataset import Dataset
from mintmark.data.encode import codes, from_codes, from_numbers
from mintmark.errors import InputError
from mintmark.method import method
from mintmark.progress import track
from mintmark.resample._scale import Scale, matrix
from mintmark.transformer import Masked, Transformer

__all__ = ["Microaggregation", "grouped"]

Floats = npt.NDArray[np.float64]
Singles = npt.NDArray[np.float32]
Ints = npt.NDArray[np.int64]

_PART = 10_000
"""Rows that are grouped at once: the time of MDAV grows with their square."""


@method
class Microaggregation(Transformer):
    """Groups of k to 2k - 1 near rows; each row becomes its group's mean and most frequent categories.

    MDAV (Domingo-Ferrer, Mateo-Sanz 2002, IEEE TKDE 14, 189-201; with categories Domingo-Ferrer, Torra
    2005, Data Mining and Knowledge Discovery 11, 195-212). Near means near in all columns together,
    numbers in standard deviations, categories that differ one apart. More than 10,000 rows are first
    halved again and again at the median of the number that varies most, and grouped in each part. A
    number that half of a group lacks is missing in it; between equally frequent categories chance
    decides.

    Kept: the means of columns without missing values, exactly but for the rounding of whole numbers,
    decimals and dates. Given: where all N rows leave, each is the same in every column as at least
    k - 1 others. Not kept: variance, which shrinks, the more the larger k and the more columns there
    are; correlations, which mostly grow; rare categories.

    This is k-anonymity of rows, and neither anonymity nor differential privacy: where a group has one
    value in common it is known of all its members, who else is in the group can be subtracted from its
    mean, and a group may be of k rows of one kind. Nothing is random, so no secret protects. A person
    must have one row only.
    """

    jointly: ClassVar[bool] = True

    k: Annotated[int, Field(ge=3, description="fewest rows of a group")] = 3

    def _refuse(self, data: Dataset) -> None:
        super()._refuse(data)
        self._enough(data)

    def _enough(self, data: Dataset) -> None:
        if self.k > len(data):
            raise InputError(f"k = {self.k} rows make a group, and the data has {len(data)}. Lower k.")

    def _mask(self, data: Dataset, rng: np.random.Generator) -> Masked:
        self._enough(data)  # rows that broke a rule are gone by now
        numeric = [column for column in self.maskable(data.schema) if column.is_numeric]
        discrete = [column for column in self.maskable(data.schema) if column.is_discrete]
        values = matrix(data.table, numeric)
        code = {column.name: codes(data.table[column.name], column) for column in discrete}
        label = grouped(*_placed(values, list(code.values())), self.k)
        means = _means(values, label)
        numbers = {column.name: from_numbers(means[:, at], column) for at, column in enumerate(numeric)}
        common = {c.name: from_codes(_modes(code[c.name], label, rng), c) for c in discrete}
        return Masked(numbers | common)


def _placed(values: Floats, code: Sequence[npt.NDArray[np.int32]]) -> tuple[Singles, Ints]:
    """Rows in space, shape (n, width), and their codes, others in each column, shape (n, columns).

    Numbers in standard deviations; two categories that differ are one apart, as are a missing and a
    known number.
    """
    scaled = Scale.of(values).to(values)
    gaps = np.isnan(scaled)
    flat = np.concatenate([np.nan_to_num(scaled), gaps[:, gaps.any(axis=0)]], axis=1).astype(np.float32)
    codes, first = np.empty((len(values), len(code)), dtype=np.int64), 0
    for at, column in enumerate(code):
        known, codes[:, at] = np.unique(column, return_inverse=True)
        codes[:, at] += first
        first += len(known)
    return flat, codes


def grouped(flat: Singles, codes: Ints, k: int) -> Ints:
    """The group of each row that `_placed` has placed, from 0, shape (n,); each has k to 2k - 1."""
    from mintmark.resample._masks import groups  # compiles once: not before it is needed

    label = np.empty(len(flat), dtype=np.int64)
    number = 0
    for rows in track(_parts(flat, max(_PART, 4 * k)), "grouping rows"):
        number = groups(flat, codes, rows, k, number, label)
    return label


def _parts(flat: Singles, most: int) -> list[Ints]:
    """Rows halved at the median of what varies most, until no part has more than `most`."""
    done, left = [], [np.arange(len(flat))]
    while left:
        rows = left.pop()
        if len(rows) <= most:
            done.append(rows)
            continue
        widest = int(np.argmax(flat[rows].var(axis=0))) if flat.shape[1] else 0
        order = np.argsort(flat[rows, widest], kind="stable") if flat.shape[1] else np.arange(len(rows))
        half = len(rows) // 2
        left += [rows[order[half:]], rows[order[:half]]]
    return done


def _means(values: Floats, label: Ints) -> Floats:
    """The mean of each row's group, NaN where no more than half of it is known; shape (n, columns)."""
    scale = Scale.of(values)
    scaled = scale.to(values)
    size = np.bincount(label)
    out = np.empty_like(scaled)
    for at in range(values.shape[1]):
        known = ~np.isnan(scaled[:, at])
        count = np.bincount(label[known], minlength=len(size))
        total = np.bincount(label[known], weights=scaled[known, at], minlength=len(size))
        mean = np.where(2 * count > size, total / np.maximum(count, 1), np.nan)
        out[:, at] = mean[label]
    return scale.back(out)


def _modes(code: npt.NDArray[np.int32], label: Ints, rng: np.random.Generator) -> Ints:
    """The most frequent code of each row's group, drawn among equally frequent ones; shape (n,)."""
    wide = int(code.max(initial=0)) + 2
    pairs, counts = np.unique(label * wide + code + 1, return_counts=True)
    order = np.lexsort((rng.random(len(pairs)), -counts, pairs // wide))
    _, first = np.unique(pairs[order] // wide, return_index=True)
    return np.asarray((pairs[order][first] % wide - 1)[label])
