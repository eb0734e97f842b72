"""Sequence membership: can an attacker tell whose sequence was in train? Calibrated on the holdout.

The attacker holds a whole sequence, other real sequences of the same population and the released
ones, and guesses "member" where windows of the sequence fit the released ones better than they fit
the population (after van Breugel et al. 2023, DOMIAS; Carlini et al. 2022). The holdout's halves
swap roles, so that every sequence of it is attacked once and is population once.
"""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from mintmark.assess.privacy._roc import SWAPPED, auc_interval, sensitivity
from mintmark.assess.privacy._rows import worst_row
from mintmark.assess.privacy._window_distances import found
from mintmark.method import method, name_of
from mintmark.metric import Direction, Family, Metric, NotRun, Score, Tables
from mintmark.stats.intervals import delong
from mintmark.stats.shares import z_of

__all__ = ["SequenceMembership"]

Floats = npt.NDArray[np.float64]
_FEWEST = 50
_FEWEST_FOR = {0.1: 50, 0.01: 500}
_SOURCE = "van Breugel et al. (2023); Carlini et al. (2022); DeLong et al. (1988)"


@method
class SequenceMembership(Metric):
    """Area under the curve and true positives at few false alarms of the worst of three attacks.

    A person of several sequences counts once, by the sequence that gives most away.
    """

    family: ClassVar[Family] = "privacy"
    direction: ClassVar[Direction] = "lower"
    of_sequences: ClassVar[bool] = True

    def _measure(self, tables: Tables, rng: np.random.Generator) -> list[Score]:
        seen = found(tables)
        positive = {name: worst_row(found, seen.unit["inside"]) for name, found in seen.inside.items()}
        negative = {name: worst_row(found, seen.unit["outside"]) for name, found in seen.outside.items()}
        n = min(len(next(iter(side.values()))) for side in (positive, negative))
        if n < _FEWEST:
            raise NotRun(f"{n} persons in train or holdout are too few: {_FEWEST} of each are needed.")
        name, alarms = name_of(type(self)), 0.01 if n >= _FEWEST_FOR[0.01] else 0.1
        scores = [_score(f"{name}.auc", positive, negative, _area, 0.5, _AREA)]
        if alarms == 0.1:
            reason = f"{n} persons are too few to say what 1 % false alarms are. See {name}.tpr10."
            scores.append(
                Score(
                    metric=f"{name}.tpr", family="privacy", direction="lower", status="not run", reason=reason
                )
            )
        found_at = f"{name}.tpr" if alarms == 0.01 else f"{name}.tpr10"
        said = f"share of members found where {alarms:.0%} of non-members are called members"
        scores.append(
            _score(found_at, positive, negative, lambda a, b, z: sensitivity(a, b, alarms, z), alarms, said)
        )
        return scores


_AREA = "area under the ROC curve"


def _area(positive: Floats, negative: Floats, z: float) -> tuple[float, tuple[float, float]]:
    area, variance = delong(positive, negative, factors=(1.0, SWAPPED))
    return area, auc_interval(area, variance, min(len(positive), len(negative)), z)


def _score(
    metric: str,
    positive: dict[str, Floats],
    negative: dict[str, Floats],
    figure: Any,
    chance: float,
    what: str,
) -> Score:
    z = z_of(len(positive))
    every = {attack: figure(positive[attack], negative[attack], z) for attack in positive}
    worst = max(every, key=lambda attack: every[attack][0])
    return Score(
        metric=metric,
        family="privacy",
        estimate=every[worst][0],
        interval=every[worst][1],
        direction="lower",
        ceiling=chance,
        floor=1.0,
        n=len(negative[worst]),
        variance="draw of the attacked members and non-members, at once for all attacks (Bonferroni)",
        estimand="the same figure over all persons of the population, given the released sequences",
        convention=(
            f"{what}, by the worst of {len(every)} attacks; chance gives {chance:g}; the attacker holds the "
            "whole sequence and other real ones; floor: a copy of train"
        ),
        source=_SOURCE,
        details={
            "attack": worst,
            "attacks": {
                attack: {"estimate": value, "interval": both} for attack, (value, both) in every.items()
            },
        },
    )
