"""What the fitted synthesizer itself says of rows, for metrics that question it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from mintmark.data.dataset import Dataset
from mintmark.data.protect import OTHER, persons
from mintmark.errors import InputError
from mintmark.method import name_of
from mintmark.metric import NotRun, Tables
from mintmark.stats.intervals import delong

__all__ = ["Told", "area", "need_method", "told"]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
_DIGITS = 4
"""Digits that a net's answers keep: those beyond depend on which rows it is asked about at once."""


@dataclass(frozen=True)
class Told:
    """A figure of each row, shape (n,), and whose row it is."""

    figures: Floats
    persons: Ints

    @property
    def many(self) -> int:
        """How many persons there are."""
        return len(np.unique(self.persons))


def need_method(tables: Tables, protocol: str, what: str) -> Any:
    """The fitted synthesizer, which has that public method.

    Parameters
    ----------
    protocol : str
        One of `mintmark.registry.PROTOCOLS`.
    what : str
        What a class has that has it, for the reason where it has not.

    Raises
    ------
    NotRun
        If no synthesizer was handed over, or it has none.
    """
    model = tables.synthesizer
    if model is None:
        raise NotRun("no synthesizer to question. Hand the fitted one: assess(synthesizer=model), --model.")
    if not callable(getattr(model, protocol, None)):
        raise NotRun(f"{name_of(type(model))} has no {what} ({protocol}) to question.")
    return model


def told(
    model: Any, protocol: str, data: Dataset, most: int, rng: np.random.Generator, *, real: bool = True
) -> Told:
    """What the synthesizer says of at most `most` rows of a table, drawn.

    Rows of a category that it does not know are left out. Synthetic rows are nobody's: each is a draw of its
    own, unless they are drawn as sequences.

    Raises
    ------
    NotRun
        If it cannot read the rows, or what it says is no number.
    """
    data = data.take(_known(model, data))
    if len(data) > most:
        data = data.take(np.sort(rng.choice(len(data), most, replace=False)))
    try:
        figures: Floats = np.asarray(getattr(model, protocol)(data), dtype=np.float64).round(_DIGITS)
    except InputError:  # its words may name a real value, and a reason is published
        raise NotRun(f"the synthesizer cannot read these rows; its {protocol} says why.") from None
    if figures.shape != (len(data),) or not np.isfinite(figures).all():
        raise NotRun("the synthesizer does not say a finite figure of every row.")
    whose = data.schema.with_role("sequence_key")
    owned = real or bool(whose)
    return Told(figures, persons(data if real else data.select(whose)) if owned else np.arange(len(data)))


def _known(model: Any, data: Dataset) -> Ints:
    """Rows without a category so rare that protection left none of it to be learnt."""
    known = np.ones(len(data), dtype=bool)
    for column in model.ready(0, 0).schema:
        if not column.is_discrete or not column.categories or OTHER in column.categories:
            continue
        if column.name in data.schema:
            array = data.table[column.name]
            words = pa.array(list(column.categories), array.type)
            known &= np.asarray(pc.or_(pc.is_null(array), pc.is_in(array, words)))
    return np.flatnonzero(known)


def area(above: Told, below: Told) -> tuple[float, float]:
    """Chance that a row of the one is told more of than one of the other, and its variance (DeLong)."""
    return delong(above.figures, below.figures, persons=(above.persons, below.persons))
