"""The nets for tables beside the peers that they have to beat, at equal computing time, and beside the trees.

    python benchmarks/latent.py --scorer SCORER --scorer-python PYTHON --peer sdv=PYTHON
        --peer mostlyai-engine=PYTHON [--tables adult ...] [--splits 3] [--out FILE]

Each table is split anew for each run (four fifths to learn from). A peer is fitted with its options below;
its net of ours then has as many CPU seconds as it took, and once more half as many, unless it ended by
itself before; without the peer it takes what it takes. Our time limit is of the clock and of one thread,
the peers' CPU seconds are of all threads: where the machine is shared, ours computes less. `diffusion` and
the trees take what they take. Scores are those of `tables.py`, whose scorer is called. Verdicts are on the
differences within the splits: "beats" where their mean is above two standard errors of it.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import tables
from tables import (
    TABLES,
    Row,
    Table,
    last_line,
    machine,
    ours,
    parted,
    peer_of,
    print_table,
    scored,
    versions,
)

DUELS = {"vae": "sdv-tvae", "gan": "sdv-ctgan", "autoregressive": "mostly-engine"}
PACKAGES = {"sdv-tvae": "sdv", "sdv-ctgan": "sdv", "mostly-engine": "mostlyai-engine"}
LARGE = {"sdv-tvae": ("epochs=40",), "sdv-ctgan": ("epochs=25",), "mostly-engine": ("max_training_time=8",)}
SMALL = {"sdv-tvae": ("epochs=150",), "sdv-ctgan": ("epochs=60",), "mostly-engine": ("max_training_time=8",)}
"""Options of the peers; on tables of fewer rows they pass over them more often."""
FEW = 10_000
ALONE = ("sequential_trees", "diffusion")
BETTER = {"c2st_auc_holdout": -1, "tstr": 1}
"""Which way is better."""


def main() -> None:
    given = _arguments()
    record: dict[str, Any] = {"machine": machine(), "peers": versions(given.peer), "tables": {}}
    for name in given.tables:
        rows: dict[str, Row] = {}
        for seed in range(given.splits):
            with tempfile.TemporaryDirectory() as folder:
                about = parted(TABLES[name], given.data, seed, Path(folder))
                for row, figures in _runs(TABLES[name], about, seed, given, Path(folder)):
                    rows.setdefault(row, Row(row)).add(figures)
            record["tables"][name] = {"about": about, "rows": {r.name: r.figures for r in rows.values()}}
            if given.out:
                Path(given.out).write_text(json.dumps(record, indent=1) + "\n")
        print_table(name, about, list(rows.values()))
        for net, peer in DUELS.items():
            _print_duel(rows.get(net), rows.get(f"{net}, half the time"), rows.get(peer))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--scorer", required=True, help="path of the outside scorer")
    parser.add_argument("--scorer-python", default=sys.executable, help="the Python that runs it")
    parser.add_argument("--peer", action="append", default=[], metavar="PACKAGE=PYTHON")
    parser.add_argument("--data", default=str(tables.HERE.parents[1] / "shared/data"))
    known = [name for name in TABLES if name != "hypothyroid"]
    parser.add_argument("--tables", nargs="+", choices=known, default=known)
    parser.add_argument("--splits", type=int, default=3)
    parser.add_argument("--out", help="write every figure of every split as JSON")
    return parser.parse_args()


def _runs(
    table: Table, about: dict[str, float], seed: int, given: argparse.Namespace, folder: Path
) -> Iterator[tuple[str, dict[str, float]]]:
    """Row by row, the figures of one split."""
    print(f"split {seed}", file=sys.stderr, flush=True)
    yield "real half", scored(given, table, folder, 0, train="half", synthetic=folder / "other_half")
    for method in ALONE:
        yield method, ours(method, seed, given, table, folder)
    pythons = dict(text.split("=", 1) for text in given.peer)
    options = SMALL if about["train"] < FEW else LARGE
    for net, peer in DUELS.items():
        if PACKAGES[peer] not in pythons:
            yield net, ours(net, seed, given, table, folder)
            continue
        try:
            theirs = peer_of(pythons[PACKAGES[peer]], peer, options[peer], given, table, folder)
        except subprocess.CalledProcessError as error:
            print(f"{peer} is left out: {last_line(error.stderr)}", file=sys.stderr, flush=True)
            continue
        yield peer, theirs
        minutes = theirs["fit_cpu_s"] / 60
        figures = ours(net, seed, given, table, folder, minutes)
        yield net, figures
        if figures["fit_cpu_s"] > 30 * minutes:
            figures = ours(net, seed, given, table, folder, minutes / 2)
        yield f"{net}, half the time", figures


def _print_duel(net: Row | None, half: Row | None, peer: Row | None) -> None:
    for row in (net, half):
        if row is None or peer is None:
            continue
        for key, sign in BETTER.items():
            pairs = zip(row.figures[key], peer.figures[key], strict=True)
            apart = [sign * (a - b) for a, b in pairs]
            mean = statistics.fmean(apart)
            error = statistics.stdev(apart) / len(apart) ** 0.5 if len(apart) > 1 else float("nan")
            verdict = "beats" if mean > 2 * error else "loses to" if mean < -2 * error else "not apart from"
            print(f"  {row.name} {verdict} {peer.name} by {key}: better by {mean:.3f} ± {error:.4f}")


if __name__ == "__main__":
    main()
