"""Policy: rules on the scores' interval bounds, fixed before the data is scored."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from mintmark import registry
from mintmark.assess.assessment import Assessment
from mintmark.data.keys import makes_rows
from mintmark.errors import InputError, UnknownNameError
from mintmark.release.rule import Rule, Verdict, When, choice

__all__ = ["UNSTATED", "Policy", "shipped", "verdicts_of"]

UNSTATED = "nature unstated"

FORMAT = 2
_FOLDER = Path(__file__).parent / "policies"
_NEEDS = ("formal_guarantee",)


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
            choice(f"need of policy {self.name!r}", key, _NEEDS)
            if not isinstance(value, bool):
                raise InputError(f"policy {self.name!r}: needs.{key} must be true or false, not {value!r}.")

    @classmethod
    def load(cls, source: str | Path | Policy | Mapping[str, Any]) -> Policy:
        """A shipped policy by name, one from a YAML file, or the policy handed in.

        Raises
        ------
        UnknownNameError
            If no policy has the name, or the file has a key that does not exist.
            Likewise where a rule names a metric that is not installed. Certificates are read by `parse`,
            which does not ask: whoever verifies one needs no metric.
        InputError
            If the file cannot be read or a value is wrong.
        """
        if isinstance(source, Policy):
            return source
        if isinstance(source, Mapping):
            return cls.from_json(source)._of_known_metrics()
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
        return cls.parse(text, str(path))._of_known_metrics()

    def _of_known_metrics(self) -> Policy:
        """Itself, once every rule names a metric there is: else it is told only after all scoring."""
        known = registry.names("metrics")
        for rule in self.rules:
            for metric in filter(None, (rule.metric, rule.or_metric)):
                choice(f"metric in policy rule {rule.id!r}:", metric.partition(".")[0], known)
        return self

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
            "format": FORMAT
            if any(set(rule.to_json()) & {"each", "when", "fail_below", "fail_above"} for rule in self.rules)
            else 1,  # as it was written
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
        """One verdict for each rule that is asked of such rows, and for each need.

        Where `when` leaves a family that the policy has rules for without any, these rules are "not run":
        a policy that asks nothing of the rows must not pass them.

        Parameters
        ----------
        assessment : mapping
            A report's JSON, the private or the public one: both give the same verdicts.
        nature : str
            What the rows are, as their method stated it.
        personal : bool
            Whether the source is about people; False where its owner declared that it is not.
        """
        sorts = _sorts((assessment.get("tables") or {}).get("schema") or {})
        told = {score["metric"] for score in assessment["scores"] if score.get("status") == "ok"}
        asked = {rule.id for rule in self.rules if _is_asked(rule, sorts, told)}
        families = {rule.family for rule in self.rules if rule.id in asked}
        verdicts = [
            rule.judge(assessment) if rule.id in asked else rule.unasked(_in_words(sorts))
            for rule in self.rules
            if rule.id in asked or rule.family not in families
        ]
        if _removable(assessment):
            verdicts.append(_mask_is_removable())
        if self.needs.get("formal_guarantee"):
            verdicts.append(_formal_guarantee(nature, personal))
        return verdicts


def verdicts_of(assessment: Assessment) -> list[Verdict]:
    """What the policy that an assessment carries, its text included, says of it."""
    policy = Policy.parse((assessment.policy or {})["text"], "the assessment's policy")
    nature = str(assessment.provenance.get("nature") or UNSTATED)
    return policy.judge(assessment.to_json(), nature=nature, personal=assessment.personal)


def _sorts(schema: Mapping[str, Any]) -> set[When | None]:
    """What the rows are, by the kinds and roles of the public schema: the `when` of rules asked of them."""
    columns = [column for column in schema.get("columns") or () if isinstance(column, Mapping)]
    roles = {role for column in columns for role in column.get("roles") or ()}
    found: set[When | None] = {None, "sequence" if roles & {"sequence_key", "sequence_index"} else "table"}
    pictures = any(column.get("kind") == "image" for column in columns)
    if pictures:
        found.add("image")
    # pictures with a class alone have no relation between columns that could be kept, lost or copied
    if not pictures or sum(map(_makes_rows, columns)) > 1:
        found.add("columns")
    return found


def _makes_rows(column: Mapping[str, Any]) -> bool:
    return makes_rows(str(column.get("kind")), column.get("roles") or (), column.get("personal"))


def _is_asked(rule: Rule, sorts: set[When | None], told: set[str]) -> bool:
    """By what the rows are; about several columns also wherever there is a figure to judge."""
    return rule.when in sorts or (
        rule.when == "columns" and not told.isdisjoint({rule.metric, rule.or_metric})
    )


def _in_words(sorts: set[When | None]) -> str:
    main = "a sequence" if "sequence" in sorts else "a table"
    return main if "columns" in sorts else "pictures"


def _removable(assessment: Mapping[str, Any]) -> bool:
    """Whether the rows' randomness that protects follows from a seed."""
    provenance = assessment.get("provenance") or {}
    return bool((provenance.get("parameters") or {}).get("reproducible"))


def _mask_is_removable() -> Verdict:
    return Verdict(
        rule="mask_holds",
        family="privacy",
        metric="mask_holds",
        outcome="fail",
        threshold="what protects by randomness must not follow from a seed",
        reason="the rows were masked with reproducible=True: who tries seeds takes the mask off.",
        because="a seed is short and may be guessed.",
    )


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
