"""Triples: what no pair shows, worked tables, and intervals that hold near and far from 0."""

from __future__ import annotations

import numpy as np
import pytest

from fidelity_tables import HARD, assert_sound, dataset, rng, scored_hard
from mintmark.assess.assess import assess
from mintmark.assess.fidelity.triples import Triples
from mintmark.metric import Tables


def scores(train, synthetic, holdout=None, metrics=("triples",)):
    found = assess(train=train, synthetic=synthetic, holdout=holdout, metrics=list(metrics), seed=0)
    return {score.metric: score for score in found.scores}


def parity(seed, n, odd):
    """Three fair bits whose sum is odd with chance `odd`; every pair is independent."""
    draw = rng(seed)
    a, b = draw.integers(2, size=(2, n))
    c = (a + b + (draw.random(n) < odd)) % 2
    return dataset({name: np.array(["no", "yes"])[bits] for name, bits in zip("abc", (a, b, c), strict=True)})


def test_a_relation_of_three_that_no_pair_has_is_seen():
    train, holdout, other = parity(1, 6000, 0.1), parity(2, 6000, 0.1), parity(3, 6000, 0.9)
    found = scores(train, other, holdout, ["pair_trends", "triples"])
    assert found["pair_trends"].estimate > 0.97
    assert found["triples"].estimate == pytest.approx(0.2, abs=0.03)  # total variation is 0.9 - 0.1
    assert found["triples"].floor == pytest.approx(0.6, abs=0.03)  # 0.5 - 0.1
    assert found["triples"].ceiling > 0.97
    assert found["triples"].details["triples"][0]["columns"] == ["a", "b", "c"]


def test_four_rows_give_the_distance_worked_by_hand():
    train = dataset({"a": ["x", "x", "y", "y"], "b": ["u", "v", "u", "v"], "c": ["p", "p", "p", "q"]})
    other = dataset({"a": ["x", "x", "y", "y"], "b": ["u", "v", "u", "u"], "c": ["p", "q", "p", "q"]})
    assert scores(train, other)["triples"].estimate == 0.5


@pytest.mark.parametrize("odd", [0.3, 0.31, 0.36, 0.6])
def test_intervals_hold_the_true_distance(odd):
    truth, held = 1 - abs(odd - 0.3), 0
    for k in range(100):
        train, synthetic = parity(2 * k, 800, 0.3), parity(2 * k + 1, 800, odd)
        (found,) = Triples().measure(Tables(train, synthetic, None, synthetic), rng())
        held += found.interval[0] <= truth <= found.interval[1]
        assert found.interval[0] <= found.estimate <= found.interval[1]
    assert held / 100 >= 0.89  # 93 % less two standard errors would be 0.88


def test_rows_of_one_person_widen_the_interval():
    columns = {
        name: parity(5, 300, 0.3).table[name].to_numpy(zero_copy_only=False).repeat(5) for name in "abc"
    }
    other = parity(6, 20_000, 0.6)
    alone = scores(dataset(columns), other)["triples"]
    person = dataset({**columns, "who": np.repeat(np.arange(300), 5)}, {"who": ("group",)})
    wide = scores(person, other)["triples"]
    assert wide.estimate == alone.estimate
    ratio = (wide.estimate - wide.interval[0]) / (alone.estimate - alone.interval[0])
    assert ratio == pytest.approx(5**0.5, rel=0.1)


def test_cells_that_few_synthetic_rows_leave_empty_may_be_chance():
    """Five independent numbers: 125 cells a triple and 100 synthetic rows; the populations are the same."""
    columns = [rng(k).normal(size=(5, n)) for k in range(6) for n in (3000, 100)]
    data = [dataset({f"x{i}": column for i, column in enumerate(part)}) for part in columns]
    for train, synthetic in zip(data[::2], data[1::2], strict=True):
        (found,) = Triples().measure(Tables(train, synthetic, None, synthetic), rng())
        assert found.interval[1] == pytest.approx(1, abs=0.01)


def test_rows_of_one_synthetic_sequence_widen_the_interval():
    held = 0
    for k in range(40):
        bits = [parity(2 * k, 400, 0.3), parity(2 * k + 1, 40, 0.3)]
        train, synthetic = (
            dataset(
                {name: data.table[name].to_numpy(zero_copy_only=False).repeat(20) for name in "abc"}
                | {"key": np.arange(len(data)).repeat(20)},
                {"key": ("sequence_key",)},
            )
            for data in bits
        )
        (found,) = Triples().measure(Tables(train, synthetic, None, synthetic), rng())
        held += found.interval[0] <= 1 <= found.interval[1]
    assert held / 40 >= 0.89


@pytest.mark.usefixtures("overlap_allowed")
def test_many_columns_are_sampled_and_the_same_seed_draws_the_same():
    data = dataset({f"x{i}": rng(i).normal(size=300) for i in range(100)})
    first, second = (scores(data, data, data)["triples"] for _ in range(2))
    assert first == second
    assert first.details["compared"] == 100
    assert first.estimate == 1


@pytest.mark.parametrize("case", HARD)
def test_hard_tables_are_scored_or_say_why_not(case):
    assert_sound(scored_hard(case, "triples"), (0, 1))
