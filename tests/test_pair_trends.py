"""Pair trends: a relation that no correlation sees is listed when it is lost, and fails a rule on pairs."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from mintmark.assess.assess import assess
from mintmark.data.dataset import Dataset
from mintmark.data.schema import Column, Schema
from mintmark.release.rule import Rule
from mintmark.stats.distance_intervals import beyond_chance, total_variation_interval


def rng(seed=0):
    return np.random.Generator(np.random.Philox(seed))


def bent(seed: int, n: int, kept: bool = True) -> Dataset:
    """Eleven numbers of which one is the square of another with a little noise: 55 pairs."""
    draw = rng(seed)
    x = draw.normal(size=(10, n))
    source = x[0] if kept else draw.permutation(x[0])
    columns = {f"x{i}": part for i, part in enumerate(x)} | {"y": source**2 + 0.1 * draw.normal(size=n)}
    return Dataset(
        pa.table(columns), Schema(tuple(Column(name=n, kind="number", dtype="double") for n in columns))
    )


def test_a_lost_relation_that_no_correlation_sees_is_listed_first_and_fails_a_rule():
    found = assess(
        train=bent(1, 2000), holdout=bent(2, 2000), synthetic=bent(3, 2000, kept=False),
        metrics=["pair_trends"], seed=0,
    )  # fmt: skip
    pairs = found["pair_trends"].details["pairs"]
    assert pairs[0]["columns"] == ["x0", "y"]
    assert pairs[0]["estimate"] < 0.7
    assert pairs[0]["score"] > 0.9
    assert len(pairs) == 30
    rule = Rule(
        id="r", family="fidelity", metric="pair_trends", each="pair", bound="estimate",
        relative_to="ceiling", at_least=-0.1, because="a mean hides it",
    )  # fmt: skip
    assert rule.judge(found.to_json()).outcome == "fail"


def test_beyond_chance_is_0_on_average_where_nothing_differs_and_the_distance_where_much_does():
    p, draw = np.full(36, 1 / 36), rng(4)
    found = [beyond_chance(draw.multinomial(2000, p), draw.multinomial(500, p)) for _ in range(200)]
    assert abs(np.mean(found)) < 3 * np.std(found) / 200**0.5 + 0.001
    a, b = np.array([4000, 1000, 0]), np.array([1000, 4000, 0])
    assert abs(beyond_chance(a, b) - 0.6) < 0.02
    assert abs(total_variation_interval(a, b).estimate - 0.6) < 0.02
