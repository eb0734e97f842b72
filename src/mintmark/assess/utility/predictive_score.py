"""Predictive score: does a model that learnt the next step on synthetic sequences foresee real ones?

Yoon, Jarrett, van der Schaar (2019), TimeGAN, section 5 (train on synthetic, test on real, one step
ahead), with boosted trees on the last steps in the place of a recurrent network.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, ClassVar

import numpy as np
import numpy.typing as npt
from pydantic import Field

from mintmark.assess._codes import Coding, levels
from mintmark.assess._series import Series, equal_series, pairs_at, series, steps, values
from mintmark.assess.utility._split import untouched
from mintmark.method import method, name_of
from mintmark.metric import Direction, Family, Metric, NotRun, Score, Tables
from mintmark.stats.intervals import influence_variance, normal

__all__ = ["PredictiveScore"]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
_LAGS, _LEVELS = 3, 8
_MOST_ROWS, _MOST_TARGETS, _FEWEST = 4_000, 6, 50


@method
class PredictiveScore(Metric):
    """Error of the next step on holdout sequences of models that learnt on synthetic and on train ones."""

    family: ClassVar[Family] = "utility"
    direction: ClassVar[Direction] = "lower"
    of_sequences: ClassVar[bool] = True

    seeds: Annotated[int, Field(ge=1, le=20, description="repetitions on other steps, with other trees")] = 3

    def _measure(self, tables: Tables, rng: np.random.Generator) -> list[Score]:
        untouched(tables)
        lags = steps(tables, _LAGS)
        views = {role: _View.of(tables, role, lags) for role in ("train", "synthetic", "floor", "holdout")}
        targets = _targets(views, rng)
        if not targets:
            raise NotRun("no column changes from step to step: there is nothing to foresee.")
        legs = {
            role: [_errors(views[role], views["holdout"], targets, rng) for _ in range(self.seeds)]
            for role in ("synthetic", "train", "floor")
        }
        mean = {role: np.mean(some, axis=0) for role, some in legs.items()}
        totals = {role: [float(_total(one).mean()) for one in some] for role, some in legs.items()}
        figure = {role: float(np.mean(some)) for role, some in totals.items()}
        unit = series(tables, "holdout").unit[views["holdout"].owner]
        gaps = [a - b for a, b in zip(totals["synthetic"], totals["train"], strict=True)]
        common = _Said(views["holdout"], lags, self.seeds, targets)
        return [
            common.score(
                "", figure["synthetic"], _total(mean["synthetic"]), totals["synthetic"], unit,
                ceiling=figure["train"], floor=figure["floor"],
                details={"columns": common.columns(mean), "seeds": totals["synthetic"]},
            ),
            common.score(
                ".gap", figure["synthetic"] - figure["train"], _total(mean["synthetic"] - mean["train"]),
                gaps, unit, ceiling=0.0, floor=figure["floor"] - figure["train"], details={"seeds": gaps},
            ),
        ]  # fmt: skip


@dataclass(frozen=True)
class _View:
    """The steps of one table with what went before them.

    Parameters
    ----------
    past : array, shape (steps, features)
    now : mapping of column to array, shape (steps,)
        Numbers, or codes of categories as floats.
    owner : array, shape (steps,)
    plans : mapping of Coding
    """

    past: Floats
    now: dict[str, Floats]
    owner: Ints
    plans: dict[str, Coding]

    @classmethod
    def of(cls, tables: Tables, which: str, lags: int) -> _View:
        rows: Series = series(tables, which) if which == "holdout" else equal_series(tables, which)
        plans = values(tables, numeric=True) | values(tables, numeric=False)
        coded, _ = levels(rows.coded, plans, _LEVELS)
        every = {
            name: rows.coded.numbers[name] if plan.numeric else coded[name].astype(np.float64)
            for name, plan in plans.items()
        }
        first, last = pairs_at(rows, lags)
        past = [every[name][first + lag] for name in plans for lag in range(lags)]
        if rows.time is not None:
            past.append(rows.time[last] - rows.time[last - 1])
        stacked = np.stack(past, axis=1) if past else np.empty((len(last), 0))
        return cls(stacked, {name: found[last] for name, found in every.items()}, rows.owner[last], plans)


def _targets(views: dict[str, _View], rng: np.random.Generator) -> dict[str, float]:
    """Columns to foresee, with the error of always naming train's median or most frequent category."""
    scales = {}
    for name, plan in views["train"].plans.items():
        real, test = (
            view.now[name][~np.isnan(view.now[name])] for view in (views["train"], views["holdout"])
        )
        if min(len(real), len(test)) < _FEWEST:
            continue
        guess = np.median(real) if plan.numeric else np.bincount(real.astype(int)).argmax()
        scale = float(np.abs(test - guess).mean() if plan.numeric else (test != guess).mean())
        if scale > 0:
            scales[name] = scale
    chosen = rng.permutation(list(scales))[:_MOST_TARGETS]
    return {name: scales[name] for name in sorted(chosen.tolist())}


def _errors(learnt: _View, test: _View, targets: dict[str, float], rng: np.random.Generator) -> Floats:
    """Error of each step of the test under each target, in units of a constant guess's mean error;
    NaN where not known; shape (steps, targets)."""
    rows = np.sort(rng.permutation(len(learnt.owner))[:_MOST_ROWS])
    seed = int(rng.integers(2**31))
    out = np.full((len(test.owner), len(targets)), np.nan)
    for i, (name, scale) in enumerate(targets.items()):
        known = ~np.isnan(test.now[name])
        y, numeric = learnt.now[name][rows], learnt.plans[name].numeric
        held = ~np.isnan(y)
        if held.sum() < _FEWEST:
            out[known, i] = 1.0  # what learnt nothing knows no more than a constant
            continue
        answer = _foreseen(learnt.past[rows][held], y[held], test.past[known], numeric, seed)
        truth = test.now[name][known]
        out[known, i] = (np.abs(truth - answer) if numeric else truth != answer) / scale
    return out


def _foreseen(x: Floats, y: Floats, asked: Floats, numeric: bool, seed: int) -> Floats:
    import lightgbm

    classes, coded = np.unique(y, return_inverse=True)
    if len(classes) < 2 or not x.shape[1]:
        return np.full(len(asked), np.median(y) if numeric else classes[np.bincount(coded).argmax()])
    settings: dict[str, Any] = {
        "num_leaves": 15, "learning_rate": 0.15, "min_data_in_leaf": 20, "max_bin": 63, "verbosity": -1,
        "num_threads": 1, "deterministic": True, "force_row_wise": True, "seed": seed,
        "objective": "l1" if numeric else "multiclass",
    }  # fmt: skip
    if not numeric:
        settings["num_class"] = len(classes)
    data = lightgbm.Dataset(x, label=y if numeric else coded, params=settings)
    model = lightgbm.train(settings, data, num_boost_round=40 if numeric else 20)
    raw = np.asarray(model.predict(asked, num_threads=1))
    return raw if numeric else classes[raw.argmax(axis=1)]


def _total(errors: Floats) -> Floats:
    """What each step adds to the mean over targets of their mean errors, so that its mean is that."""
    known = ~np.isnan(errors)
    share = np.maximum(known.mean(axis=0), 1e-12)
    return np.asarray((np.where(known, errors, 0.0) / share).mean(axis=1))


@dataclass(frozen=True)
class _Said:
    test: _View
    lags: int
    seeds: int
    targets: dict[str, float]

    def columns(self, mean: dict[str, Floats]) -> dict[str, Any]:
        """Error of each column foreseen, beside its anchors."""
        by_role = {role: np.nanmean(errors, axis=0) for role, errors in mean.items()}
        return {
            name: {
                "estimate": float(by_role["synthetic"][i]),
                "ceiling": float(by_role["train"][i]),
                "floor": float(by_role["floor"][i]),
            }
            for i, name in enumerate(self.targets)
        }

    def score(
        self, part: str, estimate: float, added: Floats, by_seed: list[float], unit: Ints, **given: Any
    ) -> Score:
        share = np.mean(added)
        between = float(np.var(by_seed, ddof=1)) / len(by_seed) if len(by_seed) > 1 else 0.0
        variance = influence_variance(added - share, unit) + between
        minus = " minus that of models that learnt on as many train sequences" if part else ""
        return Score(
            metric=name_of(PredictiveScore) + part,
            family="utility",
            direction="lower",
            estimate=estimate,
            interval=normal(estimate, variance, low=-np.inf if part else 0.0),
            n=len(np.unique(self.test.owner)),
            variance=f"draw of the holdout sequences, by person, and {self.seeds} seeds",
            estimand="the same error over all steps of fresh sequences, given the released sequences",
            convention=(
                "error of boosted trees that learnt on synthetic sequences to tell the next step of a "
                f"holdout sequence from its last {self.lags}{minus}, mean over columns; numbers: mean "
                "absolute error, categories: share of wrong ones, in units of what naming train's median or "
                f"most frequent category costs; {self.seeds} seeds; ceiling: learnt on train; floor: on "
                "columns drawn one by one"
            ),
            source="Yoon, Jarrett, van der Schaar (2019), TimeGAN, section 5",
            **given,
        )
