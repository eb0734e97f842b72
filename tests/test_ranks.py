"""Aligned ranks, pairs and repeats: published tables, worked-out values, and chance where nothing differs."""

from __future__ import annotations

import itertools
from fractions import Fraction

import numpy as np
import pytest

from mintmark.stats.frontier import hypervolume, least_at, non_dominated
from mintmark.stats.ranks import (
    adjusted,
    aligned_ranks,
    block_ranks,
    fewest_units,
    friedman_aligned,
    ranked,
    standardised,
)
from mintmark.stats.repeats import jackknife

PUBLISHED = np.fromstring(
    """
    752 773 785 795  727 748 724 713  736 716 585 638  994 861 880 791  508 553 575 515  535 536 513 471
    967 871 954 532  831 807 819 768  745 702 719 705  709 572 669 607  722 728 725 732  967 947 953 960
    832 752 802 691  998 992 482 910  963 963 954 926  982 953 932 630  978 773 834 849  854 787 841 779
    965 984 995 947  924 887 861 804  929 942 931 921  837 643 602 554  972 956 944 922  958 959 964 964
    """,
    dtype=int,
    sep=" ",
).reshape(24, 4)
"""Accuracy, in thousandths, of four classifiers on 24 data sets: García et al. (2010), table 2."""


def exact_aligned_ranks(losses):
    """The slow obvious way, in whole fractions."""
    aligned = [[Fraction(int(v)) - Fraction(int(sum(row)), len(row)) for v in row] for row in losses]
    every = sorted(v for row in aligned for v in row)
    place = {v: Fraction(2 * every.index(v) + 1 + every.count(v), 2) for v in set(every)}
    return [[place[v] for v in row] for row in aligned]


def test_the_published_mean_ranks_come_out():
    losses = 1000 - PUBLISHED
    assert block_ranks(losses / 1000).mean(axis=0) == pytest.approx([1.771, 2.479, 2.479, 3.271], abs=5e-4)
    found = aligned_ranks(losses / 1000).mean(axis=0)
    exact = np.array(exact_aligned_ranks(losses)).astype(float).mean(axis=0)
    assert found == pytest.approx(exact, abs=1e-12)
    # the paper prints 29.33, 46.79, 46.98, 70.90: it ranks two equal aligned values apart
    assert found == pytest.approx([29.333, 46.792, 46.979, 70.896], abs=1 / 24)


def test_the_statistic_is_the_variance_ratio_that_defines_it():
    ranks = aligned_ranks((1000 - PUBLISHED) / 1000)
    totals = ranks.sum(axis=0)
    within = ((ranks - ranks.mean(axis=1, keepdims=True)) ** 2).sum()
    by_hand = 3 * ((totals - totals.mean()) ** 2).sum() / within
    assert friedman_aligned(ranks) == pytest.approx(by_hand, rel=1e-3)  # the formula neglects ties


def test_two_blocks_by_hand():
    # aligned: -1.5 0.5 1.0 and -1.0 -0.5 1.5, ranked together
    losses = np.array([[1.0, 3.0, 3.5], [10.0, 10.5, 12.5]])
    ranks = aligned_ranks(losses)
    assert ranks.tolist() == [[1.0, 4.0, 5.0], [2.0, 3.0, 6.0]]
    # totals 3, 7, 11 and blocks 10, 11: 2 (179 - 147) / (91 - 221 / 3)
    assert friedman_aligned(ranks) == pytest.approx(64 / (91 - 221 / 3))


def test_no_metric_decides_by_its_unit():
    rng = np.random.default_rng(0)
    losses, groups = rng.standard_normal((20, 4)), np.repeat(np.arange(4), 5)
    scaled = losses * np.array([1.0, 100.0, 1e-4, 7.0])[groups, None] + 3.0
    assert standardised(scaled, groups) == pytest.approx(standardised(losses, groups), abs=1e-9)


def test_equal_losses_are_ties_whatever_the_rounding():
    losses = np.full((3, 4), 0.1) + np.array([[0.0], [0.2], [1e6]])
    assert set(aligned_ranks(standardised(losses, np.zeros(3, int))).ravel()) == {6.5}


@pytest.mark.parametrize(("k", "fewest"), [(2, 6), (3, 3), (4, 2), (6, 2)])
def test_too_few_units_are_known(k, fewest):
    assert fewest_units(k, 0.05) == fewest


def bergmann_hommel_by_definition(p_values, k):
    """Every set of pairs that can be true together, found by asking of each set whether it is closed."""
    pairs = list(itertools.combinations(range(k), 2))
    found = np.zeros(len(pairs))
    for chosen in itertools.product([False, True], repeat=len(pairs)):
        if not any(chosen):
            continue
        equal = np.eye(k, dtype=bool)
        for (i, j), take in zip(pairs, chosen, strict=True):
            equal[i, j] = equal[j, i] = take
        if ((equal.astype(int) @ equal.astype(int) > 0) != equal).any():
            continue  # a = b and b = c without a = c: cannot be
        held = np.array(chosen)
        found[held] = np.maximum(found[held], held.sum() * p_values[held].min())
    return np.minimum(found, 1.0)


@pytest.mark.parametrize("k", [2, 3, 4, 5])
def test_pairs_are_adjusted_as_bergmann_and_hommel_define(k):
    p_values = np.random.default_rng(k).random(k * (k - 1) // 2) ** 3
    assert adjusted(p_values, k) == pytest.approx(bergmann_hommel_by_definition(p_values, k))


def test_many_treatments_are_adjusted_by_holm():
    p_values = np.full(45, 0.5)
    p_values[[3, 10, 20]] = 0.001, 0.0005, 0.4
    found = adjusted(p_values, 10)
    assert found[[10, 3]] == pytest.approx([45 * 0.0005, 44 * 0.001])
    assert found[20] == 1.0


def drawn(rng, effect, *, units=5, metrics=5, spread=1.0):
    """Losses of treatments whose metrics of one unit share a sample (correlation 0.8)."""
    shared = rng.standard_normal((units, 1, len(effect)))
    own = rng.standard_normal((units, metrics, len(effect)))
    losses = (np.sqrt(0.8) * shared + np.sqrt(0.2) * own) * spread + effect
    losses = losses * np.array([1.0, 100.0, 0.01, 5.0, 1.0])[:metrics, None]
    return (
        losses.reshape(-1, len(effect)),
        np.repeat(np.arange(units), metrics),
        np.tile(np.arange(metrics), units),
    )


def test_a_clear_difference_is_found_and_the_two_that_are_alike_are_not_parted():
    rng = np.random.default_rng(3)
    losses, units, groups = drawn(rng, np.array([0.0, 0.0, 8.0]), units=10)
    found = ranked(losses, units, groups, rng)
    assert found.p_value < 0.01
    assert found.pairs[0, 2] < 0.05
    assert found.pairs[1, 2] < 0.05
    assert found.pairs[0, 1] > 0.05


def test_metrics_of_one_sample_are_no_independent_evidence():
    """Taken as independent blocks, the same null data reject far too often."""
    rng, together, apart = np.random.default_rng(5), 0, 0
    for _ in range(200):
        losses, units, groups = drawn(rng, np.zeros(4))
        together += ranked(losses, units, groups, rng, permutations=199).pairs is not None
        apart += ranked(losses, np.arange(len(losses)), groups, rng, permutations=199).pairs is not None
    assert together <= 20  # 10 expected, standard error 3.1
    assert apart >= 50


def test_an_erratic_treatment_lends_its_spread_to_no_pair():
    """Two alike but erratic, three steady and far away: the two are parted in few of many samples."""
    rng, wrong = np.random.default_rng(6), 0
    for _ in range(200):
        spread = np.array([1.0, 1.0, 0.1, 0.1, 0.1])
        losses, units, groups = drawn(rng, np.array([0.0, 0.0, 1.0, 2.0, 3.0]), units=8, spread=spread)
        found = ranked(losses, units, groups, rng, permutations=199)
        wrong += found.pairs is not None and found.pairs[0, 1] <= 0.05
    assert wrong <= 20


def test_frontier_by_hand():
    losses = np.array([[0.1, 0.6], [0.4, 0.2], [0.5, 0.5], [0.4, 0.2], [0.9, 0.1]])
    assert non_dominated(losses).tolist() == [True, True, False, True, True]
    # rectangles from each point to the next one's first loss, then to 1
    assert hypervolume(losses) == pytest.approx(0.3 * 0.4 + 0.5 * 0.8 + 0.1 * 0.9)
    assert least_at(losses, 0.25) == pytest.approx(0.4)  # half way from (0.1, 0.6) to (0.4, 0.2)
    assert least_at(losses, 0.95) == pytest.approx(0.1)
    assert np.isnan(least_at(losses, 0.05))
    assert hypervolume(np.array([[0.0, 0.0]])) == 1.0
    assert hypervolume(np.array([[1.0, 1.0]])) == 0.0


def test_the_interval_of_a_mean_is_students():
    values = np.array([1.0, 2.0, 4.0, 5.0, 8.0])
    estimate, (low, high) = jackknife([values])
    error = values.std(ddof=1) / np.sqrt(5)
    assert estimate == 4.0
    assert (low, high) == pytest.approx((4 - 2.7764 * error, 4 + 2.7764 * error), rel=1e-4)
    assert jackknife([values, np.array([1.0])])[1] is None


def test_the_interval_of_a_hypervolume_covers():
    """Three settings whose losses move from seed to seed; the truth is that of their means."""
    means, covered = np.array([[0.2, 0.7], [0.5, 0.4], [0.8, 0.1]]), 0
    rng = np.random.default_rng(7)
    for _ in range(300):
        runs = means + 0.05 * rng.standard_normal((6, 3, 2))
        _, (low, high) = jackknife([runs], lambda kept: hypervolume(np.mean(kept, axis=(0, 1))))
        covered += low <= hypervolume(means) <= high
    assert covered >= 300 * 0.95 - 3 * np.sqrt(300 * 0.95 * 0.05)
