"""Train on synthetic, test on real: does a model learnt from the synthetic rows predict real ones?

Esteban, Hyland, Rätsch (2017), "Real-valued (medical) time series generation", section 4.2: TSTR
and, the other way round, TRTS; TRTR (train on real, test on real) says what can be expected.
Shmelkov, Schmid, Alahari (2018), "How good is my GAN?", call the first two GAN-train and GAN-test.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Annotated, Any, ClassVar

import numpy as np
import numpy.typing as npt
from pydantic import Field

from mintmark.assess.utility._details import class_table, curve, measures
from mintmark.assess.utility._groups import Gap, class_gaps, group_gaps, listed, worst
from mintmark.assess.utility._models import score
from mintmark.assess.utility._sampled import told
from mintmark.assess.utility._trained import ROWS, Leg, Legs, Trained, trained
from mintmark.method import method
from mintmark.metric import Direction, Family, Metric, Score, Tables
from mintmark.stats.classification import brier
from mintmark.stats.intervals import auc_interval, influence_variance, normal

__all__ = ["TSTR"]

Floats = npt.NDArray[np.float64]
_LOWER: Direction = "lower"
_GIVEN = "the models are taken as given"
_SOURCE = (
    "Esteban, Hyland, Rätsch (2017); Shmelkov, Schmid, Alahari (2018); DeLong et al. (1988) for the interval"
)


@method
class TSTR(Metric):
    """Models trained on synthetic and on real rows, tested on the holdout and on synthetic rows."""

    family: ClassVar[Family] = "utility"

    rows: Annotated[int, Field(ge=100, description="most rows to train and to test on")] = ROWS
    threads: Annotated[int, Field(ge=1, description="threads of the boosted trees")] = 1

    def _measure(self, tables: Tables, rng: np.random.Generator) -> list[Score]:
        common = _Common(trained(tables, self.rows, self.threads))
        found = common.trained
        scores = [
            common.absolute(),
            common.gap("tstr.gap", found.trees, "boosted trees"),
            common.gap("tstr.linear_gap", found.lines, "a linear model"),
            *_calibration(common),
            _worst_group(common, group_gaps(tables, found)),
            *_worst_class(common),
            *_reverse(common),
        ]
        return told(tables, scores, self.rows)


@dataclass(frozen=True)
class _Common:
    """What the scores of one task share."""

    trained: Trained

    @property
    def kind(self) -> str:
        classes = self.trained.task.classes
        if classes is None:
            return "R²"
        several = f", mean of {len(classes)} classes against the rest" if len(classes) > 2 else ""
        return "area under the ROC curve" + several

    @property
    def aim(self) -> str:
        return f"to predict {self.trained.task.target!r}"

    def interval(self, figure: float, variance: float, labels: Floats) -> tuple[float, float]:
        if self.trained.task.classes is None:
            return normal(figure, variance, high=1)
        return auc_interval(figure, variance, int(np.unique(labels, return_counts=True)[1].min()))

    def absolute(self) -> Score:
        found, leg = self.trained, self.trained.trees.synthetic
        variance = influence_variance(leg.influence, found.test.persons)
        by_model = (("trees", found.trees), ("linear", found.lines))
        details: dict[str, Any] = {
            "models": {name: _figures(legs) | measures(found, legs) for name, legs in by_model}
        }
        if found.task.classes is not None:
            details["classes"] = class_table(found)
        if found.task.classes is not None and len(found.task.classes) == 2:
            details["curve"] = curve(found.trees, found.labels)
        return Score(
            metric="tstr",
            family="utility",
            estimate=leg.figure,
            interval=self.interval(leg.figure, variance, found.labels),
            ceiling=found.trees.real.figure,
            floor=found.trees.worst,
            n=found.n,
            variance=f"draw of the holdout rows; {_GIVEN}",
            estimand=f"{self.kind} of these models on fresh real rows",
            convention=(
                f"{self.kind} on the holdout of boosted trees trained on synthetic rows {self.aim} (TSTR, "
                "GAN-train); ceiling: trained on as many train rows (TRTR); floor: on independent columns"
            ),
            source=_SOURCE,
            details=details,
        )

    def gap(self, metric: str, legs: Legs, model: str) -> Score:
        # the same holdout rows are answered twice: the difference of influences pairs them
        moved = legs.real.influence - legs.synthetic.influence
        gap = legs.real.figure - legs.synthetic.figure
        return self.lost(
            metric,
            gap,
            normal(gap, influence_variance(moved, self.trained.test.persons)),
            legs.real.figure - legs.worst,
            f"{self.kind} on the holdout of {model} trained on train, minus that trained on as many "
            f"synthetic rows, {self.aim}; ceiling: no gap; floor: the gap of independent columns (of "
            "chance, for the linear model)",
            f"loss in {self.kind} of these models on fresh real rows",
        )

    def lost(
        self,
        metric: str,
        estimate: float,
        interval: tuple[float, float],
        floor: float,
        convention: str,
        estimand: str,
        details: dict[str, Any] | None = None,
    ) -> Score:
        return Score(
            metric=metric,
            family="utility",
            direction=_LOWER,
            estimate=estimate,
            interval=interval,
            ceiling=0.0,
            floor=floor,
            n=self.trained.n,
            variance=f"draw of the holdout rows, paired; {_GIVEN}",
            estimand=estimand,
            convention=convention,
            source=_SOURCE,
            details=details or {},
        )


def _figures(legs: Legs) -> dict[str, Any]:
    return {"trtr": legs.real.figure, "tstr": legs.synthetic.figure, "floor": legs.worst}


def _calibration(common: _Common) -> list[Score]:
    """Brier score lost: unlike the area it sees classes in wrong shares."""
    found = common.trained
    if found.task.classes is None or found.trees.floor is None:
        return []
    labels = found.labels.astype(int)
    at_rows = (
        brier(leg.answers, labels) for leg in (found.trees.synthetic, found.trees.real, found.trees.floor)
    )
    synthetic, real, floor = at_rows
    gap = float((synthetic - real).mean())
    return [
        common.lost(
            "tstr.brier_gap",
            gap,
            normal(gap, influence_variance(synthetic - real, found.test.persons)),
            float((floor - real).mean()),
            "Brier score (squared distance of the probabilities from the class, summed over classes, 0 to 2) "
            f"on the holdout of boosted trees trained on synthetic rows {common.aim}, minus that trained on "
            "as many train rows; ceiling: no gap; floor: independent columns",
            "rise in the Brier score of these models on fresh real rows",
        )
    ]


def _worst_group(common: _Common, gaps: list[Gap]) -> Score:
    convention = (
        f"largest gap (TRTR - TSTR, {common.kind}) of the boosted trees within a category (the 20 most "
        "frequent) or a third of a column, over {m} groups of the holdout with at least 30 rows of each "
        "class and a standard error of TRTR of at most 0.03; intervals hold for all groups at once "
        "(Bonferroni); where no group has rows enough, the whole table; ceiling: no gap; floor: "
        "the largest gap of independent columns"
    )
    if common.trained.task.classes is None:
        convention += "; errors are in units of the whole holdout's variance"
    return _worst(common, "tstr.worst_group", "groups", gaps, convention)


def _worst_class(common: _Common) -> list[Score]:
    if common.trained.task.classes is None:
        return []
    convention = (
        "largest gap (TRTR - TSTR, area under the ROC curve against the rest) of the boosted trees over "
        "{m} classes of the target that have 20 holdout rows and a standard error of TRTR of at most 0.04, "
        "or are gone from the synthetic rows (then TSTR is 0.5); intervals hold for all classes at once "
        "(Bonferroni); with two classes, the whole table's gap; ceiling: no gap; floor: the largest "
        "gap of independent columns"
    )
    return [_worst(common, "tstr.worst_class", "classes", class_gaps(common.trained), convention)]


def _worst(common: _Common, metric: str, of: str, gaps: list[Gap], convention: str) -> Score:
    words, m = f"largest loss that one of these {of} has with these models, on fresh real rows", len(gaps)
    if not gaps:
        whole = common.gap(metric, common.trained.trees, "boosted trees")
        return common.lost(
            metric, whole.estimate or 0.0, whole.interval or (0.0, 0.0), whole.floor or 0.0,
            convention.format(m=0), words, {of: []},
        )  # fmt: skip
    largest, interval = worst(gaps)
    floor = max(gap.floor for gap in gaps)
    found = {of: listed(gaps), "scored": m}
    return common.lost(metric, largest.estimate, interval, floor, convention.format(m=m), words, found)


def _reverse(common: _Common) -> list[Score]:
    """Train on real, test on synthetic; and by how much that is better than on real rows."""
    found, model = common.trained, common.trained.by_real
    task, labels = found.task, found.task.labels(found.synthetic)
    tested = score(task, model(found.synthetic), labels)
    if tested is None:
        reason = (
            f"the synthetic rows hold one value of the target {task.target!r} only. Release rows of several."
        )
        missing = Score(metric="tstr.trts", family="utility", status="not run", reason=reason)
        return [missing, replace(missing, metric="tstr.trts_excess", direction=_LOWER)]
    leg = Leg(np.zeros(0), *tested)
    variance = influence_variance(leg.influence, found.synthetic.persons)
    floor = score(task, model(found.floor), task.labels(found.floor))
    return [
        Score(
            metric="tstr.trts",
            family="utility",
            estimate=leg.figure,
            interval=common.interval(
                leg.figure, influence_variance(leg.influence, found.synthetic.persons), labels
            ),
            ceiling=found.trees.real.figure,
            floor=floor[0] if floor else None,
            n=len(labels),
            variance=f"draw of the synthetic test rows; {_GIVEN}",
            estimand=f"{common.kind} of this model on fresh synthetic rows",
            convention=(
                f"{common.kind} on synthetic rows of trees trained on train (TRTS, GAN-test); ceiling: on "
                "the holdout; above it the rows are copies or too easy"
            ),
            source=_SOURCE,
        ),
        _excess(common, leg.figure, variance),
    ]


def _excess(common: _Common, on_synthetic: float, variance: float) -> Score:
    found = common.trained
    real = found.trees.real
    # other rows on either side: the variances add
    variance += influence_variance(real.influence, found.test.persons)
    excess = on_synthetic - real.figure
    interval = normal(excess, variance)
    again = score(found.task, found.by_real(found.real), found.task.labels(found.real))
    return Score(
        metric="tstr.trts_excess",
        family="utility",
        direction=_LOWER,
        estimate=excess,
        interval=interval,
        ceiling=0.0,
        floor=again[0] - real.figure if again else None,
        n=found.n,
        variance=f"draw of the synthetic and of the holdout rows; {_GIVEN}",
        estimand=f"{common.kind} of this model on fresh synthetic rows minus that on fresh real rows",
        convention=(
            f"{common.kind} of trees trained on train, on synthetic rows minus on the holdout (GAN-test "
            "above real-test accuracy); above 0 the rows copy train or are too easy; floor: on train itself"
        ),
        source=_SOURCE,
        details={"flagged": interval[0] > 0},
    )
