"""The `relational` policy on databases whose fault is known, over a population drawn afresh at each run."""

from __future__ import annotations

import secrets

import numpy as np
import pytest

import mintmark as mm
from database_populations import Population, collapsed, jittered, mixed, orphaned, repeated, shuffled
from mintmark.release.policy import Policy
from mintmark.release.public_report import public_report
from mintmark.release.rule import Rule, Verdict

SIZE = 500
POLICY = Policy.load("relational")
FAMILY = {rule.id: rule.family for rule in POLICY.rules}
COPIES = {"no-more-copied-families-than-chance", "no-more-nearly-copied-families-than-chance"}
UNIQUE = {"unique-values-are-not-reused", "two-facts-do-not-point-at-a-person"}
MEMBERS = {"members-are-not-told-apart", "no-member-stands-out"}


@pytest.fixture(scope="module")
def drawn():
    """Train, holdout and fresh families of one law, and a generator; the seed is told on failure."""
    seed = secrets.randbelow(2**31)
    print(f"population seed {seed}")
    law = Population(seed)
    return [law.draw(SIZE, first) for first in (0, 10**6, 2 * 10**6)], np.random.default_rng(seed)


def verdicts(train, holdout, synthetic) -> dict[str, Verdict]:
    found = mm.assess(train=train, holdout=holdout, synthetic=synthetic, policy=POLICY, seed=0)
    judged = POLICY.judge(found.to_json(), nature="fully synthetic")
    again = POLICY.judge(public_report(found), nature="fully synthetic")
    assert [one.outcome for one in judged] == [one.outcome for one in again]
    return {verdict.rule: verdict for verdict in judged}


def outcomes(drawn, synthetic) -> dict[str, str]:
    (train, holdout, _), _ = drawn
    return {rule: one.outcome for rule, one in verdicts(train, holdout, synthetic).items()}


def rules(found: dict[str, str], *outcomes: str, family: str = "") -> set[str]:
    return {rule for rule, outcome in found.items() if outcome in outcomes and family in ("", FAMILY[rule])}


def test_fresh_families_pass(drawn):
    found = outcomes(drawn, drawn[0][2])
    assert not rules(found, "fail", "not run")
    assert len(rules(found, "inconclusive")) <= 1  # one in twenty straddles by chance


def test_copied_families_fail_in_privacy_alone(drawn):
    found = outcomes(drawn, repeated(drawn[0][0], np.arange(SIZE)))
    assert rules(found, "fail") == COPIES | MEMBERS | UNIQUE
    assert not rules(found, "inconclusive", "not run", family="fidelity")


def test_a_tenth_of_copied_families_is_found(drawn):
    (train, _, fresh), rng = drawn
    found = outcomes(drawn, mixed(train, fresh, 0.1, rng))
    assert rules(found, "fail") >= COPIES
    assert not rules(found, "fail", family="fidelity")


def test_a_holdout_handed_through_fails_as_that(drawn):
    found = outcomes(drawn, repeated(drawn[0][1], np.arange(SIZE)))
    assert rules(found, "fail") == {"real-families-are-not-handed-through"}


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


def with_complaints(data: mm.Database, rng: np.random.Generator, rows: int = 20) -> mm.Database:
    """A small table more: one family in twenty-five has complained."""
    complained = rng.choice(data["customers"].table["id"].to_numpy(), rows, replace=False)
    table = {"customer": complained, "severity": rng.normal(size=rows), "cost": rng.gamma(2, 100, rows)}
    tables = {**data.tables, "complaints": mm.read(table)}
    return mm.Database(tables, {**data.keys, "complaints.customer": "customers.id"})


def test_a_small_table_copied_in_full_does_not_pass_untested(drawn):
    (train, holdout, fresh), rng = drawn
    train, holdout, made = (with_complaints(data, rng) for data in (train, holdout, fresh))
    stolen = {name: train["complaints"].table[name].to_numpy() for name in ("severity", "cost")}
    stolen["customer"] = made["complaints"].table["customer"].to_numpy()
    copied = mm.Database({**made.tables, "complaints": mm.read(stolen)}, made.keys)
    found = verdicts(train, holdout, copied)
    for rule in MEMBERS:  # twenty persons are too few to tell
        assert found[rule].outcome == "not run"
        assert "complaints.customer: 20 persons in train" in found[rule].reason


def of_parts(**parts: dict[str, object]) -> dict[str, object]:
    figures = {"status": "ok", "estimate": 0.9, "interval": [0.9, 0.95], "ceiling": 1.0}
    held = {part: figures | own for part, own in parts.items()}
    return {"scores": [{"metric": "m", **figures, "details": {"parts": held}}]}


def test_every_part_is_judged_within_the_rule_and_the_worst_counts():
    rule = Rule(id="r", family="fidelity", metric="m", at_least=0.85, because="b")
    wide = {"estimate": 0.9, "interval": [0.6, 1.0], "ceiling": 0.9}
    found = rule.judge(of_parts(a={}, b=wide))
    assert (found.outcome, found.bounds) == ("inconclusive", (0.6, 1.0))
    assert found.reason.startswith("1 of 2 parts: b: ")
    lost = {"status": "not run", "estimate": None, "interval": None, "reason": "too few."}
    found = rule.judge(of_parts(a={}, b=lost))
    assert (found.outcome, found.reason) == ("not run", "1 of 2 parts: b: too few.")
    assert rule.judge(of_parts(a={}, b={"interval": [0.86, 0.9]})).bounds == (0.86, 0.9)
