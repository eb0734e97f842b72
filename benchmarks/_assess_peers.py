"""What other tools do in `assess.py`, each run by a Python that has it: figures as JSON.

    _assess_peers.py quality TRAIN SYNTHETIC OUT       SDMetrics' QualityReport
    _assess_peers.py qa TRAIN HOLDOUT SYNTHETIC OUT    mostlyai-qa's report
    _assess_peers.py sdv TRAIN ROWS FILE               a sample of SDV's GaussianCopulaSynthesizer
    _assess_peers.py mostlyai TRAIN ROWS FILE          a sample of mostlyai-engine, one epoch

Imports nothing of mintmark. CPU seconds are those of all threads and children, without imports.
"""

from __future__ import annotations

import json
import resource
import sys
import tempfile
import warnings
from pathlib import Path

import pandas as pd

warnings.simplefilter("ignore")


def spent() -> float:
    both = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(used.ru_utime + used.ru_stime for used in both)


def told(out: str, start: float, **more) -> None:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    Path(out).write_text(json.dumps({"cpu_s": spent() - start, "peak_mb": peak, **more}))


def quality(train: str, synthetic: str, out: str) -> None:
    from sdmetrics.reports.single_table import QualityReport

    real, made = pd.read_parquet(train), pd.read_parquet(synthetic)
    number = pd.api.types.is_numeric_dtype
    kinds = {name: {"sdtype": "numerical" if number(real[name]) else "categorical"} for name in real}
    report, start = QualityReport(), spent()
    report.generate(real, made, {"columns": kinds}, verbose=False)
    shapes = report.get_details("Column Shapes")
    columns = {row.Column: {"metric": row.Metric, "score": row.Score} for row in shapes.itertuples()}
    told(out, start, score=report.get_score(), columns=columns)


def qa(train: str, holdout: str, synthetic: str, out: str) -> None:
    from mostlyai import qa as tool

    tables = {"trn_tgt_data": train, "hol_tgt_data": holdout, "syn_tgt_data": synthetic}
    given = {name: pd.read_parquet(file) for name, file in tables.items()}
    with tempfile.TemporaryDirectory() as folder:
        page = Path(folder) / "report.html"
        start = spent()
        tool.report(**given, report_path=page)
        told(out, start, html_kb=page.stat().st_size / 1e3)


def sdv(train: str, rows: str, file: str) -> None:
    from sdv.metadata import Metadata
    from sdv.single_table import GaussianCopulaSynthesizer

    real = pd.read_parquet(train)
    model = GaussianCopulaSynthesizer(Metadata.detect_from_dataframes({"adult": real}))
    model.fit({"adult": real})
    made = model.sample(int(rows))
    (made["adult"] if isinstance(made, dict) else made).to_parquet(file, index=False)


def mostlyai(train: str, rows: str, file: str) -> None:
    from mostlyai import engine

    real = pd.read_parquet(train)
    with tempfile.TemporaryDirectory() as folder:
        engine.split(tgt_data=real, workspace_dir=folder, model_type="TABULAR")
        engine.analyze(workspace_dir=folder)
        engine.encode(workspace_dir=folder)
        engine.train(workspace_dir=folder, max_epochs=1, model="MOSTLY_AI/Small")
        engine.generate(workspace_dir=folder, sample_size=int(rows))
        pd.read_parquet(Path(folder) / "SyntheticData").to_parquet(file, index=False)


if __name__ == "__main__":
    {f.__name__: f for f in (quality, qa, sdv, mostlyai)}[sys.argv[1]](*sys.argv[2:])
