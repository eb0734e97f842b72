"""Copies of pictures: synthetic pictures that are, or nearly are, pictures of train.

A generator that learnt a picture by heart gives it back in another encoding, a little noisy, shifted or
mirrored. Fresh real pictures look like some of train's too, so that what counts is how much oftener the
released ones are near to train than to as many real pictures that the synthesizer never met.
"""

from __future__ import annotations

from typing import ClassVar

import numpy as np
import numpy.typing as npt

from mintmark.assess._image_neighbours import MOST, Neighbours, neighbours
from mintmark.assess._images import compared, each_column, pictures
from mintmark.method import method, name_of
from mintmark.metric import Direction, Family, Metric, Score, Tables
from mintmark.stats.shares import by_unit, clustered, paired, wilson, z_of

__all__ = ["ImageCopies", "beyond_chance"]

Ints = npt.NDArray[np.int64]
_DISTANCE = (
    "brightness at most 32 pixels a side, less its mean and in units of its deviation, at the best of nine "
    "shifts by a pixel and of mirroring"
)
_SOURCE = (
    "nearest-neighbour ratio of Carlini et al. (2023), with the held-out control of Platzer and Reutterer "
    "(2021); intervals of Wilson (1927) and Newcombe (1998)"
)


@method
class ImageCopies(Metric):
    """Share of synthetic pictures that equal, or nearly equal, one of train's, and its excess over chance.

    The attacker knows nothing and looks at the released pictures. Every picture of train is compared,
    decoded; above 4,000 synthetic pictures near copies are looked for among a sample.
    """

    family: ClassVar[Family] = "privacy"
    direction: ClassVar[Direction] = "lower"
    of_images: ClassVar[bool] = True

    def _measure(self, tables: Tables, rng: np.random.Generator) -> list[Score]:
        return each_column(tables, lambda name: self._of(tables, name))

    def _of(self, tables: Tables, column: str) -> list[Score]:
        tables.need_holdout()
        compared(tables, column)
        found = neighbours(tables, column)
        rows = pictures(tables, column, "synthetic").rows
        exact, near = found.equal["train"] > 0, found.near["train"] > 0
        return [
            self._rate("exact", "equal a picture of train in every pixel", exact, found.unit, rows),
            self._rate("near", _near(found, "train"), near, found.unit[found.asked], rows[found.asked]),
            self._excess("excess", found, "train"),
            self._excess("holdout_excess", found, "holdout"),
        ]

    def _rate(self, part: str, meaning: str, hit: npt.NDArray[np.bool_], unit: Ints, rows: Ints) -> Score:
        share, trials = clustered(*by_unit(hit, unit))
        return Score(
            metric=f"{name_of(type(self))}.{part}",
            family=self.family,
            direction=self.direction,
            estimate=share,
            interval=wilson(share, trials, z_of()),
            ceiling=0.0,
            floor=1.0,
            n=len(hit),
            variance="draw of the synthetic pictures, equal ones as one (Wilson)",
            estimand="the share among all pictures that the synthesizer would make, train as it is",
            convention=f"share of synthetic pictures that {meaning}; floor: a copy of train",
            source=_SOURCE,
            details={"copies": int(hit.sum()), "private": {"synthetic_rows": rows[hit][:1000].tolist()}},
        )

    def _excess(self, part: str, found: Neighbours, of: str) -> Score:
        other = "holdout" if of == "train" else "train"
        excess, interval = beyond_chance(found, of)
        return Score(
            metric=f"{name_of(type(self))}.{part}",
            family=self.family,
            direction=self.direction,
            estimate=excess,
            interval=interval,
            ceiling=0.0,
            floor=1.0,
            n=len(found.asked),
            variance=(
                f"draw of the synthetic pictures and of who is in {of} and who in {other}, equal pictures as "
                "one (Newcombe, paired)"
            ),
            estimand=f"what the release holds of {of} because it was {of}, as a share of the pictures made",
            convention=(
                f"share of synthetic pictures that {_near(found, of)}, minus the share that are so to "
                f"{other} instead; as many pictures of either, train in parts as large as the holdout, of "
                f"which all count; at most {MOST:,} synthetic pictures, drawn; floor: a copy of {of}"
            ),
            source=_SOURCE,
        )  # fmt: skip


def _near(found: Neighbours, of: str) -> str:
    other = "holdout" if of == "train" else "train"
    return (
        f"are less than {found.ratio:.2g} times as far from the nearest picture of {of} as from that of "
        f"{other}, which hardly a held-out picture is between two halves of train ({_DISTANCE})"
    )


def beyond_chance(found: Neighbours, of: str) -> tuple[float, tuple[float, float]]:
    """Share of synthetic pictures near to one table beyond those near to the other, and its interval."""
    other = "holdout" if of == "train" else "train"
    # the sum over parts has the same mean for either table where nobody was copied; a copy stands in one part
    return paired(found.near[of], found.near[other], found.unit[found.asked], z_of())
