"""The judgement at the top of the page: one line in all, one line a family, one line a rule."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from mintmark.assess.assessment import Assessment
from mintmark.assess.report._figures import between, figure
from mintmark.assess.report._remedies import remedy
from mintmark.assess.report._words import FAMILIES, Family, sentence, title

__all__ = ["Judgement", "Line", "Verdict", "judgement"]

MARKS = {"pass": "✓", "fail": "✕", "inconclusive": "?", "not run": "–"}
_WORST_FIRST = ("fail", "inconclusive", "not run", "pass")
_GRAVEST_FIRST = ("privacy", "utility", "fidelity")
_REASONS = 3
_ANSWERS = {"pass": "Yes.", "fail": "No.", "inconclusive": "Not yet.", "not run": "Not yet."}


class Verdict(Protocol):
    """What a policy says about one rule; ``because``, the rule's own reason, may be there as well."""

    @property
    def family(self) -> str: ...
    @property
    def metric(self) -> str: ...
    @property
    def outcome(self) -> str: ...
    @property
    def threshold(self) -> str: ...
    @property
    def reason(self) -> str: ...


@dataclass(frozen=True)
class Line:
    """One rule, or one family: an outcome and what it rests on."""

    outcome: str
    title: str
    figure: str = ""
    threshold: str = ""
    reason: str = ""
    because: str = ""
    metric: str = ""
    says: str = ""
    remedy: str = ""

    @property
    def mark(self) -> str:
        """A sign for the outcome, so that colour is never the only one."""
        return MARKS.get(self.outcome, "·")


@dataclass(frozen=True)
class Judgement:
    """All lines, the gravest first, the answer and the sentences over them.

    `reasons` are the rules that say why not: at most three, each about another score.
    """

    outcome: str
    headline: str
    explains: str
    families: Sequence[Line]
    rules: Sequence[Line]
    answer: str = ""
    reasons: Sequence[Line] = ()

    @property
    def passed(self) -> Sequence[Line]:
        """Rules that passed."""
        return [line for line in self.rules if line.outcome == "pass"]

    @property
    def missed(self) -> Sequence[Line]:
        """Rules that did not."""
        return [line for line in self.rules if line.outcome != "pass"]

    @property
    def more(self) -> int:
        """How many rules did not pass besides those that the reasons tell."""
        return len(self.missed) - len(self.reasons)


def judgement(
    assessment: Assessment, verdicts: Iterable[Verdict] | None, policy: str | None = None
) -> Judgement:
    """What the policy made of the scores; "not judged" where there are no verdicts.

    Parameters
    ----------
    assessment : Assessment
    verdicts : iterable of Verdict, optional
    policy : str, optional
        Name of the policy, where it is not the assessment's own but one chosen after scoring.
    """
    policy = policy or (assessment.policy or {}).get("name")
    if verdicts is None:
        if not policy:
            explains = "The figures below stand for themselves until a policy judges them."
            return Judgement("not judged", "Not judged", explains, (), ())
        explains = f"The policy “{policy}” was fixed before the rows were scored; certifying judges by it."
        return Judgement("not judged", "Not judged yet", explains, (), ())
    given = list(verdicts)
    ordered = sorted(given, key=_gravity)
    rules = [_rule(assessment, verdict) for verdict in ordered]
    families = [_family(family, given) for family in FAMILIES]
    outcome = _worst(verdict.outcome for verdict in given) or "no rule"
    counts = {name: sum(v.outcome == name for v in given) for name in _WORST_FIRST}
    named = f" the policy “{policy}”" if policy else " the policy"
    headline = {
        "pass": f"Passes{named}",
        "fail": f"Fails{named}",
        "inconclusive": "Inconclusive under" + named,
        "not run": "Not all rules of" + named + " could be run",
        "no rule": "The policy holds no rule",
    }[outcome]
    without = [line.reason for line in families if line.outcome == "no rule"]
    if without and outcome == "pass":
        headline += ", " + " and ".join(without)
    parts = [f"{count} {name}" for name, count in reversed(counts.items()) if count]
    explains = f"{len(given)} rule{'s' * (len(given) != 1)}: {', '.join(parts)}." if given else ""
    if given:
        explains += (
            " Only a pass passes." if outcome != "pass" else " No test proves that rows are anonymous."
        )
    answer = "Not fully tested." if without and outcome == "pass" else _ANSWERS.get(outcome, "")
    return Judgement(outcome, headline, explains, families, rules, answer, _reasons(rules))


def _gravity(verdict: Verdict) -> tuple[int, int]:
    known = verdict.family in _GRAVEST_FIRST
    return (
        (*_WORST_FIRST, verdict.outcome).index(verdict.outcome),
        _GRAVEST_FIRST.index(verdict.family) if known else len(_GRAVEST_FIRST),
    )


def _family(family: Family, given: Sequence[Verdict]) -> Line:
    mine = [verdict.outcome for verdict in given if verdict.family == family.key]
    if not mine:
        return Line("no rule", family.title, reason=f"without {family.key} test")
    return Line(_worst(mine), family.title, figure=f"{mine.count('pass')} of {len(mine)}")


def _reasons(rules: Sequence[Line]) -> Sequence[Line]:
    """The gravest rules that did not pass, one for each metric: its other figures say the same again."""
    first: dict[str, Line] = {}
    for line in rules:
        if line.outcome != "pass":
            first.setdefault(line.metric.partition(".")[0], line)
    return list(first.values())[:_REASONS]


def _worst(outcomes: Iterable[str]) -> str:
    have = set(outcomes)
    return next((name for name in _WORST_FIRST if name in have), "")


def _rule(assessment: Assessment, verdict: Verdict) -> Line:
    score: Any = next((s for s in assessment.scores if s.metric == verdict.metric), None)
    shown = ""
    if score is not None and score.estimate is not None:
        shown = figure(score.estimate) + (f" ({between(score.interval)})" if score.interval else "")
    # the rule's threshold opens with the metric's name, which the title says already
    threshold = str(verdict.threshold).removeprefix(verdict.metric).removeprefix(":").strip()
    because = str(getattr(verdict, "because", "") or "")
    says = sentence(score) if score is not None and score.estimate is not None else ""
    mended = verdict.outcome == "fail" or (score is None and verdict.outcome == "inconclusive")
    return Line(
        verdict.outcome,
        title(verdict.metric),
        shown,
        threshold,
        str(verdict.reason),
        because,
        verdict.metric,
        says,
        # what was not run or is in doubt says itself what would help
        remedy(verdict.metric, verdict.family) if mended else "",
    )
