"""Certify: judge an assessment, and lay out what may leave: a release, or a refusal without data."""

from __future__ import annotations

import datetime
import hashlib
import os
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa

from mintmark import __version__
from mintmark.assess.assessment import Assessment, digest_of
from mintmark.data.database import Database
from mintmark.data.dataset import Dataset
from mintmark.errors import InputError, OutputError, first_three
from mintmark.release.card import card
from mintmark.release.certificate import FILE, PREDICATE, STATEMENT, Certificate, sealed, written
from mintmark.release.croissant import croissant
from mintmark.release.findings import Findings, findings, read_waiver
from mintmark.release.keys import load_private
from mintmark.release.policy import UNSTATED, Policy
from mintmark.release.public_report import dumps, public_report, without_secrets

__all__ = ["Certificate", "certify"]

CARD, REPORT, CROISSANT = "README.md", "report.public.json", "croissant.json"


def certify(
    synthetic: Dataset | str | Path | Any,
    assessment: Assessment,
    *,
    policy: Policy | str | Path | Mapping[str, Any] | None = None,
    key: str | Path,
    out: str | Path | None = None,
    waiver: Mapping[str, str] | Sequence[str] | None = None,
    recipe: Mapping[str, Any] | None = None,
) -> Certificate:
    """Judge by a policy and sign; with `out`, write the release or the refusal.

    Parameters
    ----------
    synthetic : Dataset, or anything `mintmark.read` takes
        The very rows that were assessed.
    assessment : Assessment
    policy : Policy, name or path, optional
        By default the one that the assessment recorded. Another one works, and certificate, card
        and `verify` say "policy chosen after scoring" for ever.
    key : path
        Ed25519 private key, mode 600.
    out : path, optional
        A new or empty directory, or an earlier release to replace. A released one gets data, card,
        Croissant file, public report and certificate; a refused one no data.
    waiver : mapping or pair, optional
        ``name`` and ``reason``: releases what did not pass, and says so for ever.
    recipe : mapping, optional
        The recipe's JSON; seeds and paths are left out. ``release`` may hold ``format``
        ("parquet" or "csv"), ``license`` and ``personal`` (by default the assessment's).

    Returns
    -------
    Certificate
        Its `exit_code` is 0 where data is released and 3 where it is refused.

    Raises
    ------
    InputError
        If the rows are not those assessed or hold a column that train lacks, no policy is given, the
        waiver lacks name or reason, or the key may be read by others.
    OutputError
        If `out` is taken or cannot be written.
    """
    signer = load_private(key)
    forced = read_waiver(waiver)
    chosen, when = _policy(policy, assessment)
    data = _scored(synthetic, assessment)
    _free(out)
    report = public_report(assessment)
    _all_assessed(data, report)
    shown = without_secrets(dict(recipe or {}))
    options = shown.get("release") or {}
    nature = _nature(data, assessment)
    personal = options.get("personal", assessment.personal) is not False
    found = findings(
        chosen,
        report,
        nature=nature,
        schema=data.schema.to_json(),
        waiver=forced,
        chosen=when,
        personal=personal,
    )
    predicate = {
        "policy": {**chosen.record(), "chosen": when},
        "recipe": shown,
        "schema": data.schema.to_json(),
        "nature": nature,
        "personal": personal,
        "rows": len(data),
        **({"cleaned": told} if (told := report["provenance"].get("cleaned")) else {}),
        "versions": {**report["versions"], "mintmark": __version__},
        "scores": [{k: v for k, v in score.items() if k != "details"} for score in report["scores"]],
        "waiver": forced if found.outcome == "released under waiver" else None,
        "issued": datetime.datetime.now(datetime.UTC).date().isoformat(),
        **found.to_json(),
    }
    place = Path(tempfile.mkdtemp(prefix="mintmark-")) if out is None else _partial(Path(out))
    try:
        place.mkdir(parents=True, exist_ok=True)
        _lay_out(place, data, report, predicate, found, options)
        statement = {
            "_type": STATEMENT,
            "subject": [_subject(file) for file in sorted(place.iterdir())],
            "predicateType": PREDICATE,
            "predicate": predicate,
        }
        envelope = sealed(statement, signer)
        (place / FILE).write_bytes(written(envelope))
        if out is not None:
            _put(place, Path(out))
    except OSError as error:
        if isinstance(error, OutputError):
            raise
        raise OutputError(f"cannot write the release {out or place}: {error.strerror or error}.") from error
    finally:
        shutil.rmtree(place, ignore_errors=True)
    return Certificate(statement, envelope, None if out is None else Path(out))


def _policy(given: Any, assessment: Assessment) -> tuple[Policy, str]:
    """The policy, and whether it was fixed before or chosen after scoring."""
    recorded = assessment.policy
    if given is None and recorded is None:
        raise InputError(
            "the assessment named no policy. Name one: policy='internal' (`--policy internal`); better, "
            "before scoring."
        )
    if given is not None:
        policy = Policy.load(given)
        same = recorded is not None and recorded["digest"] == policy.digest
        return policy, "before scoring" if same else "after scoring"
    assert recorded is not None
    policy = Policy.parse(recorded["text"], "the assessment's policy")
    if policy.digest != recorded["digest"]:
        raise InputError("the assessment's policy text was changed after scoring. Assess again.")
    return policy, "before scoring"


def _scored(synthetic: Any, assessment: Assessment) -> Dataset:
    """The rows, proven to be those assessed, under nothing that says where they come from."""
    from mintmark.data.read import read

    if isinstance(synthetic, Database):
        raise InputError(
            "a certificate is bound to one table, and this is a Database. Judge it with "
            "Policy.load('relational').judge(assessment.to_json(), nature=...), or certify a table by itself."
        )
    data = read(synthetic)
    if digest_of(data.table) != assessment.sha256:
        raise InputError(
            f"a certificate for other data: these {len(data):,} rows are not the ones that were assessed. "
            "Certify the scored file that `assess` kept, or assess these."
        )
    fields = pa.schema([pa.field(field.name, field.type) for field in data.table.schema])
    bare = pa.Table.from_arrays(data.table.columns, schema=fields)
    return Dataset(bare, data.schema, without_secrets(dict(data.provenance)))


def _all_assessed(data: Dataset, report: Mapping[str, Any]) -> None:
    """Refuse rows with a column that the assessment had nothing to compare with."""
    schema = (report.get("tables") or {}).get("schema") or {}
    known = {column["name"] for column in schema.get("columns") or ()} or set(data.names)
    if untested := [name for name in data.names if name not in known]:
        raise InputError(
            f"column {first_three(map(repr, untested))} of the rows was not assessed: train lacks it. Leave "
            "it out of the rows, or give real rows that have it, and assess again."
        )


def _nature(data: Dataset, assessment: Assessment) -> str:
    stated = {str(n) for n in (data.provenance.get("nature"), assessment.provenance.get("nature")) if n}
    if len(stated) > 1:
        raise InputError(
            f"the rows say they are {sorted(stated)[0]}, the assessment {sorted(stated)[1]}. Assess again."
        )
    return stated.pop() if stated else UNSTATED


def _lay_out(
    place: Path,
    data: Dataset,
    report: Mapping[str, Any],
    predicate: Mapping[str, Any],
    found: Findings,
    options: Mapping[str, Any],
) -> None:
    """Everything that is signed."""
    license_ = str(options.get("license") or "unknown")
    name = f"synthetic.{'csv' if options.get('format') == 'csv' else 'parquet'}" if found.released else None
    (place / REPORT).write_text(dumps(report), encoding="utf-8")
    if name is not None:
        data.write(place / name)
        described = croissant(
            data.schema, _subject(place / name), place.joinpath(name).stat().st_size, predicate, license_
        )
        (place / CROISSANT).write_text(dumps(described), encoding="utf-8")
    (place / CARD).write_text(card(data.schema, predicate, name, license_), encoding="utf-8")


def _subject(file: Path) -> dict[str, Any]:
    with file.open("rb") as stream:
        return {"name": file.name, "digest": {"sha256": hashlib.file_digest(stream, "sha256").hexdigest()}}


def _free(out: str | Path | None) -> None:
    path = None if out is None else Path(out)
    if path is None or not path.exists():
        return
    if not path.is_dir() or (any(path.iterdir()) and not (path / FILE).is_file()):
        raise OutputError(f"{path} exists and is no release. Give another path, or remove it.")


def _partial(out: Path) -> Path:
    """A fixed name beside `out`: what a killed process left there is replaced by the next."""
    place = out.parent / f".{out.name}.partial"
    shutil.rmtree(place, ignore_errors=True)
    return place


def _put(made: Path, out: Path) -> None:
    for path in (*made.iterdir(), made):
        handle = os.open(path, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
    if out.exists() and any(out.iterdir()):
        old = Path(tempfile.mkdtemp(prefix=f".{out.name}.", dir=out.parent))
        os.replace(out, old / "old")
        os.replace(made, out)
        shutil.rmtree(old)
    else:
        os.replace(made, out)
