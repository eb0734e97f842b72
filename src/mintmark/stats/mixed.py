"""Distances on any subset of mixed columns, in whole numbers: ties are exact, a column can be taken out.

A number is its rank among the references on a grid; two numbers are as far apart as the square of
their steps, two categories that differ, or a value missing on one side, as the square of the whole
grid (Gower 1971, Biometrics 27, with squares). Every distance is an integer below 2^24 and so
exact in single precision, whatever the order of summing: one matrix product serves any subset,
and the distance without one column is the difference of two products.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

__all__ = ["Block", "Mixed", "Side", "positions"]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Singles = npt.NDArray[np.float32]
Arrays = Mapping[str, npt.NDArray[Any]]

_WIDEST = 64  # more categories are compared by code: one-hot would cost more
_EXACT = 2**23  # half of what single precision counts, so that sums on the way stay exact too


@dataclass(frozen=True)
class Block:
    """Rows on some columns, on one side of a product.

    Parameters
    ----------
    factors : array, shape (width, n), float32
    codes : array, shape (columns, n)
        Codes of columns with too many categories for factors.
    """

    factors: Singles
    codes: Ints

    def __len__(self) -> int:
        return int(self.factors.shape[1])

    def take(self, rows: Ints) -> Block:
        """The rows at these positions."""
        return Block(self.factors[:, rows], self.codes[:, rows])


@dataclass(frozen=True)
class Side:
    """Rows on one side of a product, column by column: factors (width, n), or codes of many categories (n,).

    The factors of all columns lie in one array, of which each column is a view.
    """

    columns: Mapping[str, npt.NDArray[Any]]
    factors: Singles
    rows: int

    def part(self, start: int, stop: int) -> Side:
        """The rows from `start` to before `stop`, not copied."""
        columns = {name: column[..., start:stop] for name, column in self.columns.items()}
        return Side(columns, self.factors[:, start:stop], min(stop, self.rows) - start)

    def on(self, names: Sequence[str]) -> Block:
        """The rows on these columns; copied only where it must be."""
        flat = [self.columns[name] for name in names if self.columns[name].ndim == 2]
        wide = [self.columns[name] for name in names if self.columns[name].ndim == 1]
        if sum(map(len, flat)) == len(self.factors):
            factors = self.factors
        elif len(flat) == 1:
            factors = flat[0]
        else:
            factors = np.concatenate(flat) if flat else self.factors[:0]
        return Block(factors, np.stack(wide) if wide else np.zeros((0, self.rows), dtype=np.int64))


@dataclass(frozen=True)
class Mixed:
    """References, and the scale that places other rows beside them.

    Parameters
    ----------
    known : mapping of str to array, shape (m,)
        For each numeric column the references' values in order; None where ranks are given.
    sizes : mapping of str to int
        For each other column the number of its codes.
    steps : int
        Steps of the grid: the farthest two values of one column are `steps`² apart.
    """

    known: Mapping[str, Floats | None]
    sizes: Mapping[str, int]
    steps: int

    @classmethod
    def placed(cls, numbers: Sequence[str], sizes: Mapping[str, int]) -> Mixed:
        """The scale of columns whose numbers come as mid-ranks in [0, 1], NaN for missing, and not as values.

        Parameters
        ----------
        numbers : sequence of str
        sizes : mapping of str to int
            For each column of codes how many there are, in any table.
        """
        return cls(dict.fromkeys(numbers), dict(sizes), _steps(len(numbers) + len(sizes)))

    @classmethod
    def of(cls, references: Arrays, sizes: Mapping[str, int]) -> Mixed:
        """The scale of these references: floats with NaN for missing, or codes from 0, -1 for missing.

        Parameters
        ----------
        references : mapping of str to array, shape (n,)
        sizes : mapping of str to int
            For each column of codes how many there are, in any table.
        """
        known: dict[str, Floats | None] = {
            name: np.sort(values[~np.isnan(values)])
            for name, values in references.items()
            if name not in sizes
        }
        return cls(known, dict(sizes), _steps(len(references)))

    def references(self, rows: Arrays) -> Side:
        """Rows to be found; columns as given to `of`."""
        return self._side(rows, True)

    def queries(self, rows: Arrays) -> Side:
        """Rows whose neighbours are looked for; columns as given to `of`."""
        return self._side(rows, False)

    def squares(self, queries: Block, references: Block) -> Singles:
        """Distances from each query to each reference on the columns of both, shape (q, n)."""
        out: Singles = queries.factors.T @ references.factors
        for mine, theirs in zip(queries.codes, references.codes, strict=True):
            out += np.float32(self.steps**2) * (mine[:, None] != theirs)
        return out

    def _side(self, rows: Arrays, found: bool) -> Side:
        n = len(next(iter(rows.values()))) if rows else 0
        widths = {
            name: 3 if name in self.known else self.sizes[name] + 1
            for name in rows
            if name in self.known or self.sizes[name] < _WIDEST
        }
        factors = np.empty((sum(widths.values()), n), dtype=np.float32)
        columns: dict[str, npt.NDArray[Any]] = {}
        at = 0
        for name, values in rows.items():
            if name not in widths:
                columns[name] = np.asarray(values, dtype=np.int64)
                continue
            columns[name] = factors[at : at + widths[name]]
            make = self._number if name in self.known else self._category
            columns[name][:] = make(name, values, found)
            at += widths[name]
        return Side(columns, factors, n)

    def _number(self, name: str, values: Floats, found: bool) -> Singles:
        """Three factors whose product is (x - y)², or `steps`² where one of the two is missing."""
        missing = np.isnan(values)
        known = self.known[name]
        ranks = values if known is None else positions(known, values)
        x = np.where(missing, 0, np.round(ranks * self.steps))
        alone, present = np.where(missing, self.steps**2, x * x), np.where(missing, 0.0, 1.0)
        parts = [present, x, alone] if found else [alone, -2 * x, present]
        return np.stack(parts).astype(np.float32)

    def _category(self, name: str, values: npt.NDArray[Any], found: bool) -> Singles:
        """One-hot codes, missing first; the product is `steps`² unless the two are equal."""
        here = np.asarray(values) + 1 == np.arange(self.sizes[name] + 1)[:, None]
        factor: Singles = here.astype(np.float32) if found else np.float32(self.steps**2) * ~here
        return factor


def _steps(columns: int) -> int:
    """Steps of the grid at which distances of so many columns stay exact."""
    return int(2 ** int(np.log2(_EXACT / max(1, columns)) // 2))


def positions(known: Floats, values: Floats) -> Floats:
    """Mid-ranks in [0, 1] of `values` among the sorted `known`; 0.5 where missing or nothing is known."""
    if not len(known):
        return np.full(len(values), 0.5)
    order = np.argsort(values)  # looked up in order, they are found several times as fast
    ordered = values[order]
    out = np.empty(len(values))
    at = np.searchsorted(known, ordered, "left") + np.searchsorted(known, ordered, "right")
    out[order] = np.where(np.isnan(ordered), 0.5, at / (2 * len(known)))
    return out
