"""Kernel two-sample statistics: squared maximum mean discrepancy and energy distance.

Gretton, Borgwardt, Rasch, Schölkopf, Smola (2012), "A kernel two-sample test", JMLR 13, eq. 3. The
energy distance of Székely and Rizzo (2013) is the same with minus the distance as the kernel
(Sejdinovic et al. 2013).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

__all__ = ["Discrepancy", "discrepancy", "permuted", "squared_distances"]

Floats = npt.NDArray[np.float64]
Singles = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Discrepancy:
    """An unbiased estimate, and the influence of each row of both samples on it.

    Parameters
    ----------
    value : float
        0 on average where both samples have one distribution.
    biased : float, >= 0
        The V-statistic: pairs of a row with itself counted as well.
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


def discrepancy(aa: Singles, bb: Singles, ab: Singles) -> Discrepancy:
    """Squared maximum mean discrepancy of two samples, as a U-statistic.

    Parameters
    ----------
    aa, bb, ab : array, shape (n, n), (m, m), (n, m)
        Kernel within and between samples, with n, m >= 2; the diagonals are left out.
    """
    n, m = ab.shape
    # sums in double precision: the value is a small difference of large means
    own_a, own_b = np.diagonal(aa).astype(np.float64), np.diagonal(bb).astype(np.float64)
    within_a = (aa.sum(1, dtype=np.float64) - own_a) / (n - 1)
    within_b = (bb.sum(1, dtype=np.float64) - own_b) / (m - 1)
    across_a, across_b = ab.mean(1, dtype=np.float64), ab.mean(0, dtype=np.float64)
    between = float(across_a.mean())
    value = float(within_a.mean() + within_b.mean()) - 2 * between
    on_a, on_b = 2 * (within_a - across_a), 2 * (within_b - across_b)
    return Discrepancy(
        value=value,
        biased=value + float((own_a - within_a).mean() / n + (own_b - within_b).mean() / m),
        between=between,
        on_a=on_a - on_a.mean(),
        on_b=on_b - on_b.mean(),
        between_a=across_a - between,
        between_b=across_b - between,
    )


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
