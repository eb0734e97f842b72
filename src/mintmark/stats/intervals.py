"""Intervals: DeLong for areas under curves, influence functions for the rest; for shares see `shares`.

An influence function says how much one row moves a figure; the variance of a figure is that of
the mean of its influences, over persons where several rows belong to one.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from mintmark.stats.shares import Z95, wilson

__all__ = [
    "Z95",
    "auc",
    "auc_influence",
    "auc_interval",
    "delong",
    "effective_size",
    "influence_variance",
    "normal",
]

Floats = npt.NDArray[np.float64]


def normal(
    estimate: float, variance: float, *, low: float = -np.inf, high: float = np.inf
) -> tuple[float, float]:
    """95 % interval of a nearly normal estimate, kept within what the figure can be.

    Parameters
    ----------
    variance : float
        Of the estimate; below 0 counts as 0.
    low, high : float
        Ends of the figure's range.
    """
    reach = Z95 * float(np.sqrt(max(variance, 0.0)))
    return float(np.clip(estimate - reach, low, high)), float(np.clip(estimate + reach, low, high))


def influence_variance(influence: Floats, persons: npt.NDArray[np.int64] | None = None) -> float:
    """Variance of a figure from the influence of each row, shape (n,).

    Parameters
    ----------
    influence : array, shape (n,)
        Of a figure that moves by the mean of the influences (infinitesimal jackknife, Efron 1982).
    persons : array of int, shape (n,), optional
        Whose row it is; rows of one person count as one draw.
    """
    n = len(influence)
    centred = influence - influence.mean()
    if persons is not None:
        centred = np.bincount(np.unique(persons, return_inverse=True)[1], weights=centred)
    units = len(centred)
    if units < 2:
        return float("inf")
    return float(centred @ centred) / n**2 * units / (units - 1)


def effective_size(influence: Floats, persons: npt.NDArray[np.int64] | None) -> float:
    """How many independent draws the rows are worth for a figure, given each row's influence on it.

    The number of rows where nobody has two; Kish (1965), "Survey Sampling": n over the design effect.

    Parameters
    ----------
    influence : array, shape (n,)
    persons : array of int, shape (n,), optional
        Whose row it is.
    """
    n = len(influence)
    if persons is None:
        return float(n)
    alone, together = influence_variance(influence), influence_variance(influence, persons)
    if not (alone > 0 and np.isfinite(together)):
        return float(len(np.unique(persons)))
    return float(np.clip(n * alone / max(together, 1e-300), 1.0, n))


def _midranks(values: Floats) -> Floats:
    """Ranks from 1, ties at their mean."""
    order = np.argsort(values, kind="stable")
    ordered = values[order]
    first = np.flatnonzero(np.concatenate([[True], ordered[1:] != ordered[:-1]]))
    sizes = np.diff(np.append(first, len(values)))
    ranks = np.empty(len(values))
    ranks[order] = np.repeat(first + (sizes + 1) / 2, sizes)
    return ranks


def _placements(positive: Floats, negative: Floats) -> tuple[Floats, Floats]:
    """DeLong's components: for each positive the share of negatives below it, and the reverse."""
    ranks = _midranks(np.concatenate([positive, negative]))
    m, n = len(positive), len(negative)
    v10 = (ranks[:m] - _midranks(positive)) / n
    v01 = 1 - (ranks[m:] - _midranks(negative)) / m
    return v10, v01


def auc(positive: Floats, negative: Floats) -> float:
    """Chance that a positive scores above a negative, ties half: the area under the ROC curve, 0..1.

    Parameters
    ----------
    positive, negative : array of scores, shape (m,) and (n,), at least one each
    """
    return float(_placements(positive, negative)[0].mean())


def delong(
    positive: Floats,
    negative: Floats,
    *,
    factors: tuple[float, float] = (1.0, 1.0),
    persons: tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]] | None = None,
) -> tuple[float, float]:
    """Area under the ROC curve and its variance.

    DeLong, DeLong, Clarke-Pearson (1988), Biometrics 44; midranks after Sun and Xu (2014); rows of one
    person as one draw after Obuchowski (1997), Biometrics 53.

    Parameters
    ----------
    positive, negative : array of scores, shape (m,) and (n,), at least two each
    factors : (float, float)
        What the variance of the positives and that of the negatives is multiplied by: below 1 where
        they are a good share of all that there are, above 1 where they hang together.
    persons : (array of int, array of int), shape (m,) and (n,), optional
        Whose rows they are; every row is a person of its own where they are not given.

    Returns
    -------
    (area, variance)
    """
    v10, v01 = _placements(positive, negative)
    parts = v10.var(ddof=1) / len(v10), v01.var(ddof=1) / len(v01)
    if persons is not None:
        parts = influence_variance(v10, persons[0]), influence_variance(v01, persons[1])
    variance = factors[0] * parts[0] + factors[1] * parts[1]
    return float(v10.mean()), float(variance)


def auc_influence(scores: Floats, positive: npt.NDArray[np.bool_]) -> tuple[float, Floats]:
    """Area under the ROC curve and the influence of each row on it, shape (n,).

    Parameters
    ----------
    scores : array, shape (n,)
    positive : array of bool, shape (n,), both values present
    """
    v10, v01 = _placements(scores[positive], scores[~positive])
    area, share = float(v10.mean()), float(positive.mean())
    influence = np.empty(len(scores))
    influence[positive] = (v10 - area) / share
    influence[~positive] = (v01 - area) / (1 - share)
    return area, influence


def auc_interval(area: float, variance: float, n: int) -> tuple[float, float]:
    """95 % interval of an area under the ROC curve, on the logit scale so that it stays in 0..1.

    Parameters
    ----------
    area : float, 0..1
    variance : float, >= 0
        As `delong` gives it; 0 where the scores separate perfectly, which proves no certainty:
        then the interval is that of n successes in n trials.
    n : int
        Rows of the smaller class.
    """
    if variance <= 0 or not 0 < area < 1:
        return wilson(area, n)
    centre = np.log(area / (1 - area))
    reach = Z95 * np.sqrt(variance) / (area * (1 - area))
    return float(1 / (1 + np.exp(reach - centre))), float(1 / (1 + np.exp(-centre - reach)))
