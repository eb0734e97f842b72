"""How a formula reads: text to a tree of numbers, columns and operations.

Precedence climbing (Richards 1979; Pratt 1973), because Python's own parser refuses columns named
`class` or `from`, changes letters in names, and says nothing that helps who wrote the formula.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import NoReturn, TypeVar

from mintmark.errors import InputError, UnknownNameError

__all__ = ["Node", "parse"]

_TOKEN = re.compile(
    r"\s*(?:(?P<date>'[^']*'|\"[^\"]*\"|\d{4}-\d\d-\d\d(?:T\d\d:\d\d(?::\d\d)?)?(?![\w.]))"
    r"|(?P<number>(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)|`(?P<quoted>[^`]+)`|(?P<name>[^\W\d]\w*)"
    r"|(?P<sign><=|>=|==|=|<|>)|(?P<mark>\*\*|[-+*/(),])|(?P<strange>\S))"
)
_BINARY = {"+": 1, "-": 1, "*": 2, "/": 2}
_POWER = 4  # binds closer than the minus before a number, and to the right: -2**2 is -4
_DEEPEST = 50
"""Brackets in brackets; more is no formula that a person wrote."""
_LONGEST = 10_000
_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)

T = TypeVar("T")


@dataclass(frozen=True)
class Node:
    """A number, a date in microseconds since 1970, a column (`op` says which) or an operation on others."""

    op: str
    args: tuple[Node, ...] = ()
    value: float = 0.0
    name: str = ""

    def columns(self) -> list[str]:
        """Names of the columns below, each once, in the order of reading."""
        return list(dict.fromkeys(node.name for node in self.walk() if node.op == "column"))

    def walk(self) -> Iterator[Node]:
        """This node and all below, in the order of reading."""
        stack = [self]
        while stack:
            node = stack.pop()
            yield node
            stack.extend(reversed(node.args))

    def folded(self, do: Callable[[Node, list[T]], T]) -> T:
        """What `do` makes of this node and of what it made of the arguments, from the leaves up.

        Without recursion, because a sum of a thousand columns is a thousand nodes deep.
        """
        made: list[T] = []
        stack = [(self, False)]
        while stack:
            node, seen = stack.pop()
            if node.args and not seen:
                stack += [(node, True), *((arg, False) for arg in reversed(node.args))]
                continue
            first = len(made) - len(node.args)
            made[first:] = [do(node, made[first:])]
        return made[0]


def parse(text: str, functions: dict[str, tuple[int, int]]) -> tuple[Node, str, Node | None]:
    """The tree of an expression, or of both sides of a comparison: (left, sign, right or None).

    Parameters
    ----------
    text : str
    functions : mapping of name to the least and the greatest number of arguments

    Raises
    ------
    InputError
        If the text is no formula; says where.
    UnknownNameError
        If it calls a function that does not exist; the nearest is offered.
    """
    return _Reader(text, functions).whole()


class _Reader:
    """One pass over the tokens of one formula."""

    def __init__(self, text: str, functions: dict[str, tuple[int, int]]) -> None:
        if not isinstance(text, str) or not text.strip():
            raise InputError("a formula is empty; write one such as 'price * quantity'.")
        if len(text) > _LONGEST:
            raise InputError(
                f"a formula of {len(text):,} letters is too long; at most {_LONGEST:,} are read."
            )
        self.text, self.functions = text, functions
        self.tokens = [
            (str(m.lastgroup), m[m.lastgroup], m.start()) for m in _TOKEN.finditer(text) if m.lastgroup
        ]
        self.at = self.depth = 0

    def whole(self) -> tuple[Node, str, Node | None]:
        left = self.expression()
        sort, sign, _ = self.peek()
        right = None
        if sort == "sign":
            self.at += 1
            right = self.expression()
        else:
            sign = ""
        if self.peek()[0] != "end":
            self.fail("an operator" if right is None else "the end")
        return left, "=" if sign == "==" else sign, right

    def peek(self) -> tuple[str, str, int]:
        return self.tokens[self.at] if self.at < len(self.tokens) else ("end", "", len(self.text))

    def fail(self, wanted: str) -> NoReturn:
        sort, word, _ = self.peek()
        found = "it ends" if sort == "end" else f"it has {word!r}"
        hint = ""
        if sort in ("name", "number") and self.at:
            hint = " Put backticks around a column name with a space or a hyphen."
        raise InputError(f"formula {self.text!r}: where {wanted} should stand, {found}.{hint}")

    def expression(self, weakest: int = 0) -> Node:
        self.depth += 1
        if self.depth > _DEEPEST:
            raise InputError(f"formula {self.text!r} is nested more than {_DEEPEST} deep. Split it.")
        left = self.term()
        while (rank := _BINARY.get(self.peek()[1], 0)) > weakest and self.peek()[0] == "mark":
            op = self.peek()[1]
            self.at += 1
            left = Node(op, (left, self.expression(rank)))
        self.depth -= 1
        return left

    def term(self) -> Node:
        """A number, column, call, bracket or signed term, with the power that follows it."""
        sort, word, _ = self.peek()
        if sort == "mark" and word in "+-":
            self.at += 1
            self.depth += 1
            if self.depth > _DEEPEST:
                raise InputError(f"formula {self.text!r} is nested more than {_DEEPEST} deep. Split it.")
            inner = self.term()
            self.depth -= 1
            return inner if word == "+" else Node("negative", (inner,))
        base = self.atom()
        if self.peek()[:2] == ("mark", "**"):
            self.at += 1
            return Node("**", (base, self.expression(_POWER)))
        return base

    def atom(self) -> Node:
        sort, word, _ = self.peek()
        self.at += 1
        if sort == "date":
            return Node("date", value=self.date(word.strip("'\"")))
        if sort == "number" and float(word) < float("inf"):
            return Node("number", value=float(word))
        if sort == "quoted":
            return Node("column", name=word)
        if sort == "name":
            return self.call(word) if self.peek()[:2] == ("mark", "(") else Node("column", name=word)
        if sort == "mark" and word == "(":
            inner = self.expression()
            self.expect(")")
            return inner
        self.at -= 1
        self.fail("a number, a column or '('")

    def date(self, word: str) -> float:
        try:
            moment = dt.datetime.fromisoformat(word)
        except ValueError:
            raise InputError(
                f"formula {self.text!r}: {word!r} is no ISO date such as 2024-05-31. A formula reads numbers "
                "and dates; a column with a space or a hyphen stands in backticks."
            ) from None
        moment = moment if moment.tzinfo else moment.replace(tzinfo=dt.UTC)
        return float((moment - _EPOCH) // dt.timedelta(microseconds=1))

    def call(self, name: str) -> Node:
        if name not in self.functions:
            raise UnknownNameError(f"function in formula {self.text!r}", name, self.functions)
        self.at += 1
        args = [self.expression()]
        while self.peek()[:2] == ("mark", ","):
            self.at += 1
            args.append(self.expression())
        self.expect(")")
        fewest, most = self.functions[name]
        if not fewest <= len(args) <= most:
            count = (
                f"{fewest}" if fewest == most else f"{fewest} or more" if most > 9 else f"{fewest} or {most}"
            )
            raise InputError(f"formula {self.text!r}: {name} takes {count} values, not {len(args)}.")
        return Node(name, tuple(args))

    def expect(self, mark: str) -> None:
        if self.peek()[:2] != ("mark", mark):
            self.fail(f"{mark!r}")
        self.at += 1
