"""Which expressions of one or two columns a column may follow from, and how well they fit.

An expression is fitted up to a factor: each row allows an interval of factors, because the column
is rounded, and the relation is exact where one factor lies in all of them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from mintmark.data._nice import nicest
from mintmark.data.encode import _STEP
from mintmark.data.schema import Column, arrow_type

__all__ = [
    "Form", "affine", "factors", "half_step", "name_of", "near", "pairs", "ranks", "singles", "step_of",
]  # fmt: skip

Floats = npt.NDArray[np.float64]
_DAY = 8.64e10
_OPERANDS = 16
"""Most columns that a column's expressions are made of: the most associated ones."""


@dataclass(frozen=True)
class Form:
    """An expression: its text, and its values in rows, shape (n,)."""

    text: str
    values: Floats


def name_of(column: str) -> str:
    """The column as a formula names it."""
    return column if column.isidentifier() else f"`{column}`"


def step_of(column: Column) -> float:
    """The step in which the column is rounded, as `numbers` encodes it; 0 where in none."""
    if column.kind == "integer":
        return 1.0
    if column.kind == "number" and column.decimals is not None:
        return float(10.0**-column.decimals)
    if column.kind == "datetime":
        return float(_STEP[column.resolution or "microsecond"])
    if column.kind == "timedelta":
        return {"s": 1e6, "ms": 1e3, "us": 1.0, "ns": 1.0}[arrow_type(column.dtype).unit]
    return 0.0


def half_step(column: Column, values: Floats) -> Floats:
    """By how much each value may be off for being rounded, shape (n,)."""
    kind = arrow_type(column.dtype)
    single = pa.types.is_float32(kind) or pa.types.is_float16(kind)
    return step_of(column) / 2 + np.abs(values) * (1e-6 if single else 1e-9)


def factors(c: Floats, half: Floats, made: Floats) -> tuple[Floats, Floats, npt.NDArray[np.int64]]:
    """The interval of k in which |c - k * made| <= half on every row, and how many rows tell.

    Parameters
    ----------
    c, half : array, shape (n,)
    made : array, shape (..., n)
        NaN where a row says nothing.

    Returns
    -------
    low, high, rows : arrays, shape (...)
        low > high where no factor fits.
    """
    with np.errstate(all="ignore"):
        one, other = (c - half) / made, (c + half) / made
    low, high = np.minimum(one, other), np.maximum(one, other)
    says = np.isfinite(made) & np.isfinite(c)
    zero = says & (made == 0)
    fits = zero & (np.abs(c) <= half)
    low = np.where(says & ~zero, low, np.where(says & ~fits, np.inf, -np.inf))
    high = np.where(says & ~zero, high, np.where(says & ~fits, -np.inf, np.inf))
    return low.max(axis=-1), high.min(axis=-1), (says & ~zero).sum(axis=-1)


def ranks(x: Floats) -> Floats:
    """Rank scores of each row of values, of length one and mean zero, 0 where missing.

    The product of two of them is Spearman's correlation.
    """
    out = np.zeros_like(x)
    for row, values in zip(out, x, strict=True):
        known = ~np.isnan(values)
        place = np.unique(values[known], return_inverse=True)[1].astype(float)
        place -= place.mean() if len(place) else 0.0
        row[known] = place / max(1e-12, float(np.sqrt(np.sum(place**2))))
    return out


def near(c: Floats, others: Floats, most: int = _OPERANDS) -> npt.NDArray[np.int64]:
    """Positions of the columns that c goes with most, by rank, shape (at most `most`,)."""
    if len(others) <= most:
        return np.arange(len(others))
    return np.sort(np.argsort(-np.abs(others @ c), kind="stable")[:most])


def singles(c: Column, operands: Sequence[Column], x: Floats) -> Iterator[Form]:
    """Expressions of one column. `x` has a row of values for each operand."""
    for column, values in zip(operands, x, strict=True):
        name = name_of(column.name)
        if column.kind == "datetime":
            if c.kind in ("number", "integer"):
                yield from _parts(name, values)
        elif column.kind == "timedelta" and c.kind != "timedelta":
            if c.kind != "datetime":
                yield Form(f"days({name})", values / _DAY)
        elif c.kind in ("number", "integer") or column.kind == "timedelta":
            yield Form(name, values)


def affine(c: Column, operands: Sequence[Column], values: Floats, x: Floats) -> list[str]:
    """Straight lines through columns that go with the values, such as degrees in another unit."""
    if c.kind not in ("number", "integer"):
        return []
    half, texts = half_step(c, values), []
    for column, other in zip(operands, x, strict=True):
        both = ~np.isnan(values) & ~np.isnan(other)
        if column.kind not in ("number", "integer") or both.sum() < 20 or np.ptp(other[both]) == 0:
            continue
        a, b, h = other[both], values[both], half[both]
        x0, y0 = a - a.mean(), b - b.mean()
        slope = float(x0 @ y0 / (x0 @ x0))
        reach = 2 * float(h.max()) / float(np.ptp(a))
        missed = float(np.max(np.abs(y0 - slope * x0)))
        if not np.isfinite(slope) or abs(slope) <= reach or missed > 4 * float(h.max()):
            continue
        inverse = round(1 / slope)
        if c.kind == "integer" and abs(inverse) > 1 and np.array_equal(np.floor(a / inverse), b):
            texts.append(f"floor({name_of(column.name)} / {inverse})")
            continue
        slope = nicest(slope - reach, slope + reach)
        low, high = float(np.max(b - slope * a - h)), float(np.min(b - slope * a + h))
        if low <= high:
            start = nicest(low, high)
            texts.append(
                f"{slope:.15g} * {name_of(column.name)} {'-' if start < 0 else '+'} {abs(start):.15g}"
            )
    return texts


def _parts(name: str, values: Floats) -> Iterator[Form]:
    from mintmark.data.formula import Formula

    day = f"floor(days({name}))"
    for text in (
        f"year({name})",
        f"month({name})",
        f"ceil(month({name}) / 3)",
        f"floor(hours({name})) - 24 * {day}",
        f"{day} + 3 - 7 * floor(({day} + 3) / 7)",  # 1970-01-01 was a Thursday; Monday is 0
        f"{day} + 4 - 7 * floor(({day} + 3) / 7)",
    ):
        formula = Formula(text)
        yield Form(text, formula.evaluate({formula.names[0]: values}))


def pairs(c: Column, operands: Sequence[Column], x: Floats) -> Iterator[Form]:
    """Expressions of two columns, sums and products before differences and ratios."""
    plain = [i for i, o in enumerate(operands) if o.kind in ("number", "integer")]
    dates = [i for i, o in enumerate(operands) if o.kind == "datetime"]
    spans = [i for i, o in enumerate(operands) if o.kind == "timedelta"]
    names = [name_of(o.name) for o in operands]
    if c.kind == "datetime":
        for i in dates:
            for j in (*spans, *plain):
                if operands[j].kind == "timedelta":
                    yield Form(f"{names[i]} + {names[j]}", x[i] + x[j])
                    yield Form(f"{names[i]} - {names[j]}", x[i] - x[j])
        return
    alike = spans if c.kind == "timedelta" else plain
    both = [(i, j) for i in alike for j in alike if i < j]
    yield from (Form(f"{names[i]} + {names[j]}", x[i] + x[j]) for i, j in both)
    if c.kind != "timedelta":
        yield from (Form(f"{names[i]} * {names[j]}", x[i] * x[j]) for i, j in both)
    either = [*both, *((j, i) for i, j in both)]
    yield from (Form(f"{names[i]} - {names[j]}", x[i] - x[j]) for i, j in either)
    for i, j in ((i, j) for i in dates for j in dates if i != j):
        if c.kind == "timedelta":
            yield Form(f"{names[i]} - {names[j]}", x[i] - x[j])
        else:
            span = (x[i] - x[j]) / _DAY
            yield Form(f"days({names[i]} - {names[j]})", span)
            yield Form(f"floor(days({names[i]} - {names[j]}))", np.floor(span))
            yield Form(f"floor(days({names[i]} - {names[j]}) / 365.25)", np.floor(span / 365.25))
    if c.kind != "timedelta":
        with np.errstate(all="ignore"):
            yield from (Form(f"{names[i]} / {names[j]}", _finite(x[i] / x[j])) for i, j in either)


def _finite(values: Any) -> Floats:
    return np.where(np.isfinite(values), values, np.nan)
