"""Digests of real values: what is known is found, what is not is not."""

from __future__ import annotations

import hashlib

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from mintmark.data.known import digests, held

words = st.lists(st.text(max_size=20), max_size=40)


@given(words, words)
def test_held_is_membership(real: list[str], made: list[str]) -> None:
    assert held(digests(real), made).tolist() == [value in real for value in made]


def test_digests_are_sorted_distinct_and_the_published_function() -> None:
    made = digests(["b", "a", "b", "Ünal"])
    assert made.dtype == np.uint64
    assert len(made) == 3
    assert np.all(np.diff(made.astype(object)) > 0)
    assert int.from_bytes(hashlib.blake2b(b"a", digest_size=8).digest(), "little") in made.tolist()


def test_nothing_known_holds_nothing() -> None:
    assert held(digests([]), ["a", ""]).tolist() == [False, False]
    assert held(digests(["a"]), []).shape == (0,)
