"""Verify: whether a release still is what was certified, from the public key alone and offline."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mintmark.errors import InputError
from mintmark.release.certificate import FILE, Certificate, opened
from mintmark.release.certify import CARD, CROISSANT, REPORT
from mintmark.release.findings import findings
from mintmark.release.keys import load_public
from mintmark.release.policy import Policy

__all__ = ["Verification", "contradictions", "verify"]


@dataclass(frozen=True)
class Verification:
    """What `verify` found.

    Parameters
    ----------
    problems : tuple of str
        Whatever does not hold; empty where everything does.
    outcome : str
        The signed one: "released", "released under waiver" or "refused"; "" where the signature
        does not hold.
    title : str
    lines : tuple of str
    """

    problems: tuple[str, ...]
    outcome: str = ""
    title: str = ""
    lines: tuple[str, ...] = ()

    @property
    def ok(self) -> bool:
        """Whether signature, files and judgement all hold."""
        return not self.problems

    @property
    def exit_code(self) -> int:
        """0: a release that holds, forced or not; 3: a refusal that holds; 2: something does not."""
        if self.problems:
            return 2
        return 3 if self.outcome == "refused" else 0

    def to_json(self) -> dict[str, Any]:
        """JSON values."""
        return {
            "ok": self.ok, "exit_code": self.exit_code, "outcome": self.outcome, "title": self.title,
            "lines": list(self.lines), "problems": list(self.problems),
        }  # fmt: skip

    def __str__(self) -> str:
        if self.problems:
            return "\n".join(["NOT VERIFIED", *self.problems])
        return "\n".join(
            [self.title, *self.lines, "verified: signature, every file, and the judgement again"]
        )


def verify(release_dir: str | Path, public_key: str | Path) -> Verification:
    """Check signature and files, and judge again from the published figures.

    Parameters
    ----------
    release_dir : path
        What `certify` wrote.
    public_key : path
        The issuer's ``public.pem``, had from the issuer and not from the release.

    Raises
    ------
    InputError
        If there is no such directory or the key is none.
    """
    folder = Path(release_dir)
    key = load_public(public_key)
    if not folder.is_dir():
        raise InputError(f"there is no release directory {folder}.")
    if _broken(folder / FILE):
        return Verification((f"{FILE} is missing or is a link.",))
    try:
        statement = opened((folder / FILE).read_bytes(), key)
    except InputError as error:
        return Verification((str(error),))
    try:
        problems = _files(folder, statement)
        predicate = statement["predicate"]
        if not problems:
            problems = _judged_again(predicate, json.loads((folder / REPORT).read_bytes()))
        return Verification(
            tuple(problems),
            str(predicate["outcome"]),
            str(predicate["title"]),
            tuple(map(str, predicate["lines"])),
        )
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        return Verification((f"certificate or report lacks what a mintmark release holds: {error}.",))


def contradictions(release_dir: str | Path) -> tuple[str, ...]:
    """Where a release's certificate and its report disagree, the signature unchecked.

    Who changes both alike is found by `verify` only, which needs the issuer's key.

    Parameters
    ----------
    release_dir : path

    Raises
    ------
    InputError
        If there is no certificate, or certificate or report cannot be read.
    """
    folder = Path(release_dir)
    statement = Certificate.load(folder).statement
    try:
        content = (folder / REPORT).read_bytes()
        digests = {entry["name"]: entry["digest"]["sha256"] for entry in statement["subject"]}
        if digests.get(REPORT) != hashlib.sha256(content).hexdigest():
            return (f"{REPORT} was changed after it was certified.",)
        return tuple(_judged_again(statement["predicate"], json.loads(content)))
    except (OSError, KeyError, TypeError, AttributeError, ValueError) as error:
        why = getattr(error, "strerror", None) or error
        raise InputError(
            f"{folder} is damaged: {REPORT} or {FILE} cannot be read ({why}). "
            "`mintmark verify` with the issuer's public key tells what is wrong."
        ) from None


def _broken(file: Path) -> bool:
    return file.is_symlink() or not file.is_file()


def _files(folder: Path, statement: Mapping[str, Any]) -> list[str]:
    subjects = {entry["name"]: entry["digest"]["sha256"] for entry in statement["subject"]}
    problems = []
    found = {path.name for path in folder.iterdir()}
    problems += [f"{name} is not part of the release." for name in sorted(found - set(subjects) - {FILE})]
    for name, digest in sorted(subjects.items()):
        if name in (".", "..") or "/" in name or "\\" in name:
            problems.append(f"the certificate names {name!r}, which lies outside the release.")
        elif _broken(folder / name):
            problems.append(f"{name} is missing or is a link.")
        elif _sha256(folder / name) != digest:
            problems.append(f"{name} was changed after it was certified.")
    refused = statement["predicate"]["outcome"] == "refused"
    data = set(subjects) - {CARD, REPORT, CROISSANT}
    if len(subjects) != len(statement["subject"]) or not {CARD, REPORT} <= set(subjects):
        problems.append("the certificate does not name the files of a release.")
    elif refused and len(subjects) != 2:
        problems.append("a refusal holds no data, this one names some.")
    elif not refused and (len(data) != 1 or CROISSANT not in subjects):
        problems.append("a release holds one data file and its description; this one does not.")
    return problems


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _judged_again(predicate: Mapping[str, Any], report: Mapping[str, Any]) -> list[str]:
    """The signed words against the published figures."""
    signed = predicate["policy"]
    if hashlib.sha256(signed["text"].encode()).hexdigest() != signed["digest"]:
        return ["the policy's text is not the one its digest names."]
    recorded = (report.get("policy") or {}).get("digest")
    chosen = "before scoring" if recorded == signed["digest"] else "after scoring"
    problems = []
    if signed["chosen"] != chosen:
        problems.append(f"the policy was chosen {chosen}, the certificate says {signed['chosen']}.")
    nature = report["provenance"].get("nature")
    if nature is not None and nature != predicate["nature"]:
        problems.append(f"the report says the rows are {nature}, the certificate {predicate['nature']}.")
    scores = [{k: v for k, v in score.items() if k != "details"} for score in report["scores"]]
    if scores != predicate["scores"]:
        problems.append("the certificate's scores are not those of the report.")
    again = findings(
        Policy.parse(signed["text"]),
        report,
        nature=predicate["nature"],
        schema=predicate["schema"],
        waiver=predicate["waiver"],
        chosen=chosen,
        personal=predicate["personal"],
    ).to_json()
    for part in ("outcome", "verdicts", "title", "lines"):
        if again[part] != predicate[part]:
            problems.append(f"judging again gives another {part.rstrip('s')} than the certificate's.")
    return problems
