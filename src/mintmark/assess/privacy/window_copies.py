"""Window copies: synthetic sequences that hold a piece of a train sequence, beside what chance gives."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
import numpy.typing as npt

from mintmark.assess.privacy._shares import clustered, newcombe, wilson, z_of
from mintmark.assess.privacy._window_distances import found
from mintmark.method import method
from mintmark.metric import Direction, Family, Metric, Score, Tables

__all__ = ["WindowCopies"]

Bools = npt.NDArray[np.bool_]
_NATURAL = 0.01


@method
class WindowCopies(Metric):
    """Share of synthetic sequences with a window that equals, or nearly equals, one of train's.

    The attacker knows nothing and reads the released sequences. Every window of train is compared. A
    window is a near copy where it lies so much nearer to train than to fresh sequences as the nearest
    window of hardly any fresh sequence does.
    """

    family: ClassVar[Family] = "privacy"
    direction: ClassVar[Direction] = "lower"
    of_sequences: ClassVar[bool] = True

    def _measure(self, tables: Tables, rng: np.random.Generator) -> list[Score]:
        seen = found(tables)
        threshold = float(np.quantile(seen.fresh, 1 - _NATURAL, method="higher"))
        window = f"{seen.steps} steps"
        return [
            *_scores(
                "exact", f"hold a window of {window} that equals one of train's in every value",
                seen.copied_exactly, seen.fresh_exactly, seen.unit["fresh_exactly"],
            ),
            *_scores(
                "near",
                f"hold a window of {window} that lies so much nearer to train than to other fresh sequences "
                f"(ratio of the distances) as those of {1 - _NATURAL:.0%} of holdout sequences do not",
                seen.copied > threshold, seen.fresh > threshold, seen.unit["fresh"],
            ),
        ]  # fmt: skip


def _scores(
    part: str, meaning: str, synthetic: Bools, holdout: Bools, unit: npt.NDArray[np.int64]
) -> list[Score]:
    rate, n, z = float(synthetic.mean()), len(synthetic), z_of()
    person = np.unique(unit, return_inverse=True)[1]
    natural, effective = clustered(np.bincount(person, weights=holdout), np.bincount(person))
    details = {
        "copies": int(synthetic.sum()),
        "natural_rate": natural,
        "private": {"synthetic_sequences": np.flatnonzero(synthetic)[:1000].tolist()},
    }
    source = "identical match share (Platzer and Reutterer 2021), for windows; Wilson (1927), Newcombe (1998)"
    chance = " beyond the share of holdout sequences that do"
    return [
        Score(
            metric=f"window_copies.{part}",
            family="privacy",
            estimate=rate,
            interval=wilson(rate, n, z),
            direction="lower",
            ceiling=natural,
            floor=1.0,
            n=n,
            variance="draw of the synthetic sequences (Wilson)",
            estimand="the share among all sequences that the same source could give",
            convention=f"share of synthetic sequences that {meaning}; ceiling: of holdout sequences; "
            "floor: a copy of train",
            source=source,
            details=details,
        ),
        Score(
            metric="window_copies.excess" if part == "exact" else f"window_copies.{part}_excess",
            family="privacy",
            estimate=rate - natural,
            interval=newcombe(rate, n, natural, effective, z),
            direction="lower",
            ceiling=0.0,
            floor=1 - natural,
            n=n,
            variance="draw of the synthetic sequences and of the holdout's, by person (Newcombe)",
            estimand="the excess among all sequences that the two sources could give",
            convention=f"share of synthetic sequences that {meaning},{chance}",
            source=source,
        ),
    ]
