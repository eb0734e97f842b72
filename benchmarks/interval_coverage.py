"""Do the 95 % intervals cover? Repeats on populations whose truth is known.

    python benchmarks/interval_coverage.py --minutes 60 --workers 2
    python benchmarks/interval_coverage.py --figures distances --repeats 1000
    python benchmarks/interval_coverage.py --summarise

Repeats are appended to `results/coverage.jsonl` as they end, and those that are there are not run
again: a run that was stopped goes on. What is finished is summarised in `results/coverage.json`
and in the table of docs/coverage.md.
"""

from __future__ import annotations

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import argparse
import json
import platform
import sys
import time
from concurrent.futures import ProcessPoolExecutor, wait
from datetime import date
from importlib.metadata import version
from pathlib import Path

import numpy as np
from _coverage_cases import FIGURES, POPULATIONS

HERE = Path(__file__).parent
RECORDS = HERE / "results" / "coverage.jsonl"
SUMMARY = HERE / "results" / "coverage.json"
PAGE = HERE.parent / "docs" / "coverage.md"
BEGIN, END = "<!-- coverage table: begin -->", "<!-- coverage table: end -->"
STRATA = ("at 0", "near 0", "3 se and more")
CHANCE = {"c2st": 0.5, "tstr": 0.5, "membership auc": 0.5, "membership tpr": 0.01}
TAKES_A_RIVAL = ("at 0", "near 0")
FEWEST = 20
COMMAND = "python benchmarks/interval_coverage.py"  # in as many runs as it took


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=1000)
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--figures", nargs="+", choices=FIGURES, default=list(FIGURES))
    parser.add_argument("--summarise", action="store_true", help="run nothing, summarise what is there")
    chosen = parser.parse_args()
    RECORDS.parent.mkdir(exist_ok=True)
    if not chosen.summarise:
        run(chosen.figures, chosen.repeats, chosen.minutes, chosen.workers)
    summary = summarise(chosen.repeats)
    SUMMARY.write_text(json.dumps(summary, indent=1, sort_keys=True) + "\n")
    print(text := table(summary))
    if PAGE.exists():
        before, _, rest = PAGE.read_text().partition(BEGIN)
        PAGE.write_text(f"{before}{BEGIN}\n{text}\n{END}{rest.partition(END)[2]}")


def run(figures, repeats, minutes, workers):
    """The repeats that are not done yet, until the time is over."""
    done = {(line["figure"], line["repeat"]) for line in lines()}
    todo = [(f, r) for r in range(repeats) for f in figures if (f, r) not in done]
    end = time.monotonic() + 60 * minutes
    with RECORDS.open("a") as file, ProcessPoolExecutor(workers) as pool:
        waiting = set()
        while (todo or waiting) and (waiting or time.monotonic() < end):
            while todo and len(waiting) < workers + 1 and time.monotonic() < end:
                waiting.add(pool.submit(one, *todo.pop(0)))
            ended, waiting = wait(waiting, return_when="FIRST_COMPLETED")
            for job in ended:
                file.write(json.dumps(job.result()) + "\n")
                file.flush()
    print(f"{len(todo)} repeats are left to run.", file=sys.stderr)


def one(figure, repeat):
    rng = np.random.default_rng([2024, list(FIGURES).index(figure), repeat])
    began = time.process_time()
    records = [[case, *map(short, rest)] for case, *rest in FIGURES[figure](repeat, rng)]
    spent = round(time.process_time() - began, 2)
    return {"figure": figure, "repeat": repeat, "cpu_s": spent, "records": records}


def short(value):
    if isinstance(value, dict):
        return {name: [round(v, 5) for v in ends] for name, ends in value.items()}
    return round(float(value), 6)


def lines():
    if RECORDS.exists():
        for line in RECORDS.read_text().splitlines():
            try:
                yield json.loads(line)
            except json.JSONDecodeError:  # cut off by a kill: that repeat is run again
                continue


def summarise(repeats):
    """Coverage by figure and by how many standard errors the truth lies from 0 (from chance)."""
    groups, cpu = {}, {}
    counted = {}
    for line in lines():
        if line["repeat"] >= repeats:
            continue
        counted[line["figure"]] = counted.get(line["figure"], 0) + 1
        cpu[line["figure"]] = cpu.get(line["figure"], 0) + line["cpu_s"]
        for case, *record in line["records"]:
            groups.setdefault(case, []).append(record)
    found = {}
    for case, records in groups.items():
        figure, name, _, _ = case.split("/")
        zero = CHANCE.get(figure, 0.0)
        truth, estimate = (np.array([record[i] for record in records]) for i in (0, 1))
        # the standard error of the estimate: as the repeats show it, or as few intervals claim
        width = np.mean([record[3] - record[2] for record in records])
        error = np.std(estimate - truth, ddof=1) if len(records) >= FEWEST else width / 3.92
        far = abs(truth.mean() - zero) / error
        stratum = STRATA[0 if far < 0.2 else 1 if far < 3 else 2]
        label = f"{figure}, {name}" if figure.startswith("membership") else figure
        found.setdefault((label, stratum), []).append(records)
    return {
        "command": COMMAND,
        "date": date.today().isoformat(),
        "versions": {name: version(name) for name in ("mintmark", "numpy", "scipy", "lightgbm")}
        | {"python": platform.python_version()},
        "populations": POPULATIONS,
        "repeats": counted,
        "cpu_s": {name: round(value) for name, value in cpu.items()},
        "figures": {
            label: {s: stratum_of(found[label, s], s) for s in STRATA if (label, s) in found}
            for label in dict.fromkeys(label for label, _ in found)
        },
    }


def stratum_of(cases, stratum):
    records = [record for case in cases for record in case]
    truth, _, low, high = (np.array([record[i] for record in records]) for i in range(4))
    each = [np.mean([low <= t <= high for t, _, low, high, *_ in case]) for case in cases]
    out = {
        "intervals": len(records),
        "cases": len(cases),
        "coverage": round(float(np.mean((low <= truth) & (truth <= high))), 4),
        "lowest_case": round(float(min(each)), 3),
        "too_high": round(float(np.mean(low > truth)), 4),
        "too_low": round(float(np.mean(high < truth)), 4),
        "width": round(float(np.mean(high - low)), 4),
    }
    tried = [record for record in records if len(record) > 4]
    if len(tried) >= FEWEST:
        out["rivals"] = compared(tried, one_sided=stratum in TAKES_A_RIVAL)
        out["width_beside_rivals"] = round(float(np.mean([r[3] - r[2] for r in tried])), 4)
    return out


def compared(tried, *, one_sided):
    """Coverage and width of each rival; one-sided, from 0 to its 95 % end, near 0."""
    out = {}
    for name in tried[0][4]:
        ends = np.array([record[4][name] for record in tried])
        truth = np.array([record[0] for record in tried])
        two = float(np.mean((ends[:, 0] <= truth) & (truth <= ends[:, 1])))
        out[name] = {"coverage": round(two, 3), "width": round(float((ends[:, 1] - ends[:, 0]).mean()), 4)}
        if one_sided:
            out[name] |= {
                "one_sided_coverage": round(float(np.mean(truth <= ends[:, 2])), 3),
                "one_sided_width": round(float(ends[:, 2].mean()), 4),
            }
    return out


def best(parts, stratum):
    """The narrowest rival that covers at least 93 % both at and near 0 (or far from it)."""
    key = "one_sided_" if stratum in TAKES_A_RIVAL else ""
    asked = TAKES_A_RIVAL if key else (stratum,)
    if not all("rivals" in parts.get(s, {}) for s in asked):
        return None
    good = [
        (parts[stratum]["rivals"][name][f"{key}width"], name)
        for name in parts[stratum]["rivals"]
        if all(parts[s]["rivals"][name][f"{key}coverage"] >= 0.93 for s in asked)
    ]
    return min(good) if good else None


def table(summary):
    """Markdown."""
    out = [
        "| figure | truth | intervals | coverage | lowest case | above / below | mean width "
        "| narrowest known that covers | ratio |",
        "| --- | --- | ---: | ---: | ---: | ---: | ---: | --- | ---: |",
    ]
    for figure, parts in summary["figures"].items():
        for stratum, part in parts.items():
            rival = best(parts, stratum)
            known = f"{rival[1]}, {rival[0]:.3f}" if rival else "none" if "rivals" in part else ""
            ratio = f"{part['width_beside_rivals'] / rival[0]:.2f}" if rival else ""
            out.append(
                f"| {figure} | {stratum} | {part['intervals']} | {part['coverage']:.1%} "
                f"| {part['lowest_case']:.0%} | {part['too_high']:.1%} / {part['too_low']:.1%} "
                f"| {part['width']:.3f} | {known} | {ratio} |"
            )
    ran = ", ".join(f"{name} {n}" for name, n in summary["repeats"].items())
    spent = ", ".join(f"{name} {s / 60:.0f}" for name, s in summary["cpu_s"].items())
    out += ["", f"Repeats: {ran}. CPU minutes: {spent}. {summary['date']}, `{summary['command'].strip()}`."]
    return "\n".join(out)


if __name__ == "__main__":
    main()
