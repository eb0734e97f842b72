"""How often does a comparison name a difference where there is none, and how often where there is one?

    python benchmarks/compare_null.py [--out benchmarks/results/compare_null.json] [--real 100]

Five parts, each kept in the file as it is done; a run that was stopped goes on where it stood.

null       2,000 comparisons of synthesizers that do not differ. The metrics of one (data set, seed) share
           a sample (correlation 0.8), lie on scales a thousandfold apart, and have heavy tails.
partial    Two synthesizers that do not differ among others that do: how often the two are parted.
power      One synthesizer is better by some standard deviations of the noise between seeds.
real       Every "synthesizer" is a fresh sample of the population that train and holdout come from,
           assessed with mintmark's metrics.
published  The procedure of Livieris et al. (2024), arXiv 2404.08866, as their code applies it, on the
           same null data: four tests of one sample are four blocks, ranks aligned without scaling, and
           Finner's step-down on differences of mean ranks from the best, not standardised; and the same
           with the ranks standardised as the paper's reference has it.

An alarm is an adjusted p-value of at most 0.05 for any pair, where the omnibus test rejected.
"""

from __future__ import annotations

import argparse
import json
import os
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
import pyarrow as pa
from scipy.stats import norm

import mintmark as mm
from mintmark.assess.compare import compared
from mintmark.stats.ranks import aligned_ranks, ranked

RUNS = 500
SCALES = np.array([1.0, 100.0, 0.1, 1.0, 10.0, 0.5])
"""Units of the six metrics."""
DESIGNS = {"1 data set, 5 seeds": (1, 5), "1 data set, 10 seeds": (1, 10), "3 data sets, 5 seeds": (3, 5)}
METRICS = ["column_shapes", "pair_trends", "tstr.gap", "membership.auc", "copies.excess"]


def losses(
    rng: np.random.Generator, effect: np.ndarray, datasets: int, seeds: int, spread: np.ndarray | float = 1.0
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Losses (blocks, k), the unit and the scale group of each block."""
    k, metrics = len(effect), len(SCALES)
    shape = (datasets, seeds, metrics, k)
    shared = np.broadcast_to(rng.standard_t(4, (datasets, seeds, 1, k)), shape)
    noise = np.sqrt(0.8) * shared + np.sqrt(0.2) * rng.standard_t(4, shape)
    made = (noise / np.sqrt(2) * spread + effect) * SCALES[:, None]  # a t of 4 degrees has variance 2
    made = made + 3 * rng.standard_normal((datasets, seeds, metrics, 1)) * SCALES[:, None]
    d, s, m = np.indices(shape[:3]).reshape(3, -1)
    return made.reshape(-1, k), d * seeds + s, d * metrics + m


def tried(
    effect: list[float], design: str, seed: int, spread: Any = 1.0, runs: int = RUNS
) -> dict[str, float]:
    """Share of comparisons in which the omnibus rejects, any pair does, one wins, the first two part."""
    rng, k = np.random.default_rng(seed), len(effect)
    counts = dict.fromkeys(("omnibus", "alarm", "winner", "first_two"), 0)
    for _ in range(runs):
        made, units, groups = losses(rng, np.array(effect), *DESIGNS[design], np.array(spread))
        found = ranked(made, units, groups, rng, permutations=1999)
        if found.pairs is None:
            continue
        best = int(found.aligned.argmin())
        counts["omnibus"] += 1
        counts["alarm"] += bool((found.pairs[np.triu_indices(k, 1)] <= 0.05).any())
        counts["winner"] += bool((np.delete(found.pairs[best], best) <= 0.05).all())
        counts["first_two"] += bool(found.pairs[0, 1] <= 0.05)
    return {"runs": runs, **{name: count / runs for name, count in counts.items()}}


def published(k: int, seed: int, kind: bool) -> dict[str, float]:
    """Share of null runs in which the published procedure finds one worse than the best.

    `kind` gives it what it takes for granted: tests that are independent, on one scale.
    """
    rng = np.random.default_rng(seed)
    raw = standard = 0
    for _ in range(RUNS):
        made = rng.standard_normal((4, k)) if kind else losses(rng, np.zeros(k), 1, 1)[0][:4]
        n = len(made)
        mean = aligned_ranks(made).mean(axis=0)
        apart = np.sort(mean - mean.min())[1:]
        raw += bool(_finner(apart).any())
        standard += bool(_finner(apart / np.sqrt(k * (n * k + 1) / 6)).any())
    return {"runs": RUNS, "as_published": raw / RUNS, "standardised": standard / RUNS}


def _finner(z: np.ndarray) -> np.ndarray:
    """Which of the differences from the best Finner's step-down calls significant at 5 %."""
    p_values = np.sort(2 * norm.sf(np.abs(z)))
    m = len(p_values)
    steps = 1 - (1 - p_values) ** (m / np.arange(1, m + 1))
    return np.maximum.accumulate(steps) <= 0.05


def population(rng: np.random.Generator, n: int) -> mm.Dataset:
    """A small population: two normal columns, a category that follows one, a target that follows both."""
    x, y = rng.normal(size=(2, n))
    kind = np.array(["a", "b", "c"])[np.clip(np.round(x + rng.normal(size=n)), -1, 1).astype(int) + 1]
    label = np.where(x + y + rng.normal(size=n) > 0, "yes", "no")
    return mm.read(pa.table({"x": x, "y": y + 0.5 * x, "kind": kind, "label": label}), target="label")


def real(runs: int, so_far: dict[str, Any], keep: Callable[[], None]) -> None:
    """Fresh samples in the place of three synthesizers, 300 rows, five seeds."""
    for run in range(so_far["runs"], runs):
        held = {}
        for seed in range(5):
            rng = np.random.default_rng([run, seed])
            train, holdout, *made = (population(rng, 300) for _ in range(5))
            for name, rows in zip("abc", made, strict=True):
                held[name, "population", str(seed)] = mm.assess(
                    train=train, holdout=holdout, synthetic=rows, seed=seed,
                    metrics=list(dict.fromkeys(m.partition(".")[0] for m in METRICS)),
                )  # fmt: skip
        ranking = compared(held, metrics=METRICS, seed=run).ranking
        pairs = ranking.pairs or ()
        so_far["runs"] = run + 1
        so_far["omnibus"] += ranking.pairs is not None
        so_far["alarm"] += any(one["p_value"] <= 0.05 for one in pairs)
        so_far["winner"] += ranking.winner is not None
        if run % 5 == 4:
            keep()
    keep()


def parts() -> dict[str, Callable[[], dict[str, float]]]:
    """Everything but the real part, by name."""
    found: dict[str, Callable[[], dict[str, float]]] = {}
    erratic = [1.0, 1.0, 0.1, 0.1, 0.1]
    alike = {
        "a third far": ([0.0, 0.0, 5.0], 1.0),
        "three others steady and near": ([0.0, 0.0, 0.5, 1.0, -0.5], erratic),
        "three others steady and far": ([0.0, 0.0, 1.0, 2.0, 3.0], erratic),
    }
    for i, design in enumerate(DESIGNS):
        for k in (3, 5, 8):
            found[f"null: {k} synthesizers, {design}"] = partial(
                tried, [0.0] * k, design, 10 * k + i, runs=4 * RUNS
            )
        for name, (effect, spread) in alike.items():
            found[f"partial: {name}, {design}"] = partial(tried, effect, design, 200 + i, spread)
        for k in (3, 5):
            for size in (1.0, 2.0, 4.0):
                name = f"power: {k} synthesizers, one better by {size:g} sd, {design}"
                found[name] = partial(tried, [-size] + [0.0] * (k - 1), design, 300 + i)
    for k in (3, 5):
        found[f"published: {k} synthesizers, 4 independent tests of one scale"] = partial(
            published, k, 400, True
        )
        found[f"published: {k} synthesizers, 4 tests of one sample"] = partial(published, k, 400, False)
    return found


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--out", type=Path, default=Path("benchmarks/results/compare_null.json"))
    parser.add_argument("--real", type=int, default=100, help="comparisons of fresh samples")
    given = parser.parse_args()
    command = f"python benchmarks/compare_null.py --real {given.real}"
    record: dict[str, Any] = {"command": command, "cpu_seconds": 0.0, "parts": {}}
    if given.out.is_file():
        record = json.loads(given.out.read_text()) | {"command": command}
    begun, before = time.process_time(), record["cpu_seconds"]

    def keep() -> None:
        record["cpu_seconds"] = round(before + time.process_time() - begun, 1)
        given.out.parent.mkdir(parents=True, exist_ok=True)
        given.out.write_text(json.dumps(record, indent=1) + "\n")

    for name, part in parts().items():
        if name not in record["parts"]:
            record["parts"][name] = part()
            keep()
        print(f"{name:75} {record['parts'][name]}", flush=True)
    name = "real: 3 fresh samples, 1 population, 5 seeds (counts)"
    empty = {"runs": 0, "omnibus": 0, "alarm": 0, "winner": 0}
    real(given.real, record["parts"].setdefault(name, empty), keep)
    print(f"{name:75} {record['parts'][name]}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
