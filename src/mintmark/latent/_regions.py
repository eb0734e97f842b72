"""Conditions on columns as boxes of a normal vector: which of its dimensions lie between which limits."""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from mintmark.data.encode import bound, from_codes, from_numbers, numbers
from mintmark.data.schema import Column, Schema
from mintmark.data.where import matches
from mintmark.latent._dimensions import edges, leaf_dimensions, widths
from mintmark.latent._marginal import invert

__all__ = ["boxes_of", "hull", "together"]

Floats = npt.NDArray[np.float64]
Box = dict[int, tuple[float, float]]
"""Limits by dimension; a dimension that is not named is free."""

_POINTS, _ROUNDS = 65, 9  # 64^9 = 2^54: every probability between 0 and 1
_NARROW = 1e-14


def boxes_of(learnt: Mapping[str, Any], j: int, column: Column, wanted: Any) -> list[Box]:
    """Disjoint boxes of column j's own dimensions that hold just the wanted values."""
    no, yes, edge = learnt[f"{j}/no"], learnt[f"{j}/yes"], edges(learnt, j)
    below: dict[int, list[Box]] = _leaves(learnt, j, column, wanted)
    for i in range(len(no) - 1, -1, -1):  # children come after their parents
        if below[no[i]] == below[yes[i]] == [{}]:
            below[i] = [{}]
            continue
        below[i] = [{i: (-math.inf, edge[i])} | box for box in below[no[i]] if edge[i] > -math.inf]
        below[i] += [{i: (edge[i], math.inf)} | box for box in below[yes[i]] if edge[i] < math.inf]
    return below[0 if len(no) else -1]


def together(parts: Sequence[Sequence[Box]], dimensions: Sequence[int]) -> tuple[Floats, Floats]:
    """Limits of every choice of one box for each column, shape (boxes, dimensions)."""
    low = np.full((math.prod(map(len, parts)), len(dimensions)), -math.inf)
    high = np.full_like(low, math.inf)
    at = {dimension: k for k, dimension in enumerate(dimensions)}
    for row, choice in enumerate(itertools.product(*parts)):
        for box in choice:
            for dimension, limits in box.items():
                low[row, at[dimension]], high[row, at[dimension]] = limits
    return low, high


def _leaves(learnt: Mapping[str, Any], j: int, column: Column, wanted: Any) -> dict[int, list[Box]]:
    """Boxes of each leaf, by its number as a child; one without limits where all of it is wanted."""
    from scipy.special import ndtri

    ranges = _ranges(learnt, j, column, wanted) if column.is_numeric else None
    made: dict[int, list[Box]] = {}
    for k, dimension in enumerate(leaf_dimensions(learnt, j)):
        codes, ends = widths(learnt, j, k)
        starts = np.concatenate([[0.0], ends[:-1]])
        if ranges is None or codes[0] < 0:
            met = _met(codes, column, wanted)
            pieces = np.stack([starts[met], ends[met]], axis=1)
        else:
            pieces = _along(codes, starts, ends, learnt[f"{j}/stretch"], ranges)
        limits = ndtri(_joined(pieces)).tolist()
        if dimension < 0:
            made[-1 - k] = [{}] if limits else []
        else:
            made[-1 - k] = [{dimension: (a, b)} if (a, b) != (-math.inf, math.inf) else {} for a, b in limits]
    return made


def _met(codes: npt.NDArray[np.int32], column: Column, wanted: Any) -> npt.NDArray[np.bool_]:
    """Which codes are wanted; of a number, only missing has a code that says so."""
    if column.is_numeric:
        array = from_numbers(np.full(len(codes), np.nan), column)
    else:
        array = from_codes(codes, column)
    return matches(pa.table({column.name: array}), Schema((column,)), {column.name: wanted})


def _ranges(learnt: Mapping[str, Any], j: int, column: Column, wanted: Any) -> Floats:
    """Stretches of probability, under the column's law, whose numbers are wanted, shape (k, 2).

    Looked for in what numbers become once rounded and typed, so that no drawn row is outside.
    """
    if f"{j}/stretch" not in learnt:
        return np.empty((0, 2))
    several = list(wanted) if isinstance(wanted, (list, set, frozenset)) else [wanted]
    asked = [value if isinstance(value, tuple) else (value, value) for value in several if value is not None]
    low = np.array([-math.inf if a is None else bound(a, column) for a, _ in asked], dtype=float)
    high = np.array([math.inf if b is None else bound(b, column) for _, b in asked], dtype=float)

    def first(target: Floats, above: bool) -> Floats:
        """Least probability whose number reaches the target, or passes it."""
        left, right = np.zeros(len(target)), np.ones(len(target))
        rows = np.arange(len(target))
        for _ in range(_ROUNDS):
            u = left[:, None] + (right - left)[:, None] * np.linspace(0, 1, _POINTS)
            array = from_numbers(invert(u.ravel(), learnt, j), column)
            made = numbers(array, column).reshape(u.shape)
            short = (made <= target[:, None]) if above else (made < target[:, None])
            at = short.sum(axis=1)
            left, right = u[rows, np.maximum(at - 1, 0)], u[rows, np.minimum(at, _POINTS - 1)]
        return right

    if not asked:
        return np.empty((0, 2))
    return np.stack([first(low, above=False), first(high, above=True)], axis=1)


def _along(codes: Any, starts: Floats, ends: Floats, stretch: Floats, ranges: Floats) -> Floats:
    """The parts of a leaf's dimension, as probabilities, that lie in the ranges, shape (k, 2)."""
    low, high = stretch[codes], stretch[codes + 1]
    a = np.clip(ranges[:, :1], low, high)  # (ranges, codes)
    b = np.clip(ranges[:, 1:], low, high)
    scale = (ends - starts) / (high - low)
    pieces = np.stack(
        [starts + (a - low) * scale, np.where(b == high, ends, starts + (b - low) * scale)], axis=2
    )
    return np.asarray(pieces[b - a > _NARROW])


def _joined(pieces: Floats) -> Floats:
    """Stretches that touch made one, in order, shape (k, 2)."""
    pieces = pieces[np.argsort(pieces[:, 0], kind="stable")]
    pieces = pieces[pieces[:, 1] - pieces[:, 0] > _NARROW]
    if not len(pieces):
        return pieces
    new = np.concatenate([[True], pieces[1:, 0] > pieces[:-1, 1] + 1e-12])
    at = np.flatnonzero(new)
    return np.stack([pieces[at, 0], np.append(pieces[at[1:] - 1, 1], pieces[-1, 1])], axis=1)


def hull(boxes: Sequence[Box]) -> Box:
    """The least box that holds them all."""
    shared = set.intersection(*(set(box) for box in boxes))
    return {k: (min(box[k][0] for box in boxes), max(box[k][1] for box in boxes)) for k in sorted(shared)}
