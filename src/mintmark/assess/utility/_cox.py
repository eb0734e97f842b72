"""Cox models of synthetic and of real rows: what they predict of the holdout, and their hazard ratios."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from mintmark.assess._codes import Coded
from mintmark.assess.utility._effects import Design, compared
from mintmark.metric import Direction, Score
from mintmark.stats.intervals import influence_variance, normal
from mintmark.stats.survival import Cox, brier_at, concordance, cox, kaplan_meier

__all__ = ["FEWEST_EVENTS", "Side", "cox_scores"]

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
_LOWER: Direction = "lower"
FEWEST_EVENTS = 20
"""Events below which no curve or hazard is told."""
_GRID = 50


@dataclass(frozen=True)
class Side:
    """One table: times, events, and the rows they belong to."""

    time: Floats
    event: Bools
    rows: Coded

    @property
    def censored(self) -> float:
        return float(1 - self.event.mean())


def cox_scores(
    sides: dict[str, Side], design: Design, end: float, rng: np.random.Generator, n: int
) -> list[Score]:
    """Cox models of every table, tested on the holdout, and their hazard ratios."""
    names = ("survival.c_gap", "survival.brier_gap", "survival.hazard_ratios")
    if not design.names or sides["synthetic"].event.sum() < FEWEST_EVENTS:
        reason = (
            f"fewer than {FEWEST_EVENTS} synthetic rows have an event, or no column could predict it. "
            "Give columns that vary, and rows with events."
        )
        return [
            Score(metric=name, family="utility", direction=_LOWER, status="not run", reason=reason)
            for name in names
        ]
    x = {which: design.matrix(side.rows)[:, 1:] for which, side in sides.items()}
    fitted = {which: cox(x[which], side.time, side.event) for which, side in sides.items()}
    effects = {
        which: ((model.beta, model.covariance), (x[which].std(axis=0) > 0).astype(np.float64))
        for which, model in fitted.items()
    }
    what = f"intervals of the log hazard ratios of {len(design.names)} columns and levels (Cox)"
    return [
        *_gaps(sides["holdout"], x["holdout"], fitted, end, n),
        compared("survival.hazard_ratios", design.names, effects, rng, n, what),
    ]


def _gaps(test: Side, x: Floats, fitted: dict[str, Cox], end: float, n: int) -> list[Score]:
    """Concordance lost and Brier score gained by learning from synthetic rows."""
    ranked = {}
    errors = {}
    grid = np.linspace(0, end, _GRID)
    censoring = kaplan_meier(test.time, ~test.event)
    for which in ("train", "synthetic", "floor"):
        found = concordance(fitted[which].risk(x), test.time, test.event)
        ranked[which] = found or (0.5, np.zeros(len(x)))
        predicted = fitted[which].survival(x, grid)
        errors[which] = brier_at(predicted, test.time, test.event, grid, censoring)
    people = test.rows.persons
    lost = ranked["train"][0] - ranked["synthetic"][0]
    worse = errors["synthetic"] - errors["train"]
    return [
        Score(
            metric="survival.c_gap",
            family="utility",
            direction=_LOWER,
            estimate=lost,
            interval=normal(lost, influence_variance(ranked["train"][1] - ranked["synthetic"][1], people)),
            ceiling=0.0,
            floor=ranked["train"][0] - ranked["floor"][0],
            n=n,
            variance="draw of the holdout rows, paired; the models are taken as given",
            estimand="concordance lost by these models on fresh real rows",
            convention=(
                "Harrell's C on the holdout of a Cox model trained on train, minus that trained on synthetic "
                "rows; ceiling: no gap; floor: independent columns"
            ),
            source="Harrell et al. (1982); Cox (1972)",
            details={"trtr": ranked["train"][0], "tstr": ranked["synthetic"][0]},
        ),
        Score(
            metric="survival.brier_gap",
            family="utility",
            direction=_LOWER,
            estimate=float(worse.mean()),
            interval=normal(float(worse.mean()), influence_variance(worse, people)),
            ceiling=0.0,
            floor=float((errors["floor"] - errors["train"]).mean()),
            n=n,
            variance="draw of the holdout rows, paired; models and censoring curve are taken as given",
            estimand="rise in the integrated Brier score of these models on fresh real rows",
            convention=(
                "integrated Brier score (weighted for censoring) on the holdout of a Cox model trained on "
                "synthetic rows, minus that trained on train; ceiling: no gap; floor: independent columns"
            ),
            source="Graf, Schmoor, Sauerbrei, Schumacher (1999)",
            details={"trtr": float(errors["train"].mean()), "tstr": float(errors["synthetic"].mean())},
        ),
    ]
