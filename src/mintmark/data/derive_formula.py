"""Exact formulas: a column that is computed from others on every row.

Constant multiples and unit conversions, sums of two or more columns, products, differences, ratios,
each times a constant; parts of dates and the time between two. What a user declares as a formula is
taken at its word. A value beyond the column's ends is rejected, never moved.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from mintmark.data._chain import leads_to, ordered
from mintmark.data._evidence import computable, may_read, part, unbounded
from mintmark.data._evidence import made as made_by
from mintmark.data._forms import Form, affine, factors, half_step, near, pairs, ranks, singles
from mintmark.data._narrow import narrowed
from mintmark.data._nice import nicest
from mintmark.data._totals import determined, totals
from mintmark.data.dataset import Dataset
from mintmark.data.encode import bound, from_numbers, numbers, scalar
from mintmark.data.formula import Formula, readable
from mintmark.data.schema import Column, Schema
from mintmark.data.where import Where

__all__ = ["asked", "reduce", "restore", "search", "words"]

Record = Mapping[str, Any]
Floats = npt.NDArray[np.float64]

_TRIED = 64
"""Rows on which an expression is tried first; most fail there."""
_DISTINCT = 8
"""Fewest distinct values of a column that a formula can be proved for."""
_OPERANDS, _MANY = 16, 100
"""Most operands of one column's expressions; half as many in a table of many columns."""
_MOST_DATES = 6
_MOST_LIKELY = 20
_TOLD = 50
"""Fewest rows that a formula must be seen to hold on."""


def search(data: Dataset, records: Sequence[Record], rng: np.random.Generator) -> list[dict[str, Any]]:
    """A record for each column that an expression of others gives on every row."""
    rows = part(data, rng)
    if rows is None:
        return []
    taken = made_by(records)
    looked = [c for c in data.schema if may_read(c) and c.is_numeric and c.name not in taken]
    some = data.table.take(pa.array(rows))
    read = [(c, numbers(some[c.name], c)) for c in looked]
    read = [(c, values) for c, values in read if computable(values) and "`" not in c.name and c.name]
    if len(read) < 2:
        return []
    looked, x = [c for c, _ in read], np.stack([values for _, values in read])
    scores, tied = ranks(x), determined(looked, x)
    most = _OPERANDS if len(looked) <= _MANY else _OPERANDS // 2
    made: dict[str, dict[str, Any]] = {}
    for texts in (_of_one, _of_many, _of_two):
        for j in reversed(tied if texts is _of_many else range(len(looked))):
            c = looked[j]
            few = not _is_rich(x[j])
            if c.name in made or "target" in c.roles or (few and texts is not _of_one):
                continue
            for among in _pools(looked, j, made, tied if texts is _of_many else None):
                left = among
                if texts is not _of_many:
                    left = _close(looked, left, scores, j, most)
                if few:  # a part of a date may have few values; nothing else is told by so few
                    left = [i for i in left if looked[i].kind == "datetime"]
                likely = texts(c, [looked[i] for i in left], x[j], x[left], rng) if left else []
                record = next(filter(None, (_proved(data, c, text) for text in likely)), None)
                if record and not leads_to(record["formula"], c.name, made):
                    made[c.name] = record
                    break
    return ordered(made)


def _close(looked: Sequence[Column], among: list[int], scores: Floats, j: int, most: int) -> list[int]:
    """The most associated operands and the dates: neither month nor duration need go with a date."""
    dates = [i for i in among if looked[i].kind == "datetime"][:_MOST_DATES]
    return sorted({*(among[i] for i in near(scores[j], scores[among], most)), *dates})


def _pools(
    looked: Sequence[Column], j: int, made: Mapping[str, Record], tied: list[int] | None
) -> list[list[int]]:
    """Operands to try for column j: all that are not made of others; for totals those made, too,
    in place of what they are made of, because gross amounts are added up as well as net ones.
    """
    if tied is None:
        return [[i for i in range(len(looked)) if i != j and looked[i].name not in made]]
    read = {name for record in made.values() for name in Formula(record["formula"]).names}
    return [
        [i for i in tied if i != j and looked[i].name not in made],
        [i for i in tied if i != j and looked[i].name not in read],
    ]


def _is_rich(values: Floats) -> bool:
    return len(np.unique(values[~np.isnan(values)])) >= _DISTINCT


def _of_one(
    c: Column, operands: Sequence[Column], values: Floats, x: Floats, rng: np.random.Generator
) -> list[str]:
    tried = _diverse(values, rng)
    return [
        *_fitting(c, values[tried], singles(c, operands, x[:, tried])),
        *affine(c, operands, values, x),
    ]


def _of_many(
    c: Column, operands: Sequence[Column], values: Floats, x: Floats, rng: np.random.Generator
) -> list[str]:
    return totals(operands, values, x)


def _of_two(
    c: Column, operands: Sequence[Column], values: Floats, x: Floats, rng: np.random.Generator
) -> list[str]:
    tried = _diverse(values, rng)
    return _fitting(c, values[tried], pairs(c, operands, x[:, tried]))


def _diverse(values: Floats, rng: np.random.Generator) -> npt.NDArray[np.int64]:
    """Rows of different values, filled up with others where these are few."""
    known = np.flatnonzero(~np.isnan(values))
    _, first = np.unique(values[known], return_index=True)
    others = np.setdiff1d(known, known[first])
    return np.concatenate([rng.permutation(known[first]), rng.permutation(others)])[:_TRIED]


def _fitting(c: Column, values: Floats, forms: Iterator[Form]) -> list[str]:
    """Texts of the expressions that are the column up to a factor in these rows."""
    made = list(forms)
    if not made:
        return []
    low, high, told = factors(values, half_step(c, values), np.stack([form.values for form in made]))
    fits = (low <= high) & (high > 0) & (told >= _DISTINCT - 1)
    return [made[i].text for i in np.flatnonzero(fits)[:_MOST_LIKELY]]


def _proved(data: Dataset, c: Column, text: str) -> dict[str, Any] | None:
    """The record with its factor, where the formula holds on every row of the data."""
    values = numbers(data.table[c.name], c)
    half = half_step(c, values)
    arrays = readable(data, Formula(text).names)
    low, high, told = factors(values, half, Formula(text).evaluate(arrays))
    if low > high or told < _TOLD:
        return None
    parts = len(Formula(text).names)
    if parts > 2 and not (low <= 1 <= high or low <= 1 / parts <= high):
        return None
    part = parts == 1 and data.schema[Formula(text).names[0]].kind == "datetime"
    fixed = part or c.kind in ("datetime", "timedelta")
    if fixed and not low <= 1 <= high:
        return None
    text = text if fixed else _times(text, nicest(float(low), float(high)))
    again = numbers(from_numbers(Formula(text).evaluate(arrays), unbounded(c)), c)
    known = ~np.isnan(values)
    both = known & ~np.isnan(again)
    if both.sum() < max(_TOLD, 0.5 * known.sum()) or np.any(np.abs(again - values)[both] > 2 * half[both]):
        return None
    kept = not np.array_equal(known, ~np.isnan(again))
    return {"relation": "formula", "column": c.name, "formula": text, "kept": kept}


def _times(text: str, factor: float) -> str:
    if factor == 1:
        return text
    inner = text if Formula(text).column else f"({text})"
    inverse = round(1 / factor) if factor else 0
    if abs(inverse) > 1 and 1 / inverse == factor:
        return f"{inner} / {inverse}"
    return f"{factor:.15g} * {inner}"


def reduce(data: Dataset, record: Record, rng: np.random.Generator) -> Dataset:
    """Without the column; with it where it is not missing just when its sources are."""
    return data if record["kept"] else data.drop(record["column"])


def widened(record: Record, declared: Schema, public: Schema) -> Schema:
    """The public schema with the column's ends where the formula puts those of its only source.

    The source's ends are public, so what they give is; ten persons' mean of the results would lie
    further in and have rows at the ends rejected.
    """
    name, formula = record["column"], Formula(record["formula"])
    column = public[name]
    if len(formula.names) > 1 or declared[name].low is not None or declared[name].high is not None:
        return public
    source = public[formula.names[0]]
    low, high = bound(source.low, source), bound(source.high, source)
    own = bound(column.low, column), bound(column.high, column)
    if low is None or high is None or own[0] is None or own[1] is None:
        return public
    made = numbers(
        from_numbers(np.array(formula.bounds({source.name: (low, high)})), unbounded(column)), column
    )
    if not np.isfinite(made).all():
        return public
    ends = {"low": min(own[0], made[0]), "high": max(own[1], made[1])}
    return public.edit(name, **{end: scalar(float(value), column) for end, value in ends.items()})


def restore(arrays: dict[str, pa.Array], record: Record, schema: Schema) -> None:
    """The column computed and rounded; where it is kept, only where it and its sources are known."""
    name = record["column"]
    formula = Formula(record["formula"])
    read = {source: numbers(arrays[source], schema[source]) for source in formula.names}
    made = from_numbers(formula.evaluate(read), unbounded(schema[name]))
    if record["kept"]:
        drawn = arrays[name].cast(made.type)
        made = pc.if_else(pc.and_(pc.is_valid(made), pc.is_valid(drawn)), made, drawn)
    arrays[name] = made


def asked(record: Record, where: Where, schema: Schema, drawn: Schema) -> dict[str, Any]:
    """Asked for by the ranges of what the formula reads, unless it is drawn where those are missing."""
    name, formula = record["column"], Formula(record["formula"])
    if record["kept"] and any(
        schema[source].missing != 0 and source not in where for source in formula.names
    ):
        return {other: wanted for other, wanted in where.items() if other != name}
    return narrowed(where, name, formula, schema, kept=record["kept"])


def words(record: Record) -> tuple[str, str]:
    """In words."""
    return f"computed as {record['formula']}", "the formula holds on every row where all of it is known"
