"""Energy distance and MMD: closed forms, no distance between fresh draws, intervals that hold."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest

from fidelity_tables import HARD, assert_sound, dataset, rng, scored_hard, sequences
from mintmark.assess.assess import assess
from mintmark.assess.fidelity.energy import Energy
from mintmark.metric import Tables
from mintmark.stats.kernel_two_sample import discrepancy, permuted, squared_distances


def scores(train, synthetic, holdout=None):
    found = assess(train=train, synthetic=synthetic, holdout=holdout, metrics=["energy"], seed=0)
    return {score.metric: score for score in found.scores}


def bits(seed, n, p):
    """Independent columns that are "y" with chance p."""
    draw = rng(seed)
    return dataset({f"c{i}": np.where(draw.random(n) < share, "y", "x") for i, share in enumerate(p)})


def coefficient(p, q):
    """Energy coefficient of two such populations: columns that differ are one apart, squared."""
    cells = np.array(list(product([0, 1], repeat=len(p))))
    a, b = (np.prod(np.where(cells, s, 1 - np.array(s)), axis=1) for s in (p, q))
    apart = np.sqrt((cells[:, None] != cells[None]).sum(2))
    return 1 - (a @ apart @ a + b @ apart @ b) / (2 * a @ apart @ b)


def pairs(a, b, kernel):
    """The U-statistic written out pair by pair."""

    def mean(x, y, same):
        return np.mean(
            [kernel(u, v) for i, u in enumerate(x) for j, v in enumerate(y) if not (same and i == j)]
        )

    return mean(a, a, True) + mean(b, b, True) - 2 * mean(a, b, False)


def test_the_statistic_is_the_mean_over_pairs():
    a, b = rng(1).normal(size=(7, 2)).astype(np.float32), rng(2).normal(size=(9, 2)).astype(np.float32)
    blocks = [-np.sqrt(squared_distances(x, y)) for x, y in ((a, a), (b, b), (a, b))]
    found = discrepancy(*blocks)
    assert found.value == pytest.approx(pairs(a, b, lambda u, v: -np.linalg.norm(u - v)), abs=1e-3)
    assert found.biased > found.value
    assert found.on_a.sum() == pytest.approx(0, abs=1e-9)


def test_permutations_spread_as_fresh_draws_do():
    def blocks(k):
        a, b = rng(2 * k).normal(size=(60, 3)), rng(2 * k + 1).normal(size=(80, 3))
        return [
            -np.sqrt(squared_distances(x.astype(np.float32), y.astype(np.float32)))
            for x, y in ((a, a), (b, b), (a, b))
        ]

    fresh = [discrepancy(*blocks(k)).value for k in range(300)]
    null = permuted(*blocks(1), rng(3), times=1000)
    assert np.std(null) == pytest.approx(np.std(fresh), rel=0.2)
    assert np.mean(null) == pytest.approx(0, abs=4 * np.std(null) / 1000**0.5)


@pytest.mark.parametrize(
    ("p", "q"),
    [
        ([0.3, 0.5, 0.2], [0.3, 0.5, 0.2]),
        ([0.3, 0.5, 0.2], [0.36, 0.5, 0.2]),
        ([0.3, 0.5, 0.2], [0.5, 0.5, 0.3]),
    ],
)
def test_intervals_hold_the_true_coefficient(p, q):
    truth, held, estimates = coefficient(p, q), 0, []
    for k in range(60):
        train, synthetic = bits(2 * k + 700, 250, p), bits(2 * k + 701, 250, q)
        energy, _ = Energy().measure(Tables(train, synthetic, None, synthetic), rng(k))
        held += energy.interval[0] <= truth <= energy.interval[1]
        estimates.append(energy.estimate)
    assert held / 60 >= 0.87  # 93 % less two standard errors
    assert np.mean(estimates) == pytest.approx(truth, abs=3 * np.std(estimates) / 60**0.5)


def mixture(seed, n, slope):
    """Two clusters whose second coordinate follows the first."""
    draw = rng(seed)
    x = draw.normal(size=n) + 3 * draw.integers(2, size=n)
    return dataset({"x": x, "y": slope * x + 0.3 * draw.normal(size=n)})


def test_fresh_rows_have_no_distance_and_independent_columns_the_floors():
    train, holdout, fresh = (mixture(k, 1500, 1.0) for k in (1, 2, 3))
    draw = rng(4)
    apart = dataset({name: draw.permutation(fresh.table[name].to_numpy()) for name in "xy"})
    good, bad = scores(train, fresh, holdout), scores(train, apart, holdout)
    for name in ("energy", "energy.mmd"):
        assert good[name].interval[0] <= 0 <= good[name].interval[1]
        assert good[name].ceiling == pytest.approx(0, abs=0.002)
        assert good[name].details["p"] > 0.01
        assert bad[name].estimate == pytest.approx(bad[name].floor, rel=0.2)
        assert bad[name].interval[0] > good[name].interval[1]
        assert bad[name].details["p"] == pytest.approx(1 / 201)


def test_rows_of_one_person_widen_the_interval():
    word = np.repeat(bits(1, 100, [0.3]).table["c0"].to_numpy(zero_copy_only=False), 6)
    other = bits(2, 600, [0.7])
    alone = scores(dataset({"c0": word}), other)["energy"]
    person = dataset({"c0": word, "who": np.repeat(np.arange(100), 6)}, {"who": ("group",)})
    wide = scores(person, other)["energy"]
    assert wide.estimate == pytest.approx(alone.estimate, abs=0.01)  # pairs of one person's rows are left out
    assert np.ptp(wide.interval) > 1.5 * np.ptp(alone.interval)


@pytest.mark.parametrize("case", HARD)
def test_hard_tables_are_scored_or_say_why_not(case):
    assert_sound(scored_hard(case, "energy"))


def test_rows_of_one_person_are_no_draw_and_the_remedy_is_told():
    for score in scored_hard("one person", "energy"):
        assert "are of 1 persons" in score.reason
        assert "rows of more persons" in score.reason


def test_pairs_of_one_person_are_left_out():
    """Written out pair by pair, where every person has three rows that are near each other."""
    draw, persons = rng(5), np.repeat(np.arange(4), 3)
    a, b = (np.repeat(draw.normal(size=(4, 2)), 3, 0) + 0.1 * draw.normal(size=(12, 2)) for _ in "ab")
    blocks = [-np.sqrt(squared_distances(*map(np.float32, pair))) for pair in ((a, a), (b, b), (a, b))]
    other = persons[:, None] != persons
    expected = blocks[0][other].mean() + blocks[1][other].mean() - 2 * blocks[2].mean()
    found = discrepancy(*blocks, (persons, persons))
    assert found.value == pytest.approx(expected, abs=1e-6)
    assert found.biased == pytest.approx(blocks[0].mean() + blocks[1].mean() - 2 * blocks[2].mean(), abs=1e-6)


def test_sequences_of_one_population_have_no_distance_and_intervals_hold():
    found = [
        Energy().measure(Tables(sequences(3 * k), sequences(3 * k + 1), None, sequences(3 * k + 2)), rng(k))[
            0
        ]
        for k in range(12)
    ]
    estimates = np.array([score.estimate for score in found])
    assert estimates.mean() == pytest.approx(0, abs=4 * estimates.std() / 12**0.5)
    assert sum(score.interval[0] <= 0 <= score.interval[1] for score in found) >= 11
