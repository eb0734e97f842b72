"""Tables as codes and scores: what nets of numbers read and draw, and back to values.

A category is a code, a missing value one of its own. A number is the code of its mode (missing, one of the
values that many rows hold, or the rest) and, in the rest, a normal score: the standard normal number below
which as much of a normal law lies as there are values below. Scores are read off the smoothed quantile
function of the rest, whose knots are means of ten neighbours, so that no value passes the bounds.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.special import ndtr, ndtri

from mintmark.data.encode import bound
from mintmark.data.protect import FEWEST
from mintmark.data.schema import Column, Schema
from mintmark.latent._digits import digits_of, joined, parted
from mintmark.latent._marginal import invert, quantile_function, spikes

__all__ = ["Allowed", "Layout", "from_rows", "known_rows", "layout_of", "learn_mixed", "to_rows"]

Array = npt.NDArray[Any]
Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
_FREQUENT = 0.05
"""Share of the rows, or of those beside larger modes, that makes a number a mode of its own."""
_LEAST, _SPARSE = 0.002, 0.5
"""Share of the rows that a mode holds at least, and of those beside modes below which these are looked at."""

_STEPS = 50_000
"""In which the rest of a number's law is looked at for what meets a condition."""


@dataclass(frozen=True)
class Layout:
    """What a row is made of.

    Parameters
    ----------
    sizes : list of int
        Values of each code.
    scored : list of int
        Positions of the columns that have a score.
    gates : list of (int, int)
        For each score the code, and the value of it, at which the score counts; (-1, 0) where it always does.
    columns : list of int
        For each code the position of its column.
    """

    sizes: list[int]
    scored: list[int]
    gates: list[tuple[int, int]]
    columns: list[int]

    @property
    def is_empty(self) -> bool:
        """Whether every row is the same."""
        return not self.sizes and not self.scored


def learn_mixed(arrays: Mapping[str, Array], schema: Schema) -> dict[str, Array]:
    """What is needed to read rows and to make them.

    Parameters
    ----------
    arrays : mapping
        As `encode` gives them.

    Returns
    -------
    dict of arrays
        Of column j under names that begin with ``j/``: ``codes``, those that occur, ascending, and ``often``,
        their shares; for a number ``modes``, the values that are one, and where there are others
        ``probability`` and ``value`` of their quantile function.
    """
    learnt: dict[str, Array] = {}
    for j, column in enumerate(schema):
        values = arrays[column.name]
        if column.is_numeric:
            learnt[f"{j}/modes"], rest = _modes(values)
            if len(rest):
                ends = bound(column.low, column), bound(column.high, column)
                learnt[f"{j}/probability"], learnt[f"{j}/value"] = quantile_function(rest, *ends)
        learnt[f"{j}/codes"], counts = np.unique(_codes(values, learnt, j, column), return_counts=True)
        learnt[f"{j}/often"] = counts / counts.sum()
    return learnt


def _modes(values: Array) -> tuple[Array, Array]:
    """The values that are modes of their own, and all others; few others are left to the modes.

    First those of 5 % of all rows, then, of a rest that holds fewer rows, those of 5 % of the rest: what a
    few rows hold beside a large spike has spikes too.
    """
    rest = values[~np.isnan(values)]
    modes = rest[:0]
    for _ in range(2):
        held, counts = spikes(rest)
        held = held[counts >= max(_FREQUENT * len(rest), _LEAST * len(values))]
        modes = np.union1d(modes, held)
        rest = rest[~np.isin(rest, held)]
        if len(rest) > _SPARSE * len(values):
            break
    return modes, rest[:0] if len(modes) and len(rest) < FEWEST else rest


def _codes(values: Array, learnt: Mapping[str, Array], j: int, column: Column) -> Ints:
    """0 where missing; 1 + category; or 1 + mode, the rest last."""
    if not column.is_numeric:
        return values.astype(np.int64) + 1
    modes = learnt[f"{j}/modes"]
    codes = np.full(len(values), len(modes) + 1, dtype=np.int64)
    if len(modes):
        after = np.clip(np.searchsorted(modes, values), 0, len(modes) - 1)
        before = np.maximum(after - 1, 0)
        nearer = values / 2 - modes[before] / 2 < modes[after] / 2 - values / 2  # halves: no overflow
        near = np.where(nearer, before, after)
        own = modes[near] == values if f"{j}/value" in learnt else np.ones(len(values), dtype=bool)
        codes[own] = near[own] + 1
    codes[np.isnan(values)] = 0
    return codes


def layout_of(learnt: Mapping[str, Array], schema: Schema) -> Layout:
    """The codes and scores of a row; columns of one code have none."""
    sizes: list[int] = []
    scored: list[int] = []
    gates: list[tuple[int, int]] = []
    columns: list[int] = []
    for j in range(len(schema)):
        size = len(learnt[f"{j}/codes"])
        if f"{j}/value" in learnt:
            scored.append(j)
            gates.append((len(sizes), size - 1) if size > 1 else (-1, 0))
        sizes += _digits(size)
        columns += [j] * len(_digits(size))
    return Layout(sizes, scored, gates, columns)


def _digits(size: int) -> list[int]:
    return digits_of(size) if size > 1 else []


def to_rows(
    arrays: Mapping[str, Array],
    learnt: Mapping[str, Array],
    schema: Schema,
    rng: np.random.Generator | None,
    fitted: int,
) -> tuple[Ints, Floats]:
    """Codes, shape (n, codes), and scores, shape (n, scores), NaN where they do not count.

    Of a value that many rows hold the score is drawn evenly from its part of the law; without a generator
    it is the middle of that part, so that a row has one score. `fitted` is how many rows were learnt:
    no score is farther out than that of the outermost of so many.
    """
    n = len(arrays[schema.names[0]])
    codes: list[Array] = [np.empty((n, 0), dtype=np.int64)]
    scores: list[Array] = [np.empty((n, 0))]
    for j, column in enumerate(schema):
        values = arrays[column.name]
        own = _codes(values, learnt, j, column)
        present = learnt[f"{j}/codes"]
        place = np.clip(np.searchsorted(present, own), 0, len(present) - 1)
        codes += [digit[:, None] for digit in parted(place, len(present))] if len(present) > 1 else []
        if f"{j}/value" in learnt:
            score = np.full((n, 1), np.nan)
            rest = own == len(learnt[f"{j}/modes"]) + 1
            score[rest, 0] = ndtri(_ranks(values[rest], learnt, j, fitted, rng))
            scores.append(score)
    return np.concatenate(codes, axis=1), np.concatenate(scores, axis=1)


def _ranks(
    values: Array, learnt: Mapping[str, Array], j: int, n: int, rng: np.random.Generator | None
) -> Floats:
    """The share of the law below each value, drawn evenly where the law has a step; never 0 or 1."""
    x, probability = learnt[f"{j}/value"][::2], learnt[f"{j}/probability"].reshape(-1, 2)
    at = np.clip(np.searchsorted(x, values), 0, len(x) - 1)
    before = np.maximum(at - 1, 0)
    wide = x[at] / 2 - x[before] / 2
    part = np.clip((values / 2 - x[before] / 2) / np.where(wide > 0, wide, 1.0), 0.0, 1.0)
    start, stop = probability[before, 1], probability[at, 0]
    share = start + part * np.maximum(stop - start, 0.0)
    held = x[at] == values
    low, high = probability[at, 0], probability[at, 1]
    inside = 0.5 if rng is None else rng.random(len(values))
    share = np.where(held, low + (high - low) * inside, share)
    inner: npt.NDArray[np.float64] = np.clip(share, 0.25 / n, 1 - 0.25 / n)
    return inner


def from_rows(
    codes: Ints, scores: Floats, learnt: Mapping[str, Array], schema: Schema
) -> dict[str, Array]:  # fmt: skip
    """Arrays as `decode` takes them; inverse of `to_rows`."""
    out: dict[str, Array] = {}
    at = scored = 0
    for j, column in enumerate(schema):
        present = learnt[f"{j}/codes"]
        digits = len(_digits(len(present)))
        place = np.zeros(len(codes), dtype=np.int64)
        if digits:
            place = joined(list(codes[:, at : at + digits].T), len(present))
        at += digits
        score = None
        if f"{j}/value" in learnt:
            score = scores[:, scored]
            scored += 1
        out[column.name] = _values(place, score, learnt, j, column)
    return out


def _values(
    place: Array, score: Array | None, learnt: Mapping[str, Array], j: int, column: Column
) -> Array:  # fmt: skip
    """Of one column the values of codes, told by their place among those that occur, and of scores."""
    own = learnt[f"{j}/codes"][place]
    if not column.is_numeric:
        return np.asarray(own - 1)
    values = np.concatenate([[np.nan], learnt[f"{j}/modes"], [np.nan]])[own]
    if score is not None:
        rest = own == len(learnt[f"{j}/modes"]) + 1
        values[rest] = invert(ndtr(score[rest]), learnt, j)
    return values


@dataclass(frozen=True)
class Allowed:
    """What the condition on a column allows: places of codes, their scores, and how often each is drawn.

    Parameters
    ----------
    place, weight : array, shape (k,)
        The weights add up to the share of the column's law that meets the condition.
    score : array, shape (k,)
        NaN where it does not count.
    """

    place: Ints
    score: Floats
    weight: Floats

    @classmethod
    def of(
        cls, learnt: Mapping[str, Array], j: int, column: Column, met: Callable[[Array], Array]
    ) -> Allowed:
        """What of column j `met` says yes to, given its values; the rest of a number's law in fine steps."""
        codes, often = learnt[f"{j}/codes"], learnt[f"{j}/often"]
        place, score, weight = np.arange(len(codes)), np.full(len(codes), np.nan), often
        if f"{j}/value" in learnt:  # the rest is the last code
            steps = ndtri((np.arange(_STEPS) + 0.5) / _STEPS)
            place = np.concatenate([place[:-1], np.full(_STEPS, len(codes) - 1)])
            score = np.concatenate([score[:-1], steps])
            weight = np.concatenate([often[:-1], np.full(_STEPS, often[-1] / _STEPS)])
        held = met(_values(place, score, learnt, j, column))
        return cls(place[held], score[held], weight[held])

    def drawn(self, n: int, rng: np.random.Generator) -> tuple[Ints, Floats]:
        """Places and scores, shape (n,) each, of those allowed."""
        at = rng.choice(len(self.place), n, p=self.weight / self.weight.sum())
        return self.place[at], self.score[at]


def known_rows(
    allowed: Mapping[int, Allowed], learnt: Mapping[str, Array], schema: Schema, n: int,
    rng: np.random.Generator,
) -> tuple[Ints, Floats]:  # fmt: skip
    """Codes, -1 where any may be, and scores, NaN where they do not count or any may be, of n rows.

    Parameters
    ----------
    allowed : mapping
        Of columns that have a condition; each is drawn without regard to the others.
    """
    codes: list[Array] = [np.empty((n, 0), dtype=np.int64)]
    scores: list[Array] = [np.empty((n, 0))]
    for j in range(len(schema)):
        size = len(learnt[f"{j}/codes"])
        digits = [np.full(n, -1)] * len(_digits(size))
        score = np.full(n, np.nan)
        if j in allowed:
            place, score = allowed[j].drawn(n, rng)
            digits = parted(place, size) if digits else []
        codes += [digit[:, None] for digit in digits]
        scores += [score[:, None]] if f"{j}/value" in learnt else []
    return np.concatenate(codes, axis=1), np.concatenate(scores, axis=1)
