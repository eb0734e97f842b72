"""report: the page of an assessment, for the inside or to publish, and that of a release."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from mintmark.cli._show import command, out
from mintmark.errors import InputError, OutputError

if TYPE_CHECKING:
    from mintmark.assess.assessment import Assessment
    from mintmark.release.rule import Verdict

__all__ = ["report_"]


@command("report")
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--public", is_flag=True, help="The version that may be published; a release has no other.")
@click.option("--out", "to", type=click.Path(path_type=Path), required=True, help="A .html or .json file.")
def report_(folder: Path, public: bool, to: Path) -> None:
    """Write the report of FOLDER, an assessment or a release.

    The page of an assessment is for the inside: it describes real rows in detail. The public version
    is drawn from `report.public.json`: rounded, without seeds, paths, single records and cells of
    fewer than ten persons.
    """
    from mintmark.assess.report.html import html
    from mintmark.release.public_report import dumps

    if to.suffix not in (".html", ".json"):
        raise InputError(f"--out {to} is neither .html nor .json. Name a file that ends so.")
    told = _released(folder) or _assessed(folder, public)
    if to.suffix == ".json":
        text = dumps(told.assessment.to_json())
    else:
        text = html(told.assessment, told.verdicts, public=told.public, waiver=told.waiver)
    try:
        to.write_text(text, encoding="utf-8")
    except OSError as error:
        raise OutputError(f"cannot write {to}: {error.strerror or error}.") from error
    sort = "publishable" if told.public else "internal"
    out(f"{sort} report: {to}", {"out": str(to), "public": told.public})


@dataclass(frozen=True)
class _Told:
    assessment: Assessment
    verdicts: Sequence[Verdict] | None
    public: bool
    waiver: Mapping[str, str] | None = None


def _assessed(folder: Path, public: bool) -> _Told:
    from mintmark.assess.assessment import Assessment
    from mintmark.release.policy import Policy
    from mintmark.release.public_report import public_report

    assessment = Assessment.load(folder / "report.json")
    verdicts = None
    if assessment.policy is not None:
        policy = Policy.parse(assessment.policy["text"], "the assessment's policy")
        verdicts = policy.judge(assessment.to_json(), nature=str(assessment.provenance.get("nature", "")))
    if public:
        assessment = Assessment.from_json(public_report(assessment))
    return _Told(assessment, verdicts, public)


def _released(folder: Path) -> _Told | None:
    """What a release or a refusal says of itself; None where the folder is no such thing."""
    from mintmark.assess.assessment import Assessment
    from mintmark.release.certificate import FILE, Certificate
    from mintmark.release.certify import REPORT
    from mintmark.release.rule import Verdict

    if not (folder / FILE).is_file():
        return None
    predicate = Certificate.load(folder).predicate
    assessment = Assessment.from_json(json.loads((folder / REPORT).read_bytes()))
    verdicts = [Verdict(**verdict) for verdict in predicate["verdicts"]]
    return _Told(assessment, verdicts, public=True, waiver=predicate["waiver"])
