"""Out of distribution: whether added rows of a class lie where unseen real rows of that class do.

Three questions, each asked of real rows as well. New rows lie between real ones of train, so that train would
vouch for all of them: they are held against the holdout, which the fit did not see.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from mintmark.assess._codes import Coded, codings, subset
from mintmark.assess.fidelity._embedding import EMBEDDING, as_points
from mintmark.method import method, name_of
from mintmark.metric import Direction, Family, Metric, NotRun, Score, Tables
from mintmark.stats.neighbours import Points
from mintmark.stats.out_of_distribution import conformal_p_values, nearer, real_rejected
from mintmark.stats.purity import pure
from mintmark.stats.shares import wilson

__all__ = ["OutOfDistribution"]

Ints = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]
_REAL, _ASKED, _CLASSES = 100_000, 2_000, 20
"""Most real rows of a table, rows of a class that are asked, and classes, the rarest."""
_FEWEST = 10  # rows of a class in train and in the holdout below which a share means little
_NEIGHBOURS, _ALPHA, _NEEDED = 5, 0.05, 19


@dataclass(frozen=True)
class _Class:
    """Rows of one class and of the others, as points of the columns beside the target.

    Parameters
    ----------
    new, floor : Points
        Rows that are asked: added ones of the class, and columns drawn one by one, said to be of it.
    train, held : Points
        Real rows of the class.
    witnesses : Points
        Of `held` one row of each person.
    holdout : Points
        All its rows of known class.
    own : array of int, shape (holdout,)
        1 where such a row is of the class, else 0.
    """

    name: str
    new: Points
    floor: Points
    train: Points
    held: Points
    witnesses: Points
    holdout: Points
    own: Ints


@dataclass(frozen=True)
class _Question:
    """One figure: the share of rows of which something holds.

    Parameters
    ----------
    holds : callable
        Of a class and of rows said to be of it: which of them, shape (rows,).
    fresh : str
        Real rows of the class that stand in the place of the new ones for the ceiling: "train", where rows
        are held against the holdout, else "held".
    why_not : callable
        Of a class: why the figure cannot be had; empty where it can.
    """

    holds: Callable[[_Class, Points], Mask]
    fresh: str
    direction: Direction
    convention: str
    source: str
    why_not: Callable[[_Class], str] = lambda _: ""


def _pure(one: _Class, rows: Points) -> Mask:
    labels, most = np.ones(len(rows), dtype=np.int64), (_NEIGHBOURS - 1) // 2
    return pure(rows, labels, one.holdout, one.own, _NEIGHBOURS, most)


def _rejected(one: _Class, rows: Points) -> Mask:
    return np.asarray(conformal_p_values(rows, one.witnesses) <= _ALPHA + 1e-9)


def _too_few(one: _Class) -> str:
    if len(one.witnesses) >= _NEEDED:
        return ""
    return (
        f"the holdout holds fewer than {_NEEDED} rows (persons) of class {one.name!r}, with which no row is "
        f"told apart at level {_ALPHA:g}. Keep more rows apart."
    )


def _overlapping(one: _Class, rows: Points) -> Mask:
    return nearer(rows, one.holdout.take(np.flatnonzero(one.own == 0)), one.train)


_QUESTIONS = {
    "purity": _Question(
        _pure,
        "train",
        "higher",
        f"share of new rows of which most of the {_NEIGHBOURS} nearest holdout rows are of their class; "
        "ceiling: train rows of the class in the place of new ones, above which rows keep to its safe middle",
        "Lee, Kim, Lee (2015) for the rule; Wilson (1927) for the interval",
    ),
    "conformal": _Question(
        _rejected,
        "train",
        "lower",
        "share of new rows that are too far from holdout rows of their class to be of it: p = (1 + number of "
        "holdout rows as far from the nearest other) / (rows + 1), at most "
        f"{_ALPHA:g}, one row of each person; real rows are rejected at most as often as `real` in details "
        "says, over draws of the holdout; ceiling: train rows of the class, against this holdout",
        "Vovk, Gammerman, Shafer (2005); Wilson (1927) for the interval",
        _too_few,
    ),
    "majority_overlap": _Question(
        _overlapping,
        "held",
        "lower",
        "share of new rows that are nearer to a holdout row of another class, hidden from the fit, than to "
        "any train row of their class; ceiling: holdout rows of the class in the place of new ones. New rows "
        "lie next to the train rows that they are made from, and so mostly below it",
        "Hassanat, Tarawneh, Altarawneh, Almuhaimeed (2022); Wilson (1927) for the interval",
    ),
}


@method
class OutOfDistribution(Metric):
    """Purity of the neighbours, conformal distance and majority overlap of added rows, class by class.

    Measured where the rows are `augmented real`, the target has classes and another column is scored. Told is
    the rarest class that the added rows grow; all, up to 20, stand in the details.
    """

    family: ClassVar[Family] = "fidelity"

    def _measure(self, tables: Tables, rng: np.random.Generator) -> list[Score]:
        if tables.synthetic.provenance.get("nature") != "augmented real":
            return []
        if not set(codings(tables)) - {tables.target}:
            return []  # pictures, which have scores of their own
        classes = _classes(tables, rng)
        return [self._score(which, classes) for which in _QUESTIONS]

    def _score(self, which: str, classes: list[_Class]) -> Score:
        asked, told = _QUESTIONS[which], classes[0]
        found = {one.name: _figures(asked, one) for one in classes}
        figures = found[told.name]
        about: dict[str, Any] = {
            "metric": f"{name_of(type(self))}.{which}",
            "family": self.family,
            "direction": asked.direction,
            "details": {"class": told.name, "classes": found},
        }
        if "reason" in figures:
            return Score(**about, status="not run", reason=figures["reason"])
        return Score(
            **about,
            estimate=figures["estimate"],
            interval=tuple(figures["interval"]),
            ceiling=figures["ceiling"],
            floor=figures["floor"],
            n=figures["n"],
            variance="draw of the new rows (Wilson); real rows as they are",
            estimand="the share among all rows of this class that the method would make, beside these rows",
            convention=(
                f"{asked.convention}; class {told.name!r}, the rarest that is grown, others in details; "
                f"at most {_ASKED:,} rows asked and {_REAL:,} of a real table, drawn; {EMBEDDING}; without "
                "the target; floor: columns drawn one by one, said to be of the class"
            ),
            source=asked.source,
        )


def _figures(asked: _Question, one: _Class) -> dict[str, Any]:
    """The figures of one class, or why there are none."""
    if why := asked.why_not(one):
        return {"reason": why}
    share, ceiling, floor = (
        float(asked.holds(one, rows).mean()) for rows in (one.new, getattr(one, asked.fresh), one.floor)
    )
    real = {"real": real_rejected(len(one.witnesses), _ALPHA)} if asked.holds is _rejected else {}
    return {
        "estimate": share,
        "interval": list(wilson(share, len(one.new))),
        "ceiling": ceiling,
        "floor": floor,
        "n": len(one.new),
        **real,
    }


def _classes(tables: Tables, rng: np.random.Generator) -> list[_Class]:
    """The classes that have new rows and enough real ones, the rarest first."""
    target, names = _target(tables)
    train, held = (subset(tables, which, _REAL) for which in ("train", "holdout"))
    new = subset(tables, "synthetic", len(tables.synthetic))
    known = held.take(np.flatnonzero(held.codes[target] <= len(names)))  # the rest do not say their class
    holdout = as_points(tables, known, target)
    floor = as_points(tables, subset(tables, "floor", _ASKED), target)

    def of_class(label: int) -> _Class:
        own = np.flatnonzero(known.codes[target] == label)
        asked, real = (
            as_points(tables, coded.take(_some(np.flatnonzero(coded.codes[target] == label), rng)), target)
            for coded in (new, train)
        )
        fresh, witnesses = (holdout.take(rows) for rows in (_some(own, rng), own[_one_each(known, own, rng)]))
        classes = (known.codes[target] == label).astype(np.int64)
        return _Class(names[label], asked, floor, real, fresh, witnesses, holdout, classes)

    return [of_class(label) for label in _grown(target, names, train, held, new)]


def _target(tables: Tables) -> tuple[str, list[str]]:
    """The target and its classes, in the order of their codes."""
    name = tables.target
    if name is None:
        raise NotRun("no target was given. Name the column of the classes: target='...', or --target.")
    plan = codings(tables).get(name)
    if plan is None or plan.values is None:
        raise NotRun(f"the target {name!r} has no classes, and new rows are held against rows of theirs.")
    tables.need_holdout()
    return name, [str(value) for value in plan.values.to_pylist()]


def _grown(target: str, names: list[str], train: Coded, held: Coded, new: Coded) -> list[int]:
    """Classes of the new rows that have enough real ones, the rarest first."""
    seen, kept, made = (
        np.bincount(coded.codes[target], minlength=len(names))[: len(names)] for coded in (train, held, new)
    )
    grown = np.flatnonzero(made)
    if not len(grown):
        raise NotRun(f"the added rows hold no class of {target!r} that train has.")
    grown = grown[np.argsort(seen[grown], kind="stable")]
    enough = np.minimum(seen, kept)[grown] >= _FEWEST
    if not enough[0]:  # the class that is told: another in its place would hide it
        raise NotRun(
            f"train or holdout holds fewer than {_FEWEST} rows of class {names[grown[0]]!r}, the rarest that "
            "the new rows grow. Keep more rows apart, or grow classes of more rows."
        )
    return [int(label) for label in grown[enough][:_CLASSES]]


def _some(rows: Ints, rng: np.random.Generator) -> Ints:
    """At most as many of them as are asked, drawn."""
    return rows if len(rows) <= _ASKED else np.sort(rng.choice(rows, _ASKED, replace=False))


def _one_each(coded: Coded, rows: Ints, rng: np.random.Generator) -> Ints:
    """Of these rows one of each person, drawn evenly, at most as many as are asked; as places among them."""
    order = rng.permutation(len(rows))
    if coded.persons is not None:
        order = rng.permutation(order[np.unique(coded.persons[rows[order]], return_index=True)[1]])
    return np.sort(order[:_ASKED])
