"""Mutual information: known joint tables, intervals that hold, and its place between the anchors."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pyarrow as pa
import pytest
from sklearn.metrics import adjusted_mutual_info_score, normalized_mutual_info_score

from fidelity_tables import HARD, assert_sound, dataset, rng, scored_hard
from mintmark.assess.assess import assess
from mintmark.assess.fidelity.mutual_information import MutualInformation
from mintmark.data.dataset import Dataset
from mintmark.data.schema import Column, Schema
from mintmark.metric import Tables
from mintmark.stats.folded import excess
from mintmark.stats.information import adjusted


def score(train, synthetic, holdout=None, seed=0):
    found = assess(
        train=train, synthetic=synthetic, holdout=holdout, metrics=["mutual_information"], seed=seed
    )
    return found["mutual_information"]


def chained(seed, n, keep):
    """Three columns of four words; each repeats the one before with chance `keep`, else any word."""
    draw = rng(seed)
    codes = [draw.integers(4, size=n)]
    for _ in range(2):
        codes.append(np.where(draw.random(n) < keep, codes[-1], draw.integers(4, size=n)))
    return dataset({f"c{i}": np.array(list("abcd"))[part] for i, part in enumerate(codes)})


def true_information(keep):
    """Of the pairs (0, 1), (1, 2) and (0, 2) of `chained`."""
    values = []
    for i, j in combinations(range(3), 2):
        stay = keep ** (j - i)
        joint = np.full((4, 4), (1 - stay) / 16) + np.eye(4) * stay / 4
        values.append(adjusted(joint * 1e15)[0])
    return np.array(values)


def test_it_is_the_textbook_figure_for_many_rows():
    draw = rng(1)
    a = draw.integers(5, size=3000)
    b = np.where(draw.random(3000) < 0.4, a, draw.integers(7, size=3000))
    counts = np.zeros((5, 7))
    np.add.at(counts, (a, b), 1)
    known = normalized_mutual_info_score(a, b)
    assert adjusted(counts * 1e9)[0] == pytest.approx(known, abs=1e-9)  # where no correction is left
    assert adjusted(counts)[0] == pytest.approx(adjusted_mutual_info_score(a, b), abs=0.001)
    assert adjusted(np.diag([3, 4, 9]))[0] == pytest.approx(1)
    assert adjusted([[5, 5]])[0] == pytest.approx(0)


def test_rare_words_tell_no_more_than_frequent_ones():
    """Two columns whose tenth word is one in 250: most of its cells stay empty."""
    p = 0.6 ** np.arange(10)
    values = []
    for k in range(60):
        a, b = rng(k).choice(10, size=(2, 500), p=p / p.sum())
        counts = np.zeros((10, 10))
        np.add.at(counts, (a, b), 1)
        values.append(adjusted(counts)[0])
    assert abs(np.mean(values)) < 0.004


def test_the_correction_takes_away_what_chance_adds_to_independent_columns():
    values, plain = [], []
    for k in range(200):
        draw = rng(k)
        counts = np.zeros((8, 8))
        np.add.at(counts, (draw.integers(8, size=500), draw.integers(8, size=500)), 1)
        values.append(adjusted(counts)[0])
        plain.append(adjusted(counts * 1e9)[0])
    assert np.mean(plain) > 0.02
    assert abs(np.mean(values)) < 3 * np.std(values) / 200**0.5 + 0.002


def test_influence_is_how_much_one_more_row_moves_the_figure():
    counts = rng(2).integers(20, 60, size=(3, 4)).astype(float)
    value, influence = adjusted(counts * 1e4)
    n = counts.sum() * 1e4
    more = counts * 1e4
    more[1, 2] += 1000
    assert (adjusted(more)[0] - value) * n / 1000 == pytest.approx(influence[1, 2], rel=0.01)
    assert (counts * influence).sum() == pytest.approx(0, abs=1e-6)


def test_excess_is_at_least_the_folded_normals_bias():
    for delta in (0.0, 0.5, 1, 2, 4):
        drawn = delta + rng(3).normal(size=200_000)
        bias = np.abs(drawn).mean() - delta
        bound = excess(drawn, np.ones_like(drawn)).mean()
        assert bound >= bias - 0.01
    assert excess(rng(4).normal(size=200_000), np.ones(200_000)).mean() == pytest.approx(
        (2 / np.pi) ** 0.5, abs=0.01
    )


@pytest.mark.parametrize("keep", [0.6, 0.57, 0.4])
def test_intervals_hold_the_true_difference(keep):
    truth = 1 - np.abs(true_information(0.6) - true_information(keep)).mean()
    held = 0
    for k in range(100):
        train, synthetic = chained(2 * k, 1500, 0.6), chained(2 * k + 1, 1500, keep)
        (found,) = MutualInformation().measure(Tables(train, synthetic, None, synthetic), rng())
        held += found.interval[0] <= truth <= found.interval[1]
    assert held / 100 >= 0.89  # 93 % less two standard errors would be 0.88


def independent(seed, n, repeats=1):
    """Two columns of ten words that tell nothing of each other, in sequences that repeat one row."""
    words = np.array(list("abcdefghij"))[rng(seed).integers(10, size=(2, n))].repeat(repeats, axis=1)
    columns = [Column(name=name, kind="category", dtype="string") for name in "cd"]
    columns.append(Column(name="key", kind="integer", dtype="int64", roles=("sequence_key",)))
    return Dataset(
        pa.table({"c": words[0], "d": words[1], "key": np.arange(n).repeat(repeats)}), Schema(tuple(columns))
    )


@pytest.mark.parametrize(("n", "repeats"), [(100, 1), (200, 1), (100, 8)])
def test_few_rows_do_not_make_information_of_independent_columns(n, repeats):
    held, values = 0, []
    for k in range(40):
        train, synthetic = independent(2 * k, 3000, repeats), independent(2 * k + 1, n, repeats)
        (found,) = MutualInformation().measure(Tables(train, synthetic, None, synthetic), rng())
        held += found.interval[0] <= 1 <= found.interval[1]
        values.append(found.details["pairs"][0]["synthetic"])
    assert held / 40 >= 0.85  # 95 % less three standard errors
    assert abs(np.mean(values)) < 0.03


def test_fresh_rows_reach_the_ceiling_and_independent_columns_the_floor():
    train, holdout, fresh = (chained(k, 3000, 0.7) for k in (1, 2, 3))
    good, bad = score(train, fresh, holdout), score(train, chained(4, 3000, 0.0), holdout)
    assert good.estimate == pytest.approx(good.ceiling, abs=0.02)
    assert bad.estimate == pytest.approx(bad.floor, abs=0.02)
    assert bad.interval[1] < good.interval[0]
    assert set(bad.details["pairs"][0]["columns"]) in ({"c0", "c1"}, {"c1", "c2"})
    assert bad.details["columns"]["c1"]["estimate"] == min(
        column["estimate"] for column in bad.details["columns"].values()
    )
    for found in (good, bad):
        assert found.interval[0] <= found.estimate <= found.interval[1]


@pytest.mark.parametrize("case", HARD)
def test_hard_tables_are_scored_or_say_why_not(case):
    assert_sound(scored_hard(case, "mutual_information"), (0, 1))
