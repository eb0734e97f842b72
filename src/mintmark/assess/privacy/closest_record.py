"""Distance to the closest record: are synthetic rows nearer to train than to the holdout?

A smoke test. It misses most leaks (Yao, Krco, Ganev, de Montjoye 2025, "The DCR delusion",
arXiv 2505.01524); what it does find is crude copying.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from mintmark.assess.privacy._rows import Rows, joint_rows
from mintmark.method import method
from mintmark.metric import Metric, Score, Tables
from mintmark.stats.shares import wilson, z_of

__all__ = ["ClosestRecord"]

Floats = npt.NDArray[np.float64]
_QUERIES, _FEWEST = 4_000, 1_000
_PAIRS = 1_000_000_000  # of queries and rows of train; none of the latter is left out
_BINS = 24


@method
class ClosestRecord(Metric):
    """Share of synthetic rows whose nearest row of train is nearer than that of the holdout.

    Train is cut to the holdout's size for this share alone, because the larger table would win by
    its size. The picture of distances (`tables.shared["nearest"]`) uses all of train.
    """

    family = "privacy"
    direction = "lower"

    def _measure(self, tables: Tables, rng: np.random.Generator) -> list[Score]:
        rows = joint_rows(tables)
        sizes = {role: len(data) for role, data in rows.tables.items()}
        size = min(sizes["train"], sizes["holdout"])
        cut = {role: np.sort(rng.choice(sizes[role], size, replace=False)) for role in ("train", "holdout")}
        most = min(_QUERIES, max(_FEWEST, rows.bounded("synthetic"))) if rows.many else _QUERIES
        queries = rows.at("synthetic", _some(sizes["synthetic"], rng, most))
        share = _nearer(*(rows.nearest(queries, role, among=some)[:, 0] for role, some in cut.items()))
        tables.shared["nearest"] = _picture(rows, rng)
        return [
            Score(
                metric="closest_record",
                family="privacy",
                estimate=share,
                interval=wilson(share, len(queries), z_of()),
                direction="lower",
                ceiling=0.5,
                floor=0.5 + 0.5 * size / sizes["train"],
                n=size,
                variance="draw of the synthetic rows, train and holdout as they are (Wilson)",
                convention=(
                    "smoke test, no proof of privacy: share of synthetic rows nearer to train than to the "
                    f"holdout, {size} rows of each, ties half; 0.5 is chance; floor: a copy of train, of "
                    "which the rows cut off find no copy"
                    + (f"; {len(queries):,} synthetic rows drawn" if rows.many else "")
                ),
                source="Platzer and Reutterer (2021); its limits: Yao et al. (2025), arXiv 2505.01524",
            )
        ]


def _some(n: int, rng: np.random.Generator, most: int) -> npt.NDArray[np.int64]:
    return np.arange(n) if n <= most else np.sort(rng.choice(n, most, replace=False))


def _nearer(a: Floats, b: Floats) -> float:
    """Share of rows where `a` is below `b`; distances equal to 1e-5 tie."""
    tied = np.abs(a - b) <= 1e-5
    return float(np.mean(np.where(tied, 0.5, a < b)))


def _picture(rows: Rows, rng: np.random.Generator) -> dict[str, Any]:
    """Shares of rows by distance to the nearest train row; what lies beyond 99 % is in the last bin."""
    most = min(_QUERIES, max(_FEWEST, _PAIRS // len(rows.tables["train"])))
    most = max(_FEWEST // 2, most // 2) if rows.many else most
    some = {role: _some(len(rows.tables[role]), rng, most) for role in ("synthetic", "holdout")}
    both = rows.at("synthetic", some["synthetic"]).joined(rows.at("holdout", some["holdout"]))
    near = rows.nearest(both, "train")[:, 0]
    found = dict(zip(some, np.split(near, [len(some["synthetic"])]), strict=True))
    top = float(np.quantile(np.concatenate(list(found.values())), 0.99)) or 1.0
    edges = np.linspace(0.0, top, _BINS + 1)
    shares = {
        f"{role}_to_train": (np.histogram(np.minimum(values, top), edges)[0] / len(values)).tolist()
        for role, values in found.items()
    }
    return {"edges": edges.tolist(), **shares}
