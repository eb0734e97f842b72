"""Regression of the target on all columns: do synthetic rows give the same coefficients?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from mintmark.assess import _large
from mintmark.assess._codes import Coded, Coding, subset
from mintmark.assess.utility._models import Task
from mintmark.assess.utility._trained import task_of
from mintmark.metric import NotRun, Score, Tables
from mintmark.stats.intervals import Z95
from mintmark.stats.mean_distance import simulated_reach
from mintmark.stats.regression import (
    Effects,
    independent_columns,
    interval_overlap,
    least_squares,
    logistic,
)

__all__ = ["Design", "coefficients", "compared"]

Floats = npt.NDArray[np.float64]
_MOST = 5_000
_MOST_LEVELS = 5
_MOST_COLUMNS = 60
_FEWEST_ROWS = 30
_DRAWS = 1000


@dataclass(frozen=True)
class Design:
    """Main effects: standardised numbers, and marks of the levels that enough rows of train have.

    Parameters
    ----------
    names : list of str
        "column" or "column: value".
    plans : list of Coding
        The column of each effect.
    levels : list of int
        The code that each marks; -1 for a number.
    scales : list of (float, float)
        Mean and spread in train.
    """

    names: list[str]
    plans: list[Coding]
    levels: list[int]
    scales: list[tuple[float, float]]

    @classmethod
    def of(cls, plans: dict[str, Coding], train: Coded) -> Design:
        """Effects that train can tell apart; the most frequent level of each column is the reference."""
        made = cls([], [], [], [])
        for name, plan in plans.items():
            if plan.numeric:
                known = train.numbers[name][np.isfinite(train.numbers[name])]
                if len(known) > 1 and known.std() > 0:
                    made._add(name, plan, -1, (float(known.mean()), float(known.std())))
            else:
                counts = np.bincount(train.codes[name], minlength=plan.size)[: plan.bins]
                for level in np.flatnonzero(counts >= _FEWEST_ROWS)[1 : _MOST_LEVELS + 1]:
                    made._add(f"{name}: {_value(plan, level)}", plan, int(level), (0.0, 1.0))
        kept = independent_columns(made.matrix(train))[1:] - 1
        return cls(*([part[i] for i in kept[:_MOST_COLUMNS]] for part in made._parts))

    @property
    def _parts(self) -> tuple[list[Any], ...]:
        return self.names, self.plans, self.levels, self.scales

    def _add(self, *effect: Any) -> None:
        for part, value in zip(self._parts, effect, strict=True):
            part.append(value)

    def matrix(self, rows: Coded) -> Floats:
        """The effects of rows after a column of ones, shape (n, 1 + effects); missing numbers at the mean."""
        columns = [np.ones(len(rows))]
        for plan, level, (mean, spread) in zip(self.plans, self.levels, self.scales, strict=True):
            name = plan.column.name
            if level < 0:
                standard = (rows.numbers[name] - mean) / spread
                columns.append(np.clip(np.where(np.isnan(standard), 0.0, standard), -10, 10))
            else:
                columns.append((rows.codes[name] == level).astype(np.float64))
        return np.stack(columns, axis=1)


def _value(plan: Coding, level: int) -> str:
    return "" if plan.values is None else str(plan.values[int(level)].as_py())


def coefficients(tables: Tables, rng: np.random.Generator) -> Score:
    """Overlap of the intervals of the target's main effects in synthetic and in holdout rows."""
    try:
        task = task_of(tables)
        design = Design.of(task.plans, task.known(subset(tables, "train", _large.LARGE)))
        if not design.names:
            raise NotRun("no column has an effect that could be told: all are constant. Give others.")
        n = min(len(tables.synthetic), len(tables.holdout or ()), len(tables.train), _MOST)
        fitted = {
            which: _fitted(task, design, task.known(subset(tables, which, n)))
            for which in ("holdout", "synthetic", "train", "floor")
        }
    except NotRun as why:
        return Score(metric="queries.coefficients", family="utility", status="not run", reason=str(why))
    return compared(
        "queries.coefficients", design.names, fitted, rng, n,
        f"intervals of the main effects of {len(design.names)} columns and levels on {task.target!r}, by "
        + ("least squares" if task.classes is None else "logistic regression (most frequent class or not)"),
    )  # fmt: skip


def _fitted(task: Task, design: Design, rows: Coded) -> tuple[Effects, Floats]:
    """Effects without the intercept, and which of them the rows can tell."""
    x, y = design.matrix(rows), task.labels(rows)
    if len(rows) < 2 * x.shape[1]:
        raise NotRun(
            f"{len(rows)} rows are too few for {x.shape[1]} coefficients. Give at least {2 * x.shape[1]}."
        )
    y = y if task.classes is None else (y > 0).astype(np.float64)
    beta, covariance = (least_squares if task.classes is None else logistic)(x, y)
    told = (np.ptp(x[:, 1:], axis=0) > 0) & bool(np.ptp(y) > 0)
    return (beta[1:], covariance[1:, 1:]), told.astype(np.float64)


def compared(
    metric: str,
    names: list[str],
    fitted: dict[str, tuple[Effects, Floats]],
    rng: np.random.Generator,
    n: int,
    what: str,
) -> Score:
    """Mean overlap of the intervals, for tables "synthetic", "train" and "floor" against "holdout".

    An effect that a table cannot tell (no row has the level) overlaps with nothing.
    """
    real = fitted["holdout"][0]
    overlaps = {
        which: interval_overlap(real, effects, Z95) * told for which, (effects, told) in fitted.items()
    }
    mean = {which: float(overlap.mean()) for which, overlap in overlaps.items()}
    other, told = fitted["synthetic"]
    sizes = np.stack([2 * Z95 * np.sqrt(np.diag(covariance)) for _, covariance in (real, other)])
    steep = np.divide(1, sizes, out=np.zeros_like(sizes), where=sizes > 0).mean(axis=0)
    errors = rng.multivariate_normal(np.zeros(len(names)), real[1] + other[1], _DRAWS, method="eigh")
    # an overlap moves with the distance of the centres by no more than one over the interval's length
    reach = simulated_reach(errors * told * steep)
    order = np.argsort(overlaps["synthetic"], kind="stable")[:30]
    return Score(
        metric=metric,
        family="utility",
        estimate=mean["synthetic"],
        interval=(max(0.0, mean["synthetic"] - reach), min(1.0, mean["synthetic"] + reach)),
        ceiling=mean["train"],
        floor=mean["floor"],
        n=n,
        variance="draw of the holdout and of the synthetic rows, given the length of the intervals",
        estimand="overlap of intervals of these lengths around the coefficients of both populations",
        convention=(
            f"mean share of the 95 % {what}, that lies in the interval of the holdout rows and in that of "
            "the synthetic rows, 0 to 1; two samples of one population reach about 0.7; ceiling: train "
            "rows in their place; floor: independent columns"
        ),
        source="Karr, Kohnen, Oganian, Reiter, Sanil (2006)",
        details={
            "coefficients": [
                {
                    "effect": names[i],
                    "real": float(real[0][i]),
                    "synthetic": float(other[0][i]),
                    "overlap": float(overlaps["synthetic"][i]),
                }
                for i in order
            ],
            "same_sign": float(np.mean(np.sign(real[0]) == np.sign(other[0]))),
        },
    )
