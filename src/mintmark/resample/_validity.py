"""Whether new rows lie where real rows of their class do: three questions, asked of arrays.

Given the fit, new rows are drawn independently of one another, and the intervals are about all the rows
that it would make. They say nothing of another fit on other real rows.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from mintmark.resample._axes import Axes
from mintmark.resample._purity import pure
from mintmark.resample._sample import Sample
from mintmark.stats.neighbours import Points, nearest, nearest_others
from mintmark.stats.shares import wilson

__all__ = [
    "Conformal",
    "Overlap",
    "Purity",
    "conformal_distance",
    "conformal_p_values",
    "majority_overlap",
    "neighbour_purity",
]

Floats = npt.NDArray[np.float64]
_FEWEST = 19
"""Held-out rows (persons) with which a row can be told apart at level 0.05 at all: 1 / (19 + 1)."""


@dataclass(frozen=True)
class Purity:
    """How many of `rows` new rows have more than half of their k nearest real rows in their class."""

    rows: int
    pure: int
    share: float
    low: float
    high: float


@dataclass(frozen=True)
class Conformal:
    """How many of `rows` new rows lie farther from real ones than those from one another.

    Parameters
    ----------
    rows, held_out : int
        New rows, and real rows (persons, where a row says whose it is) that the fit did not see.
    alpha : float
    real : float
        Share of real rows of the class that the test would reject, at most, over draws of the held-out rows.
    rejected : int
        New rows of a p-value of at most `alpha`.
    share, low, high : float
        That by `rows`, with its interval; nothing, NaN in (0, 1), where the test was not run.
    not_run : str, optional
        Why it was not run.
    """

    rows: int
    held_out: int
    alpha: float
    real: float
    rejected: int
    share: float
    low: float
    high: float
    not_run: str | None = None


@dataclass(frozen=True)
class Overlap:
    """How many of `rows` new rows are nearer to one of `hidden` majority rows than to any of their class."""

    rows: int
    hidden: int
    nearer: int
    share: float
    low: float
    high: float


def neighbour_purity(sample: Sample, new: Sample, k: int = 5) -> Purity:
    """Neighbours of new rows that are of their class.

    Parameters
    ----------
    sample, new : Sample
        Real rows and new ones; best real rows that the fit did not see, since parents vouch for theirs.
    k : int, >= 1
    """
    points = sample.axes.place(new.numbers, new.codes)
    held = pure(points, new.labels, _points(sample.axes, sample), sample.labels, k, (k - 1) // 2)
    return Purity(*_shared(int(held.sum()), len(new)))


def conformal_p_values(axes: Axes, held_out: Sample, new: Sample) -> Floats:
    """For each new row the chance that a real one would be as far from the held-out rows, shape (n,).

    p = (1 + #{held-out rows as far from the nearest other as the new row from the nearest}) / (m + 1) (Vovk,
    Gammerman, Shafer 2005, "Algorithmic learning in a random world", full conformal prediction). With the
    nearest neighbour as measure, leaving each held-out row out equals adding the new row to the rest of
    them: only a row that the new one is nearer to than any other would change, and then not below the
    new row's own distance. So p is at most alpha for a share alpha of real rows at most.

    Parameters
    ----------
    axes : Axes
        Of rows other than the held-out and new ones.
    held_out : Sample
        Real rows of one class, at least two, that the fit did not see, one of each person.
    new : Sample
        Rows said to be of that class.
    """
    real = _points(axes, held_out)
    among = np.sort(nearest_others(real, 1)[0][:, 0])
    away = nearest(_points(axes, new), real)[:, 0]
    farther = len(among) - np.searchsorted(among, away, "left")
    return np.asarray((1 + farther) / (len(among) + 1))


def conformal_distance(
    axes: Axes, held_out: Sample, new: Sample, rng: np.random.Generator, *, alpha: float = 0.05
) -> Conformal:
    """New rows that are too far from held-out rows of their class to be of them (see `conformal_p_values`).

    Parameters
    ----------
    axes : Axes
        Of the rows that were fitted.
    held_out : Sample
        Real rows of one class that the fit did not see.
    new : Sample
        Rows said to be of that class.
    rng : numpy.random.Generator
        Draws one row of each person, since rows of one person are no independent witnesses.
    alpha : float, in (0, 1)
    """
    held_out = _one_each(held_out, rng)
    m, n = len(held_out), len(new)
    needed = max(_FEWEST, int(np.ceil(1 / alpha - 1e-9)) - 1)
    real = np.floor(alpha * (m + 1) + 1e-9) / (m + 1)
    if m < needed:
        why = f"{m} held-out rows of the class, of {needed} that are needed at level {alpha:g}"
        return Conformal(n, m, alpha, real, 0, np.nan, 0.0, 1.0, why)
    rejected = int((conformal_p_values(axes, held_out, new) <= alpha + 1e-9).sum())
    _, _, share, low, high = _shared(rejected, n)
    return Conformal(n, m, alpha, float(real), rejected, share, low, high)


def majority_overlap(axes: Axes, minority: Sample, hidden: Sample, new: Sample) -> Overlap:
    """New rows of a class that fall on rows of another which were hidden from the fit.

    After Hassanat, Tarawneh, Altarawneh, Almuhaimeed (2022, arXiv 2202.03579), who hide majority rows and
    hold new rows against them. The more rows are hidden, the nearer the nearest of them: the share means
    something only beside that of real minority rows kept aside, given as `new`, or of another method.

    Parameters
    ----------
    axes : Axes
        Of the rows that were fitted.
    minority : Sample
        Real rows of the class that were fitted.
    hidden : Sample
        Real rows of other classes that were not.
    new : Sample
        Rows said to be of the class.
    """
    points = _points(axes, new)
    to_own, to_hidden = (nearest(points, _points(axes, rows))[:, 0] for rows in (minority, hidden))
    rows, nearer, *interval = _shared(int((to_hidden < to_own).sum()), len(new))
    return Overlap(rows, len(hidden), nearer, *interval)


def _points(axes: Axes, sample: Sample) -> Points:
    return axes.place(sample.numbers, sample.codes)


def _shared(hits: int, n: int) -> tuple[int, int, float, float, float]:
    """Trials, hits, their share and its interval."""
    share = hits / n if n else float("nan")
    return n, hits, share, *wilson(share if n else 0.0, n)


def _one_each(sample: Sample, rng: np.random.Generator) -> Sample:
    """One row of each person, drawn evenly; all rows where none says whose it is."""
    if sample.persons is None:
        return sample
    order = rng.permutation(len(sample))
    rows = order[np.unique(sample.persons[order], return_index=True)[1]]
    return Sample(sample.numbers[rows], sample.codes[rows], sample.sizes, sample.labels[rows])
