"""Subgroups of the holdout, and what each loses when models learn from synthetic rows."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.stats import norm

from mintmark.assess._codes import Coding, codings, full
from mintmark.assess.utility._models import score
from mintmark.assess.utility._trained import Leg, Trained
from mintmark.metric import Tables
from mintmark.stats.intervals import auc_influence, influence_variance

__all__ = ["Gap", "Group", "class_gaps", "group_gaps", "groups_of", "listed", "simultaneous", "worst"]

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
_MOST_CATEGORIES = 20
_MOST_GROUPS = 300
_FEWEST = 30  # rows of each class in a group: models of so few rows differ by chance
_FEWEST_OF_CLASS, _ERROR_OF_CLASS = 20, 0.04
_ERROR = 0.03  # of the real models' figure: a gap of 0.2 is then several errors even where nothing pairs


@dataclass(frozen=True)
class Group:
    """Rows of the holdout that share a category, or a third of a number.

    Parameters
    ----------
    column, value : str
    rows : array of int
        Positions in the test rows.
    """

    column: str
    value: str
    rows: Ints


@dataclass(frozen=True)
class Gap:
    """What one group or class loses by training on synthetic rows.

    Parameters
    ----------
    column, value : str
    n : int
        Test rows of the group, or of the class.
    trtr, tstr : float
    floor : float
        The gap of independent rows.
    variance : float
        Of `trtr` - `tstr`, paired.
    """

    column: str
    value: str
    n: int
    trtr: float
    tstr: float
    floor: float
    variance: float

    @property
    def estimate(self) -> float:
        """TRTR minus TSTR."""
        return self.trtr - self.tstr


def groups_of(tables: Tables, trained: Trained, columns: list[str] | None = None) -> Iterator[Group]:
    """Every category of a discrete column (the 20 most frequent) and every third of a number.

    Columns with the role `sensitive` come first, so that a limit on the number spares them; the
    target makes no groups.
    """
    plans = codings(tables)
    first = tables.train.schema.with_role("sensitive")
    names = columns if columns is not None else [*first, *(name for name in plans if name not in first)]
    for name in names:
        if name in plans and name != trained.task.target:
            yield from _of_column(plans[name], tables, trained)


def _of_column(plan: Coding, tables: Tables, trained: Trained) -> Iterator[Group]:
    name = plan.column.name
    if plan.numeric:
        levels, labels = _thirds(full(tables, "train").numbers[name], trained.test.numbers[name])
    else:
        levels, labels = _categories(plan, trained.test.codes[name])
    for level, label in enumerate(labels):
        rows = np.flatnonzero(levels == level)
        if 0 < len(rows) < len(levels):
            yield Group(name, label, rows)


def _categories(plan: Coding, codes: Ints) -> tuple[Ints, list[str]]:
    """Levels of the codes and their names: the most frequent categories, and missing; -1 for others."""
    most = min(plan.bins, _MOST_CATEGORIES)
    values = [] if plan.values is None else plan.values.to_pylist()
    levels = np.where(codes == plan.bins + 1, most, np.where(codes < most, codes, -1))
    return levels, [*(str(value) for value in values[:most]), "(missing)"]


def _thirds(train: Floats, values: Floats) -> tuple[Ints, list[str]]:
    """Levels of the values, cut at train's thirds, and their names; missing is a level of its own."""
    known = train[np.isfinite(train)]
    ends = np.unique(np.quantile(known, [1 / 3, 2 / 3])) if len(known) else np.zeros(0)
    levels = np.searchsorted(ends, values, "left").astype(
        np.int64
    )  # a value at an end is below it: spikes stay whole
    labels = ["lower third", "middle third", "upper third"] if len(ends) == 2 else ["lower", "upper"]
    labels = labels[: len(ends) + 1]
    return np.where(np.isnan(values), len(labels), levels), [*labels, "(missing)"]


def group_gaps(tables: Tables, trained: Trained) -> list[Gap]:
    """The gap of the boosted trees in each group that has rows enough; at most 300, worst first.

    A group counts by its rows and by the error of the real models' figure alone: were the gap's own
    error asked, the groups that lost most would be left out.
    """
    found: list[Gap] = []
    for group in groups_of(tables, trained):
        gap = _gap(trained, group)
        if gap is not None:
            found.append(gap)
        if len(found) == _MOST_GROUPS:
            break
    return sorted(found, key=lambda gap: -gap.estimate)


def _gap(trained: Trained, group: Group) -> Gap | None:
    if len(group.rows) < 2 * _FEWEST:
        return None
    legs = (trained.trees.real, trained.trees.synthetic, trained.trees.floor)
    parts = [part for leg in legs if leg and (part := _figure(trained, leg, group.rows))]
    if len(parts) < len(legs):
        return None
    (trtr, real), (tstr, synthetic), (nothing, _) = parts
    person = None if trained.test.persons is None else trained.test.persons[group.rows]
    if influence_variance(real, person) > _ERROR**2:
        return None
    variance = influence_variance(real - synthetic, person)
    return Gap(group.column, group.value, len(group.rows), trtr, tstr, trtr - nothing, variance)


def _figure(trained: Trained, leg: Leg, rows: Ints) -> tuple[float, Floats] | None:
    """Area under the curve in the group; for a number one minus its error in the whole table's variance.

    Groups of nearly one value would make an R² of their own explode over nothing.
    """
    if trained.task.classes is not None:
        return score(trained.task, leg.answers[rows], trained.labels[rows], _FEWEST)
    error = (trained.labels[rows] - leg.answers[rows]) ** 2 / trained.labels.var()
    return 1 - float(error.mean()), error.mean() - error


def class_gaps(trained: Trained) -> list[Gap]:
    """The gap of each class against the rest, worst first; none for a number or for two classes.

    Of two classes each is the rest of the other, so that the whole table's gap says it all. A class
    counts where the real models' figure is certain enough, and always where it is gone from the
    synthetic rows though ten were to be expected.
    """
    task, legs = trained.task, trained.trees
    if task.classes is None or len(task.classes) == 2 or legs.floor is None:
        return []
    seen = np.bincount(task.labels(trained.synthetic).astype(int), minlength=len(task.classes))
    real = np.bincount(task.labels(trained.real).astype(int), minlength=len(task.classes))
    expected = real * len(trained.synthetic) / len(trained.real)
    found = []
    for k, name in enumerate(task.names):
        positive = trained.labels == k
        if not 0 < positive.sum() < len(positive):
            continue
        (trtr, on_real), (tstr, on_synthetic), (nothing, _) = (
            auc_influence(leg.answers[:, k], positive) for leg in (legs.real, legs.synthetic, legs.floor)
        )
        error = np.sqrt(influence_variance(on_real, trained.test.persons))
        sure = positive.sum() >= _FEWEST_OF_CLASS and error <= _ERROR_OF_CLASS
        if sure or (seen[k] == 0 and expected[k] >= 10):
            variance = influence_variance(on_real - on_synthetic, trained.test.persons)
            found.append(Gap(task.target, name, int(positive.sum()), trtr, tstr, trtr - nothing, variance))
    return sorted(found, key=lambda gap: -gap.estimate)


def simultaneous(m: int) -> float:
    """Normal point at which m two-sided 95 % intervals hold at once (Bonferroni)."""
    return float(norm.ppf(1 - 0.025 / max(m, 1)))


def worst(gaps: list[Gap]) -> tuple[Gap, tuple[float, float]]:
    """The largest of the gaps, and an interval for the largest that the population holds.

    Where all intervals hold at once, the largest true gap lies between the largest lower and the
    largest upper end.
    """
    z = simultaneous(len(gaps))
    reach = [z * np.sqrt(gap.variance) for gap in gaps]
    low = max(gap.estimate - r for gap, r in zip(gaps, reach, strict=True))
    high = max(gap.estimate + r for gap, r in zip(gaps, reach, strict=True))
    return max(gaps, key=lambda gap: gap.estimate), (float(low), float(high))


def listed(gaps: list[Gap], most: int = 30) -> list[dict[str, Any]]:
    """The first of the gaps as JSON values."""
    z = simultaneous(len(gaps))
    return [
        {
            "column": gap.column, "value": gap.value, "n": gap.n, "estimate": gap.estimate,
            "interval": [gap.estimate - z * gap.variance**0.5, gap.estimate + z * gap.variance**0.5],
            "ceiling": 0.0, "floor": gap.floor, "trtr": gap.trtr, "tstr": gap.tstr,
        }
        for gap in gaps[:most]
    ]  # fmt: skip
