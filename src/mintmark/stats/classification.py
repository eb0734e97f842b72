"""How good a classifier's probabilities are: average precision, F1, Brier score, calibration error."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

__all__ = ["average_precision", "brier", "calibration_error", "macro_f1", "recalls"]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
_BINS = 15


def average_precision(scores: Floats, positive: npt.NDArray[np.bool_]) -> float:
    """Precision at each threshold, weighted by the recall it adds; rows of one score pass together.

    Parameters
    ----------
    scores : array, shape (n,)
    positive : array of bool, shape (n,), at least one True
    """
    order = np.argsort(-scores, kind="stable")
    last = np.append(np.diff(scores[order]) != 0, True)
    found = np.cumsum(positive[order])[last]
    named = np.flatnonzero(last) + 1
    added = np.diff(found, prepend=0) / positive.sum()
    return float(np.sum(added * found / named))


def recalls(answers: Ints, labels: Ints, classes: int) -> Floats:
    """Share of each class's rows that is answered right, shape (classes,); NaN for a class without rows.

    Parameters
    ----------
    answers, labels : array of int, shape (n,), 0..classes-1
    """
    rows = np.bincount(labels, minlength=classes).astype(np.float64)
    right = np.bincount(labels[answers == labels], minlength=classes)
    share: Floats = np.divide(right, rows, out=np.full(classes, np.nan), where=rows > 0)
    return share


def macro_f1(answers: Ints, labels: Ints, classes: int) -> float:
    """Harmonic mean of precision and recall, averaged over the classes that occur, 0..1; 0 where none is hit.

    Parameters
    ----------
    answers, labels : array of int, shape (n,), 0..classes-1; at least one row
    """
    right = np.bincount(labels[answers == labels], minlength=classes)
    rows, named = (np.bincount(given, minlength=classes) for given in (labels, answers))
    occurs = rows > 0
    return float(np.mean(2 * right[occurs] / (rows + named)[occurs]))


def brier(probabilities: Floats, labels: Ints) -> Floats:
    """Squared distance of each row's probabilities from its label, shape (n,), 0..2.

    Brier (1950), Monthly Weather Review 78, eq. 2: summed over classes.

    Parameters
    ----------
    probabilities : array, shape (n, k)
    labels : array of int, shape (n,), 0..k-1
    """
    at_label = probabilities[np.arange(len(labels)), labels]
    total: Floats = (probabilities**2).sum(axis=1) - 2 * at_label + 1
    return total


def calibration_error(probabilities: Floats, labels: Ints) -> float:
    """Mean distance between confidence and accuracy over 15 bins of confidence, weighted by rows, 0..1.

    Guo, Pleiss, Sun, Weinberger (2017), ICML, eq. 3.

    Parameters
    ----------
    probabilities : array, shape (n, k), n >= 1
    labels : array of int, shape (n,), 0..k-1
    """
    confidence = probabilities.max(axis=1)
    right = probabilities.argmax(axis=1) == labels
    bins = np.minimum((confidence * _BINS).astype(np.int64), _BINS - 1)
    off = np.bincount(bins, weights=right - confidence, minlength=_BINS)
    return float(np.abs(off).sum() / len(labels))
