"""What resampling costs and brings beside imbalanced-learn 0.14, in one run by turns.

    python benchmarks/resample.py [--parts speed mixed border cleaning study] [--runs 3]
        [--data FOLDER] [--out FILE]

Each measurement is a process of its own with one thread; times are CPU seconds of `fit_resample`
alone, memory is the peak above what it was before, medians over the runs. The study trains three
models on resampled tables of FOLDER, five seeds each. Exit code 1 where a goal is missed.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import median
from typing import Any

HERE = Path(__file__).resolve().parent
ONE = {f"{pool}_NUM_THREADS": "1" for pool in ("OMP", "OPENBLAS", "NUMBA", "POLARS", "RAYON", "MKL")}
GRID = [(rows, columns, share) for rows in (20_000, 200_000, 2_000_000) for columns in (10, 30, 100)
        for share in (0.01, 0.1) if rows * share <= 20_000 and rows * columns <= 60_000_000]  # fmt: skip
PARTS = ("speed", "mixed", "border", "cleaning", "study")


class Bench:
    """Measurements, and whether the goals were met."""

    def __init__(self, given: argparse.Namespace) -> None:
        self.given, self.met = given, list[bool]()

    def beside(
        self, name: str, kind: str, rows: int, columns: int, share: float
    ) -> dict[str, dict[str, float]]:
        """Medians of both libraries, by turns."""
        found: dict[str, list[dict[str, float]]] = {"mintmark": [], "imblearn": []}
        for _ in range(self.given.runs):
            for module, runs in found.items():
                with tempfile.TemporaryDirectory() as folder:
                    out = Path(folder) / "figures.json"
                    words = [module, name, kind, rows, columns, share, out]
                    command = [sys.executable, str(HERE / "_resample_one.py"), *map(str, words)]
                    subprocess.run(command, check=True, env={**os.environ, **ONE})
                    runs.append(json.loads(out.read_text()))
        medians = {
            module: {key: median(run[key] for run in runs) for key in runs[0]}
            for module, runs in found.items()
        }
        ours, peer = medians["mintmark"], medians["imblearn"]
        print(
            f"{name} {kind} {rows:,} x {columns}, {share:.0%}: {ours['cpu_s']:.2f} s "
            f"{ours['mb_above']:.0f} MB, "
            f"imbalanced-learn {peer['cpu_s']:.2f} s {peer['mb_above']:.0f} MB, "
            f"{peer['cpu_s'] / ours['cpu_s']:.1f} times; rows made {ours['rows_made']:,.0f}, "
            f"{peer['rows_made']:,.0f}",
            flush=True,
        )
        return medians

    def goal(self, what: str, figure: float, limit: float, *, least: bool = True) -> None:
        met = figure >= limit if least else figure <= limit
        self.met.append(met)
        print(
            f"  {'met   ' if met else 'MISSED'} {what}: {figure:.3g} {'>=' if least else '<='} {limit:g}",
            flush=True,
        )


def speed(bench: Bench) -> Any:
    """Plain SMOTE over sizes: never slower, twice as fast from 20,000 minority rows on."""
    found = []
    for rows, columns, share in GRID:
        both = bench.beside("SMOTE", "float", rows, columns, share)
        times = both["imblearn"]["cpu_s"] / both["mintmark"]["cpu_s"]
        bench.goal("times faster", times, 2.0 if rows * share >= 20_000 else 1.0)
        found.append({"rows": rows, "columns": columns, "share": share, **both})
    return found


def mixed(bench: Bench) -> Any:
    """SMOTE-NC of 24 numbers and 6 categories."""
    both = bench.beside("SMOTENC", "mixed", 200_000, 30, 0.01)
    bench.goal("times faster", both["imblearn"]["cpu_s"] / both["mintmark"]["cpu_s"], 50)
    share = both["mintmark"]["mb_above"] / both["imblearn"]["mb_above"]
    bench.goal("share of its memory", share, 0.3, least=False)
    return both


def border(bench: Bench) -> Any:
    """Boundary-aware samplers, and how they grow where rows grow fourfold."""
    found: dict[str, Any] = {}
    for name in ("BorderlineSMOTE", "ADASYN"):
        few, many = (bench.beside(name, "float", rows, 30, 0.1) for rows in (50_000, 200_000))
        bench.goal("times faster", many["imblearn"]["cpu_s"] / many["mintmark"]["cpu_s"], 3)
        bench.goal("growth", many["mintmark"]["cpu_s"] / few["mintmark"]["cpu_s"], 14, least=False)
        found[name] = {"50,000": few, "200,000": many}
    return found


def cleaning(bench: Bench) -> Any:
    """New rows cleaned of those that stand among the other class, beside SMOTEENN."""
    both = bench.beside("SMOTEENN", "float", 50_000, 30, 0.01)
    bench.goal("times faster", both["imblearn"]["cpu_s"] / both["mintmark"]["cpu_s"], 10)
    ours, peer = both["mintmark"]["purity"], both["imblearn"]["purity"]
    bench.goal("held-out purity less imbalanced-learn's", ours - peer, 0)
    return both


def study(bench: Bench) -> Any:
    """All samplers and controls on real tables, see `_resample_study.py`."""
    from _resample_study import studied

    return studied(bench)


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--parts", nargs="+", choices=PARTS, default=list(PARTS))
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--data", type=Path, help="folder with mammography, creditcard_fraud, ... as Parquet")
    parser.add_argument("--out", type=Path, help="write all figures there as JSON")
    bench = Bench(parser.parse_args())
    print(f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}")
    found = {}
    for part in bench.given.parts:
        found[part] = {
            "speed": speed,
            "mixed": mixed,
            "border": border,
            "cleaning": cleaning,
            "study": study,
        }[part](bench)
        if bench.given.out:
            bench.given.out.write_text(json.dumps(found, indent=1) + "\n")
    return int(not all(bench.met))


if __name__ == "__main__":
    sys.exit(main())
