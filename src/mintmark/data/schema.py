"""Schema: what each column is (kind), is for (roles) and may hold.

A bound, a category list or a missing share is None until somebody declares it; the public schema
that leaves with synthetic rows has them filled in so that no person shows (see `protect`).
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import decimal
import json
import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal, get_args

import numpy as np
import pyarrow as pa

from mintmark.data.personal.kinds import check_personal
from mintmark.errors import InputError, UnknownNameError

__all__ = ["KINDS", "ROLES", "Column", "Kind", "Role", "Schema", "arrow_type", "json_value", "type_name"]

Kind = Literal[
    "number", "integer", "category", "boolean", "datetime", "timedelta",
    "text", "image", "audio", "array", "annotations",
]  # fmt: skip
Role = Literal[
    "target", "key", "foreign_key", "sequence_key", "sequence_index",
    "group", "sensitive", "quasi_identifier", "weight",
]  # fmt: skip
Scalar = str | int | float | bool
KINDS: tuple[str, ...] = get_args(Kind)
ROLES: tuple[str, ...] = get_args(Role)
NUMERIC = frozenset({"number", "integer", "datetime", "timedelta"})
"""Kinds that `encode` turns into one float column."""
DISCRETE = frozenset({"category", "boolean"})
"""Kinds that `encode` turns into codes of a category list."""
FORMAT = 1


@dataclass(frozen=True, kw_only=True)
class Column:
    """One column.

    Parameters
    ----------
    name : str
    kind : one of `KINDS`
    dtype : str
        Arrow type as `type_name` writes it, e.g. ``"int64"``, ``"timestamp[us, tz=UTC]"``.
    roles : tuple of `ROLES`
    low, high : number, or ISO 8601 text for datetimes, optional
        Closed bounds in the column's own unit (timedeltas in seconds).
    decimals : int, optional
        Digits after the point of a number.
    resolution : str, optional
        Finest step of a datetime: "day", "hour", "minute", "second", "millisecond", "microsecond".
    format : str, optional
        How text holds the value: a ``strptime`` pattern for datetimes, "plain" for numbers.
    categories : tuple of scalars, optional
        Every category that may occur; missing is not one of them.
    missing : float, optional
        Share of missing values, 0..1.
    unit : str, optional
        For people; never used in arithmetic.
    protect : bool
        Whether extremes and rare categories are kept back (see `mintmark.data.protect`).
    personal : str, optional
        What of a person it holds ("email", "phone", ...; see `mintmark.data.personal.kinds`). Such a
        column is never modelled: its values are replaced by surrogates.
    locale : str, optional
        Language and country of the surrogates, e.g. "de_DE".
    """

    name: str
    kind: Kind
    dtype: str
    roles: tuple[Role, ...] = ()
    low: int | float | str | None = None
    high: int | float | str | None = None
    decimals: int | None = None
    resolution: str | None = None
    format: str | None = None
    categories: tuple[Scalar, ...] | None = None
    missing: float | None = None
    unit: str | None = None
    protect: bool = True
    personal: str | None = None
    locale: str | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "roles", tuple(self.roles))
        if self.categories is not None:
            object.__setattr__(self, "categories", tuple(self.categories))
        where = f"column {self.name!r}"
        if self.kind not in KINDS:
            raise UnknownNameError(f"kind for {where}", self.kind, KINDS)
        for role in self.roles:
            if role not in ROLES:
                raise UnknownNameError(f"role for {where}", role, ROLES)
        check_personal(self.personal, self.locale, where)
        if self.missing is not None and not 0 <= self.missing <= 1:
            raise InputError(f"{where}: missing is a share from 0 to 1, not {self.missing!r}.")
        if self.low is not None and self.high is not None:
            if isinstance(self.low, str) != isinstance(self.high, str):
                raise InputError(f"{where}: low and high must both be numbers or both ISO dates.")
            if self.low > self.high:  # type: ignore[operator]  # the line above made them alike
                raise InputError(f"{where}: low {self.low!r} is above high {self.high!r}.")

    @property
    def is_numeric(self) -> bool:
        """Whether the column becomes one float column (numbers, integers, dates, durations)."""
        return self.kind in NUMERIC

    @property
    def meanings(self) -> tuple[str, ...]:
        """Roles, and what of a person it holds, in words for people."""
        told = f"personal {self.personal}" + (f" ({self.locale})" if self.locale else "")
        return (*self.roles, *([told] if self.personal else []))

    @property
    def is_discrete(self) -> bool:
        """Whether the column becomes codes of a category list."""
        return self.kind in DISCRETE

    def to_json(self) -> dict[str, Any]:
        """JSON values, defaults left out."""
        return {
            field.name: list(value) if isinstance(value, tuple) else value
            for field in dataclasses.fields(self)
            if (value := getattr(self, field.name)) != field.default
        }

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> Column:
        """Inverse of `to_json`; an unknown key is refused with the nearest right one."""
        known = [field.name for field in dataclasses.fields(cls)]
        for key in values:
            if key not in known:
                raise UnknownNameError("column property", key, known)
        return cls(**values)


@dataclass(frozen=True)
class Schema:
    """The columns in order, and the checks every row must hold.

    Parameters
    ----------
    columns : tuple of Column
    checks : tuple of dict
        Records ``{"check": name, **parameters}`` of registered checks.
    """

    columns: tuple[Column, ...]
    checks: tuple[dict[str, Any], ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "columns", tuple(self.columns))
        object.__setattr__(self, "checks", tuple(self.checks))
        seen: set[str] = set()
        for name in self.names:
            if name in seen:
                raise InputError(
                    f"column {name!r} occurs more than once. Give every column a name of its own."
                )
            seen.add(name)

    def __iter__(self) -> Iterator[Column]:
        return iter(self.columns)

    def __len__(self) -> int:
        return len(self.columns)

    def __contains__(self, name: object) -> bool:
        return name in self.names

    def __getitem__(self, name: str) -> Column:
        for column in self.columns:
            if column.name == name:
                return column
        raise UnknownNameError("column", name, self.names)

    @property
    def arrow(self) -> pa.Schema:
        """Names and Arrow types of the columns, in order."""
        return pa.schema([pa.field(column.name, arrow_type(column.dtype)) for column in self])

    @property
    def names(self) -> list[str]:
        """Column names in order."""
        return [column.name for column in self.columns]

    @property
    def target(self) -> str | None:
        """Name of the column to be predicted, None where there is none."""
        return next(iter(self.with_role("target")), None)

    def with_role(self, *roles: Role) -> list[str]:
        """Names of the columns that have any of the roles, in order."""
        return [column.name for column in self.columns if set(roles) & set(column.roles)]

    def edit(self, name: str, **changes: Any) -> Schema:
        """The same schema with properties of one column changed, e.g. ``kind="category"``."""
        self[name]
        known = [field.name for field in dataclasses.fields(Column)]
        for key in changes:
            if key not in known:
                raise UnknownNameError("column property", key, known)
        columns = tuple(
            dataclasses.replace(column, **changes) if column.name == name else column
            for column in self.columns
        )
        return Schema(columns, self.checks)

    def select(self, names: list[str]) -> Schema:
        """The schema of these columns, in this order."""
        return Schema(tuple(self[name] for name in names), self.checks)

    def to_json(self) -> dict[str, Any]:
        """JSON values; see `from_json`. A rule that is a function without a name is left out."""
        return {
            "format": FORMAT,
            "columns": [column.to_json() for column in self.columns],
            "checks": [record for record in self.checks if not any(map(callable, record.values()))],
        }

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> Schema:
        """Inverse of `to_json`.

        Raises
        ------
        InputError
            If the schema was written by a newer version or has unknown properties.
        """
        if values.get("format", FORMAT) > FORMAT:
            raise InputError(
                f"the schema has format {values['format']}, this version reads up to {FORMAT}. "
                "Upgrade mintmark."
            )
        columns = tuple(Column.from_json(column) for column in values["columns"])
        return cls(columns, tuple(values.get("checks", ())))

    def __str__(self) -> str:
        width = max((len(name) for name in self.names), default=0)
        return "\n".join(
            f"{c.name:<{width}}  {c.kind:<9} {c.dtype:<10} {', '.join(c.meanings)}".rstrip()
            for c in self.columns
        )

    def _repr_html_(self) -> str:
        from html import escape

        rows = "".join(
            f"<tr><td>{escape(c.name)}</td><td>{c.kind}</td><td>{escape(c.dtype)}</td>"
            f"<td>{escape(', '.join(c.meanings))}</td></tr>"
            for c in self.columns
        )
        return (
            "<table><thead><tr><th>column</th><th>kind</th><th>type</th><th>roles</th></tr></thead>"
            f"<tbody>{rows}</tbody></table>"
        )

    def dumps(self) -> str:
        """Canonical JSON text."""
        return json.dumps(self.to_json(), sort_keys=True, ensure_ascii=False)


def json_value(value: Any) -> Any:
    """A value as JSON holds it: dates as ISO text, durations in seconds, infinity as "inf", sets as lists.

    What JSON cannot hold, such as a function, stays as it is.
    """
    if isinstance(value, Mapping):
        return {str(key): json_value(inner) for key, inner in value.items()}
    if isinstance(value, np.datetime64) and not np.isnat(value):
        return value.astype("datetime64[us]").item().isoformat()
    if isinstance(value, np.timedelta64) and not np.isnat(value):
        value = value.astype("timedelta64[us]").item()
    if isinstance(value, (np.generic, np.ndarray)):
        return json_value(value.tolist())
    if isinstance(value, (list, tuple, set, frozenset)):
        return [json_value(inner) for inner in value]
    if isinstance(value, dt.date):
        return value.isoformat()
    if isinstance(value, dt.timedelta):
        return value.total_seconds()
    if isinstance(value, decimal.Decimal):
        value = float(value)
    return str(value) if isinstance(value, float) and math.isinf(value) else value


def type_name(kind: pa.DataType) -> str:
    """The Arrow type as text that `arrow_type` reads back."""
    return str(kind)


def arrow_type(name: str) -> pa.DataType:
    """The Arrow type written by `type_name`.

    Raises
    ------
    InputError
        If the text names no type that a table column may have.
    """
    if found := re.fullmatch(r"timestamp\[(s|ms|us|ns)(?:, tz=(.+))?\]", name):
        return pa.timestamp(found[1], tz=found[2])
    if found := re.fullmatch(r"decimal(32|64|128|256)\((\d+), (-?\d+)\)", name):
        make = {"32": pa.decimal32, "64": pa.decimal64, "128": pa.decimal128, "256": pa.decimal256}
        return make[found[1]](int(found[2]), int(found[3]))
    simple = {
        "double": "float64", "float": "float32", "halffloat": "float16",
        "date32[day]": "date32", "date64[ms]": "date64",
    }  # fmt: skip
    try:
        return pa.type_for_alias(simple.get(name, name))
    except ValueError:
        raise InputError(f"{name!r} is no column type that mintmark knows.") from None
