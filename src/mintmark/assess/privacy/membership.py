"""Membership inference: can an attacker tell who was in train? Calibrated on the holdout.

The attacker holds the full record of a person, other real records of the same population, and the
released rows, and guesses "member" where the record fits the released rows better than it fits
the population (van Breugel, Sun, Qian, van der Schaar 2023, DOMIAS, AISTATS, eq. 3, with
neighbour distances as densities; calibration after Carlini et al. 2022, S&P). The holdout is
split by person: one part are the non-members, the other is the population; nobody is both.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from mintmark.assess.privacy._roc import auc_interval, sensitivity
from mintmark.assess.privacy._rows import Rows, rows_of
from mintmark.assess.privacy._shares import z_of
from mintmark.method import method
from mintmark.metric import Metric, NotRun, Score, Tables
from mintmark.stats.intervals import delong
from mintmark.stats.neighbours import Points, agreement, nearest

__all__ = ["Membership"]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
_MOST = 4_000  # persons on either side: a standard error of 0.0065 of the area at chance
_FEWEST = 50
_FEWEST_FOR_1_PERCENT = 500
_DIGITS = 5
_TINY = 1e-6
_SOURCE = "van Breugel et al. (2023); Carlini et al. (2022); DeLong et al. (1988)"
_MEANS = {
    "ratio_1": "log ratio of the distances to the nearest reference and the nearest synthetic row",
    "ratio_3": "the same with the mean of the three nearest",
    "distance": "closeness to the nearest synthetic row alone",
    "agreement": "agreement with a synthetic row, less that with a reference row",
}


@method
class Membership(Metric):
    """Area under the curve and true positives at few false alarms of the worst of four attacks.

    As many members as non-members are attacked, at most 4,000 persons each; they are compared with
    every synthetic row. A person with several rows counts once, by the row that gives most away.
    """

    family = "privacy"
    direction = "lower"

    def _measure(self, tables: Tables, rng: np.random.Generator) -> list[Score]:
        rows = rows_of(tables)
        members, strangers, population = _drawn(rows, rng)
        population_points = rows.points["holdout"].take(population)
        released = rows.points["synthetic"]
        inside = _attacks(rows.points["train"].take(members), population_points, released)
        outside = _attacks(rows.points["holdout"].take(strangers), population_points, released)
        positive = {name: _worst_row(s, rows.persons["train"][members]) for name, s in inside.items()}
        negative = {name: _worst_row(s, rows.persons["holdout"][strangers]) for name, s in outside.items()}
        known = np.isin(rows.identities["holdout"][strangers], rows.identities["train"])
        natural = float(_worst_row(known.astype(float), rows.persons["holdout"][strangers]).mean())
        return [_area(positive, negative, natural), *_rates(positive, negative, natural)]


def _drawn(rows: Rows, rng: np.random.Generator) -> tuple[Ints, Ints, Ints]:
    """Rows of the members (of train), of the non-members and of the population (of holdout)."""
    person = {role: rows.persons[role] for role in ("train", "holdout")}
    in_holdout, in_train = (int(person[role].max()) + 1 for role in ("holdout", "train"))
    each = min(in_holdout // 2, in_train, _MOST)
    if each < _FEWEST:
        raise NotRun(
            f"{in_train} persons in train and {in_holdout} in holdout are too few: {_FEWEST} members, as "
            f"many non-members and a population apart from them are needed. Keep {2 * _FEWEST} persons out."
        )
    shuffled = rng.permutation(in_holdout)
    chosen = rng.permutation(in_train)[:each]
    return (
        np.flatnonzero(np.isin(person["train"], chosen)),
        np.flatnonzero(np.isin(person["holdout"], shuffled[:each])),
        np.flatnonzero(np.isin(person["holdout"], shuffled[each:])),
    )


def _attacks(targets: Points, population: Points, released: Points) -> dict[str, Floats]:
    """Score of each target row under each attack; higher says member."""
    near, far = nearest(targets, released, 3), nearest(targets, population, 3)
    # digits beyond what the search promises are noise, and noise may tell train from holdout
    near, far = (np.round(_filled(found), _DIGITS) + _TINY for found in (near, far))
    return {
        "ratio_1": np.log(far[:, 0]) - np.log(near[:, 0]),
        "ratio_3": np.log(far.mean(axis=1)) - np.log(near.mean(axis=1)),
        "distance": -near[:, 0],
        "agreement": agreement(targets, released) - agreement(targets, population),
    }


def _filled(distances: Floats) -> Floats:
    """With fewer than three rows to search the farthest found stands for the rest."""
    found = np.where(np.isfinite(distances), distances, -np.inf)
    return np.where(np.isfinite(distances), distances, found.max(axis=1, keepdims=True))


def _worst_row(scores: Floats, person: Ints) -> Floats:
    """The highest score of each person."""
    owner = np.unique(person, return_inverse=True)[1]
    worst = np.full(int(owner.max()) + 1, -np.inf)
    np.maximum.at(worst, owner, scores)
    return worst


def _area(positive: dict[str, Floats], negative: dict[str, Floats], natural: float) -> Score:
    z, n = z_of(len(positive)), len(next(iter(negative.values())))
    areas = {name: delong(positive[name], negative[name]) for name in positive}
    intervals = {name: auc_interval(area, variance, n, z) for name, (area, variance) in areas.items()}
    worst = max(areas, key=lambda name: areas[name][0])
    return Score(
        metric="membership.auc",
        family="privacy",
        estimate=areas[worst][0],
        interval=intervals[worst],
        direction="lower",
        ceiling=0.5,
        floor=1 - natural / 2,
        n=n,
        variance="draw of the attacked members and non-members (DeLong, at once for all attacks)",
        convention=(
            f"area under the ROC curve of the worst of {len(areas)} attacks on {n} members and as many "
            "non-members; 0.5 is a coin; each interval holds at level 1 - 0.05 / attacks (Bonferroni), so "
            "that choosing the worst is covered; floor: finding who equals a row of a copy of train"
        ),
        source=_SOURCE,
        details={
            "attack": worst,
            "attacks": {
                name: {"auc": areas[name][0], "interval": intervals[name], "meaning": _MEANS[name]}
                for name in areas
            },
        },
    )


def _rates(positive: dict[str, Floats], negative: dict[str, Floats], natural: float) -> list[Score]:
    n = len(next(iter(negative.values())))
    if n >= _FEWEST_FOR_1_PERCENT:
        return [_rate("membership.tpr", 0.01, positive, negative, natural)]
    reason = (
        f"{n} non-members are too few to say what 1 % false alarms are; {_FEWEST_FOR_1_PERCENT} are needed, "
        f"so a holdout of {2 * _FEWEST_FOR_1_PERCENT} persons. See membership.tpr10."
    )
    return [
        Score(metric="membership.tpr", family="privacy", direction="lower", status="not run", reason=reason),
        _rate("membership.tpr10", 0.1, positive, negative, natural),
    ]


def _rate(
    name: str,
    alarms: float,
    positive: dict[str, Floats],
    negative: dict[str, Floats],
    natural: float,
) -> Score:
    z = z_of(len(positive))
    found = {attack: sensitivity(positive[attack], negative[attack], alarms, z) for attack in positive}
    worst = max(found, key=lambda attack: found[attack][0])
    n = len(negative[worst])
    return Score(
        metric=name,
        family="privacy",
        estimate=found[worst][0],
        interval=found[worst][1],
        direction="lower",
        ceiling=alarms,
        floor=1.0 if natural <= alarms else alarms / natural,
        n=n,
        variance="draw of attacked members and non-members, so threshold included (Wilson, in squares)",
        convention=(
            f"share of members found where {alarms:.0%} of non-members are called members, by the worst "
            f"of {len(found)} attacks; ties at the threshold are drawn; chance finds {alarms:.0%}; "
            "intervals hold for all attacks at once (Bonferroni)"
        ),
        source=_SOURCE,
        details={
            "attack": worst,
            "attacks": {attack: {"tpr": tpr, "interval": both} for attack, (tpr, both) in found.items()},
        },
    )
