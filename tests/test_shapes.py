"""Texts of a regular expression: all of them, each once, numbered and shuffled."""

from __future__ import annotations

import itertools
import re

import numpy as np
import pytest

from mintmark.data.shapes import Shape, shuffled, unshuffled
from mintmark.errors import InputError


@pytest.mark.parametrize(
    ("pattern", "letters", "longest"),
    [
        ("[ab]{2}", "ab", 2),
        ("a|a|b", "ab", 1),
        ("a?a?a?", "a", 3),
        ("(ab|a)(c|bc)", "abc", 4),
        (r"\d-?x", "0123456789-x", 3),
        ("(a|bb){1,3}", "ab", 6),
        ("[^ -~]|[a-c-]", "abc-", 1),
        ("(?:a(?:b|c)?){0,2}", "abc", 4),
        ("^ab?$", "ab", 2),
        (r"\[[\]a]", "[]a", 2),
        ("(a|ab){2}", "ab", 4),
    ],
)
def test_every_text_that_matches_occurs_once(pattern, letters, longest):
    """Against every text of the letters, tried with Python's own matcher."""
    wanted = {
        text
        for length in range(longest + 1)
        for text in map("".join, itertools.product(letters, repeat=length))
        if re.fullmatch(pattern, text)
    }
    shape = Shape(pattern, "id")
    made = shape.texts(np.arange(shape.size, dtype=np.uint64))
    assert len(made) == len(set(made)) == shape.size
    assert set(made) == wanted
    for number, text in enumerate(made):
        assert shape.numbers([text]).tolist() == [number]


@pytest.mark.parametrize(
    ("pattern", "size"),
    [(r"\d{4}-[A-Z]{5}", 10**4 * 26**5), (r"[A-F]\d{1,3}", 6 * 1110), ("x*", 9), (r"[0-9a-f]{32}", 2**62)],
)
def test_texts_are_counted_without_making_them(pattern, size):
    shape = Shape(pattern, "id")
    assert shape.size == size
    numbers = np.unique(np.random.default_rng(0).integers(0, size, 3000, dtype=np.uint64))
    made = shape.texts(numbers)
    assert len(set(made)) == len(numbers)
    assert all(re.fullmatch(pattern, text) for text in made)
    assert set(shape.numbers(made)) == set(numbers.tolist())


def test_the_first_letters_of_a_very_long_key_vary_too():
    made = Shape("[0-9a-f]{32}", "id").texts(np.arange(400, dtype=np.uint64))
    assert len({text[:2] for text in made}) > 150


def test_a_text_beyond_the_numbers_is_told_apart_and_shuffling_comes_back():
    shape = Shape(r"\d{22}", "id")
    numbers = shape.numbers(["9" * 22, "0" * 22, "1" * 22, "0" * 5 + "9" * 17])
    assert numbers.max() < shape.size
    assert shuffled(unshuffled(numbers, shape.size, 3), shape.size, 3).tolist() == numbers.tolist()


def test_a_text_that_does_not_match_has_no_number():
    assert Shape(r"[A-Z]\d", "id").numbers(["A1", "a1", "A12", "", "A"]).tolist() == [1]


@pytest.mark.parametrize("size", [1, 2, 3, 10, 1000, 4097])
def test_shuffling_is_a_permutation_with_an_inverse(size):
    numbers = np.arange(size, dtype=np.uint64)
    made = shuffled(numbers, size, key=7)
    assert sorted(made.tolist()) == numbers.tolist()
    assert unshuffled(made, size, key=7).tolist() == numbers.tolist()
    assert size < 10 or made.tolist() != shuffled(numbers, size, key=8).tolist() != numbers.tolist()


def test_neighbours_are_spread_over_all_numbers():
    made = shuffled(np.arange(10_000, dtype=np.uint64), 2**40, key=1).astype(float) / 2**40
    assert abs(made.mean() - 0.5) < 4 * np.sqrt(1 / 12 / 10_000)
    assert abs(np.corrcoef(made[1:], made[:-1])[0, 1]) < 0.04


@pytest.mark.parametrize(
    ("pattern", "says"),
    [
        ("[]", "nothing closes"),
        ("(a", "nothing closes"),
        ("a)", "nothing opens"),
        ("(?=a)b", "the group"),
        (r"\bx", "the escape"),
        ("a^b", "'\\^'"),
        ("*a", "'\\*'"),
        ("[^ -~]", "nothing matches"),
        ("a{900}", "repeats"),
        ("(a{99}){99}{99}", "too large|too complicated|where a letter"),
        (r"[\d-z]", "class|range"),
    ],
)
def test_what_no_key_can_be_made_from_is_refused(pattern, says):
    with pytest.raises(InputError, match=says):
        Shape(pattern, "id")
