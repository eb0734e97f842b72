"""Precision, recall, density and coverage of pictures: whether all look real, and whether all kinds occur."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
import numpy.typing as npt

from mintmark.assess._images import COMPARED, compared, each_column, rule_space
from mintmark.method import method, name_of
from mintmark.metric import Family, Metric, Score, Tables
from mintmark.stats.intervals import influence_variance, normal
from mintmark.stats.kernel_two_sample import squared_distances
from mintmark.stats.shares import wilson

__all__ = ["ImagePrecisionRecall"]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]
Rows = tuple[npt.NDArray[np.float32], Ints | None]
Figure = tuple[float, tuple[float, float]]
_NEIGHBOURS = 5
_TIE = 1e-5
_WITHIN = f"within the distance to its neighbour number {_NEIGHBOURS}"
_CONVENTIONS = {
    "precision": f"share of synthetic pictures that a train picture has {_WITHIN} among train's",
    "recall": f"share of train pictures that a synthetic picture has {_WITHIN} among the synthetic ones",
    "density": f"train pictures that have a synthetic picture {_WITHIN} among train's, for each of those, "
    f"divided by {_NEIGHBOURS}",
    "coverage": f"share of train pictures that have a synthetic picture {_WITHIN} among train's",
}
_SOURCES = {
    "precision": "Kynkäänniemi et al. (2019), eq. 2",
    "recall": "Kynkäänniemi et al. (2019), eq. 2",
    "density": "Naeem et al. (2020), eq. 3",
    "coverage": "Naeem et al. (2020), eq. 4",
}


@method
class ImagePrecisionRecall(Metric):
    """Precision, recall, density and coverage of synthetic pictures, in features by rule."""

    family: ClassVar[Family] = "fidelity"
    of_images: ClassVar[bool] = True

    def _measure(self, tables: Tables, rng: np.random.Generator) -> list[Score]:
        return each_column(tables, lambda name: self._of(tables, name))

    def _of(self, tables: Tables, column: str) -> list[Score]:
        n = compared(tables, column)
        train = rule_space(tables, column, "train", n)
        figures = {
            which: _figures(train, rule_space(tables, column, which, n))
            for which in ("synthetic", "floor", "holdout")
            if which != "holdout" or tables.holdout is not None
        }
        return [
            Score(
                metric=f"{name_of(type(self))}.{name}",
                family=self.family,
                estimate=value,
                interval=interval,
                ceiling=figures["holdout"][name][0] if "holdout" in figures else None,
                floor=figures["floor"][name][0],
                n=n,
                variance=(
                    "draw of the synthetic and train pictures (infinitesimal jackknife); distances within "
                    "either taken as given"
                ),
                estimand=(
                    "the figure that tables of these sizes have on average; it is not 1 where nothing "
                    "differs: compare it with the ceiling, at the same sizes"
                ),
                convention=(
                    f"{_CONVENTIONS[name]}; features by rule (levels, edges, low frequencies) in units of "
                    f"train's deviation; {COMPARED}; ceiling: holdout in the place of synthetic pictures; "
                    "floor: each pixel from another picture of train"
                ),
                source=_SOURCES[name],
            )
            for name, (value, interval) in figures["synthetic"].items()
        ]


def _figures(real: Rows, made: Rows) -> dict[str, Figure]:
    """Value and interval of each figure."""
    (train, persons), (other, others) = real, made
    across = squared_distances(train, other)
    by_train = across <= _radii(train)[:, None]  # train's balls that hold a synthetic picture
    by_other = (across <= _radii(other)).T
    inside: Floats = by_train.sum(0) / _NEIGHBOURS
    around: Floats = by_train.sum(1) * (len(train) / len(other) / _NEIGHBOURS)
    dense = influence_variance(inside, others) + influence_variance(around, persons)
    density = float(inside.mean())
    return {
        "precision": _held(by_train, persons, others),
        "recall": _held(by_other, others, persons),
        "density": (density, normal(density, dense, low=0)),
        "coverage": _held(by_train.T, others, persons),
    }


def _radii(points: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Squared distance of each point to its neighbour of that number."""
    squares = squared_distances(points, points)
    np.fill_diagonal(squares, np.inf)
    radii: npt.NDArray[np.float32] = np.partition(squares, _NEIGHBOURS - 1, axis=1)[:, _NEIGHBOURS - 1]
    return radii + np.float32(_TIE)


def _held(inside: Bools, holders: Ints | None, points: Ints | None) -> Figure:
    """Share of the points (columns) that at least one of the holders (rows) holds, and its interval.

    A point that one holder alone holds is lost without it: that is the holder's influence.
    """
    times = inside.sum(axis=0)
    held, alone = times > 0, times == 1
    lost: Floats = (inside & alone).sum(1) * (len(inside) / inside.shape[1])
    share = float(held.mean())
    if share in (0.0, 1.0):  # what varies was not met
        return share, wilson(share, len(held) if points is None else len(np.unique(points)))
    variance = influence_variance(held.astype(np.float64), points) + influence_variance(lost, holders)
    return share, normal(share, variance, low=0, high=1)
