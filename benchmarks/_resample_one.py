"""One resampling in a process of its own: CPU seconds, memory above the input, rows made, as JSON.

_resample_one.py MODULE SAMPLER KIND ROWS COLUMNS SHARE OUT

MODULE is `imblearn` or `mintmark`, KIND `float` or `mixed` (a fifth of the columns are categories of 8).
"""

from __future__ import annotations

import importlib
import json
import resource
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np

_WHERE = {
    "imblearn": ("imblearn.over_sampling", "imblearn.combine"),
    "mintmark": ("mintmark.resample.imblearn",),
}


def table(kind: str, rows: int, columns: int, share: float, seed: int = 0) -> tuple[Any, Any, list[int]]:
    """Two Gaussian mixtures of five parts each, the same for every seed, that overlap."""
    centre = np.random.default_rng(columns).normal(size=(10, columns)) * 2 / np.sqrt(columns)
    rng = np.random.default_rng(seed)
    rare = np.arange(rows) < round(rows * share)
    x = centre[rng.integers(5, size=rows) + 5 * rare] + rng.normal(size=(rows, columns))
    categories = list(range(columns - columns // 5, columns)) if kind == "mixed" else []
    for j in categories:
        x[:, j] = np.clip(np.round(x[:, j]) + 4, 0, 7)
    order = rng.permutation(rows)
    return np.ascontiguousarray(x[order]), rare[order].astype(int), categories


def sampler(module: str, name: str, categories: list[int]) -> Any:
    """The class of that name, wherever the library keeps it."""
    for where in _WHERE[module]:
        found = getattr(importlib.import_module(where), name, None)
        if found is not None:
            return (
                found(categorical_features=categories, random_state=0)
                if categories
                else found(random_state=0)
            )
    raise SystemExit(f"{module} has no {name}")


def cleaned(x: Any, y: Any) -> tuple[Any, Any]:
    """SMOTE, and of the new rows those whose three nearest real ones are mostly of their class."""
    from mintmark.resample._sample import Sample
    from mintmark.resample.cleaning._purified import purified
    from mintmark.resample.imblearn import SMOTE

    made, labels = SMOTE(random_state=0).fit_resample(x, y)
    none = np.empty((len(made), 0), dtype=np.int32)
    real, new = (
        Sample(made[part], none[part], (), labels[part]) for part in (slice(len(x)), slice(len(x), None))
    )
    kept = np.concatenate([np.ones(len(x), dtype=bool), purified(real, new, k=3, kind="mode")])
    return made[kept], labels[kept]


def peak_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def chosen(module: str, name: str, categories: list[int]) -> Any:
    """What resamples X and y: for SMOTEENN ours is `cleaned`, which is no estimator."""
    if (module, name) == ("mintmark", "SMOTEENN"):
        return cleaned
    return sampler(module, name, categories).fit_resample


def purity(new: Any, x: Any, y: Any) -> float:
    """Share of new rows whose nearest real row, of rows that nobody resampled, is of the rare class."""
    from sklearn.neighbors import NearestNeighbors

    some = new[np.random.default_rng(0).permutation(len(new))[:2_000]]
    return float(y[NearestNeighbors(n_neighbors=1).fit(x).kneighbors(some)[1][:, 0]].mean())


def main(module: str, name: str, kind: str, rows: str, columns: str, share: str, out: str) -> None:
    few = table(kind, 2_000, int(columns), 0.1)
    chosen(module, name, few[2])(few[0], few[1])  # what is compiled or loaded once
    x, y, categories = table(kind, int(rows), int(columns), float(share))
    resample = chosen(module, name, categories)
    before, start = peak_mb(), time.process_time()
    resampled, labels = resample(x, y)
    figures = {
        "cpu_s": time.process_time() - start,
        "mb_above": peak_mb() - before,
        "rows_made": len(resampled) - len(x),
    }
    if name == "SMOTEENN":  # of both: the real rows of the rare class are few beside the new ones
        fresh, truth, _ = table(kind, 20_000, int(columns), 0.1, seed=1)
        figures["purity"] = purity(resampled[labels == 1], fresh, truth)
    Path(out).write_text(json.dumps(figures))


if __name__ == "__main__":
    main(*sys.argv[1:])
