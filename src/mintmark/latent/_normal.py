"""Normal scores and the correlations behind them.

A column of ties is a normal variable seen through steps: its score is the mean of the normal over
each step. The covariance of two such scores is a power series in the correlation r of the normals,
sum of a_k b_k r^k with the Hermite coefficients a, b of both step functions (Mehler's formula; Xiao,
Zhou (2019), J. Mult. Anal. 172, use it likewise), and is solved for r: the polychoric, polyserial or
plain correlation, whatever the columns are.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

__all__ = ["correlations", "hermite", "normal_scores", "proper"]

Floats = npt.NDArray[np.float64]

_TERMS = 24
"""Terms of the series; what is left of it stands in one more term of odd power."""
_STRONGEST = 0.9999
_SMALLEST_EIGENVALUE = 1e-6
_PROJECTIONS = 1e9
"""Cubed dimensions times rounds of looking for a proper matrix: about 10 s."""
_LEAST_INFORMED = 1e-3
_LEVELS = 512
"""A score of more levels is taken as a normal itself: its series ends after the first term."""


def normal_scores(values: Floats) -> Floats:
    """Mean normal score of each value's ties, NaN where missing, shape (n,)."""
    known = ~np.isnan(values)
    scores = np.full(len(values), np.nan)
    if known.any():
        _, place, counts = np.unique(values[known], return_inverse=True, return_counts=True)
        scores[known] = step_means(counts)[place]
    return scores


def step_means(counts: npt.NDArray[Any]) -> Floats:
    """Means of a standard normal over adjacent stretches with these shares, lowest first."""
    density = _density(_edges(counts))
    return np.asarray(-np.diff(density) / (counts / counts.sum()))


def _edges(counts: npt.NDArray[Any]) -> Floats:
    from scipy.special import ndtri

    return np.asarray(ndtri(np.concatenate([[0.0], np.cumsum(counts) / counts.sum()])))


def _density(z: Floats) -> Floats:
    return np.asarray(np.exp(-0.5 * np.where(np.isfinite(z), z, np.inf) ** 2) / np.sqrt(2 * np.pi))


def hermite(scores: Floats) -> Floats:
    """Coefficients of the step function with these scores in normalised Hermite polynomials.

    Parameters
    ----------
    scores : array, shape (n,)
        As `normal_scores` gives them.

    Returns
    -------
    array, shape (25,)
        Of the powers 1 to 24, and last the root of what they leave of the scores' variance.
    """
    coefficients = np.zeros(_TERMS + 1)
    levels, counts = np.unique(scores[~np.isnan(scores)], return_counts=True)
    if len(levels) > _LEVELS:
        coefficients[0] = 1.0
    elif len(levels) > 1:
        z = np.where(np.isfinite(edges := _edges(counts)), edges, 0.0)
        before, now = np.zeros_like(z), _density(edges)  # h_{k-1}(z) phi(z), and the same of k
        for k in range(1, _TERMS + 1):
            coefficients[k - 1] = levels @ -np.diff(now) / np.sqrt(k)
            before, now = now, (z * now - np.sqrt(k - 1) * before) / np.sqrt(k)
        left = counts @ levels**2 / counts.sum() - np.sum(coefficients**2)
        coefficients[-1] = np.sqrt(max(0.0, left))
    return coefficients


def correlations(scores: Floats, own: npt.NDArray[np.int64]) -> Floats:
    """Correlations of the normals behind scores, shrunk by their noise, shape (p, p).

    Parameters
    ----------
    scores : array, shape (n, p)
        NaN where a dimension does not matter to the row; a pair is taken from rows of both.
    own : array, shape (p,)
        The column of each dimension. Dimensions of one column stay uncorrelated: no row shows
        both sides of a question and of what is only asked after it.
    """
    known = (~np.isnan(scores)).astype(float)
    z = np.nan_to_num(scores)
    both = np.maximum(known.T @ known, 1.0)
    sums = z.T @ known
    covariance = (z.T @ z - sums * sums.T / both) / both
    series = np.array([hermite(column) for column in scores.T]).reshape(len(own), _TERMS + 1)
    r = _solved(covariance, series)
    spread = np.maximum((z**2).T @ known / both - (sums / both) ** 2, 0)  # of i where j is known too
    sharp = both * spread * spread.T
    r = np.where((sharp > 1e-6) & (own[:, None] != own), r, 0.0)
    return _shrunk(r, 1 / np.maximum(sharp, 1e-6))


def _solved(covariance: Floats, series: Floats) -> Floats:
    """The r at which each pair's series takes its covariance; by bisection, 2^-20."""
    low, high = np.full_like(covariance, -1.0), np.ones_like(covariance)
    for _ in range(20):
        r = (low + high) / 2
        value = np.zeros_like(r)
        for k in range(series.shape[1] - 1, -1, -1):
            value = r * (value + np.outer(series[:, k], series[:, k]))
        low, high = np.where(value > covariance, low, r), np.where(value > covariance, r, high)
    return np.asarray((low + high) / 2)


def _shrunk(r: Floats, noise: Floats) -> Floats:
    """Each r times the share of its square that is not noise, by the whole table's spread.

    Schäfer, Strimmer (2005), Stat. Appl. Genet. Mol. Biol. 4(1), with the share per pair, as a
    rare category's correlations are noisier than those of two numbers.
    """
    pairs = np.triu(r != 0, 1)
    if pairs.any():
        # pairs are weighted by their precision, so that hopeless ones do not decide
        weight = 1 / noise[pairs]
        signal = max(0.0, weight @ (r[pairs] ** 2 - noise[pairs]) / weight.sum())
        r = r * signal / (signal + np.where(r == 0, 1.0, noise))
    r = np.clip(r, -_STRONGEST, _STRONGEST)
    np.fill_diagonal(r, 1.0)
    return np.asarray(r)


def informed(scores: Floats) -> Floats:
    """How much each dimension's rows say about its normal, 1 for a number known of all rows, (p,)."""
    return np.asarray(np.maximum(np.nansum(scores**2, axis=0) / len(scores), _LEAST_INFORMED))


def proper(r: Floats, own: npt.NDArray[np.int64], weight: Floats) -> Floats:
    """The nearest positive definite matrix that keeps ones and each column's own zeros.

    Alternating projections with Dykstra's correction in a weighted norm (Higham 2002, IMA J. Numer.
    Anal. 22(3), algorithm 3.3), so that a rare category's correlations give way to those of all
    rows; what is left is mended by a step towards no correlation at all.
    """
    if not len(r):
        return r
    fixed = own[:, None] == own
    root = np.sqrt(np.outer(weight, weight))
    made, correction = r, np.zeros_like(r)
    for _ in range(int(np.clip(_PROJECTIONS / max(1, len(r)) ** 3, 3, 100))):
        value, vector = np.linalg.eigh((made - correction) * root)
        if value[0] >= _SMALLEST_EIGENVALUE:
            break
        positive = (vector * np.maximum(value, 0)) @ vector.T / root
        correction = positive - (made - correction)
        made = np.where(fixed, np.eye(len(r)), positive)
    least = float(np.linalg.eigvalsh(made)[0])
    share = max(0.0, _SMALLEST_EIGENVALUE - least) / (1 - min(least, 0.0))
    return np.asarray((1 - share) * made + share * np.eye(len(r)))
