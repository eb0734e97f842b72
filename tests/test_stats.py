from __future__ import annotations

import numpy as np
import pytest

from mintmark.stats.divergence import (
    jensen_shannon,
    kolmogorov_smirnov,
    kullback_leibler,
    total_variation,
    wasserstein,
)
from mintmark.stats.intervals import (
    auc,
    auc_influence,
    auc_interval,
    delong,
    influence_variance,
    normal,
)
from mintmark.stats.pairs import contingency
from mintmark.stats.shares import wilson
from mintmark.stats.two_sample import detect


def rng(seed=0):
    return np.random.Generator(np.random.Philox(seed))


def test_ks_of_four_rows_is_read_off_the_two_staircases():
    distance, at, sign = kolmogorov_smirnov(np.array([1.0, 2, 3, 4]), np.array([3.0, 4, 5, 6]))
    assert (distance, at, sign) == (0.5, 2.0, 1.0)
    assert kolmogorov_smirnov(np.array([1.0, 2]), np.array([1.0, 2]))[0] == 0


def test_ks_counts_a_missing_value_put_at_infinity():
    a, b = np.array([1.0, 2, 3, 4]), np.array([1.0, 2, np.inf, np.inf])
    assert kolmogorov_smirnov(a, b)[0] == 0.5


def test_ks_and_wasserstein_agree_with_scipy():
    from scipy.stats import ks_2samp, wasserstein_distance

    a, b = np.sort(rng(1).normal(size=300).round(1)), np.sort(rng(2).normal(0.3, 2, 170).round(1))
    assert kolmogorov_smirnov(a, b)[0] == pytest.approx(ks_2samp(a, b).statistic, abs=1e-12)
    assert wasserstein(a, b) == pytest.approx(wasserstein_distance(a, b), abs=1e-12)


def test_wasserstein_of_a_shift_is_the_shift():
    a = np.sort(rng(3).normal(size=50))
    assert wasserstein(a, a + 1.5) == pytest.approx(1.5)


def test_divergences_of_two_cells_have_their_closed_forms():
    p, q = [3, 1], [1, 3]
    assert total_variation(p, q) == 0.5
    assert kullback_leibler(p, q, add=0) == pytest.approx(0.5 * np.log2(3))
    assert kullback_leibler(p, q) == pytest.approx(0.7 * np.log2(3.5 / 1.5) + 0.3 * np.log2(1.5 / 3.5))
    entropy = -(0.75 * np.log2(0.75) + 0.25 * np.log2(0.25))
    assert jensen_shannon(p, q) == pytest.approx(1 - entropy)
    assert jensen_shannon([4, 0], [0, 4]) == 1
    assert jensen_shannon(p, p) == 0


def test_kl_of_an_empty_cell_is_finite_with_one_half_added():
    assert kullback_leibler([4, 0], [4, 0]) == 0
    assert np.isfinite(kullback_leibler([2, 2], [4, 0]))
    assert kullback_leibler([2, 2], [4, 0], add=0) == np.inf


def slow_delong(positive, negative):
    wins = (positive[:, None] > negative) + 0.5 * (positive[:, None] == negative)
    v10, v01 = wins.mean(1), wins.mean(0)
    return wins.mean(), v10.var(ddof=1) / len(v10) + v01.var(ddof=1) / len(v01)


@pytest.mark.parametrize("digits", [0, 1, 8])
def test_delong_equals_the_slow_version_over_all_pairs(digits):
    positive, negative = rng(1).normal(1, 1, 80).round(digits), rng(2).normal(size=60).round(digits)
    assert delong(positive, negative) == pytest.approx(slow_delong(positive, negative), abs=1e-12)
    assert auc(positive, negative) == pytest.approx(slow_delong(positive, negative)[0])


def test_auc_influence_gives_delongs_variance():
    scores, positive = rng(4).normal(size=2000), np.arange(2000) % 3 == 0
    scores = scores + positive
    area, influence = auc_influence(scores, positive)
    expected = delong(scores[positive], scores[~positive])
    assert (area, influence_variance(influence)) == pytest.approx(expected, rel=0.01)


def test_auc_interval_covers_the_known_area_in_about_95_of_100_samples():
    truth, hits = 0.760250, 0  # P(N(1,1) > N(0,1)) = Phi(1/sqrt 2)
    for k in range(400):
        draw = rng(100 + k)
        area, variance = delong(draw.normal(1, 1, 80), draw.normal(size=80))
        low, high = auc_interval(area, variance, 80)
        hits += low <= truth <= high
    assert 0.92 <= hits / 400 <= 0.98


def test_a_perfect_area_is_no_certainty():
    low, high = auc_interval(1.0, 0.0, 20)
    assert 0.8 < low < 0.95
    assert high == 1


def test_wilson_agrees_with_the_published_example():
    assert wilson(0.5, 20) == pytest.approx((0.29929, 0.70071), abs=1e-4)  # Newcombe 1998 formula 3
    assert wilson(0.0, 10)[0] == 0
    assert wilson(1.0, 10)[1] == pytest.approx(1)


def test_rows_of_one_person_count_once():
    influence = rng(5).normal(size=500)
    once = influence_variance(influence)
    thrice = influence_variance(np.repeat(influence, 3), np.repeat(np.arange(500), 3))
    assert thrice == pytest.approx(once)
    assert influence_variance(np.repeat(influence, 3)) < once / 2.5
    assert influence_variance(np.ones(1)) == np.inf


def test_a_normal_interval_stays_within_what_the_figure_can_be():
    assert normal(0.99, 1.0, low=0, high=1) == (0, 1)
    assert normal(0.5, 0.01) == pytest.approx((0.304, 0.696), abs=1e-3)


def test_detection_finds_a_shift_and_nothing_where_nothing_is():
    a, b = rng(6).normal(size=(1500, 3)), rng(7).normal(size=(1500, 3))
    null = detect(a, b, rng())
    assert abs(null.auc - 0.5) < 4 * np.sqrt(null.variance)
    b[:, 1] += 1.5
    found = detect(a, b, rng())
    assert found.auc > 0.8  # the best possible is Phi(1.5/sqrt 2) = 0.856
    assert found.auc < 0.87
    assert int(np.argmax(found.gain)) == 1
    assert found.gain.sum() == pytest.approx(1)
    assert detect(a, b, rng()).auc == found.auc


def test_gaps_of_values_that_repeat_equal_those_at_every_value():
    rng = np.random.default_rng(5)
    a, b = (np.sort(np.append(rng.integers(0, high, n), np.inf)) for high, n in ((30, 700), (40, 500)))
    every = np.concatenate([a, b])
    gaps = [(a <= value).mean() - (b <= value).mean() for value in every]
    distance, at, sign = kolmogorov_smirnov(a, b)
    assert distance == pytest.approx(np.abs(gaps).max(), abs=1e-15)
    assert sign * ((a <= at).mean() - (b <= at).mean()) == pytest.approx(distance, abs=1e-15)


def test_a_contingency_table_counts_every_pair_of_codes():
    rng = np.random.default_rng(6)
    a, b = rng.integers(0, 4, 500), rng.integers(0, 7, 500)
    table = contingency(a, b, 4, 7).reshape(4, 7)
    assert table[2, 5] == ((a == 2) & (b == 5)).sum()
    assert table.sum() == 500
