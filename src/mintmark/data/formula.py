"""Formula: safe arithmetic over columns, e.g. ``price * quantity`` or ``days(end - start)``.

Numbers are what `mintmark.data.encode.numbers` gives: dates are microseconds since 1970, durations
microseconds, so a difference of dates is a duration and ``days(...)`` makes it a number. Where an
input is missing, or an operation has no finite result (a division by zero, the logarithm of a
negative number), the result is NaN.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Any, NoReturn

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from mintmark.data import _intervals
from mintmark.data._grammar import Node, parse
from mintmark.data._intervals import Interval
from mintmark.data.dataset import Dataset
from mintmark.data.encode import numbers
from mintmark.data.schema import Column, Schema, arrow_type
from mintmark.errors import InputError, UnknownNameError

__all__ = ["FUNCTIONS", "Comparison", "Formula", "is_arithmetic", "readable"]

Floats = npt.NDArray[np.float64]

_HOUR, _DAY = 3.6e9, 8.64e10  # microseconds
_MANY = 100
FUNCTIONS: dict[str, tuple[int, int]] = {
    "min": (1, _MANY), "max": (1, _MANY), "abs": (1, 1), "round": (1, 2), "floor": (1, 1),
    "ceil": (1, 1), "sqrt": (1, 1), "log": (1, 1), "exp": (1, 1), "days": (1, 1), "hours": (1, 1),
    "seconds": (1, 1), "year": (1, 1), "month": (1, 1),
}  # fmt: skip
"""Functions by name, with the least and the greatest number of values they take."""


@dataclass(frozen=True)
class Formula:
    """An expression of numbers, columns, ``+ - * / **``, brackets and `FUNCTIONS`.

    A column whose name has a space, a hyphen or another mark stands in backticks.

    Parameters
    ----------
    text : str

    Raises
    ------
    InputError
        If the text is no such expression; says where.
    """

    text: str

    def __post_init__(self) -> None:
        _, sign, right = parse(self.text, FUNCTIONS)
        if right is not None:
            raise InputError(f"formula {self.text!r}: {sign!r} compares; an expression without it is needed.")
        _check_rounding(self._tree, self.text)

    @cached_property
    def _tree(self) -> Node:
        return parse(self.text, FUNCTIONS)[0]

    @cached_property
    def names(self) -> tuple[str, ...]:
        """The columns that it reads, each once."""
        return tuple(self._tree.columns())

    @property
    def column(self) -> str | None:
        """The column's name where the formula is that column and nothing else."""
        return self._tree.name if self._tree.op == "column" else None

    def evaluate(self, arrays: Mapping[str, npt.NDArray[Any]]) -> Floats:
        """The result for each row.

        Parameters
        ----------
        arrays : mapping of column name to float array, shape (n,)

        Returns
        -------
        float64 array, shape (n,)
            NaN where an input is NaN or the result is not finite.
        """
        n = len(next(iter(arrays.values()))) if arrays else 1
        with np.errstate(all="ignore"):
            out = np.array(
                np.broadcast_to(self._tree.folded(partial(_value, arrays=arrays)), (n,)), dtype=np.float64
            )
        for name in self.names:  # numpy holds that nan ** 0 is 1
            out[np.isnan(arrays[name])] = np.nan
        return out

    def undefined(self, arrays: Mapping[str, npt.NDArray[Any]]) -> npt.NDArray[np.bool_]:
        """Where every input is there and still nothing comes out, shape (n,)."""
        known = ~np.isnan(self.evaluate(arrays))
        for name in self.names:
            known |= np.isnan(arrays[name])
        return ~known

    def bounds(self, ranges: Mapping[str, Interval]) -> Interval:
        """Between which numbers every result lies, by interval arithmetic (Moore 1966).

        Parameters
        ----------
        ranges : mapping of column name to (low, high), infinite where open
            A column that is not named may be anything.
        """
        ends: Interval = self._tree.folded(partial(_bounds, ranges=ranges))
        return ends

    def check_names(self, schema: Schema) -> None:
        """Raise `InputError` where the schema lacks a column or one is no number, date or flag."""
        for name in self.names:
            if name not in schema:
                raise _unknown(name, self.text, schema)
            if not is_arithmetic(schema[name]):
                raise InputError(
                    f"formula {self.text!r}: column {name!r} is {schema[name].kind} of type "
                    f"{schema[name].dtype}, not a number or a date. Declare its kind, or leave it out."
                )

    def unit(self, schema: Schema) -> str:
        """What its results are: "number", "date" or "duration"; "zero" for 0, which is any but a date.

        Raises
        ------
        InputError
            If it mixes dates, durations and numbers.
        """
        unit: str = self._tree.folded(partial(_unit, schema=schema))
        return unit

    def of(self, data: Dataset) -> Floats:
        """`evaluate` on a Dataset's rows, shape (n,)."""
        return (
            self.evaluate(readable(data, self.names))
            if self.names
            else np.full(len(data), self.evaluate({})[0])
        )

    def __str__(self) -> str:
        return self.text


@dataclass(frozen=True)
class Comparison:
    """Two formulas and a sign between them: ``=``, ``<=``, ``<``, ``>=`` or ``>``."""

    text: str

    def __post_init__(self) -> None:
        left, _, right = parse(self.text, FUNCTIONS)
        if right is None:
            raise InputError(f"formula {self.text!r} compares nothing; write one such as 'a + b <= c'.")
        for side in (left, right):
            _check_rounding(side, self.text)

    @cached_property
    def sign(self) -> str:
        """``=``, ``<=``, ``<``, ``>=`` or ``>``."""
        return parse(self.text, FUNCTIONS)[1]

    @cached_property
    def sides(self) -> tuple[Formula, Formula]:
        """What stands left and right of the sign."""
        sign = next(mark for mark in ("<=", ">=", "==", "=", "<", ">") if mark in _bare(self.text))
        at = _bare(self.text).index(sign)
        return Formula(self.text[:at].strip()), Formula(self.text[at + len(sign) :].strip())

    def check_units(self, schema: Schema) -> None:
        """Raise `InputError` where it mixes or compares dates, durations and numbers."""
        _same([side.unit(schema) for side in self.sides], "compares")

    @cached_property
    def names(self) -> tuple[str, ...]:
        """The columns that it reads, each once."""
        return tuple(dict.fromkeys(self.sides[0].names + self.sides[1].names))


def is_arithmetic(column: Column) -> bool:
    """Whether formulas can read the column: numbers, dates, durations, flags, coded categories."""
    kind = arrow_type(column.dtype)
    return column.is_numeric or (
        column.is_discrete
        and (
            pa.types.is_integer(kind)
            or pa.types.is_floating(kind)
            or pa.types.is_boolean(kind)
            or pa.types.is_decimal(kind)
        )
    )


def readable(data: Dataset, names: tuple[str, ...]) -> dict[str, Floats]:
    """The named columns as `evaluate` reads them."""
    return {name: numbers(data.table[name], data.schema[name]) for name in names}


def _unknown(name: str, text: str, schema: Schema) -> InputError:
    bare = [column for column in schema.names if not column.isidentifier() and column in _bare(text)]
    if bare:
        return InputError(
            f"formula {text!r}: put backticks around the column's name, `{bare[0]}`, because it has "
            "other marks than letters, digits and _."
        )
    return UnknownNameError(f"column in formula {text!r}", name, schema.names)


def _bare(text: str) -> str:
    """The text with quoted names blanked, letter for letter."""
    out, quoted = [], False
    for letter in text:
        quoted ^= letter == "`"
        out.append(" " if quoted else letter)
    return "".join(out)


def _check_rounding(tree: Node, text: str) -> None:
    for node in tree.walk():
        places = node.args[1] if node.op == "round" and len(node.args) == 2 else None
        if places and (places.op != "number" or places.value != int(places.value) or places.value > 15):
            raise InputError(f"formula {text!r}: round takes a whole number of digits, e.g. round(x, 2).")


def _unit(node: Node, args: list[str], *, schema: Schema) -> str:
    if node.op == "number":
        return "number" if node.value else "zero"
    if node.op == "column":
        return {"datetime": "date", "timedelta": "duration"}.get(schema[node.name].kind, "number")
    if node.op == "date":
        return "date"
    if node.op in ("+", "-") and "date" in args:
        return _moved(node.op, *args)
    if node.op in ("+", "-", "min", "max"):
        return _same(args, "takes together")
    if node.op in ("*", "/") and args[0] == "duration":
        ratio = node.op == "/" and args[1] == "duration"
        return "number" if ratio else _known(args[1], ("number", "zero"), "duration", node.op)
    if node.op == "*" and args[1] == "duration":
        return _known(args[0], ("number", "zero"), "duration", node.op)
    if node.op in ("days", "hours", "seconds"):
        return _known(args[0], ("date", "duration"), "number", node.op)
    if node.op in ("year", "month"):
        return _known(args[0], ("date",), "number", node.op)
    if node.op in ("negative", "abs") and args[0] != "date":
        return args[0]
    for unit in args:
        _known(unit, ("number", "zero"), "number", node.op)
    return "number"


def _moved(op: str, one: str, other: str) -> str:
    """The unit of a date moved by a duration, or of the time between two dates."""
    if op == "-" and one == other == "date":
        return "duration"
    moves = ("duration", "zero")
    if one in moves and op == "+":
        return "date"
    return _known(other, moves, "date", op) if one == "date" else _mixed(f"takes a {other} from a {one}")


def _same(units: Sequence[str], what: str) -> str:
    """The one unit of all; 0 goes with numbers and durations."""
    found = sorted(set(units) - {"zero"})
    if len(found) > 1 or ("date" in found and "zero" in units):
        _mixed(f"{what} a {found[0]} and a {found[-1] if len(found) > 1 else 'number'}")
    return found[0] if found else "zero"


def _known(unit: str, allowed: Sequence[str], gives: str, op: str) -> str:
    return gives if unit in allowed else _mixed(f"takes a {unit.replace('zero', 'number')} for {op!r}")


def _mixed(what: str) -> NoReturn:
    raise InputError(
        f"it {what}. The time between two dates is a duration, which days(...), hours(...) or seconds(...) "
        "makes a number; a date is written 2024-05-31."
    )


def _value(node: Node, args: list[Any], *, arrays: Mapping[str, npt.NDArray[Any]]) -> Any:
    if node.op in ("number", "date"):
        return np.float64(node.value)
    if node.op == "column":
        return arrays[node.name]
    made = _NUMPY[node.op](*args)
    return np.where(np.isfinite(made), made, np.nan)  # at once: min(1 / 0, 5) is not 5


def _bounds(node: Node, args: list[Interval], *, ranges: Mapping[str, Interval]) -> Interval:
    if node.op in ("number", "date"):
        return node.value, node.value
    if node.op == "column":
        return ranges.get(node.name, (-np.inf, np.inf))
    return _intervals.OF[node.op](*args)


def _calendar(step: str) -> Callable[[Floats], Floats]:
    def part(x: Floats) -> Floats:
        known = np.isfinite(x)
        moments = np.where(known, x, 0).astype(np.int64).astype("datetime64[us]")
        whole = moments.astype(f"datetime64[{step}]").astype(np.int64)
        return np.where(known, whole + 1970 if step == "Y" else whole % 12 + 1, np.nan)

    return part


def _round(x: Floats, places: Any = 0) -> Floats:
    return np.round(x, int(places))


def _least(*values: Floats) -> Floats:
    out = values[0]
    for value in values[1:]:
        out = np.minimum(out, value)
    return out


def _most(*values: Floats) -> Floats:
    return -_least(*(-value for value in values))


_NUMPY: dict[str, Callable[..., Any]] = {
    "+": np.add, "-": np.subtract, "*": np.multiply, "/": np.divide, "**": np.power,
    "negative": np.negative, "min": _least, "max": _most, "abs": np.abs, "round": _round,
    "floor": np.floor, "ceil": np.ceil, "sqrt": np.sqrt, "log": np.log, "exp": np.exp,
    "days": lambda x: x / _DAY, "hours": lambda x: x / _HOUR, "seconds": lambda x: x / 1e6,
    "year": _calendar("Y"), "month": _calendar("M"),
}  # fmt: skip
