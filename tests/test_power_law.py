"""The law of a learning curve: found again where it is known, and its intervals cover."""

from __future__ import annotations

import numpy as np
import pytest

from mintmark.stats.power_law import PowerLaws, falls, forecast

SIZES = np.repeat([250.0, 500.0, 1_000.0, 2_000.0], 3)


def truth(sizes, level=0.52, scale=0.04, exponent=0.6):
    return level + scale * (np.asarray(sizes) / 2_000.0) ** -exponent


def test_a_law_without_noise_is_found_again():
    law = PowerLaws.fit(SIZES, truth(SIZES)[None, :], 0.5)
    assert law.at([4_000, 8_000])[0] == pytest.approx(truth([4_000, 8_000]), abs=1e-3)
    assert (law.level[0], law.scale[0], law.exponent[0]) == pytest.approx((0.52, 0.04, 0.6), abs=5e-3)


@pytest.mark.parametrize("figures", [np.linspace(0.5, 0.7, 12), np.full(12, 0.8)])
def test_what_rises_or_stays_is_foretold_to_stay(figures):
    law = PowerLaws.fit(SIZES, figures[None, :], 0.5)
    assert law.scale[0] < 1e-12
    assert law.at([8_000])[0] == pytest.approx(figures.mean())


def test_no_law_falls_below_what_it_cannot():
    rng = np.random.default_rng(0)
    figures = truth(SIZES, 0.5, 0.02, 0.3) + 0.02 * rng.standard_normal((50, 12))
    law = PowerLaws.fit(SIZES, figures, 0.5)
    assert law.level.min() >= 0.5
    assert law.at([1e9]).min() >= 0.5


@pytest.mark.parametrize("least", [0.5, 0.545])
def test_no_law_of_the_bounds_fits_better(least):
    rng = np.random.default_rng(1)
    figures = truth(SIZES) + 0.005 * rng.standard_normal((1, 12))
    law = PowerLaws.fit(SIZES, figures, least)
    error = float(((law.at(SIZES) - figures) ** 2).sum())
    assert law.level[0] >= least
    ends = ((least, 0.6), (0, 0.1), (0.1, 2))
    for _ in range(4_000):
        other = PowerLaws(*(np.array([rng.uniform(*some)]) for some in ends), 2_000.0)
        assert float(((other.at(SIZES) - figures) ** 2).sum()) > error - 1e-6
    near = PowerLaws(np.full(1, least), np.full(1, 0.02), np.full(1, 1.0), 2_000.0)
    assert float(((near.at(SIZES) - figures) ** 2).sum()) > error


def test_a_fall_that_is_steeper_than_any_law_is_met_at_the_lowest_level():
    law = PowerLaws.fit(SIZES, truth(SIZES, 0.5, 0.01, 3.0)[None, :], 0.5)
    assert law.level[0] == 0.5
    assert law.exponent[0] == 2
    assert law.scale[0] > 0.02


def test_intervals_cover_a_new_measurement():
    hits = []
    for seed in range(40):
        rng = np.random.default_rng(seed)
        found = forecast(
            SIZES,
            truth(SIZES) + 0.015 * rng.standard_normal(12),
            np.array([4_000.0, 8_000.0]),
            least=0.5,
            rng=rng,
        )
        new = truth([4_000, 8_000]) + 0.015 * rng.standard_normal(2)
        hits.append((found.intervals[:, 0] <= new) & (new <= found.intervals[:, 1]))
    share = np.mean(hits, axis=0)
    assert (share >= 0.88).all()  # 95 % asked for; 40 trials
    assert np.diff(found.intervals, axis=1).max() < 0.15


def test_a_fall_is_told_from_noise():
    rng = np.random.default_rng(0)
    noise = 0.01 * rng.standard_normal((200, 12))
    assert np.mean([falls(SIZES, 0.6 + some) for some in noise]) < 0.1
    assert np.mean([falls(SIZES, truth(SIZES) + some) for some in noise]) > 0.9
    assert not falls(SIZES, np.full(12, 0.7))
