"""Precision, recall, density, coverage, authenticity: worked cases, collapse, copies, fresh rows."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

import mintmark
from fidelity_tables import HARD, assert_sound, dataset, rng, scored_hard, sequences
from mintmark.assess.assess import assess
from mintmark.assess.fidelity.precision_recall import PrecisionRecall
from mintmark.data.dataset import Dataset
from mintmark.data.read import read
from mintmark.metric import Tables
from mintmark.stats.manifold import curve, reached
from mintmark.stats.neighbours import Space, nearest, nearest_rows

ADULT = Path(mintmark.__file__).parent / "examples/adult.parquet"


def scores(train, synthetic, holdout=None):
    found = assess(train=train, synthetic=synthetic, holdout=holdout, metrics=["precision_recall"], seed=0)
    return {score.metric.partition(".")[2]: score for score in found.scores}


def shuffled_columns(data, seed):
    draw = rng(seed)
    made = {
        name: data.table[name].combine_chunks().take(pa.array(draw.integers(len(data), size=len(data))))
        for name in data.names
    }
    return Dataset(pa.table(made), data.schema)


@pytest.fixture(scope="module")
def adult():
    data = read(ADULT, target="income")
    order = rng(0).permutation(len(data))
    return [data.take(order[i * 3000 : (i + 1) * 3000]) for i in range(3)]


@pytest.fixture(scope="module")
def fresh_scores(adult):
    train, holdout, fresh = adult
    return scores(train, fresh, holdout)


def test_the_places_of_the_nearest_are_those_at_the_distances():
    columns = {"x": rng(1).normal(size=300), "c": rng(2).integers(4, size=300)}
    points = Space.of(columns, {"c": 4}).place(columns)
    queries, references = points.take(np.arange(50)), points.take(np.arange(50, 300))
    distances, places = nearest_rows(queries, references, 3)
    apart = np.linalg.norm(queries.flat[:, None] - references.flat[None], axis=2)
    assert np.take_along_axis(apart, places, 1) == pytest.approx(distances, abs=1e-4)
    assert distances == pytest.approx(np.sort(apart, axis=1)[:, :3], abs=1e-4)
    assert (nearest(queries, references, 3) == distances).all()
    assert nearest_rows(queries, references.take(np.arange(2)), 3)[1][:, 2].tolist() == [-1] * 50


def test_points_on_a_line_are_counted_by_hand():
    """Radii of one around 0, 1 and 5; other points at 0.5 and 9."""
    real, other = np.array([[0.0], [1], [5]], np.float32), np.array([[0.5], [9]], np.float32)
    near = reached(real, np.ones(3), other)
    assert near.by_real.tolist() == [1, 1, 0]
    assert near.by_other.tolist() == [2, 0]
    assert near.nearest[:2].tolist() == [0, 0]


def test_a_curve_is_the_diagonal_for_the_same_points_and_flat_for_points_that_are_elsewhere():
    distances = rng(3).random(400)
    same, apart, middle = (
        curve(distances, distances),
        curve(distances, distances + 5),
        curve(distances, np.zeros(9)),
    )
    assert same.off == 0
    assert apart.off == pytest.approx(1, abs=0.01)  # twice the area below the diagonal
    assert middle.off == pytest.approx(1, abs=0.01)  # all of it at the centre
    half = curve(distances, np.where(np.arange(400) < 200, distances, np.inf))
    assert half.off == pytest.approx(0.5, abs=0.06)  # the curve rises half as fast


def test_fresh_rows_reach_the_ceiling(fresh_scores):
    for name, found in fresh_scores.items():
        assert found.estimate == pytest.approx(found.ceiling, abs=0.05), name
        assert found.interval[0] <= found.estimate <= found.interval[1]


def test_independent_columns_lie_at_the_floor(adult, fresh_scores):
    train, holdout, _ = adult
    bad = scores(train, shuffled_columns(train, 5), holdout)
    for name in ("alpha_precision", "beta_recall", "density", "coverage"):
        assert bad[name].estimate == pytest.approx(bad[name].floor, abs=0.05), name
    for name in ("beta_recall", "density", "coverage"):
        assert bad[name].interval[1] < fresh_scores[name].interval[0], name


def test_two_hundred_rows_repeated_are_precise_and_cover_little(adult, fresh_scores):
    train, holdout, _ = adult
    bad = scores(train, train.take(rng(6).integers(200, size=3000)), holdout)
    assert bad["alpha_precision"].estimate > 0.9
    assert bad["coverage"].interval[1] < 0.5 < fresh_scores["coverage"].interval[0]
    assert bad["beta_recall"].interval[1] < 0.5 < fresh_scores["beta_recall"].interval[0]


def test_a_copy_of_train_is_not_authentic_even_where_train_is_larger(adult):
    train, holdout, fresh = adult
    whole = Dataset(pa.concat_tables([train.table, fresh.table]), train.schema)
    copied = scores(whole, whole.take(rng(7).choice(6000, 1000, replace=False)), holdout)["authenticity"]
    assert copied.estimate == 0
    assert copied.interval[1] < 0.01 < 0.4 < copied.ceiling


@pytest.mark.usefixtures("overlap_allowed")
def test_points_far_from_all_others_are_neither_dense_nor_covering():
    train = dataset({"x": rng(1).normal(size=500), "c": ["a"] * 500})
    found = scores(train, dataset({"x": rng(2).normal(size=500), "c": ["z"] * 500}), train)
    assert found["density"].estimate == 0
    assert found["coverage"].estimate == 0
    assert found["beta_recall"].estimate == pytest.approx(0, abs=0.01)
    assert found["authenticity"].estimate == 1


def test_intervals_are_as_wide_as_the_figures_spread():
    def table(seed, shift):
        draw = rng(seed)
        x = draw.normal(size=400)
        return dataset({"x": x + shift, "y": 0.5 * x + draw.normal(size=400)})

    found = []
    for k in range(40):
        train, synthetic = table(2 * k, 0.0), table(2 * k + 1, 0.4)
        some = PrecisionRecall().measure(Tables(train, synthetic, None, synthetic), rng())
        found.append([(score.estimate, np.ptp(score.interval) / 3.92) for score in some[:4]])
    values = np.array(found)
    ratio = values[:, :, 1].mean(0) / values[:, :, 0].std(0, ddof=1)
    assert (ratio > 0.7).all()
    assert (ratio < 2.5).all()


@pytest.mark.parametrize("case", HARD)
def test_hard_tables_are_scored_or_say_why_not(case):
    for score in scored_hard(case, "precision_recall"):
        assert_sound([score], (0, np.inf if score.metric.endswith("density") else 1))


def test_a_curve_is_no_further_off_than_everything_in_another_place():
    """Reference points that tie have all their share in the first ball."""
    assert curve(np.zeros(50), np.full(50, np.inf)).off == 1


def test_density_is_as_many_times_one_as_rows_share_their_balls():
    """Three categories: every train row of a category holds every row of it in a ball of radius 0."""
    train, other = (dataset({"c": rng(k).choice(list("abc"), 600)}) for k in (1, 2))
    found = PrecisionRecall().measure(Tables(train, other, None, other), rng())[2]
    shares = [[(d.table["c"].to_numpy() == c).mean() for c in "abc"] for d in (train, other)]
    assert found.estimate == pytest.approx(600 * np.dot(*shares) / 5)


def test_a_real_row_is_lost_with_the_one_person_who_covers_it():
    real, other = np.array([[0.0], [1], [9]], np.float32), np.array([[0.1], [0.2], [1.1]], np.float32)
    radii, persons = np.array([0.5, 1.0, 0.5]), np.array([7, 7, 8])
    assert reached(real, radii, other, persons).alone.tolist() == [True, False, False]
    assert reached(real, radii, other).alone.tolist() == [False, False, False]


def test_sequences_of_alike_rows_spread_as_their_intervals_say():
    """Forty sequences of twenty equal rows are forty draws, not eight hundred."""
    found = []
    for k in range(16):
        train, synthetic = sequences(2 * k, many=800, each=1), sequences(2 * k + 1, scatter=0)
        some = PrecisionRecall().measure(Tables(train, synthetic, None, synthetic), rng())
        found.append([(score.estimate, np.ptp(score.interval) / 3.92) for score in some[:4]])
    values = np.array(found)
    ratio = values[:, :, 1].mean(0) / values[:, :, 0].std(0, ddof=1)
    assert (ratio > 0.75).all()


def test_sequences_that_are_new_count_once_each():
    """Authentic or not by the sequence: Wilson's interval of 40 sequences, not of their 800 rows."""
    one, rows = sequences(1), sequences(2)
    own = np.repeat(np.arange(40), 20)
    half = pa.concat_tables(
        [one.table.take(np.flatnonzero(own < 20)), rows.table.take(np.flatnonzero(own >= 20))]
    )
    found = PrecisionRecall().measure(Tables(one, Dataset(half, one.schema), None, rows), rng())[4]
    assert found.estimate < 0.5
    assert np.ptp(found.interval) > 0.13
