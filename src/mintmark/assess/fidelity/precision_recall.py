"""Precision, recall, density, coverage and authenticity: fidelity and diversity told apart."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from mintmark.assess._threads import in_threads
from mintmark.assess.fidelity._embedding import EMBEDDING, design_effect, embedded, placed, room
from mintmark.method import method, name_of
from mintmark.metric import Family, Metric, Score, Tables
from mintmark.stats.folded import folded_interval
from mintmark.stats.intervals import effective_size, influence_variance, normal
from mintmark.stats.manifold import GRID, Curve, Reached, curve, reached
from mintmark.stats.neighbours import Points, nearest, nearest_rows
from mintmark.stats.shares import wilson

__all__ = ["PrecisionRecall"]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Rows = tuple[Points, Ints | None]

_MOST = 4_000
_LEAST = 20
_NEIGHBOURS = 5
_AUTHENTIC = (300, 2_500, 5e7)
"""Least and most rows asked for authenticity, and how many pairs with train rows they may make."""
_TIE = 1e-6
_PART = 100_000  # train rows searched at a time, as points
_CONVENTIONS = {
    "alpha_precision": (
        "1 - twice the area between the diagonal and the share of synthetic rows within the ball, round the "
        "centre of train, that holds a share of train's rows"
    ),
    "beta_recall": (
        "1 - twice the area between the diagonal and the share of train rows that have, within the distance "
        f"of their neighbour number {_NEIGHBOURS}, a nearest synthetic row within the ball, round the "
        "synthetic centre, that holds a share of the synthetic rows"
    ),
    "density": (
        f"train rows within whose distance to neighbour number {_NEIGHBOURS} a synthetic row lies, divided "
        f"by {_NEIGHBOURS}; 1 where synthetic rows lie as densely as train's and no two rows are equal, more "
        "where they crowd and where train's rows repeat, since equal rows share their balls"
    ),
    "coverage": (
        "share of train rows with a synthetic row within the distance to their neighbour number "
        f"{_NEIGHBOURS}"
    ),
}
_SOURCES = {
    "alpha_precision": "Alaa et al. (2022), section 4; Efron (1982) for the interval",
    "beta_recall": "Alaa et al. (2022), section 4; Efron (1982) for the interval",
    "density": "Naeem et al. (2020), eq. 3",
    "coverage": "Naeem et al. (2020), eq. 4",
}


@method
class PrecisionRecall(Metric):
    """Alpha-precision, beta-recall, density, coverage, and authenticity beside the holdout's."""

    family: ClassVar[Family] = "fidelity"

    def _measure(self, tables: Tables, rng: np.random.Generator) -> list[Score]:
        n = room(tables, _MOST, _LEAST)
        train, persons = embedded(tables, "train", n)
        radii = nearest(train, train, _NEIGHBOURS + 1)[:, -1]  # a row is its own first neighbour
        found = {
            which: _Compared.of((train, persons), radii, embedded(tables, which, n))
            for which in ("synthetic", "holdout", "floor")
            if which != "holdout" or tables.holdout is not None
        }
        figures = {which: compared.figures() for which, compared in found.items()}
        curves = {
            "alpha_precision": _drawn(found["synthetic"].precision),
            "beta_recall": _drawn(found["synthetic"].recall),
        }
        scores = [
            Score(
                metric=f"{name_of(type(self))}.{name}",
                family=self.family,
                estimate=value,
                interval=interval,
                ceiling=figures["holdout"][name][0] if "holdout" in figures else None,
                floor=figures["floor"][name][0],
                n=n,
                variance=(
                    "draw of the synthetic and train rows (infinitesimal jackknife); centres and "
                    "distances within train taken as given"
                ),
                estimand=(
                    "the figure that tables of these sizes, drawn from both distributions, have on average; "
                    "it is not 1 where nothing differs: compare it with the ceiling, at the same sizes"
                ),
                convention=(
                    f"{_CONVENTIONS[name]}; {EMBEDDING}; at most {_MOST:,} rows a table, drawn; ceiling: "
                    "holdout in the place of synthetic rows; floor: columns drawn one by one"
                ),
                source=_SOURCES[name],
                details={"curve": curves[name]} if name in curves else {},
            )
            for name, (value, interval) in figures["synthetic"].items()
        ]
        return [*scores, self._authenticity(tables)]

    def _authenticity(self, tables: Tables) -> Score:
        """Of all train rows, since a copy is one only beside its original."""
        least, most, pairs = _AUTHENTIC
        asked = min(len(tables.synthetic), int(np.clip(pairs / len(tables.train), least, most)))
        if tables.holdout is not None:
            asked = min(asked, len(tables.holdout))
        rows, persons = embedded(tables, "synthetic", asked)
        if tables.holdout is not None:
            rows = rows.joined(embedded(tables, "holdout", asked)[0])
        found = _authentic(rows, tables)
        new, fresh = found[:asked], found[asked:]
        draws = round(effective_size(new.astype(np.float64), persons))
        return Score(
            metric=f"{name_of(type(self))}.authenticity",
            family=self.family,
            estimate=float(new.mean()),
            interval=wilson(float(new.mean()), draws),
            ceiling=float(fresh.mean()) if len(fresh) else None,
            floor=0.0,
            n=asked,
            variance="draw of the synthetic rows, or sequences (Wilson), train as it is",
            estimand="share of authentic rows among all that the method would draw, beside this train table",
            convention=(
                "share of synthetic rows that lie further from their nearest train row than that row from "
                f"its own nearest train row; {EMBEDDING}; all train rows and at most {most:,} others; read "
                "it beside the ceiling, as many holdout rows: what is new by nature; floor: a copy of train"
            ),
            source="Alaa et al. (2022), section 4.3; Wilson (1927) for the interval",
        )


def _authentic(rows: Points, tables: Tables) -> npt.NDArray[np.bool_]:
    """Which rows lie further from their nearest train row than that one from the other train rows."""
    n = len(tables.train)
    parts = [np.arange(start, min(n, start + _PART)) for start in range(0, n, _PART)]

    def search(part: Ints) -> tuple[Floats, Ints]:
        distance, place = nearest_rows(rows, placed(tables, "train", part))
        return distance[:, 0], part[place[:, 0]]

    distances, places = map(np.stack, zip(*in_threads(search, parts), strict=True))
    first = distances.argmin(axis=0)[None]
    distance, place = (np.take_along_axis(found, first, 0)[0] for found in (distances, places))
    hit, back = np.unique(place, return_inverse=True)
    hits = placed(tables, "train", hit)
    others = in_threads(lambda part: nearest(hits, placed(tables, "train", part), 2), parts)
    own = np.sort(np.concatenate(list(others), axis=1), axis=1)[:, 1][back]  # the first is the row itself
    return np.asarray(distance > own + _TIE)


@dataclass(frozen=True)
class _Compared:
    """Train's sample against another table's.

    Parameters
    ----------
    precision, recall : Curve
    near : Reached
    persons, others : array of int, optional
        Whose the rows of train and of the other table are.
    """

    precision: Curve
    recall: Curve
    near: Reached
    persons: Ints | None
    others: Ints | None

    @classmethod
    def of(cls, train: Rows, radii: Floats, other: Rows) -> _Compared:
        (real, persons), (rows, others) = train, other
        near = reached(real.flat, radii, rows.flat, others)
        middle, centre = (points.flat.astype(np.float64).mean(0) for points in (real, rows))
        spread = _from(rows, centre)
        covering = np.where(near.by_real > 0, spread[near.nearest], np.inf)
        own, theirs = design_effect(persons), design_effect(others)
        precision = curve(_from(real, middle), _from(rows, middle), (own, theirs))
        return cls(precision, curve(spread, covering, (theirs, own)), near, persons, others)

    def figures(self) -> dict[str, tuple[float, tuple[float, float]]]:
        """Value and interval of each figure."""
        near, m, persons, others = self.near, len(self.near.by_other), self.persons, self.others
        seen = near.by_real > 0
        # a real row that one other person alone covers is lost without it
        alone = np.where(near.alone, 1.0, 0.0)
        lost = np.bincount(near.nearest, weights=alone, minlength=m) * m / len(seen)
        recalled = (
            np.bincount(near.nearest, weights=alone * self.recall.on_other, minlength=m) * m / len(seen)
        )
        inside = near.by_other / _NEIGHBOURS
        cover = influence_variance(seen.astype(np.float64), persons) + influence_variance(lost, others)
        dense = influence_variance(inside, others)
        dense += influence_variance(near.by_real.astype(np.float64) * (len(seen) / m / _NEIGHBOURS), persons)
        precise = influence_variance(self.precision.on_other, others)
        precise += influence_variance(self.precision.on_reference, persons)
        recall = influence_variance(self.recall.on_other, persons)
        recall += influence_variance(self.recall.on_reference + recalled, others)
        return {
            "alpha_precision": _one_minus(self.precision, precise),
            "beta_recall": _one_minus(self.recall, recall),
            "density": (float(inside.mean()), normal(float(inside.mean()), dense, low=0)),
            "coverage": (float(seen.mean()), normal(float(seen.mean()), cover, low=0, high=1)),
        }


def _from(points: Points, centre: Floats) -> Floats:
    return np.asarray(np.linalg.norm(points.flat - centre, axis=1), dtype=np.float64)


def _one_minus(found: Curve, variance: float) -> tuple[float, tuple[float, float]]:
    low, high = folded_interval(found.off, variance, found.added)
    return 1 - found.off, (max(0.0, 1 - high), min(1.0, 1 - low))


def _drawn(found: Curve) -> dict[str, Any]:
    """Ten points of a curve and its ends, for the report."""
    at = np.arange(4, len(GRID), 5)
    return {"at": GRID[at].tolist(), "share": found.shares[at].tolist()}
