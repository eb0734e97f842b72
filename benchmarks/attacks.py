"""The three attacks of the Article 29 Working Party's opinion: risks, CPU and memory, ours and Anonymeter's.

    python benchmarks/attacks.py [--rows 16000] [--runs 5] [--anonymeter PYTHON] [--out FILE]

Released are a shuffled copy of train, a sample of `sequential_trees` and independent columns, of
Adult. Both make 500 guesses over 4 columns, attack 2,000 persons of train and of the holdout by
linking (10 neighbours, every second column on either side) and 500 for each of 15 secrets; of single
columns Anonymeter makes 500 guesses, we all there are. Each measurement is a process of its own
with two threads; the two take turns. "Ours, cut" links through ten neighbours even where more are
equally near, as Anonymeter does. Anonymeter runs in an environment of its own, whose Python is
given; it is compared with and not used, since its makers declare a patent application.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

import mintmark as mm

RELEASES = ("copy", "trees", "independent")
GUESSES, WIDTH, TARGETS, NEIGHBOURS, SECRETS = 500, 4, 2000, 10, 500


def prepared(folder: Path, rows: int) -> None:
    """Train, holdout and the three releases as Parquet."""
    real = mm.read(Path(mm.__file__).parent / "examples" / "adult.parquet", target="income")
    order = np.random.default_rng(0).permutation(len(real))
    train = real.take(order[:rows])
    made = {
        "train": train,
        "holdout": real.take(order[rows : 2 * rows]),
        "copy": train.take(np.random.default_rng(1).permutation(rows)),
        "trees": mm.synthesizer("sequential_trees").fit(train, seed=0).sample(rows, seed=1),
        "independent": mm.synthesizer("independent").fit(train, seed=0).sample(rows, seed=1),
    }
    for name, data in made.items():
        data.write(folder / f"{name}.parquet")


def ours(train: str, holdout: str, synthetic: str, seed: str, out: str) -> None:
    """Our three metrics with the same numbers of attacks; figures as JSON."""
    from _measure import peak_mb
    from threadpoolctl import threadpool_limits

    from mintmark.assess.privacy._rows import rows_of
    from mintmark.assess.privacy.inference import Inference
    from mintmark.assess.privacy.linkability import Linkability
    from mintmark.assess.privacy.singling_out import SinglingOut
    from mintmark.metric import Tables

    real = mm.read(train)
    held, made = (mm.read(path, like=real.schema) for path in (holdout, synthetic))
    names = real.names
    metrics = {
        "singling out": SinglingOut(guesses=GUESSES, columns=WIDTH),
        "linking": Linkability(
            targets=TARGETS, neighbours=NEIGHBOURS, sets=(tuple(names[::2]), tuple(names[1::2]))
        ),
        "inferring": Inference(targets=SECRETS),
    }
    few = Tables(real[:200], made[:200], held[:200], made[:200])
    for metric in metrics.values():
        metric.measure(few, np.random.default_rng(0))
    found: dict[str, Any] = {}
    tables = Tables(real, made, held, made)
    with threadpool_limits(1, "blas"):
        start = time.process_time()
        rows = rows_of(tables)
        _ = rows.values, rows.persons
        cpu = {"coding": time.process_time() - start}
        for name, metric in metrics.items():
            start = time.process_time()
            scores = metric.measure(tables, np.random.default_rng(int(seed)))
            cpu[name] = time.process_time() - start
            for score in scores:
                if score.metric == "inference.worst":
                    for secret, told in score.details["columns"].items():
                        found[f"inference {secret}"] = told["risk"], told["risk_interval"]
                elif score.metric != "inference.mean":
                    found[score.metric] = score.details["risk"], score.details["risk_interval"]
        found["linkability, cut"] = _cut(rows, names, int(seed))
    figures = {name: {"risk": risk, "interval": list(both)} for name, (risk, both) in found.items()}
    Path(out).write_text(json.dumps({"attacks": figures, "cpu": cpu, "peak_mb": peak_mb()}))


def _cut(rows: Any, names: list[str], seed: int) -> tuple[float, tuple[float, float]]:
    """Linking where each attacker keeps ten of the nearest rows, drawn at random where more tie."""
    from mintmark.assess.privacy._attacks import against, targets
    from mintmark.assess.privacy._near import Near, batches
    from mintmark.stats.shares import z_of

    rng = np.random.default_rng(seed)
    near, linked = Near.of(rows, "synthetic"), {}
    for role in ("train", "holdout"):
        some = targets(rows, role, TARGETS, rng)
        placed = near.placed(rows, role, some)
        sides = [(placed.on(half), near.released.on(half)) for half in (names[::2], names[1::2])]
        hits = []
        for batch in batches(len(some), near.released.rows):
            kept = []
            for query, reference in sides:
                squares = near.mixed.squares(query.take(batch), reference)
                squares += rng.random(squares.shape, dtype=np.float32) / 2  # whole numbers: only ties move
                kept.append(np.argpartition(squares, NEIGHBOURS, axis=1)[:, :NEIGHBOURS])
            hits += [bool(set(a) & set(b)) for a, b in zip(*kept, strict=True)]
        linked[role] = np.array(hits, dtype=float)
    told = against(linked["train"], linked["holdout"], z_of())
    return told["risk"], told["risk_interval"]


def run(python: str, script: list[str], folder: Path, release: str, seed: int) -> dict[str, Any]:
    """One measurement in a process of its own."""
    out = folder / "figures.json"
    files = [str(folder / f"{name}.parquet") for name in ("train", "holdout", release)]
    two = {f"{pool}_NUM_THREADS": "2" for pool in ("OMP", "OPENBLAS", "NUMBA", "POLARS", "RAYON")}
    subprocess.run([python, *script, *files, str(seed), str(out)], check=True, env={**os.environ, **two})
    return json.loads(out.read_text())  # type: ignore[no-any-return]


def told(figures: dict[str, Any] | None) -> str:
    if figures is None:
        return f"{'-':>24}"
    return f"{figures['risk']:8.3f} [{figures['interval'][0]:6.3f}, {figures['interval'][1]:6.3f}]"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--rows", type=int, default=16_000)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--anonymeter", help="Python of an environment with anonymeter 1.1")
    parser.add_argument("--releases", nargs="+", choices=RELEASES, default=list(RELEASES))
    parser.add_argument("--out", type=Path, help="write all figures there as JSON")
    options = parser.parse_args()
    here = Path(__file__).parent
    every: dict[str, dict[str, list[dict[str, Any]]]] = {}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        prepared(folder, options.rows)
        for seed in range(options.runs):
            for release in options.releases:
                runs = every.setdefault(release, {"ours": [], "anonymeter": []})
                runs["ours"].append(run(sys.executable, [__file__, "ours"], folder, release, seed))
                if options.anonymeter:
                    theirs = [str(here / "_anonymeter.py")]
                    runs["anonymeter"].append(run(options.anonymeter, theirs, folder, release, seed))
    for release, runs in every.items():
        shown(release, runs)
    if options.out:
        options.out.write_text(json.dumps(every, indent=1))


def shown(release: str, runs: dict[str, list[dict[str, Any]]]) -> None:
    """Risks of the first run side by side; medians of CPU and memory over all."""
    mine, theirs = runs["ours"][0]["attacks"], (runs["anonymeter"] or [{"attacks": {}}])[0]["attacks"]
    print(f"\n{release}\n{'risk':28} {'ours':>24} {'anonymeter':>24}")
    for attack in mine:
        peer = theirs.get(attack.removesuffix(", cut"))
        print(f"{attack:28} {told(mine[attack])} {told(peer)}")
    cpu = [sum(one["cpu"].values()) for one in runs["ours"]]
    print(f"ours: {median(cpu):.1f} CPU s, {max(one['peak_mb'] for one in runs['ours']):.0f} MB")
    if runs["anonymeter"]:
        peer = [sum(one["cpu_s"] for one in each["attacks"].values()) for each in runs["anonymeter"]]
        peak = max(one["peak_mb"] for one in runs["anonymeter"])
        times = median(peer) / median(cpu)
        print(f"anonymeter: {median(peer):.1f} CPU s, {peak:.0f} MB; {times:.1f} times ours")


if __name__ == "__main__":
    if sys.argv[1:2] == ["ours"]:
        ours(*sys.argv[2:])
    else:
        main()
