"""One measurement in a process of its own, so that CPU and memory are that measurement's alone.

    _measure.py split FILE TARGET ROWS SEED FOLDER [COLUMN TO DROP ...]
    _measure.py fit METHOD SEED FOLDER OUT [MINUTES]
    _measure.py membership TRAIN HOLDOUT SYNTHETIC SEED OUT
    _measure.py grown TABLE ROWS FILE
    _measure.py fit_file FILE MODEL
    _measure.py draw MODEL ROWS FILE

`tables.py` and `growth.py` call it. The first three leave their figures as JSON files, the others
print them.
"""

from __future__ import annotations

import json
import resource
import shutil
import sys
import time
from pathlib import Path

import numpy as np

import mintmark as mm

FEW_GAPS = 10


def cpu_s() -> float:
    """User and system seconds of all threads, and of children that ended."""
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + children.ru_utime + children.ru_stime


def peak_mb() -> float:
    both = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    return max(resource.getrusage(who).ru_maxrss for who in both) / 1024


def compiled(data: mm.Dataset) -> None:
    """Have the default's loops compiled, which takes a machine some ten seconds, once."""
    mm.synthesizer("sequential_trees").fit(data[:1000], seed=0).sample(1, seed=0)


def readable(real: mm.Dataset) -> mm.Dataset:
    """Without rows that have one of few gaps of a column: the scorer stops where one part alone has any."""
    single = [name for name in real.names if 0 < real.table[name].null_count < FEW_GAPS]
    gaps = [np.asarray(real.table[name].is_null()) for name in single]
    return real.take(np.flatnonzero(~np.any(gaps, axis=0))) if gaps else real


def split(file: str, target: str, rows: str, seed: str, folder: str, *drop: str) -> None:
    """Train, holdout and the halves of train, as Parquet and CSV, so shuffled that figures compare.

    On Adult real training rows then reach, with seed 0, a TRTR of 0.924, as in the published table.
    """
    real = mm.read(file, target=target, drop=list(drop))
    real = readable(real[: int(rows)] if int(rows) > 0 else real)
    order = np.random.default_rng(int(seed)).permutation(len(real))
    cut = int(0.8 * len(real))
    train = real.take(order[:cut])
    parts = {"train": train, "holdout": real.take(order[cut:])}
    compiled(train)
    parts |= {"half": train[: cut // 2], "other_half": train[cut // 2 :]}
    for name, part in parts.items():
        part.write(Path(folder) / f"{name}.parquet")
        part.write(Path(folder) / f"{name}.csv")
    lines = {n: (Path(folder) / f"{n}.csv").read_text().splitlines()[1:] for n in ("train", "holdout")}
    known = set(lines["train"])
    about = {
        "train": cut,
        "holdout": len(real) - cut,
        "columns": len(real.names),
        "natural_copies_pct": 100 * float(np.mean([line in known for line in lines["holdout"]])),
    }
    (Path(folder) / "about.json").write_text(json.dumps(about))


def fit(method: str, seed: str, folder: str, out: str, minutes: str | None = None) -> None:
    """Fit one of mintmark's methods and draw as many rows: CPU, memory and the rows themselves."""
    train = mm.read(Path(folder) / "train.parquet")
    start = cpu_s()
    model = mm.synthesizer(method).fit(train, seed=int(seed), max_minutes=float(minutes) if minutes else None)
    fitted = cpu_s()
    synthetic = model.sample(len(train), seed=int(seed) + 1000)
    drawn = cpu_s()
    figures = {
        "fit_cpu_s": fitted - start,
        "rows_per_cpu_s": len(train) / (drawn - fitted),
        "peak_mb": peak_mb(),
    }
    (Path(out) / "run.json").write_text(json.dumps(figures))
    synthetic.write(Path(out) / "synthetic.parquet")
    synthetic.write(Path(out) / "synthetic.csv")


def membership(train: str, holdout: str, synthetic: str, seed: str, out: str) -> None:
    """Mintmark's membership attacks: AUC, and true positives at 1 % (in small holdouts 10 %) false alarms."""
    real = mm.read(train)
    made = mm.assess(
        train=real,
        holdout=mm.read(holdout),
        synthetic=mm.read(synthetic, like=real.schema),
        metrics=["membership"],
        seed=int(seed),
    )
    figures = {}
    for score in made.scores:
        if score.status == "ok":
            name = score.metric.replace(".", "_")
            figures |= {name: score.estimate, f"{name}_high": score.interval[1]}
    Path(out).write_text(json.dumps(figures))


def grown(table: str, rows: str, file: str) -> None:
    """A large table for `fit_file`."""
    import _grown

    data = {"adult": _grown.adult, "mixed": _grown.mixed}[table](int(rows))
    compiled(data)
    data.write(file)


def fit_file(file: str, model: str) -> None:
    """Fit the default to a file and save the model: CPU of the fit, memory of it all."""
    data = mm.read(file)
    start = cpu_s()
    fitted = mm.synthesizer("sequential_trees").fit(data, seed=0)
    figures = {"fit_cpu_s": cpu_s() - start, "peak_mb": peak_mb()}
    if Path(model).exists():
        shutil.rmtree(model)
    fitted.save(model)
    print(json.dumps(figures))


def draw(model: str, rows: str, file: str) -> None:
    """Rows drawn into a file as `mintmark sample` does it: CPU, memory, size."""
    start = cpu_s()
    mm.write(mm.load(model).sample_parts(int(rows), seed=0), file)
    figures = {"cpu_s": cpu_s() - start, "peak_mb": peak_mb(), "file_mb": Path(file).stat().st_size / 1e6}
    print(json.dumps(figures))


if __name__ == "__main__":
    commands = (split, fit, membership, grown, fit_file, draw)
    {command.__name__: command for command in commands}[sys.argv[1]](*sys.argv[2:])
