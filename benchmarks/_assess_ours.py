"""What mintmark does in `assess.py`, in a process of its own: tables made, figures as JSON.

_assess_ours.py tables FOLDER LARGE
_assess_ours.py quality TRAIN SYNTHETIC OUT
_assess_ours.py whole TRAIN HOLDOUT SYNTHETIC OUT
_assess_ours.py frames TRAIN HOLDOUT SYNTHETIC OUT
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import Any

import _grown
import numpy as np
from _measure import cpu_s, peak_mb

import mintmark as mm

LEFT_OUT = [
    *("number_13", "number_14", "number_15", "count_7", "flag_4"),
    *("category_10", "category_11", "took", "code", "total"),
]
"""Ten of the fifty made columns, so that forty stay."""


def tables(folder: str, large: str) -> None:
    """Adult whole, in halves and in quarters, large and wide tables, each beside synthetic rows."""
    to, rows = Path(folder), int(large)
    real = mm.read(_grown.ADULT, target="income")
    order = np.random.default_rng(0).permutation(len(real))
    half, quarter = len(real) // 2, len(real) // 4
    for name, n in (("half", half), ("quarter", quarter)):
        train = real.take(order[:n])
        train.write(to / f"{name}_train.parquet")
        real.take(order[n : 2 * n]).write(to / f"{name}_holdout.parquet")
        _sampled(train, n, to / f"{name}_synthetic.parquet")
    real.write(to / "adult_train.parquet")
    _sampled(real, len(real), to / "adult_synthetic.parquet")
    if rows:
        grown = _grown.adult(2 * rows)
        grown[:rows].write(to / "grown_train.parquet")
        grown[rows:].write(to / "grown_synthetic.parquet")
        mixed = _grown.mixed(2 * rows + rows // 4).drop(*LEFT_OUT)
        mixed[:rows].write(to / "large_train.parquet")
        mixed[rows : 2 * rows].write(to / "large_synthetic.parquet")
        mixed[2 * rows :].write(to / "large_holdout.parquet")
    twice = _grown.mixed(6_000).to_arrow()
    more = {f"{name} again": twice[name].take(np.roll(np.arange(6_000), 7)) for name in twice.column_names}
    wide = mm.read({**{name: twice[name] for name in twice.column_names}, **more}, target="target")
    for place, name in enumerate(("train", "holdout", "synthetic")):
        wide[2_000 * place : 2_000 * (place + 1)].write(to / f"wide_{name}.parquet")


def _sampled(train: mm.Dataset, rows: int, file: Path) -> None:
    mm.synthesizer("sequential_trees").fit(train, seed=0).sample(rows, seed=1).write(file)


def _read(*files: str) -> list[mm.Dataset]:
    real = mm.read(files[0])
    return [real, *(mm.read(file, like=real.schema) for file in files[1:])]


def quality(train: str, synthetic: str, out: str) -> None:
    """Column shapes and pair trends with intervals and floor, as an assessment makes them."""
    from threadpoolctl import threadpool_limits

    from mintmark.assess.fidelity.column_shapes import ColumnShapes
    from mintmark.assess.fidelity.pair_trends import PairTrends
    from mintmark.data.streams import stream
    from mintmark.metric import Tables

    real, made = _read(train, synthetic)
    floor = mm.synthesizer("independent").fit(real, seed=0).sample(len(made), seed=2)
    metrics = (ColumnShapes(), PairTrends())
    for metric in metrics:  # its loops compiled or loaded
        metric.measure(Tables(real[:200], made[:200], None, floor[:200]), stream(0, "benchmark"))
    shared = Tables(real, made, None, floor)
    with threadpool_limits(1, "blas"):
        start = cpu_s()
        shapes, pairs = (metric.measure(shared, stream(0, "benchmark"))[0] for metric in metrics)
    columns = {name: 1 - found["distance"] for name, found in shapes.details["columns"].items()}
    missing = [name for name in real.names if real.table[name].null_count or made.table[name].null_count]
    figures = {"score": (shapes.estimate + pairs.estimate) / 2, "columns": columns, "missing": missing}
    _told(out, start, **figures)


def whole(train: str, holdout: str, synthetic: str, out: str) -> None:
    """A whole assessment with its page, and what every metric costs."""
    from mintmark.assess.report.html import html
    from mintmark.metric import Metric

    spent, measure = {}, Metric.measure

    def timed(self: Metric, *given: Any) -> Any:
        began, started = cpu_s(), time.perf_counter()
        found = measure(self, *given)
        name = type(self).__module__.rpartition(".")[2]
        spent[name] = cpu_s() - began
        if spent[name] > 10:  # of large tables, whose whole may not end in the time there is
            wall = time.perf_counter() - started
            told = f"{name}: {spent[name]:.1f} CPU s, {wall:.1f} s wall, {peak_mb():,.0f} MB so far"
            print(told, file=sys.stderr, flush=True)
        return found

    Metric.measure = timed  # type: ignore[method-assign]  # only to look at the clock
    start, began = cpu_s(), time.perf_counter()
    real, held, made = _read(train, holdout, synthetic)
    page = html(mm.assess(train=real, holdout=held, synthetic=made, policy="internal", seed=0))
    wall = time.perf_counter() - began
    _told(out, start, html_kb=len(page.encode()) / 1e3, wall_s=wall, metrics=spent)


def frames(train: str, holdout: str, synthetic: str, out: str) -> None:
    """`mintmark.assess` of pandas frames, as in a notebook."""
    import pandas as pd

    start = cpu_s()
    real, held, made = (pd.read_parquet(file) for file in (train, holdout, synthetic))
    found = mm.assess(train=real, holdout=held, synthetic=made, target="income", seed=0)
    scores = {s.metric: [s.estimate, s.ceiling] for s in found.scores if s.status == "ok"}
    not_run = {s.metric: s.reason for s in found.scores if s.status != "ok"}
    _told(out, start, scores=scores, not_run=not_run, page=len(found._repr_html_()))


def _told(out: str, start: float, **more: Any) -> None:
    Path(out).write_text(json.dumps({"cpu_s": cpu_s() - start, "peak_mb": peak_mb(), **more}))


if __name__ == "__main__":
    {f.__name__: f for f in (tables, quality, whole, frames)}[sys.argv[1]](*sys.argv[2:])
