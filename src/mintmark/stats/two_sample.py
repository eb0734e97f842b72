"""Classifier two-sample test: can a model tell two tables apart?

Lopez-Paz and Oquab (2017), "Revisiting classifier two-sample tests", with gradient-boosted trees.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from mintmark.stats.intervals import delong

__all__ = ["Detection", "detect"]

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Detection:
    """How well a classifier tells two samples apart.

    Parameters
    ----------
    auc : float
        Mean over folds of the area under the ROC curve; 0.5 is indistinguishable.
    variance : float
        Of `auc`, by DeLong over the rows of each fold.
    gain : array, shape (features,)
        Share of the trees' total gain that each feature brought.
    """

    auc: float
    variance: float
    gain: Floats


def detect(
    a: Floats, b: Floats, rng: np.random.Generator, *, folds: int = 5, rounds: int = 60, threads: int = 1
) -> Detection:
    """Cross-validate gradient-boosted trees that tell rows of `a` from rows of `b`.

    Parameters
    ----------
    a, b : array, shape (n, features) and (m, features), NaN where missing
        At least two rows a fold each.
    rng : numpy.random.Generator
        For folds and trees.
    """
    import lightgbm

    x = np.concatenate([a, b])
    y = np.repeat([0.0, 1.0], [len(a), len(b)])
    fold = np.concatenate([rng.permutation(np.arange(len(part)) % folds) for part in (a, b)])
    settings = {
        "objective": "binary", "num_leaves": 15, "learning_rate": 0.15, "min_data_in_leaf": 20,
        "max_bin": 127, "num_threads": threads, "deterministic": True, "force_row_wise": True,
        "seed": int(rng.integers(2**31)), "verbosity": -1, "feature_pre_filter": False,
    }  # fmt: skip
    # bins once for all folds: they see no label, so nothing of the answer passes into a fold
    whole = lightgbm.Dataset(x, label=y, params=settings, free_raw_data=False).construct()
    areas, variances, gain = [], [], np.zeros(x.shape[1])
    for k in range(folds):
        fit = whole.subset(np.flatnonzero(fold != k).tolist())
        model = lightgbm.train(settings, fit, num_boost_round=rounds)
        test = fold == k
        score = np.asarray(model.predict(x[test], raw_score=True, num_threads=threads))
        area, variance = delong(score[y[test] == 1], score[y[test] == 0])
        areas.append(area)
        variances.append(variance)
        gain += model.feature_importance("gain")
    total = gain.sum()
    return Detection(
        float(np.mean(areas)), float(np.sum(variances)) / folds**2, gain / total if total else gain
    )
