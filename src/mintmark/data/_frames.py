"""Frames in memory to an Arrow table: pandas, polars, arrays by name, anything with an Arrow stream."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import pyarrow as pa

from mintmark.data._tidy import check_names
from mintmark.data.images import encoded
from mintmark.errors import InputError

__all__ = ["from_frame"]


def from_frame(source: Any, kinds: Mapping[str, str]) -> pa.Table:
    """The table of a frame; a pandas index is left out.

    Raises
    ------
    InputError
        If a column mixes types, lengths differ, or the object is no table.
    """
    if isinstance(source, pa.Table):
        return source
    if isinstance(source, pa.RecordBatch):
        return pa.Table.from_batches([source])
    room = type(source).__module__.partition(".")[0]
    if room == "pandas" and hasattr(source, "columns"):
        names = [str(name) for name in source.columns]
        check_names(names)
        columns = (source.iloc[:, i] for i in range(len(names)))
        return _table(names, columns, kinds)
    if room == "polars" and hasattr(source, "collect"):
        source = source.collect()
    if isinstance(source, Mapping):
        return _table([str(name) for name in source], source.values(), kinds)
    if hasattr(source, "__arrow_c_stream__"):
        try:
            return pa.table(source)
        except (pa.ArrowException, TypeError, ValueError, RuntimeError) as error:
            raise InputError(f"the frame cannot become an Arrow table: {_line(error)}") from None
        except BaseException as error:  # polars panics outside Exception on object columns
            if isinstance(error, (KeyboardInterrupt, SystemExit)):
                raise
            raise InputError("the frame has a column of Python objects. Give each one type.") from None
    raise InputError(
        f"cannot read a table from {type(source).__name__}. Give a path, a pandas or polars frame, "
        "an Arrow table, or a dict of arrays."
    )


def _table(names: list[str], columns: Iterable[Any], kinds: Mapping[str, str]) -> pa.Table:
    made = [_column(name, values, kinds.get(name)) for name, values in zip(names, columns, strict=True)]
    lengths = {name: len(array) for name, array in zip(names, made, strict=True)}
    if len(set(lengths.values())) > 1:
        usual = Counter(lengths.values()).most_common(1)[0][0]
        odd = next(name for name, length in lengths.items() if length != usual)
        raise InputError(f"column {odd!r} has {lengths[odd]:,} values, the others {usual:,}.")
    return pa.table(made, schema=pa.schema([pa.field(n, a.type) for n, a in zip(names, made, strict=True)]))


def _column(name: str, values: Any, kind: str | None) -> pa.Array | pa.ChunkedArray:
    if isinstance(values, (pa.Array, pa.ChunkedArray)):
        return values
    if isinstance(values, (str, bytes)) or not hasattr(values, "__len__"):
        raise InputError(f"column {name!r} is {type(values).__name__}, not a list or array of values.")
    if getattr(values, "ndim", 1) in (3, 4) and getattr(values, "dtype", None) == np.uint8:
        return encoded(values)
    if getattr(values, "ndim", 1) != 1:
        raise InputError(f"column {name!r} has shape {values.shape}. Give each column one dimension.")
    try:
        return pa.array(values, from_pandas=True)
    except (pa.ArrowException, TypeError, ValueError, OverflowError):
        cells = list(values)
    if kind in {"category", "text", "boolean"}:
        return pa.array([None if _is_missing(cell) else str(cell) for cell in cells], pa.string())
    raise InputError(_mixed(name, cells)) from None


def _is_missing(cell: Any) -> bool:
    if cell is None or str(cell) in {"<NA>", "NaT"}:
        return True
    return isinstance(cell, (float, np.floating)) and bool(np.isnan(cell))


def _mixed(name: str, cells: list[Any]) -> str:
    kinds = [None if _is_missing(cell) else type(cell).__name__ for cell in cells]
    (usual, count), *_ = Counter(k for k in kinds if k).most_common(1)
    if count == len([k for k in kinds if k]):
        return f"column {name!r} holds Python objects of type {usual}. Make them numbers, text or dates."
    row = next((i for i, k in enumerate(kinds) if k not in (None, usual)), 0)
    return (
        f"column {name!r}, row {row + 1:,} of {len(cells):,}: value {str(cells[row])[:60]!r} is "
        f"{kinds[row]}, most are {usual}.\nGive the column one type, or mark it as category: "
        f"read(..., kinds={{{name!r}: 'category'}})."
    )


def _line(error: BaseException) -> str:
    return str(error).partition("\n")[0][:160]
