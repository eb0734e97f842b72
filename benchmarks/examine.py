"""What `examine` finds of flipped labels, and how often it takes overlap for them.

    python benchmarks/examine.py [--tables 30] [--seed 0]

Two Gaussian classes in four columns, apart in all of them alike; a share of all labels is flipped. Printed
are the share of flips found, the share of flips among the labels told, and in how many tables a class's
labels were called a risk. Then clean tables, and how many of them got any flaw or risk.
"""

from __future__ import annotations

import argparse

import numpy as np

import mintmark as mm
from mintmark.data.streams import stream
from mintmark.resample.quality._examined import Examined
from mintmark.resample.quality._learner import out_of_fold
from mintmark.resample.quality._mislabelled import mislabelled
from mintmark.resample.quality.confident import noisy
from mintmark.resample.quality.examine import examine

SETTINGS = [
    (5.0, 5_000, 1_500, 0.05), (5.0, 2_500, 750, 0.05), (5.0, 2_500, 750, 0.1), (5.0, 2_500, 250, 0.05),
    (5.0, 2_500, 250, 0.1), (3.0, 1_000, 300, 0.05), (3.0, 1_000, 300, 0.1), (3.0, 1_000, 100, 0.0),
    (1.5, 1_000, 300, 0.0), (0.0, 1_000, 300, 0.0),
]  # fmt: skip
"""Standard deviations apart, rows, rows of the rare class, share of labels flipped."""
CLEAN = (6.0, 600, 80)
COLUMNS = 4


def drawn(
    rng: np.random.Generator, apart: float, rows: int, rare: int, flips: float
) -> tuple[mm.Dataset, np.ndarray]:
    """A table, and which of its labels are flipped."""
    positive = np.arange(rows) < rare
    x = rng.normal(size=(rows, COLUMNS)) + positive[:, None] * apart / np.sqrt(COLUMNS)
    wrong = rng.random(rows) < flips
    columns = {f"x{j}": x[:, j] for j in range(COLUMNS)}
    return mm.read({**columns, "y": np.where(positive ^ wrong, "pos", "neg")}, target="y"), wrong


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--tables", type=int, default=30)
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    print("apart  rows   rare   flips   found   told are flips   called a risk")
    for apart, rows, rare, flips in SETTINGS:
        figures = []
        for repeat in range(given.tables):
            rng = np.random.default_rng([given.seed, repeat, rows, rare, int(10 * apart), int(100 * flips)])
            data, wrong = drawn(rng, apart, rows, rare, flips)
            table, _ = Examined.of(data, "y")
            told = noisy(table.sample.labels, out_of_fold(table.sample, stream(repeat, "examine", "labels")))
            findings, _ = mislabelled(table, stream(repeat, "examine", "labels"))
            risk = any(one.gravity == "risk" for one in findings)
            hit = float(wrong[told].sum())
            figures.append((hit / max(1, wrong.sum()), hit / max(1, len(told)), risk))
        found, right, risks = np.array(figures, dtype=float).T
        shares = f"{found.mean():6.1%}  {right.mean():14.1%}" if flips else f"{'':6}  {'':14}"
        print(
            f"{apart:5.1f} {rows:6,} {rare:6,} {flips:6.0%}  {shares}   {risks.sum():.0f} of {given.tables}",
            flush=True,
        )
    alarms = 0
    for repeat in range(2 * given.tables):
        data, _ = drawn(np.random.default_rng([given.seed, repeat]), *CLEAN, 0.0)
        alarms += any(one.gravity != "note" for one in examine(data, seed=repeat).findings)
    print(f"clean tables with a flaw or risk: {alarms} of {2 * given.tables}")


if __name__ == "__main__":
    main()
