"""Rules on every column, pair and subgroup: worked out by hand, the same on the public report."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

import mintmark as mm
from mintmark.assess.assessment import Assessment
from mintmark.errors import InputError, UnknownNameError
from mintmark.metric import Score
from mintmark.release.findings import findings
from mintmark.release.keys import make_keys
from mintmark.release.policy import Policy
from mintmark.release.public_report import public_report
from mintmark.release.rule import Rule


def rule(**changes):
    values = {"id": "r", "family": "fidelity", "metric": "m", "at_least": 0.9, "because": "of this"}
    return Rule(**{**values, **changes})


def entry(low, high, **more):
    return {"estimate": (low + high) / 2, "interval": [low, high], **more}


SCHEMA = {
    "columns": [
        {"name": "age", "kind": "integer", "dtype": "int64"},
        {"name": "pay", "kind": "number", "dtype": "double"},
        {"name": "sex", "kind": "category", "dtype": "string", "categories": ["f", "m", "(other)"]},
        {"name": "ill", "kind": "boolean", "dtype": "bool", "categories": [False, True]},
    ]
}


def report(columns=(), pairs=(), groups=(), status="ok", **details):
    score = Score(
        metric="m", family="fidelity", estimate=0.95, interval=(0.9, 1.0), status=status,
        reason="too few rows. Give more." * (status != "ok"),
        details={"columns": dict(columns), "pairs": list(pairs), "groups": list(groups), **details},
    )  # fmt: skip
    return Assessment((score,), {"schema": SCHEMA, "rows": {"train": 100, "holdout": 50, "synthetic": 100}})


def judged(rule, assessment):
    """The verdict; the one on the public report must be the same, byte by byte."""
    policy = Policy(name="p", purpose="p", rules=(rule,))
    verdicts = [
        policy.judge(values, nature="simulated")[0]
        for values in (assessment.to_json(), json.loads(json.dumps(public_report(assessment))))
    ]
    assert verdicts[0] == verdicts[1]
    return verdicts[0]


def test_the_worst_column_decides_and_is_named():
    columns = {"age": entry(0.95, 0.99), "pay": entry(0.6, 0.7), "sex": entry(0.88, 0.93)}
    verdict = judged(rule(each="column"), report(columns))
    assert (verdict.outcome, verdict.bounds) == ("fail", (0.6, 0.7))
    assert verdict.reason == "1 of 3 columns: pay: 0.6 to 0.7 is below 0.9."
    assert verdict.threshold == "m: interval of each column at least 0.9"
    doubt = judged(rule(each="column", only=["sex", "age"]), report(columns))
    assert doubt.outcome == "inconclusive"
    assert doubt.reason.startswith("1 of 2 columns: sex: 0.88 to 0.93")
    good = judged(rule(each="column", only=["age"]), report(columns))
    assert (good.outcome, good.bounds) == ("pass", (0.95, 0.99))
    assert "age" in good.reason


def test_several_bad_ones_are_told_the_worst_first():
    columns = {"age": entry(0.5, 0.6), "pay": entry(0.1, 0.2), "sex": entry(0.3, 0.4), "ill": entry(0.7, 0.8)}
    reason = judged(rule(each="column"), report(columns)).reason
    assert reason.startswith("4 of 4 columns: pay: 0.1 to 0.2")
    assert reason.index("pay") < reason.index("sex") < reason.index("age")
    assert reason.endswith("and 1 more.")
    most = judged(rule(each="column", at_least=None, at_most=0.05), report(columns))
    assert most.reason.startswith("4 of 4 columns: ill")


def test_pairs_are_named_by_one_of_their_columns():
    pairs = [entry(0.2, 0.3, columns=["age", "pay"]), entry(0.95, 0.96, columns=["sex", "pay"])]
    assert judged(rule(each="pair"), report(pairs=pairs)).reason.startswith("1 of 2 pairs: age and pay")
    assert judged(rule(each="pair", only=["sex"]), report(pairs=pairs)).outcome == "pass"


@pytest.mark.parametrize("key", ["scored", "compared"])
def test_where_only_the_farthest_are_listed_the_reason_says_so(key):
    pairs = [entry(0.95, 0.96, columns=["age", "pay"]), entry(0.96, 0.97, columns=["ill", "pay"])]
    found = report(pairs=pairs, **{key: 105})
    assert "all of the 2 farthest of 105 pairs keep it" in judged(rule(each="pair"), found).reason
    some = judged(rule(each="pair", only=["age"]), found)
    assert "1 among the 2 farthest of 105 pairs" in some.reason
    absent = judged(rule(each="pair", only=["sex"]), found)
    assert absent.outcome == "not run"
    assert (
        "tells the 2 farthest of 105 pairs, and none of 'sex': all of its pairs are nearer" in absent.reason
    )
    assert "may be published" not in absent.reason
    unknown = judged(rule(each="pair", only=["sexx"]), found)
    assert "no figure by pair for 'sexx' that may be published" in unknown.reason
    groups = [entry(0.95, 0.96, column="sex", value=v, n=300) for v in "fm"]
    group = judged(rule(each="group", only=["ill"]), report(groups=groups, scored=40))
    assert "2 told of 40 groups, and none of 'ill'" in group.reason
    assert judged(rule(each="pair"), report(pairs=pairs, scored=2)).reason.startswith("all of 2 pairs")


def test_anchors_and_estimates_of_an_entry_are_its_own():
    columns = {"age": entry(0.5, 0.6, ceiling=0.62), "pay": entry(0.9, 0.92, ceiling=0.99)}
    near = rule(each="column", at_least=-0.13, relative_to="ceiling")
    assert judged(near, report(columns)).outcome == "pass"
    assert judged(rule(each="column", at_least=0.54, bound="estimate"), report(columns)).outcome == "pass"
    assert judged(rule(each="column", relative_to="floor"), report(columns)).outcome == "not run"


@pytest.mark.parametrize(
    "columns",
    [
        {},
        {"age": {"estimate": 0.99}},
        {"age": {"estimate": 0.99, "interval": None}},
        {"age": entry(0.95, 0.99), "pay": {"estimate": 0.99, "interval": [None, 1.0]}},
        {"age": {"tvd": 0.1}},
        {"not in the schema": entry(0.95, 0.99)},
    ],
)
def test_what_has_no_interval_is_not_run_and_never_passes(columns):
    assert judged(rule(each="column"), report(columns)).outcome == "not run"


def test_a_column_that_is_asked_for_and_has_no_figure_is_not_run():
    verdict = judged(rule(each="column", only=["age", "pay"]), report({"age": entry(0.95, 0.99)}))
    assert verdict.outcome == "not run"
    assert "'pay'" in verdict.reason
    absent = judged(rule(each="column"), report(status="not run"))
    assert (absent.outcome, absent.reason) == ("not run", "too few rows. Give more.")


def test_groups_of_fewer_than_ten_persons_and_unlisted_values_neither_leave_nor_count():
    groups = [
        entry(0.1, 0.2, column="sex", value="Zed", n=400),  # no public category
        entry(0.1, 0.2, column="sex", value="m", n=9),
        entry(0.1, 0.2, column="pay", value="91,250.50 or more", n=40),  # a bin ends at somebody's value
        entry(0.93, 0.94, column="sex", value="f", n=1234, name_of_one="Ada"),
        entry(0.95, 0.96, column="ill", value=True, n=17),
    ]
    assessment = report(groups=groups, private={"rows": [1, 2]})
    assert judged(rule(each="group"), assessment).reason.startswith(
        "all of 2 groups keep it; nearest sex = f"
    )
    published = public_report(assessment)["scores"][0]["details"]
    assert published == {
        "groups": [
            {"column": "sex", "value": "f", "n": 1230, "estimate": 0.935, "interval": [0.93, 0.94]},
            {"column": "ill", "value": True, "n": 20, "estimate": 0.955, "interval": [0.95, 0.96]},
        ]
    }


def test_a_rule_for_series_says_nothing_of_tables():
    sequence = {"columns": [*SCHEMA["columns"], {"name": "day", "kind": "datetime", "dtype": "date32",
                                                "roles": ["sequence_index"]}]}  # fmt: skip
    rules = (rule(when="sequence"), rule(id="t", when="table", at_least=0.5), rule(id="all", at_least=0.5))
    policy = Policy(name="p", purpose="p", rules=rules)
    plain = report().to_json()
    assert [v.rule for v in policy.judge(plain, nature="simulated")] == ["t", "all"]
    series = {**plain, "tables": {**plain["tables"], "schema": sequence}}
    assert [v.rule for v in policy.judge(series, nature="simulated")] == ["r", "all"]


def test_a_policy_that_asks_nothing_of_such_rows_passes_none():
    rules = (
        rule(id="f", when="sequence"),
        rule(id="p", family="privacy", when="sequence"),
        rule(id="q", family="privacy", at_least=0.5),
    )
    found = Policy(name="p", purpose="p", rules=rules).judge(report().to_json(), nature="simulated")
    assert [(v.rule, v.outcome) for v in found] == [("f", "not run"), ("q", "pass")]
    assert "asks nothing else about fidelity" in found[0].reason
    alone = findings(
        Policy(name="p", purpose="p", rules=rules[:2]), report().to_json(), nature="simulated", schema={},
        waiver=None, chosen="before scoring",
    )  # fmt: skip
    assert alone.outcome == "refused"
    assert {verdict.outcome for verdict in alone.verdicts} == {"not run"}


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"each": "colum"}, "Did you mean 'column'"),
        ({"when": "tables"}, "Did you mean 'table'"),
        ({"only": ["age"]}, "each"),
        ({"each": "column", "only": "age"}, "list of columns"),
    ],
)
def test_a_wrong_rule_is_refused_with_the_remedy(changes, says):
    with pytest.raises((InputError, UnknownNameError), match=says):
        rule(**changes)


def test_policies_without_such_rules_keep_their_digest_and_those_with_them_ask_for_this_version():
    plain = Policy(name="p", purpose="p", rules=(rule(),))
    assert plain.to_json()["format"] == 1
    assert plain.to_json()["rules"] == [
        {"id": "r", "family": "fidelity", "metric": "m", "at_least": 0.9, "because": "of this"}
    ]
    deep = Policy(name="p", purpose="p", rules=(rule(each="pair", only=["age"], when="table"),))
    assert deep.to_json()["format"] == 2
    assert Policy.parse(deep.text) == deep
    assert Policy.parse(deep.text).digest == deep.digest


def test_a_release_judged_by_column_and_group_verifies_from_what_was_published(tmp_path):
    real = mm.read(Path(mm.__file__).parent / "examples" / "adult.parquet", target="income")
    mixed = real.take(np.random.default_rng(0).permutation(len(real))[:3000])
    train, holdout, synthetic = (mixed[k * 1000 : (k + 1) * 1000] for k in range(3))
    found = mm.assess(train=train, holdout=holdout, synthetic=synthetic, metrics=["unique_values"])
    groups = [entry(0.0, 0.1, column="sex", value=v, n=300) for v in ("Male", "Female", "nobody's")]
    columns = {"age": entry(0.0, 0.2), "sex": entry(0.0, 0.01)}
    deep = Score(
        metric="deep", family="privacy", estimate=0.0, interval=(0.0, 0.0),
        details={"groups": groups, "columns": columns, "private": {"rows": [7]}},
    )  # fmt: skip
    rules = tuple(
        rule(id=each, family="privacy", metric="deep", each=each, at_least=None, at_most=0.15)
        for each in ("group", "column")
    )
    make_keys(tmp_path / "keys")
    assessment = Assessment(
        (*found.scores, deep), found.tables, None, found.provenance, found.sha256, 0, found.versions
    )
    certificate = mm.certify(
        synthetic, assessment, policy=Policy(name="p", purpose="p", rules=rules),
        key=tmp_path / "keys" / "private.pem", out=tmp_path / "out", waiver=("Ada", "a test"),
    )  # fmt: skip
    assert [v["outcome"] for v in certificate.verdicts] == ["pass", "inconclusive"]
    assert mm.verify(tmp_path / "out", tmp_path / "keys" / "public.pem").ok
    published = json.loads((tmp_path / "out" / "report.public.json").read_text())
    assert "nobody's" not in json.dumps(published)
