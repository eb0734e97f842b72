"""The `internal` policy on rows whose fault is known: each is refused for the right reason."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import mintmark as mm
from mintmark.data.dataset import Dataset
from mintmark.release.policy import Policy

SIZE = 9000
RULES = {rule.id for rule in Policy.load("internal").rules if rule.when != "image"}


@pytest.fixture(scope="module")
def adult():
    """Train, holdout and fresh rows: three parts of Adult that share no row."""
    real = mm.read(Path(mm.__file__).parent / "examples" / "adult.parquet", target="income")
    mixed = real.take(np.random.default_rng(0).permutation(len(real))[: 3 * SIZE])
    return [mixed[k * SIZE : (k + 1) * SIZE] for k in range(3)]


def not_passed(adult, synthetic: Dataset, outcomes=("fail", "inconclusive", "not run")) -> set[str]:
    train, holdout, _ = adult
    assessment = mm.assess(train=train, holdout=holdout, synthetic=synthetic, policy="internal", seed=0)
    verdicts = Policy.load("internal").judge(assessment.to_json(), nature="fully synthetic")
    assert {verdict.rule for verdict in verdicts} == RULES
    return {verdict.rule for verdict in verdicts if verdict.outcome in outcomes}


def test_fresh_real_rows_pass(adult):
    assert not_passed(adult, adult[2]) == set()


def test_a_copy_of_train_is_refused_for_privacy_and_nothing_else(adult):
    assert not_passed(adult, adult[0]) == {
        "no-more-copies-than-chance",
        "no-more-near-copies-than-chance",
        "rare-rows-are-not-copied",
        "unique-values-are-not-reused",
        "two-facts-do-not-point-at-a-person",
        "members-are-not-told-apart",
        "no-member-stands-out",
        "nobody-who-stands-out-is-exposed",
    }


def test_independent_marginals_are_refused_for_lost_relations_and_not_for_privacy(adult):
    made = mm.synthesizer("independent").fit(adult[0], seed=0).sample(SIZE, seed=1)
    assert not_passed(adult, made) == {
        "pairs-keep-their-trend",
        "rows-look-real-together",
        "no-relation-is-lost",
        "no-class-is-lost",  # the class within a category, where the two went together
        "models-learn-as-well",
        "no-group-is-served-worse",
        "no-class-is-forgotten",
    }


def test_a_collapsed_sample_is_refused_for_lack_of_variety(adult):
    made = mm.synthesizer("sequential_trees").fit(adult[0], seed=0).sample(200, seed=1)
    again = made.take(np.random.default_rng(0).integers(0, 200, SIZE))
    failed = not_passed(adult, again, ("fail",))
    assert {"rows-are-as-varied", "rows-look-real-together"} <= failed
    # two hundred different rows cannot prove that none is copied, but none shows it
    assert not failed & {"no-more-copies-than-chance", "members-are-not-told-apart"}
