"""Clusters of real rows that no row falls into any more are counted, and chance alone loses none."""

from __future__ import annotations

import numpy as np
import pytest

import mintmark as mm
from fidelity_tables import HARD, assert_sound, dataset, rng, scored_hard
from mintmark.assess.assess import assess
from mintmark.stats.cells import clusters, kept

CENTRES = np.stack(np.meshgrid([0, 1, 2, 3], [0, 1, 2]), axis=-1).reshape(-1, 2)
OFTEN = np.array([0.2, 0.2, 0.15, 0.1, 0.1, 0.08, 0.06, 0.04, 0.03, 0.02, 0.01, 0.01])


def rows_of(modes, seed, n=6_000):
    """Rows of these of twelve modes, from a fifth of the rows down to a hundredth."""
    draw, own = rng(seed), OFTEN[modes] / OFTEN[modes].sum()
    mode = draw.choice(modes, n, p=own)
    x, y = (CENTRES[mode] + draw.normal(0, 0.06, (n, 2))).T
    return dataset({"x": x, "y": np.exp(y), "kind": [f"k{m % 3}" for m in mode]})


def captured(**tables):
    return assess(**tables, metrics=["modes_captured"], seed=0)["modes_captured"]


@pytest.mark.parametrize("lost", [[11], [0, 5, 11], [3, 4, 5, 6, 7, 8]])
def test_lost_modes_are_counted_however_rare(lost):
    stayed = np.setdiff1d(np.arange(12), lost)
    score = captured(train=rows_of(np.arange(12), 0), synthetic=rows_of(stayed, 1))
    assert score.estimate == pytest.approx(len(stayed) / 12, abs=0.02)
    assert score.interval[1] < 1
    assert score.details["lost"] == len(lost)


def test_what_was_lost_is_told_by_what_its_rows_hold():
    score = captured(train=rows_of(np.arange(12), 0), synthetic=rows_of(np.arange(1, 12), 1))
    assert score.details["examples"][0]["kind"] == "k0"


def test_fresh_rows_hold_every_mode():
    every = np.arange(12)
    for seed in range(3):
        score = captured(
            train=rows_of(every, seed), holdout=rows_of(every, seed + 10), synthetic=rows_of(every, seed + 20)
        )
        assert score.estimate == pytest.approx(1, abs=1e-3)
        assert score.interval[1] == 1
        assert score.ceiling == pytest.approx(1, abs=1e-3)


def test_rows_of_categories_alone_are_modes_as_they_are():
    draw = rng(0)
    words = {name: draw.choice(list("abcdefgh"), 8_000) for name in "uv"}
    train = dataset(words)
    gone = (words["u"] == "a") & (words["v"] == "b")
    score = captured(train=train, synthetic=train.take(draw.choice(np.flatnonzero(~gone), 8_000)))
    assert score.details["modes"] == 64
    assert score.estimate == pytest.approx(63 / 64, abs=1e-3)
    assert score.details["examples"] == [{"u": "a", "v": "b"}]


def test_chance_leaves_out_as_many_cells_as_is_taken_off():
    """Of fifteen rows expected a cell of thousands has fewer than four."""
    shares = []
    for seed in range(40):
        found = kept(np.repeat(np.arange(1_000), 15), rng(seed).integers(1_000, size=15_000))
        assert found.interval[0] <= found.share <= found.interval[1]
        shares.append(found.share)
        assert found.interval[1] > 0.999
    assert np.mean(shares) > 0.999


def test_a_half_of_many_cells_is_told_within_a_point():
    draw = rng(0)
    found = kept(draw.integers(1_000, size=15_000), draw.integers(500, size=15_000))
    assert found.share == pytest.approx(0.5, abs=0.01)
    assert np.all(found.lost >= 500)


def test_chance_clusters_of_rows_without_any_are_not_called_lost():
    for seed in range(5):
        draw = rng(seed)
        train, other = (
            dataset({"x": draw.uniform(size=4_000), "y": draw.uniform(size=4_000)}) for _ in range(2)
        )
        score = captured(train=train, synthetic=other)
        assert score.status == "not run" or score.interval[1] > 0.99


def test_clusters_of_any_form_are_found():
    draw = rng(0)
    angle = draw.uniform(0, 2 * np.pi, 1_000)
    ring = np.stack([np.cos(angle), np.sin(angle)], axis=1) + draw.normal(0, 0.03, (1_000, 2))
    middle = draw.normal(0, 0.05, (300, 2))
    found = clusters(np.concatenate([ring, middle]), 20)
    assert found.max() == 1
    assert len(set(found[:1_000]) & set(found[1_000:]) - {-1}) == 0


@pytest.mark.parametrize("case", HARD)
def test_hard_tables_give_a_sound_score_or_a_reason(case):
    assert_sound(scored_hard(case, "modes_captured"), (0, 1))


def test_the_interval_holds_the_estimate_where_chance_loses_next_to_nothing():
    found = kept(np.repeat(np.arange(3), [400, 40, 400]), np.zeros(840, dtype=np.int64))
    assert found.interval[0] <= found.share <= found.interval[1]


def test_a_person_is_no_mode():
    """Fresh persons lie elsewhere, and are no loss."""
    draw, places = rng(0), (0, 50)

    def people(first):
        middles = np.repeat(draw.choice(places, 100) + draw.normal(0, 3, 100), 10)
        who = np.repeat(np.arange(first, first + 100), 10)
        return mm.read({"who": who, "x": middles + draw.normal(0, 0.001, 1_000)}, roles={"who": "group"})

    score = captured(train=people(0), synthetic=people(100))
    assert score.details.get("lost", 0) == 0
    cells = np.repeat(np.arange(30), 20)
    assert kept(cells, cells, persons=np.arange(600) // 20).cells == 0
    assert kept(cells, cells, persons=np.arange(600) % 20).cells == 30
