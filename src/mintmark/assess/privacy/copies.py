"""Copies: synthetic rows that equal, or nearly equal, a train row, beside what chance gives.

Fresh real rows equal train rows now and then, so the rate is read against that of the holdout
(identical match share and its holdout control; Platzer, Reutterer 2021, Frontiers in Big Data 4).
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from mintmark.assess.privacy._rows import Rows, rows_of
from mintmark.assess.privacy._shares import clustered, newcombe, wilson, z_of
from mintmark.method import method
from mintmark.metric import Metric, Score, Tables
from mintmark.stats.neighbours import agreement

__all__ = ["Copies"]

Bools = npt.NDArray[np.bool_]
_MOST = 10_000
_NATURAL = 0.01
_SOURCE = "Platzer and Reutterer (2021); interval of Wilson (1927), of differences Newcombe (1998)"


@method
class Copies(Metric):
    """Share of synthetic rows that equal a train row, and of those that nearly do.

    The attacker knows nothing and reads the released rows. Every train row is compared; a sample of
    the synthetic rows is taken only for near copies, above 10,000 of them. A near copy that any fresh
    person could be as well is not told from chance; `floor` says which share of a copy of train is.
    """

    family = "privacy"
    direction = "lower"

    def _measure(self, tables: Tables, rng: np.random.Generator) -> list[Score]:
        rows = rows_of(tables)
        train = rows.identities["train"]
        equal = {role: np.isin(rows.identities[role], train) for role in ("synthetic", "holdout")}
        near, threshold = _near(rows, rng)
        return [*_exact(rows, equal), *near, *_rare(rows, equal, threshold)]


def _exact(rows: Rows, equal: dict[str, Bools]) -> list[Score]:
    where = np.flatnonzero(equal["synthetic"])
    meaning = f"share of synthetic rows that equal a train row in all {len(rows.scored)} scored columns"
    return _scores(
        "exact", meaning, equal["synthetic"], equal["holdout"], rows.persons["holdout"], 1.0, where
    )


def _rare(rows: Rows, equal: dict[str, Bools], threshold: float) -> list[Score]:
    """Exact copies of the few whom chance would not meet again: a share that hides in the average."""
    rare = {role: points.surprise > threshold for role, points in rows.points.items()}
    hit = {role: equal[role] & rare[role] for role in equal}
    meaning = (
        "share of synthetic rows that equal a train row so rare that agreeing with it is more surprising "
        f"than the best agreement of {1 - _NATURAL:.0%} of holdout rows"
    )
    floor, where = float(rare["train"].mean()), np.flatnonzero(hit["synthetic"])
    return _scores("rare", meaning, hit["synthetic"], hit["holdout"], rows.persons["holdout"], floor, where)


def _near(rows: Rows, rng: np.random.Generator) -> tuple[list[Score], float]:
    """The scores, and the surprise that 99 % of holdout rows stay below."""
    train = rows.points["train"]
    picked = {role: _some(len(rows.points[role]), rng) for role in ("synthetic", "holdout")}
    surprise = {role: agreement(rows.points[role].take(some), train) for role, some in picked.items()}
    threshold = float(np.quantile(surprise["holdout"], 1 - _NATURAL, method="higher"))
    copied = {role: found > threshold for role, found in surprise.items()}
    meaning = (
        "share of synthetic rows that agree with one train row (numbers within about 2 % of train's "
        f"ranks) more surprisingly than {1 - _NATURAL:.0%} of holdout rows do; surprise is the sum over "
        "agreeing columns of minus the log share of train that agrees, so one changed column hides nothing"
    )
    person = rows.persons["holdout"][picked["holdout"]]
    where = picked["synthetic"][copied["synthetic"]]
    floor = float((train.surprise > threshold).mean())
    scores = _scores("near", meaning, copied["synthetic"], copied["holdout"], person, floor, where)
    return scores, threshold


def _some(n: int, rng: np.random.Generator) -> npt.NDArray[np.int64]:
    return np.arange(n) if n <= _MOST else np.sort(rng.choice(n, _MOST, replace=False))


def _scores(
    part: str,
    meaning: str,
    synthetic: Bools,
    holdout: Bools,
    person: npt.NDArray[np.int64],
    floor: float,
    where: npt.NDArray[np.int64],
) -> list[Score]:
    rate, n = float(synthetic.mean()), float(len(synthetic))
    natural, n_natural = clustered(np.bincount(person, weights=holdout), np.bincount(person))
    z = z_of()
    private = {"synthetic_rows": where[:1000].tolist()}
    details = {"copies": int(synthetic.sum()), "natural_rate": natural, "private": private}
    excess = "share of synthetic rows minus share of holdout rows that "
    return [
        Score(
            metric=f"copies.{part}",
            family="privacy",
            estimate=rate,
            interval=wilson(rate, n, z),
            direction="lower",
            ceiling=natural,
            floor=floor,
            n=len(synthetic),
            variance="draw of the synthetic rows (Wilson)",
            convention=f"{meaning}; ceiling: the same share of holdout rows",
            source=_SOURCE,
            details={**details, "natural_interval": wilson(natural, n_natural, z)},
        ),
        Score(
            metric="copies.excess" if part == "exact" else f"copies.{part}_excess",
            family="privacy",
            estimate=rate - natural,
            interval=newcombe(rate, n, natural, n_natural, z),
            direction="lower",
            ceiling=0.0,
            floor=floor - natural,
            n=len(synthetic),
            variance="draw of the synthetic and of the holdout rows, the latter by person (Newcombe)",
            convention=excess + meaning.removeprefix("share of synthetic rows that "),
            source=_SOURCE,
        ),
    ]
