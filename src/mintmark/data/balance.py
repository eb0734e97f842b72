"""Chosen shares: how many rows of which values a sample has, where these are not to be the model's own.

A sample is divided into cells, each a condition on a few columns and a number of rows. Within a cell rows
keep the model's law, so that the whole row's law is moved by exactly as much as that of these columns:
were P the model's law, Q that of the sample, c the cell and x the row, then Q(x) = Q(c) P(x | c), and the
total variation distance of Q and P is that of Q(c) and P(c).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from mintmark.data.schema import Column, Schema
from mintmark.data.where import Where, check_where
from mintmark.errors import InputError, UnknownNameError

__all__ = [
    "Cell",
    "Parity",
    "Shares",
    "apportioned",
    "cells",
    "check_balance",
    "law_in_words",
    "record",
    "wish_of",
]

Shares = Mapping[str, Mapping[Any, float]]
"""A column to its values' shares of the rows."""
Parity = str | Sequence[str]
"""The columns whose groups shall all have the target's values in the same shares."""
_SLACK = 1e-9
_SHOWN = 4
MEANS = (
    "total variation distance between the rows' law and the model's own, estimated; no column's own law is "
    "moved by more, and by how much less is not known: assess the rows to learn it"
)


@dataclass(frozen=True)
class Cell:
    """Rows of one kind.

    Parameters
    ----------
    told : str
        The condition in words.
    where : mapping
        The condition.
    wished, model : float
        Its share of the sample's rows, and of the model's.
    rows : int
        How many the sample has.
    """

    told: str
    where: Where
    wished: float
    model: float
    rows: int


def check_balance(
    shares: Shares | None, parity: Parity | None, where: Where, schema: Schema
) -> tuple[str, ...]:
    """The columns whose shares are chosen.

    Raises
    ------
    InputError
        If a column or value does not exist or cannot have shares, shares are no shares or too many in
        all, or `where` asks for the same column.
    """
    if shares is not None and parity is not None:
        raise InputError("shares and parity both say how many rows of a value there are. Give one of them.")
    names = _of_shares(shares, schema) if shares is not None else _of_parity(parity, schema)
    for name in names:
        if name in where:
            raise InputError(
                f"column {name!r} is named in where and in {'parity' if shares is None else 'shares'}. "
                "Ask for it in one of them."
            )
    return names


def _of_shares(shares: Any, schema: Schema) -> tuple[str, ...]:
    if not isinstance(shares, Mapping) or len(shares) != 1:
        raise InputError(
            "shares: name one column and its values' shares, as {'income': {'>50K': 0.5}}; "
            f"got {shares!r}."
        )
    ((name, wished),) = shares.items()
    column = _column(name, schema, "shares")
    if not isinstance(wished, Mapping) or not wished:
        raise InputError(f"shares[{name!r}]: give each value a share, as {{value: 0.5}}; got {wished!r}.")
    for value, share in wished.items():
        if isinstance(value, (tuple, frozenset)):
            raise InputError(f"shares[{name!r}]: {value!r} is several values. Give each a share of its own.")
        _check_value(value, column)
        number = isinstance(share, (int, float, np.number)) and not isinstance(share, bool)
        if not number or not 0 <= share <= 1:
            raise InputError(f"shares[{name!r}][{value!r}]: a share lies between 0 and 1, not {share!r}.")
    total = float(sum(wished.values()))
    if total > 1 + _SLACK:
        raise InputError(f"shares[{name!r}] add up to {total:.6g}, above 1. Make them smaller.")
    if total < 1 - _SLACK and column.categories is not None and not _rest(wished, column):
        raise InputError(
            f"shares[{name!r}] add up to {total:.6g} and name every value: nothing is left for the rest of "
            "the rows. Make them add up to 1."
        )
    return (str(name),)


def _of_parity(parity: Any, schema: Schema) -> tuple[str, ...]:
    groups = [parity] if isinstance(parity, str) else parity
    if not isinstance(groups, Sequence) or not groups or not all(isinstance(g, str) for g in groups):
        raise InputError(f"parity: name the columns of the groups, as ['sex']; got {parity!r}.")
    if schema.target is None:
        raise InputError("parity: no column is the target. Name it before the fit: read(..., target='...').")
    for name in (schema.target, *groups):
        _column(name, schema, "parity")
    if schema.target in groups:
        raise InputError(f"parity: {schema.target!r} is the target and cannot be a group as well.")
    return (schema.target, *dict.fromkeys(groups))


def _column(name: Any, schema: Schema, what: str) -> Column:
    if name not in schema:
        raise UnknownNameError(f"column in {what}", name, schema.names)
    column = schema[name]
    if column.personal or set(column.roles) & {"key", "group", "sequence_key"}:
        raise InputError(f"{what}: column {name!r} is made anew for every row and has no shares.")
    if not column.is_discrete:
        raise InputError(
            f"{what}: column {name!r} is {column.kind}; shares are of categories and booleans. Ask for a "
            "range with where, or read it as a category (kinds={...})."
        )
    return column


def _check_value(value: Any, column: Column) -> None:
    if column.categories is None:  # not known before the fit
        return
    try:
        check_where({column.name: value}, Schema((column,)))
    except InputError as error:
        said = str(error).partition(": ")[2]
        raise InputError(f"shares[{column.name!r}]: {said}") from None


def _values(column: Column) -> list[Any]:
    """What a column may hold, missing last."""
    return [*(column.categories or ()), *([None] if column.missing != 0 else [])]


def _rest(wished: Mapping[Any, float], column: Column) -> list[Any]:
    return [value for value in _values(column) if value not in wished]


def cells(
    n: int, shares: Shares | None, parity: Parity | None, schema: Schema, own: pa.Table
) -> tuple[Cell, ...]:
    """The cells of n rows, whose rows add up to n.

    Parameters
    ----------
    shares, parity : as `check_balance` found them right
    own : pyarrow.Table
        Rows of the model, which say how frequent what is by itself.
    """
    if shares is not None:
        ((name, wished),) = shares.items()
        return _by_shares(n, wished, schema[name], own[name])
    return _by_parity(n, check_balance(None, parity, {}, schema), schema, own)


def _by_shares(n: int, wished: Mapping[Any, float], column: Column, own: pa.ChunkedArray) -> tuple[Cell, ...]:
    """A cell for each value that is named, and one of all others, which keep their proportions."""
    seen, total = Counter(own.to_pylist()), max(1, len(own))
    rest = _rest(wished, column)
    asked: list[tuple[str, Any, float, int]] = [
        (_said(column.name, value), value, float(share), seen[value]) for value, share in wished.items()
    ]
    if rest:
        left = max(0.0, 1 - float(sum(wished.values())))
        asked.append((f"{column.name}: any other", rest, left, sum(seen[value] for value in rest)))
    rows = apportioned(n, [share for _, _, share, _ in asked])
    return tuple(
        Cell(words, {column.name: value}, share, count / total, int(many))
        for (words, value, share, count), many in zip(asked, rows, strict=True)
    )


def _by_parity(n: int, names: Sequence[str], schema: Schema, own: pa.Table) -> tuple[Cell, ...]:
    """A cell for each group and value of the target, in which the two do not depend on one another."""
    target, *groups = names
    aims = own[target].to_pylist()
    members = list(zip(*(own[name].to_pylist() for name in groups), strict=True))
    together, of_aim, of_group = Counter(zip(members, aims, strict=True)), Counter(aims), Counter(members)
    total = max(1, len(own))
    values = [value for value in _values(schema[target]) if of_aim[value]]
    order = {name: {value: k for k, value in enumerate(_values(schema[name]))} for name in groups}
    ranked = sorted(
        of_group, key=lambda g: [order[name][value] for name, value in zip(groups, g, strict=True)]
    )
    found = []
    for group, many in zip(ranked, apportioned(n, [of_group[g] for g in ranked]), strict=True):
        for value, rows in zip(values, apportioned(int(many), [of_aim[v] for v in values]), strict=True):
            where = {target: value, **dict(zip(groups, group, strict=True))}
            found.append(
                Cell(
                    ", ".join(_said(name, one) for name, one in where.items()), where,
                    of_group[group] * of_aim[value] / total**2, together[group, value] / total, int(rows),
                )
            )  # fmt: skip
    return tuple(found)


def _said(name: str, value: Any) -> str:
    return f"{name} is {'missing' if value is None else value}"


def apportioned(n: int, weights: Sequence[float]) -> npt.NDArray[np.int64]:
    """n things in these proportions, by largest remainder; of equal ones the first is served first."""
    wanted = np.asarray(weights, dtype=float)
    if not wanted.sum():
        return np.zeros(len(wanted), dtype=np.int64)
    wanted = n * wanted / wanted.sum()
    quota: npt.NDArray[np.int64] = np.floor(wanted + _SLACK).astype(np.int64)
    quota[np.argsort(quota - wanted, kind="stable")[: n - int(quota.sum())]] += 1
    return quota


def record(
    columns: Sequence[str], made: Sequence[Cell], of: int, drawn: Sequence[tuple[int, int]]
) -> dict[str, Any]:
    """JSON values of what was wished, for provenance.

    Parameters
    ----------
    of : int
        Rows that the model's own shares are estimated from.
    drawn : sequence of (int, int)
        Of each cell: rows drawn for it, and how many of these did not meet the condition.
    """
    return {
        "columns": list(columns),
        "cells": [
            {
                "of": cell.told,
                "rows": cell.rows,
                "wished": round(cell.wished, _SHOWN),
                "model": round(cell.model, _SHOWN),
                "accepted": round(1 - missed / many, _SHOWN) if many else None,
            }
            for cell, (many, missed) in zip(made, drawn, strict=True)
        ],
        "moved": round(_moved(made), _SHOWN),
        "estimated_from": of,
        "means": MEANS,
    }


def _moved(made: Sequence[Cell]) -> float:
    """Total variation distance of the sample's cells, whose rows are whole, and the model's."""
    n = sum(cell.rows for cell in made)
    shares = [cell.rows / n if n else cell.wished for cell in made]
    return sum(abs(share - cell.model) for share, cell in zip(shares, made, strict=True)) / 2


def law_in_words(provenance: Mapping[str, Any]) -> list[str]:
    """A line for each way in which rows have not the model's own law, of a provenance that a file may have
    brought: shares that were chosen, conditions that were met nearly."""
    balance, nearly = provenance.get("balance"), provenance.get("approximate")
    lines = [_shares_in_words(balance)] if isinstance(balance, Mapping) else []
    if isinstance(nearly, Mapping) and isinstance(rows := nearly.get("rows"), int):
        lines.append(f"{rows:,} row{'s' * (rows != 1)} under a rare condition: {nearly.get('why')}")
    return lines


def _shares_in_words(balance: Mapping[str, Any]) -> str:
    """Of what `record` says, what can be read."""
    keys = {"of", "wished", "model"}
    cells = balance.get("cells")
    every = [c for c in cells if isinstance(c, Mapping) and keys <= set(c)] if isinstance(cells, list) else []
    some = [f"{c['of']} {_percent(c['wished'])} (the model's own {_percent(c['model'])})" for c in every[:3]]
    more = f" and {len(every) - 3} more" if len(every) > 3 else ""
    return (
        f"shares chosen: {'; '.join(some)}{more}; this moves the rows' law by {balance.get('moved')} "
        "(total variation)"
    )


def _percent(share: Any) -> str:
    return f"{100 * share:.3g} %" if isinstance(share, (int, float)) else "?"


def wish_of(wished: Mapping[str, Mapping[str, float]], schema: Schema) -> dict[str, dict[Any, float]]:
    """Shares whose values are given as text, with the values that are meant; "" is missing.

    Raises
    ------
    UnknownNameError
        If a column does not exist.
    """
    found: dict[str, dict[Any, float]] = {}
    for name, shares in wished.items():
        if name not in schema:
            raise UnknownNameError("column in shares", name, schema.names)
        known = {_text(value): value for value in schema[name].categories or ()}
        flag = schema[name].kind == "boolean"
        found[name] = {
            known.get(text.lower() if flag else text, None if text == "" else text): share
            for text, share in shares.items()
        }
    return found


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
