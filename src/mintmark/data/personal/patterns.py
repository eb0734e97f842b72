"""Texts by number: the i-th text of a pattern, and numbers in an order that only a key knows.

A pattern is a row of places, each with the letters it may hold; its texts are numbered in mixed
radix. `permuted` is a Feistel network over the numbers below `size`, walked until it lands inside
(Black, Rogaway 2002, "Ciphers with arbitrary finite domains"), with the finalizer of SplitMix64
(Steele, Lea, Flood 2014) as its round. Distinct rows so get distinct texts without any memory of
the rows before, which keeps blocks and workers independent.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from mintmark.stats.splitmix import finalised

__all__ = ["Numbers", "Pattern", "Texts", "mixed", "permuted"]

Numbers = npt.NDArray[np.uint64]
Texts = npt.NDArray[np.str_]


@dataclass(frozen=True)
class Pattern:
    """Texts of one length.

    Parameters
    ----------
    places : tuple of str
        The letters that each place may hold.
    """

    places: tuple[str, ...]

    @classmethod
    def of(cls, text: str) -> Pattern:
        """From a text in which # is any digit, @ any capital letter, and the rest is itself."""
        open_ = {"#": "0123456789", "@": "ABCDEFGHIJKLMNOPQRSTUVWXYZ"}
        return cls(tuple(open_.get(letter, letter) for letter in text))

    @cached_property
    def size(self) -> int:
        """How many texts there are."""
        return math.prod(len(place) for place in self.places)

    def letters(self, index: Numbers) -> npt.NDArray[np.str_]:
        """The texts of these numbers (each below `size`) letter by letter, shape (n, length)."""
        rest = index.astype(np.uint64)
        out = np.empty((len(rest), len(self.places)), dtype="U1")
        for at in range(len(self.places) - 1, -1, -1):
            place = np.array(list(self.places[at]))
            radix = np.uint64(len(place))
            out[:, at] = place[(rest % radix).astype(np.int64)]
            rest = rest // radix
        return out

    def texts(self, index: Numbers) -> Texts:
        """The texts of these numbers, shape (n,)."""
        return joined(self.letters(index))


def joined(letters: npt.NDArray[np.str_]) -> Texts:
    """Rows of letters as texts."""
    if not letters.size:
        return np.zeros(len(letters), dtype="U1")
    return np.ascontiguousarray(letters).view(f"U{letters.shape[1]}")[:, 0]


def mixed(number: Numbers, key: int) -> Numbers:
    """Numbers that look drawn at random, one for each (number, key)."""
    with np.errstate(over="ignore"):
        return finalised((number.astype(np.uint64) ^ np.uint64(key)) + np.uint64(0x9E3779B97F4A7C15))


def permuted(index: Numbers, size: int, key: int) -> Numbers:
    """Numbers below `size` in another order: distinct stay distinct. Every index is below `size`."""
    if size < 2:
        return np.zeros(len(index), dtype=np.uint64)
    half = np.uint64(max(1, ((size - 1).bit_length() + 1) // 2))
    out = _feistel(index.astype(np.uint64), half, key)
    while len(over := np.flatnonzero(out >= np.uint64(size))):
        out[over] = _feistel(out[over], half, key)
    return out


def _feistel(index: Numbers, half: np.uint64, key: int) -> Numbers:
    mask = (np.uint64(1) << half) - np.uint64(1)
    left, right = index >> half, index & mask
    for turn in range(4):
        left, right = right, left ^ (mixed(right, (key + turn * 0x632BE59BD9B4E019) % 2**64) & mask)
    return (left << half) | right
