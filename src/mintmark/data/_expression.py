r"""Regular expressions that describe a finite shape, as an automaton over letters.

Literals, ``\d \w \s``, classes ``[A-F0-9]`` and ``[[:upper:]]``, ``.``, groups, alternation and
repeats; a repeat without an end counts to eight. Thompson's construction (1968) gives a nondeterministic
automaton, subsets of its states a deterministic one (Rabin and Scott 1959), in which each text has one
path, so that texts can be counted and numbered.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import NoReturn

from mintmark.errors import InputError

__all__ = ["Automaton", "automaton"]

_PRINTABLE = frozenset(map(chr, range(32, 127)))
_DIGITS = frozenset("0123456789")
_WORD = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_") | _DIGITS
_CLASSES = {"d": _DIGITS, "w": _WORD, "s": frozenset(" ")}
_NAMED = {
    "alnum": _WORD - {"_"},
    "alpha": _WORD - _DIGITS - {"_"},
    "ascii": _PRINTABLE,
    "blank": frozenset(" "),
    "digit": _DIGITS,
    "graph": _PRINTABLE - {" "},
    "lower": frozenset(filter(str.islower, _WORD)),
    "print": _PRINTABLE,
    "punct": _PRINTABLE - _WORD - {" "} | {"_"},
    "space": frozenset(" "),
    "upper": frozenset(filter(str.isupper, _WORD)),
    "word": _WORD,
    "xdigit": _DIGITS | frozenset("abcdefABCDEF"),
}
"""Classes of POSIX, as far as they can be printed."""
_CONTROLS = {"t": "\t", "n": "\n", "r": "\r", "f": "\f", "v": "\v"}
_ENDLESS = 8
"""How often a repeat without an end is taken at most."""
_MOST_STATES = 2000
_LONGEST = 256

Letters = frozenset[str]
Edge = tuple[Letters | None, int]  # None moves without a letter


@dataclass(frozen=True)
class Automaton:
    """States 0, 1, ...; 0 is the start. Each letter leads from a state to at most one other.

    Parameters
    ----------
    steps : for each state, (letters in order, next state), next states distinct
    ends : for each state, whether a text may end there
    """

    steps: tuple[tuple[tuple[str, int], ...], ...]
    ends: tuple[bool, ...]


def automaton(pattern: str, column: str) -> Automaton:
    """The texts that match the pattern in full.

    Raises
    ------
    InputError
        If the pattern has something that keys cannot be made from, or nothing matches it.
    """
    reader = _Reader(pattern, column)
    start, end = reader.whole()
    return _determined(reader.edges, start, end, pattern, column)


class _Reader:
    """One pass over a pattern; edges of the nondeterministic automaton gather in `edges`."""

    def __init__(self, pattern: str, column: str) -> None:
        self.text, self.column, self.at = pattern, column, 0
        self.edges: list[list[Edge]] = []

    def state(self) -> int:
        self.edges.append([])
        if len(self.edges) > 20 * _MOST_STATES:
            self.fail("is too large")
        return len(self.edges) - 1

    def fail(self, why: str) -> NoReturn:
        raise InputError(
            f"keys of column {self.column!r} cannot be made from the pattern {self.text!r}: it {why}. Use "
            r"letters, \d, classes such as [A-Z], groups, | and repeats such as {4}."
        )

    def peek(self) -> str:
        return self.text[self.at : self.at + 1]

    def whole(self) -> tuple[int, int]:
        if self.peek() == "^":
            self.at += 1
        if re.search(r"(?<!\\)(?:\\\\)*\$\Z", self.text):
            self.text = self.text[:-1]
        found = self.either()
        if self.at < len(self.text):
            self.fail("has a bracket that nothing opens")
        return found

    def either(self) -> tuple[int, int]:
        start, end = self.state(), self.state()
        while True:
            low, high = self.sequence()
            self.edges[start].append((None, low))
            self.edges[high].append((None, end))
            if self.peek() != "|":
                return start, end
            self.at += 1

    def sequence(self) -> tuple[int, int]:
        start = end = self.state()
        while self.at < len(self.text) and self.peek() not in "|)":
            begun = self.at
            low, high = self.atom()
            done = self.at
            fewest, most = self.repeat()
            after = self.at
            for count in range(most):
                if count:  # an atom that repeats is read again, which copies its states
                    self.at = begun
                    low, high = self.atom()
                    assert self.at == done
                self.edges[end].append((None, low))
                if count >= fewest:
                    self.edges[low].append((None, high))
                end = high
            self.at = after
        return start, end

    def repeat(self) -> tuple[int, int]:
        found = re.compile(r"([?*+])|\{(\d+)(,(\d*))?\}").match(self.text, self.at)
        if not found:
            return 1, 1
        self.at = found.end()
        if self.peek() and self.peek() in "?+*":  # lazy or possessive: the same texts
            self.at += 1
        if found[1]:
            return {"?": (0, 1), "*": (0, _ENDLESS), "+": (1, _ENDLESS)}[found[1]]
        fewest = int(found[2])
        most = fewest if found[3] is None else int(found[4]) if found[4] else fewest + _ENDLESS
        if most > _LONGEST or most < fewest:
            self.fail(f"repeats {found[0]} times")
        return fewest, most

    def atom(self) -> tuple[int, int]:
        letter = self.peek()
        self.at += 1
        if letter == "(":
            if self.peek() == "?":
                named = re.compile(r"\?(?::|P?<\w+>)").match(self.text, self.at)
                if not named:
                    self.fail(f"has the group {self.text[self.at - 1 : self.at + 3]!r}")
                self.at = named.end()
            inner = self.either()
            if self.peek() != ")":
                self.fail("has a bracket that nothing closes")
            self.at += 1
            return inner
        if letter in "*+?{^$" and letter:
            self.fail(f"has {letter!r} where a letter should stand")
        return self.letters(
            self.bracketed() if letter == "[" else _PRINTABLE if letter == "." else self.escaped(letter)
        )

    def letters(self, found: Letters) -> tuple[int, int]:
        start, end = self.state(), self.state()
        self.edges[start].append((found, end))
        return start, end

    def escaped(self, letter: str) -> Letters:
        """What one letter stands for, with the escape that it may begin."""
        if letter != "\\":
            return frozenset(letter)
        mark = self.peek()
        self.at += 1
        if mark in _CLASSES:
            return _CLASSES[mark]
        if mark.lower() in _CLASSES and mark:
            return _PRINTABLE - _CLASSES[mark.lower()]
        if mark in _CONTROLS:
            return frozenset(_CONTROLS[mark])
        if not mark or mark.isalnum():
            self.fail(f"has the escape \\{mark}")
        return frozenset(mark)

    def bracketed(self) -> Letters:
        negated = self.peek() == "^"
        self.at += negated
        found: set[str] = set()
        first = True
        while self.peek() != "]" or first:
            if not self.peek():
                self.fail("has a class that nothing closes")
            first = False
            if self.text.startswith("[:", self.at) and ":]" in self.text[self.at :]:
                found |= self.named()
                continue
            letter = self.peek()
            self.at += 1
            low = self.escaped(letter)
            if self.peek() == "-" and self.text[self.at + 1 : self.at + 2] not in ("]", ""):
                self.at += 1
                end = self.peek()
                self.at += 1
                high = self.escaped(end)
                if len(low) != 1 or len(high) != 1 or min(low) > min(high):
                    self.fail("has a class whose range does not run from one letter to a later one")
                low = frozenset(map(chr, range(ord(min(low)), ord(min(high)) + 1)))
            found |= low
        self.at += 1
        return _PRINTABLE - found if negated else frozenset(found)

    def named(self) -> Letters:
        """The letters of a class such as ``[:upper:]``, or ``[:^upper:]`` for all others."""
        name = self.text[self.at + 2 : self.text.index(":]", self.at)]
        self.at += len(name) + 4
        letters = _NAMED.get(name.removeprefix("^"))
        if letters is None:
            self.fail(f"has the class [:{name}:]")
        return _PRINTABLE - letters if name.startswith("^") else letters


def _determined(edges: list[list[Edge]], start: int, end: int, pattern: str, column: str) -> Automaton:
    """The deterministic automaton, without states from which no text ends."""
    first = _closed(edges, [start])
    number, queue = {first: 0}, [first]
    steps: list[dict[int, str]] = []
    for group in queue:
        goes: dict[str, set[int]] = {}
        for state in group:
            for letters, to in edges[state]:
                for letter in letters or ():
                    goes.setdefault(letter, set()).add(to)
        found: dict[int, str] = {}
        closed: dict[frozenset[int], frozenset[int]] = {}
        for letter in sorted(goes):
            raw = frozenset(goes[letter])
            target = closed.setdefault(raw, _closed(edges, raw))
            if target not in number:
                number[target] = len(number)
                queue.append(target)
            found[number[target]] = found.get(number[target], "") + letter
        steps.append(found)
        if len(number) > _MOST_STATES:
            raise InputError(
                f"the pattern {pattern!r} of column {column!r} is too complicated to make keys "
                "from. Simplify it."
            )
    ends = [end in group for group in queue]
    alive = _alive(steps, ends)
    if 0 not in alive:
        raise InputError(f"nothing matches the pattern {pattern!r} of column {column!r}. Mend it.")
    return Automaton(
        tuple(tuple((letters, to) for to, letters in step.items() if to in alive) for step in steps),
        tuple(ends),
    )


def _closed(edges: list[list[Edge]], states: Iterable[int]) -> frozenset[int]:
    """The states and all that are reached from them without a letter."""
    found, queue = set(states), list(states)
    while queue:
        for letters, to in edges[queue.pop()]:
            if letters is None and to not in found:
                found.add(to)
                queue.append(to)
    return frozenset(found)


def _alive(steps: list[dict[int, str]], ends: list[bool]) -> set[int]:
    """States from which some text ends."""
    before: list[list[int]] = [[] for _ in steps]
    for state, step in enumerate(steps):
        for to in step:
            before[to].append(state)
    found = {state for state, is_end in enumerate(ends) if is_end}
    queue = list(found)
    while queue:
        for state in before[queue.pop()]:
            if state not in found:
                found.add(state)
                queue.append(state)
    return found
