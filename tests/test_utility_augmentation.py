"""What synthetic rows are worth in real labels: on curves worked by hand and rows of known worth."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

import mintmark as mm
from mintmark.assess.assess import assess
from mintmark.data.dataset import Dataset
from mintmark.stats.learning_curve import LearningCurve


def rng(seed=0):
    return np.random.Generator(np.random.Philox(seed))


def world(seed: int, n: int, number: bool = False) -> Dataset:
    draw = rng(seed)
    x = draw.normal(size=(6, n))
    signal = x[0] + x[1] * x[2] + np.sin(2 * x[3]) + 0.5 * draw.normal(size=n)
    y = signal if number else np.where(signal > 0, "yes", "no")
    return mm.read(pa.table({**{f"x{i}": x[i] for i in range(6)}, "y": y}), target="y")


def scores(train, synthetic, holdout):
    found = assess(train=train, synthetic=synthetic, holdout=holdout, metrics=["augmentation"], seed=0)
    return {score.metric: score for score in found.scores}


SIZES = np.array([50, 100, 200, 400])


def test_a_power_law_is_read_backwards_within_and_beyond_its_sizes():
    curve = LearningCurve.of(SIZES, 0.9 - 0.8 * SIZES**-0.5, 0.5)
    for size in SIZES:
        assert curve.rows(0.9 - 0.8 * size**-0.5) == pytest.approx(size)
    assert curve.rows(0.9 - 0.8 * 900**-0.5) == pytest.approx(900, rel=1e-6)
    assert curve.rows(0.899) == 4 * 400  # farther than a curve is followed
    assert curve.rows(0.5) == curve.rows(0.1) == 1


def test_a_curve_with_a_dip_is_made_rising_and_a_flat_one_promises_nothing():
    dipped = LearningCurve.of(SIZES, [0.6, 0.7, 0.68, 0.8], 0.5)
    assert list(dipped.figures) == pytest.approx([0.5, 0.6, 0.69, 0.69, 0.8])
    assert 50 < dipped.rows(0.65) < 100
    flat = LearningCurve.of(SIZES, [0.5, 0.5, 0.5, 0.5], 0.5)
    assert flat.rows(0.5) == 1
    assert flat.rows(0.51) == 1600


@pytest.mark.parametrize("number", [False, True], ids=["classes", "number"])
def test_fresh_rows_are_worth_as_many_real_ones(number):
    train, fresh, holdout = world(1, 800, number), world(2, 800, number), world(3, 4000, number)
    found = scores(train, fresh, holdout)
    alone, added = found["augmentation.labels"], found["augmentation.added_labels"]
    assert alone.interval[0] <= alone.estimate <= alone.interval[1] <= alone.ceiling == 800
    assert alone.interval[1] > 600
    assert alone.interval[0] > 200
    assert added.interval[0] <= 800
    assert added.interval[1] > 600
    assert added.estimate > 0
    assert found["augmentation"].interval[0] > 0
    assert found["augmentation"].floor < 0.01


def test_few_rows_said_many_times_are_worth_few():
    train, holdout = world(1, 1600), world(3, 4000)
    few = world(2, 1600).take(rng(5).integers(0, 200, 1600))
    found = scores(train, few, holdout)["augmentation.labels"]
    assert found.interval[0] < 200
    assert 60 < found.estimate < 500
    assert found.interval[1] < 800


def test_harm_is_counted_as_labels_lost():
    train, fresh, holdout = world(1, 1600), world(2, 1600), world(3, 4000)
    y = fresh.table["y"].to_numpy(zero_copy_only=False)
    turned = fresh.table.set_column(6, "y", pa.array(np.where(y == "yes", "no", "yes")))
    found = scores(train, Dataset(turned, train.schema), holdout)
    assert found["augmentation"].interval[1] < 0
    assert found["augmentation.added_labels"].interval[1] < -800
    assert found["augmentation.labels"].estimate == 1
    assert found["augmentation.labels"].floor < 100


def test_too_few_rows_for_a_curve_are_not_run():
    found = scores(world(1, 60), world(2, 60), world(3, 400))["augmentation"]
    assert found.status == "not run"
    assert "80 are needed" in found.reason
