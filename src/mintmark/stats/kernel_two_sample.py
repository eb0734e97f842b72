"""Kernel two-sample statistics: squared maximum mean discrepancy and energy distance.

Gretton, Borgwardt, Rasch, Schölkopf, Smola (2012), "A kernel two-sample test", JMLR 13, eq. 3. The
energy distance of Székely and Rizzo (2013) is the same with minus the distance as the kernel
(Sejdinovic et al. 2013).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from mintmark.stats.intervals import Z95

__all__ = ["Discrepancy", "discrepancy", "permuted", "squared_distances", "squared_interval"]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Singles = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Discrepancy:
    """An unbiased estimate, and the influence of each row of both samples on it.

    Parameters
    ----------
    value : float
        0 on average where both samples have one distribution.
    biased : float, >= 0
        The V-statistic: pairs of a person with itself counted as well.
    between : float
        Mean of the kernel over pairs of the two samples.
    on_a, on_b : array, shape (n,) and (m,)
        First order; they vanish as the distributions become the same.
    between_a, between_b : array
        The same for `between`.
    """

    value: float
    biased: float
    between: float
    on_a: Floats
    on_b: Floats
    between_a: Floats
    between_b: Floats


def squared_distances(a: Singles, b: Singles) -> Singles:
    """Squared Euclidean distances, shape (n, m), in single precision and not below 0."""
    left, right = (np.einsum("ij,ij->i", x, x) for x in (a, b))
    squares = a @ b.T
    squares *= -2
    squares += left[:, None]
    squares += right[None, :]
    np.maximum(squares, 0, out=squares)
    return squares


def discrepancy(
    aa: Singles, bb: Singles, ab: Singles, persons: tuple[Ints | None, Ints | None] = (None, None)
) -> Discrepancy:
    """Squared maximum mean discrepancy of two samples, as a U-statistic.

    Parameters
    ----------
    aa, bb, ab : array, shape (n, n), (m, m), (n, m)
        Kernel within and between samples, with n, m >= 2; pairs of one person are left out.
    persons : (array, array), shape (n,) and (m,), optional
        Whose rows those of the samples are, two persons at least; None where each is a person of its own.
    """
    # sums in double precision: the value is a small difference of large means
    (within_a, mean_a, all_a), (within_b, mean_b, all_b) = (
        _within(kernel, whose) for kernel, whose in zip((aa, bb), persons, strict=True)
    )
    across_a, across_b = ab.mean(1, dtype=np.float64), ab.mean(0, dtype=np.float64)
    between = float(across_a.mean())
    value = mean_a + mean_b - 2 * between
    on_a, on_b = 2 * (within_a - across_a), 2 * (within_b - across_b)
    return Discrepancy(
        value=value,
        biased=value + (all_a - mean_a) + (all_b - mean_b),
        between=between,
        on_a=on_a - on_a.mean(),
        on_b=on_b - on_b.mean(),
        between_a=across_a - between,
        between_b=across_b - between,
    )


def _within(kernel: Singles, persons: Ints | None) -> tuple[Floats, float, float]:
    """Each row's mean kernel with the rows of other persons, the mean over such pairs and over all."""
    total, n = kernel.sum(1, dtype=np.float64), len(kernel)
    if persons is None:
        own, size = np.diagonal(kernel).astype(np.float64), np.ones(n)
    else:
        same = persons[:, None] == persons
        own, size = (kernel * same).sum(1, dtype=np.float64), same.sum(1).astype(np.float64)
    others = total - own
    return others / (n - size), float(others.sum() / (n - size).sum()), float(total.mean() / n)


def permuted(aa: Singles, bb: Singles, ab: Singles, rng: np.random.Generator, *, times: int = 200) -> Floats:
    """The value for random splits of the pooled rows into two samples of the same sizes, shape (times,).

    Parameters
    ----------
    aa, bb, ab : as in `discrepancy`
    """
    n, m = ab.shape
    kernel = np.block([[aa, ab], [ab.T, bb]])
    np.fill_diagonal(kernel, 0)
    kernel -= np.float32(kernel.sum(dtype=np.float64) / (kernel.size - n - m))
    np.fill_diagonal(kernel, 0)  # centred, so that single precision is enough
    first = np.zeros((n + m, times), dtype=np.float32)
    for i in range(times):
        first[rng.permutation(n + m)[:n], i] = 1
    within = np.einsum("ij,ij->j", first, kernel @ first, dtype=np.float64)
    rows = kernel.sum(1, dtype=np.float64)
    of_first = rows @ first
    of_second = rows.sum() - of_first
    across = of_first - within
    found: Floats = within / (n * (n - 1)) + (of_second - across) / (m * (m - 1)) - 2 * across / (n * m)
    return found


def squared_interval(value: float, biased: float, variance: float, null: Floats) -> tuple[float, float]:
    """95 % interval of a squared distance, which is skewed near 0 and normal only far from it.

    The root is nearly normal with standard error s, and variance = 4 s² distance²: the ends (root
    -+ z s)² are written out. What is of second order, and all there is at 0, has no normal limit:
    its permutations stand in for it.

    Parameters
    ----------
    value : float
        Unbiased, so that it may be below 0.
    biased : float
        The same without what chance adds taken off.
    variance : float
        Of first order.
    null : array
        Values of random splits of the pooled points, 0 on average.
    """
    low, high = np.quantile(null, [0.025, 0.975])
    middle = Z95**2 * variance / (4 * biased) if biased > 0 else 0.0
    first = Z95 * variance**0.5
    return min(value, value + middle - float(np.hypot(first, high))), value + middle + float(
        np.hypot(first, low)
    )
