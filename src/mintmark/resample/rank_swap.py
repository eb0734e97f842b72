"""Rank swapping: values exchanged between rows whose ranks are near."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

import numpy as np
import pyarrow as pa
from pydantic import Field

from mintmark.data.dataset import Dataset
from mintmark.data.encode import numbers
from mintmark.data.schema import Column
from mintmark.method import method
from mintmark.transformer import Masked, RandomTransformer

__all__ = ["RankSwap"]

_ASKED = 8
"""Partners drawn in vain before those that are free are looked up: hardly ever, as half are free."""


@method
class RankSwap(RandomTransformer):
    """Swap each number with one whose rank is at most `percent` of the ranks away.

    Moore (1996), "Controlled data-swapping techniques for masking public use microdata sets", U.S.
    Bureau of the Census RR 96/04: from the lowest rank on, a value that was not swapped yet changes
    places with one drawn among those within reach that were not either. Columns are swapped apart,
    equal values rank at random, and at least one rank is in reach.

    Kept exactly: each column's values as they enter the mask, and so all its own statistics there, and
    which are missing; without declared bounds the ten most extreme persons' are one mean before. Not kept:
    how columns hang together, the less the wider the reach. A value that finds no free partner stays,
    which happens to few, most of them at the top.

    It is neither differential privacy nor anonymity: all other values that are published are real ones, of
    somebody; a rank is known up to the reach, so that a row of many columns is found again; the extremes
    stay near whom they belong to; categories leave as they are. A person must have one row only.
    """

    masks: ClassVar[tuple[Literal["number", "category"], ...]] = ("number",)
    jointly: ClassVar[bool] = True

    percent: Annotated[
        float, Field(gt=0, le=100, description="how far a rank may move, in percent of the ranks")
    ] = 5.0

    def _mask(self, data: Dataset, rng: np.random.Generator) -> Masked:
        return Masked({c.name: self._column(data.table, c, rng) for c in self.maskable(data.schema)})

    def _column(self, table: pa.Table, column: Column, rng: np.random.Generator) -> pa.ChunkedArray:
        """The column with its values swapped; taken and not computed, so that each is what it was."""
        from mintmark.resample._masks import swapped  # compiles once: not before it is needed

        values = numbers(table[column.name], column)
        known = np.flatnonzero(~np.isnan(values))
        ranked = known[np.lexsort((rng.random(len(known)), values[known]))]
        reach = max(1, int(self.percent * len(known) / 100))
        comes_from = np.arange(len(values))
        comes_from[ranked] = ranked[swapped(reach, rng.random((len(known), _ASKED)))]
        return table[column.name].take(pa.array(comes_from))
