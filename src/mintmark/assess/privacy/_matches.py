"""How often released rows match real ones, beside what chance gives: the rate and its excess.

The control is the same released rows against as many real rows that the synthesizer never met. So a
release whose mix is not that of train (more of a rare class, say) is not taken for one that copies:
its rows match either table more often, or less.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.special import gammaln

from mintmark.metric import Score
from mintmark.stats.shares import Interval, clustered, newcombe, wilson, z_of

__all__ = ["Matches", "scores"]

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
_SOURCE = (
    "identical match share of Platzer and Reutterer (2021), read on one release against two tables; "
    "intervals of Wilson (1927) and of paired differences, Newcombe (1998)"
)


@dataclass(frozen=True)
class Matches:
    """Matches of each released row.

    Parameters
    ----------
    known, other : array of int, shape (n,)
        Persons (or rows) that each released row matches, of the table in question and of the other one.
    sizes : (int, int)
        Persons (or rows) in either.
    unit : array of int, shape (n,)
        Rows that hang together: of one synthetic person, or alike.
    """

    known: Ints
    other: Ints
    sizes: tuple[int, int]
    unit: Ints

    @property
    def rate(self) -> float:
        """Share of released rows that match at least one of the table in question."""
        return float((self.known > 0).mean())

    @property
    def held(self) -> Interval:
        """Interval of the rate, over draws of the released rows."""
        share, n = self._clustered((self.known > 0).astype(np.float64))
        return wilson(share, n, z_of())

    def excess(self) -> tuple[float, Interval]:
        """Share of released rows that match beyond chance, -1..1, and its interval.

        Of either table as many persons are drawn as the smaller has. A row that matches one person
        of the table in question does so in as small a share of the draws as are drawn of its persons;
        the difference is divided by that share.
        """
        least, scale = min(self.sizes), self.sizes[0] / min(self.sizes)
        met = _met(self.known, self.sizes[0], least), _met(self.other, self.sizes[1], least)
        (known, n_known), (other, n_other) = self._clustered(met[0], scale), self._clustered(met[1])
        low, high = newcombe(known, n_known, other, n_other, z_of(), self._together(*met))
        found = np.clip(scale * np.array([known - other, low, high]), -1.0, 1.0)
        return float(found[0]), (float(found[1]), float(found[2]))

    def _sums(self, hits: Floats) -> Floats:
        """Of each unit."""
        unit = np.unique(self.unit, return_inverse=True)[1]
        return np.bincount(unit, weights=hits).astype(np.float64)

    def _clustered(self, hits: Floats, worth: float = 1.0) -> tuple[float, float]:
        """A share and how many independent trials it rests on, of which each row is worth so many."""
        share, n = clustered(worth * self._sums(hits), worth * self._sums(np.ones(len(hits))))
        return share, n if 0 < share < 1 else worth * n

    def _together(self, a: Floats, b: Floats) -> float:
        """Correlation of the errors of two shares of the same rows."""
        size = self._sums(np.ones(len(a)))
        x, y = (self._sums(hits) - hits.mean() * size for hits in (a, b))
        spread = float(np.sqrt((x @ x) * (y @ y)))
        return float(x @ y) / spread if spread > 0 else 0.0


def _met(found: Ints, size: int, drawn: int) -> Floats:
    """Chance that at least one of the `found` is among `drawn` of `size` (hypergeometric)."""
    if drawn == size:
        return (found > 0).astype(np.float64)
    rest = size - found
    none = gammaln(rest + 1) - gammaln(np.maximum(rest - drawn, 0) + 1)
    none -= gammaln(size + 1) - gammaln(size - drawn + 1)
    return np.where(rest < drawn, 1.0, 1 - np.exp(none))


def scores(
    part: str, meaning: str, found: Matches, floor: float, private: dict[str, Any], *, of: str
) -> list[Score]:
    """The rate and its excess, named ``copies.part`` and ``copies.part_excess``.

    Parameters
    ----------
    meaning : str
        "share of synthetic rows that ..."
    floor : float
        The rate of a copy of the table in question.
    of : "train" or "holdout"
        The table in question.
    """
    other = "train" if of == "holdout" else "holdout"
    excess, interval = found.excess()
    natural = float(np.clip(found.rate - excess, 0.0, 1.0))
    return [
        Score(
            metric=f"copies.{part}",
            family="privacy",
            estimate=found.rate,
            interval=found.held,
            direction="lower",
            ceiling=natural,
            floor=floor,
            n=len(found.known),
            variance="draw of the synthetic rows, those alike or of one person as one (Wilson)",
            estimand=f"the share among all rows that the synthesizer would make, {of} as it is",
            convention=f"{meaning}; ceiling: what is left of it without the excess",
            source=_SOURCE,
            details={"copies": int((found.known > 0).sum()), "natural_rate": natural, "private": private},
        ),
        Score(
            metric="copies.excess" if part == "exact" else f"copies.{part}_excess",
            family="privacy",
            estimate=excess,
            interval=interval,
            direction="lower",
            ceiling=0.0,
            floor=floor,
            n=len(found.known),
            variance=(
                f"draw of the synthetic rows and of who is in {of} and who in {other}, rows alike or of one "
                "person as one (Newcombe, paired)"
            ),
            estimand=f"what the release holds of {of} because it was {of}, as a share of the rows made",
            convention=(
                f"{meaning}, minus the share that does so of {other}; of either as many drawn as the smaller "
                f"has, the difference divided by the share drawn of {of}"
            ),
            source=_SOURCE,
        ),
    ]  # fmt: skip
