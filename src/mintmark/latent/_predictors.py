"""On which of the earlier columns a column may depend, and what is associated with what."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from mintmark.latent._columns import Coded

__all__ = ["associations", "classes_of", "depends", "predictors_of"]

_MOST = 40
"""Most predictors of one tree; the most associated of the earlier columns where there are more."""
_WIDE = 200
"""Columns beyond which half as many predictors do: the cost of all trees is columns x predictors."""
_OWN_TREES = 32
"""Most classes of the target that get trees of their own, the largest."""
_BINS = 8
_ROWS = 5000


def predictors_of(
    columns: Sequence[Coded], order: Sequence[int], rows: npt.NDArray[Any]
) -> dict[int, list[int]]:
    """For each column the earlier ones its tree may split on, in the order drawn."""
    if len(order) <= _MOST + 1:
        return {j: list(order[:place]) for place, j in enumerate(order)}
    most = _MOST if len(order) <= _WIDE else _MOST // 2
    rows = rows[:_ROWS]
    coarse = {j: _coarse(columns[j], rows) for j in order}
    chosen: dict[int, list[int]] = {}
    for place, j in enumerate(order):
        before = list(order[:place])
        if place > most:
            told = np.array([_told(coarse[k], coarse[j]) for k in before])
            told[0] = np.inf  # the first column, the target where there is one, is always heard
            kept = np.argsort(-told, kind="stable")[:most]
            before = [before[k] for k in np.sort(kept)]
        chosen[j] = before
    return chosen


def classes_of(target: Coded, fewest: int) -> npt.NDArray[Any] | None:
    """For each code of a discrete target its class, shape (codes,); None with fewer than two.

    A code of fewer than `fewest` rows, or beyond the `_OWN_TREES` - 1 largest of many, joins the others
    like it in one class, or, where those together are too few as well, the largest.
    """
    counts = np.bincount(target.codes, minlength=target.size)
    if not target.nominal:
        return None
    large = np.flatnonzero(counts >= fewest)
    if len(large) > _OWN_TREES:
        large = np.sort(large[np.argsort(-counts[large], kind="stable")[: _OWN_TREES - 1]])
    rest = int(counts.sum() - counts[large].sum())
    if len(large) + (rest >= fewest) < 2:
        return None
    group = np.full(target.size, len(large) if rest >= fewest else int(np.argmax(counts[large])))
    group[large] = np.arange(len(large))
    return group


def depends(a: Coded, b: Coded, rows: npt.NDArray[Any]) -> bool:
    """Whether two columns are associated beyond two standard deviations of Pearson's chi-square."""
    rows = rows[:_ROWS]
    first, second = _coarse(a, rows), _coarse(b, rows)
    freedom = (first.shape[1] - 1) * (second.shape[1] - 1)
    return bool(len(rows) * _told(first, second) > 2 * np.sqrt(2 * freedom))


def associations(columns: Sequence[Coded], rows: npt.NDArray[Any]) -> npt.NDArray[np.float64]:
    """Mean square contingency of every two columns beyond chance, 0 to 1, shape (columns, columns)."""
    rows = rows[:_ROWS]
    coarse = [_coarse(column, rows) for column in columns]
    told = np.zeros((len(columns), len(columns)))
    for i, a in enumerate(coarse):
        for k, b in enumerate(coarse[:i]):
            most = max(1, min(a.shape[1], b.shape[1]) - 1)
            told[i, k] = told[k, i] = max(0.0, _told(a, b)) / most
    return told


def _coarse(column: Coded, rows: npt.NDArray[Any]) -> npt.NDArray[np.float32]:
    """Standardised indicators of at most `_BINS` groups of codes, shape (rows, groups)."""
    codes = column.codes[rows]
    counts = np.bincount(codes, minlength=column.size)
    if column.nominal:
        order = np.argsort(-counts, kind="stable")
        group = np.full(column.size, _BINS - 1)
        group[order[: _BINS - 1]] = np.arange(min(column.size, _BINS - 1))
    else:
        group = 1 + (
            (np.cumsum(counts) - counts / 2 - counts[0]) / max(1, counts[1:].sum()) * (_BINS - 1)
        ).astype(int)
        group[0] = 0
    _, label = np.unique(group[codes], return_inverse=True)
    share = np.bincount(label) / len(label)
    indicators = (label[:, None] == np.arange(len(share))) - share
    return np.asarray(indicators / np.sqrt(share), dtype=np.float32)


def _told(a: npt.NDArray[Any], b: npt.NDArray[Any]) -> float:
    """Pearson's mean square contingency of two groupings, less what chance gives."""
    square = float(np.sum((a.T @ b / len(a)) ** 2))
    chance = (a.shape[1] - 1) * (b.shape[1] - 1) / len(a)
    return float(square - chance)
