"""Window copies: synthetic sequences that hold a piece of a real sequence, beside what chance gives.

Chance is read off fresh real sequences: of the holdout for pieces of train, of train for pieces of the
holdout, whose sequences are of real people as well.
"""

from __future__ import annotations

from typing import ClassVar

import numpy as np
import numpy.typing as npt

from mintmark.assess._windows import windows
from mintmark.assess.privacy._window_distances import any_of, found
from mintmark.method import method
from mintmark.metric import Direction, Family, Metric, Score, Tables
from mintmark.stats.shares import clustered, newcombe, wilson, z_of

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
            *_held_out(tables),
        ]  # fmt: skip


def _held_out(tables: Tables) -> list[Score]:
    """Pieces of holdout sequences: of real persons that the synthesizer should never have met."""
    made = windows(tables)
    equal = {role: any_of(made[role], np.isin(made[role].same, made["holdout"].same)) for role in made}
    meaning = f"hold a window of {made['train'].steps} steps that equals one of the holdout's in every value"
    return _scores("holdout", meaning, equal["synthetic"], equal["train"], made["train"].unit, "train")


def _scores(
    part: str,
    meaning: str,
    synthetic: Bools,
    control: Bools,
    unit: npt.NDArray[np.int64],
    controls: str = "holdout",
) -> list[Score]:
    """The rate, and its excess over that of the real sequences in `controls`, whose persons these are."""
    rate, n, z = float(synthetic.mean()), len(synthetic), z_of()
    person = np.unique(unit, return_inverse=True)[1]
    natural, effective = clustered(np.bincount(person, weights=control), np.bincount(person))
    details = {
        "copies": int(synthetic.sum()),
        "natural_rate": natural,
        "private": {"synthetic_sequences": np.flatnonzero(synthetic)[:1000].tolist()},
    }
    source = "identical match share (Platzer and Reutterer 2021), for windows; Wilson (1927), Newcombe (1998)"
    chance = f" beyond the share of {controls} sequences that do"
    real = "holdout" if controls == "train" else "train"
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
            convention=f"share of synthetic sequences that {meaning}; ceiling: of {controls} "
            f"sequences; floor: a copy of {real}",
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
            variance=f"draw of the synthetic and of the {controls} sequences, by person (Newcombe)",
            estimand="the excess among all sequences that the two sources could give",
            convention=f"share of synthetic sequences that {meaning},{chance}",
            source=source,
        ),
    ]
