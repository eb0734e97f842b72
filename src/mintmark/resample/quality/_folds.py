"""Folds for answers about rows that a model did not see."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

__all__ = ["FOLDS", "folds"]

Ints = npt.NDArray[np.int64]
FOLDS = 5


def folds(labels: Ints, persons: Ints | None, rng: np.random.Generator) -> Ints:
    """Fold of each row, shape (n,): each class shared out evenly, or whole persons drawn."""
    if persons is not None:
        people = int(persons.max()) + 1
        return (rng.permutation(people) % FOLDS)[persons].astype(np.int64)
    out = np.empty(len(labels), dtype=np.int64)
    for label in np.unique(labels):
        rows = np.flatnonzero(labels == label)
        out[rng.permutation(rows)] = np.arange(len(rows)) % FOLDS
    return out
