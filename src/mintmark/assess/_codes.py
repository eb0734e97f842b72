"""Every scored column as small integers, coded once for all metrics.

Bins are learnt on train alone: a number falls into quantile bins, with frequent values (spikes)
in bins of their own; a category becomes its rank by frequency in train. Two codes close each
column: a category that train does not hold, and missing.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from mintmark.assess import _large
from mintmark.assess._ranked import Ranked, ranked
from mintmark.data.dataset import Dataset
from mintmark.data.encode import distinct, numbers
from mintmark.data.keys import is_renewed
from mintmark.data.protect import persons
from mintmark.data.schema import Column
from mintmark.data.streams import stream
from mintmark.metric import NotRun, Tables

__all__ = [
    "Coded", "Codes", "Coding", "coded_rows", "codings", "equal", "features", "full", "kept", "levels",
    "once", "subset", "witnesses",
]  # fmt: skip

Ints = npt.NDArray[np.int64]
Codes = npt.NDArray[np.signedinteger[Any]]

_QUANTILES = 20
_SPIKES = 14
_SPIKE_SHARE = 0.02
_WITNESSES = 50_000


@dataclass(frozen=True)
class Coding:
    """How one column becomes integers.

    Parameters
    ----------
    column : Column
    breaks : array, shape (bins - 1,), for a numeric column
        A value's bin is the number of breaks that are not above it.
    values : pyarrow.Array, for a discrete column
        Categories of train, most frequent first.
    bins : int
        Codes 0..bins-1 are bins or categories, `bins` is a category unknown to train,
        `bins + 1` is missing.
    """

    column: Column
    breaks: npt.NDArray[np.float64] | None
    values: pa.Array | None
    bins: int

    @property
    def size(self) -> int:
        """Number of codes."""
        return self.bins + 2

    @property
    def dtype(self) -> np.dtype[Any]:
        """Type of the codes: the arrays of all columns at once are what fills the memory."""
        return np.dtype(np.int16 if self.size < 2**15 else np.int32)

    @property
    def numeric(self) -> bool:
        """Whether the column is a number, date or duration."""
        return self.breaks is not None


@dataclass(frozen=True)
class Coded:
    """One table as arrays.

    Parameters
    ----------
    codes : dict of array of int16 or int32, shape (n,)
        Codes of every scored column, see `Coding`.
    numbers : dict of array, shape (n,)
        Numeric columns as floats, NaN where missing.
    persons : array of int, shape (n,), optional
        Whose row it is, where the schema declares a group or a sequence key.
    """

    codes: dict[str, Codes]
    numbers: dict[str, npt.NDArray[np.float64]]
    persons: Ints | None
    rows: int
    _ranked: dict[str, Ranked] = field(default_factory=dict, init=False, repr=False, compare=False)

    def __len__(self) -> int:
        return self.rows

    def ranked(self, name: str) -> Ranked:
        """A numeric column as its distinct values, made at the first call."""
        if name not in self._ranked:
            self._ranked[name] = ranked(self.numbers[name])
        return self._ranked[name]

    def take(self, rows: Ints) -> Coded:
        """The rows at these positions."""
        return Coded(
            {name: codes[rows] for name, codes in self.codes.items()},
            {name: values[rows] for name, values in self.numbers.items()},
            None if self.persons is None else self.persons[rows],
            len(rows),
        )


def once(tables: Tables, name: str, make: Callable[[], Any]) -> Any:
    """What `make` returns, computed for the first metric that asks and kept for the next."""
    if name not in tables.shared:
        tables.shared[name] = make()
    return tables.shared[name]


def kept(column: Column) -> bool:
    """Whether a column is scored: keys, groups, free text and media are not."""
    return (column.is_numeric or column.is_discrete) and not is_renewed(column)


def codings(tables: Tables) -> dict[str, Coding]:
    """How each scored column is coded, in the order of train's schema."""
    return once(  # type: ignore[no-any-return]  # the kept value of another call
        tables,
        "codings",
        lambda: {c.name: _coding(tables, c) for c in tables.train.schema if kept(c)},
    )


def _ranked(tables: Tables, column: Column) -> Ranked:
    """A numeric column of train as its distinct values, which its bins and its codes need."""
    return once(  # type: ignore[no-any-return]
        tables, f"ranked {column.name}", lambda: ranked(numbers(tables.train.table[column.name], column))
    )


def _coding(tables: Tables, column: Column) -> Coding:
    array = tables.train.table[column.name]
    if column.is_numeric:
        breaks = _breaks(_ranked(tables, column))
        return Coding(column, breaks, None, len(breaks) + 1)
    values, counts = distinct(array)
    order = np.argsort(-counts, kind="stable")
    frequent = pa.array([values[i] for i in order], array.type)
    return Coding(column, None, frequent, len(frequent))


def _breaks(column: Ranked) -> npt.NDArray[np.float64]:
    """Ends of at most 48 bins: spikes alone, the other values in twentieths."""
    distinct_values, counts = column.values, column.counts
    frequent = np.flatnonzero(counts >= max(2.0, _SPIKE_SHARE * counts.sum()))
    spikes = frequent[np.argsort(-counts[frequent], kind="stable")[:_SPIKES]]
    rest = counts.copy()
    rest[spikes] = 0
    ends: list[npt.NDArray[np.float64]] = [
        distinct_values[spikes],
        np.nextafter(distinct_values[spikes], np.inf),
    ]
    if rest.sum():
        passed = np.cumsum(rest)
        at = np.searchsorted(passed, passed[-1] * np.arange(1, _QUANTILES) / _QUANTILES, "right")
        ends.append(distinct_values[np.minimum(at, len(distinct_values) - 1)])
    return np.unique(np.concatenate(ends))


def full(tables: Tables, which: str) -> Coded:
    """One of the tables "train", "synthetic", "holdout" and "floor", coded, all of its rows."""
    data: Dataset | None = getattr(tables, which)
    if data is None:
        raise NotRun("no holdout was given. Keep real rows apart before fitting and pass them.")
    made: Coded = once(tables, f"coded {which}", lambda: _coded(tables, data, which))
    return made


def _coded(tables: Tables, data: Dataset, which: str) -> Coded:
    plans, real = codings(tables), which in ("train", "holdout")
    codes, floats, distinct_values = {}, {}, {}
    for name, plan in plans.items():
        array = data.table[name].combine_chunks()
        if plan.breaks is not None:
            floats[name] = numbers(array, data.schema[name])
            column = _ranked(tables, plan.column) if data is tables.train else ranked(floats[name])
            distinct_values[name] = column
            table = np.append(np.searchsorted(plan.breaks, column.values, "right"), plan.bins + 1)
            codes[name] = table.astype(plan.dtype)[column.places]
        else:
            codes[name] = _positions(array, plan).astype(plan.dtype)
    # synthetic rows are nobody's: each is a draw of its own, unless they are drawn as sequences
    keys = [*(data.schema.with_role("group") if real else ()), *data.schema.with_role("sequence_key")]
    made = Coded(codes, floats, persons(data.select(keys[:1])) if keys else None, len(data))
    made._ranked.update(distinct_values)
    return made


def _positions(array: pa.Array, plan: Coding) -> Ints:
    missing = array.is_null(nan_is_null=True).to_numpy(zero_copy_only=False)
    if plan.bins == 0:
        return np.where(missing, 1, 0)
    found = pc.index_in(array, value_set=plan.values, skip_nulls=True)
    return np.where(missing, plan.bins + 1, pc.fill_null(found, plan.bins).to_numpy(zero_copy_only=False))


def equal(tables: Tables, which: str) -> Coded:
    """The table cut to as many rows as every compared table has (train keeps all its rows).

    A score and its anchors need equal row counts, because distances of samples grow as rows shrink.
    """
    least = min(len(tables.synthetic), len(tables.holdout) if tables.holdout is not None else 2**62)
    return subset(tables, which, least)


def subset(tables: Tables, which: str, rows: int) -> Coded:
    """The table cut to at most `rows` rows, drawn without replacement, the same at every call."""
    data: Dataset | None = getattr(tables, which)
    if data is None or len(data) <= rows:
        return full(tables, which)

    def cut() -> Coded:
        rng = stream(tables.shared.get("seed", 0), "assess", "rows", which, rows)
        return coded_rows(tables, which, np.sort(rng.choice(len(data), rows, replace=False)))

    return once(tables, f"coded {which} {rows}", cut)  # type: ignore[no-any-return]


def coded_rows(tables: Tables, which: str, some: Ints) -> Coded:
    """Some rows of a table, coded; a large one is cut before it is coded."""
    data: Dataset = getattr(tables, which)
    keyed = data.schema.with_role("group") or data.schema.with_role("sequence_key")
    if len(data) <= _large.LARGE or keyed or f"coded {which}" in tables.shared:
        return full(tables, which).take(some)
    return _coded(tables, data.take(some), which)


def witnesses(tables: Tables, which: str, compared: Coded) -> Coded:
    """Rows of a compared table whose influence on a figure tells its variance.

    All of them where a person owns several, else at most 50,000: their variance is known to 1 %.
    """
    return compared if compared.persons is not None else subset(tables, which, _WITNESSES)


def levels(coded: Coded, plans: dict[str, Coding], most: int) -> tuple[dict[str, Codes], dict[str, int]]:
    """Codes coarsened to at most `most` levels and missing, with the number of levels of each.

    Neighbouring bins of a number are merged evenly; a category beyond the most frequent joins
    the unknown ones. The codes are int16: products of three columns' levels fit up to 30 levels.
    """
    out, sizes = {}, {}
    for name, plan in plans.items():
        table = np.arange(plan.size)
        if plan.numeric and plan.bins > most:
            table[: plan.bins] = np.arange(plan.bins) * most // plan.bins
            table[plan.bins :] = [most, most + 1]
        elif plan.bins >= most:
            table = np.minimum(table, most - 1)
            table[-1] = most
        out[name] = table.astype(np.int16)[coded.codes[name]]
        sizes[name] = int(table.max()) + 1
    return out, sizes


def features(coded: Coded, plans: dict[str, Coding]) -> npt.NDArray[np.float64]:
    """Numbers as they are and categories as ranks by frequency in train, NaN where missing."""
    columns = [
        coded.numbers[name]
        if plan.numeric
        else np.where(coded.codes[name] > plan.bins, np.nan, coded.codes[name])
        for name, plan in plans.items()
    ]
    return np.stack(columns, axis=1) if columns else np.empty((len(coded), 0))
