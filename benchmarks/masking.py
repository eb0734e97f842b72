"""What masking hides and what it costs: record linkage against loss, over the level of each method.

    python benchmarks/masking.py [--rows 5000] [--data FOLDER] [--out FILE]

Numbers of Adult and of support2 (from FOLDER, ../shared/data by default; left out where it is not
there), the rows the methods were fitted on against what they made of them. The attacker knows every
number of everybody and takes the nearest masked row; see `mintmark.resample._linkage`. The last
column is the time of the fit. PRAM masks categories, so it is tried on these.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import time
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import mintmark as mm
from mintmark.data.dataset import Dataset
from mintmark.resample._linkage import linkage_and_loss

HERE = Path(__file__).resolve().parent
LEVELS: dict[str, tuple[str, tuple[Any, ...]]] = {
    "correlated_noise": ("level", (0.001, 0.01, 0.05, 0.1, 0.25, 0.5, 1.0, 2.0)),
    "microaggregation": ("k", (3, 5, 10, 25, 50)),
    "rank_swap": ("percent", (0.5, 1, 2, 5, 10, 20, 50)),
    "shuffle": ("columns", (None,)),
    "pram": ("keep", (0.95, 0.9, 0.8, 0.7, 0.5, 0.3)),
}


def tables(rows: int, data: Path) -> Iterator[tuple[str, Dataset]]:
    """The tables by name, of so many rows at most."""
    yield "adult", mm.read(Path(mm.__file__).parent / "examples" / "adult.parquet")[:rows]
    support = data / "support2" / "support2.parquet"
    if support.exists():
        yield "support2", mm.read(support, drop=["Index"])[:rows]


def part(real: Dataset, method: str) -> Dataset:
    """The columns that the method masks."""
    held = [column.name for column in mm.synthesizer(method).maskable(real.schema)]
    wanted = [c.name for c in real.schema if c.is_numeric and c.name in held] or held
    return real.select(wanted)


def curve(real: Dataset, method: str) -> Iterator[dict[str, Any]]:
    """A record for each level."""
    parameter, levels = LEVELS[method]
    for level in levels:
        begun = time.perf_counter()
        model = mm.synthesizer(method, **{parameter: level}).fit(real, seed=0)
        spent = time.perf_counter() - begun
        found = linkage_and_loss(real, model.sample(len(real), seed=0))
        yield {"method": method, parameter: level, **dataclasses.asdict(found), "fit_s": spent}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--rows", type=int, default=5000)
    parser.add_argument("--data", type=Path, default=HERE.parent.parent / "shared" / "data")
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    warnings.filterwarnings("ignore")
    records = []
    for name, real in tables(options.rows, options.data):
        for method in LEVELS:
            shown = part(real, method)
            print(f"\n{name}: {len(shown):,} rows, {len(shown.names)} columns, {method}")
            print(f"{LEVELS[method][0]:>8}  linked  chance   moved  covariance  changed   fit s")
            for record in curve(shown, method):
                level = str(record[LEVELS[method][0]])
                print(
                    f"{level:>8}  {record['linked']:.4f}  {record['chance']:.4f}  {record['moved']:.4f}  "
                    f"{record['covariance']:10.3f}  {record['changed']:7.3f}  {record['fit_s']:6.2f}",
                    flush=True,
                )
                records.append({"table": name, **record})
    if options.out:
        options.out.write_text(json.dumps(records, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
