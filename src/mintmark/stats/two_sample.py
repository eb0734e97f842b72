"""Classifier two-sample test: can a model tell two tables apart?

Lopez-Paz and Oquab (2017), "Revisiting classifier two-sample tests", with gradient-boosted trees.

Rows are tested in blocks, each by a classifier that learnt from the blocks before it (Dawid 1984,
"prequential"). In cross-validation two rows near each other are used twice, once to learn from the
one and score the other and once the other way round; where nothing tells the tables apart this
doubles the variance, and no interval made from the scores of one fold knows of it. In one
direction the errors of the blocks are uncorrelated (martingale differences), and their variances add.

Rows of one person hang together: a person is in one block, and one draw in its variance
(Obuchowski 1997, Biometrics 53, for clusters that lie on one side each).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt

from mintmark.stats.intervals import auc_influence, influence_variance

__all__ = ["Detection", "detect"]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Persons = Ints | None
Classifier = Callable[[Floats], Floats]


@dataclass(frozen=True)
class Detection:
    """How well a classifier tells two samples apart.

    Parameters
    ----------
    auc : float
        Mean over blocks of the area under the ROC curve; 0.5 is indistinguishable.
    variance : float
        Of `auc`, by DeLong over the persons of each block.
    tested : int
        Persons (rows, where each is a person of its own) that were scored, of the side with fewer.
    gain : array, shape (features,)
        Share of the trees' total gain that each feature brought.
    classifiers : tuple of callables
        Each tested block's fitted classifier: rows, shape (n, features), to scores, higher for `b`.
        With them the area on fresh rows is known, which is what the variance is about.
    """

    auc: float
    variance: float
    tested: int
    gain: Floats
    classifiers: tuple[Classifier, ...] = ()


def detect(
    a: Floats,
    b: Floats,
    rng: np.random.Generator,
    *,
    persons: tuple[Persons, Persons] = (None, None),
    blocks: int = 5,
    rounds: int = 60,
    threads: int = 1,
) -> Detection:
    """Test gradient-boosted trees that tell rows of `a` from rows of `b` on rows they have not seen.

    The first two blocks are only learnt from.

    Parameters
    ----------
    a, b : array, shape (n, features) and (m, features), NaN where missing
        At least two persons a block each.
    rng : numpy.random.Generator
        For blocks and trees.
    persons : (array, array), shape (n,) and (m,), optional
        Whose rows those of `a` and of `b` are; None where each is a person of its own.
    blocks : int, >= 3
    """
    import lightgbm

    x = np.concatenate([a, b])
    y = np.repeat([0.0, 1.0], [len(a), len(b)])
    owner = [_numbered(rows, whose) for rows, whose in zip((a, b), persons, strict=True)]
    block = np.concatenate([_blocks(whose, blocks, rng) for whose in owner])
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
        area, variance = _area(classifiers[-1](x[test]), y[test] == 1, np.concatenate(owner)[test])
        areas.append(area)
        variances.append(variance)
        gain += model.feature_importance("gain")
    total = gain.sum()
    tested = np.split(block >= 2, [len(a)])
    return Detection(
        float(np.mean(areas)),
        float(np.sum(variances)) / len(variances) ** 2,
        min(len(np.unique(whose[some])) for whose, some in zip(owner, tested, strict=True)),
        gain / total if total else gain,
        tuple(classifiers),
    )


def _numbered(rows: Floats, persons: Persons) -> Ints:
    """Persons numbered from 0 on; each row one where none are given."""
    return np.arange(len(rows)) if persons is None else np.unique(persons, return_inverse=True)[1]


def _blocks(owner: Ints, blocks: int, rng: np.random.Generator) -> Ints:
    """Each row's block, whole persons at random."""
    dealt: Ints = rng.permutation(np.arange(owner.max() + 1) % blocks)[owner]
    return dealt


def _area(scores: Floats, positive: npt.NDArray[np.bool_], owner: Ints) -> tuple[float, float]:
    """Area under the ROC curve and its variance by the draw of persons, who have one label each."""
    area, influence = auc_influence(scores, positive)
    variance = sum(
        side.mean() ** 2 * influence_variance(influence[side], owner[side]) for side in (positive, ~positive)
    )
    return area, float(variance)


def _scores(model: Any, threads: int, rows: Floats) -> Floats:
    return np.asarray(model.predict(rows, raw_score=True, num_threads=threads), dtype=np.float64)
