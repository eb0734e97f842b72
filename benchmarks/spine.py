"""The figures of the spine: what it costs to install, import, run and assess, beside a peer.

    python benchmarks/spine.py [--peer PYTHON]

PYTHON is the interpreter of an environment with ``sdmetrics``; its QualityReport then runs on the
same rows in the same run. Times are CPU seconds (user + system, all threads and children), the
median of three; each is measured in a process of its own.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import statistics
import subprocess
import sys
import sysconfig
import tempfile
import time
from importlib.metadata import distributions
from pathlib import Path

ENVIRONMENT = {**os.environ, "OMP_WAIT_POLICY": "PASSIVE"}
CPU = """
import resource as r
def cpu():
    spent = (r.getrusage(r.RUSAGE_SELF), r.getrusage(r.RUSAGE_CHILDREN))
    return sum(u.ru_utime + u.ru_stime for u in spent)
"""
DATA = """
import mintmark as mm
from pathlib import Path
real = mm.read(Path(mm.__file__).parent / 'examples/adult.parquet', target='income')
train, holdout = real.split(1 / 3, seed=0)
"""
CORE = [
    "click",
    "cryptography",
    "fsspec",
    "jinja2",
    "lightgbm",
    "numpy",
    "pyarrow",
    "pydantic",
    "pyyaml",
    "rich",
    "safetensors",
    "scikit-learn",
    "scipy",
    "joblib",
    "threadpoolctl",
    "narwhals",
    "pydantic-core",
    "annotated-types",
    "typing-extensions",
    "typing-inspection",
    "markdown-it-py",
    "mdurl",
    "pygments",
    "cffi",
    "pycparser",
    "markupsafe",
]


def run(code: str, python: str = sys.executable, cwd: str | None = None) -> str:
    done = subprocess.run(
        [python, "-c", code], capture_output=True, text=True, check=True, env=ENVIRONMENT, cwd=cwd
    )
    return done.stdout.strip().splitlines()[-1]


def median(code: str, python: str = sys.executable, times: int = 3) -> float:
    return statistics.median(float(run(code, python)) for _ in range(times))


def process_cpu(command: list[str], times: int = 5) -> float:
    """Least CPU seconds of a whole process over several starts."""
    spent = []
    for _ in range(times):
        before = os.times()
        subprocess.run(command, check=True, capture_output=True, env=ENVIRONMENT)
        after = os.times()
        spent.append(
            after.children_user - before.children_user + after.children_system - before.children_system
        )
    return min(spent)


def core_megabytes() -> float:
    """Size on disk of mintmark's core dependencies as installed here."""
    total = 0
    for found in distributions():
        if (found.metadata["Name"] or "").lower().replace("_", "-") in CORE:
            total += sum(f.locate().stat().st_size for f in found.files or [] if f.locate().is_file())
    return total / 1e6


def assessment(folder: str) -> dict[str, float]:
    code = (
        CPU
        + DATA
        + f"""
import json, os
from mintmark.assess.report.html import html
before = cpu()
model = mm.synthesizer('sequential_trees').fit(train, seed=0)
fitted = cpu()
synthetic = model.sample(len(train), seed=1)
sampled = cpu()
result = mm.assess(train=train, holdout=holdout, synthetic=synthetic, policy='internal', seed=0)
page = html(result)
assessed = cpu()
train.to_pandas().to_csv({folder!r} + '/train.csv', index=False)
synthetic.to_pandas().to_csv({folder!r} + '/synthetic.csv', index=False)
print(json.dumps({{'rows': len(train), 'fit': fitted - before, 'sample': sampled - fitted,
    'assess with report': assessed - sampled, 'report kB': len(page.encode()) / 1e3}}))
"""
    )
    return dict(json.loads(run(code)))


def marginals_and_pairs() -> float:
    """Both scores with intervals and per-column figures, of synthetic rows and of the floor."""
    return median(
        CPU
        + DATA
        + """
from mintmark.assess.fidelity.column_shapes import ColumnShapes
from mintmark.assess.fidelity.pair_trends import PairTrends
from mintmark.data.streams import stream
from mintmark.metric import Tables
from threadpoolctl import threadpool_limits
model = mm.synthesizer('independent').fit(train, seed=0)
synthetic, floor = (model.sample(len(train), seed=seed) for seed in (1, 2))
before = cpu()
tables = Tables(train, synthetic, None, floor)
with threadpool_limits(1, 'blas'):  # as assess does
    for metric in (ColumnShapes(), PairTrends()):
        assert all(score.status == 'ok' for score in metric.measure(tables, stream(0, 'benchmark')))
print(cpu() - before)
"""
    )


def peer_quality(python: str, folder: str) -> float:
    return median(
        CPU
        + f"""
import pandas as pd, warnings
warnings.filterwarnings('ignore')
from sdmetrics.reports.single_table import QualityReport
real, synthetic = (pd.read_csv({folder!r} + '/' + name) for name in ('train.csv', 'synthetic.csv'))
number = pd.api.types.is_numeric_dtype
kinds = {{c: {{'sdtype': 'numerical' if number(real[c]) else 'categorical'}} for c in real}}
meta = {{'columns': kinds}}
before = cpu()
QualityReport().generate(real, synthetic, meta, verbose=False)
print(cpu() - before)
""",
        python,
    )


def demo() -> dict[str, float]:
    with tempfile.TemporaryDirectory() as folder:
        program = Path(sysconfig.get_path("scripts")) / "mintmark"
        before, start = os.times(), time.perf_counter()
        subprocess.run([program, "--quiet", "demo", "--out", f"{folder}/demo"], check=True, env=ENVIRONMENT)
        wall, after = time.perf_counter() - start, os.times()
    cpu = after.children_user - before.children_user + after.children_system - before.children_system
    return {"wall s": wall, "CPU s": cpu}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--peer", help="Python of an environment with sdmetrics")
    peer = parser.parse_args().peer
    print(f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}")
    mintmark = str(Path(sysconfig.get_path("scripts")) / "mintmark")
    start = process_cpu([sys.executable, "-c", "pass"])
    imported = process_cpu([sys.executable, "-c", "import mintmark"]) - start
    empty = process_cpu([sys.executable, "-c", "import click; click.command()(lambda: 0)(['--help'])"])
    help_cpu = process_cpu([mintmark, "--help"]) - empty
    print(f"import mintmark                     {imported:.3f} CPU s (goal < 0.1)")
    print(f"mintmark --help over an empty app   {help_cpu:+.3f} CPU s (goal <= 0.2)")
    print(f"core dependencies installed         {core_megabytes():.0f} MB (goal < 520)")
    folder = tempfile.mkdtemp()
    try:
        figures = assessment(folder)
        for name, value in figures.items():
            print(f"Adult, {name:<28} {value:,.2f}")
        print("  (goal: assess with report < 20 CPU s, report < 500 kB)")
        ours = marginals_and_pairs()
        print(f"marginals and pairs, mintmark       {ours:.2f} CPU s")
        if peer:
            theirs = peer_quality(peer, folder)
            print(f"marginals and pairs, SDMetrics      {theirs:.2f} CPU s")
            print(f"  {theirs / ours:.1f} times ours (goal >= 3)")
    finally:
        shutil.rmtree(folder)
    print("demo", {name: round(value, 1) for name, value in demo().items()}, "(goal < 30 s)")


if __name__ == "__main__":
    main()
