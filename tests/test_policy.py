"""Policies: what they accept, and what they make of figures worked out by hand."""

from __future__ import annotations

import dataclasses
import hashlib
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mintmark.errors import InputError, UnknownNameError
from mintmark.metric import Score
from mintmark.release.policy import Policy, shipped
from mintmark.release.public_report import rounded
from mintmark.release.rule import Rule

TEXT = """
name: small
purpose: for this test
rules:
  - {id: shapes, family: fidelity, metric: column_shapes, at_least: 0.9, because: why not}
"""


def rule(**changes):
    values = {"id": "r", "family": "fidelity", "metric": "m", "at_least": 0.9, "because": "of this"}
    return Rule(**{**values, **changes})


def score(metric="m", estimate=0.95, interval=(0.94, 0.96), **changes):
    return Score(metric=metric, family="fidelity", estimate=estimate, interval=interval, **changes).to_json()


def outcome(rule, *scores):
    return rule.judge({"scores": list(scores)}).outcome


@pytest.mark.parametrize(
    ("interval", "least", "most"),
    [
        ((0.91, 0.95), "pass", "fail"),
        ((0.90, 0.95), "pass", "inconclusive"),
        ((0.85, 0.95), "inconclusive", "inconclusive"),
        ((0.85, 0.90), "inconclusive", "pass"),
        ((0.80, 0.89), "fail", "pass"),
        ((0.90, 0.90), "pass", "pass"),
    ],
)
def test_the_whole_interval_must_keep_the_threshold(interval, least, most):
    figures = score(interval=interval)
    assert outcome(rule(at_least=0.9), figures) == least
    assert outcome(rule(at_least=None, at_most=0.9), figures) == most


@pytest.mark.parametrize(
    ("interval", "told"),
    [
        ((0.000, 0.002), "pass"),
        ((0.001, 0.006), "pass"),  # at most 1 % is possible, more than 0.2 % is not certain
        ((0.003, 0.006), "fail"),  # more than 0.2 % is certain, though the threshold is kept
        ((0.001, 0.020), "inconclusive"),
        ((0.003, 0.020), "fail"),
        ((0.020, 0.030), "fail"),
    ],
)
def test_what_is_clearly_beyond_the_stricter_limit_fails_though_the_threshold_is_kept(interval, told):
    most = rule(at_least=None, at_most=0.01, fail_above=0.002)
    assert outcome(most, score(interval=interval)) == told
    least = rule(at_least=0.99, fail_below=0.998)
    assert outcome(least, score(interval=(1 - interval[1], 1 - interval[0]))) == told
    anchored = rule(at_least=None, at_most=0.01, fail_above=0.002, relative_to="ceiling")
    shifted = (interval[0] + 0.3, interval[1] + 0.3)
    assert outcome(anchored, score(interval=shifted, ceiling=0.3)) == told


def test_a_stand_in_with_a_threshold_of_its_own_has_no_stricter_limit():
    both = rule(at_least=None, at_most=0.01, fail_above=0.002, or_metric="other", or_at_most=0.5)
    missing = Score(metric="m", family="fidelity", status="not run", reason="too few").to_json()
    assert outcome(both, missing, score("other", 0.2, (0.1, 0.3))) == "pass"


@pytest.mark.parametrize(
    "limits", [{"at_most": 0.01, "fail_above": 0.02}, {"at_least": 0.9, "fail_above": 1}]
)
def test_a_stricter_limit_that_is_laxer_or_of_the_other_side_is_refused(limits):
    with pytest.raises(InputError, match="stricter"):
        rule(**{"at_least": None, **limits})


def test_a_rule_on_the_estimate_ignores_the_interval():
    assert outcome(rule(bound="estimate"), score(estimate=0.91, interval=(0.1, 1.0))) == "pass"


def test_an_anchor_is_taken_off_before_comparing():
    excess = rule(metric="copies.exact", at_least=None, at_most=0.005, relative_to="ceiling")
    natural = score("copies.exact", 0.021, (0.02, 0.022), ceiling=0.02)
    copied = score("copies.exact", 0.5, (0.49, 0.51), ceiling=0.02)
    assert outcome(excess, natural) == "pass"
    assert outcome(excess, copied) == "fail"
    assert outcome(excess, score("copies.exact", 0.0, (0.0, 0.0))) == "not run"  # no anchor measured


@pytest.mark.parametrize(
    "figures",
    [
        [],
        [score(status="not run", reason="no holdout was given.")],
        [score(estimate=float("nan"))],
        [score(interval=None)],
        [score(interval=(float("nan"), 0.96))],
    ],
)
def test_what_was_not_measured_never_passes(figures):
    assert outcome(rule(), *figures) == "not run"


def test_who_gave_no_holdout_is_told_how():
    report = {
        "scores": [score(status="not run", reason="no holdout was given.")],
        "tables": {"rows": {"train": 10, "holdout": None}},
    }
    verdict = Policy(name="p", purpose="p", rules=(rule(),)).judge(report, nature="simulated")[0]
    assert verdict.outcome == "not run"
    assert "--holdout" in verdict.reason


def test_a_figure_of_a_metric_that_was_not_run_has_the_reason_of_the_metric():
    whole = score("tstr", None, None, status="not run", reason="no target was given. Name it.")
    verdict = rule(metric="tstr.gap").judge({"scores": [whole]})
    assert (verdict.outcome, verdict.reason) == ("not run", "no target was given. Name it.")
    # a metric that was run and has no such figure lends no reason
    assert "holds no score tstr.gap" in rule(metric="tstr.gap").judge({"scores": [score("tstr")]}).reason


def test_another_metric_stands_in_only_where_the_first_was_not_run_and_the_rule_names_it():
    absent = score("tpr", status="not run", reason="fewer than 500 non-members")
    other = score("tpr10", 0.12, (0.1, 0.14))
    values = {"metric": "tpr", "at_least": None, "at_most": 0.05}
    named = rule(**values, or_metric="tpr10", or_at_most=0.2)
    assert outcome(named, absent, other) == "pass"
    assert outcome(named, score("tpr", 0.3, (0.2, 0.4)), other) == "fail"
    assert outcome(rule(**values), absent, other) == "not run"
    assert outcome(rule(**values, or_metric="tpr10"), absent, other) == "fail"  # at its own threshold
    assert "stands in" in named.judge({"scores": [absent, other]}).reason


@given(st.floats(-1e6, 1e6))
def test_rounding_twice_is_rounding_once(value):
    assert rounded(rounded(value)) == rounded(value)
    assert rounded(value) == pytest.approx(value, rel=5.1e-4)


def test_verdicts_are_taken_on_rounded_figures():
    assert outcome(rule(), score(interval=(0.89996, 0.95))) == "pass"
    assert outcome(rule(), score(interval=(0.8999, 0.95))) == "inconclusive"


@pytest.mark.parametrize("name", ["internal", "open-data", "test-data", "health", "banking"])
def test_shipped_policies_load_and_say_why_of_every_rule(name):
    policy = Policy.load(name)
    assert name in shipped()
    assert policy.name == name
    assert all(len(rule.because) > 20 for rule in policy.rules)
    assert {rule.family for rule in policy.rules} >= {"fidelity", "privacy"}


@pytest.mark.parametrize("name", ["health", "banking"])
def test_templates_name_the_source_of_every_threshold_and_give_no_legal_advice(name):
    policy = Policy.load(name)
    assert "no legal advice" in policy.purpose
    for rule in policy.rules:
        assert re.search(r"\b(19|20)\d\d\b", rule.because), f"{rule.id} names no source"
        limit = rule.at_least if rule.at_least is not None else rule.at_most
        # a number that no authority names is called a convention; all or none needs no number
        assert "convention" in rule.because or limit in (0, 1), rule.id


@pytest.mark.parametrize("name", ["health", "banking"])
def test_templates_ask_what_internal_asks_so_that_one_calibration_holds_for_all(name):
    asked = [
        [dataclasses.replace(rule, because="-") for rule in Policy.load(policy).rules]
        for policy in (name, "internal")
    ]
    assert asked[0] == asked[1]


def test_open_data_needs_a_formal_guarantee_for_rows_learnt_from_people():
    policy = Policy.load("open-data")
    nothing = {"scores": []}
    last = {n: policy.judge(nothing, nature=n)[-1] for n in ("simulated", "fully synthetic", "masked real")}
    assert last["simulated"].outcome == "pass"
    assert last["fully synthetic"].outcome == last["masked real"].outcome == "inconclusive"
    assert "no formal guarantee" in last["fully synthetic"].reason
    assert policy.judge(nothing, nature="fully synthetic", personal=False)[-1].outcome == "pass"


def test_the_record_is_the_same_however_the_policy_was_written(tmp_path):
    (tmp_path / "small.yaml").write_text(TEXT)
    loaded = Policy.load(tmp_path / "small.yaml")
    made = Policy(
        name="small",
        purpose="for  this\ntest",
        rules=[rule(id="shapes", metric="column_shapes", because="why not")],
    )
    assert loaded.record() == made.record()
    assert loaded.digest == hashlib.sha256(loaded.text.encode()).hexdigest()
    assert Policy.parse(loaded.text) == loaded
    assert Policy.parse(loaded.text).text == loaded.text
    assert Policy.parse(TEXT.replace("0.9", "0.91")).digest != loaded.digest


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (("at_least", "at_lest"), "at_least"),
        (("purpose:", "purpos:"), "purpose"),
        (("fidelity", "fidelty"), "fidelity"),
        (("at_least: 0.9", "at_least: 0.9, at_most: 1"), "only one"),
        (("at_least: 0.9, ", ""), "at_least or at_most"),
        (("at_least: 0.9", "at_least: high"), "finite number"),
        (("at_least: 0.9", "at_least: .nan"), "finite number"),
        ((", because: why not", ""), "because"),
        (("rules:", "needs: {formal_guarante: true}\nrules:"), "formal_guarantee"),
        (("name: small\n", "name: small\nformat: 9\n"), "Upgrade"),
        (("name: small\n", ""), "name"),
        (("- {id", "- {{id"), "no YAML"),
    ],
)
def test_a_wrong_policy_is_refused_with_the_remedy(change, says):
    with pytest.raises(InputError, match=says):
        Policy.parse(TEXT.replace(*change))


def test_a_policy_of_no_rules_or_with_a_rule_twice_is_refused():
    with pytest.raises(InputError, match="no rules"):
        Policy(name="p", purpose="p", rules=())
    with pytest.raises(InputError, match="taken"):
        Policy(name="p", purpose="p", rules=(rule(), rule()))


def test_a_metric_that_does_not_exist_is_told_before_scoring_and_a_figure_when_judging(tmp_path):
    for line in ("metric: column_shape,", "metric: modes, or_metric: column_shape.x,"):
        (tmp_path / "p.yaml").write_text(TEXT.replace("metric: column_shapes,", line))
        with pytest.raises(UnknownNameError, match=r"rule 'shapes'.*Did you mean 'column_shapes'"):
            Policy.load(tmp_path / "p.yaml")
    wrong = rule(metric="copies.exces").judge({"scores": [score("copies.exact"), score("copies.excess")]})
    assert wrong.outcome == "not run"
    assert "Did you mean 'copies.excess'?" in wrong.reason
    assert "Did you mean" not in rule(metric="copies.excess").judge({"scores": [score("tstr")]}).reason
    elsewhere = TEXT.replace("metric: column_shapes", "metric: of_another_package")
    assert Policy.parse(elsewhere).rules[0].metric == "of_another_package"


def test_an_unknown_policy_offers_the_nearest(tmp_path):
    with pytest.raises(UnknownNameError, match="internal"):
        Policy.load("internl")
    with pytest.raises(InputError, match="cannot read"):
        Policy.load(tmp_path / "absent.yaml")
