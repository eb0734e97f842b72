"""Children per parent: how many rows of a child table each parent has, beside train's."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
import numpy.typing as npt

from mintmark.assess._views import inside
from mintmark.assess._worst import worst_of
from mintmark.data.database import Database, ForeignKey
from mintmark.method import method, name_of
from mintmark.metric import Family, Metric, NotRun, Score, Tables
from mintmark.stats.distance_intervals import Distance, bridges, kolmogorov_smirnov_interval
from mintmark.stats.divergence import total_variation
from mintmark.stats.intervals import effective_size

__all__ = ["ChildrenPerParent"]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


@method
class ChildrenPerParent(Metric):
    """One minus the Kolmogorov-Smirnov distance of the numbers of children, of the worst foreign key."""

    family: ClassVar[Family] = "fidelity"
    of_databases: ClassVar[bool] = True

    def _measure(self, tables: Tables, rng: np.random.Generator) -> list[Score]:
        databases = tables.databases or {}
        keys = inside(databases["train"])
        if not keys:
            raise NotRun("no foreign key joins two tables of one family. Name the keys in `Database`.")
        noise = bridges(rng)
        scores = {
            str(key): self._score({role: _Counts(data, key) for role, data in databases.items()}, noise, rng)
            for key in keys
        }
        return [worst_of(scores, "keys")]

    def _score(self, counts: dict[str, _Counts], noise: Floats, rng: np.random.Generator) -> Score:
        train, synthetic = counts["train"], counts["synthetic"]
        found = _distance(train, synthetic, noise)
        dealt = _Counts.dealt(synthetic, rng)
        top = int(max(train.sorted[-1], synthetic.sorted[-1])) + 1
        p, q = (np.bincount(one.sorted.astype(np.int64), minlength=top) for one in (train, synthetic))
        return Score(
            metric=name_of(type(self)),
            family=self.family,
            estimate=1 - found.estimate,
            interval=(1 - found.interval[1], 1 - found.interval[0]),
            ceiling=1 - _distance(train, counts["holdout"], noise).estimate if "holdout" in counts else None,
            floor=1 - _distance(train, dealt, noise).estimate,
            n=len(synthetic.sorted),
            variance="draw of the synthetic and of train's parents, those of one family together",
            estimand="one minus the distance of all parents that the two sources could give",
            convention=(
                "1 - Kolmogorov-Smirnov distance from train of the number of children a parent has, freed of "
                "the noise of finite samples; ceiling: holdout; floor: the synthetic children dealt to the "
                "synthetic parents at random"
            ),
            source="Massey (1951); interval Raghavachari (1973)",
            details={
                "tvd": total_variation(p, q),
                "mean": {role: float(one.sorted.mean()) for role, one in counts.items()},
            },
        )


class _Counts:
    """Children of each parent, ascending, and the families that the parents belong to."""

    def __init__(self, database: Database, key: ForeignKey) -> None:
        at = database.parents(key)
        self.of = np.bincount(at[at >= 0], minlength=len(database[key.parent])).astype(np.float64)
        self.family = database.families[key.parent]
        self.sorted: Floats = np.sort(self.of)

    @classmethod
    def dealt(cls, like: _Counts, rng: np.random.Generator) -> _Counts:
        """The same children, each given to any parent."""
        out = cls.__new__(cls)
        parents = len(like.of)
        dealt = rng.integers(parents, size=int(like.of.sum()))
        out.of = np.bincount(dealt, minlength=parents).astype(np.float64)
        out.family, out.sorted = like.family, np.sort(out.of)
        return out


def _distance(train: _Counts, other: _Counts, noise: Floats) -> Distance:
    """Kolmogorov-Smirnov distance of the populations of parents."""
    grid = np.unique(np.concatenate([train.sorted, other.sorted]))
    first, second = (np.searchsorted(one.sorted, grid, "right") / len(one.sorted) for one in (train, other))
    at = grid[int(np.argmax(np.abs(first - second)))]
    draws = tuple(effective_size((one.of <= at).astype(np.float64), one.family) for one in (train, other))
    return kolmogorov_smirnov_interval(train.sorted, other.sorted, noise, (draws[0], draws[1]))
