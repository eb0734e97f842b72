r"""Shapes of text keys: the texts of a regular expression, counted, numbered and shuffled.

A text's number comes from walking the automaton and counting the texts that each step leaves
behind (Cover 1973, enumerative coding). Where there are more than 2**62 texts, the first letters are
picked by a hash and only the rest is counted, so that numbers stay numbers and texts stay
different. A keyed permutation (a Feistel network with cycle walking, Black and Rogaway 2002) spreads
consecutive numbers over all texts; it mixes and hides nothing.
"""

from __future__ import annotations

import itertools
import re
import string
from collections.abc import Iterable
from functools import cache

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from mintmark.data._expression import Automaton, automaton
from mintmark.stats.splitmix import finalised

__all__ = ["Shape", "common_shape", "shape_of", "shuffled", "unshuffled"]

Numbers = npt.NDArray[np.uint64]

_MOST = 2**62
_ROUNDS = 6
_GOLDEN = 0x9E3779B97F4A7C15


_FEWEST = 10
"""Texts that must have a shape before it is taken from them."""
_PLENTY = 100_000_000
"""Texts of a shape that are enough for any table."""
_LONGEST = 64
_DIGITS, _UPPER, _LOWER = set(string.digits), set(string.ascii_uppercase), set(string.ascii_lowercase)
_KINDS = {
    r"\d": _DIGITS,
    "[0-9a-f]": _DIGITS | set("abcdef"),
    "[0-9A-F]": _DIGITS | set("ABCDEF"),
    "[A-Z]": _UPPER,
    "[a-z]": _LOWER,
    "[0-9A-Z]": _DIGITS | _UPPER,
    "[0-9a-z]": _DIGITS | _LOWER,
    "[A-Za-z]": _UPPER | _LOWER,
    "[0-9A-Za-z]": _DIGITS | _UPPER | _LOWER,
}
"""What a place of a shape may hold, narrowest first."""


class Shape:
    """The texts that match a pattern in full, numbered from 0.

    Parameters
    ----------
    pattern : str
    column : str
        For messages.

    Raises
    ------
    InputError
        If no text matches, or the pattern has something that texts cannot be made from.
    """

    def __init__(self, pattern: str, column: str) -> None:
        self._machine: Automaton = automaton(pattern, column)
        self._left = _counts(self._machine)  # texts of at most k more letters from each state

    @property
    def size(self) -> int:
        """How many texts there are, counted to 2**62."""
        return self._left[-1][0]

    @property
    def longest(self) -> int:
        """Letters of the longest text."""
        return len(self._left) - 1

    def texts(self, numbers: Numbers) -> list[str]:
        """The texts with these numbers, shape (n,); different numbers give different texts."""
        n, longest = len(numbers), len(self._left) - 1
        letters = np.zeros((n, max(longest, 1)), dtype=np.uint32)
        state, rest = np.zeros(n, dtype=np.int64), numbers.astype(np.uint64)
        live = np.ones(n, dtype=bool)
        for at in range(longest):
            before = np.where(live, state, -1)
            for here in np.unique(before[live]):
                rows = np.flatnonzero(before == here)
                done = self._step(int(here), longest - at, rows, letters[:, at], state, rest, numbers)
                live[rows[done]] = False
        return [str(text) for text in letters.view(f"<U{letters.shape[1]}").ravel()]

    def _step(
        self, here: int, k: int, rows: npt.NDArray[np.int64], letters: npt.NDArray[np.uint32],
        state: npt.NDArray[np.int64], rest: Numbers, numbers: Numbers,
    ) -> npt.NDArray[np.bool_]:  # fmt: skip
        """Choose one letter for rows that stand in one state; true where the text ends instead."""
        steps, after = self._machine.steps[here], self._left[k - 1]
        done = np.zeros(len(rows), dtype=bool)
        many = [(marks, to) for marks, to in steps if after[to] >= _MOST]
        if many:  # too many to count: any letter that leaves as many
            marks = np.array([ord(mark) for found, _ in many for mark in found], dtype=np.uint32)
            to = np.array([to for found, to in many for _ in found])
            pick = finalised(numbers[rows] ^ np.uint64(k * _GOLDEN % 2**64)) % np.uint64(len(marks))
            letters[rows], state[rows] = marks[pick], to[pick]
            return done
        left = rest[rows]
        if self._machine.ends[here]:
            done = left == 0
            left = left - np.uint64(1) * ~done
        rows, left = rows[~done], left[~done]
        if len(rows):
            each = [after[to] for _, to in steps]
            ends = np.cumsum(
                [len(marks) * count for (marks, _), count in zip(steps, each, strict=True)], dtype=object
            )
            bounds = np.array([min(int(end), 2**63) for end in ends], dtype=np.uint64)
            step = np.minimum(np.searchsorted(bounds, left, side="right"), len(steps) - 1)
            for which in np.unique(step):
                mine = step == which
                marks, to = steps[which]
                inside = left[mine] - (bounds[which - 1] if which else np.uint64(0))
                letter, inside = np.divmod(inside, np.uint64(each[which]))
                letters[rows[mine]] = np.array([ord(mark) for mark in marks], dtype=np.uint32)[letter]
                state[rows[mine]], rest[rows[mine]] = to, inside
        return done

    def numbers(self, texts: Iterable[str]) -> Numbers:
        """Inverse of `texts`, of the texts that `texts` can give; each number once, in order."""
        found = {number for text in texts if (number := self._number(text)) is not None}
        # of more than 2**62 texts some have a greater number, which no row ever gets
        return np.array(sorted(number for number in found if number < self.size), dtype=np.uint64)

    def _number(self, text: str) -> int | None:
        longest = len(self._left) - 1
        if len(text) > longest:
            return None
        number, here = 0, 0
        for at, letter in enumerate(text):
            after = self._left[longest - at - 1]
            counted = all(after[to] < _MOST for _, to in self._machine.steps[here])
            number += counted and self._machine.ends[here]
            for marks, to in self._machine.steps[here]:
                if letter in marks:
                    number += counted and marks.index(letter) * after[to]
                    here = to
                    break
                number += counted and len(marks) * after[to]
            else:
                return None
        return int(number) if self._machine.ends[here] else None


@cache
def shape_of(pattern: str, column: str) -> Shape:
    """The shape of a pattern, made once."""
    return Shape(pattern, column)


def common_shape(array: pa.ChunkedArray) -> str | None:
    """The pattern that all texts have place by place, None where there is no such or too few fit it.

    A place that holds one letter in all of them keeps it; digits that never change do so only where
    enough texts are left.
    """
    texts = array.unique().drop_null()
    lengths = np.unique(pc.utf8_length(texts).to_numpy(zero_copy_only=False))
    if len(texts) < _FEWEST or len(lengths) != 1 or not 0 < lengths[0] <= _LONGEST:
        return None
    letters = np.array(texts.to_pylist()).view(np.uint32).reshape(len(texts), -1)
    places = ["".join(map(chr, np.unique(place))) for place in letters.T]
    for keep_digits in (True, False):
        pattern = _pattern(places, keep_digits=keep_digits)
        if pattern is None:
            return None
        if shape_of(pattern, "").size >= (_PLENTY if keep_digits else 3 * len(texts)):
            return pattern
    return None


def _pattern(places: list[str], *, keep_digits: bool) -> str | None:
    parts = []
    for found in places:
        if len(found) == 1 and (keep_digits or not found.isdigit()):
            parts.append(re.escape(found))
            continue
        fits = next((kind for kind, letters in _KINDS.items() if set(found) <= letters), None)
        if fits is None:
            return None
        parts.append(fits)
    runs = [(part, len(list(run))) for part, run in itertools.groupby(parts)]
    return "".join(part if count == 1 else f"{part}{{{count}}}" for part, count in runs)


def _counts(machine: Automaton) -> list[list[int]]:
    """For k = 0, 1, ... letters and each state, how many texts of at most k letters begin there."""
    found = [[int(end) for end in machine.ends]]
    for _ in range(_depth(machine)):
        last = found[-1]
        found.append(
            [
                min(_MOST, end + sum(len(marks) * last[to] for marks, to in steps))
                for steps, end in zip(machine.steps, machine.ends, strict=True)
            ]
        )
    return found


def _depth(machine: Automaton) -> int:
    """Letters of the longest text; repeats have an end, so that no path comes back."""
    longest: dict[int, int] = {}

    order, seen, stack = [], set(), [(0, False)]
    while stack:
        state, left = stack.pop()
        if left:
            order.append(state)
        elif state not in seen:
            seen.add(state)
            stack.append((state, True))
            stack.extend((to, False) for _, to in machine.steps[state])
    for state in order:
        longest[state] = max((1 + longest[to] for _, to in machine.steps[state]), default=0)
    return longest[0]


def shuffled(numbers: Numbers, size: int, key: int) -> Numbers:
    """A permutation of 0 ... size - 1, applied to each number, shape (n,)."""
    return _walked(numbers, size, [_round_key(key, i) for i in range(_ROUNDS)], forth=True)


def unshuffled(numbers: Numbers, size: int, key: int) -> Numbers:
    """Inverse of `shuffled`."""
    return _walked(numbers, size, [_round_key(key, i) for i in range(_ROUNDS)], forth=False)


def _walked(numbers: Numbers, size: int, keys: list[np.uint64], *, forth: bool) -> Numbers:
    half = np.uint64(max(1, (max(size - 1, 1).bit_length() + 1) // 2))
    out = numbers.astype(np.uint64)
    outside = np.ones(len(out), dtype=bool)
    while outside.any():  # at most four in five of the network's numbers lie outside
        out[outside] = _feistel(out[outside], half, keys, forth=forth)
        outside &= out >= np.uint64(size)
    return out


def _feistel(x: Numbers, half: np.uint64, keys: list[np.uint64], *, forth: bool) -> Numbers:
    mask = (np.uint64(1) << half) - np.uint64(1)
    left, right = x >> half, x & mask
    for key in keys if forth else reversed(keys):
        if forth:
            left, right = right, left ^ (finalised(right ^ key) & mask)
        else:
            left, right = right ^ (finalised(left ^ key) & mask), left
    return (left << half) | right


def _round_key(key: int, i: int) -> np.uint64:
    return np.uint64(finalised(np.array([(key + (i + 1) * _GOLDEN) % 2**64], dtype=np.uint64))[0])
