"""Whether rows said to be of a class lie where real rows of it do: a test by distance, and what is nearer."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from mintmark.stats.neighbours import Points, nearest, nearest_others

__all__ = ["conformal_p_values", "nearer", "real_rejected"]

Floats = npt.NDArray[np.float64]
_TIE = 1e-9  # what rounding does to alpha * (m + 1)


def conformal_p_values(new: Points, held_out: Points) -> Floats:
    """For each new row the chance that a real one would be as far from the held-out rows, shape (n,).

    p = (1 + #{held-out rows as far from the nearest other as the new row from the nearest}) / (m + 1) (Vovk,
    Gammerman, Shafer 2005, "Algorithmic learning in a random world", full conformal prediction). With the
    nearest neighbour as measure, leaving each held-out row out equals adding the new row to the rest of
    them: only a row that the new one is nearer to than any other would change, and then not below the
    new row's own distance. So p is at most alpha for a share alpha of real rows at most, over draws of the
    held-out rows; given these, the share varies about it.

    Parameters
    ----------
    new : Points
        Rows said to be of a class.
    held_out : Points
        Real rows of that class, at least two, of the same space, which must not be made from them; one of
        each person, since rows of one are no independent witnesses.
    """
    among = np.sort(nearest_others(held_out, 1)[0][:, 0])
    away = nearest(new, held_out)[:, 0]
    farther = len(among) - np.searchsorted(among, away, "left")
    return np.asarray((1 + farther) / (len(among) + 1))


def real_rejected(held_out: int, alpha: float) -> float:
    """Share of real rows that `conformal_p_values` puts at `alpha` or below, at most; 0: it rejects none.

    The p-values lie on a grid of 1 / (held_out + 1), so that 19 rows are the fewest at level 0.05.
    """
    return float(np.floor(alpha * (held_out + 1) + _TIE) / (held_out + 1))


def nearer(new: Points, others: Points, own: Points) -> npt.NDArray[np.bool_]:
    """Which new rows are nearer to one of `others` than to any of `own`, shape (n,).

    With `others` real rows of other classes that were hidden from the fit, after Hassanat, Tarawneh,
    Altarawneh, Almuhaimeed (2022, arXiv 2202.03579). The more rows are hidden, the nearer the nearest of
    them: the share means something only beside that of real rows, or of another method.
    """
    to_own, to_others = (nearest(new, rows)[:, 0] for rows in (own, others))
    return np.asarray(to_others < to_own)
