"""How near rows inpainted by `diffusion` come to those that drawing again would give, and what they cost.

    python benchmarks/inpainting.py [--rows 26000] [--pool 60000] [--seed 0]

Adult: rows that meet a rare condition are inpainted, and compared with those among `--pool` rows drawn
without one. The figure is the total variation distance, of columns without a condition, numbers in tenths:
their mean and the largest. Beside it that of one half of the drawn rows from the other, which is chance, and
that of all rows whatever the condition.
"""

from __future__ import annotations

import argparse
import time
import warnings
from pathlib import Path

import numpy as np

import mintmark as mm
from mintmark.data.where import matches

CONDITIONS = (
    {"education": "Doctorate"},
    {"race": "Other", "sex": "Female"},
    {"age": (72, None), "income": ">50K"},
    {"capital-gain": (10_000, 20_000)},
    {"workclass": "Self-emp-inc", "marital-status": "Divorced", "hours-per-week": (50, None)},
)


def apart(one: mm.Dataset, other: mm.Dataset, real: mm.Dataset, left_out: object) -> str:
    """Mean and largest distance of two tables' columns, those left out apart."""
    found = {}
    for column in real.schema:
        if column.name in left_out:
            continue
        parts = [np.array(data.table[column.name].to_pylist(), dtype=object) for data in (one, other)]
        if column.is_numeric:
            cuts = np.unique(np.quantile(real.table[column.name].to_numpy(), np.linspace(0, 1, 11)[1:-1]))
            parts = [np.searchsorted(cuts, part.astype(float), "right") for part in parts]
        parts = [part.astype(str) for part in parts]
        values = np.unique(np.concatenate(parts))
        shares = [(part[:, None] == values[None]).mean(axis=0) for part in parts]
        found[column.name] = 0.5 * float(np.abs(shares[0] - shares[1]).sum())
    worst = max(found, key=found.__getitem__)
    return f"{np.mean(list(found.values())):.3f}, {found[worst]:.2f} ({worst})"


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rows", type=int, default=26_000)
    parser.add_argument("--pool", type=int, default=60_000)
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    real = mm.read(Path(mm.__file__).parent / "examples/adult.parquet", target="income")
    order = np.random.default_rng(given.seed).permutation(len(real))
    model = mm.synthesizer("diffusion").fit(real.take(order[: given.rows]), seed=given.seed)
    begun = time.process_time()
    pool = model.sample(given.pool, seed=given.seed)
    rate = given.pool / (time.process_time() - begun)
    print(
        "| where | rows met | inpainted | by chance | any rows | s a row, inpainted | s a row, drawn again |"
    )
    print("| --- " * 7 + "|")
    for where in CONDITIONS:
        met = pool.take(np.flatnonzero(matches(pool.table, pool.schema, where)))
        half = len(met) // 2
        begun = time.process_time()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            made = model.sample(1_500, seed=given.seed + 1, where=where)
        cost = (time.process_time() - begun) / made.provenance["drawn"]
        cells = (
            apart(one, two, real, where) for one, two in ((made, met), (met[:half], met[half:]), (pool, met))
        )
        again = len(pool) / max(1, len(met)) / rate
        print(f"| {where} | {len(met)} | " + " | ".join(cells) + f" | {cost:.4f} | {again:.4f} |", flush=True)


if __name__ == "__main__":
    main()
