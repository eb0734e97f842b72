"""Columns as dimensions of a normal vector: yes/no questions, then an order.

A column is a tree of questions, "is it missing?", "is it the spike?", "is it one of these
categories, or of these stretches of numbers?", each with a dimension of its own. A leaf is one
value, or several in an order along one more dimension. A row's dimensions that are not on its way
say nothing. Every set of values is therefore a union of boxes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from mintmark.data.schema import Column
from mintmark.latent._marginal import invert, learn_law
from mintmark.latent._normal import normal_scores

__all__ = ["Coded", "Questions", "coded", "dimensions", "edges", "leaf_dimensions", "values_of", "widths"]

Array = npt.NDArray[Any]

_STRETCHES = 32
"""Most stretches that numbers are cut into, each of `_FULL` rows or more; a spike holds one alone."""
_FULL = 30


@dataclass(frozen=True)
class Coded:
    """A column as codes.

    ``codes`` (n,): category or stretch of numbers, -1 where missing. ``values`` (n,): what lies in
    order within a leaf, the numbers themselves or the codes. ``learnt``: for numbers their law, and
    the ``stretch`` ends, shape (stretches + 1,), as probabilities under it.
    """

    codes: npt.NDArray[np.int64]
    values: Array
    learnt: dict[str, Array]
    ordered: bool


@dataclass(frozen=True)
class Questions:
    """A tree: children of each question, at or above 0 another question, below it leaf ``-1 - k``.

    ``leaves``: the codes of each leaf, in order.
    """

    no: Sequence[int]
    yes: Sequence[int]
    leaves: Sequence[Sequence[int]]


def coded(values: Array, column: Column, j: int) -> Coded:
    """Column j from the array that `encode` gives."""
    if column.is_discrete:
        return Coded(values.astype(np.int64), values.astype(np.int64), {}, ordered=False)
    known = ~np.isnan(values)
    law = learn_law(values, column, j)
    if not known.any():
        return Coded(np.full(len(values), -1), values, law, ordered=True)
    probability, value = law[f"{j}/probability"], law[f"{j}/value"]
    ends, spikes = _stretches(probability, value, int(known.sum()))
    law[f"{j}/stretch"] = ends
    cuts = invert(ends[1:-1], law, j)
    codes = np.searchsorted(cuts, values, side="right")
    for k in spikes:  # its two ends are the same number
        codes[values == invert(ends[k : k + 2].mean(keepdims=True), law, j)] = k
    return Coded(np.where(known, codes, -1), values, law, ordered=True)


def _stretches(probability: Array, value: Array, n: int) -> tuple[Array, list[int]]:
    """Ends of stretches, as probabilities, and which of them are spikes."""
    parts = min(_STRETCHES, max(1, n // _FULL))
    level = np.flatnonzero(value[1:] == value[:-1])
    low, high = probability[level], probability[level + 1]
    spike = high - low >= 1 / parts
    ends = [0.0]
    for end in [*np.stack([low[spike], high[spike]], axis=1).ravel(), 1.0]:
        gap = end - ends[-1]
        between = np.linspace(ends[-1], end, 1 if end in high[spike] else max(1, round(gap * parts)) + 1)[
            1:-1
        ]
        at = np.searchsorted(low, between) - 1
        inside = (at >= 0) & (between < high[at])  # equal numbers stay in one stretch, the upper
        ends += [*np.unique(np.where(inside, low[at], between)), end]
    made = np.array(ends)
    made = made[np.concatenate([[True], np.diff(made) > 1e-9])]
    return made, [k for k in range(len(made) - 1) if made[k] in low[spike] and made[k + 1] in high[spike]]


def dimensions(
    column: Coded, j: int, tree: Questions, rows: npt.NDArray[np.int64]
) -> tuple[Array, dict[str, Array]]:
    """Scores of the dimensions of column j in some rows, and what to draw the column from.

    Returns
    -------
    scores : array, shape (rows, d)
        NaN where a dimension says nothing.
    learnt : dict of arrays, under names that begin with ``j/``
    """
    leaf, place = _placed(column.codes, tree)
    below = _leaves_below(tree)
    held = np.array([code for codes in tree.leaves for code in codes], dtype=np.int32)
    start = np.cumsum([0, *map(len, tree.leaves)])
    counts = np.bincount(start[leaf] + place, minlength=len(held))  # rows of each code, as in `held`
    per_leaf = np.add.reduceat(counts, start[:-1])
    share = [
        per_leaf[below[yes]].sum() / max(1, per_leaf[below[yes] + below[no]].sum())
        for no, yes in zip(tree.no, tree.yes, strict=True)
    ]
    learnt = column.learnt | {
        f"{j}/no": np.array(tree.no, dtype=np.int32),
        f"{j}/yes": np.array(tree.yes, dtype=np.int32),
        f"{j}/share": np.array(share, dtype=float),
        f"{j}/start": start,
        f"{j}/held": held,
        f"{j}/width": counts / np.maximum(1, np.repeat(per_leaf, np.diff(start))),
    }
    leaf, inner = leaf[rows], (column.values if column.ordered else place)[rows]
    scores = []
    for no, yes in zip(tree.no, tree.yes, strict=True):
        asked = np.isin(leaf, below[yes] + below[no])
        scores.append(normal_scores(np.where(asked, np.isin(leaf, below[yes]), np.nan)))
    for k, dimension in enumerate(leaf_dimensions(learnt, j)):
        if dimension >= 0:
            scores.append(normal_scores(np.where(leaf == k, inner, np.nan)))
    return np.stack(scores, axis=1) if scores else np.empty((len(rows), 0)), learnt


def _placed(codes: Array, tree: Questions) -> tuple[Array, Array]:
    """The leaf of each code and its place there."""
    held = [(code, k, place) for k, leaf in enumerate(tree.leaves) for place, code in enumerate(leaf)]
    of = np.full((2, max(code for code, *_ in held) + 2), -1)
    for code, k, place in held:
        of[:, code + 1] = k, place
    return of[0][codes + 1], of[1][codes + 1]


def _leaves_below(tree: Questions) -> dict[int, list[int]]:
    """Leaves under each child, by its number in the tree."""
    below = {-1 - k: [k] for k in range(len(tree.leaves))}
    for i in range(len(tree.no) - 1, -1, -1):  # children come after their parents
        below[i] = below[tree.no[i]] + below[tree.yes[i]]
    return below


def leaf_dimensions(learnt: Mapping[str, Any], j: int) -> list[int]:
    """The dimension of each leaf of column j among the column's, -1 for a leaf of one value."""
    start, at, found = learnt[f"{j}/start"], len(learnt[f"{j}/no"]) - 1, []
    for k in range(len(start) - 1):
        single = start[k + 1] - start[k] == 1 and _is_level(learnt, j, int(learnt[f"{j}/held"][start[k]]))
        at += not single
        found.append(-1 if single else at)
    return found


def _is_level(learnt: Mapping[str, Any], j: int, code: int) -> bool:
    """Whether a code is one value: a category, missing, or a spike."""
    if code < 0 or f"{j}/stretch" not in learnt:
        return True
    ends = learnt[f"{j}/stretch"][code : code + 2]
    low, high = invert(ends + np.array([1e-12, -1e-12]), learnt, j)
    return bool(low == high)


def edges(learnt: Mapping[str, Any], j: int) -> Array:
    """Above which a question's dimension answers yes, shape (m,)."""
    from scipy.special import ndtri

    return np.asarray(-ndtri(learnt[f"{j}/share"]))


def widths(learnt: Mapping[str, Any], j: int, k: int) -> tuple[Array, Array]:
    """Codes of leaf k in order, and where each ends along its dimension, as probabilities."""
    inside = slice(*learnt[f"{j}/start"][k : k + 2])
    ends = np.cumsum(learnt[f"{j}/width"][inside])
    return learnt[f"{j}/held"][inside], ends / ends[-1]


def values_of(z: Array, learnt: Mapping[str, Any], j: int) -> Array:
    """Values of column j, as `decode` takes them, from its dimensions z, shape (n, d)."""
    from scipy.special import ndtr

    no, yes, edge = learnt[f"{j}/no"], learnt[f"{j}/yes"], edges(learnt, j)
    leaf = np.full(len(z), 0 if len(no) else -1)
    for i in range(len(no)):
        here = np.flatnonzero(leaf == i)
        leaf[here] = np.where(z[here, i] > edge[i], yes[i], no[i])
    is_number = f"{j}/missing" in learnt
    values = np.full(len(z), np.nan) if is_number else np.full(len(z), -1, dtype=np.int64)
    for k, dimension in enumerate(leaf_dimensions(learnt, j)):
        here = np.flatnonzero(leaf == -1 - k)
        u = ndtr(z[here, dimension]) if dimension >= 0 else np.full(len(here), 0.5)
        codes, ends = widths(learnt, j, k)
        if not is_number:
            values[here] = codes[np.minimum(np.searchsorted(ends, u, side="right"), len(codes) - 1)]
        elif codes[0] >= 0:
            values[here] = invert(law_probability(u, learnt, j, k), learnt, j)
    return values


def law_probability(u: Array, learnt: Mapping[str, Any], j: int, k: int) -> Array:
    """Probabilities under the whole column's law of probabilities along leaf k's dimension."""
    codes, ends = widths(learnt, j, k)
    stretch = learnt[f"{j}/stretch"]
    at = np.minimum(np.searchsorted(ends, u, side="right"), len(codes) - 1)
    start = np.concatenate([[0.0], ends])[at]
    part = (u - start) / np.maximum(ends[at] - start, 1e-300)
    low, high = stretch[codes[at]], stretch[codes[at] + 1]
    return np.asarray(low + np.clip(part, 0, 1) * (high - low))
