"""Precision, recall, density and coverage of one cloud of points by another.

Alaa, van Breugel, Saveliev, van der Schaar (2022), "How faithful is your synthetic data?", ICML, for
the curves; Naeem, Oh, Uh, Choi, Yoo (2020), "Reliable fidelity and diversity metrics for generative
models", ICML, equations 3 and 4, for density and coverage.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from mintmark.stats.folded import excess
from mintmark.stats.kernel_two_sample import squared_distances

__all__ = ["GRID", "Curve", "Reached", "curve", "reached"]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Singles = npt.NDArray[np.float32]

GRID = (np.arange(100) + 0.5) / 100
"""Shares at which a curve is read."""
_BLOCK = 512
_TIE = 1e-5
"""Squared distances that single precision does not tell apart."""


@dataclass(frozen=True)
class Curve:
    """Share of other points within the ball that holds a share of the reference points.

    Parameters
    ----------
    shares : array, shape (100,)
        At each share of `GRID`.
    off : float, 0..1
        Twice the area between the curve and the diagonal, at most 1: beyond that are only points that tie.
    added : float
        At most what chance adds to it, on average.
    on_reference, on_other : array
        Influence of each point on `off`.
    """

    shares: Floats
    off: float
    added: float
    on_reference: Floats
    on_other: Floats


def curve(reference: Floats, other: Floats, effects: tuple[float, float] = (1.0, 1.0)) -> Curve:
    """The curve of distances from a centre.

    Parameters
    ----------
    reference : array, shape (n,)
        Distances from the centre of the points that set the balls.
    other : array, shape (m,)
        Of the points that are looked for in them; infinite for one that is in none.
    effects : (float, float)
        How much more shares of the reference and of the others vary than if all points were independent.
    """
    n, m = len(reference), len(other)
    ordered = np.sort(reference)
    radii = ordered[np.minimum((GRID * n).astype(np.int64), n - 1)]
    shares = np.searchsorted(np.sort(other), radii * (1 + 1e-7), "right") / m
    # points at one distance enter a ball together: the share of the reference inside, not its target
    inside = np.searchsorted(ordered, radii * (1 + 1e-7), "right") / n
    apart = shares - inside
    sign = np.where(apart < 0, -1.0, 1.0)
    # the sum of the signs over all balls that hold a point, for a point in the i-th ball and larger ones
    held = np.append(np.cumsum(sign[::-1])[::-1], 0.0) / len(GRID)
    first = np.searchsorted(radii * (1 + 1e-7), reference)
    gap = np.append(np.abs(apart), abs(apart[-1]))[first]
    errors = np.sqrt(effects[0] * inside * (1 - inside) / n + effects[1] * shares * (1 - shares) / m)
    return Curve(
        shares=shares,
        off=min(1.0, 2 * float(np.abs(apart).mean())),
        added=2 * float(excess(apart, errors).mean()),
        on_reference=2 * (gap - held[first]),
        on_other=2 * held[np.searchsorted(radii * (1 + 1e-7), other)],
    )


@dataclass(frozen=True)
class Reached:
    """Which real points have other points within their radius.

    Parameters
    ----------
    by_real : array, shape (n,)
        Other points within each real point's radius.
    by_other : array, shape (m,)
        Real points within whose radius each other point lies.
    nearest : array, shape (n,)
        The nearest other point of each real point.
    alone : array of bool, shape (n,)
        Where all other points within the radius are one person's.
    """

    by_real: Ints
    by_other: Ints
    nearest: Ints
    alone: npt.NDArray[np.bool_]


def reached(real: Singles, radii: Floats, other: Singles, persons: Ints | None = None) -> Reached:
    """Count points within radii, block by block.

    Parameters
    ----------
    real, other : array, shape (n, d) and (m, d)
    radii : array, shape (n,)
    persons : array of int, shape (m,), optional
        Whose the other points are; each a person of its own where not given.
    """
    by_real, nearest = np.zeros(len(real), dtype=np.int64), np.zeros(len(real), dtype=np.int64)
    by_other, alone = np.zeros(len(other), dtype=np.int64), np.zeros(len(real), dtype=bool)
    limits = (radii**2 + _TIE).astype(np.float32)
    for start in range(0, len(real), _BLOCK):
        rows = slice(start, start + _BLOCK)
        squares = squared_distances(real[rows], other)
        nearest[rows] = squares.argmin(1)
        inside = squares <= limits[rows, None]
        by_real[rows] = inside.sum(1)
        by_other += inside.sum(0)
        alone[rows] = _alone(inside, persons)
    return Reached(by_real, by_other, nearest, alone)


def _alone(inside: npt.NDArray[np.bool_], persons: Ints | None) -> npt.NDArray[np.bool_]:
    """Which rows hold points of just one person."""
    if persons is None:
        return np.asarray(inside.sum(1) == 1)
    first = persons[inside.argmax(1)]
    return np.asarray(inside.any(1) & ~(inside & (persons != first[:, None])).any(1))
