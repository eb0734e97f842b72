"""Fréchet and kernel distance of pictures, in features by rule and in those of the user's own classifier.

Both are known from networks trained on photographs of things (FID, KID); such weights say little of other
pictures and are not used. Here the features are made by rule, or learnt from half of the user's own train.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from mintmark.assess._image_classifier import own_space
from mintmark.assess._images import COMPARED, compared, each_column, rule_space
from mintmark.assess.fidelity._embedding import design_effect
from mintmark.method import method, name_of
from mintmark.metric import Direction, Family, Metric, NotRun, Score, Tables
from mintmark.stats.frechet import frechet, frechet_permuted
from mintmark.stats.intervals import influence_variance
from mintmark.stats.kernel_two_sample import discrepancy, permuted, squared_interval

__all__ = ["ImageDistance"]

Singles = npt.NDArray[np.float32]
Rows = tuple[Singles, npt.NDArray[np.int64] | None]
Space = Callable[[Tables, str, str, int], Rows]
_SPACES: dict[str, tuple[Space, str]] = {
    "own": (
        own_space,
        "64 features of a classifier of the target, learnt from half of train and compared with the other",
    ),
    "fixed": (
        rule_space,
        "features by rule: shares of levels, directions of edges, 25 lowest frequencies; no network, no FID",
    ),
}
_ANCHORS = "ceiling: holdout against train; floor: each pixel from another picture of train"
_VARIANCE = (
    "draw of the synthetic and train pictures: first order by the infinitesimal jackknife, the rest by "
    "permutations of the pooled pictures; the features as they are"
)


@method
class ImageDistance(Metric):
    """Fréchet distance and squared maximum mean discrepancy of synthetic pictures from train's."""

    family: ClassVar[Family] = "fidelity"
    direction: ClassVar[Direction] = "lower"
    of_images: ClassVar[bool] = True

    def _measure(self, tables: Tables, rng: np.random.Generator) -> list[Score]:
        return each_column(tables, lambda name: self._of(tables, name, rng))

    def _of(self, tables: Tables, column: str, rng: np.random.Generator) -> list[Score]:
        n = compared(tables, column)
        return [score for kind in _SPACES for score in self._in(tables, column, kind, n, rng)]

    def _in(self, tables: Tables, column: str, kind: str, n: int, rng: np.random.Generator) -> list[Score]:
        names = [f"{name_of(type(self))}.{which}_{kind}" for which in ("frechet", "kernel")]
        common: dict[str, Any] = {"family": self.family, "direction": self.direction}
        space, meaning = _SPACES[kind]
        roles = ["synthetic", "floor", *(["holdout"] if tables.holdout is not None else [])]
        try:
            train = space(tables, column, "train", n)
            others = {which: space(tables, column, which, n) for which in roles}
        except NotRun as why:
            return [Score(metric=name, status="not run", reason=str(why), **common) for name in names]
        common |= {"n": n, "variance": _VARIANCE}
        return [
            Score(
                metric=names[0],
                convention=(
                    "squared Fréchet distance of two normal distributions, less its mean over random splits "
                    "of the pooled pictures, divided by the total variance in train: 0 is what fresh real "
                    f"pictures reach on average; {meaning}; {COMPARED}; {_ANCHORS}"
                ),
                estimand="relative Fréchet distance between the synthetic pictures and the population",
                source="Dowson and Landau (1982); for pictures Heusel et al. (2017), with other features",
                **_scored(_frechet, train, others, rng),
                **common,
            ),
            Score(
                metric=names[1],
                convention=(
                    "squared maximum mean discrepancy with the kernel (x·y / d + 1)³, unbiased: 0 is what "
                    f"fresh real pictures reach on average; {meaning}; {COMPARED}; {_ANCHORS}"
                ),
                estimand="squared discrepancy between the synthetic pictures and the population",
                source="Bińkowski, Sutherland, Arbel, Gretton (2018), with other features",
                **_scored(_kernel, train, others, rng),
                **common,
            ),
        ]  # fmt: skip


Found = tuple[float, float, float, npt.NDArray[np.float64]]
"""Value without what chance adds, value with it, variance of first order, values of random splits."""


def _scored(
    measure: Callable[[Rows, Rows, np.random.Generator], Found],
    train: Rows,
    others: dict[str, Rows],
    rng: np.random.Generator,
) -> dict[str, Any]:
    value, biased, variance, null = measure(train, others["synthetic"], rng)
    effect = float(np.mean([design_effect(whose) for _, whose in (train, others["synthetic"])]))
    anchors = {which: measure(train, rows, rng)[0] for which, rows in others.items() if which != "synthetic"}
    return {
        "estimate": value,
        "interval": squared_interval(value, biased, variance, null * effect),
        "ceiling": anchors.get("holdout"),
        "floor": anchors["floor"],
    }


def _frechet(train: Rows, other: Rows, rng: np.random.Generator) -> Found:
    (a, whose), (b, theirs) = train, other
    found, null = frechet(a, b), frechet_permuted(a, b, rng)
    unit = float(a.var(0, dtype=np.float64).sum()) or 1.0
    variance = influence_variance(found.on_a, whose) + influence_variance(found.on_b, theirs)
    chance = float(null.mean())
    return (found.value - chance) / unit, found.value / unit, variance / unit**2, (null - chance) / unit


def _kernel(train: Rows, other: Rows, rng: np.random.Generator) -> Found:
    (a, whose), (b, theirs) = train, other
    aa, bb, ab = (_cubic(x, y) for x, y in ((a, a), (b, b), (a, b)))
    found = discrepancy(aa, bb, ab, (whose, theirs))
    variance = influence_variance(found.on_a, whose) + influence_variance(found.on_b, theirs)
    return found.value, found.biased, variance, permuted(aa, bb, ab, rng)


def _cubic(x: Singles, y: Singles) -> Singles:
    kernel: Singles = (x @ y.T / np.float32(x.shape[1]) + np.float32(1)) ** 3
    return kernel
