"""Rule: one threshold on a score, or on each of its columns, pairs or subgroups; Verdict: what it says."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any, Literal, get_args

from mintmark.errors import InputError, UnknownNameError, first_three
from mintmark.metric import Family
from mintmark.release.drilldown import EACH, by_part, entries, scored
from mintmark.release.public_report import rounded

__all__ = ["FAMILIES", "Each", "Outcome", "Rule", "Verdict", "When", "choice"]

Outcome = Literal["pass", "fail", "inconclusive", "not run"]
Each = Literal["column", "pair", "group"]
When = Literal["table", "sequence", "image", "columns"]
FAMILIES: tuple[Family, ...] = get_args(Family)
_Compared = tuple[Outcome, tuple[float, float] | None, str]
_NOT_RUN: Outcome = "not run"
_WORST_FIRST: tuple[Outcome, ...] = ("fail", "inconclusive", "not run", "pass")


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """What one rule says of one assessment.

    Parameters
    ----------
    rule : str
        The rule's id.
    family : "fidelity", "utility" or "privacy"
    metric : str
    outcome : "pass", "fail", "inconclusive" or "not run"
        Only pass passes.
    bounds : (float, float), optional
        What was compared, after rounding and after taking off the anchor; both ends are the
        estimate where the rule bears on it.
    threshold : str
        The rule in words.
    reason : str
        Why the outcome is what it is.
    because : str
        Why the policy has the rule; never changes the outcome.
    """

    rule: str
    family: Family
    metric: str
    outcome: Outcome
    bounds: tuple[float, float] | None = None
    threshold: str = ""
    reason: str = ""
    because: str = ""

    def to_json(self) -> dict[str, Any]:
        """JSON values."""
        return dataclasses.asdict(self) | {"bounds": None if self.bounds is None else list(self.bounds)}


@dataclass(frozen=True, kw_only=True)
class Rule:
    """One threshold on one score.

    Parameters
    ----------
    id : str
    family : "fidelity", "utility" or "privacy"
    metric : str
        A score's name, e.g. "tstr.gap".
    at_least, at_most : float
        Exactly one of them. The whole interval must keep it.
    fail_below, fail_above : float, optional
        Stricter than the threshold: where the whole interval lies beyond, the rule fails although
        the threshold is kept. For what must not be *shown* at all, while few rows cannot rule it out.
    bound : "interval" or "estimate"
    relative_to : "none", "ceiling" or "floor"
        The anchor taken off before comparing.
    or_metric : str, optional
        The score that stands in where `metric` was not run, and only there.
    or_at_least, or_at_most : float, optional
        Its own threshold; the rule's where absent.
    each : "column", "pair" or "group", optional
        The rule bears on every figure in the score's drill-down of that name that may be published;
        its outcome is the worst of them.
    only : tuple of str
        With `each`: columns whose figures count; of a pair one of its columns must be named.
    when : "table", "sequence", "image" or "columns", optional
        Rows of which the rule is asked: with a column of pictures ("image"), or with several columns that
        make up a row, which all have but pictures with at most one beside them, and wherever the score was
        run ("columns"). Of the
        others it says nothing, unless the policy has no other rule of its family: then it is "not run".
    because : str
        The reason in words, for the reader of the certificate.
    """

    id: str
    family: Family
    metric: str
    at_least: float | None = None
    at_most: float | None = None
    fail_below: float | None = None
    fail_above: float | None = None
    bound: Literal["interval", "estimate"] = "interval"
    relative_to: Literal["none", "ceiling", "floor"] = "none"
    or_metric: str | None = None
    or_at_least: float | None = None
    or_at_most: float | None = None
    each: Each | None = None
    only: tuple[str, ...] = ()
    when: When | None = None
    because: str

    def __post_init__(self) -> None:
        where = f"policy rule {self.id!r}"
        for name in ("id", "metric", "because"):
            if not isinstance(getattr(self, name), str) or not getattr(self, name).strip():
                raise InputError(f"{where}: {name!r} must be text that says something.")
        choice(f"family in {where}", self.family, FAMILIES)
        choice(f"bound in {where}", self.bound, ("interval", "estimate"))
        choice(f"relative_to in {where}", self.relative_to, ("none", "ceiling", "floor"))
        for name in ("at_least", "at_most", "fail_below", "fail_above", "or_at_least", "or_at_most"):
            object.__setattr__(self, name, _threshold(where, name, getattr(self, name)))
        if (self.at_least is None) == (self.at_most is None):
            raise InputError(f"{where}: give either at_least or at_most, and only one of them.")
        if self.or_at_least is not None and self.or_at_most is not None:
            raise InputError(f"{where}: give either or_at_least or or_at_most, and only one of them.")
        for limit, failing, sign in (("at_least", "fail_below", 1), ("at_most", "fail_above", -1)):
            least, beyond = getattr(self, limit), getattr(self, failing)
            if beyond is not None and (least is None or sign * beyond < sign * least):
                raise InputError(f"{where}: {failing} goes with {limit} and is the stricter of the two.")
        if self.or_metric is None and (self.or_at_least is not None or self.or_at_most is not None):
            raise InputError(f"{where}: or_at_least and or_at_most need an or_metric.")
        self._check_each(where)

    def _check_each(self, where: str) -> None:
        if self.each is not None:
            choice(f"each in {where}", self.each, EACH)
        if self.when is not None:
            choice(f"when in {where}", self.when, get_args(When))
        if isinstance(self.only, str) or not all(isinstance(name, str) for name in self.only):
            raise InputError(f"{where}: only must be a list of columns, not {self.only!r}.")
        if self.only and self.each is None:
            raise InputError(f"{where}: only names columns of a drill-down; say each: column, pair or group.")
        object.__setattr__(self, "only", tuple(self.only))

    def judge(self, report: Mapping[str, Any]) -> Verdict:
        """The verdict on a report's JSON; figures are rounded as the public report rounds them.

        Of a database every table (or key) is judged by itself and the worst counts.
        """
        scores: dict[str, Mapping[str, Any]] = {}
        for score in report["scores"]:
            scores.setdefault(score["metric"], score)
        tables = report.get("tables") or {}
        parts = by_part({name: scores[name] for name in (self.metric, self.or_metric) if name in scores})
        if self.each is not None:  # what was not run for a part has no entry that could be judged
            lost = {part: own for part, own in parts.items() if not any(map(_was_run, own.values()))}
            parts = {"the rest": scores, **lost} if lost else {}
        if len(parts) < 2:
            return self._judge(scores, tables)
        judged = {part: self._judge(own, tables) for part, own in parts.items()}
        compared = [((one.outcome, one.bounds, one.reason), part) for part, one in judged.items()]
        every = f"{len(compared)} parts"
        nearest, (outcome, bounds, reason) = _worst(compared, self.at_least is not None, every)
        return dataclasses.replace(judged[nearest], outcome=outcome, bounds=bounds, reason=reason)

    def _judge(self, scores: Mapping[str, Mapping[str, Any]], tables: Mapping[str, Any]) -> Verdict:
        holdout = (tables.get("rows") or {}).get("holdout", True) is not None
        metric, least, most = self.metric, self.at_least, self.at_most
        other = self.or_metric
        if other is not None and not _was_run(scores.get(metric)) and _was_run(scores.get(other)):
            metric = other
            if self.or_at_least is not None or self.or_at_most is not None:
                least, most = self.or_at_least, self.or_at_most
        found = _found(scores, metric)
        why = _not_run(metric, found, scores, holdout)
        if why or found is None:
            outcome, bounds, reason = _NOT_RUN, None, why
        elif self.each is None:
            outcome, bounds, reason = self._compare(metric, found, least, most)
        else:
            outcome, bounds, reason = self._compare_each(found, least, most, tables.get("schema") or {})
        instead = ((found or {}).get("details") or {}).get("instead")
        if instead and outcome != "pass":
            reason += f" Instead: {instead}."
        if metric != self.metric:
            reason = f"{self.metric} was not run, {metric} stands in: {reason}"
        return Verdict(
            rule=self.id, family=self.family, metric=metric, outcome=outcome, bounds=bounds,
            threshold=self._in_words(metric, least, most), reason=reason, because=self.because,
        )  # fmt: skip

    def unasked(self, kind: str) -> Verdict:
        """The verdict where the policy has rules of this family for other rows than these only."""
        meant = {"image": "pictures", "columns": "several columns"}.get(str(self.when), f"a {self.when}")
        reason = (
            f"the rows are {kind}, the rule is for {meant}, and the policy asks nothing else about "
            f"{self.family}. Choose a policy with rules for {kind}."
        )
        return Verdict(
            rule=self.id, family=self.family, metric=self.metric, outcome=_NOT_RUN,
            threshold=self._in_words(self.metric, self.at_least, self.at_most), reason=reason,
            because=self.because,
        )  # fmt: skip

    def _compare_each(
        self, score: Mapping[str, Any], least: float | None, most: float | None, schema: Mapping[str, Any]
    ) -> _Compared:
        """The worst of the entries; those alike in outcome are ordered by how far they are off."""
        assert self.each is not None
        listed = entries(score, self.each, schema)
        found = [entry for entry in listed if not self.only or set(entry.columns) & set(self.only)]
        absent = sorted(set(self.only) - {name for entry in found for name in entry.columns})
        if absent or not found:
            return _NOT_RUN, None, self._absent(score, absent, len(listed), schema)
        judged = [(self._compare(entry.name, entry.figures, least, most), entry.name) for entry in found]
        every = self._every(len(found), len(listed), scored(score, self.each))
        return _worst(judged, least is not None, every)[1]

    def _every(self, found: int, listed: int, many: int) -> str:
        """How many entries the rule bore on, and of how many, in words."""
        if many <= listed:
            return f"{found} {self.each}{'s' * (found > 1)}"
        told = f"the {listed} {'farthest' if self.each == 'pair' else 'told'} of {many} {self.each}s"
        return told if found == listed else f"{found} among {told}"

    def _absent(
        self, score: Mapping[str, Any], absent: list[str], listed: int, schema: Mapping[str, Any]
    ) -> str:
        """Why there is no figure for the columns that the rule names, or for any."""
        many, which = scored(score, self.each or ""), first_three(map(repr, absent))
        public = {column["name"] for column in schema.get("columns") or ()}
        if not absent or many <= listed or not set(absent) <= public:
            return (
                f"{score['metric']} has no figure by {self.each}{which and f' for {which}'} that may be "
                "published."
            )
        why = "all of its pairs are nearer to the real rows than these"
        if self.each == "group":
            why = "its groups are nearer to the real rows than these, or may not be published"
        return (
            f"{score['metric']} tells {self._every(listed, listed, many)}, and none of {which}: {why}, and "
            "what is not told is not judged. Leave `only` away, or name columns that are told."
        )

    def _compare(
        self, name: str, score: Mapping[str, Any], least: float | None, most: float | None
    ) -> _Compared:
        ends = score.get("interval") if self.bound == "interval" else [score["estimate"]] * 2
        if not ends or any(end is None for end in ends):
            return _NOT_RUN, None, f"{name} has no interval, and the rule bears on one."
        anchor = 0.0
        if self.relative_to != "none":
            if score.get(self.relative_to) is None:
                return _NOT_RUN, None, f"the {self.relative_to} of {name} was not measured."
            anchor = rounded(score[self.relative_to])
        low, high = sorted(rounded(rounded(float(end)) - anchor) for end in ends)
        if self._strict(least, most) and _outcome(low, high, self.fail_below, self.fail_above) == "fail":
            least, most = self.fail_below, self.fail_above
        outcome = _outcome(low, high, least, most)
        return outcome, (low, high), _reason(outcome, low, high, least, most)

    def _strict(self, least: float | None, most: float | None) -> bool:
        """Whether the rule has a stricter limit; a stand-in with a threshold of its own has none."""
        own = (least, most) == (self.at_least, self.at_most)
        return own and (self.fail_below is not None or self.fail_above is not None)

    def _in_words(self, metric: str, least: float | None, most: float | None) -> str:
        off = "" if self.relative_to == "none" else f" minus its {self.relative_to}"
        limit = f"at least {least:g}" if least is not None else f"at most {most:g}"
        if self._strict(least, most):
            beyond = f"below {self.fail_below:g}" if least is not None else f"above {self.fail_above:g}"
            limit += f" and not clearly {beyond}"
        each = f" of each {self.each}" if self.each else ""
        only = f" ({', '.join(self.only)})" if self.only else ""
        return f"{metric}{off}: {self.bound}{each}{only} {limit}"

    def to_json(self) -> dict[str, Any]:
        """JSON values, defaults left out."""
        return {
            item.name: list(value) if isinstance(value, tuple) else value
            for item in dataclasses.fields(self)
            if (value := getattr(self, item.name)) != item.default
        }


def _worst(judged: list[tuple[_Compared, str]], least: bool, every: str) -> tuple[str, _Compared]:
    """The worst of the named outcomes, `every` in words; those alike are ordered by how far they are off."""
    judged = sorted(judged, key=lambda one: (_WORST_FIRST.index(one[0][0]), _edge(one[0][1], least)))
    (outcome, bounds, reason), nearest = judged[0]
    alike = [one for one in judged if one[0][0] == outcome]
    if outcome == "pass":
        return nearest, (outcome, bounds, f"all of {every} keep it; nearest {nearest}: {reason}")
    told = [f"{name}: {said.rstrip('.')}" for (_, _, said), name in alike[:3]]
    more = f"; and {len(alike) - 3} more" if len(alike) > 3 else ""
    return nearest, (outcome, bounds, f"{len(alike)} of {every}: {'; '.join(told)}{more}.")


def _found(scores: Mapping[str, Mapping[str, Any]], name: str) -> Mapping[str, Any] | None:
    """The score; where its whole metric was not run ("tstr" for "tstr.gap"), the record that says why."""
    score = scores.get(name, scores.get(name.partition(".")[0]))
    return score if name in scores or not _was_run(score) else None


def _not_run(metric: str, score: Mapping[str, Any] | None, held: Iterable[str], holdout: bool) -> str:
    """Why there is nothing to compare; empty where there is."""
    if score is None:
        near = get_close_matches(metric, held, n=1, cutoff=0.8)
        meant = f"Did you mean {near[0]!r}? If not, assess" if near else "Assess"
        return f"the assessment holds no score {metric}. {meant} with this metric."
    if _was_run(score):
        return ""
    why = str(score.get("reason") or "the score was not run.")
    hint = "" if holdout or "holdout" not in why else " Give it with `--holdout FILE` (Python: holdout=...)."
    return why + hint


def _edge(bounds: tuple[float, float] | None, least: bool) -> float:
    """What of an interval is nearest to breaking a rule, the worse the smaller."""
    return 0.0 if bounds is None else bounds[0] if least else -bounds[1]


def _was_run(score: Mapping[str, Any] | None) -> bool:
    return score is not None and score.get("status") == "ok" and score.get("estimate") is not None


def _outcome(low: float, high: float, least: float | None, most: float | None) -> Outcome:
    if least is not None:
        return "pass" if low >= least else "fail" if high < least else "inconclusive"
    assert most is not None  # a rule has one of the two
    return "pass" if high <= most else "fail" if low > most else "inconclusive"


def _reason(outcome: Outcome, low: float, high: float, least: float | None, most: float | None) -> str:
    figures = f"{low:g}" if low == high else f"{low:g} to {high:g}"
    limit = f"{least if least is not None else most:g}"
    if outcome == "inconclusive":
        return f"{figures} lies on both sides of {limit}; more rows, synthetic or held out, would narrow it."
    kept = ("at least", "below") if least is not None else ("at most", "above")
    return f"{figures} is {kept[0] if outcome == 'pass' else kept[1]} {limit}."


def choice(what: str, value: object, known: Iterable[str]) -> None:
    """Raise `UnknownNameError` with the nearest where the value is none of the known."""
    if value not in tuple(known):
        raise UnknownNameError(what, value, known)


def _threshold(where: str, name: str, value: Any) -> float | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
        raise InputError(f"{where}: {name} must be a finite number, not {value!r}.")
    return float(value)
