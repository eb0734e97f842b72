"""Rows that were added to change the classes' shares are compared with real rows class by class."""

from __future__ import annotations

import dataclasses
import json
import secrets

import numpy as np
import pyarrow as pa
import pytest

import mintmark as mm
from mintmark.assess._matched import _rows
from mintmark.data.dataset import Dataset
from mintmark.release.policy import Policy
from mintmark.testing.populations import bayesian_network

SEED = secrets.randbits(32)
SIZE = 4_000
METRICS = ["column_shapes", "pair_trends", "two_sample"]


@pytest.fixture(scope="module")
def world():
    """A population, two samples of it, and fresh rows of which each class makes up another share."""
    rng = np.random.default_rng(SEED)
    law = bayesian_network(rng, classes=3)
    train, holdout, many = (law.draw(rows, rng) for rows in (SIZE, SIZE, 5 * SIZE))
    y = many.table["y"].to_numpy(zero_copy_only=False)
    names, counts = np.unique(y, return_counts=True)
    rare = names[np.argsort(counts)]
    each = dict(zip(rare, (np.array([1.0, 0.5, 0.25]) * counts.min()).astype(int), strict=True))
    rows = np.concatenate([np.flatnonzero(y == name)[:n] for name, n in each.items()])
    return rng, train, holdout, many.take(rng.permutation(rows)[:SIZE])


def declared(data: Dataset, nature: str) -> Dataset:
    return dataclasses.replace(data, provenance={"nature": nature})


def scored(world, release, nature="augmented real", metrics=METRICS):
    _, train, holdout, _ = world
    return mm.assess(
        train=train, holdout=holdout, synthetic=declared(release, nature), metrics=metrics, seed=SEED
    )


def test_fresh_rows_in_other_shares_score_as_the_ceiling_only_where_they_are_declared_added(world):
    *_, fresh = world
    found, plain = scored(world, fresh), scored(world, fresh, "fully synthetic")
    for name in METRICS:
        one = found[name]
        wide = max(abs(one.interval[1] - one.interval[0]), 0.01)
        assert abs(one.estimate - one.ceiling) < 2 * wide, (SEED, name, one.estimate, one.ceiling)
        assert "of each class" in one.convention
        assert "of each class" not in plain[name].convention
    assert plain["two_sample"].interval[0] > found["two_sample"].interval[0] + 0.02, SEED
    assert plain["column_shapes"].estimate < found["column_shapes"].estimate - 0.02, SEED
    told = json.dumps(found.tables["differences"])
    assert "fidelity compares class by class" in told
    assert f"of {SIZE:,} rows of train" in told
    assert found.tables["rows"]["train"] == SIZE


def test_a_wrong_law_within_the_classes_fails(world):
    """The same rows in the same shares, one class's columns those of another: only the classes can tell."""
    rng, *_, fresh = world
    at = fresh.names.index("y")
    wrong = Dataset(
        fresh.table.set_column(
            at, fresh.table.schema.field(at), fresh.table["y"].take(pa.array(rng.permutation(len(fresh))))
        ),
        fresh.schema,
    )
    found, right = scored(world, wrong), scored(world, fresh)
    assert found["two_sample"].interval[0] > 0.55, SEED
    assert found["pair_trends"].estimate < right["pair_trends"].estimate - 0.008, SEED
    assert "fail" in outcomes(found), SEED
    assert "fail" not in outcomes(right), SEED


def outcomes(found):
    """Of the rules on fidelity that a release must pass, in the policy for the inside."""
    verdicts = Policy.load("internal").judge(found.to_json(), nature="augmented real")
    return {verdict.outcome for verdict in verdicts if verdict.family == "fidelity"}


def test_real_rows_are_drawn_once_each_in_the_proportions_of_the_new_rows():
    def of(**counts):
        return mm.read({"y": np.repeat(list(counts), list(counts.values())).tolist()}, target="y")

    rng = np.random.default_rng(0)
    real = of(a=900, b=90, c=10)
    y = np.array(real.table["y"].to_pylist())
    for new, wanted in (
        (of(b=50), {"b": 90}),
        (of(a=300, b=300), {"a": 90, "b": 90}),
        (of(a=30, c=10, d=60), {"a": 30, "c": 10}),
        (of(d=5, e=5), {}),
    ):
        rows = _rows(real, new, "y", rng)
        assert len(set(rows.tolist())) == len(rows)
        names, counts = np.unique(y[rows], return_counts=True)
        assert dict(zip(names.tolist(), counts.tolist(), strict=True)) == wanted


def test_new_rows_of_one_class_are_held_against_that_class(world):
    """As SMOTE makes them: all of the rarest class, which is a small part of train."""
    _, train, _, fresh = world
    y = train.table["y"].to_numpy(zero_copy_only=False)
    names, counts = np.unique(y, return_counts=True)
    rare = names[counts.argmin()]
    only = fresh.take(fresh.table["y"].to_numpy(zero_copy_only=False) == rare)
    found = scored(world, only)
    assert found["two_sample"].interval[0] < 0.55, SEED
    plain = scored(world, only, "fully synthetic")
    assert plain["two_sample"].interval[0] > 0.6, SEED
    told = json.dumps(found.tables["differences"])
    assert f"{counts.min():,} of {SIZE:,} rows of train" in told


def test_what_looks_for_training_rows_that_come_out_sees_all_of_train(world):
    _, train, _, fresh = world
    copies = train.take(np.arange(0, SIZE, 4))
    mixed = Dataset(pa.concat_tables([fresh.table.slice(0, 500), copies.table]), fresh.schema)
    found, plain = (
        scored(world, mixed, nature, ["memorisation"]) for nature in ("augmented real", "fully synthetic")
    )
    for one, other in zip(found.scores, plain.scores, strict=True):
        assert one.estimate == other.estimate
        assert one.convention == other.convention
