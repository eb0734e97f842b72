"""Membership inference: can an attacker tell who was in train? Calibrated on the holdout.

The attacker holds the full record of a person, other real records of the same population, and the
released rows, and guesses "member" where the record fits the released rows better than it fits
the population (van Breugel, Sun, Qian, van der Schaar 2023, DOMIAS, AISTATS, eq. 3, with
neighbour distances as densities; calibration after Carlini et al. 2022, S&P). The holdout is
halved by person and the halves swap roles, so that every person is once a non-member and once the
population, never both at once.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import reduce
from typing import Any

import numpy as np
import numpy.typing as npt

from mintmark.assess import _large
from mintmark.assess.privacy._roc import SWAPPED, auc_interval, sensitivity
from mintmark.assess.privacy._rows import Rows, joint_rows, worst_row
from mintmark.method import method
from mintmark.metric import Metric, NotRun, Score, Tables
from mintmark.stats.intervals import delong
from mintmark.stats.neighbours import Points
from mintmark.stats.shares import z_of

__all__ = ["Membership"]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
_MOST = 6_000  # persons on either side: a standard error of 0.005 of the area at chance
_FEWEST = 100
_FEWEST_FOR_1_PERCENT, _FEWEST_FOR_1_PER_MILLE = 500, 5_000
_DIGITS = 5
_TINY = 1e-6
_SOURCE = "van Breugel et al. (2023); Carlini et al. (2022); DeLong et al. (1988)"
_MEANS = {
    "ratio_1": "log ratio of the distances to the nearest reference and the nearest synthetic row",
    "ratio_3": "the same with the mean of the three nearest",
    "distance": "closeness to the nearest synthetic row alone",
    "agreement": "agreement with a synthetic row, less that with a reference row",
    "learned": "boosted trees on these figures, learnt on one half of the persons, tried on the other",
}


@method
class Membership(Metric):
    """Area under the curve and true positives at few false alarms of the worst of five attacks.

    As many members as non-members are attacked, at most 6,000 persons each; they are compared with
    every synthetic row; fewer in large tables. A person with several rows counts once, by the row that
    gives most away.
    """

    family = "privacy"
    direction = "lower"

    def _measure(self, tables: Tables, rng: np.random.Generator) -> list[Score]:
        rows = joint_rows(tables)
        figures = _attacked(rows, _drawn(rows, rng))
        seed = int(rng.integers(2**31))
        for one, other in (figures, figures[::-1]):
            one.learn_from(other, seed)
        positive, negative = (
            {name: np.concatenate([getattr(one, side)(name) for one in figures]) for name in _MEANS}
            for side in ("inside", "outside")
        )
        known = np.isin(rows.identities["holdout"], rows.identities["train"])
        natural = float(worst_row(known.astype(float), rows.persons["holdout"]).mean())
        share = len(next(iter(positive.values()))) / (int(rows.persons["train"].max()) + 1)
        scores = [_area(positive, negative, natural, share), *_rates(positive, negative, natural, share)]
        return [_telling(score) for score in scores] if rows.many else scores


def _telling(score: Score) -> Score:
    """The score, whose convention says that large tables have only some persons attacked."""
    return replace(
        score,
        convention=score.convention
        + f"; above {_large.LARGE:,} rows at most {score.n:,} persons of either table are drawn, and no "
        "synthetic row is left out",
    )


Round = tuple[Ints, Ints, Ints]
"""Rows of the members (of train), of the non-members and of the population (of holdout)."""


def _drawn(rows: Rows, rng: np.random.Generator) -> list[Round]:
    """Two rounds, in which the halves of the holdout swap roles; no person is attacked twice."""
    person = {role: rows.persons[role] for role in ("train", "holdout")}
    in_holdout, in_train = (int(person[role].max()) + 1 for role in ("holdout", "train"))
    each = min(in_holdout // 2, in_train // 2, _MOST // 2)
    if rows.many:
        each = min(each, max(_FEWEST_FOR_1_PERCENT // 2, rows.bounded("synthetic", 2)))
    if 2 * each < _FEWEST:
        raise NotRun(
            f"{in_train} persons in train and {in_holdout} in holdout are too few to tell chance from a "
            f"leak. Keep {_FEWEST} persons out of the training, and train on as many."
        )
    halves = np.array_split(rng.permutation(in_holdout), 2)
    members = rng.permutation(in_train)[: 2 * each].reshape(2, each)
    return [
        (
            np.flatnonzero(np.isin(person["train"], members[i])),
            np.flatnonzero(np.isin(person["holdout"], halves[i][:each])),
            np.flatnonzero(np.isin(person["holdout"], halves[1 - i])),
        )
        for i in (0, 1)
    ]


@dataclass
class _Figures:
    """Figures of one round's rows under each attack, members first; higher says member."""

    scores: dict[str, Floats]
    person: Ints
    members: int

    def inside(self, attack: str) -> Floats:
        """The highest score of each member."""
        return worst_row(self.scores[attack][: self.members], self.person[: self.members])

    def outside(self, attack: str) -> Floats:
        """The highest score of each non-member."""
        return worst_row(self.scores[attack][self.members :], self.person[self.members :])

    def learn_from(self, other: _Figures, seed: int) -> None:
        """Score these rows by what tells members apart in the other round."""
        import lightgbm

        names = [name for name in _MEANS if name != "learned"]
        settings: dict[str, Any] = {
            "objective": "binary", "num_leaves": 7, "learning_rate": 0.1, "min_data_in_leaf": 30,
            "num_threads": 1, "deterministic": True, "force_row_wise": True, "seed": seed, "verbosity": -1,
        }  # fmt: skip
        # closer to the released rows may only speak for a member: an attacker does not bet on the reverse
        settings["monotone_constraints"] = [1] * len(names)
        x = np.stack([other.scores[name] for name in names], axis=1)
        label = (np.arange(len(x)) < other.members).astype(float)
        model = lightgbm.train(
            settings, lightgbm.Dataset(x, label=label, params=settings), num_boost_round=40
        )
        mine = np.stack([self.scores[name] for name in names], axis=1)
        self.scores["learned"] = np.asarray(model.predict(mine, raw_score=True))


def _attacked(rows: Rows, rounds: list[Round]) -> list[_Figures]:
    """The synthetic rows are searched once, for the targets of both rounds."""
    sides = [(role, some) for one in rounds for role, some in zip(("train", "holdout"), one[:2], strict=True)]
    every = reduce(Points.joined, (rows.at(role, some) for role, some in sides))
    near, agreed = rows.nearest(every, "synthetic", 3), rows.agreement(every, "synthetic")
    figures, start = [], 0
    for members, strangers, population in rounds:
        part = np.arange(start, start + len(members) + len(strangers))
        scores = _attacks(rows, every.take(part), near[part], agreed[part], population)
        person = np.concatenate([rows.persons["train"][members], rows.persons["holdout"][strangers]])
        figures.append(_Figures(scores, person, len(members)))
        start += len(part)
    return figures


def _attacks(
    rows: Rows, targets: Points, near: Floats, agreed: Floats, population: Ints
) -> dict[str, Floats]:
    """Score of each target row under each attack; higher says member."""
    far = rows.nearest(targets, "holdout", 3, among=population)
    # digits beyond what the search promises are noise, and noise may tell train from holdout
    near, far = (np.round(_filled(found), _DIGITS) + _TINY for found in (near, far))
    return {
        "ratio_1": np.log(far[:, 0]) - np.log(near[:, 0]),
        "ratio_3": np.log(far.mean(axis=1)) - np.log(near.mean(axis=1)),
        "distance": -near[:, 0],
        "agreement": agreed - rows.agreement(targets, "holdout", population),
    }


def _filled(distances: Floats) -> Floats:
    """With fewer than three rows to search the farthest found stands for the rest."""
    found = np.where(np.isfinite(distances), distances, -np.inf)
    return np.where(np.isfinite(distances), distances, found.max(axis=1, keepdims=True))


def _area(positive: dict[str, Floats], negative: dict[str, Floats], natural: float, share: float) -> Score:
    z, n = z_of(len(positive)), len(next(iter(negative.values())))
    areas = {name: delong(positive[name], negative[name], factors=(1 - share, SWAPPED)) for name in positive}
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
            "non-members, the halves of the holdout being non-members and population by turns; 0.5 is a "
            "coin; each interval holds at level 1 - 0.05 / attacks (Bonferroni), so "
            "that choosing the worst is covered; floor: finding who equals a row of a copy of train"
        ),
        estimand="the same area among all persons of train and all persons it might have held instead",
        source=_SOURCE,
        details={
            "attack": worst,
            "attacks": {
                name: {"auc": areas[name][0], "interval": intervals[name], "meaning": _MEANS[name]}
                for name in areas
            },
        },
    )


def _rates(
    positive: dict[str, Floats], negative: dict[str, Floats], natural: float, share: float
) -> list[Score]:
    n = len(next(iter(negative.values())))
    rates = []
    for name, alarms, fewest in (
        ("membership.tpr01", 0.001, _FEWEST_FOR_1_PER_MILLE),
        ("membership.tpr", 0.01, _FEWEST_FOR_1_PERCENT),
    ):
        if n >= fewest:
            rates.append(_rate(name, alarms, positive, negative, natural, share))
            continue
        reason = (
            f"{n} persons are too few to say what {alarms:.1%} false alarms are; {fewest} are needed in "
            "holdout and in train."
        )
        rates.append(Score(metric=name, family="privacy", direction="lower", status="not run", reason=reason))
    return [*rates, _rate("membership.tpr10", 0.1, positive, negative, natural, share)]


def _rate(
    name: str,
    alarms: float,
    positive: dict[str, Floats],
    negative: dict[str, Floats],
    natural: float,
    share: float,
) -> Score:
    z = z_of(len(positive))
    found = {
        attack: sensitivity(positive[attack], negative[attack], alarms, z, share=share) for attack in positive
    }
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
            f"share of members found where {100 * alarms:g} % of non-members are called members, by the "
            f"worst of {len(found)} attacks; ties at the threshold are drawn; chance finds "
            f"{100 * alarms:g} %; "
            "intervals hold for all attacks at once (Bonferroni)"
        ),
        estimand="the same share among all persons of train, at that share of all others",
        source=_SOURCE,
        details={
            "attack": worst,
            "attacks": {attack: {"tpr": tpr, "interval": both} for attack, (tpr, both) in found.items()},
        },
    )
