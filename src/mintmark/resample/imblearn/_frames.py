"""Tables of pandas, polars and Arrow as resamplers see them, and with new rows after their own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from mintmark.data.schema import Column
from mintmark.errors import InputError
from mintmark.resample.imblearn._columns import Coded, as_array, as_codes, as_floats, number_column
from mintmark.resample.imblearn._containers import column_of, joined, library, names_of, taken
from mintmark.resample.imblearn._matrix import Blocks, Matrix

__all__ = ["Frame", "of_frame"]

Floats = npt.NDArray[np.float64]
_MANY = 100  # distinct texts, and more than half of the rows: free text or names, not categories


@dataclass(frozen=True)
class Frame:
    """One table, column by column.

    Parameters
    ----------
    container : object
        As it was given.
    numbers : array, shape (n, numbers)
    codes : array of int32, shape (n, codes)
    sizes : tuple of int
        Categories of each column of codes.
    parts : tuple
        For each column how it is understood: a `Column` of numbers or dates, or `Coded` categories.
    """

    container: Any
    numbers: Floats
    codes: npt.NDArray[np.int32]
    sizes: tuple[int, ...]
    parts: tuple[Column | Coded, ...]

    @classmethod
    def of(cls, container: Any, discrete: npt.NDArray[np.bool_] | None) -> Frame:
        """A table, whose columns are what their types say, or categories where they are named as such.

        Raises
        ------
        InputError
            If a column is neither numbers, dates nor categories.
        """
        numbers: list[Floats] = []
        parts: list[Column | Coded] = []
        for at, name in enumerate(names_of(container)):
            named = discrete is not None and bool(discrete[at])
            part, floats = _read(column_of(container, at), f"column {name!r}", named=named)
            parts.append(part)
            if floats is not None:
                numbers.append(floats)
        coded = [part for part in parts if isinstance(part, Coded)]
        n = len(container)
        return cls(
            container,
            np.stack(numbers, axis=1) if numbers else np.empty((n, 0)),
            np.stack([part.codes for part in coded], axis=1) if coded else np.empty((n, 0), np.int32),
            tuple(len(part.stands) - 1 for part in coded),
            tuple(parts),
        )

    def grown(self, blocks: Blocks, added: int) -> Any:
        """The table and `added` new rows after it, in the same container with the same types."""
        numbers = np.empty((added, self.numbers.shape[1]), order="F")
        codes = np.empty((added, self.codes.shape[1]), dtype=np.int32, order="F")
        at = 0
        for some, coded in blocks:
            numbers[at : at + len(some)], codes[at : at + len(some)] = some, coded
            at += len(some)
        next_number, next_code = iter(numbers.T), iter(codes.T)
        columns = []
        for at, part in enumerate(self.parts):
            own = column_of(self.container, at)
            if isinstance(part, Coded):
                columns.append(taken(own, part.stands[next(next_code)]))
            else:
                columns.append(_like(as_array(next(next_number), part), own))
        return joined(self.container, _beside(columns, self.container))


def of_frame(container: Any, discrete: npt.NDArray[np.bool_] | None) -> Frame | Matrix:
    """A table; one of pandas that is a single matrix of floats is taken as that, without a copy."""
    if discrete is None and library(container) == "pandas":
        kinds = set(container.dtypes)
        if kinds in ({np.dtype(np.float64)}, {np.dtype(np.float32)}):
            return _Floats.of(container, None)
    if not len(names_of(container)):
        raise InputError(
            "X has 0 feature(s) while a minimum of 1 is required: there is nothing to make rows of."
        )
    return Frame.of(container, discrete)


class _Floats(Matrix):
    """A pandas frame of floats of one width."""

    def grown(self, blocks: Blocks, added: int) -> Any:
        import pandas as pd

        return pd.DataFrame(super().grown(blocks, added), columns=self.container.columns, copy=False)


def _read(own: Any, name: str, *, named: bool) -> tuple[Column | Coded, Floats | None]:
    """How a column is understood, and its numbers where it holds any."""
    array = None if named else _as_arrow(own, name)
    column = None if array is None else number_column(array.type, array)
    if column is not None:
        return column, as_floats(array, column)
    found = as_codes(own if array is None else array, name)
    count, known = len(found.stands) - 1, int((found.codes >= 0).sum())
    if not named and _is_text(own, array) and count > _MANY and 2 * count > known:
        raise InputError(
            f"{name} holds text with {count:,} different values in {known:,} rows: free text or names, which "
            "no rows are made of. Drop it, or make it a category (astype('category'))."
        )
    return found, None


def _as_arrow(own: Any, name: str) -> Any:
    """The column as Arrow; None of pandas' categories and objects, whose values are not looked at."""
    if library(own) != "pandas":
        return own if isinstance(own, pa.ChunkedArray) else own.to_arrow()
    import pandas as pd

    if isinstance(own.dtype, (pd.CategoricalDtype, pd.PeriodDtype, pd.IntervalDtype)) or own.dtype == object:
        return None
    dense = own.sparse.to_dense() if isinstance(own.dtype, pd.SparseDtype) else own
    try:
        return pa.array(dense, from_pandas=True)
    except pa.ArrowException:
        raise InputError(
            f"{name} holds {own.dtype}, neither numbers, dates nor categories. Drop it."
        ) from None


def _is_text(own: Any, array: Any) -> bool:
    if array is None:
        return bool(own.dtype == object)
    return bool(
        pa.types.is_string(array.type)
        or pa.types.is_large_string(array.type)
        or "string_view" in str(array.type)
    )


def _like(array: pa.Array, own: Any) -> Any:
    """An Arrow array as a column of the same library and type."""
    if isinstance(own, pa.ChunkedArray):
        return array
    if library(own) == "pandas":
        import pandas as pd

        return pd.Series(pd.arrays.ArrowExtensionArray(pa.chunked_array([array]))).astype(own.dtype)
    import polars as pl

    return pl.Series(own.name, array).cast(own.dtype)


def _beside(columns: list[Any], like: Any) -> Any:
    """Columns as a table with the names and types of another."""
    if isinstance(like, pa.Table):
        return pa.table(columns, schema=like.schema)
    if library(like) == "pandas":
        import pandas as pd

        made = pd.concat([column.reset_index(drop=True) for column in columns], axis=1)
        made.columns = like.columns
        return made
    import polars as pl

    return pl.DataFrame(columns)
