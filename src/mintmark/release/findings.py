"""Findings: what a policy's verdicts come to, in the words that certificate, card and verify share."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from mintmark.assess.assessment import times_assessed
from mintmark.data.balance import law_in_words
from mintmark.errors import InputError, UnknownNameError
from mintmark.release.policy import UNSTATED, Policy
from mintmark.release.rule import FAMILIES, Outcome, Verdict

__all__ = ["ABOUT", "Findings", "findings", "read_waiver"]

ABOUT = "about the people in train and holdout; these attacks only; not a finding of anonymity"
_WORST_FIRST: tuple[Outcome, ...] = ("fail", "inconclusive", "not run", "pass")


@dataclass(frozen=True)
class Findings:
    """The whole judgement.

    Parameters
    ----------
    outcome : "released", "released under waiver" or "refused"
    title : str
    lines : tuple of str
        Fidelity, utility and privacy, then whatever a reader must not miss.
    verdicts : tuple of Verdict
    """

    outcome: str
    title: str
    lines: tuple[str, ...]
    verdicts: tuple[Verdict, ...]

    @property
    def released(self) -> bool:
        """Whether data leaves."""
        return self.outcome != "refused"

    def to_json(self) -> dict[str, Any]:
        """JSON values, as the signed predicate holds them."""
        return {
            "outcome": self.outcome,
            "title": self.title,
            "lines": list(self.lines),
            "verdicts": [verdict.to_json() for verdict in self.verdicts],
        }


def findings(
    policy: Policy,
    report: Mapping[str, Any],
    *,
    nature: str,
    schema: Mapping[str, Any],
    waiver: Mapping[str, str] | None,
    chosen: str,
    personal: bool = True,
) -> Findings:
    """Judge a report and say it in words.

    Parameters
    ----------
    policy : Policy
    report : mapping
        The public report.
    nature : str
    schema : mapping
        The public schema; columns released unprotected are named.
    waiver : mapping, optional
        ``name`` and ``reason`` of whoever releases what did not pass; unused where all passed.
    chosen : "before scoring" or "after scoring"
    personal : bool
    """
    verdicts = tuple(policy.judge(report, nature=nature, personal=personal))
    passed = bool(verdicts) and all(verdict.outcome == "pass" for verdict in verdicts)
    outcome = "released" if passed else "released under waiver" if waiver else "refused"
    untested = [family for family in FAMILIES if all(v.family != family for v in verdicts)]
    without = f"WITHOUT {' AND '.join(untested).upper()} TEST" if untested else ""
    late = "policy chosen after scoring" if chosen == "after scoring" else ""
    if outcome == "released under waiver" and waiver:
        head = [f"RELEASED UNDER WAIVER: {waiver['name']}, {waiver['reason']}", without]
    else:
        head = [f"{outcome.upper()} {without if passed else ''}".strip()]
    parts = [*head, _nature(nature), f"policy {policy.name}", late]
    lines = [_line(family, verdicts) for family in FAMILIES]
    if late:
        lines.append("policy chosen after scoring: its thresholds were set when the scores could be known")
    if open_columns := [c["name"] for c in schema.get("columns", ()) if c.get("protect", True) is False]:
        lines.append(f"protection off by request: {', '.join(open_columns)}")
    lines += law_in_words(report.get("provenance") or {})
    if "repeated" in report:
        lines.append(times_assessed(report["repeated"]))
    lines.append("these tests gave these results; nothing more is certified")
    return Findings(outcome, " · ".join(part for part in parts if part), tuple(lines), verdicts)


def read_waiver(given: Mapping[str, str] | Sequence[str] | None) -> dict[str, str] | None:
    """A waiver's name and reason, from a mapping or a pair.

    Raises
    ------
    InputError
        If either is missing or empty.
    """
    if given is None:
        return None
    if isinstance(given, str) or (not isinstance(given, Mapping) and len(given) != 2):
        raise InputError("a waiver is a name and a reason: waiver={'name': ..., 'reason': ...}.")
    values = dict(given) if isinstance(given, Mapping) else dict(zip(("name", "reason"), given, strict=True))
    for key in values:
        if key not in ("name", "reason"):
            raise UnknownNameError("key of a waiver", key, ("name", "reason"))
    made = {key: " ".join(str(values.get(key) or "").split()) for key in ("name", "reason")}
    for key, value in made.items():
        if not value:
            raise InputError(f"the waiver has no {key}. A forced release names who forces it, and why.")
    return made


def _nature(nature: str) -> str:
    return nature if nature == UNSTATED else f"{nature} data"


def _line(family: str, verdicts: Sequence[Verdict]) -> str:
    mine = [verdict for verdict in verdicts if verdict.family == family]
    if not mine:
        said = "not tested, the policy has no rule for it"
    else:
        worst = next(outcome for outcome in _WORST_FIRST if any(v.outcome == outcome for v in mine))
        passed = sum(v.outcome == "pass" for v in mine)
        said = f"{worst}, {passed} of {len(mine)} rules passed"
        if missed := [f"{v.rule} ({v.outcome})" for v in mine if v.outcome != "pass"]:
            said += f"; not passed: {', '.join(missed)}"
    return f"{family}: {said}" + (f"; {ABOUT}" if family == "privacy" else "")
