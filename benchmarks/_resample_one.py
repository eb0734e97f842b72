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
    """Two Gaussian mixtures of five parts each; the rare one overlaps with the other."""
    rng = np.random.default_rng(seed)
    rare = np.arange(rows) < round(rows * share)
    centre = rng.normal(size=(10, columns)) * 2
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


def peak_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main(module: str, name: str, kind: str, rows: str, columns: str, share: str, out: str) -> None:
    few = table(kind, 2_000, int(columns), 0.1)
    sampler(module, name, few[2]).fit_resample(few[0], few[1])  # what is compiled or loaded once
    x, y, categories = table(kind, int(rows), int(columns), float(share))
    made = sampler(module, name, categories)
    before, start = peak_mb(), time.process_time()
    resampled, _ = made.fit_resample(x, y)
    figures = {
        "cpu_s": time.process_time() - start,
        "mb_above": peak_mb() - before,
        "rows_made": len(resampled) - len(x),
    }
    Path(out).write_text(json.dumps(figures))


if __name__ == "__main__":
    main(*sys.argv[1:])
