"""Autocorrelation: how each number of a sequence hangs on its own past, beside train's."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
import numpy.typing as npt

from mintmark.assess._series import Series, pairs_at, steps
from mintmark.assess.fidelity._curves import Compared, correlations, lagged, measured
from mintmark.assess.fidelity._scales import MOST_COLUMNS, chosen, scaled
from mintmark.method import method, name_of
from mintmark.metric import Family, Metric, Score, Tables
from mintmark.stats.curves import root_mean_square

__all__ = ["Autocorrelation"]

Floats = npt.NDArray[np.float64]
_LAGS = 10


@method
class Autocorrelation(Metric):
    """One minus the root mean square difference of autocorrelations, plain and partial."""

    family: ClassVar[Family] = "fidelity"
    of_sequences: ClassVar[bool] = True

    def _measure(self, tables: Tables, rng: np.random.Generator) -> list[Score]:
        names = chosen(tables, rng)
        lags, scale = steps(tables, _LAGS), scaled(tables)

        def sums(rows: Series) -> Floats:
            pairs = [pairs_at(rows, lag) for lag in range(1, lags + 1)]
            numbers = {name: scale(rows, name) for name in names}
            return np.concatenate(
                [lagged(rows, numbers[name], numbers[name], *pair) for name in names for pair in pairs],
                axis=1,
            )

        def partial(summed: Floats) -> Floats:
            plain = correlations(summed)
            by_column = plain.reshape(*plain.shape[:-1], len(names), lags)
            return partial_autocorrelation(by_column).reshape(plain.shape)

        said = (
            f"1 - root mean square difference from train over {lags} lags, mean over columns; Pearson's "
            "correlation of values so many steps apart in one sequence, over all sequences; at most "
            f"{MOST_COLUMNS} columns; ceiling: holdout against train; floor: columns drawn one by one"
        )
        return [
            measured(
                tables, Compared(sums, curve, names, [lags] * len(names), root_mean_square), rng,
                metric=name_of(type(self)) + part, convention=word + said, source=source,
                estimand=f"the same of all sequences that the two sources could give, {what}",
            )
            for part, curve, word, what, source in (
                ("", correlations, "", "plain autocorrelations", "Box and Jenkins (1970)"),
                (".partial", partial, "partial autocorrelations: ", "partial autocorrelations", _PARTIAL),
            )
        ]  # fmt: skip


_PARTIAL = "Durbin (1960), Levinson's recursion"


def partial_autocorrelation(plain: Floats) -> Floats:
    """Partial autocorrelations from plain ones at lags 1, 2, ..., shape (..., lags); Durbin (1960), eq. 5."""
    out = np.zeros_like(plain)
    weights = np.zeros_like(plain)
    for k in range(plain.shape[-1]):
        past = weights[..., :k]
        rest = 1 - (past * plain[..., :k]).sum(-1)
        now = plain[..., k] - (past * plain[..., :k][..., ::-1]).sum(-1)
        # a series that its past determines leaves nothing to explain
        out[..., k] = np.where(rest > 1e-6, np.clip(now / np.maximum(rest, 1e-6), -1, 1), 0.0)
        weights[..., :k] = past - out[..., k, None] * past[..., ::-1]
        weights[..., k] = out[..., k]
    return out
