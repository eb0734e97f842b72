"""Family copies: a parent and all its children that equal, or nearly equal, a real family.

The rate is read against that of fresh real families: of the holdout for copies of train, of train for
copies of the holdout, whose families are of real people as well.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from mintmark.assess._worst import worst_of
from mintmark.assess.privacy._families import closeness, contents, points
from mintmark.data.database import Database
from mintmark.method import method
from mintmark.metric import Direction, Family, Metric, NotRun, Score, Tables
from mintmark.stats.shares import newcombe, wilson, z_of

__all__ = ["FamilyCopies"]

Bools = npt.NDArray[np.bool_]
_NATURAL = 0.01
_FEWEST = 100


@method
class FamilyCopies(Metric):
    """Share of synthetic families that equal, or nearly equal, one of train's, of the worst root.

    A family is a root row and everything that belongs to it; keys are left out. The attacker knows
    nothing and reads the released rows; every family of train is compared, and for equal ones every
    family of the holdout.
    """

    family: ClassVar[Family] = "privacy"
    direction: ClassVar[Direction] = "lower"
    of_databases: ClassVar[bool] = True

    def _measure(self, tables: Tables, rng: np.random.Generator) -> list[Score]:
        tables.need_holdout()
        databases = tables.databases or {}
        by_root = {root: _of(databases, root, rng) for root in databases["train"].roots}
        return [
            worst_of({root: scores[i] for root, scores in by_root.items()}, "roots")
            for i in range(len(next(iter(by_root.values()))))
        ]


def _of(databases: Mapping[str, Database], root: str, rng: np.random.Generator) -> list[Score]:
    if min(len(data[root]) for data in databases.values()) < _FEWEST:
        raise NotRun(
            f"fewer than {_FEWEST} rows of {root!r} in a table: chance is not told from a leak. Give more."
        )
    held = contents(databases, root, rng)
    exact, held_out = (
        {role: np.isin(held[role], held[real]) for role in ("synthetic", control)}
        for real, control in (("train", "holdout"), ("holdout", "train"))
    )
    near, floor = _near(databases, root, rng)
    equal = "equal a family of {}: root row and all rows below, whatever the keys"
    return [
        *_scores("exact", equal.format("train"), exact, 1.0),
        *_scores(
            "near",
            "lie so much nearer to a family of train than to other fresh ones (ratio of the distances of "
            "root columns, numbers of children, their means, spreads and shares) as those of "
            f"{1 - _NATURAL:.0%} of holdout families do not",
            near, floor,
        ),
        *_scores("holdout", equal.format("the holdout"), held_out, 1.0, "train"),
    ]  # fmt: skip


def _near(
    databases: Mapping[str, Database], root: str, rng: np.random.Generator
) -> tuple[dict[str, Bools], float]:
    """Which families lie too near, and which share of a copy of train does.

    The holdout is halved; each half is judged against the other, synthetic families against either in
    turn, so that both meet as many fresh families.
    """
    placed = points(databases, root)
    halves = np.array_split(rng.permutation(len(placed["holdout"])), 2)
    ratios = {
        "holdout": np.empty(len(placed["holdout"])),
        "synthetic": np.empty(len(placed["synthetic"])),
        "train": np.empty(len(placed["train"])),
    }
    for i in (0, 1):
        others = placed["holdout"].take(halves[1 - i])
        for role, ratio in ratios.items():
            rows = halves[i] if role == "holdout" else np.arange(i, len(ratio), 2)
            ratio[rows] = closeness(placed[role].take(rows), placed["train"], others)
    threshold = float(np.quantile(ratios["holdout"], 1 - _NATURAL, method="higher"))
    beyond = {role: ratio > threshold for role, ratio in ratios.items()}
    return beyond, float(beyond.pop("train").mean())


def _scores(
    part: str, meaning: str, copied: Mapping[str, Bools], floor: float, controls: str = "holdout"
) -> list[Score]:
    """The rate, and its excess over that of the real families in `controls`."""
    synthetic, control = copied["synthetic"], copied[controls]
    rate, n, natural, fresh, z = synthetic.mean(), len(synthetic), float(control.mean()), len(control), z_of()
    real = "holdout" if controls == "train" else "train"
    source = (
        "identical match share (Platzer and Reutterer 2021), for families; Wilson (1927), Newcombe (1998)"
    )
    return [
        Score(
            metric=f"family_copies.{part}",
            family="privacy",
            estimate=float(rate),
            interval=wilson(float(rate), n, z),
            direction="lower",
            ceiling=natural,
            floor=floor,
            n=n,
            variance="draw of the synthetic families (Wilson)",
            estimand="the share among all families that the same source could give",
            convention=f"share of synthetic families that {meaning}; ceiling: of {controls} "
            f"families; floor: a copy of {real}",
            source=source,
            details={"private": {"synthetic_families": np.flatnonzero(synthetic)[:1000].tolist()}},
        ),
        Score(
            metric="family_copies.excess" if part == "exact" else f"family_copies.{part}_excess",
            family="privacy",
            estimate=float(rate) - natural,
            interval=newcombe(float(rate), n, natural, fresh, z),
            direction="lower",
            ceiling=0.0,
            floor=floor - natural,
            n=n,
            variance=f"draw of the synthetic and of the {controls} families (Newcombe)",
            estimand="the excess among all families that the two sources could give",
            convention=f"share of synthetic families that {meaning}, beyond the share of {controls} families",
            source=source,
        ),
    ]
