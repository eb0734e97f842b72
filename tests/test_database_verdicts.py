"""The `relational` policy on databases whose fault is known, over a population drawn afresh at each run."""

from __future__ import annotations

import secrets

import numpy as np
import pytest

import mintmark as mm
from database_populations import Population, collapsed, jittered, mixed, orphaned, repeated, shuffled
from mintmark.release.policy import Policy

SIZE = 500
POLICY = Policy.load("relational")
FAMILY = {rule.id: rule.family for rule in POLICY.rules}
COPIES = {"no-more-copied-families-than-chance", "no-more-nearly-copied-families-than-chance"}
MEMBERS = {"members-are-not-told-apart", "no-member-stands-out"}


@pytest.fixture(scope="module")
def drawn():
    """Train, holdout and fresh families of one law, and a generator; the seed is told on failure."""
    seed = secrets.randbelow(2**31)
    print(f"population seed {seed}")
    law = Population(seed)
    return [law.draw(SIZE, first) for first in (0, 10**6, 2 * 10**6)], np.random.default_rng(seed)


def outcomes(drawn, synthetic) -> dict[str, str]:
    (train, holdout, _), _ = drawn
    found = mm.assess(train=train, holdout=holdout, synthetic=synthetic, policy=POLICY, seed=0)
    verdicts = POLICY.judge(found.to_json(), nature="fully synthetic")
    return {verdict.rule: verdict.outcome for verdict in verdicts}


def rules(found: dict[str, str], *outcomes: str, family: str = "") -> set[str]:
    return {rule for rule, outcome in found.items() if outcome in outcomes and family in ("", FAMILY[rule])}


def test_fresh_families_pass(drawn):
    found = outcomes(drawn, drawn[0][2])
    assert not rules(found, "fail", "not run")
    assert len(rules(found, "inconclusive")) <= 1  # one in twenty straddles by chance


def test_copied_families_fail_in_privacy_alone(drawn):
    found = outcomes(drawn, repeated(drawn[0][0], np.arange(SIZE)))
    assert rules(found, "fail") == COPIES | MEMBERS
    assert not rules(found, "inconclusive", "not run", family="fidelity")


def test_a_tenth_of_copied_families_is_found(drawn):
    (train, _, fresh), rng = drawn
    found = outcomes(drawn, mixed(train, fresh, 0.1, rng))
    assert rules(found, "fail") >= COPIES
    assert not rules(found, "fail", family="fidelity")


def test_jittered_copies_fail_as_near_copies(drawn):
    (train, _, _), rng = drawn
    found = outcomes(drawn, jittered(repeated(train, np.arange(SIZE)), rng))
    assert found["no-more-copied-families-than-chance"] == "pass"  # not one equals train's
    assert {"no-more-nearly-copied-families-than-chance", "members-are-not-told-apart"} <= rules(
        found, "fail"
    )


def test_ten_families_repeated_fail_in_fidelity(drawn):
    (_, _, fresh), rng = drawn
    found = outcomes(drawn, collapsed(fresh, 10, SIZE, rng))
    assert {"rows-are-as-varied", "pairs-keep-their-trend", "children-fit-their-parents"} <= rules(
        found, "fail"
    )
    # one of ten that looks like a near copy, as 1 in 100 does, is a tenth of this release
    assert found["no-more-copied-families-than-chance"] == "pass"


def test_children_under_other_parents_fail_in_what_joins_them(drawn):
    (_, _, fresh), rng = drawn
    found = outcomes(drawn, shuffled(fresh, rng))
    assert rules(found, "fail") == {"children-fit-their-parents"}
    assert not rules(found, "inconclusive", "not run", family="privacy")


def test_orphans_fail_in_references_alone(drawn):
    (_, _, fresh), rng = drawn
    assert rules(outcomes(drawn, orphaned(fresh, 0.02, rng)), "fail") == {"every-reference-leads-somewhere"}
