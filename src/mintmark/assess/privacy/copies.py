"""Copies: synthetic rows that equal, or nearly equal, a real row, beside what chance gives.

Fresh real rows equal train rows now and then, so the rate is read against that of the holdout
(identical match share and its holdout control; Platzer, Reutterer 2021, Frontiers in Big Data 4);
and the other way round for copies of holdout rows, which are real persons as well.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from mintmark.assess.privacy._rows import Rows, rows_of
from mintmark.assess.privacy._shares import clustered, newcombe, wilson, z_of
from mintmark.method import method
from mintmark.metric import Metric, Score, Tables

__all__ = ["Copies"]

Bools = npt.NDArray[np.bool_]
_MOST, _LEAST = 10_000, 1_000
_NATURAL = 0.01
_NEAR, _NEAR_FEWEST = 0.0025, 5  # holdout rows that agree as closely with train by chance
_SOURCE = "Platzer and Reutterer (2021); interval of Wilson (1927), of differences Newcombe (1998)"


@method
class Copies(Metric):
    """Share of synthetic rows that equal a train row, and of those that nearly do.

    The attacker knows nothing and reads the released rows. Every train row is compared; a sample of
    the synthetic rows is taken only for near copies, above 10,000 of them, and a smaller one of large
    tables. A near copy that any fresh person could be as well is not told from chance; `floor` says
    which share of a copy of train is.
    """

    family = "privacy"
    direction = "lower"

    def _measure(self, tables: Tables, rng: np.random.Generator) -> list[Score]:
        rows = rows_of(tables)
        train = rows.identities["train"]
        equal = {role: np.isin(rows.identities[role], train) for role in ("synthetic", "holdout")}
        near, threshold = _near(rows, rng)
        return [*_exact(rows, equal), *near, *_rare(rows, equal, threshold), *_held_out(rows)]


def _exact(rows: Rows, equal: dict[str, Bools]) -> list[Score]:
    where = np.flatnonzero(equal["synthetic"])
    meaning = f"share of synthetic rows that equal a train row in all {len(rows.scored)} scored columns"
    return _scores(
        "exact", meaning, equal["synthetic"], equal["holdout"], rows.persons["holdout"], 1.0, where
    )


def _held_out(rows: Rows) -> list[Score]:
    """Verbatim holdout rows: real persons that the synthesizer should never have met."""
    holdout = rows.identities["holdout"]
    equal = {role: np.isin(rows.identities[role], holdout) for role in ("synthetic", "train")}
    meaning = f"share of synthetic rows that equal a holdout row in all {len(rows.scored)} scored columns"
    where = np.flatnonzero(equal["synthetic"])
    return _scores(
        "holdout", meaning, equal["synthetic"], equal["train"], rows.persons["train"], 1.0, where, "train"
    )


def _rare(rows: Rows, equal: dict[str, Bools], threshold: float) -> list[Score]:
    """Exact copies of the few whom chance would not meet again: a share that hides in the average."""
    rare = {role: surprise > threshold for role, surprise in rows.surprise.items()}
    hit = {role: equal[role] & rare[role] for role in equal}
    meaning = (
        "share of synthetic rows that equal a train row so rare that agreeing with it is more surprising "
        f"than the best agreement of {1 - _NATURAL:.0%} of holdout rows"
    )
    floor, where = float(rare["train"].mean()), np.flatnonzero(hit["synthetic"])
    return _scores("rare", meaning, hit["synthetic"], hit["holdout"], rows.persons["holdout"], floor, where)


def _near(rows: Rows, rng: np.random.Generator) -> tuple[list[Score], float]:
    """The scores, and the agreement with train that 99 % of holdout rows stay below."""
    most = min(_MOST, max(_LEAST, rows.bounded("train"))) if rows.many else _MOST
    picked = {role: _some(len(rows.tables[role]), most, rng) for role in ("synthetic", "holdout")}
    surprise = {role: rows.agreement(rows.cells(role, some), "train") for role, some in picked.items()}
    few = max(_NEAR_FEWEST, round(_NEAR * len(surprise["holdout"])))
    beyond = float(np.sort(surprise["holdout"])[-min(few + 1, len(surprise["holdout"]))])
    copied = {role: found > beyond for role, found in surprise.items()}
    meaning = (
        "share of synthetic rows that agree with one train row (numbers within about 2 % of train's "
        f"ranks) more surprisingly than all but {few} of {len(surprise['holdout'])} holdout rows do; "
        "surprise is the sum over "
        "agreeing columns of minus the log share of train that agrees, so one changed column hides nothing"
        + (f"; {most:,} rows of either table drawn, compared with all of train" if rows.many else "")
    )
    person = rows.persons["holdout"][picked["holdout"]]
    where = picked["synthetic"][copied["synthetic"]]
    floor = float((rows.surprise["train"] > beyond).mean())
    scores = _scores("near", meaning, copied["synthetic"], copied["holdout"], person, floor, where)
    return scores, float(np.quantile(surprise["holdout"], 1 - _NATURAL, method="higher"))


def _some(n: int, most: int, rng: np.random.Generator) -> npt.NDArray[np.int64]:
    return np.arange(n) if n <= most else np.sort(rng.choice(n, most, replace=False))


def _scores(
    part: str,
    meaning: str,
    synthetic: Bools,
    control: Bools,
    person: npt.NDArray[np.int64],
    floor: float,
    where: npt.NDArray[np.int64],
    controls: str = "holdout",
) -> list[Score]:
    """The rate, and its excess over that of the real rows in `controls`, whose persons these are."""
    rate, n = float(synthetic.mean()), float(len(synthetic))
    natural, n_natural = clustered(np.bincount(person, weights=control), np.bincount(person))
    z = z_of()
    private = {"synthetic_rows": where[:1000].tolist()}
    details = {"copies": int(synthetic.sum()), "natural_rate": natural, "private": private}
    excess = f"share of synthetic rows minus share of {controls} rows that "
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
            estimand="the share among all rows that the synthesizer would make, train as it is",
            convention=f"{meaning}; ceiling: the same share of {controls} rows",
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
            variance=f"draw of the synthetic and of the {controls} rows, the latter by person (Newcombe)",
            estimand="that difference among all rows made and all fresh real rows",
            convention=excess + meaning.removeprefix("share of synthetic rows that "),
            source=_SOURCE,
        ),
    ]
