"""How good and how fast the table methods are, beside other synthesizers, in one run.

    python benchmarks/tables.py --scorer SCORER --scorer-python PYTHON \\
        --peer sdv=PYTHON --peer mostlyai-engine=PYTHON --out figures.json
    python benchmarks/tables.py --scorer SCORER --all
    python benchmarks/tables.py --table mine.csv --target label --drop id

Each fit runs in a process of its own. mintmark's methods are fitted and sampled with five seeds;
figures are means, with the standard error where there are several. A goal that is missed by less
than one standard error is not separable from being met. Exit code 1 where a goal is missed.

The scorer is a program of its own, which may need packages that mintmark does not. It is called as
``SCORER score --real-train A.csv --real-test B.csv --synthetic C.csv --target COLUMN --out
score.json`` and, to fit a peer, as ``SCORER --synthesizer NAME --data A.csv --target COLUMN --out
FOLDER [--opt NAME=VALUE]``, which leaves ``synthetic.csv`` and ``run.json``.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
ENVIRONMENT = {**os.environ, "OMP_WAIT_POLICY": "PASSIVE", "PYTHONHASHSEED": "0"}
METHODS = ("independent", "gaussian_copula", "sequential_trees")
DEFAULT = "sequential_trees"
"""The method that the goals are set for."""


@dataclass(frozen=True)
class Table:
    file: str
    target: str
    drop: tuple[str, ...] = ()
    rows: int = -1  # of the file's first; all of them


TABLES = {
    "adult": Table(str(HERE.parent / "src/mintmark/examples/adult.parquet"), "income", rows=32_561),
    "telco_churn": Table("telco_churn/telco_churn.parquet", "Churn", ("customerID",)),
    "support2": Table(
        "support2/support2.parquet",
        "hospdead",
        ("Index", "death", "surv2m", "surv6m", "prg2m", "prg6m", "dnr", "dnrday", "sfdm2"),
    ),
    "diabetes130_sample": Table(
        "diabetes130_sample/diabetes130.parquet",
        "readmitted",
        ("encounter_id", "patient_nbr", "payer_code"),
    ),
    "hypothyroid": Table("hypothyroid/hypothyroid.parquet", "Class"),
}
"""Files lie in the folder --data, but for Adult, which is shipped: the official training file alone."""

PEERS = {
    "sdv-gaussian": ("sdv", ()),
    "sdv-tvae": ("sdv", ("epochs=40",)),
    "sdv-ctgan": ("sdv", ("epochs=25",)),
    "mostly-engine": ("mostlyai-engine", ("max_training_time=60",)),  # it stops by its own rule long before
}
"""What the scorer calls a synthesizer: the package that it needs, and its options."""

ORDER = ("real half", "independent", *PEERS, "gaussian_copula", DEFAULT)

GOALS: dict[str, dict[str, tuple[str, float | str]]] = {
    "adult": {
        "quality": (">=", 0.985),
        "gap": ("<=", 0.004),
        "c2st_auc_holdout": ("<=", 0.525),
        "c2st_auc_train": (">=", 0.495),
        "copies_train_pct": ("<=", "natural_copies_pct"),
        "dcr_share_train_pct": ("<=", 53.0),
        "membership_tpr_high": ("<=", 0.025),
        "fit_cpu_s": ("<=", 3.0),
        "rows_per_cpu_s": (">=", 200_000),
        "peak_mb": ("<=", 350),
    },
    "telco_churn": {
        "c2st_auc_holdout": ("<=", 0.56),
        "gap": ("<=", 0.012),
        "dcr_share_train_pct": ("<=", 53.0),
    },
}


@dataclass
class Row:
    """One synthesizer on one table: each figure once per seed."""

    name: str
    figures: dict[str, list[float]] = field(default_factory=dict)

    def add(self, figures: dict[str, float]) -> None:
        for key, value in figures.items():
            self.figures.setdefault(key, []).append(value)

    def mean(self, key: str) -> float:
        return statistics.fmean(self.figures[key])

    def error(self, key: str) -> float:
        """Standard error of the mean; 0 for a single run."""
        values = self.figures[key]
        return statistics.stdev(values) / len(values) ** 0.5 if len(values) > 1 else 0.0


def main() -> int:
    given = _arguments()
    known = json.loads(Path(given.earlier).read_text())["tables"] if given.earlier else {}
    record: dict[str, Any] = {"machine": machine(), "peers": versions(given.peer), "tables": {}}
    missed = 0
    for name in list(TABLES) if given.all else [given.table]:
        with tempfile.TemporaryDirectory() as folder:
            about, rows = measured(name, given, Path(folder))
        fresh = {row.name for row in rows}
        past = [Row(*item) for item in known.get(name, {}).get("rows", {}).items() if item[0] not in fresh]
        rows = sorted([*past, *rows], key=lambda row: ORDER.index(row.name) if row.name in ORDER else 99)
        print_table(name, about, rows)
        missed += sum(_missed(name, about, row) for row in rows if row.name == DEFAULT)
        record["tables"][name] = {"about": about, "rows": {row.name: row.figures for row in rows}}
        if given.out:
            Path(given.out).write_text(json.dumps(record, indent=1) + "\n")
    return int(missed > 0)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--table", default="adult", help=f"a file, or {', '.join(TABLES)}")
    parser.add_argument("--all", action="store_true", help="every table named above")
    parser.add_argument("--data", default=str(HERE.parents[1] / "shared/data"), help="folder of the tables")
    parser.add_argument("--target", help="of a file")
    parser.add_argument("--drop", nargs="*", default=[], help="columns of a file to leave out")
    parser.add_argument("--methods", nargs="*", default=list(METHODS), help="mintmark's own")
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--scorer", help="path of the outside scorer")
    parser.add_argument("--scorer-python", default=sys.executable, help="the Python that runs it")
    parser.add_argument("--peer", action="append", default=[], metavar="PACKAGE=PYTHON")
    parser.add_argument(
        "--earlier", help="an --out file whose other rows are printed too, such as peers.json"
    )
    parser.add_argument("--out", help="write every figure of every seed as JSON")
    given = parser.parse_args()
    if not given.all and given.table not in TABLES and not given.target:
        parser.error(f"--table {given.table}: a file needs its --target")
    return given


def machine() -> str:
    return f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}"


def versions(peers: list[str]) -> dict[str, str]:
    """The version of each package in its own Python."""
    ask = "import sys; from importlib.metadata import version; print(version(sys.argv[1]))"
    split = (text.split("=", 1) for text in peers)
    return {package: run([python, "-c", ask, package]).strip() for package, python in split}


def measured(name: str, given: argparse.Namespace, folder: Path) -> tuple[dict[str, float], list[Row]]:
    """Everything about one table: its sizes and natural rate of copies, and a row per synthesizer."""
    table = TABLES.get(name) or Table(str(Path(name).resolve()), given.target, tuple(given.drop))
    about = parted(table, given.data, 0, folder)
    rows = []
    for row, figures in _runs(given, table, folder):
        print(f"{name}: {row.name}, run {len(next(iter(row.figures.values()), [])) + 1}", file=sys.stderr)
        try:
            row.add(figures())
        except subprocess.CalledProcessError as error:
            print(f"{name}: {row.name} is left out: {last_line(error.stderr)}", file=sys.stderr)
            continue
        if row not in rows:
            rows.append(row)
    return about, rows


def parted(table: Table, data: str, seed: int, folder: Path) -> dict[str, float]:
    """Write the parts of a table, shuffled from a seed, to a folder; what there is to say of them."""
    run([sys.executable, HERE / "_measure.py", "split", Path(data) / table.file,
         table.target, table.rows, seed, folder, *table.drop])  # fmt: skip
    about: dict[str, float] = json.loads((folder / "about.json").read_text())
    return about


def _runs(given: argparse.Namespace, table: Table, folder: Path) -> Iterator[tuple[Row, Any]]:
    """Row by row what is to be run, each giving figures."""
    halves = {"train": "half", "synthetic": folder / "other_half"}
    yield Row("real half"), lambda: scored(given, table, folder, 0, **halves)
    pythons = dict(text.split("=", 1) for text in given.peer)
    for peer, (package, options) in PEERS.items():
        if package in pythons:
            yield (
                Row(peer),
                lambda peer=peer, options=options, python=pythons[package]: peer_of(
                    python, peer, options, given, table, folder
                ),
            )
        elif given.peer:
            print(f"{peer} is left out: no --peer {package}=PYTHON", file=sys.stderr)
    for method in given.methods:
        row = Row(method)
        for seed in range(given.seeds):
            yield row, lambda method=method, seed=seed: ours(method, seed, given, table, folder)


def ours(
    method: str, seed: int, given: argparse.Namespace, table: Table, folder: Path, *minutes: float
) -> dict[str, float]:
    out = folder / "-".join(map(str, (method, seed, *minutes)))
    out.mkdir()
    run([sys.executable, HERE / "_measure.py", "fit", method, seed, folder, out, *minutes])
    figures: dict[str, float] = json.loads((out / "run.json").read_text())
    return figures | scored(given, table, folder, seed, synthetic=out / "synthetic")


def peer_of(
    python: str, peer: str, options: tuple[str, ...], given: argparse.Namespace, table: Table, folder: Path
) -> dict[str, float]:
    out = folder / peer
    command = [python, given.scorer, "--synthesizer", peer, "--data", folder / "train.csv"]
    run([*command, "--target", table.target, "--out", out, *(w for o in options for w in ("--opt", o))])
    record = json.loads((out / "run.json").read_text())
    figures = {
        "fit_cpu_s": record["fit_cpu_s"],
        "rows_per_cpu_s": record["rows"] / max(record["sample_cpu_s"], 0.01),
        "peak_mb": record["peak_rss_mb"],
    }
    return figures | scored(given, table, folder, 0, synthetic=out / "synthetic")


def scored(
    given: argparse.Namespace, table: Table, folder: Path, seed: int, *, synthetic: Path, train: str = "train"
) -> dict[str, float]:
    """The scorer's figures, `gap` (by how much TSTR falls short of TRTR), and membership's."""
    found = synthetic.parent / f"{synthetic.name}-membership.json"
    rows = next(path for end in ("parquet", "csv") if (path := synthetic.with_suffix(f".{end}")).exists())
    run([sys.executable, HERE / "_measure.py", "membership", folder / f"{train}.parquet",
         folder / "holdout.parquet", rows, seed, found])  # fmt: skip
    figures: dict[str, float] = json.loads(found.read_text())
    if not given.scorer:
        return figures
    out = synthetic.parent / f"{synthetic.name}-score.json"
    run([given.scorer_python, given.scorer, "score", "--real-train", folder / f"{train}.csv",
         "--real-test", folder / "holdout.csv", "--synthetic", synthetic.with_suffix(".csv"),
         "--target", table.target, "--out", out])  # fmt: skip
    record = json.loads(out.read_text())
    figures |= {key: value for key, value in record.items() if isinstance(value, (int, float))}
    measure = next(m for m in ("auc", "accuracy", "r2") if f"trtr_{m}" in record)
    figures |= {"trtr": record[f"trtr_{measure}"], "tstr": record[f"tstr_{measure}"]}
    return figures | {"gap": figures["trtr"] - figures["tstr"]}


def run(command: list[Any]) -> str:
    words = [*map(str, command)]
    return subprocess.run(words, check=True, capture_output=True, text=True, env=ENVIRONMENT).stdout


def last_line(text: str) -> str:
    return (text.strip().splitlines() or ["no reason given"])[-1]


SHOWN = {
    "fit CPU s": "fit_cpu_s", "MB": "peak_mb", "rows/CPU s": "rows_per_cpu_s", "quality": "quality",
    "TRTR": "trtr", "TSTR": "tstr", "C2ST train": "c2st_auc_train", "C2ST holdout": "c2st_auc_holdout",
    "copies %": "copies_train_pct", "DCR share %": "dcr_share_train_pct",
    "membership AUC": "membership_auc", "AUC at most": "membership_auc_high",
    "members found at 1 %": "membership_tpr", "at most": "membership_tpr_high",
    "members found at 10 %": "membership_tpr10", "at most ": "membership_tpr10_high",
}  # fmt: skip
PLACES = {"fit_cpu_s": 1, "peak_mb": 0, "rows_per_cpu_s": 0, "copies_train_pct": 2, "dcr_share_train_pct": 1}


def print_table(name: str, about: dict[str, float], rows: list[Row]) -> None:
    print(
        f"\n{name}: {about['train']:,} rows fitted, {about['holdout']:,} held out, {about['columns']} "
        f"columns; {about['natural_copies_pct']:.2f} % of the rows held out equal a training row\n"
    )
    shown = {head: key for head, key in SHOWN.items() if any(key in row.figures for row in rows)}
    print("| synthesizer | runs | " + " | ".join(shown) + " |\n" + "| --- " * (len(shown) + 2) + "|")
    for row in rows:
        runs = len(next(iter(row.figures.values())))
        cells = [_cell(row, key) if key in row.figures else "" for key in shown.values()]
        print(f"| {row.name} | {runs} | " + " | ".join(cells) + " |")


def _cell(row: Row, key: str) -> str:
    places = PLACES.get(key, 3)
    error = row.error(key)
    return f"{row.mean(key):,.{places}f}" + (f" ± {error:,.{places + (places > 0)}f}" if error else "")


def _missed(name: str, about: dict[str, float], row: Row) -> int:
    """Print each goal beside its figure; returns how many were missed."""
    missed = 0
    for key, (sign, limit) in GOALS.get(name, {}).items():
        if key not in row.figures:
            continue
        goal = about[limit] if isinstance(limit, str) else limit
        short = (row.mean(key) - goal) * (1 if sign == "<=" else -1)
        if short <= 0:
            verdict = "met"
        elif short < row.error(key):
            verdict = "not separable"
        else:
            verdict, missed = "MISSED", missed + 1
        print(f"  {verdict:13} {key} {row.mean(key):,.4g} ± {row.error(key):.2g} {sign} {goal:,.4g}")
    return missed


if __name__ == "__main__":
    raise SystemExit(main())
