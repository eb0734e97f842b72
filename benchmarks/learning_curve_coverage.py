"""How often what a learning curve foretells comes true, on subsets of Adult.

    python benchmarks/learning_curve_coverage.py --method sequential_trees --rows 2500 --repeats 14

Of each subset a fifth is held out, the rest is the curve's largest part. The law through parts of it is
followed to twice and four times the rows; then so many rows, the further ones from the rest of Adult,
are fitted and scored on the same held-out rows, three and two times.
"""

from __future__ import annotations

import argparse
import warnings
from collections import defaultdict
from pathlib import Path

import numpy as np
import pyarrow as pa

import mintmark as mm
from mintmark.data.split import split_rows
from mintmark.data.streams import derive_seed
from mintmark.stats.power_law import forecast

ADULT = Path(mm.__file__).parent / "examples" / "adult.parquet"
SIGNS = {"two_sample": (1.0, 0.5), "tstr": (-1.0, -1.0)}
BEYOND = {2: 3, 4: 2}
"""Times the largest part, and how often that is fitted."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--method", default="sequential_trees")
    parser.add_argument("--rows", type=int, default=2_500)
    parser.add_argument("--repeats", type=int, default=14)
    parser.add_argument("--first", type=int, default=0, help="number of the first subset")
    asked = parser.parse_args()
    warnings.simplefilter("ignore")
    found = defaultdict(list)
    for number in range(asked.first, asked.first + asked.repeats):
        for key, held in subset(asked.method, asked.rows, number):
            found[key].append(held)
        print(
            f"subset {number}: " + ", ".join(f"{s} x{k} {sum(v)} of {len(v)}" for (s, k), v in found.items())
        )


def subset(method: str, rows: int, number: int) -> list[tuple[tuple[str, int], bool]]:
    """Score and times, and whether the measurement lies in its interval."""
    real = mm.read(ADULT, target="income")
    order = np.random.default_rng(1_000 + number).permutation(len(real))
    more = real.take(order[rows:])
    rest, held = real.take(np.sort(order[:rows])).split(0.2, seed=number)
    n = len(rest)

    def scored(train: mm.Dataset, seed: int) -> dict[str, float]:
        made = mm.synthesizer(method).fit(train, seed=seed).sample(n, seed=seed)
        told = mm.assess(train=rest, holdout=held, synthetic=made, metrics=list(SIGNS), seed=seed)
        return {name: float(told[name].estimate or 0.0) for name in SIGNS}

    points: list[tuple[int, dict[str, float]]] = []
    new: list[tuple[int, dict[str, float]]] = []
    for repeat in range(3):
        for part in (8, 4, 2, 1):
            seed = derive_seed(number, "sub", repeat, part)
            some = rest if part == 1 else rest.take(split_rows(rest, (n // part) / n, seed=seed)[1])
            points.append((len(some), scored(some, 10_000 * number + 10 * repeat + part)))
        for times, often in BEYOND.items():
            if repeat < often:
                fresh = more[3 * n * repeat : 3 * n * repeat + (times - 1) * n]
                both = pa.concat_tables([rest.table, fresh.table]).combine_chunks()
                new.append(
                    (times, scored(mm.Dataset(both, rest.schema), 10_000 * number + 10 * repeat + times + 5))
                )
    return judged(points, new, n, number)


def judged(points, new, n, number):
    """Each new measurement against the interval that the points foretold."""
    told = []
    for name, (sign, least) in SIGNS.items():
        sizes = np.array([size for size, _ in points], dtype=float)
        figures = sign * np.array([scores[name] for _, scores in points])
        lowest = min(figures[sizes == size].mean() for size in np.unique(sizes))
        rng = np.random.default_rng(number)
        ends = forecast(sizes, figures, n * np.array(list(BEYOND), float), least=min(least, lowest), rng=rng)
        low_high = dict(zip(BEYOND, ends.intervals, strict=True))
        for times, scores in new:
            low, high = low_high[times]
            told.append(((name, times), bool(low <= sign * scores[name] <= high)))
    return told


if __name__ == "__main__":
    main()
