"""Formulas that a user declares as rules: the column is computed, so that no row has to be rejected."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from mintmark.data._chain import leads_to, ordered
from mintmark.data._evidence import may_read
from mintmark.data.dataset import Dataset
from mintmark.data.encode import numbers
from mintmark.data.formula import Comparison, Formula, is_arithmetic, readable

__all__ = ["search"]

Record = Mapping[str, Any]


def search(data: Dataset, records: Sequence[Record], rng: np.random.Generator) -> list[dict[str, Any]]:
    """A record for each rule that says what one column is equal to.

    Rules with a tolerance of their own leave room that a computed column would not use; they, and
    rules about the target, are left to rejection.
    """
    made: dict[str, dict[str, Any]] = {}
    for check in data.schema.checks:
        if check["check"] != "formula" or check.get("tolerance") is not None:
            continue
        rule = Comparison(check["rule"])
        for side, other in (rule.sides, rule.sides[::-1]):
            name = side.column
            if rule.sign != "=" or name is None or not _may_make(data, name, other) or name in made:
                continue
            if leads_to(other.text, name, made):
                continue
            known = ~np.isnan(numbers(data.table[name], data.schema[name]))
            computed = ~np.isnan(other.evaluate(readable(data, other.names)))
            kept = not np.array_equal(known, computed)
            made[name] = {"relation": "formula", "column": name, "formula": other.text, "kept": kept}
            break
    return ordered(made)


def _may_make(data: Dataset, name: str, formula: Formula) -> bool:
    """Whether all that the formula reads is modelled, and the column is a number or date to be made."""
    names = (name, *formula.names)
    there = all(
        n in data.schema and may_read(data.schema[n]) and is_arithmetic(data.schema[n]) for n in names
    )
    return (
        there
        and bool(formula.names)
        and name not in formula.names
        and data.schema[name].is_numeric
        and "target" not in data.schema[name].roles
    )
