"""The two models that utility is measured with, and the scores of their answers.

Gradient-boosted trees (LightGBM) and a linear model with one-hot categories and standardised
numbers: what is learnt from a table must not hang on one sort of model.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from mintmark.assess._codes import Coded, Coding, features
from mintmark.stats.intervals import auc_influence

__all__ = ["Model", "Task", "boosted_trees", "design_of", "linear", "score"]

Floats = npt.NDArray[np.float64]
_ONE_HOT = 20
_MOST_FEATURES = 600
_NEWTON = 500


@dataclass(frozen=True)
class Task:
    """What is predicted from what.

    Parameters
    ----------
    target : str
    plans : dict of Coding
        Columns to predict from.
    classes : array of codes, shape (k,), optional
        The target's codes that are told apart; None for a number.
    names : tuple of str
        The classes as text.
    """

    target: str
    plans: dict[str, Coding]
    classes: npt.NDArray[np.int64] | None
    names: tuple[str, ...] = ()

    def labels(self, coded: Coded) -> Floats:
        """Class positions or numbers, shape (n,), NaN where the row has none."""
        if self.classes is None:
            values = coded.numbers[self.target]
            return np.where(np.isfinite(values), values, np.nan)
        found = np.full(int(max(coded.codes[self.target].max(initial=0), self.classes.max())) + 1, np.nan)
        found[self.classes] = np.arange(len(self.classes))
        return found[coded.codes[self.target]]

    def known(self, coded: Coded) -> Coded:
        """The rows that have a label."""
        return coded.take(np.flatnonzero(~np.isnan(self.labels(coded))))


Model = Callable[[Coded], Floats]
"""Answers for rows: numbers (n,), or a score of each class (n, k)."""


def boosted_trees(task: Task, train: Coded, seed: int, threads: int) -> Model:
    """LightGBM with plain settings, fitted to the rows."""
    import lightgbm

    k = 0 if task.classes is None else len(task.classes)
    settings: dict[str, Any] = {
        "num_leaves": 31, "learning_rate": 0.1, "min_data_in_leaf": 20, "max_bin": 255,
        "num_threads": threads, "deterministic": True, "force_row_wise": True, "seed": seed,
        "verbosity": -1, "objective": "regression" if k == 0 else "binary" if k == 2 else "multiclass",
    }  # fmt: skip
    if k > 2:
        settings["num_class"] = k
    y = task.labels(train)
    centre = 0.0 if k else float(y.mean())
    if not k:
        y = y - centre  # LightGBM sums in float32: a far-off mean would drown the differences
    if len(np.unique(y)) < 2:
        return _constant(y, k, centre)
    data = lightgbm.Dataset(features(train, task.plans), label=y, params=settings)
    model = lightgbm.train(settings, data, num_boost_round=100 if k <= 2 else 50)

    never = np.setdiff1d(np.arange(k), y)

    def answer(rows: Coded) -> Floats:
        raw = np.asarray(model.predict(features(rows, task.plans), num_threads=threads))
        if k > 2:
            raw[:, never] = 0.0  # what is left to a class without rows ranks by the others' doubt
        return np.stack([1 - raw, raw], axis=1) if k == 2 else raw + centre

    return answer


def _constant(y: Floats, k: int, centre: float = 0.0) -> Model:
    """The answer learnt from rows of one label: that label, always."""
    if not k:
        return lambda rows: np.full(len(rows), centre)
    only = np.eye(k)[int(y[0])]
    return lambda rows: np.tile(only, (len(rows), 1))


def design_of(task: Task, train: Coded) -> Callable[[Coded], Floats]:
    """Makes rows a design matrix: one-hot categories, numbers standardised as in the rows given here."""
    hot = int(np.clip(_MOST_FEATURES // len(task.plans), 2, _ONE_HOT))
    scales = {name: _scale(train.numbers[name]) for name, plan in task.plans.items() if plan.numeric}
    return lambda rows: np.concatenate(
        [_columns(rows, plan, scales, hot) for plan in task.plans.values()], axis=1
    )


def linear(task: Task, train: Coded) -> Model:
    """Logistic or ridge regression on one-hot categories and standardised numbers."""
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.linear_model import LogisticRegression, Ridge
    from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]  # ships no types

    design = design_of(task, train)
    x, y = design(train), task.labels(train)
    if task.classes is None:
        with threadpool_limits(1, "blas"):
            ridge = Ridge(alpha=1.0).fit(x, y)
        return lambda rows: np.asarray(ridge.predict(design(rows)))
    k = len(task.classes)
    if len(np.unique(y)) < 2:
        return _constant(y, k)
    solver = "newton-cholesky" if k == 2 and x.shape[1] <= _NEWTON else "lbfgs"
    # sums in one order whatever the machine's cores: the same seed gives the same figures
    with warnings.catch_warnings(), threadpool_limits(1, "blas"):
        # an unfinished fit still ranks rows; both sides of a comparison stop alike
        warnings.simplefilter("ignore", ConvergenceWarning)
        logistic = LogisticRegression(C=1.0, solver=solver, max_iter=100).fit(x, y.astype(int))

    def answer(rows: Coded) -> Floats:
        out = np.zeros((len(rows), k))
        out[:, logistic.classes_] = logistic.predict_proba(design(rows))
        return out

    return answer


def _scale(values: Floats) -> tuple[float, float]:
    known = values[np.isfinite(values)]
    if not len(known):
        return 0.0, 1.0
    return float(known.mean()), float(known.std()) or 1.0


def _columns(rows: Coded, plan: Coding, scales: dict[str, tuple[float, float]], most: int) -> Floats:
    """One column's part of the design matrix: a standardised number with a mark where missing."""
    codes = rows.codes[plan.column.name]
    if plan.numeric:
        mean, spread = scales[plan.column.name]
        values = rows.numbers[plan.column.name]
        missing = np.isnan(values)
        # far-off values of a poor table must not decide the whole fit
        standard = np.clip(np.where(missing, 0.0, (values - mean) / spread), -10, 10)
        return np.stack([standard, missing.astype(np.float64)], axis=1)
    level = np.where(codes == plan.bins + 1, min(plan.bins, most) + 1, np.minimum(codes, most))
    width = min(plan.bins, most) + 2
    marks = np.zeros((len(codes), width))
    marks[np.arange(len(codes)), level] = 1.0
    return marks


def score(task: Task, answers: Floats, labels: Floats, fewest: int = 1) -> tuple[float, Floats] | None:
    """Figure of the answers and each row's influence on it; None where labels hold one class.

    Area under the ROC curve for two classes, its mean over classes (one against the rest) for
    more, R² for a number. A class counts that has `fewest` rows, and as many against it.
    """
    if task.classes is None:
        return _r_squared(answers, labels)
    parts = []
    for k in [1] if len(task.classes) == 2 else range(len(task.classes)):
        positive = labels == k
        if fewest <= positive.sum() <= len(labels) - fewest:
            parts.append(auc_influence(answers[:, k], positive))
    if not parts:
        return None
    return float(np.mean([area for area, _ in parts])), np.mean([moved for _, moved in parts], axis=0)


def _r_squared(answers: Floats, labels: Floats) -> tuple[float, Floats] | None:
    error, deviation = (labels - answers) ** 2, (labels - labels.mean()) ** 2
    spread = float(deviation.mean())
    if spread == 0:
        return None
    ratio = float(error.mean()) / spread
    return 1 - ratio, -(error - error.mean()) / spread + ratio * (deviation - spread) / spread
