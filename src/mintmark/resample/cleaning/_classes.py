"""What every cleaner asks first: rows and classes of a table, and whose rows may go, or how many stay."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from numbers import Integral, Real
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pyarrow.compute as pc

from mintmark.data.dataset import Dataset
from mintmark.data.encode import distinct
from mintmark.data.keys import renewed
from mintmark.data.schema import Column, Schema
from mintmark.errors import InputError, UnknownNameError
from mintmark.resample._sample import Sample
from mintmark.resample._strategy import rows_of_classes
from mintmark.resample._target import class_column

__all__ = ["Classes", "Cleaned", "Under", "classes_of", "removable", "staying"]

Ints = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]
Cleaned = Literal["auto", "majority", "not minority", "not majority", "all"] | Sequence[Any]
"""Classes whose rows may go: in imbalanced-learn's words ("auto" is "not minority"), or by name."""
Under = Literal["auto", "majority", "not minority", "not majority", "all"] | float | Mapping[Any, int]
"""Classes that shrink to the size of the smallest, or its share of the other of two, or rows by class."""


_WORDS = ("auto", "majority", "not minority", "not majority", "all")


@dataclasses.dataclass(frozen=True)
class Classes:
    """A table's rows of known class.

    Parameters
    ----------
    sample : Sample
    names : list
        Values of the target, in the order of the sample's labels.
    rows : array of int, shape (len(sample),)
        Which rows of the table they are.
    n : int
        Rows of the table.
    """

    sample: Sample
    names: list[Any]
    rows: Ints
    n: int

    def removable(self, strategy: Cleaned) -> Mask:
        """Which rows may go, shape (len(sample),); raises as `removable`."""
        return removable(strategy, self.names, self.sample.labels)

    def staying(self, strategy: Under) -> Ints:
        """Rows that stay of each class, shape (classes,); raises as `staying`."""
        return staying(strategy, self.names, np.bincount(self.sample.labels, minlength=len(self.names)))

    def kept(self, mask: Mask) -> Ints:
        """Rows of the table that stay, in order: those of the mask and all whose class is not known."""
        out = np.ones(self.n, dtype=bool)
        out[self.rows] = mask
        return np.flatnonzero(out)


def classes_of(data: Dataset, target: str | None, *, measured: bool = True) -> Classes:
    """The rows of a table as cleaners see them; keys, names and free text do not count.

    Parameters
    ----------
    measured : bool
        Whether rows are told near from far, which of pictures nothing here does.

    Raises
    ------
    InputError
        If there is no target, none that has classes, or pictures would have to be measured.
    UnknownNameError
        If the target is no column.
    """
    name = class_column(data, target)
    pictures = [column.name for column in data.schema if column.kind == "image"]
    if measured and pictures:
        raise InputError(
            f"column {pictures[0]!r} holds pictures, and no distance between rows here looks at them. Use "
            "random_under, which measures none, or no cleaner."
        )
    known = pc.is_valid(data.table[name]).to_numpy(zero_copy_only=False).astype(bool)
    rows = np.flatnonzero(known)
    data = data.take(rows).drop(*(set(renewed(data.schema)) - {name}))
    data = dataclasses.replace(data, schema=Schema(tuple(_filled(data, column) for column in data.schema)))
    return Classes(Sample.of(data, name), list(data.schema[name].categories or ()), rows, len(known))


def _filled(data: Dataset, column: Column) -> Column:
    """The column with its categories, where none are declared."""
    if not column.is_discrete or column.categories is not None:
        return column
    return dataclasses.replace(column, categories=tuple(distinct(data.table[column.name])[0]))


def removable(strategy: Cleaned, names: Sequence[Any], labels: Ints) -> Mask:
    """Which rows may go, shape (n,).

    Parameters
    ----------
    strategy : Cleaned
    names : sequence
        The classes.
    labels : array of int, shape (n,)

    Raises
    ------
    UnknownNameError
        If a class does not exist.
    """
    if isinstance(strategy, str):
        return _chosen(strategy, np.bincount(labels, minlength=len(names)))[labels]
    if not isinstance(strategy, (list, tuple, set, frozenset, np.ndarray)):
        raise InputError(
            f"sampling_strategy is one of {', '.join(map(repr, _WORDS))}, or a list of classes; not "
            f"{strategy!r}."
        )
    place = {str(name): at for at, name in enumerate(names)}
    for name in strategy:
        if str(name) not in place:
            raise UnknownNameError("class in sampling_strategy", str(name), list(place))
    return np.isin(labels, [place[str(name)] for name in strategy])


def _chosen(strategy: str, counts: Ints) -> Mask:
    """Which classes the words mean; a class without rows is none."""
    held = np.flatnonzero(counts)
    out = np.zeros(len(counts), dtype=bool)
    out[held] = True
    if not len(held):
        return out
    least, most = held[np.argmin(counts[held])], held[np.argmax(counts[held])]
    if strategy in ("auto", "not minority"):
        out[least] = False
    elif strategy == "not majority":
        out[most] = False
    elif strategy == "majority":
        out = np.arange(len(counts)) == most
    elif strategy != "all":
        raise UnknownNameError("sampling_strategy", strategy, _WORDS)
    return out


def staying(strategy: Under, names: Sequence[Any], counts: Ints) -> Ints:
    """Rows that stay of each class, shape (classes,).

    Parameters
    ----------
    strategy : Under
    names : sequence
    counts : array of int, shape (classes,)
        Rows of each.

    Raises
    ------
    InputError
        If a share is asked of other than two classes, or more rows than there are.
    UnknownNameError
        If a class does not exist.
    """
    held = counts[counts > 0]
    if isinstance(strategy, str):
        return np.where(_chosen(strategy, counts), held.min(initial=np.iinfo(np.int64).max), counts)
    if isinstance(strategy, Mapping):
        return _of_mapping(strategy, names, counts)
    if isinstance(strategy, bool) or not isinstance(strategy, Real):
        raise InputError(
            f"sampling_strategy is one of {', '.join(map(repr, _WORDS))}, a share, or a mapping of class to "
            f"the rows that stay; not {strategy!r}."
        )
    if len(held) != 2 or not 0 < strategy <= 1:
        raise InputError(
            f"sampling_strategy {strategy:g} must be a share above 0 and up to 1 of minority to majority "
            f"rows in two classes; the target has {len(held)}. Give the rows of each class as a mapping."
        )
    most = int(held.min() / strategy)
    if most > held.max():
        raise InputError(
            f"sampling_strategy {strategy:g} asks for more rows of the larger class than there are "
            f"({held.min():,} of {held.max():,} is {held.min() / held.max():.3g}). Give a larger share."
        )
    return np.minimum(counts, most)


def _of_mapping(wanted: Mapping[Any, int], names: Sequence[Any], counts: Ints) -> Ints:
    place = {str(name): at for at, name in enumerate(names)}
    out = counts.copy()
    for name, rows in rows_of_classes(wanted).items():
        if str(name) not in place:
            raise UnknownNameError("class in sampling_strategy", str(name), list(place))
        at = place[str(name)]
        if isinstance(rows, bool) or not isinstance(rows, Integral):
            raise InputError(
                f"sampling_strategy asks for {rows!r} rows of class {name!r}: give a whole number."
            )
        if not 0 <= rows <= counts[at]:
            raise InputError(
                f"sampling_strategy asks for {rows:,} rows of class {name!r}, which has {counts[at]:,}: rows "
                "are taken away and none added. Ask for as many or fewer."
            )
        out[at] = rows
    return out
