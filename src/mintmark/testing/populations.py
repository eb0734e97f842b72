"""Populations whose law is known, drawn afresh from a seed: for tests of what an assessment says.

A random Bayesian network over categories, numbers and a target of classes. Because the law is
known, fresh rows, and rows with one known fault, can be made in any number.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from mintmark.data.dataset import Dataset
from mintmark.data.schema import Column, Schema

__all__ = ["Population", "bayesian_network"]

Floats = npt.NDArray[np.float64]
_LEVELS = (2, 3, 4, 6)


@dataclass(frozen=True)
class Population:
    """A law over rows, see `bayesian_network`.

    Parameters
    ----------
    tables : tuple of array
        Of each category the chances of its levels given its parent's level, shape (parent, levels).
    slopes : array, shape (numbers, sum of levels)
        Mean of each number given the levels of all categories.
    chain : array, shape (numbers,)
        Slope of each number on the one before.
    digits : int
        Decimal places of the numbers.
    classes : array, shape (classes, sum of levels + 2 * numbers + 1)
        Log odds of each class: of the levels, the numbers, their squares, and a constant.
    """

    tables: tuple[Floats, ...]
    slopes: Floats
    chain: Floats
    digits: int
    classes: Floats

    def draw(self, rows: int, rng: np.random.Generator, *, inverted: str | None = None) -> Dataset:
        """Fresh rows.

        Parameters
        ----------
        rows : int
        rng : numpy.random.Generator
        inverted : str, optional
            A value of column ``c0``: in its rows the numbers point the other way for the target.
        """
        levels: list[npt.NDArray[np.int64]] = []
        for i, table in enumerate(self.tables):
            parent = levels[i - 1] if i else np.zeros(rows, dtype=np.int64)
            ends = np.cumsum(table, axis=1)[parent]
            levels.append((rng.random((rows, 1)) > ends[:, :-1]).sum(axis=1))
        marks = np.concatenate(
            [np.eye(t.shape[1])[k] for t, k in zip(self.tables, levels, strict=True)], axis=1
        )
        numbers = np.zeros((rows, len(self.chain)))
        for j, slope in enumerate(self.chain):
            before = numbers[:, j - 1] if j else 0.0
            numbers[:, j] = marks @ self.slopes[j] + slope * before + rng.normal(size=rows)
        sides = np.where(levels[0] == int(inverted[1:]), -1.0, 1.0)[:, None] if inverted else 1.0
        parts = [marks, sides * numbers, sides * (numbers**2 - 1), np.ones((rows, 1))]
        odds = np.concatenate(parts, axis=1) @ self.classes.T
        target = np.argmax(odds + rng.gumbel(size=odds.shape), axis=1)
        columns = {f"c{i}": _words("v", k) for i, k in enumerate(levels)}
        columns |= {
            f"n{j}": pa.array(np.round(_shaped(numbers[:, j], j), self.digits))
            for j in range(len(self.chain))
        }
        return Dataset(pa.table(columns | {"y": _words("k", target)}), self.schema)

    @property
    def schema(self) -> Schema:
        """Columns ``c0..``, ``n0..`` and the target ``y``."""
        named = [
            *(Column(name=f"c{i}", kind="category", dtype="string") for i in range(len(self.tables))),
            *(
                Column(name=f"n{j}", kind="number", dtype="double", decimals=self.digits)
                for j in range(len(self.chain))
            ),
            Column(name="y", kind="category", dtype="string", roles=("target",)),
        ]
        return Schema(tuple(named))


def bayesian_network(
    rng: np.random.Generator, *, classes: int = 2, numbers: int = 4, digits: int = 2
) -> Population:
    """A random law over four categories, some numbers and a target.

    Numbers hang on a category each and on one another, every third is skewed; the target hangs on
    all columns, and its classes are ever rarer, down to 30 % of two or 12 % of three.

    Parameters
    ----------
    rng : numpy.random.Generator
    classes : int, 2 or 3
    numbers : int, >= 1
    digits : int
        Decimal places of the numbers; with none, rows meet each other by chance.
    """
    parents = (1, *_LEVELS[:-1])
    tables = tuple(rng.dirichlet(np.full(k, 4.0), size=p) for p, k in zip(parents, _LEVELS, strict=True))
    width = sum(_LEVELS)
    signs = rng.choice([-1.0, 1.0], (classes, numbers))
    weights = [
        rng.normal(0, 0.5, (classes, width)),
        signs * rng.uniform(0.6, 1.2, (classes, numbers)),
        rng.normal(0, 0.2, (classes, numbers)),
        np.zeros((classes, 1)),
    ]
    population = Population(
        tables,
        rng.normal(0, 0.8, (numbers, width)),
        rng.uniform(-0.6, 0.6, numbers),
        digits,
        np.concatenate(weights, axis=1),
    )
    return _balanced(population, np.array([0.7, 0.3] if classes == 2 else [0.56, 0.32, 0.12]), rng)


def _balanced(population: Population, shares: Floats, rng: np.random.Generator) -> Population:
    """The law with the log odds shifted until the classes have these shares."""
    for _ in range(12):
        target = population.draw(20_000, rng).table["y"].to_numpy()
        found = np.array([(target == f"k{k}").mean() for k in range(len(shares))])
        population.classes[:, -1] += 1.5 * np.log(shares / np.maximum(found, 1e-3))
    return population


def _shaped(values: Floats, column: int) -> Floats:
    """Every third number is skewed, as amounts are."""
    return np.exp(1 + values / 2) if column % 3 == 2 else 10 * values


def _words(letter: str, codes: npt.NDArray[np.int64]) -> pa.Array:
    return pa.array([f"{letter}{code}" for code in codes.tolist()])
