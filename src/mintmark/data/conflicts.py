"""Which values a set of claims leaves to each column, and which claims cannot hold together.

Bounds are propagated along inequalities, combinations and formulas until nothing changes, as in
arc consistency on intervals (Mackworth 1977; Davis 1987). Each end of a range and each list of values
remembers the rules that made it so, and a contradiction names them. What is found is
contradictory; what is not found may still leave no row.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any, NoReturn

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from mintmark.data.claims import Among, Below, Claim, Compared, Matching, Within
from mintmark.data.encode import _STEP, bound
from mintmark.data.schema import Column, Schema
from mintmark.errors import InputError, first_three

__all__ = ["Domain", "columns_of", "domains"]

Why = tuple[str, ...]
_ROUNDS = 50
_SHOWN = 8
"""Most rules that a contradiction names."""
_SLACK = 1e-9  # of a formula's bounds: sums of floats are off in the last digits


@dataclass(frozen=True)
class Domain:
    """What is left to one column: an interval of encoded numbers, or a set of values."""

    column: Column
    low: float = -np.inf
    high: float = np.inf
    low_open: bool = False
    high_open: bool = False
    values: frozenset[Any] | None = None
    low_why: Why = ()
    high_why: Why = ()
    values_why: Why = ()

    def size(self) -> float:
        """How many values can occur, infinite where nothing says; missing is not counted."""
        if self.values is not None:
            return len(self.values)
        step = _step(self.column)
        if not step or not math.isfinite(self.high - self.low):
            return math.inf
        return math.floor(self.high / step + 1e-6) - math.ceil(self.low / step - 1e-6) + 1

    def holds(self, value: Any) -> bool:
        """Whether a value, as `Among` gives it, is left."""
        if self.values is not None and _plain(value, self.column) not in self.values:
            return False
        if self.values is not None or (self.low == -np.inf and self.high == np.inf):
            return True
        x = bound(value, self.column) if self.column.is_numeric else _number(value, self.column)
        if x is None:
            return True
        return (x > self.low if self.low_open else x >= self.low) and (
            x < self.high if self.high_open else x <= self.high
        )

    @property
    def why(self) -> Why:
        """The rules that made the domain what it is."""
        return _joined(self.low_why, self.high_why, self.values_why)


def domains(schema: Schema, claims: Iterable[tuple[str, Claim]]) -> dict[str, Domain]:
    """What the claims leave to each column.

    Parameters
    ----------
    schema : Schema
    claims : iterable of (name of the rule, claim)

    Raises
    ------
    InputError
        If claims contradict one another; names them.
    """
    said = [(rule, claim) for rule, claim in claims if columns_of(claim) <= set(schema.names)]
    _refuse_cycles([(rule, claim) for rule, claim in said if isinstance(claim, Below)])
    left = {column.name: Domain(column) for column in schema}
    for _ in range(_ROUNDS):
        before = dict(left)
        for rule, claim in said:
            _narrow(left, rule, claim)
        if left == before:
            break
    return left


def columns_of(claim: Claim) -> set[str]:
    """The columns that a claim speaks of."""
    if isinstance(claim, Below):
        return {claim.low, claim.high}
    if isinstance(claim, Compared):
        return set(claim.comparison.names)
    return set(getattr(claim, "columns", None) or [claim.column])  # type: ignore[union-attr]  # one of the two


def _narrow(left: dict[str, Domain], rule: str, claim: Claim) -> None:
    if isinstance(claim, Within):
        left[claim.column] = _within(
            left[claim.column], claim.low, claim.high, claim.strict, claim.strict, (rule,)
        )
    elif isinstance(claim, Below):
        low, high, strict = left[claim.low], left[claim.high], claim.strict
        (least, _), (_, most) = _range(low), _range(high)
        left[claim.low] = _within(
            low,
            high=most,
            high_open=strict or high.high_open,
            why=_joined((rule,), high.high_why, high.values_why),
        )
        left[claim.high] = _within(
            high,
            low=least,
            low_open=strict or low.low_open,
            why=_joined((rule,), low.low_why, low.values_why),
        )
    elif isinstance(claim, Among):
        _among(left, rule, claim)
    elif isinstance(claim, Matching):
        _matching(left, rule, claim)
    elif isinstance(claim, Compared):
        _compared(left, rule, claim)


def _within(
    domain: Domain, low: float = -np.inf, high: float = np.inf, low_open: bool = False,
    high_open: bool = False, why: Why = (),
) -> Domain:  # fmt: skip
    """The domain inside an interval."""
    if domain.column.kind == "integer":  # 5 < x is 6 <= x
        low, low_open = (
            (math.floor(low) + 1 if low_open else math.ceil(low), False)
            if math.isfinite(low)
            else (low, False)
        )
        high, high_open = (
            (math.ceil(high) - 1 if high_open else math.floor(high), False)
            if math.isfinite(high)
            else (high, False)
        )
    if domain.values is not None:
        kept = frozenset(
            v for v in domain.values if _inside(v, domain.column, low, high, low_open, high_open)
        )
        if not kept:
            _contradict(_joined(domain.values_why, why), domain.column.name)
        if kept != domain.values:
            domain = replace(domain, values=kept, values_why=_joined(domain.values_why, why))
        return domain
    if (low, low_open) > (domain.low, domain.low_open):
        domain = replace(domain, low=low, low_open=low_open, low_why=why)
    if (-high, high_open) > (-domain.high, domain.high_open):
        domain = replace(domain, high=high, high_open=high_open, high_why=why)
    if domain.low > domain.high or (domain.low == domain.high and (domain.low_open or domain.high_open)):
        _contradict(_joined(domain.low_why, domain.high_why), domain.column.name)
    return domain


def _inside(value: Any, column: Column, low: float, high: float, low_open: bool, high_open: bool) -> bool:
    x = _number(value, column)
    if x is None:
        return True
    return (x > low if low_open else x >= low) and (x < high if high_open else x <= high)


def _among(left: dict[str, Domain], rule: str, claim: Among) -> None:
    kept = [
        row for row in claim.rows if all(left[c].holds(v) for c, v in zip(claim.columns, row, strict=True))
    ]
    why = _joined((rule,), *(left[c].why for c in claim.columns)) if len(kept) < len(claim.rows) else (rule,)
    if not kept:
        _contradict(why, first_three(claim.columns))
    for position, name in enumerate(claim.columns):
        domain = left[name]
        values = frozenset(_plain(row[position], domain.column) for row in kept)
        if domain.values is None or values < domain.values:
            left[name] = replace(domain, values=values, values_why=why)


def _matching(left: dict[str, Domain], rule: str, claim: Matching) -> None:
    """Of the values that are known, those that match."""
    domain = left[claim.column]
    if domain.values is None or not all(isinstance(value, str) for value in domain.values):
        return
    values = pa.array(sorted(domain.values), pa.string())
    kept = values.filter(pc.match_substring_regex(values, rf"\A(?:{claim.pattern})\z"))
    if len(kept) == len(values):
        return
    why = _joined(domain.values_why, (rule,))
    if not len(kept):
        _contradict(why, claim.column)
    left[claim.column] = replace(domain, values=frozenset(kept.to_pylist()), values_why=why)


def _compared(left: dict[str, Domain], rule: str, claim: Compared) -> None:
    ranges = {name: _range(left[name]) for name in claim.comparison.names}
    sides, sign = claim.comparison.sides, claim.comparison.sign
    (low_a, high_a), (low_b, high_b) = (side.bounds(ranges) for side in sides)
    slack = claim.tolerance + _SLACK * max(
        (abs(end) for end in (low_a, high_a, low_b, high_b) if math.isfinite(end)), default=0.0
    )
    down = sign in ("=", "<=", "<")  # the left is at most the right
    up = sign in ("=", ">=", ">")
    why = _joined((rule,), *(left[name].why for name in claim.comparison.names))
    never = (sign == "<" and low_a >= high_b) or (sign == ">" and high_a <= low_b)
    if never or (down and low_a > high_b + slack) or (up and high_a < low_b - slack):
        _contradict(why, first_three(claim.comparison.names))
    for side, other, below, above in (
        (sides[0], (low_b, high_b), up, down),
        (sides[1], (low_a, high_a), down, up),
    ):
        if side.column is None:
            continue
        low = other[0] - slack if below else -np.inf
        high = other[1] + slack if above else np.inf
        kept = left[side.column]
        left[side.column] = _within(
            kept,
            low,
            high,
            why=_joined((rule,), *(left[n].why for n in claim.comparison.names if n != side.column)),
        )


def _range(domain: Domain) -> tuple[float, float]:
    if domain.values is None:
        return domain.low, domain.high
    found = [_number(value, domain.column) for value in domain.values]
    known = [x for x in found if x is not None]
    return (min(known), max(known)) if known and len(known) == len(found) else (-np.inf, np.inf)


def _number(value: Any, column: Column) -> float | None:
    """A value of a set as a number, None where it is none."""
    return float(value) if isinstance(value, (int, float, np.number)) else None


def _plain(value: Any, column: Column) -> Any:
    """A value as sets hold it: encoded for numeric columns, so that 1 is 1.0 and dates compare."""
    return bound(value, column) if column.is_numeric and value is not None else value


def _step(column: Column) -> float:
    """The least difference of two values, 0 where there is none."""
    if column.kind == "integer":
        return 1.0
    if column.kind == "number" and column.decimals is not None:
        return float(10.0**-column.decimals)
    if column.kind == "datetime":
        return float(_STEP.get(column.resolution or "microsecond", 1))
    return 0.0


def _refuse_cycles(edges: list[tuple[str, Below]]) -> None:
    """Raise where inequalities lead from a column back to itself and one of them is strict."""
    for rule, edge in edges:
        if not edge.strict:
            continue
        path = _path(edge.high, edge.low, edges)
        if path is not None:
            _contradict(_joined((rule,), tuple(path)), edge.low)


def _path(start: str, end: str, edges: list[tuple[str, Below]]) -> list[str] | None:
    """The rules that lead from one column up to another, None where none do."""
    came: dict[str, list[str]] = {start: []}
    queue = [start]
    while queue:
        at = queue.pop(0)
        if at == end:
            return came[at]
        for rule, edge in edges:
            if edge.low == at and edge.high not in came:
                came[edge.high] = [*came[at], rule]
                queue.append(edge.high)
    return None


def _joined(*several: Why) -> Why:
    return tuple(dict.fromkeys(rule for why in several for rule in why))


def _contradict(why: Why, where: str) -> NoReturn:
    if not where:
        raise InputError(f"{' and '.join(why)} can never hold. Mend the rule.")
    if len(why) == 1:
        raise InputError(f"{why[0]}: no value of {where} can hold it. Mend the rule.")
    if len(why) > _SHOWN:
        why = (*why[: _SHOWN - 1], f"{len(why) - _SHOWN + 1} more rules")
    raise InputError(
        f"{' and '.join(why)} cannot hold together: they leave no value to {where}. "
        "Drop or widen one of them."
    )
