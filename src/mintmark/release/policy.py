"""Policy: rules on the scores' interval bounds, fixed before the data is scored."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, get_args

import yaml

from mintmark.errors import InputError, UnknownNameError
from mintmark.metric import Family
from mintmark.release.public_report import rounded

__all__ = ["FAMILIES", "Outcome", "Policy", "Rule", "Verdict", "shipped"]

Outcome = Literal["pass", "fail", "inconclusive", "not run"]
FAMILIES: tuple[Family, ...] = get_args(Family)
FORMAT = 1
_FOLDER = Path(__file__).parent / "policies"
_NEEDS = ("formal_guarantee",)


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
    because: str

    def __post_init__(self) -> None:
        where = f"policy rule {self.id!r}"
        for name in ("id", "metric", "because"):
            if not isinstance(getattr(self, name), str) or not getattr(self, name).strip():
                raise InputError(f"{where}: {name!r} must be text that says something.")
        _choice(f"family in {where}", self.family, FAMILIES)
        _choice(f"bound in {where}", self.bound, ("interval", "estimate"))
        _choice(f"relative_to in {where}", self.relative_to, ("none", "ceiling", "floor"))
        for name in ("at_least", "at_most", "fail_below", "fail_above", "or_at_least", "or_at_most"):
            object.__setattr__(self, name, _threshold(where, name, getattr(self, name)))
        if (self.at_least is None) == (self.at_most is None):
            raise InputError(f"{where}: give either at_least or at_most, and only one of them.")
        if self.or_at_least is not None and self.or_at_most is not None:
            raise InputError(f"{where}: give either or_at_least or or_at_most, and only one of them.")
        for limit, failing, sign in (("at_least", "fail_below", 1), ("at_most", "fail_above", -1)):
            least, beyond = getattr(self, limit), getattr(self, failing)
            if beyond is not None and (least is None or sign * beyond < sign * least):
                raise InputError(
                    f"{where}: {failing} goes with {limit}, and must be the stricter of the two."
                )
        if self.or_metric is None and (self.or_at_least is not None or self.or_at_most is not None):
            raise InputError(f"{where}: or_at_least and or_at_most need an or_metric.")

    def judge(self, scores: Mapping[str, Mapping[str, Any]], *, holdout: bool = True) -> Verdict:
        """The verdict on scores by name; figures are rounded as the public report rounds them."""
        metric, least, most = self.metric, self.at_least, self.at_most
        other = self.or_metric
        if other is not None and not _was_run(scores.get(metric)) and _was_run(scores.get(other)):
            metric = other
            if self.or_at_least is not None or self.or_at_most is not None:
                least, most = self.or_at_least, self.or_at_most
        outcome, bounds, reason = self._compare(metric, _found(scores, metric), least, most, holdout)
        beyond = self.fail_above if self.fail_below is None else self.fail_below
        if bounds and beyond is not None and metric == self.metric and outcome != "fail":
            clear = _outcome(*bounds, self.fail_below, self.fail_above)
            if clear == "fail":
                outcome, reason = clear, _reason(clear, *bounds, self.fail_below, self.fail_above)
        if metric != self.metric:
            reason = f"{self.metric} was not run, {metric} stands in: {reason}"
        return Verdict(
            rule=self.id, family=self.family, metric=metric, outcome=outcome, bounds=bounds,
            threshold=self._in_words(metric, least, most), reason=reason, because=self.because,
        )  # fmt: skip

    def _compare(
        self,
        metric: str,
        score: Mapping[str, Any] | None,
        least: float | None,
        most: float | None,
        holdout: bool,
    ) -> tuple[Outcome, tuple[float, float] | None, str]:
        if score is None:
            return "not run", None, f"the assessment holds no score {metric}. Assess with this metric."
        if not _was_run(score):
            why = str(score.get("reason") or "the score was not run.")
            hint = (
                ""
                if holdout or "holdout" not in why
                else " Give it with `--holdout FILE` (Python: holdout=...)."
            )
            return "not run", None, why + hint
        ends = score.get("interval") if self.bound == "interval" else [score["estimate"]] * 2
        if not ends or any(end is None for end in ends):
            return "not run", None, f"{metric} has no interval, and the rule bears on one."
        anchor = 0.0
        if self.relative_to != "none":
            if score.get(self.relative_to) is None:
                return "not run", None, f"the {self.relative_to} of {metric} was not measured."
            anchor = rounded(score[self.relative_to])
        low, high = sorted(rounded(rounded(float(end)) - anchor) for end in ends)
        outcome = _outcome(low, high, least, most)
        return outcome, (low, high), _reason(outcome, low, high, least, most)

    def _in_words(self, metric: str, least: float | None, most: float | None) -> str:
        off = "" if self.relative_to == "none" else f" minus its {self.relative_to}"
        limit = f"at least {least:g}" if least is not None else f"at most {most:g}"
        beyond = self.fail_above if self.fail_below is None else self.fail_below
        if beyond is not None and metric == self.metric:
            limit += f" and not clearly {'below' if least is not None else 'above'} {beyond:g}"
        return f"{metric}{off}: {self.bound} {limit}"

    def to_json(self) -> dict[str, Any]:
        """JSON values, defaults left out."""
        return {
            item.name: value
            for item in dataclasses.fields(self)
            if (value := getattr(self, item.name)) != item.default
        }


def _found(scores: Mapping[str, Mapping[str, Any]], name: str) -> Mapping[str, Any] | None:
    """The score; where its whole metric was not run ("tstr" for "tstr.gap"), the record that says why."""
    score = scores.get(name, scores.get(name.partition(".")[0]))
    return score if name in scores or not _was_run(score) else None


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


def _choice(what: str, value: object, known: Iterable[str]) -> None:
    if value not in tuple(known):
        raise UnknownNameError(what, value, known)


def _threshold(where: str, name: str, value: Any) -> float | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
        raise InputError(f"{where}: {name} must be a finite number, not {value!r}.")
    return float(value)


@dataclass(frozen=True, kw_only=True)
class Policy:
    """Rules that all must pass before rows may leave.

    Parameters
    ----------
    name : str
    purpose : str
        For whom and what it is meant, in words.
    rules : tuple of Rule
    needs : mapping of bool
        ``formal_guarantee``: rows learnt from people need a proof and not only attacks that
        failed. No method with one exists yet, so such rows end as inconclusive.

    Examples
    --------
    >>> Policy.load("internal").name
    'internal'
    """

    name: str
    purpose: str
    rules: tuple[Rule, ...]
    needs: Mapping[str, bool] = field(default_factory=dict)

    def __post_init__(self) -> None:
        object.__setattr__(self, "rules", tuple(self.rules))
        for key in ("name", "purpose"):
            if not isinstance(getattr(self, key), str) or not getattr(self, key).strip():
                raise InputError(f"policy: {key!r} must be text that says something.")
        if not self.rules:
            raise InputError(f"policy {self.name!r} has no rules. A policy without one tests nothing.")
        seen: set[str] = {"formal_guarantee"}
        for rule in self.rules:
            if rule.id in seen:
                raise InputError(f"policy {self.name!r}: rule id {rule.id!r} is taken. Name each rule once.")
            seen.add(rule.id)
        for key, value in self.needs.items():
            _choice(f"need of policy {self.name!r}", key, _NEEDS)
            if not isinstance(value, bool):
                raise InputError(f"policy {self.name!r}: needs.{key} must be true or false, not {value!r}.")

    @classmethod
    def load(cls, source: str | Path | Policy | Mapping[str, Any]) -> Policy:
        """A shipped policy by name, one from a YAML file, or the policy handed in.

        Raises
        ------
        UnknownNameError
            If no policy has the name, or the file has a key that does not exist.
        InputError
            If the file cannot be read or a value is wrong.
        """
        if isinstance(source, Policy):
            return source
        if isinstance(source, Mapping):
            return cls.from_json(source)
        path = Path(source)
        if str(source) in shipped():
            path = _FOLDER / f"{source}.yaml"
        elif path.suffix not in (".yaml", ".yml", ".json") and not path.is_file():
            raise UnknownNameError("policy", source, shipped())
        try:
            text = path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise InputError(
                f"cannot read the policy {path}: {getattr(error, 'strerror', None) or error}. "
                f"Name a file, or one of {', '.join(shipped())}."
            ) from None
        return cls.parse(text, str(path))

    @classmethod
    def parse(cls, text: str, where: str = "policy") -> Policy:
        """A policy from YAML or canonical text."""
        try:
            values = yaml.safe_load(text)
        except yaml.YAMLError as error:
            raise InputError(f"{where} is no YAML: {' '.join(str(error).split())}.") from None
        if not isinstance(values, Mapping):
            raise InputError(f"{where} must hold the keys name, purpose and rules.")
        return cls.from_json(values)

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Policy:
        """Inverse of `to_json`; an unknown key is refused with the nearest right one."""
        if not isinstance(values.get("format", FORMAT), int) or values.get("format", FORMAT) > FORMAT:
            raise InputError(
                f"the policy has format {values['format']!r}, this version reads up to {FORMAT}. "
                "Upgrade mintmark."
            )
        given = _fields("policy key", {k: v for k, v in values.items() if k != "format"}, cls)
        rules, needs = given.get("rules"), given.get("needs") or {}
        if not isinstance(rules, (list, tuple)) or not all(isinstance(rule, Mapping) for rule in rules):
            raise InputError("policy: 'rules' must be a list of rules, each with its keys.")
        if not isinstance(needs, Mapping):
            raise InputError("policy: 'needs' must hold keys, e.g. formal_guarantee: true.")
        made = tuple(Rule(**_fields("key of a policy rule", rule, Rule)) for rule in rules)
        return cls(**{**given, "rules": made, "needs": dict(needs)})

    def to_json(self) -> dict[str, Any]:
        """JSON values."""
        return {
            "format": FORMAT,
            "name": self.name,
            "purpose": " ".join(self.purpose.split()),
            "needs": dict(self.needs),
            "rules": [rule.to_json() | {"because": " ".join(rule.because.split())} for rule in self.rules],
        }

    @property
    def text(self) -> str:
        """Canonical text: the same for every way of writing the same policy."""
        return json.dumps(self.to_json(), sort_keys=True, indent=1, ensure_ascii=False) + "\n"

    @property
    def digest(self) -> str:
        """SHA-256 of the canonical text."""
        return hashlib.sha256(self.text.encode()).hexdigest()

    def record(self) -> dict[str, str]:
        """What an assessment keeps: name, digest and text."""
        return {"name": self.name, "digest": self.digest, "text": self.text}

    def judge(self, assessment: Mapping[str, Any], *, nature: str, personal: bool = True) -> list[Verdict]:
        """One verdict for each rule and need.

        Parameters
        ----------
        assessment : mapping
            A report's JSON, the private or the public one: both give the same verdicts.
        nature : str
            What the rows are, as their method stated it.
        personal : bool
            Whether the source is about people; False where its owner declared that it is not.
        """
        scores: dict[str, Mapping[str, Any]] = {}
        for score in assessment["scores"]:
            scores.setdefault(score["metric"], score)
        rows = (assessment.get("tables") or {}).get("rows") or {}
        holdout = rows.get("holdout", True) is not None
        verdicts = [rule.judge(scores, holdout=holdout) for rule in self.rules]
        if self.needs.get("formal_guarantee"):
            verdicts.append(_formal_guarantee(nature, personal))
        return verdicts


def _formal_guarantee(nature: str, personal: bool) -> Verdict:
    if nature == "simulated":
        reason = "simulated: no person's data was read."
    elif not personal:
        reason = "the source's owner declared that it is not about people."
    else:
        reason = f"no formal guarantee: the rows are {nature}; attacks that failed bind no later attack."
    return Verdict(
        rule="formal_guarantee",
        family="privacy",
        metric="formal_guarantee",
        outcome="pass" if nature == "simulated" or not personal else "inconclusive",
        threshold="rows learnt from people need a formal guarantee",
        reason=reason,
        because="what is open to all cannot be called back.",
    )


def _fields(what: str, values: Mapping[str, Any], cls: type) -> dict[str, Any]:
    known = {item.name: item for item in dataclasses.fields(cls)}
    for key in values:
        if key not in known:
            raise UnknownNameError(what, key, known)
    missing = dataclasses.MISSING
    for name, item in known.items():
        if name not in values and item.default is missing and item.default_factory is missing:
            raise InputError(f"{what} {name!r} is missing.")
    return dict(values)


def shipped() -> list[str]:
    """Names of the policies that come with mintmark."""
    return sorted(path.stem for path in _FOLDER.glob("*.yaml"))
