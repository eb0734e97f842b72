"""Which cells of a real table, such as its clusters, still occur among other rows: how many were kept.

The count of modes that a generator captured is how mode collapse is measured where modes are known
(Metz, Poole, Pfau, Sohl-Dickstein 2017, "Unrolled generative adversarial networks", ICLR; Srivastava et al.
2017, "VEEGAN", NeurIPS). Here they are found, and what chance alone leaves out is taken off.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

__all__ = ["FEWEST", "Kept", "clusters", "kept"]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
FEWEST = 15
"""Real rows of a cell of which a missing one can be told from chance, some thousand cells together."""
_LEAST = 0.25
"""A cell is lost where it has less than this share of the rows that it should have."""
_CORE = 5


@dataclass(frozen=True)
class Kept:
    """How many of a table's cells other rows hold.

    Parameters
    ----------
    share : float
        Of the judged cells, those kept.
    interval : (float, float)
        Of the share, 95 %, for the draw of the rows.
    cells : int
        Judged: `FEWEST` real rows or more, of as many persons.
    lost : array of int
        The judged cells without enough rows, largest first; some of them may be so by chance.
    """

    share: float
    interval: tuple[float, float]
    cells: int
    lost: Ints


def clusters(points: Floats, fewest: int) -> Ints:
    """The cluster of each row, -1 where it lies between them, shape (n,).

    Clusters of any form and density, as many as there are (HDBSCAN: Campello, Moulavi, Sander 2013).

    Parameters
    ----------
    points : array, shape (n, d)
    fewest : int, >= 2
        Rows of a cluster.
    """
    from sklearn.cluster import HDBSCAN

    found: Ints = HDBSCAN(min_cluster_size=fewest, min_samples=_CORE, copy=True).fit_predict(points)
    return found.astype(np.int64)


def kept(real: Ints, other: Ints, persons: Ints | None = None) -> Kept:
    """How many of the cells of real rows other rows hold as well.

    Parameters
    ----------
    real, other : array of int, shape (n,) and (m,)
        The cell of each row, -1 for none. The real rows are not those that the cells were found in.
    persons : array of int, shape (n,), optional
        Whose the real rows are; rows of one person in a cell are one draw.

    Returns
    -------
    Kept
        Of no cell, share 0, where no cell has enough real rows.
    """
    from scipy.stats import nbinom, poisson

    size = int(max(real.max(initial=-1), other.max(initial=-1))) + 1
    counts, found = (np.bincount(cell[cell >= 0], minlength=size) for cell in (real, other))
    draws = counts if persons is None else _persons(real, persons, size)
    judged = np.flatnonzero(draws >= FEWEST)
    if not len(judged):
        return Kept(0.0, (0.0, 1.0), 0, judged)
    wanted = counts[judged] * len(other) / len(real)
    lost = found[judged] < _LEAST * wanted
    # rows of a cell of the same law, given those of the real rows: negative binomial
    part = 1 / (1 + wanted / draws[judged])
    by_chance = nbinom.cdf(np.ceil(_LEAST * wanted) - 1, draws[judged] + 0.5, part).sum()
    few, many = poisson.ppf([0.025, 0.975], by_chance)
    share, low, high = (
        1 - max(0.0, float(lost.sum() - chance)) / len(judged) for chance in (by_chance, few, many)
    )
    order = np.argsort(-counts[judged[lost]], kind="stable")
    return Kept(share, (min(low, share), max(high, share)), len(judged), judged[lost][order])


def _persons(cells: Ints, persons: Ints, size: int) -> Ints:
    """Of how many persons the rows of each cell are."""
    pairs = np.unique(np.stack([cells, persons], axis=1)[cells >= 0], axis=0)
    return np.bincount(pairs[:, 0], minlength=size).astype(np.int64)
