"""Rows of whatever holds them: counted, taken by position, one set after another, in the same type."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from scipy import sparse

__all__ = ["column_of", "is_frame", "joined", "library", "names_of", "rows_of", "taken"]


def library(container: Any) -> str:
    """The package that a container's type is of."""
    return type(container).__module__.partition(".")[0]


def is_frame(container: Any) -> bool:
    """Whether it is a table of pandas, polars or Arrow."""
    return isinstance(container, pa.Table) or (
        library(container) in ("pandas", "polars") and hasattr(container, "columns")
    )


def names_of(frame: Any) -> list[Any]:
    """Names of a frame's columns."""
    return list(frame.column_names if isinstance(frame, pa.Table) else frame.columns)


def column_of(frame: Any, at: int) -> Any:
    """One column of a frame, by position: names may repeat."""
    if isinstance(frame, pa.Table):
        return frame.column(at)
    return frame.iloc[:, at] if library(frame) == "pandas" else frame.to_series(at)


def rows_of(container: Any) -> int:
    """How many rows it has."""
    shape = getattr(container, "shape", None)
    return int(shape[0]) if shape else len(container)


def taken(container: Any, rows: npt.NDArray[np.int64]) -> Any:
    """These rows of it, of the same type."""
    if isinstance(container, (list, tuple)):
        return [container[row] for row in rows]
    if isinstance(container, (np.ndarray, pa.Array, pa.ChunkedArray, pa.Table)):
        return container.take(rows) if not isinstance(container, np.ndarray) else container[rows]
    if library(container) == "pandas":
        return container.iloc[rows]
    if sparse.issparse(container):
        return type(container)(container.tocsr()[rows])
    return container[rows] if hasattr(container, "columns") else container.gather(rows)


def joined(first: Any, second: Any) -> Any:
    """The rows of the one, unchanged, and then those of the other; a pandas index is numbered anew."""
    if isinstance(first, (list, tuple)):
        return [*first, *second]
    if isinstance(first, np.ndarray):
        out = np.concatenate([first, second])
        return out.ravel() if out.ndim == 2 and out.shape[1] == 1 else out
    if isinstance(first, pa.Table):
        return pa.concat_tables([first, second])
    if isinstance(first, (pa.Array, pa.ChunkedArray)):
        parts = [*_chunks(first), *_chunks(second)]
        chunked = pa.chunked_array(parts, first.type)
        return chunked if isinstance(first, pa.ChunkedArray) else pa.concat_arrays(parts)
    if library(first) == "pandas":
        import pandas as pd

        return pd.concat([first, second], ignore_index=True)
    import polars as pl

    return pl.concat([first, second])


def _chunks(array: Any) -> list[pa.Array]:
    return list(array.chunks) if isinstance(array, pa.ChunkedArray) else [array]
