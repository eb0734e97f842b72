"""How fitting grows with the rows, and drawing ten million of them.

    python benchmarks/growth.py --plot docs/images/growth.svg --out growth.json

`sequential_trees` is fitted to 10,000 up to a million rows of two tables (Adult resampled with
jitter, and fifty made columns), each in a process of its own. Exit code 1 where a goal is missed.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from _plot import log_log

HERE = Path(__file__).resolve().parent
ENVIRONMENT = {**os.environ, "OMP_WAIT_POLICY": "PASSIVE"}
SIZES = (10_000, 30_000, 100_000, 300_000, 1_000_000)
TABLES = {"adult": "Adult with jitter, 15 columns", "mixed": "made table, 50 columns"}
EXPONENT = 1.1
LARGEST = {"fit_cpu_s": 120.0, "peak_mb": 4_000.0}
"""Goals of a million rows by fifty columns."""
DRAWN = 10_000_000
DRAWN_MB = 2_000.0


def main() -> int:
    given = _arguments()
    sizes = [size for size in SIZES if size <= given.rows]
    figures: dict[str, Any] = {"fit": {}}
    with tempfile.TemporaryDirectory() as folder:
        for table in TABLES:
            figures["fit"][table] = {size: _fitted(table, size, Path(folder)) for size in sizes}
        if given.draw:
            figures["draw"] = _drawn(given.draw, Path(folder))
    if given.out:
        Path(given.out).write_text(json.dumps(figures, indent=1) + "\n")
    if given.plot:
        lines = {
            TABLES[t]: {n: f["fit_cpu_s"] for n, f in made.items()} for t, made in figures["fit"].items()
        }
        Path(given.plot).write_text(log_log(lines, "rows fitted", "CPU seconds", guide=EXPONENT))
    return int(not all(_verdicts(figures)))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rows", type=int, default=SIZES[-1], help="largest table")
    parser.add_argument(
        "--draw", type=int, default=DRAWN, help="rows to draw into a Parquet file; 0 for none"
    )
    parser.add_argument("--plot", help="SVG file")
    parser.add_argument("--out", help="JSON file")
    return parser.parse_args()


def _fitted(table: str, rows: int, folder: Path) -> dict[str, float]:
    """CPU seconds of the fit, and the peak of a process that reads the table and fits."""
    file = folder / "table.parquet"
    _measure("grown", table, rows, file)
    figures = _measure("fit_file", file, folder / "model")
    print(f"{TABLES[table]}: {rows:,} rows fitted in {figures['fit_cpu_s']:.1f} CPU s, "
          f"peak {figures['peak_mb']:,.0f} MB", flush=True)  # fmt: skip
    return figures


def _drawn(rows: int, folder: Path) -> dict[str, float]:
    """Rows of Adult drawn to Parquet through the command line's own way."""
    _measure("grown", "adult", 50_000, folder / "table.parquet")
    _measure("fit_file", folder / "table.parquet", folder / "model")
    figures = _measure("draw", folder / "model", rows, folder / "drawn.parquet")
    print(f"{rows:,} rows of Adult drawn to Parquet in {figures['cpu_s']:.0f} CPU s, "
          f"peak {figures['peak_mb']:,.0f} MB, {figures['file_mb']:,.0f} MB on disk")  # fmt: skip
    return figures


def _measure(*command: Any) -> dict[str, float]:
    done = subprocess.run(
        [sys.executable, str(HERE / "_measure.py"), *map(str, command)],
        check=True, stdout=subprocess.PIPE, text=True, env=ENVIRONMENT,
    )  # fmt: skip
    return dict(json.loads(done.stdout or "{}"))


def exponent(figures: dict[int, dict[str, float]]) -> float:
    """Slope of the least-squares line through the logarithms of rows and CPU seconds."""
    points = [(math.log(rows), math.log(made["fit_cpu_s"])) for rows, made in figures.items()]
    x, y = (sum(values) / len(points) for values in zip(*points, strict=True))
    return sum((a - x) * (b - y) for a, b in points) / sum((a - x) ** 2 for a, _ in points)


def _verdicts(figures: dict[str, Any]) -> list[bool]:
    """Print each goal beside its figure."""
    met = []
    for table, made in figures["fit"].items():
        last = dict(list(made.items())[-3:])  # where what every fit costs no longer flattens the line
        for name, part in (("", made), (", largest three", last)):
            met.append(_verdict(f"{TABLES[table]}: fit time ~ rows to the power of{name}",
                                exponent(part), EXPONENT))  # fmt: skip
    largest = list(figures["fit"]["mixed"].values())[-1]
    met += [_verdict(f"largest made table: {key}", largest[key], goal) for key, goal in LARGEST.items()]
    if "draw" in figures:
        met.append(_verdict("drawing: peak_mb", figures["draw"]["peak_mb"], DRAWN_MB))
    return met


def _verdict(what: str, figure: float, goal: float) -> bool:
    print(f"  {'met   ' if figure <= goal else 'MISSED'} {what} {figure:,.4g} <= {goal:,g}")
    return figure <= goal


if __name__ == "__main__":
    raise SystemExit(main())
