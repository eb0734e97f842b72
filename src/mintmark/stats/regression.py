"""Main effects with their covariance: least squares and logistic regression, lightly shrunk.

Ridge of one unit on standardised columns keeps coefficients finite where classes separate.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

__all__ = ["Effects", "independent_columns", "interval_overlap", "least_squares", "logistic"]

Floats = npt.NDArray[np.float64]
Effects = tuple[Floats, Floats]
"""Coefficients (p,) and their covariance (p, p); the first is the intercept."""
_STEPS = 50
_SMALL = 1e-8
_ALIASED = 1e-6


def independent_columns(x: Floats) -> npt.NDArray[np.int64]:
    """Positions of columns that are no combination of those before them (Gram-Schmidt), ascending.

    Parameters
    ----------
    x : array, shape (n, p)
    """
    kept: list[int] = []
    basis = np.zeros((len(x), 0))
    for i in range(x.shape[1]):
        rest = x[:, i] - basis @ (basis.T @ x[:, i])
        size = float(np.sqrt(rest @ rest))
        if size > _ALIASED * max(1.0, float(np.sqrt(x[:, i] @ x[:, i]))):
            kept.append(i)
            basis = np.column_stack([basis, rest / size])
    return np.array(kept, dtype=np.int64)


def least_squares(x: Floats, y: Floats) -> Effects:
    """Ordinary least squares with a ridge of one.

    Parameters
    ----------
    x : array, shape (n, p), its first column ones
    y : array, shape (n,)
    """
    gram = x.T @ x
    shrunk = gram + _ridge(x.shape[1])
    beta = np.linalg.solve(shrunk, x.T @ y)
    freedom = max(len(y) - x.shape[1], 1)
    noise = float(((y - x @ beta) ** 2).sum()) / freedom
    covariance: Floats = noise * np.linalg.inv(shrunk)
    return np.asarray(beta, dtype=np.float64), covariance


def logistic(x: Floats, y: Floats) -> Effects:
    """Logistic regression by Newton's method with a ridge of one.

    Parameters
    ----------
    x : array, shape (n, p), its first column ones
    y : array of 0 and 1, shape (n,)
    """
    ridge, beta = _ridge(x.shape[1]), np.zeros(x.shape[1])
    for _ in range(_STEPS):
        p = 1 / (1 + np.exp(-np.clip(x @ beta, -30, 30)))
        hessian = (x * (p * (1 - p))[:, None]).T @ x + ridge
        step = np.linalg.solve(hessian, x.T @ (y - p) - ridge @ beta)
        beta = beta + np.clip(step, -5, 5)
        if np.abs(step).max() < _SMALL:
            break
    return beta, np.asarray(np.linalg.inv(hessian), dtype=np.float64)


def _ridge(p: int) -> Floats:
    """Unit shrinkage of all but the intercept, which keeps a trace so that it can be solved for."""
    return np.diag(np.append(_SMALL, np.ones(p - 1)))


def interval_overlap(a: Effects, b: Effects, z: float) -> Floats:
    """For each coefficient the share of its two intervals that lies in both, shape (p,), 0..1.

    Karr, Kohnen, Oganian, Reiter, Sanil (2006), The American Statistician 60: the overlap as a share
    of either interval, averaged; 0 where they do not meet.

    Parameters
    ----------
    a, b : Effects
        Of the same p columns.
    z : float, > 0
        Standard errors that an interval reaches.
    """
    ends = [(beta - z * np.sqrt(np.diag(v)), beta + z * np.sqrt(np.diag(v))) for beta, v in (a, b)]
    (low_a, high_a), (low_b, high_b) = ends
    shared = np.maximum(np.minimum(high_a, high_b) - np.maximum(low_a, low_b), 0)
    overlap: Floats = (shared / (high_a - low_a) + shared / (high_b - low_b)) / 2
    return overlap
