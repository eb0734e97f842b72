"""Train on synthetic, test on real: does a model learnt from the synthetic rows predict real ones?

Esteban, Hyland, Rätsch (2017), "Real-valued (medical) time series generation", section 4.2: TSTR
and, the other way round, TRTS; TRTR (train on real, test on real) says what can be expected.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, ClassVar

import numpy as np
import numpy.typing as npt
from pydantic import Field

from mintmark.assess._codes import Coded, Coding, codings, full, subset
from mintmark.assess.utility._models import Model, Task, boosted_trees, linear, score
from mintmark.method import method
from mintmark.metric import Direction, Family, Metric, NotRun, Score, Tables
from mintmark.stats.intervals import auc_interval, influence_variance, normal

__all__ = ["TSTR"]

Floats = npt.NDArray[np.float64]
_FEWEST = 10
_MOST_CLASSES = 20


@method
class TSTR(Metric):
    """Models trained on synthetic and on real rows, tested on the holdout and on synthetic rows."""

    family: ClassVar[Family] = "utility"

    rows: Annotated[int, Field(ge=100, description="most rows to train and to test on")] = 50_000
    threads: Annotated[int, Field(ge=1, description="threads of the boosted trees")] = 1

    def _measure(self, tables: Tables, rng: np.random.Generator) -> list[Score]:
        tables.need_holdout()
        task = _task(tables)
        n = min(len(tables.train), len(tables.synthetic), self.rows)
        real, synthetic, floor = (
            task.known(subset(tables, which, n)) for which in ("train", "synthetic", "floor")
        )
        test = task.known(subset(tables, "holdout", self.rows))
        if min(len(real), len(synthetic), len(test)) < 2 * _FEWEST:
            raise NotRun(f"fewer than {2 * _FEWEST} rows of a table have the target {task.target!r}.")
        seed = int(rng.integers(2**31))
        trees = [boosted_trees(task, rows, seed, self.threads) for rows in (real, synthetic, floor)]
        lines = [linear(task, rows) for rows in (real, synthetic)]
        labels = task.labels(test)
        by_trees, by_lines = (_tested(task, models, test, labels) for models in (trees, lines))
        details: dict[str, Any] = {"models": {"trees": by_trees.figures(), "linear": by_lines.figures()}}
        if task.classes is not None and len(task.classes) == 2:
            details["curve"] = _curve(by_trees, labels)
        kind = "R²" if task.classes is None else "area under the ROC curve"
        if task.classes is not None and len(task.classes) > 2:
            kind += f", mean of {len(task.classes)} classes against the rest"
        common = _Common(task, n, kind, test.persons)
        return [
            common.absolute("tstr", by_trees.synthetic, by_trees, labels, details),
            common.gap("tstr.gap", by_trees, "boosted trees"),
            common.gap("tstr.linear_gap", by_lines, "a linear model"),
            _reverse(common, task, trees[0], by_trees, synthetic, floor),
        ]


def _task(tables: Tables) -> Task:
    name = tables.target
    if name is None:
        raise NotRun("no target was given. Name the column to be predicted: target='...', or --target.")
    plans = codings(tables)
    if name not in plans:
        raise NotRun(f"the target {name!r} is a key, free text or media, which no model predicts.")
    if len(plans) < 2:
        raise NotRun(f"there is no column to predict {name!r} from.")
    train, test = full(tables, "train"), full(tables, "holdout")
    others = {other: plan for other, plan in plans.items() if other != name}
    plan = plans[name]
    if plan.numeric:
        values = train.numbers[name]
        if len(np.unique(values[~np.isnan(values)])) < 2:
            raise NotRun(f"the target {name!r} has one value only; there is nothing to predict.")
        return Task(name, others, None)
    classes = _classes(plan, train, test)
    if len(classes) < 2:
        raise NotRun(
            f"the target {name!r} has fewer than two classes of {_FEWEST} rows in train and holdout; "
            "there is nothing to tell apart."
        )
    return Task(name, others, classes)


def _classes(plan: Coding, train: Coded, test: Coded) -> npt.NDArray[np.int64]:
    """The most frequent classes that both real tables hold often enough."""
    name = plan.column.name
    seen = [np.bincount(coded.codes[name], minlength=plan.size)[: plan.bins] for coded in (train, test)]
    return np.flatnonzero(np.minimum(*seen) >= _FEWEST)[:_MOST_CLASSES]


@dataclass(frozen=True)
class _Leg:
    """One model's figure on the holdout."""

    answers: Floats
    figure: float
    influence: Floats


@dataclass(frozen=True)
class _Legs:
    """The same model trained on real, synthetic and independent rows.

    `floor` is what chance gives where independent rows were not tried: a linear model learns a
    direction from them that hits or misses the real one at random, so one trial says nothing.
    """

    real: _Leg
    synthetic: _Leg
    floor: float

    def figures(self) -> dict[str, float]:
        return {"trtr": self.real.figure, "tstr": self.synthetic.figure, "floor": self.floor}


def _tested(task: Task, models: list[Model], test: Coded, labels: Floats) -> _Legs:
    legs = []
    for model in models:
        answers = model(test)
        found = score(task, answers, labels)
        if found is None:
            raise NotRun(f"the holdout holds one value of the target {task.target!r} only.")
        legs.append(_Leg(answers, *found))
    chance = 0.0 if task.classes is None else 0.5
    return _Legs(legs[0], legs[1], legs[2].figure if len(legs) > 2 else chance)


def _reverse(common: _Common, task: Task, model: Model, legs: _Legs, synthetic: Coded, floor: Coded) -> Score:
    """Train on real, test on synthetic."""
    labels = task.labels(synthetic)
    found = score(task, model(synthetic), labels)
    if found is None:
        return Score(
            metric="tstr.trts",
            family="utility",
            status="not run",
            reason=f"the synthetic rows hold one value of the target {task.target!r} only.",
        )
    floor_found = score(task, model(floor), task.labels(floor))
    return Score(
        metric="tstr.trts",
        family="utility",
        estimate=found[0],
        interval=common.interval(found[0], influence_variance(found[1]), labels),
        ceiling=legs.real.figure,
        floor=floor_found[0] if floor_found else None,
        n=len(labels),
        variance="draw of the synthetic test rows; the model is taken as given",
        convention=f"{common.kind} on synthetic rows of trees trained on train; ceiling: on the holdout",
        source=common.source,
    )


@dataclass(frozen=True)
class _Common:
    """What the scores of one task share."""

    task: Task
    n: int
    kind: str
    persons: npt.NDArray[np.int64] | None
    source: ClassVar[str] = "Esteban, Hyland, Rätsch (2017); DeLong et al. (1988) for the interval"

    def interval(self, figure: float, variance: float, labels: Floats) -> tuple[float, float]:
        if self.task.classes is None:
            return normal(figure, variance, high=1)
        return auc_interval(figure, variance, int(np.unique(labels, return_counts=True)[1].min()))

    def absolute(self, metric: str, leg: _Leg, legs: _Legs, labels: Floats, details: dict[str, Any]) -> Score:
        return Score(
            metric=metric,
            family="utility",
            estimate=leg.figure,
            interval=self.interval(leg.figure, influence_variance(leg.influence, self.persons), labels),
            ceiling=legs.real.figure,
            floor=legs.floor,
            n=self.n,
            variance="draw of the holdout rows; the models are taken as given",
            convention=(
                f"{self.kind} on the holdout of boosted trees trained on synthetic rows to predict "
                f"{self.task.target!r}; ceiling: trained on as many train rows; floor: on independent columns"
            ),
            source=self.source,
            details=details,
        )

    def gap(self, metric: str, legs: _Legs, model: str) -> Score:
        gap = legs.real.figure - legs.synthetic.figure
        # the same holdout rows are answered twice: the difference of influences pairs them
        variance = influence_variance(legs.real.influence - legs.synthetic.influence, self.persons)
        lower: Direction = "lower"
        return Score(
            metric=metric,
            family="utility",
            direction=lower,
            estimate=gap,
            interval=normal(gap, variance),
            ceiling=0.0,
            floor=legs.real.figure - legs.floor,
            n=self.n,
            variance="draw of the holdout rows, paired; the models are taken as given",
            convention=(
                f"{self.kind} on the holdout of {model} trained on train, minus that trained on as many "
                f"synthetic rows, to predict {self.task.target!r}; ceiling: no gap; floor: the gap of "
                "independent columns (of chance, for the linear model)"
            ),
            source=self.source,
        )


def _curve(legs: _Legs, labels: Floats) -> dict[str, list[float]]:
    """Both ROC curves on a common grid of 50 false positive rates."""
    grid = np.linspace(0, 1, 50)
    out = {"fpr": [round(float(v), 4) for v in grid]}
    for name, leg in (("tstr", legs.synthetic), ("trtr", legs.real)):
        order = np.argsort(-leg.answers[:, 1], kind="stable")
        hit = labels[order] == 1
        last = np.append(np.diff(leg.answers[order, 1]) != 0, True)  # ties are passed in one step
        rise, run = np.cumsum(hit)[last] / hit.sum(), np.cumsum(~hit)[last] / (~hit).sum()
        curve = np.interp(grid, np.append(0, run), np.append(0, rise))
        out[name] = [round(float(v), 4) for v in curve]
    return out
