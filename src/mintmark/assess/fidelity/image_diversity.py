"""Diversity of pictures: how alike two synthetic pictures of one class are, beside two real ones.

The mean structural similarity of random pairs of one class shows a generator that collapsed (Odena, Olah,
Shlens 2017, "Conditional image synthesis with auxiliary classifier GANs", section 4.2).
"""

from __future__ import annotations

from typing import ClassVar

import numpy as np
import numpy.typing as npt

from mintmark.assess._images import COMPARED, Pictures, compared, drawn, each_column
from mintmark.data.streams import stream
from mintmark.method import method, name_of
from mintmark.metric import Direction, Family, Metric, NotRun, Score, Tables
from mintmark.stats.image_features import structural_similarity
from mintmark.stats.intervals import normal

__all__ = ["ImageDiversity"]

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
_FEWEST = 2  # pairs of a class, so that their spread is known


@method
class ImageDiversity(Metric):
    """Mean structural similarity of pairs of synthetic pictures of one class."""

    family: ClassVar[Family] = "fidelity"
    direction: ClassVar[Direction] = "lower"
    of_images: ClassVar[bool] = True

    def _measure(self, tables: Tables, rng: np.random.Generator) -> list[Score]:
        return each_column(tables, lambda name: self._of(tables, name))

    def _of(self, tables: Tables, column: str) -> list[Score]:
        n = compared(tables, column)
        real = "train" if tables.holdout is None else "holdout"
        pairs = {which: _pairs(tables, column, which, n) for which in ("synthetic", real)}
        shared = sorted(set.intersection(*(set(found) for found in pairs.values())))
        if not shared:
            raise NotRun("no class has four pictures in either table: there are no pairs to compare.")
        sizes = np.array([len(pairs[real][label]) for label in shared], dtype=np.float64)
        figures = {
            which: _stratified([found[label] for label in shared], sizes / sizes.sum())
            for which, found in pairs.items()
        }
        value, variance = figures["synthetic"]
        return [
            Score(
                metric=name_of(type(self)),
                family=self.family,
                direction=self.direction,
                estimate=value,
                interval=normal(value, variance, low=-1, high=1),
                ceiling=figures[real][0],
                floor=1.0,
                n=n,
                variance="draw of the synthetic pictures, in pairs that share none",
                estimand="mean similarity of two fresh synthetic pictures of one class",
                convention=(
                    "mean structural similarity (SSIM) of brightness of random pairs of synthetic pictures "
                    "of one class of the target, each in one pair; classes weighed as in the real table, "
                    f"those with fewer than {_FEWEST} pairs left out; {COMPARED}; ceiling: pairs of {real}; "
                    "floor: one picture repeated"
                ),
                source="Wang et al. (2004), eq. 13; Odena, Olah, Shlens (2017), section 4.2",
            )
        ]  # fmt: skip


def _pairs(tables: Tables, column: str, which: str, n: int) -> dict[int, Floats]:
    """Similarities of pairs, by class."""
    some = drawn(tables, column, which, n)
    rng = stream(tables.shared.get("seed", 0), "assess", "pairs of pictures", which, column)
    first, second = _matched(some, rng)
    labels = some.labels[first]
    found = structural_similarity(some.pixels[first], some.pixels[second])
    counts = np.unique_counts(labels)
    return {
        int(label): found[labels == label]
        for label, count in zip(counts.values, counts.counts, strict=True)
        if count >= _FEWEST
    }


def _matched(some: Pictures, rng: np.random.Generator) -> tuple[Ints, Ints]:
    """Places of pairs of one class; each picture in one pair at most."""
    order = rng.permutation(len(some))
    pairs = []
    for label in np.unique(some.labels):
        members = order[some.labels[order] == label]
        members = members[: len(members) // 2 * 2]
        pairs.append(members.reshape(-1, 2))
    both = np.concatenate(pairs)
    return both[:, 0], both[:, 1]


def _stratified(strata: list[Floats], weights: Floats) -> tuple[float, float]:
    """A mean over classes and its variance."""
    mean = sum(w * x.mean() for w, x in zip(weights, strata, strict=True))
    variance = sum(w**2 * x.var(ddof=1) / len(x) for w, x in zip(weights, strata, strict=True))
    return float(mean), float(variance)
