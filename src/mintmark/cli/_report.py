"""report: the page of an assessment, for the inside or to publish, and that of a release."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from mintmark.cli._show import command, out
from mintmark.errors import InputError

if TYPE_CHECKING:
    from mintmark.assess.assessment import Assessment
    from mintmark.release.rule import Verdict

__all__ = ["report_"]

_UNCHECKED = "signature not checked: that needs the issuer's key (--public-key)"


@command("report")
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--public", is_flag=True, help="The version that may be published; a release has no other.")
@click.option("--out", "to", type=click.Path(path_type=Path), required=True, help="A .html or .json file.")
@click.option("--public-key", help="Of a release: the issuer's public.pem, which checks the signature.")
def report_(folder: Path, public: bool, to: Path, public_key: str | None) -> None:
    """Write the report of FOLDER, an assessment or a release.

    The page of an assessment is for the inside: it describes real rows in detail. The public version
    is drawn from `report.public.json`: rounded, without seeds, paths, single records and cells of
    fewer than ten persons. What a release says of itself is judged again; who signed it is known only
    with the issuer's public key.
    """
    from mintmark.assess.report.html import html
    from mintmark.release.public_report import dumps
    from mintmark.run._atomic import write_bytes

    if folder.is_file():
        raise InputError(
            f"{folder} is a file. Name the folder that holds it: mintmark report {folder.parent}."
        )
    if to.suffix not in (".html", ".json"):
        raise InputError(f"--out {to} is neither .html nor .json. Name a file that ends so.")
    told = _released(folder, public_key) or _assessed(folder, public, public_key)
    if to.suffix == ".json":
        text = dumps(told.assessment.to_json())
    else:
        text = html(told.assessment, told.verdicts, public=told.public, certified=told.certified)
    write_bytes(to, text.encode(), mode=0o644 if told.public else 0o600)
    sort = "publishable" if told.public else "internal"
    values = {"out": str(to), "public": told.public}
    if told.certified is None:
        out(f"{sort} report: {to}", values)
    else:
        signature = told.certified["signature"]
        out(f"{sort} report: {to}\n{signature}", values | {"signature": signature})


@dataclass(frozen=True)
class _Told:
    assessment: Assessment
    verdicts: Sequence[Verdict] | None
    public: bool
    certified: Mapping[str, Any] | None = None


def _assessed(folder: Path, public: bool, public_key: str | None) -> _Told:
    from mintmark.assess.assessment import Assessment
    from mintmark.release.public_report import public_report

    assessment = Assessment.load(folder / "report.json")
    if public_key is not None:
        raise InputError(f"{folder} is an assessment, which nobody signs. Leave --public-key away.")
    verdicts = assessment.verdicts()
    if public:
        assessment = Assessment.from_json(public_report(assessment))
    return _Told(assessment, verdicts, public)


def _released(folder: Path, public_key: str | None) -> _Told | None:
    """What a release or a refusal says of itself, judged again; None where the folder is no such thing.

    Raises
    ------
    InputError
        If certificate and report disagree, or the signature is not that of the key given.
    """
    from mintmark.assess.assessment import Assessment
    from mintmark.release.certificate import FILE, Certificate
    from mintmark.release.certify import REPORT
    from mintmark.release.policy import Policy
    from mintmark.release.rule import Verdict
    from mintmark.release.verify import contradictions, verify

    if not (folder / FILE).is_file():
        return None
    found = contradictions(folder) or (verify(folder, public_key).problems if public_key else ())
    if found:
        raise InputError(f"{folder} is not what was certified: {found[0]} Ask its issuer for the release.")
    predicate = Certificate.load(folder).predicate
    certified = {
        "policy": Policy.parse(predicate["policy"]["text"]).name,  # the text is what was judged by
        "title": predicate["title"],
        "lines": predicate["lines"],
        "signature": "signature checked" if public_key else _UNCHECKED,
    }
    verdicts = [Verdict(**verdict) for verdict in predicate["verdicts"]]
    return _Told(Assessment.load(folder / REPORT), verdicts, public=True, certified=certified)
