"""Columns as trees see them: codes to split on, atoms to draw, responses to grow on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from mintmark.data.encode import bound
from mintmark.data.protect import FEWEST
from mintmark.data.schema import Column
from mintmark.latent._marginal import smoothed, spikes

__all__ = ["Coded", "coded", "codes_of", "values_of"]

Array = npt.NDArray[Any]

_CUTS = 255
"""Most cuts of a numeric predictor, as histogram trees have them."""
_CLASSES = 32
"""Most classes a tree is grown on; the rarer ones of a larger column share the last."""
_REACH = 10
"""How many other rows' values a drawn number may move past, either way."""


@dataclass(frozen=True)
class Coded:
    """A column of n rows.

    ``codes`` (n,): 0 where missing, else 1 + category or 1 + bin. ``size``: number of codes.
    ``atoms`` (n,): -1 where missing, else the category, or the position among ``spike`` and then
    ``rest`` values. ``response``: classes (n,), or numbers (n, outputs). ``group`` (atoms + 1,):
    which of at most `_CLASSES` + 1 sorts an atom is of, the missing one last.
    """

    codes: Array
    size: int
    atoms: Array
    response: Array
    classes: bool
    nominal: bool
    group: Array
    learnt: Mapping[str, Array]

    @property
    def groups(self) -> Array:
        """The sort of each row's value, shape (n,)."""
        return np.asarray(self.group[self.atoms])


def coded(values: Array, column: Column, j: int, cuts: int = _CUTS) -> Coded:
    """Column j from the array that `encode` gives; a number's codes have about `cuts` cuts."""
    return _numeric(values, column, j, cuts) if column.is_numeric else _discrete(values, column)


def _discrete(values: Array, column: Column) -> Coded:
    codes = values.astype(np.int32) + 1
    size = len(column.categories or ()) + 1
    counts = np.bincount(codes, minlength=size)
    order = np.argsort(-counts, kind="stable")
    label = np.full(size, min(size, _CLASSES) - 1)
    label[order[: _CLASSES - 1]] = np.arange(min(size, _CLASSES - 1))
    present = np.unique(label[codes], return_inverse=True)[1]
    group = np.roll(label, -1).astype(np.uint8)  # missing is code 0 and the last atom
    return Coded(codes, size, values.astype(np.int32), present, True, True, group, {})


def _numeric(values: Array, column: Column, j: int, most: int) -> Coded:
    """A numeric column: NaN where missing."""
    known = ~np.isnan(values)
    spike, _ = spikes(values[known])
    rare = np.sort(values[known & ~np.isin(values, spike)])
    if len(spike) and len(rare) < FEWEST:
        values = np.where(known, _nearest(spike, values), np.nan)
        rare = rare[:0]
    rest, rows = np.unique(rare, return_counts=True)
    atoms = np.full(len(values), -1, dtype=np.int32)
    is_spike = np.isin(values, spike)
    is_rest = known & ~is_spike
    atoms[is_spike] = np.searchsorted(spike, values[is_spike])
    atoms[is_rest] = len(spike) + np.searchsorted(rest, values[is_rest])
    cuts = _cuts(values[known], most)
    knots, below = smoothed(rare, bound(column.low, column), bound(column.high, column))
    learnt = {f"{j}/cuts": cuts, f"{j}/spike": spike, f"{j}/rest": rest, f"{j}/rows": rows}
    learnt |= {f"{j}/knots": knots, f"{j}/below": below}
    codes = codes_of(values, learnt, j)
    counts = np.bincount(atoms[known], minlength=len(spike) + len(rest))
    value = np.argsort(np.concatenate([spike, rest]), kind="stable")
    below = np.cumsum(counts[value]) - counts[value] / 2
    group = np.full(len(value) + 1, _CLASSES, dtype=np.uint8)
    group[value] = np.minimum(below / max(1, known.sum()) * _CLASSES, _CLASSES - 1)
    return Coded(codes, len(cuts) + 2, atoms, _outputs(values, known), False, False, group, learnt)


def _nearest(grid: Array, values: Array) -> Array:
    above = np.clip(np.searchsorted(grid, values), 1, max(1, len(grid) - 1))
    above = np.minimum(above, len(grid) - 1)
    below = np.maximum(above - 1, 0)
    closer = values / 2 - grid[below] / 2 <= grid[above] / 2 - values / 2  # halves: no overflow
    return np.asarray(np.where(closer, grid[below], grid[above]))


def _cuts(known: Array, most: int) -> Array:
    """Ascending cuts halfway between neighbouring values; frequent values get a bin of their own."""
    distinct, counts = np.unique(known, return_counts=True)
    if len(distinct) > most + 1:
        share = np.cumsum(counts) / counts.sum()
        first = np.searchsorted(share, np.arange(1, most) / most)
        large = np.flatnonzero(counts >= 0.01 * counts.sum())
        first = np.unique(np.concatenate([first, large, large + 1]))
        first = first[(first > 0) & (first < len(distinct))]
    else:
        first = np.arange(1, len(distinct))
    return np.asarray(distinct[first - 1] / 2 + distinct[first] / 2)  # halves first: no overflow


def codes_of(values: Array, learnt: Mapping[str, Array], j: int) -> Array:
    """Codes of numbers of column j: 0 where missing, else 1 + bin."""
    bins = np.searchsorted(learnt[f"{j}/cuts"], values, side="right") + 1
    return np.where(np.isnan(values), 0, bins).astype(np.int32)


def _outputs(values: Array, known: Array) -> Array:
    """What a regression tree tells apart: rank in 0..1, being missing, being a large spike."""
    _, place, counts = np.unique(values[known], return_inverse=True, return_counts=True)
    rank = np.full(len(values), 0.5)
    middle = (np.cumsum(counts) - counts / 2) / max(1, counts.sum())
    rank[known] = middle[place]
    outputs = [2 * rank]
    if not known.all():
        outputs.append((~known).astype(float))
    for k in np.argsort(-counts, kind="stable")[:2]:
        if 0.05 < counts[k] / len(values) < 0.95:
            outputs.append(np.zeros(len(values)))
            outputs[-1][np.flatnonzero(known)[place == k]] = 1.0
    return np.stack(outputs, axis=1)


def values_of(
    atoms: Array, learnt: Mapping[str, Array], j: int, smoothing: bool, rng: np.random.Generator
) -> Array:
    """Numbers of column j for drawn atoms, NaN where missing.

    A spike stays. Another value moves past up to `_REACH` rows of the column's other rare values,
    either way, and is then read off a quantile function whose knots are means of ten neighbours:
    between two neighbours themselves a rounded number would often be one of them.
    """
    spike, rest = learnt[f"{j}/spike"], learnt[f"{j}/rest"]
    both = np.concatenate([spike, rest, [np.nan]])  # atom -1 is the last
    values = both[atoms]
    if not smoothing or not len(rest):
        return values
    moved = atoms >= len(spike)
    rows = learnt[f"{j}/rows"]
    after = np.cumsum(rows)
    place = atoms[moved] - len(spike)
    reach = min(_REACH, max(1, after[-1] // 4))
    middle = after[place] - rows[place] * rng.random(len(place))
    share = (middle + rng.uniform(-reach, reach, len(place))) / after[-1]
    share = np.where(share > 1, 2 - share, np.abs(share))  # reflected at both ends
    values[moved] = np.interp(share, learnt[f"{j}/below"], learnt[f"{j}/knots"])
    return values
