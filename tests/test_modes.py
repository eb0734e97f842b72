"""Mode coverage: dropped classes and categories are seen, and chance alone drops none."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow.compute as pc
import pytest
from scipy.stats import binomtest

import mintmark
from fidelity_tables import HARD, assert_sound, dataset, rng, scored_hard
from mintmark.assess.assess import assess
from mintmark.assess.fidelity.modes import Modes
from mintmark.data.dataset import Dataset
from mintmark.data.read import read
from mintmark.metric import Tables
from mintmark.stats.rate_ratio import proves_absence, rate_ratio

ADULT = Path(mintmark.__file__).parent / "examples/adult.parquet"


def modes(train, synthetic, holdout=None, seed=0):
    return assess(train=train, synthetic=synthetic, holdout=holdout, metrics=["modes"], seed=seed)["modes"]


@pytest.fixture(scope="module")
def adult():
    return read(ADULT, target="income")


def three(data, n, seed):
    order = rng(seed).permutation(len(data))
    return [data.take(order[i * n : (i + 1) * n]) for i in range(3)]


def without(data, column, value, seed):
    """As many rows, drawn from those that do not have the value."""
    other = np.flatnonzero(pc.not_equal(data.table[column], value).to_numpy(zero_copy_only=False))
    return data.take(rng(seed).choice(other, len(data)))


def test_ends_are_those_of_the_exact_binomial_test():
    low, high = rate_ratio(np.array([7.0, 0.0]), 100, np.array([11.0, 5.0]), 300, 0.01)
    exact = binomtest(7, 18).proportion_ci(0.98, "exact")
    assert low[0] == pytest.approx(3 * exact.low / (1 - exact.low))
    assert high[0] == pytest.approx(3 * exact.high / (1 - exact.high))
    assert low[1] == 0
    assert high[1] == pytest.approx(float(proves_absence(100, np.array([5.0]), 300, 0.01)[0]))


def test_the_interval_holds_the_smallest_ratio_of_two_known_populations():
    """Categories with shares p in the population and q in the release."""
    p = np.array([0.4, 0.3, 0.15, 0.1, 0.05])
    q = np.array([0.43, 0.3, 0.165, 0.08, 0.025])
    words, held = np.array(list("abcde")), 0
    for k in range(120):
        draw = rng(k)
        score = modes(
            dataset({"c": draw.choice(words, 2000, p=p)}), dataset({"c": draw.choice(words, 2000, p=q)})
        )
        held += score.interval[0] <= 0.5 <= score.interval[1]
    assert held / 120 >= 0.93  # conservative: nearly all


def test_fresh_draws_of_2000_rows_show_no_missing_mode(adult):
    scores = []
    for k in range(40):
        train, holdout, fresh = three(adult, 2000, k)
        scores.append(modes(train, fresh, holdout))
    assert np.mean([score.interval[0] > 0.2 for score in scores]) >= 0.97
    assert np.mean([score.interval[1] == 1 for score in scores]) >= 0.93
    for score in scores:
        assert score.interval[0] <= score.estimate <= score.interval[1]
    # rows of one population: the figure of fresh rows is the ceiling's, up to chance
    assert np.mean([score.estimate - score.ceiling for score in scores]) == pytest.approx(0, abs=0.05)


@pytest.mark.parametrize(("column", "value"), [("income", ">50K"), ("race", "Asian-Pac-Islander")])
def test_a_dropped_class_or_category_lies_wholly_below_a_fifth_and_is_named(adult, column, value):
    train, holdout, fresh = three(adult, 2000, 3)
    score = modes(train, without(fresh, column, value, 4), holdout)
    assert score.interval[1] < 0.2
    assert score.estimate == 0
    worst = score.details["groups"][0]
    assert worst["column"] == column
    assert worst["value"] == value
    assert score.details["columns"][column]["estimate"] == 0


def test_a_class_missing_within_one_category_is_named(adult):
    train, holdout, fresh = three(adult, 8000, 5)
    rich_women = pc.and_(
        pc.equal(fresh.table["sex"], "Female"), pc.equal(fresh.table["income"], ">50K")
    ).to_numpy(zero_copy_only=False)
    score = modes(train, fresh.take(rng(6).choice(np.flatnonzero(~rich_women), 8000)), holdout)
    assert score.interval[1] < 0.2
    assert ("sex", "Female, income >50K") in {(g["column"], g["value"]) for g in score.details["groups"]}


def test_a_cut_off_tail_of_a_number_is_seen():
    x = rng(1).normal(size=4000)
    y = rng(2).normal(size=12_000)
    score = modes(dataset({"x": x}), dataset({"x": y[y < 1.2][:4000]}))
    assert score.interval[1] < 0.2
    assert "1.7 or more" in {group["value"] for group in score.details["groups"] if group["estimate"] == 0}


def test_rows_of_one_person_count_as_one():
    word = np.repeat(rng(3).choice(["a", "b"], 400, p=[0.8, 0.2]), 10)
    other = dataset({"c": rng(1).choice(["a", "b"], 5000, p=[0.85, 0.15])})
    many = modes(dataset({"c": word}), other)
    one = modes(dataset({"c": word, "who": np.repeat(np.arange(400), 10)}, {"who": ("group",)}), other)
    assert one.estimate == pytest.approx(many.estimate)
    ends = [np.log(score.details["groups"][0]["interval"]) for score in (many, one)]
    assert np.ptp(ends[1]) / np.ptp(ends[0]) == pytest.approx(
        ((1 / 756 + 10 / 640) / (1 / 756 + 1 / 640)) ** 0.5, rel=0.1
    )


def sequences(seed: int, n: int, first: int, keep: float = 1.0) -> Dataset:
    """Sequences of ten rows; a row has its sequence's word with chance `keep`, else any."""
    draw, p = rng(seed), [0.4, 0.3, 0.2, 0.1]
    own = draw.choice(4, n, p=p).repeat(10)
    word = np.where(draw.random(10 * n) < keep, own, draw.choice(4, 10 * n, p=p))
    return dataset(
        {"c": np.array(list("abcd"))[word], "key": np.arange(n).repeat(10) + first},
        {"key": ("sequence_key",)},
    )


@pytest.mark.parametrize("keep", [1.0, 0.5])
def test_rows_of_one_synthetic_sequence_count_as_far_as_they_tell(keep):
    held = []
    for k in range(60):
        train, other = sequences(2 * k, 1000, 0, keep), sequences(2 * k + 1, 120, 5000, keep)
        (score,) = Modes().measure(Tables(train, other, None, other), rng())
        held.append(score.interval[0] <= 1 <= score.interval[1])
    assert np.mean(held) >= 0.93


def test_a_word_that_no_synthetic_sequence_has_is_judged_by_sequences():
    train, other = sequences(1, 1000, 0), sequences(2, 400, 5000)
    kept = other.take(np.flatnonzero(pc.not_equal(other.table["c"], "b").to_numpy(zero_copy_only=False)))
    (score,) = Modes().measure(Tables(train, kept, None, kept), rng())
    worst = score.details["groups"][0]
    assert (worst["value"], worst["estimate"]) == ("b", 0)
    ends = proves_absence(len(kept) / 10, np.array([300.0]), 1000, 0.05 / 2 / len(score.details["groups"]))
    assert worst["interval"][1] == pytest.approx(float(ends[0]), rel=0.15)


def test_a_group_of_fewer_than_ten_persons_is_never_named():
    word = np.repeat([f"w{i}" for i in range(40)], 100)
    person = np.repeat(np.arange(4000 // 25), 25)  # four persons a word
    train = dataset({"c": word, "who": person}, {"who": ("group",)})
    score = modes(train, dataset({"c": word, "who": np.arange(4000)}))
    assert score.status == "not run"
    assert not score.details


@pytest.mark.parametrize("case", HARD)
def test_hard_tables_are_scored_or_say_why_not(case):
    assert_sound(scored_hard(case, "modes"), (0, 1))
