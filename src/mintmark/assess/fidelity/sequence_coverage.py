"""Sequence coverage: do synthetic sequences reach what fresh ones show, and how many differ?"""

from __future__ import annotations

from typing import ClassVar

import numpy as np
import numpy.typing as npt

from mintmark.assess._windows import Windows, closest, windows
from mintmark.method import method, name_of
from mintmark.metric import Family, Metric, Score, Tables
from mintmark.stats.intervals import influence_variance, normal

__all__ = ["SequenceCoverage"]

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
_MOST = 4_000


@method
class SequenceCoverage(Metric):
    """Share of fresh windows that meet a synthetic one as near as another fresh one, and distinct windows."""

    family: ClassVar[Family] = "fidelity"
    of_sequences: ClassVar[bool] = True

    def _measure(self, tables: Tables, rng: np.random.Generator) -> list[Score]:
        found = windows(tables)
        synthetic, holdout = found["synthetic"], found["holdout"]
        persons = rng.permutation(np.unique(holdout.unit))
        first = np.isin(holdout.unit, persons[: len(persons) // 2])
        asked, others = np.flatnonzero(first), np.flatnonzero(~first)
        size = min(len(others), len(synthetic.unit), len(found["train"].unit))
        queries = holdout.asked(rng.permutation(asked)[: _sequences(holdout)])
        fresh = closest(queries, _some(holdout, others, size, rng))
        met = _met(queries, _some(synthetic, np.arange(len(synthetic.unit)), size, rng), fresh)
        ceiling = _met(queries, _some(found["train"], np.arange(len(found["train"].unit)), size, rng), fresh)
        share, unit = float(met.mean()), holdout.unit[np.unique(queries.owner)]
        differ, variance = _distinct(synthetic)
        return [
            Score(
                metric=name_of(type(self)),
                family=self.family,
                estimate=share,
                interval=normal(share, influence_variance(met, unit), low=0, high=1),
                ceiling=float(ceiling.mean()),
                floor=0.0,
                n=size,
                variance="draw of the asked holdout sequences, by person; the others as they are (jackknife)",
                estimand="the share over all fresh windows, given the compared sequences",
                convention=(
                    f"share of windows of {synthetic.steps} steps of one half of the holdout that are at "
                    "least as near to a synthetic window as to one of the other half, as many sequences of "
                    "each, ties half, mean over sequences; fresh sequences reach 0.5; ceiling: train in "
                    "their place; floor: nothing met"
                ),
                source="after coverage, Naeem et al. (2020), with fresh neighbours as the radius",
            ),
            Score(
                metric=name_of(type(self)) + ".distinct",
                family=self.family,
                estimate=differ,
                interval=normal(differ, variance, low=0, high=1),
                ceiling=_distinct(holdout)[0],
                floor=0.0,
                n=len(synthetic.unit),
                variance="draw of the synthetic sequences (jackknife)",
                estimand="the same share among as many sequences of the same source",
                convention=(
                    f"mean over sequences of the share of their windows of {synthetic.steps} steps that no "
                    "other sequence of the table holds; ceiling: among the holdout; floor: none"
                ),
                source="mode collapse",
            ),
        ]


def _sequences(some: Windows) -> int:
    """Sequences that have about 4,000 windows to ask about."""
    each = len(some.owner) / len(some.unit) / max(1, some.steps // 2)
    return max(100, int(_MOST / max(1.0, each)))


def _some(whole: Windows, sequences: Ints, size: int, rng: np.random.Generator) -> Windows:
    return whole.of(rng.permutation(sequences)[:size])


def _met(queries: Windows, references: Windows, fresh: Floats) -> Floats:
    """For each asked sequence the share of its windows that are as near to the references."""
    near = closest(queries, references)
    won = np.where(np.abs(near - fresh) <= 1e-5, 0.5, near < fresh)
    owner = np.unique(queries.owner, return_inverse=True)[1]
    return np.asarray(np.bincount(owner, won) / np.bincount(owner))


def _distinct(some: Windows) -> tuple[float, float]:
    """Mean share of a sequence's windows that are its own, and the variance of the mean."""
    same = np.unique(some.same, return_inverse=True)[1]
    pairs = np.unique(np.stack([same, some.owner]), axis=1)
    alone = np.bincount(pairs[0])[same] == 1
    own = np.bincount(some.owner, alone) / np.bincount(some.owner)
    return float(own.mean()), influence_variance(own)
