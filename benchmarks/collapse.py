"""Whether lost modes are counted right: generators that keep a known share of them, judged as black boxes.

    python benchmarks/collapse.py [--data FOLDER] [--sets grid rare stacked] [--runs 100] [--out FILE]

`grid`: 25 Gaussians in the plane, 5,000 rows. `rare`: 40 modes of numbers and categories, of 10,000 rows
from 6 % down to 0.5 %. `stacked` (needs `mnist/mnist.npz` in --data): three digits in three channels, 1,000
modes, 26,000 images, told by a classifier of digits (Metz et al. 2017). A generator draws fresh rows of 100,
90, 50 or 10 % of the modes, others in each run; `modes_captured` sees real rows and its rows alone. A run
is flagged where the interval of the kept share ends below 1.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

import mintmark as mm
from mintmark.nn.classifier import fit_classifier

SHARES = (1.0, 0.9, 0.5, 0.1)
Draw = Callable[[np.ndarray, np.random.Generator], dict[str, Any]]
"""Rows of these modes, as columns."""


def grid(rng: np.random.Generator) -> tuple[int, np.ndarray, int, Draw]:
    """How many modes there are, how often each is, rows of a table, and what draws them."""
    centres = np.stack(np.meshgrid(np.arange(-4, 5, 2), np.arange(-4, 5, 2)), axis=-1).reshape(-1, 2)

    def draw(modes: np.ndarray, rng: np.random.Generator) -> dict[str, Any]:
        x, y = (centres[modes] + rng.normal(0, 0.05, (len(modes), 2))).T
        return {"x": x, "y": y}

    return 25, np.full(25, 1 / 25), 5_000, draw


def rare(rng: np.random.Generator) -> tuple[int, np.ndarray, int, Draw]:
    often = np.geomspace(0.06, 0.005, 40)
    centres = rng.uniform(0, 100, (40, 3))
    kinds = np.stack([rng.integers(6, size=40), rng.integers(8, size=40)], axis=1)

    def draw(modes: np.ndarray, rng: np.random.Generator) -> dict[str, Any]:
        numbers = centres[modes] + rng.normal(0, 3, (len(modes), 3))
        own = rng.random((len(modes), 2)) < 0.95
        chance = np.stack([rng.integers(6, size=len(modes)), rng.integers(8, size=len(modes))], axis=1)
        words = np.where(own, kinds[modes], chance)
        amounts = {
            "age": numbers[:, 0],
            "income": np.exp(numbers[:, 1] / 20),
            "visits": numbers[:, 2].round(),
        }
        return amounts | {"plan": [f"p{k}" for k in words[:, 0]], "region": [f"r{k}" for k in words[:, 1]]}

    return 40, often / often.sum(), 10_000, draw


@cache
def _digits(data: Path) -> list[list[np.ndarray]]:
    """For each half of the test images and each digit, what a classifier takes its images for."""
    held = np.load(data / "mnist/mnist.npz")
    x, y = (held[f"train_{part}"][:20_000] for part in ("images", "labels"))
    classifier = fit_classifier(
        x[..., None], y.reshape(-1).astype(np.int64), 10, np.random.default_rng(0), epochs=4
    )
    test, answers = held["test_images"][..., None], held["test_labels"].reshape(-1)
    told = classifier.probabilities(test).argmax(axis=1)
    print(f"the classifier is right for {np.mean(told == answers):.1%} of the test images", flush=True)
    return [[told[half::2][answers[half::2] == digit] for digit in range(10)] for half in (0, 1)]


def stacked(rng: np.random.Generator, data: Path) -> tuple[int, np.ndarray, int, Draw]:
    halves = iter(_digits(data))  # real images and generated ones are of other test images

    def draw(modes: np.ndarray, rng: np.random.Generator) -> dict[str, Any]:
        half = next(halves)
        columns = {}
        for channel, digits in zip("rgb", (modes // 100, modes // 10 % 10, modes % 10), strict=True):
            columns[channel] = [f"d{rng.choice(half[digit])}" for digit in digits]
        return columns

    return 1_000, np.full(1_000, 1e-3), 26_000, draw


def told(name: str, share: float, run: int, data: Path) -> tuple[float, float, bool]:
    """True and told share of the modes kept, and whether the run is flagged."""
    rng = np.random.default_rng([run, int(100 * share), len(name)])
    modes, often, rows, draw = (
        stacked(rng, data) if name == "stacked" else {"grid": grid, "rare": rare}[name](rng)
    )
    kept = rng.permutation(modes)[: round(share * modes)]
    real = mm.read(draw(rng.choice(modes, rows, p=often), rng))
    made = mm.read(draw(rng.choice(kept, rows, p=often[kept] / often[kept].sum()), rng), like=real.schema)
    score = mm.assess(train=real, synthetic=made, metrics=["modes_captured"], seed=run)["modes_captured"]
    return len(kept) / modes, score.estimate, score.interval[1] < 1


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path)
    parser.add_argument("--sets", nargs="+", default=["grid", "rare", "stacked"])
    parser.add_argument("--runs", type=int, default=100)
    parser.add_argument("--out", type=Path)
    given = parser.parse_args()
    record = {}
    print(
        "| set | kept % | told %, mean | off by at most, points | off by 5 or more | flagged |\n"
        + "| --- " * 6
        + "|"
    )
    for name in given.sets:
        for share in SHARES:
            found = [told(name, share, run, given.data) for run in range(given.runs)]
            truth, estimate, flagged = (np.array(part, dtype=float) for part in zip(*found, strict=True))
            off = 100 * np.abs(estimate - truth)
            print(
                f"| {name} | {100 * truth.mean():.0f} | {100 * estimate.mean():.1f} | {off.max():.1f} | "
                f"{int((off > 5).sum())} | {int(flagged.sum())} of {len(found)} |",
                flush=True,
            )
            record[f"{name} {share}"] = found
            if given.out:
                given.out.write_text(json.dumps(record, indent=1) + "\n")


if __name__ == "__main__":
    main()
