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
"""Rows for each column of what is given: with fewer a regression would learn single rows."""


@method
class Shuffle(RandomTransformer):
    """Give each row numbers that others have, ordered as drawn from the columns that stay.

    Muralidhar, Sarathy (2006), "Data shuffling: a new masking approach for numerical data", Management
    Science 52, 658-670. Numbers become normal scores of their ranks; for each row new scores are drawn from
    their normal law given the columns that stay (numbers that are not shuffled, by their scores, and
    categories); then the row whose new score is the i-th gets the i-th real value. Correlations are those of
    the normal scores, where the paper computes them from rank correlations.

    Kept exactly: each shuffled column's values, and so all its own statistics, and which are missing. Kept
    in large tables: monotone relations of pairs, between shuffled columns and with those that stay. Not
    kept: relations of another form, sums and formulas of columns. Categories are made use of from those
    columns with the fewest on, as long as there are 20 rows for each (provenance names the others).

    Given the columns that stay, a row's new values do not depend on its old ones, but through the
    correlations and the sorted columns, which are of all rows: so that linking by shuffled columns finds
    nobody beyond what the others tell. That is the whole guarantee. It is neither differential privacy nor
    anonymity: every value that is published is real, extremes too; columns that stay leave as they are,
    and where they determine a number it is found. A person must have one row only.
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
        given, left = self._given_columns(data, shuffled)
        real = np.stack([_scores(each) for each in values.values()], axis=1)
        new = _conditional(given, real, rng)
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
        return Masked(arrays, left)

    def _given_columns(self, data: Dataset, shuffled: list[Column]) -> tuple[Floats, list[dict[str, str]]]:
        """What numbers are drawn from, in standard deviations, shape (n, any); and the columns left out."""
        made = {c.name for c in shuffled}
        stay = [c for c in data.schema if c.name not in made and not is_renewed(c)]
        parts = [_scores(numbers(data.table[c.name], c))[:, None] for c in stay if c.is_numeric]
        budget, left = len(data) // _ROWS_EACH - len(parts), []
        for column in sorted((c for c in stay if c.is_discrete), key=lambda c: len(c.categories or ())):
            one_hot = _one_hot(codes(data.table[column.name], column))
            budget -= one_hot.shape[1]
            if budget < 0:
                left.append(column.name)
            else:
                parts.append(one_hot)
        told = {
            "what": "columns that numbers were not drawn from", "chosen": ", ".join(map(repr, left)),
            "why": f"with fewer than {_ROWS_EACH} rows for each category single rows would be learnt",
        }  # fmt: skip
        return np.concatenate([np.empty((len(data), 0)), *parts], axis=1), [told] if left else []


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


def _conditional(given: Floats, real: Floats, rng: np.random.Generator) -> Floats:
    """New scores of each row, drawn from the normal law of `real` given `given`, shape (n, columns)."""
    matrix = correlation(np.concatenate([given, real], axis=1))
    k = given.shape[1]
    slope = np.linalg.pinv(matrix[:k, :k], hermitian=True) @ matrix[:k, k:]
    rest = matrix[k:, k:] - matrix[k:, :k] @ slope
    noise = rng.standard_normal(real.shape) @ root((rest + rest.T) / 2)
    return np.asarray(np.where(np.isnan(given), 0.0, given) @ slope + noise)
