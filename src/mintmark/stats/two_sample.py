"""Classifier two-sample test: can a model tell two tables apart?

Lopez-Paz and Oquab (2017), "Revisiting classifier two-sample tests", with gradient-boosted trees.

Rows are tested in blocks, each by a classifier that learnt from the blocks before it (Dawid 1984,
"prequential"). In cross-validation two rows near each other are used twice, once to learn from the
one and score the other and once the other way round; where nothing tells the tables apart this
doubles the variance, and no interval made from the scores of one fold knows of it. In one
direction the errors of the blocks are uncorrelated (martingale differences), and their variances add.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt

from mintmark.stats.intervals import delong

__all__ = ["Detection", "detect"]

Floats = npt.NDArray[np.float64]
Classifier = Callable[[Floats], Floats]


@dataclass(frozen=True)
class Detection:
    """How well a classifier tells two samples apart.

    Parameters
    ----------
    auc : float
        Mean over blocks of the area under the ROC curve; 0.5 is indistinguishable.
    variance : float
        Of `auc`, by DeLong over the rows of each block.
    gain : array, shape (features,)
        Share of the trees' total gain that each feature brought.
    classifiers : tuple of callables
        Each tested block's fitted classifier: rows, shape (n, features), to scores, higher for `b`.
    """

    auc: float
    variance: float
    gain: Floats
    classifiers: tuple[Classifier, ...] = ()


def detect(
    a: Floats, b: Floats, rng: np.random.Generator, *, blocks: int = 5, rounds: int = 60, threads: int = 1
) -> Detection:
    """Test gradient-boosted trees that tell rows of `a` from rows of `b` on rows they have not seen.

    The first two blocks are only learnt from.

    Parameters
    ----------
    a, b : array, shape (n, features) and (m, features), NaN where missing
        At least two rows a block each.
    blocks : int, >= 3
    rng : numpy.random.Generator
        For blocks and trees.
    """
    import lightgbm

    x = np.concatenate([a, b])
    y = np.repeat([0.0, 1.0], [len(a), len(b)])
    block = np.concatenate([rng.permutation(np.arange(len(part)) % blocks) for part in (a, b)])
    settings = {
        "objective": "binary", "num_leaves": 15, "learning_rate": 0.15, "min_data_in_leaf": 20,
        "max_bin": 127, "num_threads": threads, "deterministic": True, "force_row_wise": True,
        "seed": int(rng.integers(2**31)), "verbosity": -1, "feature_pre_filter": False,
    }  # fmt: skip
    # bins once for all blocks: they see no label, so nothing of the answer passes into a block
    whole = lightgbm.Dataset(x, label=y, params=settings, free_raw_data=False).construct()
    areas, variances, gain = [], [], np.zeros(x.shape[1])
    classifiers: list[Classifier] = []
    for k in range(2, blocks):
        fit = whole.subset(np.flatnonzero(block < k).tolist())
        model = lightgbm.train(settings, fit, num_boost_round=rounds)
        test = block == k
        classifiers.append(partial(_scores, model, threads))
        score = classifiers[-1](x[test])
        area, variance = delong(score[y[test] == 1], score[y[test] == 0])
        areas.append(area)
        variances.append(variance)
        gain += model.feature_importance("gain")
    total = gain.sum()
    return Detection(
        float(np.mean(areas)),
        float(np.sum(variances)) / len(variances) ** 2,
        gain / total if total else gain,
        tuple(classifiers),
    )


def _scores(model: Any, threads: int, rows: Floats) -> Floats:
    return np.asarray(model.predict(rows, raw_score=True, num_threads=threads), dtype=np.float64)
