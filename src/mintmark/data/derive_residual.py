"""Near formulas: a column close to an expression of others is modelled as what is left of it.

Total charges are about months times monthly charges; the ratio of the two is far easier to draw than
the total, and the total is then near the product in every row, as it should be. The ratio (or the
difference) takes the column's place while rows are learnt and drawn. A date never before another, or
a number never below another, is its distance from it, so that the order always holds.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from mintmark.data._evidence import EXACT, computable, may_read, part
from mintmark.data._evidence import made as made_by
from mintmark.data._forms import Form, name_of, near, ranks, step_of
from mintmark.data._narrow import narrowed
from mintmark.data._residuals import atoms, difference, grid, left_within, ratio, spread
from mintmark.data.dataset import Dataset
from mintmark.data.encode import bound, from_numbers, numbers
from mintmark.data.formula import Formula, readable
from mintmark.data.schema import Column, Schema
from mintmark.data.where import Where, several

__all__ = ["asked", "reduce", "restore", "search", "words"]

Record = Mapping[str, Any]
Floats = npt.NDArray[np.float64]

_LEFT_OF_ONE = 0.02
"""Share of a column's spread that may be left of it for one other column to stand for it."""
_LEFT_OF_GAP = {"datetime": 0.5, "timedelta": 0.5, "number": 0.1, "integer": 0.1}
"""The same where the column is never below the other: that it never is, is worth keeping."""
_LEFT_OF_TWO = 0.15
_BETTER = 0.4
"""An expression of two columns must leave so much less than either column alone."""
_FEWEST_ROWS = 500
_DISTINCT = 50
_TRIED = 300
_OPERANDS, _MANY = 16, 100
"""Most operands of one column's expressions; half as many in a table of many columns."""
_REST: dict[str, Callable[[Floats, Floats], Floats]] = {"ratio": ratio, "difference": difference}


@dataclasses.dataclass(frozen=True)
class _Found:
    left: float
    how: str
    text: str


def search(data: Dataset, records: Sequence[Record], rng: np.random.Generator) -> list[dict[str, Any]]:
    """A record for each column of which an expression of one or two others leaves little."""
    rows = part(data, rng)
    if rows is None or len(rows) < _FEWEST_ROWS:
        return []
    taken = made_by(records)
    looked = [c for c in data.schema if may_read(c) and c.is_numeric and c.name not in taken]
    some = data.table.take(pa.array(rows))
    read = [(c, numbers(some[c.name], c)) for c in looked if "`" not in c.name and c.name]
    read = [(c, values) for c, values in read if _is_rich(values)]
    if len(read) < 2:
        return []
    looked, x = [c for c, _ in read], np.stack([values for _, values in read])
    scores = ranks(x)
    most = _OPERANDS if len(looked) <= _MANY else _OPERANDS // 2
    found: list[dict[str, Any]] = []
    gone: set[int] = set()
    for forms in (_sums_and_products, _ones, _differences_and_ratios):
        for j in reversed(range(len(looked))):
            step = grid(x[j], step_of(looked[j]))
            if j in gone or "target" in looked[j].roles or step is None:
                continue
            left = [i for i in range(len(looked)) if i != j and i not in gone]
            left = [left[i] for i in near(scores[j], scores[left], most)]
            best = _best(looked[j], [looked[i] for i in left], x[j], x[left], forms, rng)
            if best and _holds(data, looked[j], best, rows):
                record = {"relation": "residual", "column": looked[j].name, "formula": best.text}
                found.append(record | {"as": best.how, "step": step})
                gone.add(j)
    return found


def _is_rich(values: Floats) -> bool:
    known = values[~np.isnan(values)]
    return len(known) >= _FEWEST_ROWS and len(np.unique(known)) >= _DISTINCT and computable(values)


Forms = Callable[[Column, Sequence[Column], Floats], Iterator[Form]]


def _alike(c: Column, operands: Sequence[Column]) -> list[int]:
    """Operands that c can be compared with: plain numbers with plain numbers, dates with dates."""
    plain = ("number", "integer")
    return [i for i, o in enumerate(operands) if (o.kind in plain if c.kind in plain else o.kind == c.kind)]


def _ones(c: Column, operands: Sequence[Column], x: Floats) -> Iterator[Form]:
    yield from (Form(name_of(operands[i].name), x[i]) for i in _alike(c, operands))


def _sums_and_products(c: Column, operands: Sequence[Column], x: Floats) -> Iterator[Form]:
    if c.kind in ("number", "integer"):
        for sign, do in (("+", np.add), ("*", np.multiply)):
            yield from _of_two(sign, do, operands, x, _alike(c, operands), either=False)


def _differences_and_ratios(c: Column, operands: Sequence[Column], x: Floats) -> Iterator[Form]:
    if c.kind in ("number", "integer"):
        for sign, do in (("-", np.subtract), ("/", partial(_over))):
            yield from _of_two(sign, do, operands, x, _alike(c, operands), either=True)


def _over(a: Floats, b: Floats) -> Floats:
    with np.errstate(all="ignore"):
        made = a / b
    return np.where(np.isfinite(made), made, np.nan)


def _of_two(
    sign: str,
    do: Callable[[Floats, Floats], Floats],
    operands: Sequence[Column],
    x: Floats,
    usable: Sequence[int],
    *,
    either: bool,
) -> Iterator[Form]:
    for i in usable:
        for j in usable:
            if i < j or (either and i != j):
                yield Form(f"{name_of(operands[i].name)} {sign} {name_of(operands[j].name)}", do(x[i], x[j]))


def _best(
    c: Column, operands: Sequence[Column], values: Floats, x: Floats, forms: Forms, rng: np.random.Generator
) -> _Found | None:
    """The expression that leaves least, where that is little enough and better than its parts."""
    known = np.flatnonzero(~np.isnan(values))
    tried = known[rng.permutation(len(known))[:_TRIED]]
    made = list(forms(c, operands, x[:, tried]))
    if not made:
        return None
    e = np.stack([form.values for form in made])
    enough = _LEFT_OF_GAP[c.kind] if forms is _ones else 1.5 * _LEFT_OF_TWO
    best: _Found | None = None
    for how in ("ratio", "difference") if c.kind in ("number", "integer") else ("difference",):
        left = _left(how, values[tried], e)
        for i in np.argsort(left)[:3]:
            text = made[i].text
            if left[i] < enough and (best is None or left[i] < best.left):
                parts = {o.name: row for o, row in zip(operands, x, strict=True)}
                exact = _judged(how, c.kind, values, text, parts)
                if exact is not None and (best is None or exact < best.left):
                    best = _Found(exact, how, text)
    return best


def _left(how: str, c: Floats, e: Floats) -> Floats:
    """Share of the spread of c that is left; infinite where the rest cannot give c back."""
    if how == "ratio":
        if np.nanmin(c) < 0 or np.nanmax(c) <= 0:
            return np.full(e.shape[:-1], np.inf)
        with np.errstate(all="ignore"):
            rest, own = np.log(ratio(c, e)), np.log(np.where(c > 0, c, np.nan))
    else:
        rest, own = difference(c, e), c
    whole = _REST[how](c, e)
    unusable = (np.isnan(whole) | ((whole < 0) & (how == "ratio"))) & ~np.isnan(c)
    with np.errstate(all="ignore"):
        left = spread(np.where(np.isfinite(rest), rest, np.nan)) / spread(own)
    return np.where(unusable.any(axis=-1) | np.isnan(left), np.inf, left)


def _judged(how: str, kind: str, c: Floats, text: str, parts: Mapping[str, Floats]) -> float | None:
    """What is left on all these rows, or None where modelling the rest would be no better."""
    formula = Formula(text)
    e = formula.evaluate(parts)
    left = float(_left(how, c, e))
    rest = _REST[how](c, e)
    own = atoms(c)
    if own > 0.1 and atoms(rest) < own:  # its frequent values would be lost
        return None
    if len(formula.names) == 1:
        ordered = how == "difference" and np.nanmin(rest) >= 0 and _is_order(c, e)
        return left if left < (_LEFT_OF_GAP[kind] if ordered else _LEFT_OF_ONE) else None
    with np.errstate(all="ignore"):
        scale = np.log(np.where(c > 0, c, np.nan)) if how == "ratio" else c
    alone = min(left_within(scale, parts[name]) for name in formula.names)
    return left if left < min(_LEFT_OF_TWO, _BETTER * alone) else None


def _is_order(c: Floats, e: Floats) -> bool:
    """Whether c >= e is more than a matter of where the two lie: many rows of the one pass the other."""
    known = ~np.isnan(c) & ~np.isnan(e)
    half = np.roll(e[known], known.sum() // 2)
    return float(np.mean(c[known] < half)) > 0.05


def _holds(data: Dataset, c: Column, found: _Found, rows: npt.NDArray[np.int64]) -> bool:
    """Whether it holds on the rows apart from those searched, and gives c back on every row."""
    names = Formula(found.text).names
    values, parts = numbers(data.table[c.name], c), readable(data, names)
    rest = _REST[found.how](values, Formula(found.text).evaluate(parts))
    if np.any(np.isnan(rest) & ~np.isnan(values)):
        return False
    apart = np.ones(len(data), dtype=bool)
    apart[rows] = False
    judged = _judged(
        found.how, c.kind, values[apart], found.text, {name: part[apart] for name, part in parts.items()}
    )
    return judged is not None


def reduce(data: Dataset, record: Record, rng: np.random.Generator) -> Dataset:
    """The column's place taken by the ratio or difference, a plain number."""
    name = record["column"]
    column = data.schema[name]
    values = numbers(data.table[name], column)
    formula = Formula(record["formula"])
    rest = _REST[record["as"]](values, formula.evaluate(readable(data, formula.names)))
    rest = _shortened(rest)
    left = Column(name=name, kind="number", dtype="double", roles=column.roles, protect=column.protect)
    index = data.names.index(name)
    array = pa.array(rest, pa.float64(), mask=np.isnan(rest))
    columns = tuple(left if c.name == name else c for c in data.schema)
    table = data.table.set_column(index, pa.field(name, pa.float64()), array)
    return Dataset(table, Schema(columns, data.schema.checks), data.provenance)


def _shortened(values: Floats) -> Floats:
    """Ten digits of a usual value kept, so that what is equal but for rounding becomes equal."""
    known = np.abs(values[~np.isnan(values) & (values != 0)])
    if not len(known):
        return values
    return np.round(values, int(np.clip(9 - np.floor(np.log10(np.median(known))), 0, 300)))


def restore(arrays: dict[str, pa.Array], record: Record, schema: Schema) -> None:
    """The column from its expression and what was drawn for the rest, rounded, within its ends."""
    name = record["column"]
    formula = Formula(record["formula"])
    read = {source: numbers(arrays[source], schema[source]) for source in formula.names}
    made, rest = formula.evaluate(read), np.asarray(arrays[name].to_numpy(zero_copy_only=False), float)
    values = made * rest if record["as"] == "ratio" else made + rest
    if record["step"]:
        values = np.round(values / record["step"]) * record["step"]
    arrays[name] = from_numbers(np.where(np.abs(values) < EXACT, values, np.nan), schema[name])


def asked(record: Record, where: Where, schema: Schema, drawn: Schema) -> dict[str, Any]:
    """Asked for by the ranges of what the formula reads, given that of the rest."""
    name, formula = record["column"], Formula(record["formula"])
    left = drawn[name]
    low, high = bound(left.low, left), bound(left.high, left)
    told = {other: wanted for other, wanted in where.items() if other != name}
    if name in where and several(where[name]) == [None]:  # missing is what is left of it, or its sources
        sure = "/" not in record["formula"] and all(schema[source].missing == 0 for source in formula.names)
        return {**told, name: None} if sure else told
    if low is None or high is None:
        return told
    rest = ("*" if record["as"] == "ratio" else "+", (low, high))
    return narrowed(where, name, formula, schema, rest=rest, step=record["step"])


def words(record: Record) -> tuple[str, str]:
    """In words."""
    if record["as"] == "ratio":
        chosen = f"{record['formula']} times a drawn factor"
    else:
        chosen = f"{record['formula']} plus a drawn difference"
    return chosen, "what is left of it varies far less than the column itself"
