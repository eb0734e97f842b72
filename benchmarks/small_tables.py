"""From how many rows on do trees beat the copula? Learning curves on real tables.

    python benchmarks/small_tables.py adult.parquet=income telco.parquet=Churn,customerID
    python benchmarks/small_tables.py --sizes 50 200 --seeds 5 adult.parquet=income

Each table is FILE=TARGET or FILE=TARGET,DROPPED,... From it n rows are drawn to fit on, and two
further sets of rows that no method sees: synthetic rows are compared with the first, and models
trained on them are tested on the second. The figures are means over seeds, with standard errors;
the last table counts, for each size, on how many tables a method is the best by two standard errors.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import os
import warnings
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

import numpy as np
import pyarrow as pa

import mintmark as mm

METHODS = ("independent", "gaussian_copula", "sequential_trees")
SIZES = (30, 50, 100, 200, 500, 1000, 2000)
FIGURES = {
    "shapes": ("column_shapes", +1),
    "pairs": ("pair_trends", +1),
    "tstr": ("tstr", +1),
    "c2st": ("two_sample", -1),
}
"""Column heading: the metric, and +1 where more is better."""
UNSEEN = 2000
"""Rows of each of the two sets that no method sees."""


def main() -> int:
    given = _arguments()
    found: dict[str, dict[str, np.ndarray]] = {}
    for item in given.tables:
        path, _, roles = item.partition("=")
        target, *drop = roles.split(",")
        real = mm.read(path, target=target).drop(*drop)
        name = Path(path).stem
        for n in given.sizes:
            if n + 2 * given.unseen > len(real):
                continue
            runs = [measured(real, n, seed, given) for seed in range(given.seeds)]
            found[f"{name},{n}"] = {m: np.array([run[m] for run in runs]) for m in given.methods}
            _show(name, n, found[f"{name},{n}"])
    _summary(found, given)
    if given.out:
        record = {key: {m: v.tolist() for m, v in row.items()} for key, row in found.items()}
        Path(given.out).write_text(json.dumps(record))
    return 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("tables", nargs="+", metavar="FILE=TARGET[,DROPPED...]")
    parser.add_argument("--sizes", nargs="*", type=int, default=list(SIZES))
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--unseen", type=int, default=UNSEEN)
    parser.add_argument("--methods", nargs="*", default=list(METHODS))
    parser.add_argument("--out", help="write every figure to this JSON file")
    return parser.parse_args()


def measured(real: mm.Dataset, n: int, seed: int, given: argparse.Namespace) -> dict[str, list[float]]:
    """The figures of each method fitted to n rows; NaN where one is not to be had."""
    order = np.random.default_rng(seed).permutation(len(real))
    shuffled = dataclasses.replace(real, table=real.table.take(pa.array(order)))
    train, reference = shuffled[:n], shuffled[n : n + given.unseen]
    test = shuffled[n + given.unseen : n + 2 * given.unseen]
    figures = {}
    for name in given.methods:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # small tables have columns without a value
            made = mm.synthesizer(name).fit(train, seed=seed).sample(given.unseen, seed=seed)
        scored = mm.assess(
            train=reference,
            holdout=test,
            synthetic=made,
            metrics=[metric for metric, _ in FIGURES.values()],
            seed=seed,
        )
        by_name = {score.metric: score.estimate for score in scored.scores}
        values = [by_name.get(metric) for metric, _ in FIGURES.values()]
        figures[name] = [np.nan if value is None else float(value) for value in values]
    return figures


def _show(name: str, n: int, figures: dict[str, np.ndarray]) -> None:
    for method, values in figures.items():
        error = values.std(axis=0, ddof=min(1, len(values) - 1)) / np.sqrt(len(values))
        text = "  ".join(
            f"{heading} {mean:.3f} ± {e:.3f}"
            for heading, mean, e in zip(FIGURES, values.mean(axis=0), error, strict=True)
        )
        print(f"{name:20} {n:5} {method:17} {text}", flush=True)


def _summary(found: dict[str, dict[str, np.ndarray]], given: argparse.Namespace) -> None:
    """Copula against trees at each size: tables won, lost, and the mean difference."""
    if not {"gaussian_copula", "sequential_trees"} <= set(given.methods):
        return
    print("\ncopula less trees, better above 0: mean over tables (tables better / worse by two errors)")
    for n in given.sizes:
        rows = [row for key, row in found.items() if key.endswith(f",{n}")]
        if not rows:
            continue
        text = []
        for k, (heading, (_, sign)) in enumerate(FIGURES.items()):
            apart = [sign * (row["gaussian_copula"] - row["sequential_trees"])[:, k] for row in rows]
            apart = [values for values in apart if not np.isnan(values).any()]
            if not apart:
                continue
            error = [2 * v.std(ddof=min(1, len(v) - 1)) / np.sqrt(len(v)) for v in apart]
            won = sum(v.mean() > e for v, e in zip(apart, error, strict=True))
            lost = sum(v.mean() < -e for v, e in zip(apart, error, strict=True))
            text.append(f"{heading} {np.mean([v.mean() for v in apart]):+.3f} ({won} / {lost})")
        print(f"{n:6}  " + "   ".join(text))


if __name__ == "__main__":
    raise SystemExit(main())
