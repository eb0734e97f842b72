"""Probabilities of the classes by models that did not see the row."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import numpy.typing as npt

from mintmark.resample._sample import Sample
from mintmark.resample.quality._folds import FOLDS, folds

__all__ = ["out_of_fold"]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
_MOST_LEARNT = 50_000  # rows that one model is fitted to; every row is answered
_MOST_LEVELS = 64  # more categories than these are codes in order


def out_of_fold(sample: Sample, rng: np.random.Generator) -> Floats:
    """Mean of boosted trees and logistic regression, shape (n, classes).

    Two sorts of model, so that what counts as clear does not hang on one: trees alone are too sure of few
    rows, a linear model misses what is not linear. Rows of large classes beyond `_MOST_LEARNT` are drawn,
    those drawn weighted for the others.
    """
    labels, classes = sample.labels, len(sample.counts)
    fold = folds(labels, sample.persons, rng)
    flat = sample.points(np.arange(len(sample))).flat
    mixed, marked = _features(sample)
    out = np.zeros((len(labels), classes))
    for one in range(FOLDS):
        held, rest = np.flatnonzero(fold == one), np.flatnonzero(fold != one)
        if not len(held) or not len(rest):
            continue
        rows, weight = _thinned(labels, rest, rng)
        here, y = np.unique(labels[rows], return_inverse=True)
        if len(here) < 2:  # all persons of the other classes are in this fold
            out[np.ix_(held, here)] = 1.0
            continue
        trees = _trees(mixed[rows], y, weight, mixed[held], marked, len(here))
        linear = _linear(flat[rows], y, weight, flat[held])
        out[np.ix_(held, here)] = (trees + linear) / 2
    return out


def _thinned(labels: Ints, rows: Ints, rng: np.random.Generator) -> tuple[Ints, Floats]:
    """Rows to fit to, and for how many each stands."""
    if len(rows) <= _MOST_LEARNT:
        return rows, np.ones(len(rows))
    found = np.unique(labels[rows])
    most = _MOST_LEARNT // len(found)
    kept, weight = [], []
    for label in found:
        own = rows[labels[rows] == label]
        some = np.sort(rng.choice(own, most, replace=False)) if len(own) > most else own
        kept.append(some)
        weight.append(np.full(len(some), len(own) / len(some)))
    return np.concatenate(kept), np.concatenate(weight)


def _features(sample: Sample) -> tuple[Floats, list[int]]:
    """Numbers and codes side by side, NaN where missing, and which of them are categories."""
    codes = np.where(sample.codes < 0, np.nan, sample.codes)
    first = sample.numbers.shape[1]
    marked = [first + at for at, size in enumerate(sample.sizes) if size <= _MOST_LEVELS]
    return np.concatenate([sample.numbers, codes], axis=1), marked


def _trees(x: Floats, y: Ints, weight: Floats, asked: Floats, marked: list[int], classes: int) -> Floats:
    import lightgbm

    settings: dict[str, Any] = {
        "num_leaves": 15, "learning_rate": 0.1, "min_data_in_leaf": 20, "num_threads": 1, "seed": 0,
        "deterministic": True, "force_row_wise": True, "verbosity": -1,
        "objective": "binary" if classes == 2 else "multiclass",
    }  # fmt: skip
    if classes > 2:
        settings["num_class"] = classes
    data = lightgbm.Dataset(x, label=y, weight=weight, categorical_feature=marked, params=settings)
    answer = np.asarray(lightgbm.train(settings, data, num_boost_round=60).predict(asked, num_threads=1))
    return np.stack([1 - answer, answer], axis=1) if classes == 2 else answer


def _linear(x: npt.NDArray[Any], y: Ints, weight: Floats, asked: npt.NDArray[Any]) -> Floats:
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.linear_model import LogisticRegression
    from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]  # ships no types

    # sums in one order whatever the machine's cores; far-off values must not decide the whole fit
    with warnings.catch_warnings(), threadpool_limits(1, "blas"):
        warnings.simplefilter("ignore", ConvergenceWarning)  # an unfinished fit still tells rows apart
        model = LogisticRegression(max_iter=100).fit(np.clip(x, -10, 10, dtype=np.float64), y, weight)
        return np.asarray(model.predict_proba(np.clip(asked, -10, 10, dtype=np.float64)))
