"""Arrow tables to pandas and polars frames; either package is loaded on use."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow as pa

from mintmark.errors import MissingExtraError

if TYPE_CHECKING:
    import pandas as pd
    import polars as pl

__all__ = ["to_pandas", "to_polars"]


def to_pandas(table: pa.Table) -> pd.DataFrame:
    """A pandas frame with a plain index (pandas 2 or 3).

    Raises
    ------
    MissingExtraError
        If pandas is not installed.
    """
    try:
        import pandas  # noqa: F401  # pyarrow needs it, and reports its absence less clearly
    except ImportError:
        raise MissingExtraError("pandas", "pandas") from None
    frame: pd.DataFrame = table.replace_schema_metadata(None).to_pandas()
    return frame


def to_polars(table: pa.Table) -> pl.DataFrame:
    """A polars frame.

    Raises
    ------
    MissingExtraError
        If polars is not installed.
    """
    try:
        import polars
    except ImportError:
        raise MissingExtraError("polars", "polars") from None
    frame = polars.from_arrow(table.replace_schema_metadata(None))
    assert isinstance(frame, polars.DataFrame)
    return frame
