"""SplitMix64's finaliser against published values, and hashes of rows."""

from __future__ import annotations

import numpy as np

from mintmark.stats.splitmix import finalised, hashed


def test_it_gives_the_published_sequence_of_seed_0():
    steps = np.uint64(0x9E3779B97F4A7C15) * np.arange(1, 4, dtype=np.uint64)
    assert [hex(x) for x in finalised(steps)] == [
        "0xe220a8397b1dcdaf",
        "0x6e789e6aa1b965f4",
        "0x6c45d188009454f",
    ]


def test_equal_rows_have_equal_hashes_and_others_do_not():
    x, y = np.array([0.0, -0.0, 1.0, np.nan, np.nan]), np.array([1.0, 1.0, 0.0, 2.0, 2.0])
    first = hashed([x, y], 5)
    assert first[0] == first[1]
    assert first[3] == first[4]
    assert len(set(first)) == 3
