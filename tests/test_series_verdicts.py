"""The `series` policy on sequences whose fault is known, over a population drawn afresh at each run."""

from __future__ import annotations

import secrets

import numpy as np
import pytest

import mintmark as mm
from mintmark import registry
from mintmark.release.policy import Policy
from sequence_populations import (
    Population,
    collapsed,
    jittered,
    phase_randomised,
    time_shuffled,
    with_copies,
)

SIZE = 320
POLICY = Policy.load("series")
FAMILY = {rule.id: rule.family for rule in POLICY.rules}
NEEDED = sorted(
    {name.partition(".")[0] for rule in POLICY.rules for name in (rule.metric, rule.or_metric) if name}
)


@pytest.fixture(scope="module")
def drawn():
    """Train, holdout and fresh sequences of one law, and a generator; the seed is told on failure."""
    seed = secrets.randbelow(2**31)
    print(f"population seed {seed}")
    law = Population(seed)
    return [law.draw(SIZE, first) for first in (0, 1000, 2000)], np.random.default_rng(seed)


def outcomes(drawn, synthetic) -> dict[str, str]:
    (train, holdout, _), _ = drawn
    assessed = mm.assess(
        train=train, holdout=holdout, synthetic=synthetic, policy=POLICY, metrics=NEEDED, seed=0
    )
    verdicts = POLICY.judge(assessed.to_json(), nature="fully synthetic")
    return {verdict.rule: verdict.outcome for verdict in verdicts}


def not_passed(found: dict[str, str], family: str) -> set[str]:
    return {rule for rule, outcome in found.items() if outcome != "pass" and FAMILY[rule] == family}


def failed(found: dict[str, str]) -> set[str]:
    return {rule for rule, outcome in found.items() if outcome == "fail"}


def test_fresh_sequences_pass(drawn):
    found = outcomes(drawn, drawn[0][2])
    assert not failed(found)
    assert sum(outcome != "pass" for outcome in found.values()) <= 1  # one in twenty straddles by chance


def test_copied_sequences_fail_in_privacy_alone(drawn):
    found = outcomes(drawn, drawn[0][0])
    assert {
        "no-more-copied-pieces-than-chance",
        "no-more-nearly-copied-pieces-than-chance",
        "members-are-not-told-apart",
        "no-member-stands-out",
    } <= failed(found)
    assert not not_passed(found, "fidelity") | not_passed(found, "utility")


def test_a_holdout_handed_through_fails_and_says_nothing_of_utility(drawn):
    found = outcomes(drawn, drawn[0][1])
    assert "real-sequences-are-not-handed-through" in failed(found)
    assert found["models-foresee-as-well"] == "not run"
    assert not not_passed(found, "fidelity")


def test_pieces_laid_into_fresh_sequences_are_found(drawn):
    (train, _, fresh), rng = drawn
    found = outcomes(drawn, with_copies(fresh, train, 0.2, 16, rng))
    assert {"no-more-copied-pieces-than-chance", "no-more-nearly-copied-pieces-than-chance"} <= failed(found)


def test_jittered_copies_fail_as_near_copies(drawn):
    (train, _, _), rng = drawn
    found = outcomes(drawn, jittered(train, rng))
    assert found["no-more-copied-pieces-than-chance"] == "pass"  # not one equals train's
    assert {"no-more-nearly-copied-pieces-than-chance", "members-are-not-told-apart"} <= failed(found)


def test_ten_sequences_repeated_fail_in_fidelity(drawn):
    (_, _, fresh), rng = drawn
    found = outcomes(drawn, collapsed(fresh, SIZE, rng))
    assert {"sequences-reach-what-fresh-ones-show", "sequences-differ", "sequences-look-real"} <= failed(
        found
    )
    # one of the ten that resembles a real piece by chance is counted forty times: near copies may fail
    assert "no-more-copied-pieces-than-chance" not in failed(found)


def test_shuffled_time_fails_in_what_hangs_on_order(drawn):
    (_, _, fresh), rng = drawn
    found = outcomes(drawn, time_shuffled(fresh, rng))
    assert {
        "numbers-remember-as-long",
        "rhythms-are-kept",
        "states-follow-each-other",
        "sequences-look-real",
        "models-foresee-as-well",
    } <= failed(found)
    assert not not_passed(found, "privacy")
    assert {"columns-keep-their-shape", "sequences-are-as-long"} & failed(found) == set()


def test_random_phases_fail_in_what_columns_do_together(drawn):
    (_, _, fresh), rng = drawn
    found = outcomes(drawn, phase_randomised(fresh, rng))
    assert {"columns-move-together", "sequences-look-real"} & failed(found)
    assert found["columns-move-together"] != "pass"
    assert found["rhythms-are-kept"] == "pass"  # each column keeps its own spectrum
    assert not not_passed(found, "privacy")


def test_the_policy_names_only_scores_that_exist():
    assert set(NEEDED) <= set(registry.names("metrics"))
