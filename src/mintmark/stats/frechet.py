"""Fréchet distance of two clouds of points, each taken for normal, and how far single points move it.

Dowson and Landau (1982), "The Fréchet distance between multivariate normal distributions": the squared
distance of N(m, S) and N(m', S') is |m - m'|² + tr(S + S' - 2 (S S')^½). Its derivative in S' is I - T with
T the optimal map from N' to N (Takatsu 2011), which gives the influence of each point.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

__all__ = ["Frechet", "frechet", "frechet_permuted"]

Floats = npt.NDArray[np.float64]
Points = npt.NDArray[np.floating[Any]]
_FLAT = 1e-10  # of the largest: variances below it are none


@dataclass(frozen=True)
class Frechet:
    """The squared distance of two samples.

    Parameters
    ----------
    value : float, >= 0
        Above the populations' distance by what chance adds to means and covariances.
    on_a, on_b : array, shape (n,) and (m,)
        Influence of each point, of first order; they vanish as the distributions become the same.
    """

    value: float
    on_a: Floats
    on_b: Floats


def frechet(a: Points, b: Points) -> Frechet:
    """Squared Fréchet distance of the points `a`, shape (n, d), and `b`, shape (m, d), with n, m >= 2."""
    middle_a, middle_b = (x.mean(0, dtype=np.float64) for x in (a, b))
    apart, of_a, of_b = middle_a - middle_b, a - middle_a, b - middle_b
    first, second = of_a.T @ of_a / len(a), of_b.T @ of_b / len(b)
    root, inverse = _roots(first)
    value, middle = _value(apart, first, second, root)
    # T from b to a is first^½ (first^½ second first^½)^-½ first^½, and the one back its inverse
    to_first = root @ _roots(middle)[1] @ root
    to_second = inverse @ _roots(middle)[0] @ inverse
    return Frechet(value, _moved(of_a, apart, to_second), _moved(of_b, -apart, to_first))


def _moved(points: Floats, apart: Floats, mapped: Floats) -> Floats:
    """How the value moves with each centred point: of the mean, and of the covariance."""
    quadratic = np.einsum("ij,ij->i", points - points @ mapped, points)
    return np.asarray(2 * points @ apart + quadratic - quadratic.mean())


def _value(apart: Floats, first: Floats, second: Floats, root: Floats) -> tuple[float, Floats]:
    middle = root @ second @ root
    shared = np.sqrt(np.maximum(np.linalg.eigvalsh(middle), 0)).sum()
    return max(0.0, float(apart @ apart + np.trace(first) + np.trace(second) - 2 * shared)), middle


def _roots(square: Floats) -> tuple[Floats, Floats]:
    """Root of a covariance, and the root's inverse where the covariance is not flat."""
    values, vectors = np.linalg.eigh((square + square.T) / 2)
    kept = values > _FLAT * max(float(values[-1]), 1e-300)
    roots = np.sqrt(np.where(kept, values, 0.0))
    inverse = np.divide(1.0, roots, out=np.zeros_like(roots), where=kept)
    return (vectors * roots) @ vectors.T, (vectors * inverse) @ vectors.T


def frechet_permuted(a: Points, b: Points, rng: np.random.Generator, *, times: int = 40) -> Floats:
    """The value for random splits of the pooled points into two samples of the same sizes, shape (times,)."""
    both = np.concatenate([a, b]).astype(np.float64)
    both -= both.mean(0)
    total, whole = both.sum(0), both.T @ both
    n, m = len(a), len(b)
    found = np.empty(times)
    for i in range(times):
        some = both[rng.permutation(n + m)[:n]]
        mean, other = some.mean(0), (total - some.sum(0)) / m
        squares = some.T @ some
        first = squares / n - np.outer(mean, mean)
        second = (whole - squares) / m - np.outer(other, other)
        found[i] = _value(mean - other, first, second, _roots(first)[0])[0]
    return found
