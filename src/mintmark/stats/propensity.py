"""Propensity mean squared error: how far a model's chance of "synthetic" is from knowing nothing.

Woo, Reiter, Oganian, Karr (2009), "Global measures of data utility for microdata masked for
disclosure limitation"; Snoke, Raab, Nowok, Dibben, Slavkovic (2018), "General and specific utility
measures for synthetic data", JRSS A 181, equation 1, for its null expectation and ratio.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

__all__ = ["Model", "logistic", "pmse", "tree"]

Floats = npt.NDArray[np.float64]
Matrix = npt.NDArray[np.floating]
Labels = npt.NDArray[np.bool_]
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Model:
    """A way to tell labels from rows.

    Parameters
    ----------
    name : str
    prepare : function of an array (n, features)
        The rows as the two others take them; done once for all labels.
    fit : function of rows (n, k) and labels (n,)
        Each row's chance of the label, in sample, shape (n,).
    null : function of rows, labels, each row's person (or None) and a generator
        Propensity mean squared errors under labels permuted by person, shape (permutations,).
    """

    name: str
    prepare: Callable[[Matrix], Matrix]
    fit: Callable[[Matrix, Labels], Floats]
    null: Callable[[Matrix, Labels, Ints | None, np.random.Generator], Floats]


_STEPS = 15
_LEAVES = 64
_REFITS, _PROJECTIONS = 20, 200


def pmse(chances: Floats, labels: Labels) -> float:
    """Mean squared difference of the chances from the share of the label, 0..1/4."""
    return float(np.mean((chances - labels.mean()) ** 2))


def _whitened(x: Matrix) -> Floats:
    """Uncorrelated columns of unit variance that span the same space, constants left out.

    Parameters
    ----------
    x : array, shape (n, features)

    Returns
    -------
    array, shape (n, rank)
    """
    centred = np.asarray(x, dtype=np.float64) - x.mean(0)
    values, vectors = np.linalg.eigh(centred.T @ centred / len(x))
    kept = values > 1e-9 * max(float(values.max(initial=0.0)), 1e-300)
    spanned: Floats = centred @ (vectors[:, kept] / np.sqrt(values[kept]))
    return spanned


def _logistic(x: Matrix, labels: Labels) -> Floats:
    """Logistic regression by Newton's method, columns of unit variance.

    A ridge of weight 1 keeps coefficients finite where the samples can be told apart altogether; a
    coefficient weighs n/4 beside it.
    """
    design = np.concatenate([np.ones((len(x), 1)), x], axis=1)
    ridge = np.ones(design.shape[1])
    ridge[0] = 0.0
    beta = np.zeros(design.shape[1])
    share = labels.mean()
    beta[0] = np.log(share / (1 - share))
    for _ in range(_STEPS):
        chances = _expit(design @ beta)
        gradient = design.T @ (labels - chances) - ridge * beta
        curvature = design.T @ (design * (chances * (1 - chances))[:, None])
        curvature[np.diag_indices_from(curvature)] += ridge + 1e-9
        step = np.linalg.solve(curvature, gradient)
        beta += step
        if np.abs(step).max() < 1e-4:
            break
    return _expit(design @ beta)


def _expit(x: Floats) -> Floats:
    chances: Floats = 1 / (1 + np.exp(-np.clip(x, -30, 30)))
    return chances


def _tree(x: Matrix, labels: Labels) -> Floats:
    """One classification tree (CART) of at most 64 leaves with 20 rows each.

    Parameters
    ----------
    x : array, shape (n, features), finite
    """
    from sklearn.tree import DecisionTreeClassifier

    grown = DecisionTreeClassifier(max_leaf_nodes=_LEAVES, min_samples_leaf=20, random_state=0)
    return np.asarray(grown.fit(x, labels).predict_proba(x)[:, -1])


def _mixed(labels: Labels, persons: Ints | None, rng: np.random.Generator) -> Labels:
    """Labels permuted; those of whole persons, numbered from 0 on, as nearly as many as their rows allow."""
    if persons is None:
        return rng.permutation(labels)
    rows = np.bincount(persons)
    order = rng.permutation(len(rows))
    drawn = np.empty(len(rows), dtype=bool)
    drawn[order] = np.cumsum(rows[order]) - rows[order] / 2 < labels.sum()
    return drawn[persons]


def _refitted(x: Matrix, labels: Labels, persons: Ints | None, rng: np.random.Generator) -> Floats:
    """Trees grown for permuted labels."""
    found = []
    for _ in range(_REFITS):
        mixed = _mixed(labels, persons, rng)
        found.append(pmse(_tree(x, mixed), mixed))
    return np.array(found)


def _projected(x: Matrix, labels: Labels, persons: Ints | None, rng: np.random.Generator) -> Floats:
    """Permuted labels projected on the columns: Newton's first step, and near the null the last."""
    mixed = np.stack([_mixed(labels, persons, rng) for _ in range(_PROJECTIONS)], axis=1)
    # the columns are uncorrelated and of unit variance: the fit's mean square is that of its coefficients
    errors: Floats = ((x.T @ (mixed - mixed.mean(0)) / len(x)) ** 2).sum(0)
    return errors


tree = Model(f"a classification tree (CART) of at most {_LEAVES} leaves", np.asarray, _tree, _refitted)
logistic = Model(
    "logistic regression on main effects, numbers in bins and the most frequent categories",
    _whitened,
    _logistic,
    _projected,
)
