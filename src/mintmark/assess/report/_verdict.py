"""The judgement at the top of the page: one line in all, one line a family, one line a rule."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from mintmark.assess.assessment import Assessment
from mintmark.assess.report._figures import between, figure
from mintmark.assess.report._words import FAMILIES, title

__all__ = ["Judgement", "Line", "Verdict", "judgement"]

MARKS = {"pass": "✓", "fail": "✕", "inconclusive": "?", "not run": "–"}
_WORST_FIRST = ("fail", "inconclusive", "not run", "pass")


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

    @property
    def mark(self) -> str:
        """A sign for the outcome, so that colour is never the only one."""
        return MARKS.get(self.outcome, "·")


@dataclass(frozen=True)
class Judgement:
    """All lines, and the sentence over them."""

    outcome: str
    headline: str
    explains: str
    families: Sequence[Line]
    rules: Sequence[Line]


def judgement(assessment: Assessment, verdicts: Iterable[Verdict] | None) -> Judgement:
    """What the policy made of the scores; "not judged" where there are no verdicts."""
    policy = (assessment.policy or {}).get("name")
    if verdicts is None:
        if not policy:
            explains = "The figures below stand for themselves until a policy judges them."
            return Judgement("not judged", "Not judged", explains, (), ())
        explains = f"The policy “{policy}” was fixed before the rows were scored; certifying judges by it."
        return Judgement("not judged", "Not judged yet", explains, (), ())
    given = list(verdicts)
    rules = [_rule(assessment, verdict) for verdict in given]
    rules.sort(key=lambda line: (*_WORST_FIRST, line.outcome).index(line.outcome))
    families = [
        Line(worst, family.title)
        if (worst := _worst(v.outcome for v in given if v.family == family.key))
        else Line("no rule", family.title, reason=f"without {family.key} test")
        for family in FAMILIES
    ]
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
    if given and outcome != "pass":
        explains += " Only a pass passes."
    return Judgement(outcome, headline, explains, families, rules)


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
    reason = "" if because and verdict.outcome == "pass" else str(verdict.reason)
    return Line(verdict.outcome, title(verdict.metric), shown, threshold, reason, because)
