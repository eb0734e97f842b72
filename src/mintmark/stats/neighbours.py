"""Nearest neighbours on mixed columns: exact, blocked, no index and no sub-sampling of the references.

Two ways to be near. *Distance*: Euclidean, where a number is its rank in train scaled to [0, 1],
and two categories that differ, or a value missing on one side, are one apart (Gower 1971,
Biometrics 27, with squares, so that matrix products do the work). *Agreement*: how surprising it is
that so many columns agree, which sees a copy even when one column was changed altogether.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

__all__ = ["Points", "Space", "agreeing", "agreement", "nearest", "nearest_others", "nearest_rows"]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Singles = npt.NDArray[np.float32]
Columns = Mapping[str, npt.NDArray[Any]]
Position = tuple[Floats, npt.NDArray[np.bool_]]

_WIDEST = 64  # a column of more categories is compared by code: one-hot would cost more
_QUERIES = 1024  # measured at once
_SPARE = 2  # candidates beyond k, so that the k-th is known for certain
_STEPS, _FIRST, _MISSING = 240, 6, 255  # grid of ranks in a byte, and missing far from all of it
_NEAR = 5  # steps at which two numbers still agree: about 2 % of the ranks
_UNITS = 8  # whole units of evidence in a nat


@dataclass(frozen=True)
class Points:
    """Rows placed in a `Space`.

    Parameters
    ----------
    flat : array, shape (n, width), float32
        Numbers, missing indicators and one-hot categories.
    wide : array, shape (n, c), int64
        Codes of columns with too many categories for `flat`.
    grid : tuple of arrays, shape (n,), unsigned
        Each column as whole numbers, for `agreement`; empty, as what follows, in a space without it.
    weights : tuple of array, shape (n,), uint8
        For each column how surprising it is that a train row agrees, in eighths of a nat.
    on_grid : tuple of bool
        Whether the column is a number (agrees when a few steps apart) or codes (agrees when equal).
    """

    flat: Singles
    wide: Ints
    grid: tuple[npt.NDArray[Any], ...]
    weights: tuple[npt.NDArray[np.uint8], ...]
    on_grid: tuple[bool, ...]

    def __len__(self) -> int:
        return len(self.flat)

    @property
    def surprise(self) -> Floats:
        """For each row how surprising agreement in every column is, in nats: high for rare rows."""
        total: Floats = np.stack(self.weights).sum(axis=0, dtype=np.float64) / _UNITS
        return total

    def take(self, rows: npt.NDArray[Any]) -> Points:
        """The points at these positions."""
        grid = tuple(column[rows] for column in self.grid)
        weights = tuple(column[rows] for column in self.weights)
        return Points(self.flat[rows], self.wide[rows], grid, weights, self.on_grid)

    def joined(self, other: Points) -> Points:
        """These points and others of the same space, one after the other."""
        grid, weights = (
            tuple(
                np.concatenate(both) for both in zip(getattr(self, name), getattr(other, name), strict=True)
            )
            for name in ("grid", "weights")
        )
        flat, wide = (
            np.concatenate([getattr(self, name), getattr(other, name)]) for name in ("flat", "wide")
        )
        return Points(flat, wide, grid, weights, self.on_grid)


@dataclass(frozen=True)
class Space:
    """Scales learnt from train.

    Parameters
    ----------
    ranks : mapping of str to (values, positions)
        For each numeric column its distinct values in order and their mid-ranks in [0, 1].
    sizes : mapping of str to int
        For each discrete column the number of its codes.
    surprise : mapping of str to array of uint8
        For each column and grid value minus the log of the share of train rows that agree with it;
        empty where nobody asks for agreement.
    """

    ranks: Mapping[str, tuple[Floats, Floats]]
    sizes: Mapping[str, int]
    surprise: Mapping[str, npt.NDArray[np.uint8]]

    @classmethod
    def of(cls, train: Columns, sizes: Mapping[str, int], *, agreement: bool = True) -> Space:
        """Scales of these columns: floats with NaN for missing, or whole codes with -1 for missing.

        Parameters
        ----------
        train : mapping of str to array, shape (n,)
        sizes : mapping of str to int
            Codes each discrete column may hold, in any table.
        agreement : bool
            Whether the points shall serve `agreement`; for distances alone they take half the time.
        """
        ranks = {name: _mid_ranks(values) for name, values in train.items() if name not in sizes}
        space = cls(ranks, dict(sizes), {})
        if not agreement:
            return space
        cells = {
            name: space._grid(name, values, space._position(name, values)) for name, values in train.items()
        }
        return cls(ranks, dict(sizes), {name: space._surprise(name, found) for name, found in cells.items()})

    def place(self, columns: Columns) -> Points:
        """The rows as `Points`; columns as given to `of`."""
        n = len(next(iter(columns.values())))
        flat: list[Singles] = [np.zeros((n, 0), dtype=np.float32)]
        wide: list[Ints] = []
        grid, weights = [], []
        for name, values in columns.items():
            at = self._position(name, values)
            if at is not None:
                flat += [part[:, None].astype(np.float32) for part in at]
            elif self.sizes[name] < _WIDEST:  # missing is category 0
                apart = np.eye(self.sizes[name] + 1, dtype=np.float32) * np.float32(np.sqrt(0.5))
                flat.append(apart[np.asarray(values) + 1])
            else:
                wide.append(np.asarray(values, dtype=np.int64))
            if self.surprise:
                grid.append(self._grid(name, values, at))
                weights.append(self.surprise[name][grid[-1]])
        dense = np.concatenate(flat, axis=1)
        codes = np.stack(wide, axis=1) if wide else np.zeros((n, 0), dtype=np.int64)
        on_grid = tuple(name in self.ranks for name in columns) if self.surprise else ()
        return Points(dense, codes, tuple(grid), tuple(weights), on_grid)

    def _grid(self, name: str, values: npt.NDArray[Any], position: Position | None) -> npt.NDArray[Any]:
        """Whole numbers: steps of rank in a byte, or codes from 1; missing 255 or 0."""
        if position is None:
            narrow = self.sizes[name] < 255
            return (np.asarray(values) + 1).astype(np.uint8 if narrow else np.uint32)
        at, missing = position
        steps = np.round(at * _STEPS).astype(np.uint8) + np.uint8(_FIRST)
        return np.where(missing, np.uint8(_MISSING), steps)

    def _surprise(self, name: str, cells: npt.NDArray[Any]) -> npt.NDArray[np.uint8]:
        size = 256 + _NEAR if name in self.ranks else self.sizes[name] + 1
        counts = np.bincount(cells, minlength=size).astype(np.float64)
        if name in self.ranks:
            below = np.concatenate([[0.0], np.cumsum(counts)])
            low = np.maximum(np.arange(256) - _NEAR, 0)
            counts = below[np.arange(256) + _NEAR + 1] - below[low]
        share = np.maximum(counts, 1) / max(1, len(cells))
        return np.round(-_UNITS * np.log(share)).astype(np.uint8)

    def _position(self, name: str, values: npt.NDArray[Any]) -> Position | None:
        """Ranks of a number in [0, 1] and which are missing; None of codes."""
        if name in self.sizes:
            return None
        known, positions = self.ranks[name]
        missing = np.isnan(values)
        if not len(known):
            return np.full(len(values), 0.5), missing
        at = _interpolated(np.where(missing, known[0], values), known, positions)
        return np.where(missing, 0.5, at), missing


def _interpolated(values: Floats, known: Floats, positions: Floats) -> Floats:
    """Positions of values between those of known ones, however large or small the numbers are."""
    # by a power of two, which loses nothing: differences of the largest numbers would be infinite
    exponent = np.frexp(np.abs(known[[0, -1]]).max())[1]
    scaled = np.ldexp(np.clip(values, known[0], known[-1]), -exponent)
    at: Floats = np.interp(scaled, np.ldexp(known, -exponent), positions)
    if np.isfinite(at).all():
        return at
    lower = positions[np.maximum(np.searchsorted(known, values, "right") - 1, 0)]
    return np.where(np.isfinite(at), at, lower)  # a step between the smallest numbers has no slope


def _mid_ranks(values: npt.NDArray[Any]) -> tuple[Floats, Floats]:
    known, counts = np.unique(values[~np.isnan(values)], return_counts=True)
    return known, (np.cumsum(counts) - counts / 2) / max(1, counts.sum())


def nearest(queries: Points, references: Points, k: int = 1) -> Floats:
    """Distances from each query to its `k` nearest references, nearest first, shape (n, k).

    Exact to 1e-5: single precision finds candidates, double precision measures them, and a query
    whose k-th neighbour single precision cannot tell from the next is searched again in double.
    Where there are fewer than `k` references the missing ones are infinitely far.

    Parameters
    ----------
    queries, references : Points
        Of one `Space`.
    k : int, >= 1
    """
    return nearest_rows(queries, references, k)[0]


def nearest_rows(queries: Points, references: Points, k: int = 1) -> tuple[Floats, Ints]:
    """As `nearest`, and which references they are, -1 where there are fewer, both of shape (n, k)."""
    out, places = np.full((len(queries), k), np.inf), np.full((len(queries), k), -1, dtype=np.int64)
    if not len(references) or not len(queries):
        return out, places
    asked = min(k + _SPARE, len(references))
    found = _least(queries, references, asked, np.float32)
    doubtful = _measured_again(queries, references, *found, out, places)
    if asked < len(references) and len(rest := np.flatnonzero(doubtful)):
        some = queries.take(rest)
        exact, where = out[rest], places[rest]
        _measured_again(some, references, *_least(some, references, asked, np.float64), exact, where)
        out[rest], places[rest] = exact, where
    return out, places


def nearest_others(points: Points, k: int = 1) -> tuple[Floats, Ints]:
    """For each point the distances to the `k` nearest of the others, and which they are, shape (n, k).

    As `nearest_rows` in exactness; every pair of points is looked at once.
    """
    from mintmark.stats._nearest import least_of_others  # compiles once: not before it is needed

    n = len(points)
    out, places = np.full((n, k), np.inf), np.full((n, k), -1, dtype=np.int64)
    if n < 2:
        return out, places
    asked = min(k + _SPARE, n - 1)
    doubtful = _measured_again(points, points, *least_of_others(points.flat, points.wide, asked), out, places)
    if asked < n - 1 and len(rest := np.flatnonzero(doubtful)):
        some = points.take(rest)
        exact, where = np.empty((len(rest), k + 1)), np.empty((len(rest), k + 1), dtype=np.int64)
        _measured_again(some, points, *_least(some, points, asked + 1, np.float64), exact, where)
        itself = where == rest[:, None]
        itself[:, -1] |= ~itself.any(axis=1)  # of many equal ones it may not be among the first
        out[rest], places[rest] = (both[~itself].reshape(-1, k) for both in (exact, where))
    return out, places


def _least(queries: Points, references: Points, k: int, dtype: Any) -> tuple[npt.NDArray[Any], Ints]:
    from mintmark.stats._nearest import least  # compiles once: not before it is needed

    return least(queries.flat, queries.wide, references.flat, references.wide, k, dtype)


def _blocks(n: int, size: int) -> Iterator[Ints]:
    for start in range(0, n, size):
        yield np.arange(start, min(n, start + size))


def _measured_again(
    queries: Points, references: Points, best: npt.NDArray[Any], where: Ints, out: Floats, places: Ints
) -> npt.NDArray[np.bool_]:
    """Write distances of candidates in double precision; which queries single precision leaves in doubt."""
    squared = np.einsum("ij,ij->i", references.flat, references.flat, dtype=np.float64)
    k, asked = out.shape[1], where.shape[1]
    doubtful = np.zeros(len(queries), dtype=bool)
    for rows in _blocks(len(queries), _QUERIES):
        block = queries.take(rows)
        exact, found = _in_order(_measured(block, references, where[rows]), where[rows])
        out[rows, :asked], places[rows, :asked] = np.sqrt(exact[:, :k]), found[:, :k]
        norms = np.einsum("ij,ij->i", block.flat, block.flat, dtype=np.float64)
        doubtful[rows] = _doubtful(exact[:, min(k, asked) - 1], best[rows, -1], norms, squared)
    return doubtful


def _doubtful(kth: Floats, kept: Floats, norms: Floats, squared: Floats) -> npt.NDArray[np.bool_]:
    """Queries whose k-th neighbour single precision cannot tell from those that were not kept."""
    slack = 4 * np.finfo(np.float32).eps * (norms + float(squared.max()))
    # an error of `slack` in the square moves the distance d by slack / 2d at most
    return np.asarray((kth > 0) & (kth + slack > kept) & (slack > 2e-5 * np.sqrt(kth)))


def _in_order(exact: Floats, where: Ints) -> tuple[Floats, Ints]:
    order = np.argsort(exact, axis=1, kind="stable")
    return np.take_along_axis(exact, order, 1), np.take_along_axis(where, order, 1)


def _measured(block: Points, references: Points, where: Ints) -> Floats:
    out = np.empty(where.shape)
    for i in range(where.shape[1]):
        difference = block.flat - references.flat[where[:, i]]
        out[:, i] = np.einsum("ij,ij->i", difference, difference, dtype=np.float64)
        out[:, i] += (block.wide != references.wide[where[:, i]]).sum(axis=1)
    return out


def agreement(queries: Points, references: Points) -> Floats:
    """For each query how surprising its best agreement with any one reference is, in nats, shape (n,).

    Categories agree when equal, numbers when their ranks in train are at most about 2 % of the rows
    apart (5 steps of a grid of 240), missing with missing. A column that agrees adds minus the log
    of the share of train rows that agree with the query in it, rounded to an eighth.

    Parameters
    ----------
    queries, references : Points
        Of one `Space`.
    """
    best, _ = _agreement(queries, references, 2**32 - 1)
    return best / _UNITS


def agreeing(queries: Points, references: Points, beyond: float) -> Ints:
    """For each query how many references agree with it more surprisingly than this, shape (n,).

    Parameters
    ----------
    queries, references : Points
        Of one `Space`.
    beyond : float, >= 0
        Nats, as `agreement` gives them.
    """
    return _agreement(queries, references, round(beyond * _UNITS))[1]


def _agreement(queries: Points, references: Points, beyond: int) -> tuple[npt.NDArray[np.uint32], Ints]:
    from mintmark.stats._agreement import best_sums  # compiles once: not before it is needed

    best, count = np.zeros(len(queries), dtype=np.uint32), np.zeros(len(queries), dtype=np.int64)
    ranked, narrow = np.array(queries.on_grid), np.array([c.dtype == np.uint8 for c in queries.grid])
    sides = [_stacked(points.grid, narrow, len(points)) for points in (queries, references)]
    # numbers agree within a few steps on either side, codes when equal
    sides[0][0][ranked[narrow]] -= np.uint8(_NEAR)
    spans = np.where(ranked[narrow], 2 * _NEAR, 0).astype(np.uint8)
    weights = _stacked(queries.weights, narrow, len(queries), np.uint8)
    best_sums(*sides, weights, spans, best, beyond, count)
    return best, count


def _stacked(
    columns: tuple[npt.NDArray[Any], ...], narrow: npt.NDArray[np.bool_], n: int, wide: Any = np.uint32
) -> tuple[npt.NDArray[np.uint8], npt.NDArray[Any]]:
    """Columns of bytes and the others as two arrays, shapes (narrow, n) and (wide, n)."""
    parts = []
    for which, dtype in ((True, np.uint8), (False, wide)):
        some = [column for column, small in zip(columns, narrow, strict=True) if small == which]
        parts.append(np.stack(some).astype(dtype) if some else np.zeros((0, n), dtype=dtype))
    return parts[0], parts[1]
