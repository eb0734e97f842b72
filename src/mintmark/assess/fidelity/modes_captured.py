"""Modes captured: how many of the clusters of the real rows still occur.

`modes` looks at categories, ranges and classes, one column or two at a time. A generator may keep all of
these and yet lose kinds of rows, such as the rare one of three usual values that hardly ever come together.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from mintmark.assess._codes import Coded, Coding, codings, equal, full, levels, subset
from mintmark.assess._labels import code_label
from mintmark.assess.fidelity._embedding import room
from mintmark.method import method, name_of
from mintmark.metric import Family, Metric, NotRun, Score, Tables
from mintmark.stats.cells import FEWEST, clusters, kept

__all__ = ["ModesCaptured"]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Plans = dict[str, Coding]
Found = tuple[dict[str, Ints], Ints | None, Callable[[int], dict[str, str]]]
"""The cell of each row of each table, whose train's rows are, and what a cell's rows hold."""

_MOST, _LEAST = 4_000, 200
_CATEGORIES = 40
_TAIL, _INNER = 0.005, 0.9
_SHOWN = 10
_CONVENTION = (
    "share of the modes of train that the rows hold; modes are the distinct rows where every column is a "
    f"category, else the clusters (HDBSCAN) of at most {_MOST:,} train rows as points: numbers in units of "
    "their spread, categories one apart; a row belongs to the cluster of the nearest of these, unless it "
    "lies farther than nine of ten of its other train rows, which also say how many rows belong to each; "
    f"those with {FEWEST} or more, of as many persons, are judged, and one is lost that has less than a "
    "quarter of its rows; what chance alone would lose is taken off; ceiling: the holdout; floor: columns "
    "drawn one by one"
)


@method
class ModesCaptured(Metric):
    """Share of the clusters of the real rows, common and rare alike, that the rows still hold."""

    family: ClassVar[Family] = "fidelity"
    on_request = True

    def _measure(self, tables: Tables, rng: np.random.Generator) -> list[Score]:
        room(tables, _MOST, _LEAST)
        plans = codings(tables)
        numeric = any(plan.numeric for plan in plans.values())
        cells, persons, examples = (_clustered if numeric else _distinct)(tables, plans, rng)
        found = {which: kept(cells["train"], cells[which], persons) for which in cells if which != "train"}
        made = found["synthetic"]
        if made.cells < 2:
            raise NotRun(
                "the real rows fall into no two clusters of enough rows: there are no modes to be counted. "
                "`modes` and `coverage` say more here."
            )
        return [
            Score(
                metric=name_of(type(self)),
                family=self.family,
                estimate=made.share,
                interval=made.interval,
                ceiling=found["holdout"].share if "holdout" in found else None,
                floor=found["floor"].share,
                n=len(cells["synthetic"]),
                variance="draw of the train and synthetic rows (negative binomial), clusters as they are",
                estimand="share of these modes that the distribution of the synthetic rows keeps",
                convention=_CONVENTION,
                source=(
                    "after Metz et al. (2017), Srivastava et al. (2017); Campello, Moulavi, Sander (2013)"
                ),
                details={
                    "modes": made.cells,
                    "lost": len(made.lost),
                    "examples": [examples(int(cell)) for cell in made.lost[:_SHOWN]],
                },
            )
        ]


def _distinct(tables: Tables, plans: Plans, rng: np.random.Generator) -> Found:
    """Rows of categories alone: each distinct row of train is a cell."""
    rows = {
        which: full(tables, "train") if which == "train" else equal(tables, which) for which in _which(tables)
    }
    codes = {which: np.stack([coded.codes[name] for name in plans], axis=1) for which, coded in rows.items()}
    every, at = np.unique(np.concatenate(list(codes.values())), axis=0, return_inverse=True)
    ends = np.cumsum([len(part) for part in codes.values()])[:-1]
    cells = dict(zip(codes, np.split(at.reshape(-1).astype(np.int64), ends), strict=True))
    return (
        cells,
        rows["train"].persons,
        lambda cell: {
            name: code_label(plan, int(code))
            for (name, plan), code in zip(plans.items(), every[cell], strict=True)
        },
    )


def _clustered(tables: Tables, plans: Plans, rng: np.random.Generator) -> Found:
    """The cluster of the nearest of some train rows; others of them count for train."""
    from sklearn.neighbors import NearestNeighbors

    train = subset(tables, "train", 2 * _MOST)
    some, rest = _halves(train, rng)
    rows = {"train": train.take(rest)}
    rows |= {which: subset(tables, which, _MOST) for which in _which(tables) if which != "train"}
    scale = _scale(train, plans)
    learnt = train.take(some)
    points = _points(learnt, plans, scale)
    cluster = clusters(points, max(FEWEST, len(points) // 400))
    search = NearestNeighbors(n_neighbors=1).fit(points)
    cells, reach = {}, np.empty(0)
    for which, coded in rows.items():  # train first: it says how far a cluster's own rows lie
        apart, place = (found[:, 0] for found in search.kneighbors(_points(coded, plans, scale)))
        cell = cluster[place]
        reach = reach if which != "train" else _reach(cell, apart, int(cluster.max()) + 1)
        cells[which] = np.where(apart <= np.append(reach, np.inf)[cell], cell, -1)

    def example(cell: int) -> dict[str, str]:
        """What most rows of a cluster hold, column by column."""
        own = np.flatnonzero(cluster == cell)
        usual = {name: int(np.bincount(learnt.codes[name][own]).argmax()) for name in plans}
        return {name: code_label(plan, usual[name]) for name, plan in plans.items()}

    return cells, rows["train"].persons, example


def _reach(cell: Ints, apart: Floats, size: int) -> Floats:
    """For each cluster the distance within which nine of ten of its real rows lie, shape (size,).

    A row beyond is one of another cluster's that strayed near: a generator that keeps few clusters has many.
    """
    reach = np.zeros(size)
    for k in np.unique(cell[cell >= 0]):
        reach[k] = np.quantile(apart[cell == k], _INNER)
    return reach


def _halves(train: Coded, rng: np.random.Generator) -> tuple[Ints, Ints]:
    """Two halves of the rows, or of the persons whose they are."""
    if train.persons is None:
        order = rng.permutation(len(train))
        return order[: len(train) // 2], order[len(train) // 2 :]
    every, whose = np.unique(train.persons, return_inverse=True)
    first = (rng.permutation(len(every)) < len(every) // 2)[whose]
    return np.flatnonzero(first), np.flatnonzero(~first)


def _which(tables: Tables) -> list[str]:
    return ["train", "synthetic", "floor", *(["holdout"] if tables.holdout is not None else [])]


def _scale(train: Coded, plans: Plans) -> dict[str, tuple[float, float]]:
    """Middle and spread of each number, its extremes left out."""
    scale = {}
    for name, plan in plans.items():
        known = train.numbers[name][np.isfinite(train.numbers[name])] if plan.numeric else np.zeros(0)
        if len(known):
            inner = np.clip(known, *np.quantile(known, [_TAIL, 1 - _TAIL]))
            scale[name] = (float(inner.mean()), float(inner.std()) or 1.0)
    return scale


def _points(coded: Coded, plans: Plans, scale: dict[str, tuple[float, float]]) -> Floats:
    """Rows as points, shape (n, d): numbers in units of their spread, a mark where missing, categories."""
    codes, sizes = levels(coded, plans, _CATEGORIES)
    parts = []
    for name, plan in plans.items():
        if not plan.numeric:
            parts.append(np.eye(sizes[name])[codes[name]] * np.sqrt(0.5))
        elif name in scale:
            middle, spread = scale[name]
            missing = np.isnan(coded.numbers[name])
            parts += [
                np.where(missing, 0.0, (coded.numbers[name] - middle) / spread)[:, None],
                missing[:, None],
            ]
    return np.concatenate(parts, axis=1)
