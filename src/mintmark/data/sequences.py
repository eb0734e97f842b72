"""Rows as whole sequences: which rows belong together, and in which order.

A column of role ``sequence_key`` names the sequence of each row, one of role ``sequence_index``
orders its rows; without the latter they are in the order of the table.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow.compute as pc

from mintmark.data.dataset import Dataset
from mintmark.data.encode import numbers
from mintmark.errors import InputError

__all__ = ["Sequences", "sequences"]

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Sequences:
    """Which rows make up which sequence.

    Parameters
    ----------
    rows : array, shape (rows,)
        Positions in the table, sequence by sequence, each in the order of its index.
    starts : array, shape (sequences + 1,)
        Sequence i holds ``rows[starts[i]:starts[i + 1]]``; no sequence is empty.
    time : array, shape (rows,), optional
        The index in the order of `rows`: days for dates, seconds for durations, else its own unit.
    """

    rows: Ints
    starts: Ints
    time: Floats | None

    def __len__(self) -> int:
        return len(self.starts) - 1

    @property
    def lengths(self) -> Ints:
        """Rows of each sequence."""
        return np.diff(self.starts)


def sequences(data: Dataset, which: str = "the data") -> Sequences:
    """The sequences of the rows, numbered as their keys first occur.

    Parameters
    ----------
    data : Dataset
        With a column of role ``sequence_key``.
    which : str
        The table's name in an error.

    Raises
    ------
    InputError
        If a row has no key or no index, or the index is neither number nor date.
    """
    (key, *_) = data.schema.with_role("sequence_key")
    index = next(iter(data.schema.with_role("sequence_index")), None)
    array = data.table[key].combine_chunks()
    _refuse_gaps(np.asarray(array.is_null(nan_is_null=True)), key, which, "names no sequence")
    indices = np.asarray(pc.dictionary_encode(array).indices, dtype=np.int64)
    coded = np.unique(indices, return_inverse=True)[1]  # a dictionary may hold values that no row has
    time = None if index is None else _times(data, index, which)
    rows = np.arange(len(data)) if time is None else np.argsort(time, kind="stable")
    rows = rows[np.argsort(coded[rows], kind="stable")]
    starts = np.concatenate([[0], np.cumsum(np.bincount(coded))]).astype(np.int64)
    return Sequences(rows, starts, None if time is None else time[rows])


def _times(data: Dataset, index: str, which: str) -> Floats:
    column = data.schema[index]
    if not column.is_numeric:
        raise InputError(
            f"{which}: the sequence index {index!r} is {column.kind}; rows are ordered by numbers or dates. "
            f"Give it as one (kinds={{{index!r}: 'integer'}} or 'datetime'), or take its role away."
        )
    time = numbers(data.table[index], column)
    _refuse_gaps(np.isnan(time), index, which, "has no place in its sequence")
    return time


def _refuse_gaps(missing: npt.NDArray[np.bool_], name: str, which: str, fault: str) -> None:
    if missing.any():
        raise InputError(
            f"{which}, row {int(np.argmax(missing)) + 1}: column {name!r} is missing, so the row {fault} "
            f"({int(missing.sum())} such rows). Fill it in or leave the rows out."
        )
