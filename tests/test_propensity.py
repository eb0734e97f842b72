"""Propensity: worked cases, a null that is right, and relations that only the tree can see."""

from __future__ import annotations

import numpy as np
import pytest

from fidelity_tables import HARD, assert_sound, dataset, rng, scored_hard, sequences
from mintmark.assess.assess import assess
from mintmark.assess.fidelity.propensity import Propensity
from mintmark.metric import Tables
from mintmark.stats.propensity import logistic, pmse, tree


def scores(train, synthetic, holdout=None):
    found = assess(train=train, synthetic=synthetic, holdout=holdout, metrics=["propensity"], seed=0)
    return {score.metric: score for score in found.scores}


def table(seed, n, shift=0.0, slope=0.5):
    draw = rng(seed)
    x = draw.normal(size=n)
    y = slope * x + draw.normal(size=n)
    return dataset({"x": x + shift, "y": y, "c": np.where(draw.random(n) < 0.3 + shift / 3, "p", "q")})


@pytest.mark.parametrize("model", [tree, logistic])
def test_one_binary_column_gives_the_error_worked_by_hand(model):
    """Of 400 and 400 rows 300 and 100 have the mark: chances 1/4 and 3/4, all a quarter off."""
    mark = np.repeat([1.0, 0.0, 1.0, 0.0], [300, 100, 100, 300])
    labels = np.repeat([False, True], 400)
    chances = model.fit(model.prepare(mark[:, None]), labels)
    assert pmse(chances, labels) == pytest.approx(1 / 16, rel=0.02)


def test_the_null_by_projection_is_that_of_refitted_regressions():
    x = logistic.prepare(rng(1).normal(size=(600, 8)))
    labels = np.repeat([False, True], 300)
    draw, refitted = rng(2), []
    for _ in range(100):
        mixed = draw.permutation(labels)
        refitted.append(pmse(logistic.fit(x, mixed), mixed))
    null = logistic.null(x, labels, None, rng(3))
    assert null.mean() == pytest.approx(np.mean(refitted), rel=4 * 0.5 / 10)  # spread is half the mean
    assert null.mean() == pytest.approx(8 / 4 / 600, rel=0.12)  # rank c (1 - c) / N


def test_columns_that_repeat_each_other_are_one():
    x = rng(4).normal(size=(50, 2))
    assert logistic.prepare(np.column_stack([x, x[:, 0] + x[:, 1], np.ones(50)])).shape == (50, 2)


def test_fresh_rows_have_ratio_one_on_average_and_intervals_hold():
    estimates, ceilings, held = [], [], 0
    for k in range(16):
        train, holdout, fresh = (table(3 * k + i, 500) for i in range(3))
        found = Propensity().measure(Tables(train, fresh, holdout, fresh), rng(k))
        estimates.append([score.estimate for score in found])
        ceilings.append([score.ceiling for score in found])
        held += sum(score.interval[0] <= 1 <= score.interval[1] for score in found)
    for part in (0, 1):
        error = np.std(estimates, axis=0)[part] / 4
        assert np.mean(estimates, axis=0)[part] == pytest.approx(1, abs=4 * error)
        assert np.mean(ceilings, axis=0)[part] == pytest.approx(1, abs=4 * error)
    assert held / 32 >= 0.9


@pytest.mark.parametrize("columns", [15, 60])
def test_many_columns_of_few_rows_have_ratio_one_too(columns):
    """With a feature for every row all are told apart under any labels: intervals held 17 of 100."""
    estimates, held = [], 0
    for k in range(20):
        train, holdout, fresh = (
            dataset({f"x{j}": x for j, x in enumerate(rng(3 * k + i).normal(size=(columns, 100)))})
            for i in range(3)
        )
        main = Propensity().measure(Tables(train, fresh, holdout, fresh), rng(k))[1]
        estimates.append(main.estimate)
        held += main.interval[0] <= 1 <= main.interval[1]
    assert np.mean(estimates) == pytest.approx(1, abs=3 * np.std(estimates) / 20**0.5)
    assert held >= 18


def test_a_lost_relation_is_seen_by_the_tree_and_not_by_main_effects():
    train, holdout = table(1, 2000, slope=2.0), table(2, 2000, slope=2.0)
    draw, fresh = rng(3), table(4, 2000, slope=2.0)
    apart = dataset(
        {name: draw.permutation(fresh.table[name].to_numpy(zero_copy_only=False)) for name in "xyc"}
    )
    found = scores(train, apart, holdout)
    assert found["propensity"].interval[0] > 3
    assert found["propensity"].estimate == pytest.approx(found["propensity"].floor, rel=0.3)
    assert found["propensity.main"].interval[0] < 1.2
    assert found["propensity"].details["standardised"] > 10


def test_a_shift_is_seen_by_both_and_the_more_the_larger():
    train, holdout = table(1, 1500), table(2, 1500)
    for name in ("propensity", "propensity.main"):
        steps = [scores(train, table(3, 1500, shift), holdout)[name] for shift in (0.0, 0.4, 1.0)]
        assert [score.estimate for score in steps] == sorted(score.estimate for score in steps)
        assert steps[1].interval[0] > steps[0].estimate


@pytest.mark.parametrize("case", HARD)
def test_hard_tables_are_scored_or_say_why_not(case):
    assert_sound(scored_hard(case, "propensity"), (0, np.inf))


@pytest.mark.parametrize("model", [tree, logistic])
def test_the_null_is_permuted_by_person(model):
    """Persons on sides drawn at random are told apart as far as the null says, ten rows each."""
    ratios = []
    for k in range(8):
        draw = rng(k)
        x = np.repeat(draw.normal(size=(120, 2)), 10, 0) + 0.3 * draw.normal(size=(1200, 2))
        labels = np.repeat([False, True], 600)
        prepared = model.prepare(x)
        null = model.null(prepared, labels, np.repeat(np.arange(120), 10), draw)
        ratios.append(pmse(model.fit(prepared, labels), labels) / null.mean())
    assert np.mean(ratios) == pytest.approx(1, abs=4 * np.std(ratios) / 8**0.5)


def test_sequences_of_one_population_have_ratio_one_and_intervals_hold():
    estimates, held = [], 0
    for k in range(10):
        train, holdout, fresh = (sequences(3 * k + i) for i in range(3))
        found = Propensity().measure(Tables(train, fresh, holdout, fresh), rng(k))
        estimates.append([score.estimate for score in found])
        held += sum(score.interval[0] <= 1 <= score.interval[1] for score in found)
    error = np.std(estimates, axis=0) / 10**0.5
    assert (np.abs(np.mean(estimates, axis=0) - 1) < 4 * error).all()
    assert held >= 17


def test_tables_that_share_no_value_are_told_apart():
    train, other = dataset({"c": ["a"] * 150}), dataset({"c": ["b"] * 150})
    for score in scores(train, other, train).values():
        assert score.estimate > 10
