"""Columns that give the class away."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from mintmark.data.protect import FEWEST
from mintmark.resample.quality._examined import Examined, Looked
from mintmark.resample.quality._folds import FOLDS, folds
from mintmark.resample.quality._supported import CHANCE
from mintmark.resample.quality.examination import Finding
from mintmark.stats.intervals import auc_influence, auc_interval, influence_variance

__all__ = ["leaked"]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]
_GIVEN_AWAY = 0.999  # area under the curve that one honest column hardly has
_CERTAIN = 0.95  # at the lower end of its interval
_MOST_ROWS = 10_000  # of a class; areas do not change with the shares of the classes


def leaked(table: Examined, rng: np.random.Generator) -> Looked:
    """Columns that alone tell a class from the rest out of fold, and columns that one class alone has."""
    rows = _drawn(table, rng)
    labels = table.sample.labels[rows]
    whose = None if table.sample.persons is None else table.sample.persons[rows]
    fold = folds(labels, whose, rng)
    asked = [c for c in table.wanting if table.units(table.sample.of_class(c)) >= FEWEST]
    found = []
    for name, every in table.columns():
        values = every[rows]
        answers = _answers(values, labels, fold, len(table.classes))
        found += [
            one
            for label in asked
            if (one := _given_away(table, label, name, values, answers[:, label], labels, whose))
        ]
    told = {name for one in found for name in one.columns}
    found += [one for name, every in table.columns() if name not in told
              and (one := _of_one_class(table, name, every))]  # fmt: skip
    omitted = []
    if len(rows) < len(table.sample):
        omitted.append(f"columns that give the class away: {len(rows):,} rows drawn, of each class alike.")
    return found, omitted


def _drawn(table: Examined, rng: np.random.Generator) -> Ints:
    parts = [table.sample.of_class(label) for label in range(len(table.classes))]
    some = [rng.choice(p, _MOST_ROWS, replace=False) if len(p) > _MOST_ROWS else p for p in parts]
    return np.sort(np.concatenate(some))


def _answers(values: npt.NDArray[Any], labels: Ints, fold: Ints, classes: int) -> Floats:
    """Chance of each class by this column alone, out of fold, shape (n, classes)."""
    out = np.zeros((len(labels), classes))
    for one in range(FOLDS):
        rest, held = fold != one, fold == one
        if held.any() and rest.any():
            fit = _by_tree if values.dtype.kind == "f" else _by_code
            out[held] = fit(values[rest], labels[rest], values[held], classes)
    return out


def _by_tree(values: Floats, labels: Ints, asked: Floats, classes: int) -> Floats:
    from sklearn.tree import DecisionTreeClassifier

    # classes weigh alike, or a rare one would be told apart last
    tree = DecisionTreeClassifier(
        max_leaf_nodes=16, min_samples_leaf=2, class_weight="balanced", random_state=0
    )
    tree.fit(_held(values), labels)
    out = np.zeros((len(asked), classes))
    out[:, tree.classes_] = tree.predict_proba(_held(asked))
    return out


def _held(values: Floats) -> npt.NDArray[np.float32]:
    """Numbers as a tree takes them: in single precision, whatever their size."""
    known = np.abs(values[~np.isnan(values)])
    exponent = np.frexp(known.max(initial=0.0))[1]
    return np.ldexp(values, -max(int(exponent) - 100, 0)).astype(np.float32)[:, None]


def _by_code(values: npt.NDArray[Any], labels: Ints, asked: npt.NDArray[Any], classes: int) -> Floats:
    size = int(max(values.max(), asked.max())) + 2
    cells = np.bincount((values + 1) * classes + labels, minlength=size * classes).reshape(size, classes)
    share = cells / np.maximum(np.bincount(labels, minlength=classes), 1)  # classes weigh alike
    share = share + 1e-3 / classes  # a value that was never seen tells nothing
    return np.asarray((share / share.sum(axis=1, keepdims=True))[asked + 1])


def _area(scores: Floats, positive: Flags, whose: Ints | None) -> tuple[float, tuple[float, float]]:
    area, influence = auc_influence(scores, positive)
    units = (np.arange(len(scores)) if whose is None else whose)[positive]
    return area, auc_interval(area, influence_variance(influence, whose), len(np.unique(units)))


def _given_away(
    table: Examined,
    label: int,
    name: str,
    values: npt.NDArray[Any],
    scores: Floats,
    labels: Ints,
    whose: Ints | None,
) -> Finding | None:
    positive = labels == label
    area, interval = _area(scores, positive, whose)
    if area < _GIVEN_AWAY:
        return None
    missing = (np.isnan(values) if values.dtype.kind == "f" else values < 0).astype(np.float64)
    alone = _area(missing, positive, whose)[0]
    what = "Whether column {0!r} is missing" if max(alone, 1 - alone) >= _GIVEN_AWAY else "Column {0!r} alone"
    sure = interval[0] >= _CERTAIN
    return Finding(
        "leakage", "flaw" if sure else "risk", table.classes[label], int(positive.sum()), area, interval,
        (), (name,),
        f"{what.format(name)} tells the class from the rest out of fold (area under the curve {area:.4f}).",
        "Drop it if it is known only after the class is, or is the class in other words.",
    )  # fmt: skip


def _of_one_class(table: Examined, name: str, values: npt.NDArray[Any]) -> Finding | None:
    """A column that is filled in one class alone, more than chance explains."""
    known = ~np.isnan(values) if values.dtype.kind == "f" else values >= 0
    held = np.unique(table.sample.labels[known])
    if len(held) != 1 or known.all():
        return None
    label, rows = int(held[0]), np.flatnonzero(known)
    share = table.sample.counts[label] / len(table.sample)
    if share ** table.units(rows) >= CHANCE / len(table.columns()):
        return None
    filled, interval = table.share(known[own := table.sample.of_class(label)], own)
    return Finding(
        "one_class_column", "flaw", table.classes[label], len(rows), filled, interval,
        table.shown(rows), (name,),
        f"Column {name!r} is filled in {len(rows):,} rows, all of this class.",
        "Drop it: that it is filled gives the class away.",
    )  # fmt: skip
