"""Permutation importance: how much a model's answers change when one column is shuffled.

The total effect of a column on the answers (Homma, Saltelli 1996, Reliability Engineering 52; as
Jansen 1999 estimates it). Measured on answers and not on errors: a model that learnt another
relation errs whatever is shuffled, and its importances would be noise.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from mintmark.assess._codes import Coded
from mintmark.assess.utility._models import Model, Task

__all__ = ["Importance", "correlation", "importance"]

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Importance:
    """Effect of each column, shape (columns,), and each row's influence on it, shape (columns, n)."""

    effects: Floats
    influence: Floats

    def ranks_with(self, other: Importance) -> float:
        """Spearman's rank correlation with other importances, NaN where one side has no ranks."""
        from scipy.stats import rankdata

        a, b = (rankdata(one.effects) for one in (self, other))
        if a.std() == 0 or b.std() == 0:
            return float("nan")
        return float(np.corrcoef(a, b)[0, 1])


def importance(task: Task, model: Model, rows: Coded, order: npt.NDArray[np.int64]) -> Importance:
    """Mean squared change of the answers, halved, when a column's values are taken in another order.

    Parameters
    ----------
    order : array of int, shape (n,)
        A permutation of the rows, the same for all models that are to be compared.
    """
    answers = model(rows)
    change = np.stack([(model(_shuffled(rows, name, order)) - answers) ** 2 / 2 for name in task.plans])
    by_row = change if change.ndim == 2 else change.sum(axis=2)  # over classes
    effects = by_row.mean(axis=1)
    return Importance(effects, by_row - effects[:, None])


def _shuffled(rows: Coded, name: str, order: npt.NDArray[np.int64]) -> Coded:
    codes = {**rows.codes, name: rows.codes[name][order]}
    numbers = {**rows.numbers, name: rows.numbers[name][order]} if name in rows.numbers else rows.numbers
    return Coded(codes, numbers, rows.persons, len(rows))


def correlation(a: Importance, b: Importance) -> tuple[float, Floats | None]:
    """Correlation of two models' importances and each row's influence on it; None where one is flat.

    The influence is the derivative of the correlation times the influences on the importances; that
    a row takes part in other rows' shuffled answers too is of no weight in the mean.
    """
    x, y = a.effects - a.effects.mean(), b.effects - b.effects.mean()
    size_x, size_y = float(np.sqrt(x @ x)), float(np.sqrt(y @ y))
    if size_x < 1e-12 or size_y < 1e-12:
        return 0.0, np.zeros(a.influence.shape[1]) if size_x >= 1e-12 else None
    r = float(x @ y) / (size_x * size_y)
    by_x = y / (size_x * size_y) - r * x / size_x**2
    by_y = x / (size_x * size_y) - r * y / size_y**2
    return r, by_x @ a.influence + by_y @ b.influence
