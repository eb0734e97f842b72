"""Rows for training and rows kept apart: by whole groups, by time, by strata, or plainly."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from mintmark.data.dataset import Dataset
from mintmark.data.encode import numbers
from mintmark.data.schema import Column
from mintmark.data.streams import stream
from mintmark.errors import InputError, UnknownNameError

__all__ = ["split", "split_rows"]

Rows = npt.NDArray[np.int64]


def split(
    data: Dataset, holdout: float = 0.2, *, seed: int = 0, time: str | None = None
) -> tuple[Dataset, Dataset]:
    """Train and holdout: disjoint, together everything, each in the order of the data.

    With a column of role ``group`` all rows of a group lie on one side, else with one of role
    ``sequence_key`` all rows of a sequence. With `time` the latest
    rows (or the groups whose last row is latest) are held out. Else a discrete target keeps its
    shares on both sides.

    Parameters
    ----------
    data : Dataset
    holdout : float, 0 < holdout < 1
        Share of rows held out.
    seed : int, >= 0
    time : str, optional
        A numeric or datetime column; rows without a time go to train.

    Raises
    ------
    InputError
        If a side would be empty.
    """
    kept, held = split_rows(data, holdout, seed=seed, time=time)
    return data.take(kept), data.take(held)


def split_rows(
    data: Dataset, holdout: float = 0.2, *, seed: int = 0, time: str | None = None
) -> tuple[Rows, Rows]:
    """Which rows `split` gives to train and which to the holdout, each in order."""
    if isinstance(holdout, bool) or not isinstance(holdout, (int, float)) or not 0 < holdout < 1:
        raise InputError(f"holdout must be a share between 0 and 1, not {holdout!r}.")
    rng = stream(seed, "split")
    units = _units(data)
    if time is not None:
        order = np.argsort(_last(units, _times(data, time)), kind="stable")
    else:
        order = rng.permutation(int(units.max(initial=-1)) + 1)
    target = next((c for c in data.schema if "target" in c.roles), None)
    whole = data.schema.with_role("group", "sequence_key")
    if time is None and not whole and target is not None and target.is_discrete:
        held = _stratified(_strata(data, target), holdout, order)
    else:
        held = _until(order, np.bincount(units), holdout * len(data))[units]
    kept = np.flatnonzero(~held), np.flatnonzero(held)
    if not (len(kept[0]) and len(kept[1])):
        side = "train" if len(kept[1]) else "the holdout"
        raise InputError(
            f"{len(data):,} rows in {len(np.unique(units)):,} groups split at {holdout} leave {side} empty. "
            "Give more rows or another share."
        )
    return kept


def _units(data: Dataset) -> Rows:
    """For each row what it is drawn with: its group's number, else its own."""
    groups = data.schema.with_role("group") or data.schema.with_role("sequence_key")
    if not groups:
        return np.arange(len(data), dtype=np.int64)
    return _coded(data.table[groups[0]])


def _coded(array: pa.ChunkedArray) -> Rows:
    coded = pc.dictionary_encode(array.combine_chunks(), null_encoding="encode")
    return np.asarray(coded.indices.to_numpy(zero_copy_only=False), dtype=np.int64)


def _times(data: Dataset, name: str) -> npt.NDArray[np.float64]:
    if name not in data.schema:
        raise UnknownNameError("column", name, data.names)
    column: Column = data.schema[name]
    if not column.is_numeric:
        raise InputError(f"column {name!r} is {column.kind}; a split by time needs dates or numbers.")
    return np.nan_to_num(numbers(data.table[name], column), nan=-np.inf)


def _last(units: Rows, times: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Minus the latest time of each unit, so that the latest come first."""
    latest = np.full(int(units.max(initial=-1)) + 1, -np.inf)
    np.maximum.at(latest, units, times)
    return -latest


def _until(order: Rows, sizes: Rows, wanted: float) -> npt.NDArray[np.bool_]:
    """Units held out, in order, up to the number of them that comes nearest to the wanted rows."""
    total = np.cumsum(sizes[order])
    count = int(np.argmin(np.abs(np.concatenate([[0], total]) - wanted)))
    held = np.zeros(len(order), dtype=bool)
    held[order[:count]] = True
    return held


def _strata(data: Dataset, target: Column) -> Rows:
    return _coded(data.table[target.name])


def _stratified(strata: Rows, share: float, order: Rows) -> npt.NDArray[np.bool_]:
    """Rows held out: the share of each stratum, the rest by largest remainder."""
    wanted = np.bincount(strata) * share
    quota = np.floor(wanted).astype(np.int64)
    spare = round(float(wanted.sum())) - int(quota.sum())
    quota[np.argsort(quota - wanted, kind="stable")[:spare]] += 1
    held = np.zeros(len(strata), dtype=bool)
    shuffled = strata[order]
    by_stratum = np.argsort(shuffled, kind="stable")
    starts = np.concatenate([[0], np.cumsum(np.bincount(strata))[:-1]])
    rank = np.empty(len(strata), dtype=np.int64)
    rank[by_stratum] = np.arange(len(strata)) - starts[shuffled[by_stratum]]
    held[order] = rank < quota[shuffled]
    return held
