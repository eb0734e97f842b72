"""Confident learning: which labels the other columns contradict.

Northcutt, Jiang, Chuang (2021), "Confident learning: estimating uncertainty in dataset labels",
JAIR 70, section 3. A row counts as truly of class j where its probability of j is at least the mean
probability of j among the rows labelled j; so that a class that a model is unsure of throughout needs
less than one of which it is sure.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

__all__ = ["confident_joint", "joint", "likely", "margins", "noisy", "thresholds"]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


def thresholds(labels: Ints, probabilities: Floats) -> Floats:
    """Mean probability of each class among the rows labelled so (eq. 2), shape (classes,).

    Infinite for a class that no row is labelled: none is found to be of it.
    """
    classes = probabilities.shape[1]
    rows = np.bincount(labels, minlength=classes)
    own = probabilities[np.arange(len(labels)), labels]
    total = np.bincount(labels, weights=own, minlength=classes)
    return np.where(rows > 0, total / np.maximum(rows, 1), np.inf)


def likely(labels: Ints, probabilities: Floats) -> Ints:
    """For each row the class it is confidently of, -1 for none, shape (n,).

    Of several classes at or above their thresholds it is the most probable one (eq. 1).

    Parameters
    ----------
    labels : array of int, shape (n,), from 0
    probabilities : array, shape (n, classes)
        Out of fold: of models that did not see the row.
    """
    # rounding of the mean must not cost a class whose probabilities are all alike its rows
    reached = probabilities >= thresholds(labels, probabilities) - 1e-9
    found = np.where(reached, probabilities, -1.0).argmax(axis=1)
    return np.where(reached.any(axis=1), found, -1)


def confident_joint(labels: Ints, probabilities: Floats) -> Ints:
    """Rows labelled i that are confidently of class j, shape (classes, classes); as `likely`."""
    classes = probabilities.shape[1]
    found = likely(labels, probabilities)
    sure = found >= 0
    cells = np.bincount(labels[sure] * classes + found[sure], minlength=classes * classes)
    return cells.reshape(classes, classes).astype(np.int64)


def joint(labels: Ints, probabilities: Floats) -> Floats:
    """Estimated rows labelled i and truly of class j (eq. 3, times n), shape (classes, classes).

    Rows of the confident joint, brought to the number of rows of each label. A label of which no row is
    confidently of anything is taken as right.
    """
    counts = confident_joint(labels, probabilities).astype(np.float64)
    empty = counts.sum(axis=1) == 0
    counts[empty, empty] = 1.0
    rows = np.bincount(labels, minlength=len(counts))
    return np.asarray(counts / counts.sum(axis=1, keepdims=True) * rows[:, None])


def margins(labels: Ints, probabilities: Floats) -> Floats:
    """Probability of the label less that of the likeliest other class, -1..1, shape (n,)."""
    rows = np.arange(len(labels))
    others = probabilities.copy()
    others[rows, labels] = -np.inf
    return np.asarray(probabilities[rows, labels] - others.max(axis=1))


def noisy(labels: Ints, probabilities: Floats) -> Ints:
    """Rows whose label is likely wrong, the likeliest first.

    Those off the diagonal of the confident joint, unless the label is the most probable class all the
    same (as a rare class with a low threshold has it). In order of the margin, then of the probability of
    the label.

    Parameters
    ----------
    labels, probabilities
        As for `likely`.

    Returns
    -------
    array of int, shape (m,)
        Positions of rows.
    """
    found = likely(labels, probabilities)
    margin = margins(labels, probabilities)
    rows = np.flatnonzero((found >= 0) & (found != labels) & (margin < 0))
    own = probabilities[rows, labels[rows]]
    return rows[np.lexsort((own, margin[rows]))]
