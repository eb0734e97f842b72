"""Mutual information of two columns from their table of counts."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

__all__ = ["normalised"]

Floats = npt.NDArray[np.float64]


def normalised(counts: npt.ArrayLike, draws: float | None = None) -> tuple[float, Floats]:
    """Normalised mutual information 2 I / (H_a + H_b) and how much a row of each cell moves it.

    The symmetric uncertainty of Press et al. (1988), Numerical Recipes, eq. 14.4.17. Entropies
    have (cells in use - 1) / 2n added (Miller 1955), so that it is near 0 for independent columns;
    it may fall a little below. Where so few rows are in a cell (below some five) that chance leaves
    many empty, it stays above 0.

    Parameters
    ----------
    counts : array, shape (a, b)
        Rows of each pair of codes.
    draws : float, optional
        Independent draws behind them where rows hang together; all rows if None.

    Returns
    -------
    value : float, 1 where each column tells all of the other; 0 where both are constant
    influence : array, shape (a, b)
        Of a row of that cell (without the correction, which hardly moves); 0 mean over the rows.
    """
    table = np.asarray(counts, dtype=np.float64)
    n = table.sum()
    joint, first, second = table / n, table.sum(1) / n, table.sum(0) / n
    surprise = [_surprise(part) for part in (joint, first, second)]
    plain = [float((p * s).sum()) for p, s in zip((joint, first, second), surprise, strict=True)]
    used = [(np.count_nonzero(part) - 1) / (2 * (draws or n)) for part in (joint, first, second)]
    both = plain[1] + plain[2] + used[1] + used[2]
    if both <= 0:
        return 0.0, np.zeros_like(table)
    shared = both - plain[0] - used[0]
    on_both = surprise[1][:, None] + surprise[2][None, :] - plain[1] - plain[2]
    on_shared = on_both - surprise[0] + plain[0]
    influence = 2 / both * (on_shared - shared / both * on_both)
    return 2 * shared / both, np.where(table > 0, influence, 0.0)


def _surprise(shares: Floats) -> Floats:
    """Minus the logarithm of each share, 0 where it is 0."""
    return -np.log(shares, out=np.zeros_like(shares), where=shares > 0)
