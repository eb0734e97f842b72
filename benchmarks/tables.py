"""How well and how fast the table methods do on Adult: fit, sampling, and an outside scorer's figures.

    python benchmarks/tables.py
    python benchmarks/tables.py --data telco.parquet --target Churn --drop customerID
    python benchmarks/tables.py --scorer score.py --scorer-python other-venv/bin/python

The scorer is a program of its own, called as ``SCORER score --real-train A.csv --real-test B.csv
--synthetic C.csv --target COLUMN --out score.json``; it may need packages that mintmark does not.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

import mintmark as mm

ADULT = Path(__file__).parents[1] / "src/mintmark/examples/adult.parquet"
METHODS = ("independent", "gaussian_copula", "sequential_trees")
SHOWN = (
    "quality", "trtr_auc", "tstr_auc", "trtr_accuracy", "tstr_accuracy", "trtr_r2", "tstr_r2",
    "c2st_auc_train", "c2st_auc_holdout", "copies_train_pct", "dcr_share_train_pct",
)  # fmt: skip
GOALS = {
    "fit_cpu_s": ("<=", 5.0),
    "rows_per_s": (">=", 50_000),
    "quality": (">=", 0.99),
    "gap": ("<=", 0.01),
    "c2st_auc_holdout": ("<=", 0.56),
}
"""What the default method is to reach on Adult."""


def main() -> int:
    given = _arguments()
    train, holdout = _data(given)
    print(f"{given.data}: {len(train):,} train, {len(holdout):,} holdout, {len(train.names)} columns")
    missed = 0
    for name in given.methods:
        with tempfile.TemporaryDirectory() as folder:
            figures = measured(name, train, holdout, given, Path(folder))
        print(f"{name}: " + ", ".join(f"{key} {value:,.4g}" for key, value in figures.items()))
        if name == "sequential_trees" and Path(given.data) == ADULT:
            missed += _missed(figures)
    return int(missed > 0)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", default=str(ADULT), help="a file that mintmark reads")
    parser.add_argument("--target", default="income")
    parser.add_argument("--drop", nargs="*", default=[], help="columns to leave out")
    parser.add_argument("--rows", type=int, help="use only so many rows")
    parser.add_argument("--methods", nargs="*", default=list(METHODS))
    parser.add_argument("--scorer", help="path of the outside scorer")
    parser.add_argument("--scorer-python", default=sys.executable, help="the Python that runs it")
    return parser.parse_args()


def _data(given: argparse.Namespace) -> tuple[mm.Dataset, mm.Dataset]:
    real = mm.read(given.data, target=given.target).drop(*given.drop)
    if given.rows:
        real = real[: given.rows]
    return real.split(0.2, seed=0)


def measured(
    name: str, train: mm.Dataset, holdout: mm.Dataset, given: argparse.Namespace, folder: Path
) -> dict[str, float]:
    """Figures of one method: CPU seconds, rows per second, and what the scorer says."""
    start = time.process_time()
    model = mm.synthesizer(name).fit(train, seed=0)
    fitted = time.process_time()
    synthetic = model.sample(len(train), seed=1)
    drawn = time.process_time()
    figures = {"fit_cpu_s": fitted - start, "rows_per_s": len(train) / (drawn - fitted)}
    if given.scorer:
        figures |= scored(train, holdout, synthetic, given, folder)
    return figures


def scored(
    train: mm.Dataset,
    holdout: mm.Dataset,
    synthetic: mm.Dataset,
    given: argparse.Namespace,
    folder: Path,
) -> dict[str, float]:
    """The scorer's figures, and `gap`: by how much TSTR falls short of TRTR."""
    files = {"real-train": train, "real-test": holdout, "synthetic": synthetic}
    command = [given.scorer_python, given.scorer, "score", "--target", given.target]
    for option, data in files.items():
        data.write(folder / f"{option}.csv")
        command += [f"--{option}", str(folder / f"{option}.csv")]
    subprocess.run([*command, "--out", str(folder / "score.json")], check=True, capture_output=True)
    record = json.loads((folder / "score.json").read_text())
    figures = {key: record[key] for key in SHOWN if record.get(key) is not None}
    for measure in ("auc", "accuracy", "r2"):
        if f"trtr_{measure}" in figures:
            figures["gap"] = figures[f"trtr_{measure}"] - figures[f"tstr_{measure}"]
    return figures


def _missed(figures: dict[str, float]) -> int:
    """Print each goal beside its figure; returns how many were missed."""
    missed = 0
    for key, (sign, goal) in GOALS.items():
        if key not in figures:
            continue
        met = figures[key] <= goal if sign == "<=" else figures[key] >= goal
        missed += not met
        print(f"  {'met   ' if met else 'MISSED'} {key} {figures[key]:,.4g} {sign} {goal:,}")
    return missed


if __name__ == "__main__":
    raise SystemExit(main())
