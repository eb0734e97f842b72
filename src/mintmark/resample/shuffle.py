"""Data shuffling: numbers dealt out anew in the order of values drawn from what the other columns tell."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

import numpy as np
import numpy.typing as npt
from pydantic import Field

from mintmark.data.dataset import Dataset
from mintmark.data.encode import codes, numbers
from mintmark.data.keys import is_renewed
from mintmark.data.schema import Column, Schema
from mintmark.errors import InputError, UnknownNameError
from mintmark.method import method
from mintmark.resample._scale import correlation, root
from mintmark.transformer import Masked, RandomTransformer

__all__ = ["Shuffle"]

Floats = npt.NDArray[np.float64]
_ROWS_EACH = 20
"""Rows for each column of what is given: with fewer a regression learns more of chance than of them."""
_PARTS = 10
"""Parts of the rows; what tells the numbers of one is learnt from the others."""
_LEAST = 1e-6
"""Added to the variance of what is given, so that columns that repeat others leave one answer."""


@method
class Shuffle(RandomTransformer):
    """Give each row numbers that others have, ordered as drawn from the columns that stay.

    Muralidhar, Sarathy (2006), "Data shuffling: a new masking approach for numerical data", Management
    Science 52, 658-670. Numbers become normal scores of their ranks; for each row new scores are drawn from
    their normal law given the columns that stay (numbers that are not shuffled, by their scores, and
    categories); then the row whose new score is the i-th gets the i-th real value. Correlations are those of
    the normal scores, where the paper computes them from rank correlations.

    Learnt is what tells a row's numbers from other rows alone, in ten parts of the rows: learnt from all, a
    regression on many columns gives each row its own value back. With fewer than 20 rows for each given
    column each part takes those that correlate most with a shuffled one, again in the other rows;
    categories that alone are too many are left out, those with the fewest come first. Provenance names each
    column that no row's numbers were drawn from.

    Kept exactly: the values of each shuffled column as they enter the mask, and so all its own statistics
    there, and which are missing. Before, the public schema moves some: the ten most extreme persons' to
    their mean where no bounds are declared, and numbers that few persons repeat (`protect=False` leaves
    those). Kept in large tables: monotone relations of pairs, between shuffled columns and with those that
    are drawn from. Not kept: relations of another form, sums and formulas of columns.

    Given the columns that stay, a row's new values do not depend on its old ones, but through the sorted
    columns and the shuffled columns' correlations, which are of all rows: so that linking by shuffled
    columns finds nobody beyond what the others tell. That is the whole guarantee. It is neither
    differential privacy nor anonymity: all other values that are published are real ones, of somebody;
    columns that stay leave as they are, and where they determine a number it is found. A person must have
    one row only.
    """

    masks: ClassVar[tuple[Literal["number", "category", "datetime"], ...]] = ("number",)
    jointly: ClassVar[bool] = True

    columns: Annotated[
        list[str] | None, Field(description="numbers that are shuffled; all by default. The others stay")
    ] = None

    def maskable(self, schema: Schema) -> list[Column]:
        """The numbers that are shuffled."""
        every = super().maskable(schema)
        return every if self.columns is None else [c for c in every if c.name in self.columns]

    def _refuse(self, data: Dataset) -> None:
        for name in self.columns or ():
            if name not in data.schema:
                raise UnknownNameError("column to shuffle", name, data.names)
            if data.schema[name] not in super().maskable(data.schema):
                raise InputError(f"column {name!r} is {data.schema[name].kind}; numbers are shuffled.")
        super()._refuse(data)

    def _mask(self, data: Dataset, rng: np.random.Generator) -> Masked:
        shuffled = self.maskable(data.schema)
        values = {column.name: numbers(data.table[column.name], column) for column in shuffled}
        names, given, left = self._given_columns(data, shuffled)
        real = np.stack([_scores(each) for each in values.values()], axis=1)
        told, used = _told(given, real, rng)
        rest = correlation(real) - told.T @ told / len(told)
        new = told + rng.standard_normal(real.shape) @ root((rest + rest.T) / 2)
        made_use_of = {names[at] for at in np.flatnonzero(used)}
        left = [name for name in data.names if name in {*left, *names} - made_use_of]
        arrays = {}
        for at, column in enumerate(shuffled):
            known = np.flatnonzero(~np.isnan(values[column.name]))
            comes_from = np.arange(len(data))
            # the row whose new score is the i-th gets the i-th value: taken and not computed, so that each
            # is what it was
            comes_from[known[np.argsort(new[known, at], kind="stable")]] = known[
                np.lexsort((rng.random(len(known)), values[column.name][known]))
            ]
            arrays[column.name] = data.table[column.name].take(comes_from)
        return Masked(arrays, [_choice(left)] if left else [])

    def _given_columns(self, data: Dataset, shuffled: list[Column]) -> tuple[list[str], Floats, list[str]]:
        """What numbers are drawn from, in standard deviations, 0 where missing, shape (n, any).

        Before it the column of the table that each is of; after it those that have too many categories.
        """
        made = {c.name for c in shuffled}
        stay = [c for c in data.schema if c.name not in made and not is_renewed(c)]
        names, left = [c.name for c in stay if c.is_numeric], []
        parts = [
            np.nan_to_num(_scores(numbers(data.table[name], data.schema[name])))[:, None] for name in names
        ]
        budget = _most(len(data))
        for column in sorted((c for c in stay if c.is_discrete), key=lambda c: len(c.categories or ())):
            one_hot = _one_hot(codes(data.table[column.name], column))
            budget -= one_hot.shape[1]
            if budget < 0:
                left.append(column.name)
            else:
                parts.append(one_hot)
                names += [column.name] * one_hot.shape[1]
        return names, np.concatenate([np.empty((len(data), 0)), *parts], axis=1), left


def _choice(left: list[str]) -> dict[str, str]:
    return {
        "what": "columns that numbers were not drawn from", "chosen": ", ".join(map(repr, left)),
        "why": f"with fewer than {_ROWS_EACH} rows for each column or category chance would be learnt",
    }  # fmt: skip


def _most(rows: int) -> int:
    """Columns, or categories of them, that so many rows can tell from chance."""
    return rows // _ROWS_EACH


def _scores(values: Floats) -> Floats:
    """Normal scores of the ranks (equal values alike), standard deviation 1, NaN where missing."""
    from scipy.special import ndtri
    from scipy.stats import rankdata

    known = ~np.isnan(values)
    out = np.full(len(values), np.nan)
    if known.any():
        out[known] = ndtri((rankdata(values[known]) - 0.5) / known.sum())
        out[known] -= out[known].mean()
        out[known] /= out[known].std() or 1.0
    return out


def _one_hot(code: npt.NDArray[np.int32]) -> Floats:
    """A column for each category that occurs but the last, missing among them, in standard deviations."""
    found = (code[:, None] == np.unique(code)[:-1]).astype(np.float64)
    spread = found.std(axis=0)
    return np.asarray((found - found.mean(axis=0)) / np.where(spread > 0, spread, 1.0))


def _told(given: Floats, real: Floats, rng: np.random.Generator) -> tuple[Floats, npt.NDArray[np.bool_]]:
    """What the given columns tell of each row's scores, learnt from the other parts of the rows.

    Parameters
    ----------
    given : array of float64, shape (n, k)
        In standard deviations.
    real : array of float64, shape (n, columns)
        Normal scores, NaN where missing.

    Returns
    -------
    told : array of float64, shape (n, columns)
        Their expectation given the columns, 0 where nothing is given.
    used : array of bool, shape (k,)
        The given columns that any part was told by.
    """
    n, k = given.shape
    known = ~np.isnan(real)
    scores = np.where(known, real, 0.0)
    told, used = np.zeros(real.shape), np.zeros(k, dtype=bool)
    part = rng.permutation(n) % _PARTS
    most = min(k, _most(n))
    if not most:
        return told, used
    among, with_real = given.T @ given, given.T @ scores
    for which in range(_PARTS):
        here = part == which
        x = given[here]
        others = max(int((~here).sum()), 1)
        pairs = np.maximum(known[~here].sum(axis=0), 1)
        slopes = (
            with_real - x.T @ scores[here]
        ) / pairs  # correlations, while no column is held against another
        best = np.argsort(-np.abs(slopes).max(axis=1), kind="stable")[:most]
        x = x[:, best]
        inner = (among[np.ix_(best, best)] - x.T @ x) / others
        told[here] = x @ np.linalg.solve(inner + _LEAST * np.eye(most), slopes[best])
        used[best] = True
    return told, used
