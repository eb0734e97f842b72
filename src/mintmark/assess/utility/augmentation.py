"""Augmentation: what the synthetic rows are worth, added to the real ones and in their place.

The worth is told in real labels: how many rows of train reach the same score on the holdout, read
off the learning curve of real rows (Viering, Loog 2023, IEEE TPAMI 45, "The shape of learning
curves", for its power law).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from mintmark.assess._codes import Coded
from mintmark.assess._threads import in_threads
from mintmark.assess.utility._models import Task, boosted_trees, score
from mintmark.assess.utility._sampled import told
from mintmark.assess.utility._trained import ROWS, Leg, Trained, joined, trained
from mintmark.method import method
from mintmark.metric import Direction, Family, Metric, NotRun, Score, Tables
from mintmark.stats.intervals import Z95, influence_variance, normal
from mintmark.stats.learning_curve import LearningCurve

__all__ = ["Augmentation"]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
_TEST = 5_000
_HALVINGS = 6
_SMALLEST = 40
_DRAWS = 3
_SOURCE = "Viering and Loog (2023) for learning curves; DeLong et al. (1988) for the interval"


@method
class Augmentation(Metric):
    """Gain of adding the synthetic rows to train, and their worth in real labels.

    Boosted trees are trained on train halved up to six times, on train and synthetic rows together,
    and on train and independent rows together, and tested on at most 5,000 rows of the holdout.
    """

    family: ClassVar[Family] = "utility"

    def _measure(self, tables: Tables, rng: np.random.Generator) -> list[Score]:
        found = trained(tables)
        if len(found.real) < 2 * _SMALLEST:
            raise NotRun(
                f"{len(found.real)} rows of train are too few for a curve: {2 * _SMALLEST} are needed."
            )
        worth = _Worth(found, rng)
        return told(tables, [worth.gain(), worth.labels(), worth.added()], ROWS)


@dataclass(frozen=True)
class _Band:
    """The learning curve, and the curves at the ends of its pointwise 95 % band for one leg."""

    middle: LearningCurve
    low: LearningCurve
    high: LearningCurve

    def labels(self, figure: float) -> tuple[float, tuple[float, float]]:
        """Real rows that reach the figure, and their interval."""
        return self.middle.rows(figure), (self.high.rows(figure), self.low.rows(figure))


class _Worth:
    """What the rows of each sort are worth on the same test rows."""

    def __init__(self, found: Trained, rng: np.random.Generator) -> None:
        picked = rng.permutation(len(found.test))[:_TEST]
        self.found = found
        self.test, self.labels_ = found.test.take(picked), found.labels[picked]
        self.seed = int(rng.integers(2**31))
        legs = (found.trees.real, found.trees.synthetic, found.trees.floor)
        self.real, self.synthetic, self.floor = (
            self._leg(leg.answers[picked]) for leg in legs if leg is not None
        )
        self.both = self._fitted(joined(found.real, found.synthetic))
        self.with_floor = self._fitted(joined(found.real, found.floor))
        self.sizes, self.draws = self._curve(rng)

    @property
    def task(self) -> Task:
        return self.found.task

    def _leg(self, answers: Floats) -> Leg:
        found = score(self.task, answers, self.labels_)
        if found is None:
            raise NotRun(
                f"the holdout holds one value of the target {self.task.target!r} only. Keep more rows apart."
            )
        return Leg(answers, *found)

    def _fitted(self, rows: Coded) -> Leg:
        return self._leg(boosted_trees(self.task, rows, self.seed, 1)(self.test))

    def _curve(self, rng: np.random.Generator) -> tuple[Ints, list[list[Leg]]]:
        """Sizes from small to all, and the models of disjoint draws of each size."""
        real, n = self.found.real, len(self.found.real)
        halved = [n >> k for k in range(1, _HALVINGS + 1) if n >> k >= _SMALLEST]
        parts = []
        for size in halved[::-1]:
            order = rng.permutation(n)
            parts.append([np.sort(order[k * size : (k + 1) * size]) for k in range(min(_DRAWS, n // size))])
        every = [part for some in parts for part in some]
        fitted = in_threads(lambda part: self._fitted(real.take(part)), every)
        draws = [[next(fitted) for _ in some] for some in parts]
        return np.array([*halved[::-1], n]), [*draws, [self.real]]

    def _band(self, leg: Leg) -> _Band:
        """Where a model as good as the leg would stand: test rows are paired, training rows vary."""
        figures = np.array([np.mean([one.figure for one in many]) for many in self.draws])
        paired = np.array([self._variance(leg, many) for many in self.draws])
        varied = self._varied()
        drawn = varied / np.array([len(many) for many in self.draws])
        errors = np.sqrt(paired + drawn + varied[-1])  # the leg's rows are one draw too, as large as train
        chance = 0.0 if self.task.classes is None else 0.5
        made = (LearningCurve.of(self.sizes, figures + z * errors, chance) for z in (0, -Z95, Z95))
        return _Band(*made)

    def _varied(self) -> Floats:
        """Variance of a figure by the draw of its training rows, at each size: as one over the rows."""
        spread = [len(many) * float(np.var([one.figure for one in many])) for many in self.draws]
        freedom = sum(len(many) - 1 for many in self.draws)
        whole: Floats = np.dot(spread, self.sizes) / freedom / self.sizes
        return whole

    def _variance(self, leg: Leg, many: list[Leg]) -> float:
        moved = leg.influence - np.mean([one.influence for one in many], axis=0)
        return influence_variance(moved, self.test.persons)

    def gain(self) -> Score:
        gain = self.both.figure - self.real.figure
        moved = self.both.influence - self.real.influence
        middle = self._band(self.real).middle
        return Score(
            metric="augmentation",
            family="utility",
            estimate=gain,
            interval=normal(gain, influence_variance(moved, self.test.persons)),
            ceiling=middle.figures[-1] - middle.figures[-2],
            floor=self.with_floor.figure - self.real.figure,
            n=self.found.n,
            variance="draw of the holdout rows, paired; the models are taken as given",
            estimand=f"gain in {self._kind} of these models on fresh real rows",
            convention=(
                f"{self._kind} on the holdout of boosted trees of train and synthetic rows together, minus "
                "that of train alone; ceiling: what doubling the real rows brought last, from half to all; "
                "floor: with independent columns added"
            ),
            source=_SOURCE,
        )

    def labels(self) -> Score:
        band = self._band(self.synthetic)
        rows, (low, high) = band.labels(self.synthetic.figure)
        n = float(len(self.found.real))
        return Score(
            metric="augmentation.labels",
            family="utility",
            estimate=min(rows, n),
            interval=(min(low, n), min(high, n)),
            ceiling=n,
            floor=min(band.middle.rows(self.floor.figure), n),
            n=self.found.n,
            variance=(
                "draw of the holdout rows, paired, and of the rows trained on: those of train and, as if "
                "they varied alike, the synthetic ones"
            ),
            estimand="real rows whose models score on average what those of such synthetic rows do",
            convention=(
                "rows of train with which boosted trees reach the holdout score of the synthetic rows; "
                "between halvings of train on a rising curve over the logarithm; not counted beyond train; "
                "ceiling: all of train; floor: independent columns"
            ),
            source=_SOURCE,
            details={
                "learning": [
                    {"rows": int(size), "scores": [one.figure for one in many]}
                    for size, many in zip(self.sizes, self.draws, strict=True)
                ],
                "synthetic": self.synthetic.figure,
                "both": self.both.figure,
            },
        )

    def added(self) -> Score:
        band = self._band(self.both)
        rows, (low, high) = band.labels(self.both.figure)
        n = len(self.found.real)
        direction: Direction = "higher"
        return Score(
            metric="augmentation.added_labels",
            family="utility",
            direction=direction,
            estimate=rows - n,
            interval=(low - n, high - n),
            ceiling=float(n),
            floor=band.middle.rows(self.with_floor.figure) - n,
            n=self.found.n,
            variance=(
                "draw of the holdout rows, paired, and of the rows trained on: those of train and, as if "
                "they varied alike, the synthetic ones"
            ),
            estimand="real rows to be added to train so that models score on average what those of both do",
            convention=(
                "real rows that would have to be added to train to reach the holdout score of train and "
                "synthetic rows together; beyond train the curve goes on as a power law, to four times train "
                "at most; negative where the synthetic rows do harm; ceiling: every synthetic row worth a "
                "real one; floor: independent columns added"
            ),
            source=_SOURCE,
        )

    @property
    def _kind(self) -> str:
        return "R²" if self.task.classes is None else "area under the ROC curve"
