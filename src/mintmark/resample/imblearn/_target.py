"""The target of a resampling: which class each row is of, how many each lacks, labels for new rows."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from numbers import Integral, Real
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from mintmark.errors import InputError, UnknownNameError, first_three
from mintmark.resample.imblearn._containers import joined, taken

__all__ = ["Target"]

Ints = npt.NDArray[np.int64]
_DENSE = 1 << 16  # whole labels this close together are counted, others are sorted
_SEVERAL = "y holds labels of several types, or objects. Make them all text or whole numbers."
_SIDES = ("auto", "minority", "not minority", "not majority", "all")


@dataclass(frozen=True)
class Target:
    """Classes in order, the class of each row, and the container that they came in.

    Parameters
    ----------
    container : object
        As it was given.
    labels : array of int, shape (n,)
    classes : list
        Values of the target in ascending order.
    """

    container: Any
    labels: Ints
    classes: list[Any]

    @classmethod
    def of(cls, y: Any) -> Target:
        """Classes of a list, array, series, one-column frame, or indicator matrix of one class a row.

        Raises
        ------
        InputError
            If labels are missing, not classes, of several types, or several for one row.
        """
        if y is None:
            raise InputError(
                "a resampler requires y to be passed, but the target y is None: give each row's class."
            )
        values = _values(y)
        if isinstance(y, np.ndarray) and values.ndim < y.ndim:
            y = values  # a target in one column comes back flat
        if isinstance(values, np.ndarray) and values.ndim == 2:
            values = _of_indicator(values)
        labels, classes = _coded(values)
        return cls(y, labels, classes)

    @cached_property
    def counts(self) -> Ints:
        """Rows of each class."""
        return np.bincount(self.labels, minlength=len(self.classes))

    def wanted(self, strategy: Any) -> OrderedDict[Any, int]:
        """New rows by class, of the classes that the strategy speaks of, in the order of the classes.

        Raises
        ------
        InputError
            If there is one class, the strategy is no such thing, or asks for fewer rows than there are.
        """
        strategy = self.asked(strategy)
        if isinstance(strategy, str):
            return self._side(strategy)
        if isinstance(strategy, Mapping):
            return self._asked(strategy)
        if isinstance(strategy, Real) and not isinstance(strategy, bool):
            return self._share(float(strategy))
        raise InputError(
            f"sampling_strategy is one of {', '.join(map(repr, _SIDES))}, a share, a mapping of class to "
            f"rows, or a function that returns one; not {strategy!r}."
        )

    def asked(self, strategy: Any) -> Any:
        """The strategy, or what a function of the labels says that it is.

        Raises
        ------
        InputError
            If there is one class alone.
        """
        if len(self.classes) < 2:
            raise InputError(
                f"y holds {len(self.classes)} class; resampling compares at least two. Check the target."
            )
        return strategy(np.asarray(self.classes)[self.labels]) if callable(strategy) else strategy

    def kept(self, rows: Ints) -> Any:
        """The labels of these rows, in the same container."""
        return taken(self.container, rows)

    def grown(self, added: Ints) -> Any:
        """The labels with those of new rows after them, in the same container.

        Parameters
        ----------
        added : array of int, shape (m,)
            Class of each new row.
        """
        stands = np.empty(len(self.classes), dtype=np.int64)
        stands[self.labels] = np.arange(len(self.labels))  # a row of each class to take the label from
        return joined(self.container, taken(self.container, stands[added]))

    def _side(self, strategy: str) -> OrderedDict[Any, int]:
        if strategy not in _SIDES:
            raise UnknownNameError("sampling_strategy", strategy, _SIDES)
        least, most = int(np.argmin(self.counts)), int(np.argmax(self.counts))
        every = range(len(self.classes))
        chosen = {
            "minority": [least],
            "not minority": [at for at in every if at != least],
            "all": list(every),
        }.get(strategy, [at for at in every if at != most])
        return self._ordered({at: int(self.counts.max() - self.counts[at]) for at in chosen})

    def _share(self, share: float) -> OrderedDict[Any, int]:
        if len(self.classes) != 2:
            raise InputError(
                f"sampling_strategy {share:g} is a share of minority to majority rows, which needs two "
                f"classes; y has {len(self.classes)}. Give the rows of each class instead, as a mapping."
            )
        most = int(np.argmax(self.counts))
        other, large = int(self.counts[1 - most]), int(self.counts[most])
        if not 0 < share <= 1 or int(share * large) < other:
            raise InputError(
                f"sampling_strategy {share:g} must lie between the share that there is "
                f"({other:,} of {large:,} rows is {other / large:.3g}) and 1."
            )
        return self._ordered({1 - most: int(share * large - other)})

    def _asked(self, wanted: Mapping[Any, int]) -> OrderedDict[Any, int]:
        place = {name: at for at, name in enumerate(self.classes)}
        out: dict[int, int] = {}
        for name, rows in wanted.items():
            if name not in place:
                raise UnknownNameError("class in sampling_strategy", repr(name), map(repr, self.classes))
            at = place[name]
            if isinstance(rows, bool) or not isinstance(rows, Integral):
                raise InputError(
                    f"sampling_strategy asks for {rows!r} rows of class {name!r}: give a whole number."
                )
            if rows < self.counts[at]:
                raise InputError(
                    f"sampling_strategy asks for {rows:,} rows of class {name!r}, which has "
                    f"{self.counts[at]:,} already: rows are added, none taken away. Ask for more."
                )
            out[at] = int(rows - self.counts[at])
        return self._ordered(out)

    def _ordered(self, lack: Mapping[int, int]) -> OrderedDict[Any, int]:
        return OrderedDict((self.classes[at], lack[at]) for at in sorted(lack))


def _values(y: Any) -> Any:
    """The target as an array of numpy, or as the series or Arrow array that it is."""
    if not hasattr(y, "__len__") or isinstance(y, (str, bytes, Mapping)):
        raise InputError(f"y is {type(y).__name__}, not a list, array or series of classes.")
    if isinstance(y, pa.Table) or (hasattr(y, "columns") and hasattr(y, "shape")):
        if y.shape[1] != 1:
            return np.asarray(y)
        return _values(y.column(0) if isinstance(y, pa.Table) else y[y.columns[0]])
    if not isinstance(y, (list, tuple, np.ndarray)):  # a series: its own type says more than an array's
        return y
    try:
        out = np.asarray(y)
    except ValueError:
        raise InputError("y has rows of different lengths. Give one class a row.") from None
    out = out.ravel() if out.ndim == 2 and out.shape[1] == 1 else out
    made_text = out.dtype.kind == "U" and not isinstance(y, np.ndarray)  # perhaps of numbers, too
    if made_text and not all(isinstance(each, str) for each in np.asarray(y, dtype=object).ravel()):
        raise InputError(_SEVERAL)
    return out


def _of_indicator(values: npt.NDArray[Any]) -> Ints:
    """Classes of a matrix that has 1 in the column of a row's class."""
    number = values.dtype.kind in "buif"
    if not number or not ((values == 0) | (values == 1)).all() or (values.sum(axis=1) != 1).any():
        raise InputError(
            f"y has shape {values.shape}: several columns are understood as one 1 in each row, which names "
            "its class. Several labels a row, and several targets, are not supported."
        )
    return np.asarray(values.argmax(axis=1))


def _coded(values: Any) -> tuple[Ints, list[Any]]:
    """The class of each value, and the classes in order."""
    if isinstance(values, np.ndarray):
        if values.ndim != 1:
            raise InputError(f"y should be a 1d array, and has shape {values.shape}. Give one class a row.")
        if values.dtype.kind == "c":
            raise InputError("Complex data not supported: y holds complex numbers, which are no classes.")
        if values.dtype.kind in "buif":
            return _of_numbers(values)
    array = _arrow(values)
    if array.null_count:
        rows = np.flatnonzero(array.is_null().to_numpy(zero_copy_only=False))
        raise InputError(f"y is missing in row {first_three(int(row) + 1 for row in rows)}. Drop such rows.")
    if pa.types.is_floating(array.type) or pa.types.is_integer(array.type):
        return _of_numbers(array.to_numpy(zero_copy_only=False))
    if not pa.types.is_dictionary(array.type):
        array = array.dictionary_encode()
    codes = array.indices.to_numpy(zero_copy_only=False).astype(np.int64)
    words = array.dictionary.to_pylist()
    held = np.flatnonzero(np.bincount(codes, minlength=len(words)))
    order = sorted(held, key=lambda at: words[at])
    place = np.zeros(len(words), dtype=np.int64)
    place[order] = np.arange(len(order))
    return place[codes], [words[at] for at in order]


def _arrow(values: Any) -> pa.Array:
    if isinstance(values, (pa.Array, pa.ChunkedArray)):
        return values.combine_chunks() if isinstance(values, pa.ChunkedArray) else values
    try:
        return values.to_arrow() if hasattr(values, "to_arrow") else pa.array(values, from_pandas=True)
    except (pa.ArrowException, TypeError, ValueError):
        raise InputError(_SEVERAL) from None


def _of_numbers(values: npt.NDArray[Any]) -> tuple[Ints, list[Any]]:
    whole = np.isfinite(values) & (values == np.floor(values)) if values.dtype.kind == "f" else np.True_
    if not whole.all():
        bad = np.flatnonzero(~whole)
        raise InputError(
            f"Unknown label type: y is no class in row {bad[0] + 1:,}: {values[bad[0]]}. "
            "Classes are resampled; cut a continuous target into classes, or drop rows without one."
        )
    low, high = (values.min(), values.max()) if len(values) else (0, 0)
    if float(high) - float(low) > _DENSE or abs(float(high)) > 2.0**62:
        known, labels = np.unique(values, return_inverse=True)
        return labels.astype(np.int64), known.tolist()
    shifted = values.astype(np.int64) - int(low)
    held = np.bincount(shifted)
    place = np.cumsum(held > 0) - 1
    known = np.flatnonzero(held) + int(low)
    return place[shifted], known.astype(values.dtype).tolist()
