"""Cheap models of different sorts, from which a data scientist would choose."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from mintmark.assess._codes import Coded
from mintmark.assess.utility._models import Model, Task, boosted_trees, design_of, linear

__all__ = ["Maker", "families"]

Floats = npt.NDArray[np.float64]
Maker = Callable[[Task, Coded, int], Model]
"""Makes a model of (task, rows to learn from, seed)."""


def families(task: Task) -> dict[str, Maker]:
    """The models by name: a linear one, a tree, boosted trees, neighbours, and naive Bayes for classes."""
    shared: dict[str, Maker] = {
        "linear": lambda task, rows, seed: linear(task, rows),
        "small tree": _on_design(_tree),
        "trees": lambda task, rows, seed: boosted_trees(task, rows, seed, 1),
        "neighbours": _on_design(_neighbours),
    }
    if task.classes is None:
        return {**shared, "stump": _on_design(_stump)}
    return {**shared, "naive Bayes": _on_design(_bayes)}


def _on_design(make: Callable[[bool, int, int], Any]) -> Maker:
    """A scikit-learn estimator on the design matrix, whose answers have a column for every class."""

    def maker(task: Task, rows: Coded, seed: int) -> Model:
        design, labels = design_of(task, rows), task.labels(rows)
        k = 0 if task.classes is None else len(task.classes)
        # single precision: distances of neighbours cost half, and no other model here minds
        x = design(rows).astype(np.float32)
        if not np.ptp(x, axis=0).any():
            return _uninformed(labels, k)
        fitted = make(k > 0, seed, len(rows)).fit(x, labels.astype(int) if k else labels)

        def answer(test: Coded) -> Floats:
            x = design(test).astype(np.float32)
            if not k:
                return np.asarray(fitted.predict(x), dtype=np.float64)
            out = np.zeros((len(test), k))
            out[:, fitted.classes_] = fitted.predict_proba(x)
            return out

        return answer

    return maker


def _uninformed(labels: Floats, k: int) -> Model:
    """What constant columns teach: the mean, or the shares of the classes."""
    if not k:
        return lambda rows: np.full(len(rows), labels.mean())
    shares = np.bincount(labels.astype(int), minlength=k) / len(labels)
    return lambda rows: np.tile(shares, (len(rows), 1))


def _tree(classes: bool, seed: int, n: int) -> Any:
    from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

    sort = DecisionTreeClassifier if classes else DecisionTreeRegressor
    return sort(max_depth=6, min_samples_leaf=10, random_state=seed)


def _stump(classes: bool, seed: int, n: int) -> Any:
    from sklearn.tree import DecisionTreeRegressor

    return DecisionTreeRegressor(max_depth=2, min_samples_leaf=10, random_state=seed)


def _neighbours(classes: bool, seed: int, n: int) -> Any:
    from sklearn.neighbors import KNeighborsClassifier, KNeighborsRegressor

    sort = KNeighborsClassifier if classes else KNeighborsRegressor
    return sort(n_neighbors=min(25, n), algorithm="brute", n_jobs=1)


def _bayes(classes: bool, seed: int, n: int) -> Any:
    from sklearn.naive_bayes import GaussianNB

    # marks of rare categories have no spread: without smoothing one of them would decide a row
    return GaussianNB(var_smoothing=1e-2)
