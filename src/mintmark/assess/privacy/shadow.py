"""Shadow models: what an attacker finds who knows the method, its settings and nearly all of train.

The method is fitted again, with and without the most isolated persons. Two questions are asked of these
worlds. Record by record: do they tell whether a person was present (the model-seeded game of Meeus,
Guépin, Creţu, de Montjoye 2023, "Achilles' heels", ESORICS; Stadler, Oprisanu, Troncoso 2022, USENIX
Security)? And of the release itself: calibrated by them, who was in train (the likelihood ratio attack
of Carlini, Chien, Nasr, Song, Terzis, Tramèr 2022, S&P)?
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.special import stdtrit
from scipy.stats import rankdata

from mintmark.assess.privacy._roc import auc_interval, sensitivity
from mintmark.assess.privacy._rows import joint_rows
from mintmark.assess.privacy._worlds import MOST_ROWS, WORLDS, Worlds, worlds_of
from mintmark.method import method
from mintmark.metric import Metric, Score, Tables
from mintmark.stats.intervals import delong
from mintmark.stats.shares import Z95

__all__ = ["Shadow"]

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
_ALARMS, _FEWEST_FOR_TPR = 0.1, 40
_SHUFFLES = 2_000
_KNOWN = (
    f"the method with its settings, fitted {WORLDS} times more on train without its targets and with a "
    "random half of all targets, which are the most isolated persons of train and as many of the holdout"
)


@method
class Shadow(Metric):
    """Attack of one who can fit the method again: on the most isolated persons, by 16 refits.

    Scored only where it is named, ``assess(metrics=["shadow"], synthesizer=model)``, since it takes as
    long as 16 fits. Up to 50 persons of either table are attacked, and all rows of a person together.
    """

    family = "privacy"
    direction = "lower"
    on_request = True

    def _measure(self, tables: Tables, rng: np.random.Generator) -> list[Score]:
        worlds = worlds_of(tables, rng)
        part = f"; of the release {MOST_ROWS:,} rows are drawn" if len(tables.synthetic) > MOST_ROWS else ""
        ratio = likelihood_ratio(worlds.scores, worlds.inside, worlds.release)
        members, others = np.split(ratio, 2)
        return [
            _exposed(worlds, _first_rows(tables, worlds), rng),
            _area(members, others, part),
            _rate(members, others, part),
        ]


def world_areas(scores: Floats, inside: Bools) -> tuple[Floats, float]:
    """For each target the area under the curve of its worlds, and the variance of the mean over targets.

    A world moves the areas of all targets at once, so that worlds are the units of the variance: the
    sum over worlds of the squared influence of each, the mean over targets of DeLong's components.
    Targets are those attacked, no sample.

    Parameters
    ----------
    scores : array, shape (worlds, targets)
    inside : array of bool, shape (worlds, targets)
        In half of the worlds each target is present.

    Returns
    -------
    (areas, variance)
        Areas of shape (targets,), 0..1.
    """
    half = len(scores) // 2
    above = scores[:, None] > scores[None]
    above = above + 0.5 * (scores[:, None] == scores[None])  # (world, other world, target)
    against = inside[:, None] != inside[None]
    beaten = (above * against).sum(axis=1) / half
    placements = np.where(inside, beaten, 1 - beaten)
    areas = placements.mean(axis=0)
    influence = (placements - areas).mean(axis=1) / half
    return areas, float(influence @ influence) * half / (half - 1)


def worst_chance(scores: Floats, inside: Bools, rng: np.random.Generator) -> float:
    """Chance of so high an area of any one target, had nobody left a trace (Westfall and Young 1993).

    Each target's worlds are any half of them with the same chance: its scores are shuffled over worlds.
    """
    half = len(scores) // 2
    ranks = rankdata(scores, axis=0)
    highest = np.where(inside, ranks, 0.0).sum(axis=0).max()
    shuffled = rng.permuted(np.broadcast_to(ranks, (_SHUFFLES, *ranks.shape)), axis=1)
    chance = shuffled[:, :half].sum(axis=1).max(axis=1)
    return float((1 + (chance >= highest - 1e-9).sum()) / (1 + _SHUFFLES))


def likelihood_ratio(scores: Floats, inside: Bools, release: Floats) -> Floats:
    """Log ratio of the likelihoods of each target's score in the release: present against absent.

    Normal with the mean of the worlds with the target, or without it, and one variance for all
    (Carlini et al. 2022, section VI.B, where models are few). Where nobody leaves a trace, presence
    and absence may be swapped in all worlds, which turns every sign: no side has an advantage then, also
    where the targets of train are more isolated than those of the holdout.

    Parameters
    ----------
    scores, inside : array, shape (worlds, targets)
    release : array, shape (targets,)
    """
    half = len(scores) // 2
    present = np.where(inside, scores, 0.0).sum(axis=0) / half
    absent = np.where(inside, 0.0, scores).sum(axis=0) / half
    rest = scores - np.where(inside, present, absent)
    variance = max(float((rest**2).sum(axis=0).mean()) / (len(scores) - 2), 1e-12)
    ratio: Floats = ((release - absent) ** 2 - (release - present) ** 2) / (2 * variance)
    return ratio


def _first_rows(tables: Tables, worlds: Worlds) -> list[int]:
    """The first row of each target in its own table."""
    persons = joint_rows(tables).persons
    return [int(np.argmax(persons[role] == one)) for role, some in worlds.targets.items() for one in some]


def _exposed(worlds: Worlds, rows: list[int], rng: np.random.Generator) -> Score:
    areas, variance = world_areas(worlds.scores, worlds.inside)
    estimate = float(areas.mean())
    worst = {
        "auc": float(areas.max()),
        "p_value": worst_chance(worlds.scores, worlds.inside, rng),
        "tried": len(areas),
    }
    private: dict[str, Any] = {"table": ["train"] * worlds.each + ["holdout"] * worlds.each, "row": rows,
                               "auc": areas.tolist()}  # fmt: skip
    return Score(
        metric="shadow.exposed",
        family="privacy",
        estimate=estimate,
        interval=auc_interval(estimate, variance, WORLDS, float(stdtrit(WORLDS - 2, 0.975))),
        direction="lower",
        ceiling=0.5,
        floor=1.0,
        n=len(areas),
        variance="which worlds were drawn (DeLong with worlds as units, Student's t)",
        estimand="the same mean over all worlds that the method could make, for the same targets",
        convention=(
            "mean over targets of the area under the ROC curve of their closeness to the nearest synthetic "
            f"row, worlds with them against worlds without them; known: {_KNOWN}; 0.5 is a coin; floor: a "
            "method that copies train"
        ),
        source="after Meeus, Guépin, Creţu, de Montjoye (2023); Stadler et al. (2022)",
        details={"aucs": np.sort(areas)[::-1].tolist(), "worst": worst, "refits": WORLDS, "private": private},
    )


def _area(members: Floats, others: Floats, part: str) -> Score:
    area, variance = delong(members, others)
    return Score(
        metric="shadow.auc",
        family="privacy",
        estimate=area,
        interval=auc_interval(area, variance, len(others), Z95),
        direction="lower",
        ceiling=0.5,
        floor=1.0,
        n=len(others),
        variance="draw of the attacked members and non-members (DeLong)",
        estimand="the same area among all persons as isolated, of train and not, given these worlds",
        convention=(
            "area under the ROC curve of the likelihood ratio of closeness to the nearest row of the "
            f"release, {len(members)} members against {len(others)} non-members; known: {_KNOWN}{part}; "
            "0.5 is a coin; floor: a copy of train"
        ),
        source="Carlini et al. (2022); DeLong et al. (1988)",
    )


def _rate(members: Floats, others: Floats, part: str) -> Score:
    if len(others) < _FEWEST_FOR_TPR:
        reason = (
            f"{len(others)} held-out targets are too few to say what {_ALARMS:.0%} false alarms are; keep "
            f"{10 * _FEWEST_FOR_TPR} persons out of the training, and train on as many."
        )
        return Score(
            metric="shadow.tpr", family="privacy", direction="lower", status="not run", reason=reason
        )
    found, interval = sensitivity(members, others, _ALARMS, Z95)
    return Score(
        metric="shadow.tpr",
        family="privacy",
        estimate=found,
        interval=interval,
        direction="lower",
        ceiling=_ALARMS,
        floor=1.0,
        n=len(others),
        variance="draw of attacked members and non-members, so threshold included (Wilson, in squares)",
        estimand="the same share among all persons of train as isolated, at that share of all others",
        convention=(
            f"share of {len(members)} members found where 10 % of {len(others)} non-members are called "
            f"members, by the likelihood ratio; known: {_KNOWN}{part}; chance finds 10 %"
        ),
        source="Carlini et al. (2022)",
    )
