"""Fairness by protected group: what a biased release changes, and what chance does not."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

import mintmark as mm
from mintmark.assess.assess import assess
from mintmark.data.dataset import Dataset


def world(seed: int, bias: float = 0.0, sort: str = "two", n: int = 3000) -> Dataset:
    """Merit decides; in a biased table group "b" is chosen less often at the same merit."""
    draw = np.random.Generator(np.random.Philox(seed))
    merit = draw.normal(size=n)
    group = draw.choice(["a", "b"], n, p=[0.7, 0.3])
    signal = merit - bias * (group == "b") + 0.4 * draw.normal(size=n)
    target = {
        "two": np.where(signal > 0.3, "hire", "no"),
        "three": np.array(["low", "mid", "top"])[np.digitize(signal, [-0.5, 0.5])],
        "number": signal,
    }[sort]
    columns = pa.table({"merit": merit, "group": group, "y": target})
    return mm.read(columns, target="y", roles={"group": "sensitive"})


def scores(train, synthetic, holdout):
    found = assess(train=train, synthetic=synthetic, holdout=holdout, metrics=["fairness"], seed=0)
    return {score.metric: score for score in found.scores}


@pytest.mark.parametrize("sort", ["two", "three", "number"])
def test_bias_in_the_release_is_measured_and_chance_is_not_blamed(sort):
    train, holdout = world(1, sort=sort), world(3, sort=sort)
    fair, biased = (scores(train, world(2, bias, sort), holdout) for bias in (0.0, 1.0))
    assert set(fair) == {"fairness.parity"} | ({"fairness.opportunity"} if sort != "number" else set())
    for name in fair:
        assert fair[name].estimate < 0.08
        assert biased[name].interval[0] > 0.1
        first = biased[name].details["groups"][0]
        assert first["column"] == "group"
        assert first["estimate"] == abs(first["change"]) == biased[name].estimate


def test_the_disparity_is_that_of_the_predictions():
    """With bias 1 and nearly exact models, "b" is hired if merit > 1.3 and "a" if merit > 0.3."""
    found = scores(world(1), world(2, 1.0, n=6000), world(3, n=6000))["fairness.parity"]
    by_group = {row["value"]: row for row in found.details["groups"]}
    assert by_group["b"]["real"] == pytest.approx(0, abs=0.06)
    assert by_group["b"]["synthetic"] == pytest.approx(0.0968 - 0.3821, abs=0.06)
    assert by_group["a"]["change"] == pytest.approx(-by_group["b"]["change"])
    assert found.details["scored"] == 2


def test_a_rule_on_each_group_fails_one_that_lost_as_well_as_one_that_gained():
    rule = {"id": "g", "family": "utility", "metric": "fairness.parity", "each": "group", "at_most": 0.1}
    values = {"name": "p", "purpose": "p", "rules": [rule | {"because": "of this", "only": ["group"]}]}
    found = assess(
        train=world(1), synthetic=world(2, 1.0), holdout=world(3), metrics=["fairness"], policy=values
    )
    (verdict,) = found.verdicts()
    assert verdict.outcome == "fail"
    assert verdict.reason.startswith("2 of 2 groups")
    b = next(row for row in found["fairness.parity"].details["groups"] if row["value"] == "b")
    assert b["change"] < 0 < b["interval"][0]
    assert (b["ceiling"], b["floor"] >= 0) == (0.0, True)


def test_without_a_protected_group_it_is_not_run_and_says_how_to_declare_one():
    def plain(seed):
        return mm.read(world(seed).table, target="y")

    found = scores(plain(1), plain(2), plain(3))["fairness"]
    assert found.status == "not run"
    assert "roles={'sex': 'sensitive'}" in found.reason


def test_groups_of_few_rows_are_not_judged():
    found = scores(world(1, n=60), world(2, n=60), world(3, n=60))
    assert {score.status for score in found.values()} == {"not run"}
    assert "50 holdout rows" in found["fairness.parity"].reason
