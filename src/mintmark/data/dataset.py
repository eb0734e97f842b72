"""Dataset: an Arrow table, what its columns are, and where it came from."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from mintmark.data.schema import Schema, json_value, type_name
from mintmark.errors import InputError, UnknownNameError

if TYPE_CHECKING:
    import pandas as pd
    import polars as pl

__all__ = ["Dataset", "Recorded", "records_of"]


class Recorded(Protocol):
    """What can be written into a schema: a rule (`mintmark.Check`)."""

    @property
    def record(self) -> dict[str, Any]:
        """``{"check": name, **parameters}``."""


def records_of(checks: Iterable[Mapping[str, Any] | Recorded]) -> tuple[dict[str, Any], ...]:
    """The records of rules that are given as records or as themselves, of JSON values alone."""
    records = []
    for one in checks:
        record = one if isinstance(one, Mapping) else getattr(one, "record", None)
        if not isinstance(record, Mapping):
            raise InputError(
                f"{one!r} is no rule. Give what mintmark.rule(...) makes, or a record such as "
                '{"check": "range", "column": "age", "low": 0}.'
            )
        records.append(json_value(record))
    return tuple(records)


@dataclass(frozen=True, eq=False)
class Dataset:
    """Rows with a meaning: immutable, cheap to slice.

    Make one with `mintmark.read`, which infers the schema.

    Parameters
    ----------
    table : pyarrow.Table
    schema : Schema
        One column for each of the table's, in the same order and of the same types.
    provenance : mapping of JSON values
        For synthetic rows: ``nature``, ``method``, ``version``, ``parameters``, ``rejected``, ...
    """

    table: pa.Table
    schema: Schema
    provenance: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.table.column_names != self.schema.names:
            raise InputError(
                f"the table's columns {self.table.column_names} are not the schema's {self.schema.names}."
            )
        for column, kind in zip(self.schema, self.table.schema.types, strict=True):
            if column.dtype != type_name(kind):
                raise InputError(f"column {column.name!r} has type {kind}, its schema says {column.dtype}.")

    def __len__(self) -> int:
        return int(self.table.num_rows)

    @property
    def names(self) -> list[str]:
        """Column names in order."""
        return self.schema.names

    @property
    def target(self) -> str | None:
        """Name of the column to be predicted."""
        return self.schema.target

    def __getitem__(self, rows: slice) -> Dataset:
        start, stop, step = rows.indices(len(self))
        if step != 1:
            return self.take(np.arange(start, stop, step))
        return replace(self, table=self.table.slice(start, max(0, stop - start)))

    def take(self, rows: npt.ArrayLike) -> Dataset:
        """The rows at these positions (or where a boolean mask is true), in this order."""
        picked = np.asarray(rows)
        if picked.dtype == bool:
            picked = np.flatnonzero(picked)
        return replace(self, table=self.table.take(pa.array(picked, pa.int64())))

    def select(self, names: list[str]) -> Dataset:
        """These columns, in this order."""
        return replace(self, schema=self.schema.select(names), table=self.table.select(names))

    def drop(self, *names: str) -> Dataset:
        """Every column but these."""
        for name in names:
            if name not in self.schema:
                raise UnknownNameError("column", name, self.names)
        return self.select([name for name in self.names if name not in names])

    def edit(self, name: str, **changes: Any) -> Dataset:
        """The same rows with properties of one column changed, e.g. ``kind="category"``.

        Raises
        ------
        InputError
            If the values cannot be read as the new kind.
        """
        from mintmark.data.infer import check_kind

        schema = self.schema.edit(name, **changes)
        check_kind(self.table[name], schema[name])
        return replace(self, schema=schema)

    def with_checks(self, *checks: Mapping[str, Any] | Recorded) -> Dataset:
        """The same rows with these rules in place of the schema's.

        Parameters
        ----------
        checks : records ``{"check": name, **parameters}``, or what `mintmark.rule` makes
        """
        return replace(self, schema=replace(self.schema, checks=records_of(checks)))

    def split(
        self, holdout: float = 0.2, *, seed: int = 0, time: str | None = None
    ) -> tuple[Dataset, Dataset]:
        """Rows for training and rows kept apart; see `mintmark.data.split.split`."""
        from mintmark.data.split import split

        return split(self, holdout, seed=seed, time=time)

    def to_arrow(self) -> pa.Table:
        """The Arrow table."""
        return self.table

    def to_pandas(self) -> pd.DataFrame:
        """A pandas frame (pandas 2 or 3)."""
        from mintmark.data.convert import to_pandas

        return to_pandas(self.table)

    def to_polars(self) -> pl.DataFrame:
        """A polars frame."""
        from mintmark.data.convert import to_polars

        return to_polars(self.table)

    def to_numpy(self) -> dict[str, npt.NDArray[Any]]:
        """Arrays by column name; numbers and integers without gaps keep their dtype."""
        return {name: self.table[name].to_numpy() for name in self.names}

    def write(self, path: str | Path) -> None:
        """Write to a file; the ending names the format. See `mintmark.data.write.write`."""
        from mintmark.data.write import write

        write(self, path)

    def __repr__(self) -> str:
        return f"Dataset of {len(self):,} rows x {len(self.names)} columns\n{self.schema}"

    def _repr_html_(self) -> str:
        return f"<p>Dataset of {len(self):,} rows, {len(self.names)} columns</p>{self.schema._repr_html_()}"
