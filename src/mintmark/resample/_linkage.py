"""What a mask leaves to an attacker who knows the real rows, and what it takes from the analyst."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from mintmark.data.dataset import Dataset
from mintmark.data.encode import codes, distinct, numbers
from mintmark.data.keys import is_renewed
from mintmark.data.schema import Column
from mintmark.errors import InputError
from mintmark.resample._scale import Scale
from mintmark.stats.neighbours import Points, Space, nearest

__all__ = ["LinkageAndLoss", "linkage_and_loss"]

Floats = npt.NDArray[np.float64]
_EQUAL = 1e-5
"""Distances that `nearest` does not tell apart."""


@dataclass(frozen=True)
class LinkageAndLoss:
    """One point of the curve.

    Parameters
    ----------
    linked : float
        Share of the persons whom the attacker finds, in [0, 1]; of rows equally near he draws one.
    chance : float
        What he finds by guessing.
    moved : float
        Mean of abs(x - x') / (sqrt(2) s) over the numbers: IL1s (Yancey, Winkler, Creecy 2002, LNCS 2316).
    covariance : float
        Norm of the change of the correlation matrix, in norms of the real one (Frobenius); a change of
        variance counts, since masked numbers stay in real standard deviations.
    changed : float
        Share of the categories that are others.
    """

    linked: float
    chance: float
    moved: float
    covariance: float
    changed: float


def linkage_and_loss(real: Dataset, masked: Dataset) -> LinkageAndLoss:
    """Linkage by distance against loss of information.

    The attacker knows the real rows, in every column, and wants to know which masked row is whose. For
    each real row he takes the masked row nearest to it: a number is its rank among the real ones, in
    [0, 1], and categories that differ are one apart. This is what he can do at the worst with no
    knowledge of the mask; who knows fewer columns finds fewer, who knows the mask may find more.

    Parameters
    ----------
    real, masked : Dataset
        Row i of `masked` is row i of `real`; the same columns. Keys are left out.

    Raises
    ------
    InputError
        If rows or columns do not correspond.
    """
    if len(real) != len(masked) or real.names != masked.names or not len(real):
        raise InputError(
            f"row i of masked must be row i of real, in the same columns; there are {len(masked):,} and "
            f"{len(real):,} rows."
        )
    columns = [c for c in real.schema if not is_renewed(c) and (c.is_numeric or c.is_discrete)]
    was, now, sizes = _arrays(real, masked, columns)
    space = Space.of(was, sizes, agreement=False)
    numeric = [column.name for column in columns if column.is_numeric]
    moved, covariance = _loss(_stacked(was, numeric), _stacked(now, numeric))
    changed = [float((was[name] != now[name]).mean()) for name in sizes]
    return LinkageAndLoss(
        _linked(space.place(was), space.place(now)),
        1 / len(real),
        moved,
        covariance,
        float(np.mean(changed)) if changed else 0.0,
    )


def _arrays(
    real: Dataset, masked: Dataset, columns: list[Column]
) -> tuple[dict[str, npt.NDArray[Any]], dict[str, npt.NDArray[Any]], dict[str, int]]:
    """Both tables as arrays, categories coded alike, and how many codes there are."""
    was: dict[str, npt.NDArray[Any]] = {}
    now: dict[str, npt.NDArray[Any]] = {}
    sizes = {}
    for column in columns:
        name = column.name
        if column.is_numeric:
            was[name], now[name] = (numbers(each.table[name], column) for each in (real, masked))
            continue
        every = sorted({*distinct(real.table[name])[0], *distinct(masked.table[name])[0]}, key=str)
        coded = Column(name=name, kind=column.kind, dtype=column.dtype, categories=tuple(every))
        was[name], now[name] = (codes(each.table[name], coded) for each in (real, masked))
        sizes[name] = len(every)
    return was, now, sizes


def _stacked(arrays: dict[str, npt.NDArray[Any]], names: list[str]) -> Floats:
    n = len(next(iter(arrays.values())))
    return np.stack([arrays[name] for name in names], axis=1) if names else np.empty((n, 0))


def _linked(real: Points, masked: Points) -> float:
    own = np.sqrt(
        np.square(real.flat.astype(np.float64) - masked.flat).sum(axis=1)
        + (real.wide != masked.wide).sum(axis=1)
    )
    alike = np.ascontiguousarray(np.concatenate([masked.flat, masked.wide], axis=1))
    _, which, many = np.unique(alike, axis=0, return_inverse=True, return_counts=True)
    found = own <= nearest(real, masked)[:, 0] + _EQUAL
    return float((found / many[which]).mean())


def _loss(was: Floats, now: Floats) -> tuple[float, float]:
    """IL1s, and the distance of the covariances of what is known, in real standard deviations."""
    scale = Scale.of(was)
    a, b = scale.to(was), scale.to(now)
    known = ~np.isnan(a) & ~np.isnan(b)
    if not known.any():
        return 0.0, 0.0
    moved = np.abs(a - b)[known].mean() / np.sqrt(2)
    pairs = np.maximum(known.T.astype(np.float64) @ known, 1)
    before, after = (_covariance(each, known, pairs) for each in (a, b))
    return float(moved), float(np.linalg.norm(after - before) / max(float(np.linalg.norm(before)), 1e-12))


def _covariance(values: Floats, known: npt.NDArray[np.bool_], pairs: Floats) -> Floats:
    filled = np.where(known, values, 0.0)
    centred = np.where(known, filled - filled.sum(axis=0) / np.maximum(known.sum(axis=0), 1), 0.0)
    return np.asarray(centred.T @ centred / pairs)
