"""Fairness: do models of synthetic rows treat protected groups as models of real rows do?

Demographic parity compares how often a class is predicted, equal opportunity how often those who
belong to it are found (Hardt, Price, Srebro 2016, NeurIPS). Measured is the change that training on
synthetic rows brings, not whether the real rows are fair.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from mintmark.assess.utility._groups import Group, groups_of, simultaneous
from mintmark.assess.utility._sampled import told
from mintmark.assess.utility._trained import ROWS, Leg, Trained, trained
from mintmark.method import method
from mintmark.metric import Direction, Family, Metric, NotRun, Score, Tables
from mintmark.stats.intervals import influence_variance

__all__ = ["Fairness"]

Bools = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]
_LOWER: Direction = "lower"
_FEWEST = 50
_MOST_LISTED = 30
_SOURCE = "Hardt, Price, Srebro (2016); Dwork et al. (2012) for parity"


@method
class Fairness(Metric):
    """Change of demographic parity and of equal opportunity, in the worst group and class."""

    family: ClassVar[Family] = "utility"
    direction: ClassVar[Direction] = "lower"

    def _measure(self, tables: Tables, rng: np.random.Generator) -> list[Score]:
        sensitive = tables.train.schema.with_role("sensitive")
        if not sensitive:
            raise NotRun(
                "no column is declared sensitive, so no group is protected. Declare it: "
                "read(..., roles={'sex': 'sensitive'})."
            )
        found = trained(tables)
        groups = list(groups_of(tables, found, sensitive))
        scores = [_score("parity", _PARITY, list(_shifts(found, groups, among_all=True)), found)]
        if found.task.classes is not None:
            shifts = list(_shifts(found, groups, among_all=False))
            scores.append(_score("opportunity", _OPPORTUNITY, shifts, found))
        return told(tables, scores, ROWS)


_PARITY = (
    "how often the class is predicted in the group, less how often outside it",
    "mean prediction in the group, less that outside it, in standard deviations of the target",
)
_OPPORTUNITY = ("share of the class that is found in the group, less the share found outside it", "")


@dataclass(frozen=True)
class _Shift:
    """One group's disparity under the models of real, synthetic and independent rows."""

    group: Group
    of_class: str
    real: float
    synthetic: float
    floor: float
    variance: float

    @property
    def size(self) -> float:
        """How far the disparity moves."""
        return abs(self.synthetic - self.real)


def _shifts(found: Trained, groups: list[Group], among_all: bool) -> Iterator[_Shift]:
    """Every group and class with 50 rows on either side; of two classes one, since the other mirrors it."""
    k = len(found.task.names)
    legs = (found.trees.real, found.trees.synthetic, found.trees.floor)
    for c in [1] if k == 2 else range(max(k, 1)):
        outcomes = [_outcome(found, leg, c) for leg in legs if leg is not None]
        counted = np.ones(len(found.labels), dtype=bool) if among_all or not k else found.labels == c
        for group in groups:
            inside = np.zeros(len(found.labels), dtype=bool)
            inside[group.rows] = True
            if min((inside & counted).sum(), (~inside & counted).sum()) >= _FEWEST:
                yield _shift(found, group, c, outcomes, inside, counted)


def _outcome(found: Trained, leg: Leg, c: int) -> Floats:
    """Whether class c is predicted, or the prediction in standard deviations of the target."""
    if found.task.classes is None:
        return np.asarray(leg.answers / float(found.labels.std()))
    return np.asarray(leg.answers.argmax(axis=1) == c, dtype=np.float64)


def _shift(
    found: Trained, group: Group, c: int, outcomes: list[Floats], inside: Bools, counted: Bools
) -> _Shift:
    parts = (inside & counted, ~inside & counted)
    real, synthetic, floor = (
        float(outcome[parts[0]].mean() - outcome[parts[1]].mean()) for outcome in outcomes
    )
    moved, n = outcomes[1] - outcomes[0], len(inside)
    influence = np.zeros(n)
    for sign, part in zip((1, -1), parts, strict=True):
        influence[part] = sign * (moved[part] - moved[part].mean()) * n / part.sum()
    variance = influence_variance(influence, found.test.persons)
    name = found.task.names[c] if found.task.names else ""
    return _Shift(group, name, real, synthetic, floor, variance)


def _score(part: str, what: tuple[str, str], shifts: list[_Shift], found: Trained) -> Score:
    metric = f"fairness.{part}"
    if not shifts:
        reason = f"no protected group has {_FEWEST} holdout rows inside and outside it. Keep more rows apart."
        return Score(metric=metric, family="utility", direction=_LOWER, status="not run", reason=reason)
    z = simultaneous(len(shifts))
    shifts = sorted(shifts, key=lambda shift: -shift.size)
    sizes = [(shift.size, z * shift.variance**0.5) for shift in shifts]
    meaning = what[0] if found.task.classes is not None else what[1]
    return Score(
        metric=metric,
        family="utility",
        direction=_LOWER,
        estimate=shifts[0].size,
        interval=(max(0.0, max(s - r for s, r in sizes)), max(s + r for s, r in sizes)),
        ceiling=0.0,
        floor=max(abs(shift.floor - shift.real) for shift in shifts),
        n=found.n,
        variance="draw of the holdout rows, paired; the models are taken as given; all groups at once",
        estimand="largest change of a disparity that these models show on fresh real rows",
        convention=(
            f"disparity: {meaning}; largest distance between that of boosted trees trained on synthetic "
            f"and on as many train rows, over {len(shifts)} protected groups and classes with {_FEWEST} "
            "holdout rows inside and outside; intervals hold for all at once (Bonferroni); ceiling: no "
            "change; floor: trees of independent columns"
        ),
        source=_SOURCE,
        details={"groups": [_told(shift, z) for shift in shifts[:_MOST_LISTED]], "scored": len(shifts)},
    )


def _told(shift: _Shift, z: float) -> dict[str, Any]:
    """One group's figures; what a rule bears on has no sign, as the score itself, which `change` keeps."""
    change, reach = shift.synthetic - shift.real, z * shift.variance**0.5
    return {
        "column": shift.group.column,
        "value": shift.group.value,
        "class": shift.of_class,
        "n": len(shift.group.rows),
        "estimate": shift.size,
        "interval": [max(0.0, shift.size - reach), shift.size + reach],
        "ceiling": 0.0,
        "floor": abs(shift.floor - shift.real),
        "change": change,
        "real": shift.real,
        "synthetic": shift.synthetic,
    }
