"""How often the attacks accuse fresh real rows: draws from Adult in which nothing can have leaked.

    python benchmarks/attacks_null.py [--draws 200] [--rows 3000] [--holdout 3000]

Train, holdout and "released" rows are parts of one shuffle of Adult. Printed are the shares of draws
whose interval lies above or below 0 (5 % together may, and fewer where several are held at once),
the intervals' mean width and that of the figure's own spread.
"""

from __future__ import annotations

import argparse
import time
from collections import defaultdict
from pathlib import Path

import numpy as np
from threadpoolctl import threadpool_limits

import mintmark as mm
from mintmark.metric import Tables
from mintmark.registry import find
from mintmark.stats.intervals import Z95

KNOWN = ("age", "sex", "race", "native-country", "marital-status")
METRICS = ("singling_out", "linkability", "inference", "reidentification")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--draws", type=int, default=200)
    parser.add_argument("--rows", type=int, default=3000, help="of train and of the released table")
    parser.add_argument("--holdout", type=int, default=3000)
    options = parser.parse_args()
    real = mm.read(Path(mm.__file__).parent / "examples" / "adult.parquet", target="income")
    for name in KNOWN:
        real = real.edit(name, roles=("quasi_identifier",))
    cuts = np.cumsum([options.rows, options.rows, options.holdout])
    found: dict[str, list[tuple[float, float, float]]] = defaultdict(list)
    start = time.process_time()
    with threadpool_limits(1, "blas"):
        for draw in range(options.draws):
            order = np.random.default_rng(draw).permutation(len(real))
            train, fresh, holdout = (real.take(rows) for rows in np.split(order, cuts)[:3])
            tables = Tables(train, fresh, holdout, fresh)
            for metric in METRICS:
                for score in find("metrics", metric)().measure(tables, np.random.default_rng(draw)):
                    if score.status == "ok" and score.estimate is not None and score.interval is not None:
                        found[score.metric].append((score.estimate, *score.interval))
    print(f"{options.draws} draws, {options.rows} rows of train and released, {options.holdout} of holdout")
    for name, every in found.items():
        estimate, low, high = np.array(every).T
        print(
            f"{name:26} above {(low > 0).mean():6.1%} below {(high < 0).mean():6.1%} "
            f"mean {estimate.mean():8.4f} width {(high - low).mean():.4f} own {2 * Z95 * estimate.std():.4f}"
        )
    print(f"{time.process_time() - start:.0f} CPU s")


if __name__ == "__main__":
    main()
