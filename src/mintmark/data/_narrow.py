"""A condition on what a formula gives, as far as it tells about what the formula reads.

Each source's range is cut into slices; interval arithmetic says which of them may still give a
wanted value. What is left is never too little, so a method that draws from it misses no row.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from typing import Any

import numpy as np

from mintmark.data._forms import step_of
from mintmark.data._intervals import OF, Interval
from mintmark.data.encode import bound, scalar
from mintmark.data.formula import Formula
from mintmark.data.schema import Column, Schema
from mintmark.data.where import NoneMeets, several

__all__ = ["narrowed"]

_SLICES, _ROUNDS = 32, 3


def narrowed(
    where: Mapping[str, Any],
    name: str,
    formula: Formula,
    schema: Schema,
    *,
    kept: bool = False,
    rest: tuple[str, Interval] | None = None,
    step: float = 0.0,
) -> dict[str, Any]:
    """The condition without the named column, its sources held to where they can meet it.

    Parameters
    ----------
    where : mapping
        Conditions that the schema allows.
    name : str
        The column that the formula makes.
    kept : bool
        Whether the column is drawn where a source is missing.
    rest : ("+" or "*", (low, high)), optional
        What the formula's result is combined with, and between which numbers that lies.
    step : float
        The step that results are rounded to, where it is wider than the column's own.

    Raises
    ------
    NoneMeets
        If no values of the sources, as they are asked for, give what is wanted.
    """
    told = {column: wanted for column, wanted in where.items() if column != name}
    aim = _ends(where[name], schema[name]) if name in where else None
    if aim is None:
        return told
    if kept and any(source in told and None in several(told[source]) for source in formula.names):
        return told
    aim = _widened(aim, schema[name], max(step_of(schema[name]), step), clipped=rest is not None)
    ranges = {source: _range(schema[source], told.get(source)) for source in formula.names}
    missing = any(source in told and several(told[source]) == [None] for source in formula.names)
    if missing or not _meets(ranges, aim, formula, rest):
        raise NoneMeets
    for source in formula.names:
        column, given = schema[source], told.get(source)
        whole = ranges[source]
        if not column.is_numeric or not ((given is None and source not in told) or isinstance(given, tuple)):
            continue
        for _ in range(_ROUNDS):
            ranges[source] = _shaved(source, ranges, aim, formula, rest)
        if ranges[source] != whole:
            told[source] = _outward(ranges[source], column)
    return told


def _widened(aim: Interval, column: Column, step: float, *, clipped: bool) -> Interval:
    """The aim with what is rounded into it, and moved into it from beyond the column's ends."""
    slack = step / 2 + 1e-9 * max(map(abs, filter(np.isfinite, aim)), default=0.0)
    low, high = aim[0] - slack, aim[1] + slack
    least, most = bound(column.low, column), bound(column.high, column)
    if clipped and least is not None and low <= least:
        low = -np.inf
    if clipped and most is not None and high >= most:
        high = np.inf
    return low, high


def _ends(wanted: Any, column: Column) -> Interval | None:
    """Between which numbers the wanted values lie; None where missing ones are among them."""
    values = wanted if isinstance(wanted, (tuple, list, set, frozenset)) else (wanted,)
    if isinstance(wanted, tuple):
        low, high = (bound(value, column) for value in wanted)
        return (-np.inf if low is None else low, np.inf if high is None else high)
    known = [end for value in values if (end := bound(value, column)) is not None]
    return (min(known), max(known)) if len(known) == len(values) else None


def _range(column: Column, given: Any) -> Interval:
    low, high = bound(column.low, column), bound(column.high, column)
    own = (-np.inf if low is None else low, np.inf if high is None else high)
    asked = _ends(given, column) if given is not None and column.is_numeric else None
    return own if asked is None else (max(own[0], asked[0]), min(own[1], asked[1]))


def _shaved(
    source: str,
    ranges: Mapping[str, Interval],
    aim: Interval,
    formula: Formula,
    rest: tuple[str, Interval] | None,
) -> Interval:
    """The source's range from the first slice that can meet the aim to the last."""
    low, high = ranges[source]
    if not (np.isfinite(low) and np.isfinite(high) and low < high):
        return low, high
    edges = np.linspace(low, high, _SLICES + 1).tolist()
    edges[-1] = high
    kept = []
    for slice_ in itertools.pairwise(edges):
        if _meets({**ranges, source: slice_}, aim, formula, rest):
            kept.append(slice_)
    if not kept:
        raise NoneMeets
    return kept[0][0], kept[-1][1]


def _meets(
    ranges: Mapping[str, Interval], aim: Interval, formula: Formula, rest: tuple[str, Interval] | None
) -> bool:
    """Whether results may lie in the aim; true where their bounds are not known."""
    made = formula.bounds(ranges)
    if rest is not None:
        made = OF[rest[0]](made, rest[1])
    return not (made[1] < aim[0] or made[0] > aim[1])


def _outward(ends: Interval, column: Column) -> tuple[Any, Any]:
    """A range as a condition writes it, no narrower for being rounded, inside the column's own."""
    step = step_of(column)
    low, high = ends
    if step:
        low, high = np.floor(low / step) * step, np.ceil(high / step) * step
    least, most = bound(column.low, column), bound(column.high, column)
    low = low if least is None else max(low, least)
    high = high if most is None else min(high, most)
    return scalar(float(low), column), scalar(float(high), column)
