"""Energy distance and maximum mean discrepancy: how far the rows as a whole are from train's."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from mintmark.assess.fidelity._embedding import EMBEDDING, design_effect, embedded, room
from mintmark.method import method, name_of
from mintmark.metric import Direction, Family, Metric, Score, Tables
from mintmark.stats.intervals import influence_variance
from mintmark.stats.kernel_two_sample import (
    Discrepancy,
    discrepancy,
    permuted,
    squared_distances,
    squared_interval,
)

__all__ = ["Energy"]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Persons = tuple[Ints | None, Ints | None]
Singles = npt.NDArray[np.float32]

_MOST = 2_000
_LEAST = 20
_COMMON = (
    f"{EMBEDDING}; at most {_MOST:,} rows a table, drawn; unbiased, so that 0 is what fresh real rows reach "
    "on average and a value below 0 is chance, pairs of one person's rows left out; ceiling: holdout "
    "against train; floor: columns drawn one by one"
)
_VARIANCE = (
    "draw of the synthetic and train rows: first order by the infinitesimal jackknife, the rest by 200 "
    "permutations of the pooled rows"
)


@method
class Energy(Metric):
    """Energy coefficient and squared maximum mean discrepancy of synthetic rows from train."""

    family: ClassVar[Family] = "fidelity"
    direction: ClassVar[Direction] = "lower"

    def _measure(self, tables: Tables, rng: np.random.Generator) -> list[Score]:
        n = room(tables, _MOST, _LEAST)
        train, whose = embedded(tables, "train", n)
        roles = ("synthetic", "floor", *(["holdout"] if tables.holdout is not None else []))
        others = {which: embedded(tables, which, n) for which in roles}
        within = squared_distances(train.flat, train.flat)
        blocks = {
            which: (squared_distances(rows.flat, rows.flat), squared_distances(train.flat, rows.flat))
            for which, (rows, _) in others.items()
        }
        persons = {which: (whose, theirs) for which, (_, theirs) in others.items()}
        gaussian = _gaussian(within)
        common: dict[str, Any] = {"family": self.family, "direction": self.direction, "n": n}
        return [
            Score(
                metric=name_of(type(self)),
                convention=f"energy coefficient, 1 - (E|X - X'| + E|Y - Y'|) / 2 E|X - Y|; {_COMMON}",
                estimand="energy coefficient" + _ESTIMAND,
                source="Székely and Rizzo (2013), section 2; Sejdinovic et al. (2013)",
                **_scored(_minus_distance, within, blocks, persons, rng),
                **common,
            ),
            Score(
                metric=name_of(type(self)) + ".mmd",
                convention=(
                    "squared maximum mean discrepancy, mean of Gaussian kernels whose bandwidths are half, "
                    f"once and twice the median distance in train; {_COMMON}"
                ),
                estimand="squared maximum mean discrepancy" + _ESTIMAND,
                source="Gretton et al. (2012), eq. 3",
                **_scored(gaussian, within, blocks, persons, rng),
                **common,
            ),
        ]


_ESTIMAND = " between the distribution of the synthetic rows and the population, in this embedding"
Kernel = Callable[[Singles], Singles]


def _minus_distance(squares: Singles) -> Singles:
    distance: Singles = np.sqrt(squares)
    return np.negative(distance, out=distance)


def _gaussian(within: Singles) -> Kernel:
    """Mean of three Gaussian kernels, of the squared distances; the wide one's powers are the others."""
    known = within[np.triu_indices(len(within), 1)]
    scale = float(np.median(known)) or float(known.mean()) or 1.0

    def kernel(squares: Singles) -> Singles:
        wide = np.exp(squares * np.float32(-1 / (8 * scale)))
        middle = wide**2
        middle *= middle
        narrow = middle**2
        narrow *= narrow
        mean: Singles = (wide + middle + narrow) / np.float32(3)
        return mean

    return kernel


def _scored(
    kernel: Kernel,
    within: Singles,
    blocks: dict[str, tuple[Singles, Singles]],
    persons: dict[str, Persons],
    rng: np.random.Generator,
) -> dict[str, Any]:
    """Estimate, interval and anchors under a kernel of squared distances."""
    aa = kernel(within)
    bb, ab = (kernel(block) for block in blocks["synthetic"])
    found = discrepancy(aa, bb, ab, persons["synthetic"])
    value, variance = _value(found, kernel, persons["synthetic"])
    effect = float(np.mean([design_effect(whose) for whose in persons["synthetic"]]))
    null = permuted(aa, bb, ab, rng) * effect / _unit(found, kernel)
    anchors = {
        which: _value(
            discrepancy(aa, kernel(blocks[which][0]), kernel(blocks[which][1]), persons[which]), kernel
        )[0]
        for which in blocks
        if which != "synthetic"
    }
    return {
        "estimate": value,
        "interval": squared_interval(value, found.biased / _unit(found, kernel), variance, null),
        "ceiling": anchors.get("holdout"),
        "floor": anchors["floor"],
        "variance": _VARIANCE,
        "details": {"p": (1 + int((null >= value).sum())) / (1 + len(null))},
    }


def _unit(found: Discrepancy, kernel: Kernel) -> float:
    """What a value is divided by: twice the mean distance of two rows, for the energy coefficient."""
    return (-2 * found.between or 1.0) if kernel is _minus_distance else 1.0


def _value(found: Discrepancy, kernel: Kernel, persons: Persons = (None, None)) -> tuple[float, float]:
    """The value and the first-order part of its variance."""
    unit = _unit(found, kernel)
    value = found.value / unit
    # the unit moves with the rows as well, by minus twice the mean kernel
    ratio = 2 * value if kernel is _minus_distance else 0.0
    on_train = (found.on_a + ratio * found.between_a) / unit
    on_other = (found.on_b + ratio * found.between_b) / unit
    return value, influence_variance(on_train, persons[0]) + influence_variance(on_other, persons[1])
