"""Random counts and regression coefficients: formulas by hand, and intervals that hold what they say."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

import mintmark as mm
from mintmark.assess.assess import assess
from mintmark.data.dataset import Dataset
from mintmark.stats.mean_distance import resampled_errors, simulated_reach
from mintmark.stats.regression import independent_columns, interval_overlap, least_squares, logistic


def rng(seed=0):
    return np.random.Generator(np.random.Philox(seed))


def world(seed: int, slope: float = 1.0, number: bool = False, n: int = 3000) -> Dataset:
    draw = rng(seed)
    a, b = draw.normal(size=(2, n))
    c = draw.choice(["u", "v", "w"], n, p=[0.5, 0.3, 0.2])
    signal = slope * a - 0.5 * b + (c == "v") + draw.logistic(size=n)
    y = signal if number else np.where(signal > 0, "yes", "no")
    return mm.read(pa.table({"a": a, "twice": 2 * a, "b": b, "c": c, "y": y}), target="y")


def scores(train, synthetic, holdout):
    found = assess(train=train, synthetic=synthetic, holdout=holdout, metrics=["queries"], seed=0)
    return {score.metric: score for score in found.scores}


@pytest.mark.parametrize("number", [False, True], ids=["classes", "number"])
def test_fresh_rows_answer_as_real_ones_and_another_relation_does_not(number):
    train, holdout = world(1, number=number), world(3, number=number)
    fresh = scores(train, world(2, number=number), holdout)
    other = scores(train, world(2, slope=-1.0, number=number), holdout)
    assert sorted(fresh) == ["queries", "queries.coefficients"]
    assert fresh["queries"].estimate < 1.5 * fresh["queries"].ceiling
    assert fresh["queries"].interval[0] < 0.002
    assert other["queries"].estimate > 1.5 * other["queries"].ceiling
    assert other["queries"].interval[0] > 0
    assert fresh["queries.coefficients"].interval[1] == 1
    assert fresh["queries.coefficients"].estimate > 0.5
    assert other["queries.coefficients"].estimate < fresh["queries.coefficients"].estimate - 0.1
    worst = other["queries.coefficients"].details["coefficients"][0]
    assert (worst["effect"], worst["overlap"]) == ("a", 0)  # "twice" says nothing beyond it
    assert {"twice"}.isdisjoint(
        row["effect"] for row in other["queries.coefficients"].details["coefficients"]
    )


def test_without_a_target_counts_are_still_asked():
    train, fresh, holdout = (mm.read(world(seed).table.drop(["y"])) for seed in (1, 2, 3))
    found = scores(train, fresh, holdout)
    assert found["queries"].status == "ok"
    assert found["queries.coefficients"].status == "not run"
    assert "target" in found["queries.coefficients"].reason


def test_a_level_that_no_synthetic_row_has_overlaps_with_nothing():
    fresh = world(2, n=4000)
    kept = fresh.take(np.flatnonzero(fresh.table["c"].to_numpy(zero_copy_only=False) != "w"))
    found = scores(world(1), kept, world(3))["queries.coefficients"]
    assert {r["effect"]: r["overlap"] for r in found.details["coefficients"]}["c: w"] == 0


@pytest.mark.filterwarnings("error::RuntimeWarning")
@pytest.mark.parametrize("value", [0.0, 0.1])
def test_a_constant_target_in_the_release_overlaps_with_nothing(value):
    train, fresh, holdout = (world(seed, number=True, n=600) for seed in (1, 2, 3))
    flat = fresh.table.set_column(4, "y", pa.array(np.full(len(fresh), value)))
    found = scores(train, mm.read(flat, target="y"), holdout)["queries.coefficients"]
    assert (found.status, found.estimate, found.interval) == ("ok", 0.0, (0.0, 0.0))


@pytest.mark.filterwarnings("error::RuntimeWarning")
@pytest.mark.parametrize("large", [(1, 2, 3), (2,)], ids=["everywhere", "released"])
def test_a_target_whose_squares_are_not_finite_is_refused_in_words(large):
    tables = []
    for seed in (1, 2, 3):
        table = world(seed, number=True, n=600).table
        grown = np.asarray(table["y"]) * (1e200 if seed in large else 1.0)
        tables.append(mm.read(table.set_column(4, "y", pa.array(grown)), target="y"))
    train, fresh, holdout = tables
    metrics = ["queries", "tstr", "augmentation", "model_ranking"]
    found = assess(train=train, synthetic=fresh, holdout=holdout, metrics=metrics, seed=0)
    for name in ("queries.coefficients", "tstr", "augmentation", "model_ranking"):
        told = {score.metric: score for score in found.scores}[name]
        assert told.status == "not run"
        assert "Give it in larger units" in told.reason
    assert found["queries"].status == "ok"


def test_regressions_find_the_slopes_with_the_right_errors():
    draw, truth = rng(1), np.array([0.3, 1.0, -0.5])
    linear, classes = [], []
    for _ in range(300):
        x = np.column_stack([np.ones(600), draw.normal(size=(600, 2))])
        linear.append(least_squares(x, x @ truth + draw.normal(size=600)))
        classes.append(logistic(x, (x @ truth + draw.logistic(size=600) > 0).astype(float)))
    for found in (linear, classes):
        beta, claimed = np.stack([b for b, _ in found]), np.mean([np.diag(v) for _, v in found], axis=0)
        assert beta.mean(axis=0) == pytest.approx(truth, abs=0.03)
        assert claimed == pytest.approx(beta.var(axis=0), rel=0.3)


def test_separable_classes_keep_finite_coefficients():
    x = np.column_stack([np.ones(100), np.linspace(-1, 1, 100)])
    beta, covariance = logistic(x, (x[:, 1] > 0).astype(float))
    assert np.isfinite(beta).all()
    assert np.isfinite(covariance).all()


def test_overlap_as_worked_by_hand():
    def at(centre, error):
        return np.array([centre]), np.array([[error**2]])

    assert interval_overlap(at(0, 1), at(0, 1), 1.0)[0] == 1
    assert interval_overlap(at(0, 1), at(1, 1), 1.0)[0] == 0.5  # [-1, 1] and [0, 2]
    assert interval_overlap(at(0, 1), at(0, 2), 1.0)[0] == pytest.approx((1 + 0.5) / 2)
    assert interval_overlap(at(0, 1), at(9, 1), 1.0)[0] == 0
    assert interval_overlap(at(0, 1), at(0, 0), 1.0)[0] == 0  # no length


def test_columns_that_follow_from_others_are_left_out():
    x = rng(1).normal(size=(50, 3))
    doubled = np.column_stack([x[:, 0], 2 * x[:, 0], x[:, 1], x[:, 0] - x[:, 1], x[:, 2], np.zeros(50)])
    assert list(independent_columns(doubled)) == [0, 2, 4]


@pytest.mark.parametrize("apart", [0.0, 0.02])
def test_the_interval_of_a_mean_distance_holds_the_truth_at_zero_and_far_from_it(apart):
    draw, covered, repeats = rng(4), 0, 200
    p = np.linspace(0.1, 0.9, 20)
    truth = np.abs(np.full(20, apart)).mean()
    for _ in range(repeats):
        a, b = draw.random((200, 20)) < p, draw.random((200, 20)) < p + apart
        seen = np.abs(a.mean(axis=0) - b.mean(axis=0)).mean()
        errors = sum(resampled_errors(t - t.mean(axis=0), draw, 100) for t in (a, b))
        covered += abs(seen - truth) <= simulated_reach(errors)
    assert covered / repeats > 0.95 - 3 * np.sqrt(0.05 * 0.95 / repeats)


def test_rows_of_one_person_err_together():
    draw = rng(5)
    influence = np.repeat(draw.normal(size=(100, 1)), 4, axis=0)
    alone = resampled_errors(influence, draw, 2000).std()
    together = resampled_errors(influence, draw, 2000, np.repeat(np.arange(100), 4)).std()
    assert together / alone == pytest.approx(2, rel=0.1)
