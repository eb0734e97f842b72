"""What assessing costs beside other evaluators, and what it says of other tools' rows.

    python benchmarks/assess.py [--sdmetrics PYTHON] [--qa PYTHON] [--sdv PYTHON] [--mostlyai PYTHON]
        [--large 1000000] [--runs 5] [--parts pairs whole large others] [--out FILE]

Each PYTHON is that of an environment with `sdmetrics`, `mostlyai-qa`, `sdv` or `mostlyai-engine`;
what is not given is left out. Each measurement is a process of its own with two threads, ours and a
peer's by turns; times are CPU seconds of all threads without
imports, for marginals and pairs also without compiling, medians over the runs (of what
takes minutes over one). Exit code 1 where a goal is missed. The attacks are in `attacks.py`.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import sysconfig
import tempfile
from pathlib import Path
from statistics import median
from typing import Any

HERE = Path(__file__).resolve().parent
PARTS = ("pairs", "whole", "large", "others")
TWO = {f"{pool}_NUM_THREADS": "2" for pool in ("OMP", "OPENBLAS", "NUMBA", "POLARS", "RAYON", "MKL")}
ENVIRONMENT = {**os.environ, **TWO, "OMP_WAIT_POLICY": "PASSIVE", "MINTMARK_STATE": "off"}


def main() -> int:
    given = _arguments()
    print(f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}")
    figures: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as name:
        run = Runs(Path(name), given)
        large = given.large if {"pairs", "large"} & set(given.parts) else 0
        run.plain(sys.executable, "_assess_ours.py", "tables", name, large)
        for part in given.parts:
            figures[part] = {"pairs": pairs, "whole": whole, "large": large_, "others": others}[part](run)
            if given.out:
                given.out.write_text(json.dumps(figures, indent=1) + "\n")
    return int(not all(run.met))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    for peer in ("sdmetrics", "qa", "sdv", "mostlyai"):
        parser.add_argument(f"--{peer}", metavar="PYTHON")
    parser.add_argument("--large", type=int, default=1_000_000, help="rows of the large tables")
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--parts", nargs="+", choices=PARTS, default=list(PARTS))
    parser.add_argument("--out", type=Path, help="write all figures there as JSON")
    return parser.parse_args()


class Runs:
    """Measurements in processes of their own, and whether the goals were met."""

    def __init__(self, folder: Path, given: argparse.Namespace) -> None:
        self.folder, self.given = folder, given
        self.met: list[bool] = []

    def files(self, name: str, *roles: str) -> list[str]:
        return [str(self.folder / f"{name}_{role}.parquet") for role in roles]

    def plain(self, python: str, script: str, *command: Any) -> None:
        words = [python, str(HERE / script), *map(str, command)]
        subprocess.run(words, check=True, env=ENVIRONMENT, stdout=subprocess.DEVNULL)

    def figures(self, python: str, script: str, *command: Any) -> dict[str, Any]:
        out = self.folder / "figures.json"
        self.plain(python, script, *command, out)
        return dict(json.loads(out.read_text()))

    def ours(self, *command: Any) -> dict[str, Any]:
        return self.figures(sys.executable, "_assess_ours.py", *command)

    def goal(self, what: str, figure: float, limit: float, *, least: bool = False) -> None:
        met = figure >= limit if least else figure <= limit
        self.met.append(met)
        sign = ">=" if least else "<="
        print(f"  {'met   ' if met else 'MISSED'} {what}: {figure:,.4g} {sign} {limit:,g}", flush=True)


def pairs(run: Runs) -> dict[str, Any]:
    """Marginals and pairs of Adult and of a large table, beside SDMetrics' QualityReport."""
    found = {}
    for name, goal in (("adult", 5.0), ("grown", 10.0)):
        files = run.files(name, "train", "synthetic")
        mine, theirs = [], []
        for _ in range(run.given.runs):
            mine.append(run.ours("quality", *files))
            if run.given.sdmetrics:
                theirs.append(run.figures(run.given.sdmetrics, "_assess_peers.py", "quality", *files))
        print(f"marginals and pairs, {name}: ours {told(mine)}", flush=True)
        if theirs:
            print(f"  SDMetrics {told(theirs)}, score {theirs[0]['score']:.4f}")
            run.goal("times less CPU than SDMetrics", cpu(theirs) / cpu(mine), goal, least=True)
            run.goal("largest difference of KS and TVD", apart(mine[0], theirs[0]), 1e-9)
        found[name] = {"ours": mine, "sdmetrics": theirs}
    return found


def apart(mine: dict[str, Any], theirs: dict[str, Any]) -> float:
    """Largest difference of column scores; SDMetrics drops missing values, we count them: those not."""
    shared = [name for name in theirs["columns"] if name not in mine["missing"]]
    return max(abs(mine["columns"][name] - theirs["columns"][name]["score"]) for name in shared)


def whole(run: Runs) -> dict[str, Any]:
    """Whole assessments with their pages: Adult in halves, at half of these rows, and 100 columns."""
    roles = ("train", "holdout", "synthetic")
    found: dict[str, Any] = {"half": [], "quarter": [], "qa": []}
    for turn in range(run.given.runs):
        found["half"].append(run.ours("whole", *run.files("half", *roles)))
        if turn == 0 and run.given.qa:
            files = run.files("quarter", *roles)
            found["quarter"].append(run.ours("whole", *files))
            found["qa"].append(run.figures(run.given.qa, "_assess_peers.py", "qa", *files))
    found["wide"] = [run.ours("whole", *run.files("wide", *roles))]
    print(f"whole assessment with its page, Adult in halves: {told(found['half'])}")
    costs = {
        name: median(one["metrics"][name] for one in found["half"]) for name in found["half"][0]["metrics"]
    }
    for name in sorted(costs, key=costs.__getitem__)[:-6:-1]:
        print(f"  {name:20} {costs[name]:5.1f} CPU s")
    run.goal("CPU seconds", cpu(found["half"]), 60)
    run.goal("page of 15 columns, kB", found["half"][0]["html_kb"], 500)
    run.goal("page of 100 columns, kB", found["wide"][0]["html_kb"], 2000)
    for name in ("quarter", "qa"):
        if found[name]:
            print(f"  at half the rows, {name}: {told(found[name])}, {found[name][0]['html_kb']:.0f} kB")
    return found


def large_(run: Runs) -> dict[str, Any]:
    """A million rows by forty columns, once."""
    found = run.ours("whole", *run.files("large", "train", "holdout", "synthetic"))
    print(f"{run.given.large:,} x 40: {told([found])}, {found['wall_s']:.0f} s wall")
    run.goal("wall seconds", found["wall_s"], 300)
    run.goal("peak MB", found["peak_mb"], 4000)
    return found


def others(run: Runs) -> dict[str, Any]:
    """Rows of other tools, by the command line and from pandas frames."""
    found: dict[str, Any] = {}
    train, holdout = run.files("half", "train", "holdout")
    program = str(Path(sysconfig.get_path("scripts")) / "mintmark")
    for tool in ("sdv", "mostlyai"):
        if not (python := getattr(run.given, tool)):
            continue
        made = str(run.folder / f"{tool}.parquet")
        run.plain(python, "_assess_peers.py", tool, train, 16_000, made)
        told_ = subprocess.run(
            [program, "assess", train, made, "--holdout", holdout, "--policy", "internal"],
            env=ENVIRONMENT, capture_output=True, text=True,
        )  # fmt: skip
        print(f"{tool}: exit code {told_.returncode}\n{told_.stdout}{told_.stderr}", flush=True)
        found[tool] = {
            "exit": told_.returncode,
            "told": told_.stdout,
            "frames": run.ours("frames", train, holdout, made),
        }
        run.goal(f"{tool}: exit code of the command line", told_.returncode, 0)
    return found


def cpu(runs: list[dict[str, Any]]) -> float:
    return median(one["cpu_s"] for one in runs)


def told(runs: list[dict[str, Any]]) -> str:
    return f"{cpu(runs):.2f} CPU s (median of {len(runs)}), {max(one['peak_mb'] for one in runs):,.0f} MB"


if __name__ == "__main__":
    raise SystemExit(main())
