"""Distances between distributions: of samples (KS, Wasserstein) and of counts (TVD, JS, KL)."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

__all__ = [
    "jensen_shannon",
    "kolmogorov_smirnov",
    "kullback_leibler",
    "total_variation",
    "wasserstein",
]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


def kolmogorov_smirnov(a: Floats, b: Floats) -> tuple[float, float, float]:
    """Largest gap between two empirical distribution functions (two-sample Kolmogorov-Smirnov).

    Parameters
    ----------
    a, b : array, shape (n,) and (m,), ascending, at least one value each
        Infinite values are allowed: a caller may put missing values at +inf.

    Returns
    -------
    distance : float, 0..1
    at : float
        The value at which the gap is widest.
    sign : float
        +1 where the first function lies above the second there, else -1 (0 if they are equal).
    """
    gaps = []
    for points, _ in (_steps(a), _steps(b)):
        gap = _below(a, points) / len(a) - _below(b, points) / len(b)
        widest = int(np.argmax(np.abs(gap)))
        gaps.append((float(gap[widest]), float(points[widest])))
    gap_at, at = max(gaps, key=lambda item: abs(item[0]))
    return abs(gap_at), at, float(np.sign(gap_at))


def wasserstein(a: Floats, b: Floats) -> float:
    """Earth mover's distance of two samples on the line, in their own unit.

    The area between the distribution functions (Vallender 1974).

    Parameters
    ----------
    a, b : array, shape (n,) and (m,), ascending, finite, at least one value each
    """
    # two ascending runs: the stable sort merges them in one pass
    points, _ = _steps(np.sort(np.concatenate([a, b]), kind="stable"))
    gap = _below(a, points[:-1]) / len(a) - _below(b, points[:-1]) / len(b)
    return float(np.abs(gap) @ np.diff(points))


def _steps(ascending: Floats) -> tuple[Floats, Ints]:
    """Distinct values, and how many values are not above each."""
    last = np.flatnonzero(np.append(ascending[1:] != ascending[:-1], True))
    return ascending[last], last + 1


def _below(ascending: Floats, points: Floats) -> Ints:
    """How many values are not above each point: a search among the few distinct ones."""
    values, counts = _steps(ascending)
    below: Ints = np.concatenate([[0], counts])[np.searchsorted(values, points, "right")]
    return below


def total_variation(p: npt.ArrayLike, q: npt.ArrayLike) -> float:
    """Half the summed absolute difference of two sets of counts or shares, 0..1."""
    return float(0.5 * np.abs(_shares(p) - _shares(q)).sum())


def jensen_shannon(p: npt.ArrayLike, q: npt.ArrayLike) -> float:
    """Jensen-Shannon divergence in bits, 0..1; its square root is the Jensen-Shannon distance.

    Lin (1991), "Divergence measures based on the Shannon entropy", equation 4.1 with equal weights.
    """
    p, q = _shares(p), _shares(q)
    middle = (p + q) / 2
    return max(0.0, (_relative_entropy(p, middle) + _relative_entropy(q, middle)) / 2)


def kullback_leibler(p: npt.ArrayLike, q: npt.ArrayLike, *, add: float = 0.5) -> float:
    """Kullback-Leibler divergence of p from q in bits, with `add` added to every count.

    Parameters
    ----------
    p, q : array of counts, shape (k,)
    add : float, >= 0
        One half (Krichevsky-Trofimov) keeps the figure finite where q has an empty cell.
    """
    return _relative_entropy(
        _shares(np.asarray(p, dtype=np.float64) + add), _shares(np.asarray(q, dtype=np.float64) + add)
    )


def _shares(counts: npt.ArrayLike) -> Floats:
    values = np.asarray(counts, dtype=np.float64)
    shares: Floats = values / values.sum()
    return shares


def _relative_entropy(p: Floats, q: Floats) -> float:
    seen = p > 0
    with np.errstate(divide="ignore"):
        return float(p[seen] @ np.log2(p[seen] / q[seen]))
