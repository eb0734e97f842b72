"""How a curve of the synthetic sequences differs from train's, as a score between its anchors."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from mintmark.assess._series import Series, equal_series
from mintmark.metric import Score, Tables
from mintmark.stats.curves import Curve, Distance, Norm, distance, jackknife

__all__ = ["Compared", "correlations", "lagged", "measured", "per_sequence"]

Floats = npt.NDArray[np.float64]
_MOST_PAIRS = 30


@dataclass(frozen=True)
class Compared:
    """What is compared.

    Parameters
    ----------
    sums : callable
        A table's sequences to what each adds, shape (sequences, sums).
    curve : callable
        Sums, shape (..., sums), to points, shape (..., points).
    groups : sequence of str, or of pairs of str
        Column or pair of columns of each group of points.
    sizes : sequence of int
        Points of each group.
    norm : Norm
    """

    sums: Callable[[Series], Floats]
    curve: Callable[[Floats], Floats]
    groups: Sequence[str | tuple[str, str]]
    sizes: Sequence[int]
    norm: Norm

    def of(self, rows: Series) -> Curve:
        """The curve, with the influence of each unit."""
        sums = self.sums(rows)
        unit = np.unique(rows.unit, return_inverse=True)[1]
        whole = np.zeros((int(unit.max()) + 1, sums.shape[1]))
        np.add.at(whole, unit, sums)
        return jackknife(whole, self.curve)


def measured(tables: Tables, what: Compared, rng: np.random.Generator, **said: Any) -> Score:
    """One minus the mean distance of the groups from train's, with ceiling and floor.

    Parameters
    ----------
    said : fields of the score: metric, convention, source, estimand
    """
    train = what.of(equal_series(tables, "train"))
    starts = np.concatenate([[0], np.cumsum(what.sizes)[:-1]]).astype(np.int64)

    def apart(which: str) -> Distance:
        return distance(train, what.of(equal_series(tables, which)), starts, what.norm, rng)

    found, floor = apart("synthetic"), apart("floor")
    ceiling = None if tables.holdout is None else apart("holdout")
    low, high = (_share(1 - end) for end in found.interval[::-1])
    return Score(
        family="fidelity",
        estimate=_share(1 - found.mean),
        interval=(low, high),
        ceiling=None if ceiling is None else _share(1 - ceiling.mean),
        floor=_share(1 - floor.mean),
        n=len(equal_series(tables, "synthetic").coded),
        variance=(
            "draw of the synthetic and train sequences, whole (jackknife, one unit left out); "
            "the end at 1 is one-sided"
        ),
        details=_details(what, found, ceiling, floor),
        **said,
    )


def _share(value: float) -> float:
    return float(np.clip(value, 0.0, 1.0))


def _details(what: Compared, found: Distance, ceiling: Distance | None, floor: Distance) -> dict[str, Any]:
    parts: list[dict[str, Any]] = [
        {
            "estimate": _share(1 - found.groups[i]),
            "interval": [_share(1 - end) for end in found.intervals[i, ::-1]],
            "ceiling": None if ceiling is None else _share(1 - ceiling.groups[i]),
            "floor": _share(1 - floor.groups[i]),
        }
        for i in range(len(what.groups))
    ]
    if all(isinstance(group, str) for group in what.groups):
        return {"columns": dict(zip(what.groups, parts, strict=True))}
    worst = np.argsort([part["estimate"] for part in parts], kind="stable")[:_MOST_PAIRS]
    return {"pairs": [{"columns": list(what.groups[i]), **parts[i]} for i in worst]}


def per_sequence(rows: Series, owner: npt.NDArray[np.int64], columns: Floats) -> Floats:
    """Sums over each sequence, shape (sequences, k), of rows (r, k) that belong to `owner` (r,)."""
    return np.stack([np.bincount(owner, column, len(rows)) for column in columns.T], axis=1)


def lagged(rows: Series, x: Floats, y: Floats, first: Any, second: Any) -> Floats:
    """What each sequence adds to the correlation of x at `first` with y at `second`, shape (sequences, 6)."""
    a, b = x[first], y[second]
    known = ~(np.isnan(a) | np.isnan(b))
    a, b = a[known], b[known]
    parts = np.stack([np.ones(len(a)), a, b, a * a, b * b, a * b], axis=1)
    return per_sequence(rows, rows.owner[first][known], parts)


def correlations(sums: Floats) -> Floats:
    """Pearson's correlations of sums as `lagged` gives them, shape (..., 6 k) -> (..., k); 0 if constant."""
    n, a, b, aa, bb, ab = np.moveaxis(sums.reshape(*sums.shape[:-1], -1, 6), -1, 0)
    n = np.maximum(n, 1)
    left, right = aa / n - (a / n) ** 2, bb / n - (b / n) ** 2
    varied = (left > 1e-10) & (right > 1e-10)
    scale = np.sqrt(np.where(varied, left * right, 1.0))
    return np.where(varied, np.clip((ab / n - a * b / n**2) / scale, -1, 1), 0.0)
