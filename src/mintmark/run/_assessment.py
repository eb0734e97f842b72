"""An assessment on disk: report.json, report.html and the scored file, all at once."""

from __future__ import annotations

from pathlib import Path

from mintmark.assess.assessment import Assessment
from mintmark.assess.report.html import html
from mintmark.data.dataset import Dataset
from mintmark.data.write import write
from mintmark.errors import OutputError
from mintmark.run._atomic import folder

__all__ = ["SCORED", "vacant", "write_assessment"]

SCORED = "synthetic.parquet"


def vacant(out: Path) -> None:
    """Raise `OutputError` where something other than an assessment stands."""
    if out.is_dir() and (not any(out.iterdir()) or (out / "report.json").is_file()):
        return
    if out.exists():
        raise OutputError(f"{out} exists and holds no assessment. Give another --out, or remove it.")


def write_assessment(assessment: Assessment, synthetic: Dataset, out: Path) -> None:
    """Write the folder (mode 700); an assessment that stood there is replaced.

    Raises
    ------
    OutputError
        If it cannot be written; nothing half-written is left.
    """
    vacant(out)
    with folder(out, sums=True) as made:
        write(synthetic, made / SCORED)
        (made / "report.json").write_text(assessment.dumps(), encoding="utf-8")
        (made / "report.html").write_text(html(assessment, assessment.verdicts()), encoding="utf-8")
