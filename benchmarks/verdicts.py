"""Whether verdicts can be trusted: fresh real rows pass, known leaks fail, over many populations.

    python benchmarks/verdicts.py null --repeats 500      # fresh real rows under each shipped policy
    python benchmarks/verdicts.py copies --repeats 100    # 1 % of the rows copied from train, 16,000 rows
    python benchmarks/verdicts.py rarest --repeats 100    # the 20 rarest train rows among fresh ones
    python benchmarks/verdicts.py natural --repeats 10    # 1 % copies against the natural copy rate
    python benchmarks/verdicts.py table                   # what stands, as Markdown

Every repeat draws a new population. A repeat is one line of `results/verdicts.jsonl`; those that
stand there are not run again, so that a stopped run goes on where it was.
"""

from __future__ import annotations

import argparse
import json
import os
import time
from collections import Counter
from concurrent.futures import ProcessPoolExecutor, as_completed
from itertools import islice
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
import pyarrow as pa

import mintmark as mm
from mintmark.data.dataset import Dataset
from mintmark.release.policy import Policy, shipped
from mintmark.testing.populations import bayesian_network

RESULTS = Path(__file__).parent / "results" / "verdicts.jsonl"
ADULT = Path(mm.__file__).parent / "examples" / "adult.parquet"
SEED = 20261126


def policies() -> list[Policy]:
    """The shipped policies for tables."""
    return [
        policy for name in shipped() if (policy := Policy.load(name)).name not in ("relational", "series")
    ]


def asked(rules: list[Policy]) -> list[str]:
    """The metrics that these policies read."""
    names = {name for policy in rules for rule in policy.rules for name in (rule.metric, rule.or_metric)}
    return sorted({name.partition(".")[0] for name in names if name})


def draws(kind: str, repeat: int, rows: int, digits: int) -> tuple[Dataset, Dataset, Dataset, str]:
    """Train, holdout and fresh rows of one population, and its name."""
    rng = np.random.default_rng([SEED, *kind.encode(), repeat])
    if kind == "null" and repeat % 4 == 0:
        real = mm.read(ADULT, target="income")
        mixed = real.take(rng.permutation(len(real))[: 3 * rows])
        return mixed[:rows], mixed[rows : 2 * rows], mixed[2 * rows :], "Adult"
    numbers = 4 - repeat % 4 if kind == "natural" else 4
    law = bayesian_network(rng, classes=2 + repeat % 2, numbers=numbers, digits=digits)
    name = f"network, {numbers} numbers of {digits} decimals"
    return *(law.draw(rows, rng) for _ in range(3)), name  # type: ignore[return-value]


def joined(parts: list[Dataset]) -> Dataset:
    return Dataset(pa.concat_tables([part.table for part in parts]), parts[0].schema)


def rarest(train: Dataset, count: int) -> Dataset:
    """The rows whose sixth nearest neighbour, in standard deviations, is farthest."""
    from sklearn.neighbors import NearestNeighbors

    columns = []
    for column in train.schema:
        values = train.table[column.name].to_numpy(zero_copy_only=False)
        if column.is_numeric:
            columns.append(((values - values.mean()) / values.std())[:, None])
        else:
            columns.append((values[:, None] == np.unique(values)).astype(float))
    x = np.concatenate(columns, axis=1)
    far = NearestNeighbors(n_neighbors=6).fit(x).kneighbors(x)[0][:, -1]
    return train.take(np.argsort(-far)[:count])


def one(kind: str, repeat: int) -> dict[str, Any]:
    """One repeat: what was drawn, and each policy's rules that did not pass."""
    start = time.process_time()
    rng = np.random.default_rng([SEED, repeat])
    rows = int(rng.integers(2_000, 4_001)) if kind == "null" else 16_000
    digits = {"null": repeat % 3, "natural": 0}.get(kind, 2)
    train, holdout, fresh, name = draws(kind, repeat, rows, digits)
    release = fresh
    if kind in ("copies", "natural"):
        copies = train.take(rng.choice(rows, rows // 100, replace=False))
        release = joined([copies, fresh[len(copies) :]])
    elif kind == "rarest":
        release = joined([rarest(train, 20), fresh[20:]])
    rules = policies()
    assessment = mm.assess(train=train, holdout=holdout, synthetic=release, metrics=asked(rules), seed=repeat)
    report = assessment.to_json()
    return {
        "kind": kind, "repeat": repeat, "rows": rows, "population": name,
        "natural": round(assessment["copies.exact"].ceiling or 0.0, 5),
        "outcomes": {policy.name: not_passed(policy, report) for policy in rules},
        "cpu_seconds": round(time.process_time() - start, 1),
    }  # fmt: skip


def not_passed(policy: Policy, report: dict[str, Any]) -> dict[str, str]:
    """Rules that did not pass; a need for a proof is no rule on the rows, so they are about nobody."""
    verdicts = policy.judge(report, nature="", personal=False)
    return {verdict.rule: verdict.outcome for verdict in verdicts if verdict.outcome != "pass"}


def standing() -> list[dict[str, Any]]:
    if not RESULTS.exists():
        return []
    return [json.loads(line) for line in RESULTS.read_text("utf-8").splitlines()]


def run(kind: str, repeats: int, workers: int, minutes: float) -> None:
    """Run what does not stand yet, for at most so many minutes."""
    done = {record["repeat"] for record in standing() if record["kind"] == kind}
    left = [repeat for repeat in range(repeats) if repeat not in done]
    end = time.monotonic() + 60 * minutes
    RESULTS.parent.mkdir(exist_ok=True)
    with ProcessPoolExecutor(workers) as pool, RESULTS.open("a", encoding="utf-8") as file:
        waiting = iter(left)
        futures = {pool.submit(one, kind, repeat) for repeat in islice(waiting, 2 * workers)}
        while futures:
            future = next(as_completed(futures))
            futures.remove(future)
            file.write(json.dumps(future.result(), sort_keys=True) + "\n")
            file.flush()
            following = next(waiting, None)
            if following is not None and time.monotonic() < end:
                futures.add(pool.submit(one, kind, following))


def table() -> str:
    """Shares of the outcomes per experiment and policy, and the rules behind them."""
    lines = [
        "| release | natural copies | policy | runs | fail | pass | rules that did not pass (runs) |",
        "| --- | --- | --- | --- | --- | --- | --- |",
    ]
    records = standing()
    for kind in sorted({_named(record) for record in records}, reverse=True):
        mine = [record for record in records if _named(record) == kind]
        natural = np.median([record["natural"] for record in mine])
        alike: dict[str, list[str]] = {}
        for policy in mine[0]["outcomes"]:
            alike.setdefault(_counted([record["outcomes"][policy] for record in mine]), []).append(policy)
        lines += [f"| {kind} | {natural:.2%} | {', '.join(who)} | {cells} |" for cells, who in alike.items()]
    return "\n".join(lines)


def _counted(found: list[dict[str, str]]) -> str:
    """Runs, shares of those that failed and passed, and the rules that were in the way most often."""
    fails = np.mean(["fail" in one.values() for one in found])
    passes = np.mean([not one for one in found])
    rules = Counter(f"`{rule}` {outcome}" for one in found for rule, outcome in one.items())
    said = ", ".join(f"{rule} ({count})" for rule, count in rules.most_common(4))
    return f"{len(found)} | {fails:.1%} | {passes:.1%} | {said}"


def _named(record: dict[str, Any]) -> str:
    """The experiment; that on the natural rate by population."""
    if record["kind"] == "natural":
        return f"1 % copies, {record['population'].split(', ')[1]}"
    return {"null": "fresh rows", "copies": "1 % copies", "rarest": "20 rarest rows of train"}[record["kind"]]


def main() -> None:
    """See the module's words."""
    raw = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=raw)
    parser.add_argument("kind", choices=("null", "copies", "rarest", "natural", "table"))
    parser.add_argument("--repeats", type=int, default=100)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--minutes", type=float, default=60)
    given = parser.parse_args()
    if given.kind == "table":
        print(table())
    else:
        run(given.kind, given.repeats, given.workers, given.minutes)


if __name__ == "__main__":
    main()
