"""What a schema's checks mean for fitting and drawing: contradictions, broken real rows, drawing.

Before anything is learnt, rules that cannot hold together are named. Real rows that break a rule
are reported and left out of the learning, so that what is learnt is the law of the rows that hold;
a rule that hardly any real row holds is a mistake in the rule.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from mintmark import registry
from mintmark.check import Check, load
from mintmark.data.claims import Among, Claim, Distinct, Matching, asked, declared
from mintmark.data.conflicts import Domain, columns_of, domains
from mintmark.data.dataset import Dataset
from mintmark.data.keys import is_renewed
from mintmark.data.schema import Schema
from mintmark.data.where import Where
from mintmark.errors import InputError, first_three

__all__ = [
    "Held",
    "check",
    "complete",
    "drawn",
    "held",
    "loaded",
    "on_persons",
    "refuse",
    "refuse_late",
    "refuse_unsaved",
    "rule",
    "tidied",
]

Rule = Check | Mapping[str, Any]

_FEWEST_HELD = 0.01
"""Share of real rows that must hold a rule; below it the rule is taken for a mistake."""


def rule(name: str, **parameters: Any) -> Check:
    """The registered check of that name with these parameters.

    Raises
    ------
    UnknownNameError
        If the name or a parameter does not exist; the nearest is offered.
    InputError
        If a parameter is out of range.

    Examples
    --------
    >>> print(rule("inequality", low="start", high="end"))
    start <= end
    """
    made: Check = registry.find("checks", name)(**parameters)
    return made


def loaded(schema: Schema) -> list[Check]:
    """The checks of a schema."""
    return [load(record) for record in schema.checks]


# -- which rows hold ---------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class Held:
    """Which rows hold one rule.

    Parameters
    ----------
    rule : str
        The rule in words.
    holds : bool array, shape (n,)
    first : tuple of str
        The first three rows that do not hold, in words.
    """

    rule: str
    holds: npt.NDArray[np.bool_]
    first: tuple[str, ...] = ()

    @property
    def broken(self) -> int:
        """How many rows do not hold."""
        return int((~self.holds).sum())

    def to_json(self) -> dict[str, Any]:
        """JSON values without the rows' own."""
        return {"rule": self.rule, "rows": len(self.holds), "broken": self.broken}

    def __str__(self) -> str:
        if not self.broken:
            return f"{self.rule}: all {len(self.holds):,} rows hold"
        share = self.broken / len(self.holds)
        return (
            f"{self.rule}: {self.broken:,} of {len(self.holds):,} rows ({share:.2%}) do not hold, e.g. "
            + "; ".join(self.first)
        )


def check(data: Any, checks: Iterable[Rule] | None = None) -> list[Held]:
    """Which rows of a table hold which rules.

    Parameters
    ----------
    data : Dataset, or a table that `mintmark.read` takes
    checks : iterable of Check or of records ``{"check": name, **parameters}``, optional
        The rules of the table's own schema by default.

    Returns
    -------
    list of Held
        One for each rule: ``rule``, ``holds`` (bool array, shape (n,)), ``broken``, ``first``.

    Raises
    ------
    InputError
        If there are no rules, or one does not suit the table.
    """
    if not isinstance(data, Dataset):
        from mintmark.data.read import read

        data = read(data)
    rules = loaded(data.schema if checks is None else data.with_checks(*checks).schema)
    if not rules:
        raise InputError("there is no rule to check. Give checks=[...], or declare them in the schema.")
    for one in rules:
        if one.needs_data:
            raise InputError(
                f"the rule '{one}' needs a fitted model, or values of its own, to say what holds."
            )
    return [held(one, data) for one in rules]


def held(one: Check, data: Dataset) -> Held:
    """Which rows hold the rule, with the first that do not."""
    holds = one.holds(data)
    names = one.reads or tuple(data.names[:4])
    return Held(str(one), holds, tuple(_shown(data, row, names) for row in np.flatnonzero(~holds)[:3]))


def _shown(data: Dataset, row: int, names: Sequence[str]) -> str:
    values = (
        f"{name} = {'(personal)' if data.schema[name].personal else data.table[name][row].as_py()}"
        for name in names[:6]
    )
    return f"row {row + 1:,}: " + ", ".join(values)


# -- before the fit ----------------------------------------------------------------------------


def tidied(data: Dataset) -> tuple[Dataset, list[Held]]:
    """The rows that hold every rule, and the rules that real rows break; these are warned of.

    Raises
    ------
    InputError
        If a rule does not suit the table, has no answer on some row, or is held by hardly any row;
        or if rules contradict one another.
    """
    rules = loaded(data.schema)
    for one in rules:
        one.suits(data.schema)
    refuse(data.schema)
    broken = []
    valid = np.ones(len(data), dtype=bool)
    for one in rules:
        one.refuse(data)
        found = held(one, data)
        _believe(found)
        valid &= found.holds
        if found.broken:
            broken.append(found)
    if broken and valid.sum() < max(2, _FEWEST_HELD * len(data)):
        raise InputError(
            f"only {valid.sum():,} of {len(data):,} real rows hold every rule; most break "
            f"'{max(broken, key=lambda found: found.broken).rule}'. Mend the rules."
        )
    for found in broken:
        warnings.warn(f"the rule {found}. They are left out of the learning.", stacklevel=4)
    return (data.take(valid) if broken else data), broken


def _believe(found: Held) -> None:
    kept = int(found.holds.sum())
    if found.broken and kept < max(2, _FEWEST_HELD * len(found.holds)):
        raise InputError(
            f"the rule '{found.rule}' holds for {kept:,} of {len(found.holds):,} real rows, e.g. not for "
            f"{'; '.join(found.first)}. Mend the rule, or the columns that it names."
        )


def complete(schema: Schema, data: Dataset) -> Schema:
    """The schema with its rules filled in from protected rows, checked against its own bounds."""
    made = replace(schema, checks=tuple(one.completed(data).record for one in loaded(schema)))
    refuse(made)
    return made


def refuse(schema: Schema, where: Where | None = None, rows: int = 0) -> None:
    """Raise `InputError` where rules, bounds, categories and a condition contradict one another.

    Parameters
    ----------
    rows : int
        How many rows are to be unique.
    """
    for one in loaded(schema):
        _refuse_on_keys(one, schema)
    _refuse_two_patterns(schema)
    claims = [(f"the rule '{one}'", claim) for one in loaded(schema) for claim in one.claims(schema)]
    if where:  # a rule holds where one of its columns is missing, so it need not bind the rows asked for
        claims = [(rule, claim) for rule, claim in claims if _binds(claim, schema, _present(where))]
    if not claims:
        return
    told = [*claims, *declared(schema), *asked(where or {}, schema)]
    left = domains(schema, told)
    for named, claim in claims:
        if isinstance(claim, Distinct) and rows > (most := _most(claim, left, told, _present(where or {}))):
            raise InputError(
                f"{rows:,} rows are asked for, but {named} leaves only {most:,.0f}: no more different "
                f"values of {first_three(claim.columns)} can occur. Ask for fewer rows, or drop the rule."
            )


def _present(where: Where) -> set[str]:
    """The columns that rows asked for never miss."""
    return {
        name
        for name, wanted in where.items()
        if wanted is not None and not (isinstance(wanted, (list, set, frozenset)) and None in wanted)
    }


def _binds(claim: Claim, schema: Schema, present: set[str]) -> bool:
    """Whether the claim holds of every row asked for; of one column, or of rows, it always does."""
    names = columns_of(claim)
    if isinstance(claim, Distinct) or len(names) == 1:
        return True
    return all(name in present or schema[name].missing == 0 for name in names)


def refuse_late(schema: Schema) -> None:
    """Raise `InputError` where a rule cannot be added to what is fitted already."""
    for one in loaded(schema):
        one.suits(schema)
        if one.needs_data:
            raise InputError(
                f"the rule '{one}' takes from the real data what holds, which a fitted model no longer "
                "has. Declare it before the fit, or give its values."
            )
        _refuse_late_pattern(one, schema)
    refuse(schema)


def _refuse_late_pattern(one: Check, schema: Schema) -> None:
    """The texts that keys are made from are settled by the fit, which knows the real ones."""
    for claim in one.claims(schema):
        if not isinstance(claim, Matching) or schema[claim.column].personal:
            continue
        if is_renewed(schema[claim.column]) and schema[claim.column].format != claim.pattern:
            raise InputError(
                f"the rule '{one}' is about the key {claim.column!r}, whose texts the fit has settled. "
                "Declare it before the fit."
            )


def refuse_unsaved(schema: Schema) -> None:
    """Raise `InputError` where a rule is a function that no name leads back to."""
    for record in schema.checks:
        for value in record.values():
            if callable(value):
                raise InputError(
                    f"the rule '{load(record)}' is a function without a name to import it by, which cannot "
                    "be saved. Put it into a module and give 'module:function'."
                )


def _refuse_on_keys(one: Check, schema: Schema) -> None:
    """A key is made after the rows are drawn: it can have a pattern and be unique, nothing else."""
    made = [name for name in one.reads if is_renewed(schema[name])]
    claims = one.claims(schema)
    kept = claims and all(isinstance(claim, Distinct | Matching) for claim in claims)
    on_persons = not claims and all(schema[name].personal for name in made)
    if made and not kept and not on_persons:
        raise InputError(
            f"the rule '{one}' is about column {made[0]!r}, a key or personal, which is made anew for every "
            "row. It can have a pattern and be unique, nothing else. Drop the rule, or the column's role."
        )


def _refuse_two_patterns(schema: Schema) -> None:
    """The texts of a key are made from one pattern."""
    first: dict[str, tuple[Check, str]] = {}
    for one in loaded(schema):
        for claim in one.claims(schema):
            if not isinstance(claim, Matching) or not is_renewed(schema[claim.column]):
                continue
            other, pattern = first.setdefault(claim.column, (one, claim.pattern))
            if pattern != claim.pattern and not schema[claim.column].personal:
                raise InputError(
                    f"the rules '{other}' and '{one}' are both about the key {claim.column!r}, which is made "
                    "from one pattern. Write one that says both, or drop one of them."
                )


def _most(
    claim: Distinct, left: Mapping[str, Domain], told: list[tuple[str, Claim]], sure: set[str]
) -> float:
    """How many different rows the columns can hold; `sure` are never missing."""
    sizes = {
        name: math.inf
        if is_renewed(left[name].column)
        else left[name].size() + (left[name].column.missing != 0 and name not in sure)
        for name in claim.columns
    }
    most = math.prod(sizes.values())
    for _, other in told:
        if isinstance(other, Among) and len(other.columns) > 1 and set(other.columns) <= set(sizes):
            if any(left[name].column.missing != 0 and name not in sure for name in other.columns):
                continue  # a missing value stands beside any other
            kept = sum(
                all(left[name].holds(value) for name, value in zip(other.columns, row, strict=True))
                for row in other.rows
            )
            most = min(
                most, kept * math.prod(size for name, size in sizes.items() if name not in other.columns)
            )
    return most


# -- drawing -----------------------------------------------------------------------------------


def on_persons(schema: Schema) -> list[Check]:
    """The rules that read a personal column, and so are held where surrogates are made."""
    return [one for one in loaded(schema) if any(schema[name].personal for name in one.reads)]


def drawn(schema: Schema, modelled: Schema) -> list[Check]:
    """The rules that drawn rows are held to: those that read no column which is made at assembly."""
    made = set(schema.names) - set(modelled.names)
    return [one for one in loaded(schema) if not made & set(one.reads)]
