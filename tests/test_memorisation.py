"""Memorisation: copies of train are told from fresh rows, copies of the holdout the other way."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

import mintmark
from fidelity_tables import HARD, assert_sound, rng, scored_hard, sequences
from mintmark.assess.assess import assess
from mintmark.assess.fidelity.memorisation import Memorisation
from mintmark.assess.report._words import sentence
from mintmark.data.dataset import Dataset
from mintmark.data.read import read
from mintmark.metric import Tables

ADULT = Path(mintmark.__file__).parent / "examples/adult.parquet"
NAMES = ("memorisation.two_sample", "memorisation.density")


@pytest.fixture(scope="module")
def adult():
    return read(ADULT, target="income")


def three(data, n, seed):
    order = rng(seed).permutation(len(data))
    return [data.take(order[i * n : (i + 1) * n]) for i in range(3)]


def scores(train, synthetic, holdout):
    found = assess(train=train, synthetic=synthetic, holdout=holdout, metrics=["memorisation"], seed=0)
    return {score.metric: score for score in found.scores}


def test_copies_of_train_are_told_in_words_and_fresh_rows_are_not(adult):
    train, holdout, fresh = three(adult, 2500, 1)
    copied, new = scores(train, train.take(rng(2).permutation(2500)), holdout), scores(train, fresh, holdout)
    for name in NAMES:
        assert copied[name].interval[0] > 0
        assert copied[name].estimate == pytest.approx(copied[name].floor, rel=0.3)
        assert "Sign of memorisation" in sentence(copied[name])
        assert new[name].interval[0] <= 0
        assert "memorisation" not in sentence(new[name])


def test_a_part_of_copies_among_fresh_rows_is_seen(adult):
    train, holdout, fresh = three(adult, 2500, 3)
    mixed = Dataset(pa.concat_tables([train.table[:750], fresh.table[750:]]), train.schema)
    assert all(scores(train, mixed, holdout)[name].interval[0] > 0 for name in NAMES)


def test_copies_of_the_holdout_lie_on_the_other_side(adult):
    train, holdout, _ = three(adult, 2500, 4)
    found = scores(train, holdout.take(rng(5).permutation(2500)), holdout)
    assert all(found[name].interval[1] < 0 for name in NAMES)


def test_fresh_rows_are_seldom_called_memorised(adult):
    alarms = np.zeros(2)
    for k in range(8):
        train, holdout, fresh = three(adult, 800, 10 + k)
        found = Memorisation().measure(Tables(train, fresh, holdout, fresh), rng(k))
        alarms += [score.interval[0] > 0 for score in found]
    assert (alarms <= 1).all()  # two of eight have a chance of 2 % at 2.5 % each


def test_a_resampling_of_trains_columns_is_not_memorisation(adult):
    train, holdout, _ = three(adult, 2500, 6)
    draw = rng(7)
    made = {
        name: train.table[name].combine_chunks().take(pa.array(draw.integers(2500, size=2500)))
        for name in train.names
    }
    found = scores(train, Dataset(pa.table(made), train.schema), holdout)
    assert all(found[name].interval[0] <= 0 for name in NAMES)


def test_without_a_holdout_it_says_what_to_give(adult):
    train, _, fresh = three(adult, 200, 8)
    found = assess(train=train, synthetic=fresh, metrics=["memorisation"])["memorisation"]
    assert found.status == "not run"
    assert "holdout" in found.reason


@pytest.mark.parametrize("case", HARD)
def test_hard_tables_are_scored_or_say_why_not(case):
    for score in scored_hard(case, "memorisation"):
        assert_sound([score], (-1, 1) if score.metric.endswith("two_sample") else (-np.inf, np.inf))


def test_fresh_sequences_are_not_called_memorised_and_spread_as_the_intervals_say():
    found = []
    for k in range(10):
        train, holdout, fresh = (sequences(3 * k + i) for i in range(3))
        some = Memorisation().measure(Tables(train, fresh, holdout, fresh), rng(k))
        found.append([(score.estimate, np.ptp(score.interval) / 3.92) for score in some])
    values = np.array(found)
    assert (np.abs(values[:, :, 0]) < 1.96 * values[:, :, 1]).sum(0).min() >= 8
    assert (values[:, :, 1].mean(0) > 0.65 * values[:, :, 0].std(0, ddof=1)).all()
