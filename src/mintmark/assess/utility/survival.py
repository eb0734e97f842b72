"""Survival: do synthetic times to an event have the curve, the hazards and the censoring of real ones?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, ClassVar

import numpy as np
from pydantic import Field

from mintmark.assess import _large
from mintmark.assess._codes import Coded, Coding, codings, subset
from mintmark.assess.utility._cox import FEWEST_EVENTS, Side, cox_scores
from mintmark.assess.utility._effects import Design
from mintmark.assess.utility._split import untouched
from mintmark.errors import UnknownNameError
from mintmark.method import method
from mintmark.metric import Direction, Family, Metric, NotRun, Score, Tables
from mintmark.stats.intervals import Z95
from mintmark.stats.mean_distance import resampled_errors, simulated_reach
from mintmark.stats.shares import newcombe
from mintmark.stats.survival import curve_influence, distance, kaplan_meier

__all__ = ["Survival"]

_LOWER: Direction = "lower"
_MOST = 3_000
_AT_RISK = 0.05
_GRID = 50
_DRAWS = 300


@method
class Survival(Metric):
    """Distance of Kaplan-Meier curves, censoring kept, and Cox models of synthetic against real rows.

    Not run by default: a table does not say which of its columns are a time and an event. Name them,
    ``mm.assess(..., metrics=[Survival(time="days", event="died")])``. At most 3,000 rows a table.
    """

    family: ClassVar[Family] = "utility"
    direction: ClassVar[Direction] = "lower"

    time: Annotated[str | None, Field(description="column of the time to the event or to censoring")] = None
    event: Annotated[str | None, Field(description="column that says whether the event happened")] = None
    value: Annotated[
        str | int | float | bool | None,
        Field(description="value of `event` that means it happened; any number but 0, or true, if None"),
    ] = None

    def _measure(self, tables: Tables, rng: np.random.Generator) -> list[Score]:
        if self.time is None or self.event is None:
            raise NotRun(
                "no time and event columns were named. Name them: "
                "metrics=[Survival(time='...', event='...')]."
            )
        for name in (self.time, self.event):
            if name not in tables.train.schema:
                raise UnknownNameError("column", name, tables.train.names)
        untouched(tables)
        plans = codings(tables)
        happened = _meaning(plans, self.time, self.event, self.value)
        read = _Reader(self.time, self.event, happened, plans[self.event].bins + 1)
        n = min(len(tables.synthetic), len(tables.need_holdout()), len(tables.train), _MOST)
        sides = {
            which: read.side(subset(tables, which, n), which)
            for which in ("holdout", "synthetic", "train", "floor")
        }
        end = float(np.quantile(sides["holdout"].time, 1 - _AT_RISK))
        if end <= 0:
            raise NotRun(f"column {self.time!r} holds hardly a time above 0. Name the column of the times.")
        others = {name: plan for name, plan in plans.items() if name not in (self.time, self.event)}
        scores = [_curve(sides, end, rng, n), _censoring(sides, n)]
        return scores + cox_scores(
            sides, Design.of(others, subset(tables, "train", _large.LARGE)), end, rng, n
        )


def _meaning(plans: dict[str, Coding], time: str, event: str, value: Any) -> Any:
    """Codes, or the test of a number, that say that the event happened."""
    if time not in plans or not plans[time].numeric:
        raise NotRun(
            f"column {time!r} is no number, so no time. Read it as one: kinds={{{time!r}: 'number'}}."
        )
    if event not in plans:
        raise NotRun(f"column {event!r} is a key, free text or media. Name a column of events.")
    plan = plans[event]
    if plan.numeric or plan.values is None:
        return value
    known = plan.values.to_pylist()
    wanted = True if value is None else value
    found = [code for code, one in enumerate(known) if one == wanted or str(one) == str(wanted)]
    if not found:
        raise NotRun(
            f"column {event!r} does not hold {wanted!r}. Say which of its values is the event: value=..."
        )
    return found


@dataclass(frozen=True)
class _Reader:
    """Reads times and events; rows without one, or with a time below 0, are left out."""

    time: str
    event: str
    happened: Any
    missing: int

    def side(self, coded: Coded, which: str) -> Side:
        times = coded.numbers[self.time]
        if self.event in coded.numbers:
            events = coded.numbers[self.event]
            known, happened = (
                ~np.isnan(events),
                (events != 0 if self.happened is None else events == self.happened),
            )
        else:
            codes = coded.codes[self.event]
            known, happened = codes != self.missing, np.isin(codes, self.happened)
        keep = np.flatnonzero(known & (times >= 0) & np.isfinite(times))
        side = Side(times[keep], happened[keep], coded.take(keep))
        if side.event.sum() < FEWEST_EVENTS and which in ("train", "holdout"):
            raise NotRun(
                f"{int(side.event.sum())} events in {which} are too few; {FEWEST_EVENTS} are needed. "
                "Keep more rows, or say which value is the event."
            )
        if len(side.time) < FEWEST_EVENTS:
            raise NotRun(f"{len(side.time)} rows of {which} have a time and an event. Give more.")
        return side


def _curve(sides: dict[str, Side], end: float, rng: np.random.Generator, n: int) -> Score:
    curves = {which: kaplan_meier(side.time, side.event) for which, side in sides.items()}
    apart = {which: distance(curve, curves["holdout"], end) for which, curve in curves.items()}
    grid = (np.arange(_GRID) + 0.5) * end / _GRID
    errors = sum(
        resampled_errors(
            curve_influence(sides[which].time, sides[which].event, grid),
            rng, _DRAWS, sides[which].rows.persons,
        )
        for which in ("holdout", "synthetic")
    )  # fmt: skip
    reach = simulated_reach(np.asarray(errors))
    return Score(
        metric="survival.curve",
        family="utility",
        direction=_LOWER,
        estimate=apart["synthetic"],
        interval=(max(0.0, apart["synthetic"] - reach), min(1.0, apart["synthetic"] + reach)),
        ceiling=apart["train"],
        floor=apart["floor"],
        n=n,
        variance="draw of the holdout and of the synthetic rows (multipliers, triangle inequality)",
        estimand="mean distance between the survival curves of both populations",
        convention=(
            "distance between the Kaplan-Meier curves of synthetic and of holdout rows, averaged over the "
            f"time until {_AT_RISK:.0%} of the holdout are left, 0 to 1; ceiling: train rows in their place; "
            "floor: times and events drawn one by one"
        ),
        source="Kaplan and Meier (1958); Andersen et al. (1993), section IV.3, for the interval",
        details={
            "end": end,
            "curve_at": {
                "time": grid.tolist(),
                **{which: curves[which].at(grid).tolist() for which in ("holdout", "synthetic")},
            },
        },
    )


def _censoring(sides: dict[str, Side], n: int) -> Score:
    real, synthetic = sides["holdout"], sides["synthetic"]
    apart = {which: abs(side.censored - real.censored) for which, side in sides.items()}
    people = real.rows.persons
    units = len(real.time) if people is None else len(np.unique(people))
    low, high = newcombe(synthetic.censored, len(synthetic.time), real.censored, units, Z95)
    nearest = 0.0 if low <= 0 <= high else min(abs(low), abs(high))
    return Score(
        metric="survival.censoring",
        family="utility",
        direction=_LOWER,
        estimate=apart["synthetic"],
        interval=(nearest, max(abs(low), abs(high))),
        ceiling=apart["train"],
        floor=apart["floor"],
        n=n,
        variance="draw of the synthetic and of the holdout rows, the latter by person (Newcombe)",
        estimand="distance between the shares of censored rows in both populations",
        convention=(
            "distance between the shares of synthetic and of holdout rows without an event, 0 to 1; ceiling: "
            "train rows in their place; floor: columns drawn one by one, which keeps the share"
        ),
        source="Newcombe (1998), method 10",
        details={which: side.censored for which, side in sides.items()},
    )
