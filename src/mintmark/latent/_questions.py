"""Which questions a column asks: what is told apart by itself, and what only lies in an order.

A spike of a number, or a half of the categories, gets a dimension where that tells more about the
other columns than one order of all values does: by the gain in log-likelihood of normal regressions
on the other columns' scores, less half a log n for each correlation that the dimension brings
(Schwarz 1978, Ann. Stat. 6(2)).
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from mintmark.latent._dimensions import Questions
from mintmark.latent._normal import normal_scores, step_means

__all__ = ["Others", "first_order", "questions_of"]

Array = npt.NDArray[np.float64]
Codes = npt.NDArray[np.int64]

_RARE = 10.0
"""Rows at which a category's mean counts half in the order: fewer are pulled to the middle."""


class Others:
    """Scores of all columns but one, standardised: what a dimension of that one can tell about."""

    def __init__(self, scores: Array, precision: Array, j: int) -> None:
        keep = np.arange(scores.shape[1]) != j
        self.scores = scores[:, keep]  # (n, q)
        own = precision[keep, j]
        # inverse of the rest's correlations from that of all
        self.precision = precision[np.ix_(keep, keep)] - np.outer(own, own) / precision[j, j]

    def told(self, covariance: Array, variance: float, n: float) -> float:
        """Log-likelihood, less its price, of a dimension with these covariances, shape (q,)."""
        if variance < 1e-9 or not len(covariance):
            return 0.0
        share = float(np.clip(covariance @ self.precision @ covariance / variance, 0, 0.999))
        return float(-n / 2 * np.log1p(-share) - len(covariance) / 2 * np.log(max(n, 2.0)))


def first_order(codes: Codes, towards: Array | None) -> Array:
    """A score for each row by the order of its category: mean target, else frequency."""
    counts = np.bincount(codes + 1)
    key = -counts.astype(float)
    if towards is not None:
        key = np.bincount(codes + 1, weights=towards) / (counts + _RARE)
    return normal_scores(np.argsort(np.argsort(key, kind="stable"))[codes + 1].astype(float))


def questions_of(codes: Codes, present: Codes, ordered: bool, others: Others, most: int) -> Questions:
    """The tree of a column, from the rows that relations are learnt from.

    Parameters
    ----------
    codes : array, shape (n,)
        -1 where missing.
    present : array of codes
        All that occur, among these rows or others.
    ordered : bool
        Whether codes are stretches of numbers: they stay in their order wherever they share a leaf.
    most : int
        Most questions, apart from being missing.
    """
    counts = np.bincount(codes + 1, minlength=int(present.max()) + 2).astype(float)
    sums = np.zeros((len(counts), others.scores.shape[1]))
    for k, score in enumerate(others.scores.T):
        sums[:, k] = np.bincount(codes + 1, score, len(counts))
    counts = np.maximum(counts, 0.5)  # some that occur may not be among these rows
    no: list[int] = []
    yes: list[int] = []
    leaves: list[list[int]] = []
    groups = [(np.sort(present + 1), no, -1)]  # to divide, and where its number is to be written
    while groups:
        group, children, parent = groups.pop(int(np.argmax([counts[g].sum() for g, *_ in groups])))
        if ordered and len(group) > 1 and group[0] == 0:  # missing has no place among numbers
            order, cut = np.arange(len(group)), 1
        else:
            order, cut = _cut(counts[group], sums[group], ordered, others)
            cut = 0 if len(no) >= most and (ordered or len(group) > 2) else cut
        if cut > 0:
            child = len(no)
            no.append(0)
            yes.append(0)
            groups += [(np.sort(group[order[:cut]]), no, child), (np.sort(group[order[cut:]]), yes, child)]
        else:
            child = -1 - len(leaves)
            leaves.append([int(code) - 1 for code in (group if ordered else group[order])])
        if parent >= 0:
            children[parent] = child
    return Questions(no, yes, leaves)


def _cut(counts: Array, sums: Array, ordered: bool, others: Others) -> tuple[npt.NDArray[np.intp], int]:
    """Groups along their axis, and where it is best cut in two; 0 where it is better kept whole."""
    if len(counts) < 2:
        return np.arange(len(counts)), 0
    order = _axis(counts, sums, others)
    if len(counts) == 2 and not ordered:  # two categories are a question either way
        return order, 1
    told = [_told_in_halves(counts[order], sums[order], cut, others) for cut in range(1, len(order))]
    cut = int(np.argmax(told)) + 1
    split = told[cut - 1] + sum(
        max(0.0, _told_by(counts[half], sums[half], ordered, others)) for half in (order[:cut], order[cut:])
    )
    if ordered:  # numbers that leave their order choose one of all orders
        split -= (len(counts) - 1) / 2 * np.log(counts.sum())
    return order, cut if split > max(0.0, _told_by(counts, sums, ordered, others)) else 0


def _told_by(counts: Array, sums: Array, ordered: bool, others: Others) -> float:
    """What groups in one order tell."""
    if len(counts) < 2:
        return 0.0
    order = np.arange(len(counts)) if ordered else _axis(counts, sums, others)
    return _told_in_order(counts[order], sums[order], others)


def _told_in_halves(counts: Array, sums: Array, cut: int, others: Others) -> float:
    halves = np.array([counts[:cut].sum(), counts[cut:].sum()])
    return _told_in_order(halves, np.stack([sums[:cut].sum(axis=0), sums[cut:].sum(axis=0)]), others)


def _told_in_order(counts: Array, sums: Array, others: Others) -> float:
    score, n = step_means(counts), counts.sum()
    centred = sums - np.outer(counts / n, sums.sum(axis=0))
    return others.told(score @ centred / n, float(counts @ score**2 / n), n)


def _axis(counts: Array, sums: Array, others: Others) -> npt.NDArray[np.intp]:
    """Groups along the axis that tells most about the others (first of a correspondence analysis)."""
    centred = sums - np.outer(counts / counts.sum(), sums.sum(axis=0))  # (groups, q)
    pull = 1 / np.sqrt(counts + _RARE)
    axis = _leading(centred * pull[:, None], others.precision, start=counts)
    return np.argsort(axis * pull, kind="stable")


def _leading(a: Array, precision: Array, start: Array) -> Array:
    """Leading eigenvector of a P a', by power iteration, shape (groups,)."""
    vector = start - start.mean() + 1e-3 * np.arange(len(start))
    for _ in range(50):
        vector = a @ (precision @ (a.T @ vector))
        norm = np.linalg.norm(vector)
        if norm < 1e-300:
            return np.arange(len(start), dtype=float)
        vector = vector / norm
    return np.asarray(vector)
