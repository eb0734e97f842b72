"""Nearest neighbours on mixed columns: exact, blocked, no index and no sub-sampling of the references.

Two ways to be near. *Distance*: Euclidean, where a number is its rank in train scaled to [0, 1],
and two categories that differ, or a value missing on one side, are one apart (Gower 1971,
Biometrics 27, with squares, so that matrix products do the work). *Alike*: the number of columns
that agree, which sees a copy of which one column was changed altogether.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

__all__ = ["Points", "Space", "alike", "nearest"]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Columns = Mapping[str, npt.NDArray[Any]]

_WIDEST = 64  # a column of more categories is compared by code: one-hot would cost more
_QUERIES, _REFERENCES = 256, 8192  # a block of distances is 8 MB and stays in cache
_SPARE = 2  # candidates beyond k, so that the k-th is known for certain
_STEPS, _FIRST, _MISSING = 240, 6, 255  # grid of ranks in a byte, and missing far from all of it
_ALIKE_STEPS = 5  # about 2 % of the ranks


@dataclass(frozen=True)
class Points:
    """Rows placed in a `Space`.

    Parameters
    ----------
    flat : array, shape (n, width), float64
        Numbers, missing indicators and one-hot categories, centred.
    wide : array, shape (n, c), int64
        Codes of columns with too many categories for `flat`.
    grid : tuple of arrays, shape (n,), unsigned
        Each column as whole numbers, for `alike`.
    on_grid : tuple of bool
        Whether the column is a number (agrees when a few steps apart) or codes (agrees when equal).
    """

    flat: Floats
    wide: Ints
    grid: tuple[npt.NDArray[Any], ...]
    on_grid: tuple[bool, ...]

    def __len__(self) -> int:
        return len(self.flat)

    def take(self, rows: npt.NDArray[Any]) -> Points:
        """The points at these positions."""
        grid = tuple(column[rows] for column in self.grid)
        return Points(self.flat[rows], self.wide[rows], grid, self.on_grid)


@dataclass(frozen=True)
class Space:
    """Scales learnt from train.

    Parameters
    ----------
    ranks : mapping of str to (values, positions)
        For each numeric column its distinct values in order and their mid-ranks in [0, 1].
    sizes : mapping of str to int
        For each discrete column the number of its codes.
    """

    ranks: Mapping[str, tuple[Floats, Floats]]
    sizes: Mapping[str, int]

    @classmethod
    def of(cls, train: Columns, sizes: Mapping[str, int]) -> Space:
        """Scales of these columns: floats with NaN for missing, or whole codes with -1 for missing.

        Parameters
        ----------
        train : mapping of str to array, shape (n,)
        sizes : mapping of str to int
            Codes each discrete column may hold, in any table.
        """
        ranks = {name: _mid_ranks(values) for name, values in train.items() if name not in sizes}
        return cls(ranks, dict(sizes))

    def place(self, columns: Columns) -> Points:
        """The rows as `Points`; columns as given to `of`."""
        n = len(next(iter(columns.values())))
        flat: list[Floats] = []
        wide: list[Ints] = []
        grid: list[npt.NDArray[Any]] = []
        for name in columns:
            if name in self.ranks:
                at, missing = self._positions(name, columns[name])
                flat += [at[:, None], missing[:, None].astype(np.float64)]
                steps = np.round(at * _STEPS).astype(np.uint8) + np.uint8(_FIRST)
                grid.append(np.where(missing, np.uint8(_MISSING), steps))
                continue
            codes = np.asarray(columns[name], dtype=np.int64) + 1  # missing is category 0
            if self.sizes[name] < _WIDEST:
                flat.append(np.eye(self.sizes[name] + 1)[codes] * np.sqrt(0.5))
            else:
                wide.append(codes)
            grid.append(codes.astype(np.uint8 if self.sizes[name] < 255 else np.uint32))
        dense = np.concatenate(flat, axis=1) - 0.2 if flat else np.zeros((n, 1))
        codes_wide = np.stack(wide, axis=1) if wide else np.zeros((n, 0), dtype=np.int64)
        return Points(dense, codes_wide, tuple(grid), tuple(name in self.ranks for name in columns))

    def _positions(self, name: str, values: npt.NDArray[Any]) -> tuple[Floats, npt.NDArray[np.bool_]]:
        known, positions = self.ranks[name]
        missing = np.isnan(values)
        if not len(known):
            return np.full(len(values), 0.5), missing
        at = np.interp(np.where(missing, known[0], values), known, positions)
        return np.where(missing, 0.5, at), missing


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
    out = np.full((len(queries), k), np.inf)
    if not len(references):
        return out
    single = _augmented(references, np.float32)
    again: list[Ints] = []
    for rows in _blocks(len(queries), _QUERIES):
        block = queries.take(rows)
        out[rows], doubtful = _search(block, references, single, k)
        again.append(rows[doubtful])
    rest = np.concatenate(again) if again else np.zeros(0, dtype=np.int64)
    if len(rest):
        double = _augmented(references, np.float64)
        for part in _blocks(len(rest), _QUERIES):
            rows = rest[part]
            out[rows], _ = _search(queries.take(rows), references, double, k)
    return out


def _blocks(n: int, size: int) -> Iterator[Ints]:
    for start in range(0, n, size):
        yield np.arange(start, min(n, start + size))


def _augmented(points: Points, dtype: Any) -> npt.NDArray[Any]:
    """Rows with their squared norm beside them: one product then gives |r|² - 2 q·r."""
    norms = np.einsum("ij,ij->i", points.flat, points.flat)
    return np.concatenate([points.flat, norms[:, None]], axis=1).astype(dtype)


def _search(
    block: Points, references: Points, augmented: npt.NDArray[Any], k: int
) -> tuple[Floats, npt.NDArray[np.bool_]]:
    """Distances (q, k), and which queries need double precision."""
    asked = min(k + _SPARE, len(references))
    norms = np.einsum("ij,ij->i", block.flat, block.flat)
    left = np.concatenate([-2 * block.flat, np.ones((len(block), 1))], axis=1).astype(augmented.dtype)
    best = np.full((len(block), 0), np.inf)
    where = np.zeros((len(block), 0), dtype=np.int64)
    for some in _blocks(len(references), _REFERENCES):
        squares = left @ augmented[some[0] : some[-1] + 1].T
        for column in range(references.wide.shape[1]):
            squares += block.wide[:, column, None] != references.wide[some, column]
        values, places = _smallest(squares, min(asked, len(some)))
        best = np.concatenate([best, values + norms[:, None]], axis=1)
        where = np.concatenate([where, places + some[0]], axis=1)
        order = np.argsort(best, axis=1, kind="stable")[:, :asked]
        best, where = np.take_along_axis(best, order, 1), np.take_along_axis(where, order, 1)
    exact = np.sort(_measured(block, references, where), axis=1)
    out = np.full((len(block), k), np.inf)
    out[:, : min(k, asked)] = np.sqrt(exact[:, :k])
    if augmented.dtype == np.float64 or asked == len(references):
        return out, np.zeros(len(block), dtype=bool)
    slack = 4 * np.finfo(np.float32).eps * (norms + float(augmented[:, -1].max()))
    kth = exact[:, min(k, asked) - 1]
    # an error of `slack` in the square moves the distance d by slack / 2d at most
    return out, (kth > 0) & (kth + slack > best[:, -1]) & (slack > 2e-5 * np.sqrt(kth))


def _smallest(squares: npt.NDArray[Any], count: int) -> tuple[Floats, Ints]:
    """The `count` smallest of each row and their places; `squares` is overwritten."""
    rows = np.arange(len(squares))
    values = np.empty((len(squares), count))
    places = np.empty((len(squares), count), dtype=np.int64)
    for i in range(count):  # a few vectorised passes beat one partition thirty to one
        places[:, i] = squares.argmin(axis=1)
        values[:, i] = squares[rows, places[:, i]]
        squares[rows, places[:, i]] = np.inf
    return values, places


def _measured(block: Points, references: Points, where: Ints) -> Floats:
    out = np.empty(where.shape)
    for i in range(where.shape[1]):
        difference = block.flat - references.flat[where[:, i]]
        out[:, i] = np.einsum("ij,ij->i", difference, difference)
        out[:, i] += (block.wide != references.wide[where[:, i]]).sum(axis=1)
    return out


def alike(queries: Points, references: Points) -> Ints:
    """For each query the most columns in which any one reference agrees with it, shape (n,).

    Categories agree when equal, numbers when their ranks in train are at most about 2 % of the rows
    apart (5 steps of a grid of 240), missing with missing.

    Parameters
    ----------
    queries, references : Points
        Of one `Space`.
    """
    out = np.zeros(len(queries), dtype=np.int64)
    many = np.uint8 if len(queries.grid) < 255 else np.uint16
    for some in _blocks(len(references), 4 * _REFERENCES):
        counts = np.empty(len(some), dtype=many)
        agrees = np.empty(len(some), dtype=bool)
        moved = np.empty(len(some), dtype=np.uint8)
        columns = [column[some] for column in references.grid]
        for row in range(len(queries)):
            counts[:] = 0
            for column, query, numeric in zip(columns, queries.grid, queries.on_grid, strict=True):
                if numeric:  # unsigned wrap-around makes |a - b| <= s one comparison
                    low = np.uint8((int(query[row]) - _ALIKE_STEPS) % 256)
                    np.subtract(column, low, out=moved)
                    np.less_equal(moved, np.uint8(2 * _ALIKE_STEPS), out=agrees)
                else:
                    np.equal(column, query[row], out=agrees)
                np.add(counts, agrees.view(np.uint8), out=counts)
            out[row] = max(out[row], int(counts.max()))
    return out
