"""Propensity: can a plain model say which rows are synthetic, beyond what chance lets it?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from mintmark.assess._codes import Coded, codings, levels, subset
from mintmark.assess.fidelity._embedding import room
from mintmark.method import method, name_of
from mintmark.metric import Direction, Family, Metric, Score, Tables
from mintmark.stats.intervals import influence_variance, normal
from mintmark.stats.propensity import Model, logistic, pmse, tree

__all__ = ["Propensity"]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Matrix = npt.NDArray[np.floating]

_MOST = 4_000
_LEAST = 100
_FEATURES, _LEVELS, _MOST_COLUMNS = 150, 10, 100
_CONVENTION = (
    "propensity mean squared error, mean of (p - 1/2)² over synthetic and as many train rows, divided by its "
    "mean under permuted labels of train and holdout rows (of the compared rows without a holdout), all rows "
    "of a person under one label; p: chance of being synthetic, in sample, by {}; 1 is indistinguishable and "
    f"a value below 1 is chance; at most {_MOST:,} rows a table, drawn; ceiling: holdout in the place of "
    "synthetic rows; floor: columns drawn one by one"
)


@method
class Propensity(Metric):
    """Propensity mean squared error over its null expectation, of a tree and of main effects."""

    family: ClassVar[Family] = "fidelity"
    direction: ClassVar[Direction] = "lower"

    def _measure(self, tables: Tables, rng: np.random.Generator) -> list[Score]:
        n = room(tables, _MOST, _LEAST)
        coded = {which: subset(tables, which, n) for which in ("train", "synthetic", "floor")}
        if tables.holdout is not None:
            coded["holdout"] = subset(tables, "holdout", n)
        persons = {which: rows.persons for which, rows in coded.items()}
        return [
            self._score("", tree, _codes(coded), persons, rng),
            self._score(".main", logistic, _marks(coded, tables, rng), persons, rng),
        ]

    def _score(
        self,
        part: str,
        model: Model,
        rows: dict[str, Matrix],
        persons: dict[str, Ints | None],
        rng: np.random.Generator,
    ) -> Score:
        pools = {
            which: _Pool.of(rows["train"], rows[which], model, _persons(persons, which, len(rows["train"])))
            for which in rows
            if which != "train"
        }
        null = pools["holdout" if "holdout" in pools else "synthetic"].null(rng)
        if not null.any():  # all real rows are alike
            null = pools["synthetic"].null(rng)
        # no model can be fitted where the synthetic rows are so too: nothing is told apart
        unit, spread = float(null.mean()) or 1.0, float(null.std(ddof=1))
        ratio = {which: pool.error / unit if null.mean() > 0 else 1.0 for which, pool in pools.items()}
        at, error = ratio["synthetic"], pools["synthetic"].error
        variance = pools["synthetic"].variance() + (at * spread) ** 2 / len(null)
        return Score(
            metric=name_of(type(self)) + part,
            family=self.family,
            direction=self.direction,
            estimate=at,
            interval=normal(at, variance / unit**2, low=0),
            ceiling=ratio.get("holdout"),
            floor=ratio["floor"],
            n=len(rows["train"]),
            variance=(
                "draw of the synthetic and train rows (infinitesimal jackknife, the model's form taken as "
                "given) and of the permutations"
            ),
            estimand="the ratio that tables of these sizes, drawn from both distributions, have on average",
            convention=_CONVENTION.format(model.name),
            source="Woo et al. (2009); Snoke et al. (2018), eq. 1, section 3; Efron (1982) for the interval",
            details={
                "pmse": error,
                "null": float(null.mean()),
                "standardised": (error - float(null.mean())) / spread if spread > 0 else 0.0,
            },
        )


@dataclass(frozen=True)
class _Pool:
    """Train and other rows together, whose they are, and a model's chances that a row is of the others."""

    model: Model
    x: Matrix
    labels: npt.NDArray[np.bool_]
    chances: Floats
    persons: Ints | None

    @classmethod
    def of(cls, train: Matrix, other: Matrix, model: Model, persons: Ints | None) -> _Pool:
        """The rows pooled and the model fitted."""
        x = model.prepare(np.concatenate([train, other]))
        labels = np.repeat([False, True], [len(train), len(other)])
        return cls(model, x, labels, model.fit(x, labels), persons)

    @property
    def error(self) -> float:
        """The propensity mean squared error."""
        return pmse(self.chances, self.labels)

    def null(self, rng: np.random.Generator) -> Floats:
        """The error under permuted labels, several times."""
        return self.model.null(self.x, self.labels, self.persons, rng)

    def variance(self) -> float:
        """First-order variance of the error: a row counts by its chance and by moving it."""
        apart = self.chances - self.labels.mean()
        influence = apart**2 + 2 * apart * (self.labels - self.chances)
        sides = [self.labels, ~self.labels]
        whose = [None if self.persons is None else self.persons[side] for side in sides]
        return (
            sum(influence_variance(influence[side], one) for side, one in zip(sides, whose, strict=True)) / 4
        )


def _persons(persons: dict[str, Ints | None], which: str, n: int) -> Ints | None:
    """Whose the rows of train and of another table are, from 0 on; None where each is a person of its own."""
    if persons["train"] is None and persons[which] is None:
        return None
    sides = [
        np.arange(n) if side is None else np.unique(side, return_inverse=True)[1]
        for side in (persons["train"], persons[which])
    ]
    return np.concatenate([sides[0], sides[1] + sides[0].max() + 1])


def _codes(coded: dict[str, Coded]) -> dict[str, Matrix]:
    """Every column's codes: bins of numbers in order, categories by frequency; for trees."""
    return {
        which: np.stack(list(rows.codes.values()), axis=1).astype(np.float32) for which, rows in coded.items()
    }


def _marks(coded: dict[str, Coded], tables: Tables, rng: np.random.Generator) -> dict[str, Matrix]:
    """One-hot coarse codes, at most a feature for four persons a side; for main effects.

    Regressions on more can nearly name each row: their error ends at 1/4 whatever the labels, and
    neither a ratio to the null nor its variance says anything.
    """
    persons = min(
        len(rows) if rows.persons is None else len(np.unique(rows.persons)) for rows in coded.values()
    )
    features = min(_FEATURES, persons // 4)
    plans, columns = codings(tables), min(_MOST_COLUMNS, features // 2)
    if len(plans) > columns:
        picked = set(rng.choice(list(plans), columns, replace=False))
        plans = {name: plan for name, plan in plans.items() if name in picked}
    most = int(np.clip(features // len(plans), 2, _LEVELS))
    out: dict[str, Any] = {}
    for which, rows in coded.items():
        codes, sizes = levels(rows, plans, most)
        out[which] = np.concatenate([np.eye(sizes[name])[codes[name]] for name in plans], axis=1)
    return out
