"""Which of several treatments differ: Friedman's aligned ranks, judged by permutation, and all pairs.

Hodges, Lehmann (1962), Ann. Math. Stat. 33: alignment. García, Fernández, Luengo, Herrera (2010),
Information Sciences 180: the statistic on machine learning results. Bergmann, Hommel (1988) and García,
Herrera (2008), JMLR 9: all pairs with the family-wise error held.

A *block* is one row of losses, one treatment a column. Blocks of one *unit* share a sample, so that
they count as one draw: treatments are permuted within units, alike in all of a unit's blocks.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.stats import rankdata

__all__ = [
    "Ranking",
    "adjusted",
    "aligned_ranks",
    "block_ranks",
    "fewest_units",
    "friedman_aligned",
    "ranked",
    "standardised",
]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
_EXHAUSTIVE = 9
"""Most treatments whose partitions are all looked at (21,147 of nine)."""
_CELLS = 4_000_000
"""Figures of permuted samples held at once."""


@dataclass(frozen=True)
class Ranking:
    """What the ranks say.

    Parameters
    ----------
    aligned : array, shape (k,)
        Mean aligned rank of each treatment; lower is better.
    within : array, shape (k,)
        Mean rank within blocks, 1 to k.
    statistic, p_value : float
        Friedman's aligned ranks statistic, and the share of permuted samples that reach it.
    pairs : array, shape (k, k), optional
        Adjusted p-value of each pair; None where the omnibus test does not reject.
    """

    aligned: Floats
    within: Floats
    statistic: float
    p_value: float
    pairs: Floats | None


def standardised(losses: Floats, groups: Ints) -> Floats:
    """Losses less their block's mean, over the root mean square of these within each group of blocks.

    A group is what shares a scale (one metric on one data set), so that no metric weighs more than
    another for its unit. Permuting treatments within blocks leaves the scales as they are.

    Parameters
    ----------
    losses : array, shape (blocks, k)
    groups : array of int, shape (blocks,), from 0
    """
    aligned = losses - losses.mean(axis=1, keepdims=True)
    aligned[np.abs(aligned) <= 1e-12 * np.abs(losses).max(axis=1, keepdims=True)] = 0.0  # rounding is no rank
    count = np.bincount(groups)
    scale = np.sqrt(np.bincount(groups, weights=(aligned**2).mean(axis=1)) / np.maximum(count, 1))
    return np.asarray(aligned / np.where(scale > 0, scale, 1.0)[groups, None])


def aligned_ranks(losses: Floats) -> Floats:
    """Ranks from 1 of all losses together, each less the mean of its block; ties at their mean.

    Parameters
    ----------
    losses : array, shape (blocks, k)
    """
    aligned = losses - losses.mean(axis=1, keepdims=True)
    # equal on paper must be equal here: sums round differently from block to block
    return np.asarray(rankdata(np.round(aligned, 12), axis=None)).reshape(losses.shape)


def block_ranks(losses: Floats) -> Floats:
    """Ranks from 1 to k within each block, ties at their mean, shape (blocks, k).

    Parameters
    ----------
    losses : array, shape (blocks, k)
        Less is better; differences below 1e-12 are ties.
    """
    return np.asarray(rankdata(np.round(losses, 12), axis=1))


def friedman_aligned(ranks: Floats) -> float:
    """The aligned ranks statistic, nearly chi-squared with k - 1 degrees where blocks are independent.

    García et al. (2010), equation 3.

    Parameters
    ----------
    ranks : array, shape (n, k)
        As `aligned_ranks` gives them.
    """
    n, k = ranks.shape
    treatments, blocks = ranks.sum(axis=0), ranks.sum(axis=1)
    above = (k - 1) * (float(treatments @ treatments) - k * n**2 / 4 * (k * n + 1) ** 2)
    below = k * n * (k * n + 1) * (2 * k * n + 1) / 6 - float(blocks @ blocks) / k
    return above / below if below > 0 else 0.0


def fewest_units(k: int, alpha: float) -> int:
    """Units below which no outcome at all reaches `alpha`.

    Permuting every unit alike changes nothing, so that of (k!)^n orders at least k! do as well as
    the best.

    Parameters
    ----------
    k : int, >= 2
        Treatments.
    alpha : float, 0..1
    """
    n = 2
    while math.factorial(k) ** (1 - n) > alpha:
        n += 1
    return n


def ranked(
    losses: Floats,
    units: Ints,
    groups: Ints,
    rng: np.random.Generator,
    *,
    alpha: float = 0.05,
    permutations: int = 9_999,
) -> Ranking:
    """Rank treatments and tell which differ.

    The null hypothesis: within a unit the treatments are exchangeable, all metrics at once. Its
    distribution is drawn by permuting treatments within units. A pair is compared by its mean
    difference of rank sums over the standard error of that mean over units, so that one erratic
    treatment does not lend its spread to the others (Janssen 1997; Chung, Romano 2013).

    Parameters
    ----------
    losses : array, shape (blocks, k), k >= 2
        Lower is better.
    units : array of int, shape (blocks,), from 0, at least two
        Blocks that share a sample.
    groups : array of int, shape (blocks,), from 0
        Blocks that share a scale, see `standardised`.
    rng : Generator
    alpha : float
        Level of the omnibus test that lets the pairs be looked at.
    permutations : int
    """
    ranks = aligned_ranks(standardised(losses, groups))
    sums = np.zeros((int(units.max()) + 1, ranks.shape[1]))
    np.add.at(sums, units, ranks)
    omnibus, pairwise = _null(sums, rng, permutations)
    p_value = float((1 + (omnibus >= _spread(sums[None])[0] - 1e-9).sum()) / (1 + permutations))
    k = losses.shape[1]
    pairs = None
    if p_value <= alpha:
        found = _studentised(sums[None])[0]
        # under the null every pair is distributed alike, so that all of them make up one distribution
        above = len(pairwise) - np.searchsorted(pairwise, found * (1 - 1e-9), side="left")
        raw = (1 + above / len(found)) / (1 + permutations)
        pairs = _square(adjusted(np.minimum(raw, 1.0), k), k)
    return Ranking(
        aligned=ranks.mean(axis=0),
        within=block_ranks(losses).mean(axis=0),
        statistic=friedman_aligned(ranks),
        p_value=p_value,
        pairs=pairs,
    )


def _null(sums: Floats, rng: np.random.Generator, permutations: int) -> tuple[Floats, Floats]:
    """The omnibus statistic of each permuted sample, and the pairs' of all of them in order."""
    k = sums.shape[1]
    step = max(1, _CELLS // (len(sums) * max(k, k * (k - 1) // 2)))
    omnibus, pairwise = [], []
    for start in range(0, permutations, step):
        many = min(step, permutations - start)
        sample = rng.permuted(np.broadcast_to(sums, (many, *sums.shape)), axis=2)
        omnibus.append(_spread(sample))
        pairwise.append(_studentised(sample).ravel())
    return np.concatenate(omnibus), np.sort(np.concatenate(pairwise))


def _spread(sums: Floats) -> Floats:
    """What of the aligned ranks statistic a permutation changes: the squared totals, shape (samples,)."""
    totals = sums.sum(axis=1)
    return np.asarray((totals**2).sum(axis=1))


def _studentised(sums: Floats) -> Floats:
    """Absolute t of each pair of treatments over units; shape (samples, pairs)."""
    left, right = np.triu_indices(sums.shape[2], 1)
    apart = sums[:, :, left] - sums[:, :, right]
    mean, spread = apart.mean(axis=1), apart.std(axis=1, ddof=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        t = np.abs(mean) / (spread / math.sqrt(sums.shape[1]))
    return np.where(np.abs(mean) > 0, t, 0.0)


def _square(values: Floats, k: int) -> Floats:
    """Values of pairs as a symmetric matrix, 1 on its diagonal."""
    square = np.ones((k, k))
    square[np.triu_indices(k, 1)] = values
    return np.minimum(square, square.T)


def adjusted(p_values: Floats, k: int) -> Floats:
    """P-values of all pairs of k treatments, adjusted so that the family-wise error is held.

    Bergmann and Hommel's procedure up to nine treatments: a set of pairs can be equal all together
    only if it is what a partition of the treatments leaves together, and each such set is tested by
    Bonferroni. Holm's beyond.

    Parameters
    ----------
    p_values : array, shape (k (k - 1) / 2,)
        In the order of ``numpy.triu_indices(k, 1)``.
    """
    if k > _EXHAUSTIVE:
        return _holm(p_values)
    left, right = np.triu_indices(k, 1)
    found = np.zeros(len(p_values))
    for partition in _partitions(k):
        labels = np.array(partition)
        together = labels[left] == labels[right]
        if together.any():
            value = together.sum() * p_values[together].min()
            found[together] = np.maximum(found[together], value)
    return np.minimum(found, 1.0)


def _partitions(k: int) -> Iterator[tuple[int, ...]]:
    """Every partition of k treatments, as the number of each one's part."""

    def grown(labels: tuple[int, ...]) -> Iterator[tuple[int, ...]]:
        if len(labels) == k:
            yield labels
            return
        for label in range(max(labels) + 2):
            yield from grown((*labels, label))

    return grown((0,))


def _holm(p_values: Floats) -> Floats:
    order = np.argsort(p_values, kind="stable")
    steps = [(len(order) - i) * float(p_values[j]) for i, j in enumerate(order)]
    found = np.empty(len(order))
    found[order] = list(itertools.accumulate(steps, max))
    return np.minimum(found, 1.0)
