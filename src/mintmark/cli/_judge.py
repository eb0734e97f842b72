"""assess, certify, verify, keygen."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from mintmark.cli._make import table_options
from mintmark.cli._show import command, out
from mintmark.errors import InputError

if TYPE_CHECKING:
    from mintmark.release.certificate import Certificate

__all__ = ["assess_", "certify_", "keygen_", "report_outcome", "verify_"]


@command("assess")
@click.argument("train")
@click.argument("synthetic")
@click.option("--holdout", help="Real rows that nobody trained on.")
@table_options
@click.option("--policy", help="Fixed before scoring: a shipped policy or a YAML file.")
@click.option("--metric", "metrics", multiple=True, help="Only this one; repeatable.")
@click.option(
    "--model", type=click.Path(path_type=Path), help="The fitted model, for metrics that question it."
)
@click.option("--seed", type=int, default=0, show_default=True)
@click.option("--out", "to", type=click.Path(path_type=Path), help="Assessment directory; none: only print.")
def assess_(
    train: str,
    synthetic: str,
    holdout: str | None,
    reading: dict[str, Any],
    policy: str | None,
    metrics: tuple[str, ...],
    model: Path | None,
    seed: int,
    to: Path | None,
) -> None:
    """Score the table SYNTHETIC against TRAIN: report.json, report.html and the scored file."""
    from mintmark.assess.assess import assess
    from mintmark.data.read import read
    from mintmark.release.policy import Policy
    from mintmark.run._assessment import vacant, write_assessment
    from mintmark.run.ledger import counted
    from mintmark.synthesizer import load_model

    rules = None if policy is None else Policy.load(policy)
    if to is not None:
        vacant(to)
    fitted = None if model is None else load_model(model)
    real = read(train, **reading)
    alike = {name: reading[name] for name in ("delimiter", "encoding", "decimal")} | {"like": real.schema}
    made = read(synthetic, **alike)
    held = None if holdout is None else read(holdout, **alike)
    assessment = assess(
        train=real, synthetic=made, holdout=held, policy=rules, metrics=list(metrics) or None, seed=seed,
        synthesizer=fitted,
    )  # fmt: skip
    assessment = counted(assessment, real, held)
    table, values = str(assessment), assessment.to_json()
    if to is not None:
        write_assessment(assessment, made, to)
        table, values = f"{table}\nreport: {to / 'report.html'}", values | {"out": str(to)}
    out(table, values)


@command("certify")
@click.argument("assessment", type=click.Path(path_type=Path))
@click.option("--policy", help="By default the one fixed before scoring.")
@click.option("--key", required=True, help="private.pem of `mintmark keygen`.")
@click.option("--out", "to", type=click.Path(path_type=Path), required=True, help="Release directory.")
@click.option("--waive", metavar="NAME", help="Release in spite of a refusal, in this person's name.")
@click.option("--reason", metavar="TEXT", help="Why; stays in the certificate for ever.")
def certify_(
    assessment: Path, policy: str | None, key: str, to: Path, waive: str | None, reason: str | None
) -> int:
    """Judge ASSESSMENT by a policy and sign the outcome.

    Exit code 0: released, with data. 3: refused; the signed refusal holds no data.
    """
    from mintmark.assess.assessment import Assessment
    from mintmark.release.certify import certify
    from mintmark.run._assessment import SCORED

    if (waive is None) != (reason is None):
        raise InputError("a waiver needs both --waive NAME and --reason TEXT.")
    waiver = None if waive is None or reason is None else {"name": waive, "reason": reason}
    certificate = certify(
        assessment / SCORED,
        Assessment.load(assessment / "report.json"),
        policy=policy,
        key=key,
        out=to,
        waiver=waiver,
    )
    return report_outcome(certificate, to)


def report_outcome(
    certificate: Certificate, release: Path, *, report: Path | None = None, key: Path | None = None
) -> int:
    """Print the verdict and where things are; the exit code."""
    words = [str(certificate), ""]
    failed = [verdict for verdict in certificate.verdicts if verdict["outcome"] != "pass"]
    words += [f"{v['rule']}: {v['outcome']}. {v['reason']}" for v in failed]
    words += [""] * bool(failed)
    if report is not None:
        words.append(f"report:      {report}")
    words.append(f"{'release' if certificate.released else 'refusal'}:     {release}")
    words.append(f"certificate: {release / 'certificate.json'}")
    if key is not None:
        words.append(f"check it:    mintmark verify {release} --public-key {key}")
    values = {
        "outcome": certificate.outcome,
        "title": certificate.title,
        "lines": list(certificate.lines),
        "verdicts": list(certificate.verdicts),
        "release": str(release),
        "report": None if report is None else str(report),
    }
    out("\n".join(words), values)
    return certificate.exit_code


@command("verify")
@click.argument("release", type=click.Path(path_type=Path))
@click.option("--public-key", required=True, help="The issuer's public.pem, had from the issuer.")
def verify_(release: Path, public_key: str) -> int:
    """Check RELEASE offline: signature, every file's digest, and the judgement again.

    Exit code 0: a release that holds. 3: a signed refusal that holds. 2: something does not hold.
    """
    from mintmark.release.verify import verify

    found = verify(release, public_key)
    out(str(found), found.to_json())
    return found.exit_code


@command("keygen")
@click.option("--out", "to", type=click.Path(path_type=Path), required=True, help="Directory for the keys.")
def keygen_(to: Path) -> None:
    """Make private.pem (mode 600), which signs, and public.pem, which verifies."""
    from mintmark.release.keys import make_keys

    private, public = make_keys(to)
    out(
        f"private key: {private} (keep it to yourself)\npublic key:  {public} (give it to whoever verifies)",
        {"private": str(private), "public": str(public)},
    )
