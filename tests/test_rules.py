"""Rules and models: contradictions before fitting, broken real rows, rules held by what is drawn."""

from __future__ import annotations

import datetime as dt
import json
import sys
import warnings
from itertools import pairwise
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

import mintmark as mm
from mintmark import registry
from mintmark.data.claims import Among, Below, Within
from mintmark.data.conflicts import domains
from mintmark.data.schema import Column, Schema
from mintmark.errors import InputError, RejectedError
from mintmark.rules import refuse

sys.path.insert(0, str(Path(__file__).parent / "plugin"))


@pytest.fixture(autouse=True)
def _plugin():
    registry._added.cache_clear()


def orders(rows=400):
    """Orders whose parts hang together: low <= high, total = price * pieces, a city in its country."""
    rng = np.random.default_rng(5)
    price, pieces = np.round(rng.gamma(3, 5, rows), 2), rng.integers(1, 9, rows)
    low = rng.integers(0, 50, rows)
    place = rng.integers(0, 3, rows)
    return mm.read(
        pa.table(
            {
                "price": price,
                "pieces": pieces,
                "total": np.round(price * pieces, 2),
                "low": low,
                "high": low + rng.integers(0, 20, rows),
                "city": np.array(["Bern", "Basel", "Rome"])[place],
                "land": np.array(["CH", "CH", "IT"])[place],
                "flag": rng.integers(0, 2, rows).astype(bool),
            }
        )
    )


RULES = [
    {"check": "inequality", "low": "low", "high": "high"},
    {"check": "range", "column": "pieces", "low": 1, "high": 7},
    {"check": "fixed_combinations", "columns": ["city", "land"]},
]


def fitted(*rules, data=None, method="independent"):
    data = orders() if data is None else data
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return mm.synthesizer(method).fit(data.with_checks(*rules), seed=0)


# -- contradictions ---------------------------------------------------------------------------


CONTRADICTIONS = [
    (["inequality low=low high=high strict", "inequality low=high high=low"], ["low < high", "high <= low"]),
    (
        [
            "inequality low=low high=high",
            "inequality low=high high=pieces",
            "inequality low=pieces high=low strict",
        ],
        ["low <= high", "high <= pieces", "pieces < low"],
    ),
    (["range column=low low=40", "range column=low high=39.5"], ["40 <= low", "low <= 39.5"]),
    (
        ["range column=low low=30", "inequality low=low high=high", "range column=high high=20"],
        ["30 <= low", "low <= high", "high <= 20"],
    ),
    (["range column=low low=3 high=4 strict"], ["3 < low < 4"]),
    (
        [
            "formula rule=total=price*pieces",
            "range column=price low=2",
            "range column=pieces low=3",
            "range column=total high=5",
        ],
        ["total=price*pieces", "2 <= price", "3 <= pieces", "total <= 5"],
    ),
    (
        ["fixed_combinations columns=city,pieces combinations=Bern:3;Rome:4", "range column=pieces low=5"],
        ["city, pieces hold combinations of the real data", "5 <= pieces"],
    ),
    (
        ["one_hot columns=pieces,low", "range column=pieces low=1", "range column=low low=1"],
        ["exactly one of pieces, low is set", "1 <= pieces", "1 <= low"],
    ),
    (["formula rule=low<high", "formula rule=high<low"], ["low<high", "high<low"]),
    (["inequality low=low high=high", "formula rule=low>high"], ["low <= high", "low>high"]),
    (["formula rule=low<low"], ["low<low"]),
    (
        ["range column=price low=10", "range column=total high=10", "formula rule=price<total"],
        ["10 <= price", "total <= 10", "price<total"],
    ),
    (
        ["range column=price low=10", "range column=total high=20", "formula rule=2*price<total"],
        ["10 <= price", "total <= 20", "2*price<total"],
    ),
]


@pytest.mark.parametrize(("rules", "named"), CONTRADICTIONS)
def test_rules_that_cannot_hold_together_are_named_before_anything_is_learnt(rules, named):
    with pytest.raises(InputError, match=r"cannot hold together|can hold it") as error:
        mm.synthesizer("independent").fit(orders().with_checks(*map(_record, rules)), seed=0)
    said = str(error.value)
    assert [rule for rule in named if f"the rule '{rule}'" not in said] == []
    assert said.count("the rule ") <= len(named) + 1


@pytest.mark.parametrize("rules", [rules[:-1] for rules, _ in CONTRADICTIONS if len(rules) > 1])
def test_the_same_rules_without_the_last_do_not_contradict(rules):
    refuse(orders().with_checks(*map(_record, rules)).schema)


def _record(text):
    name, *parts = text.split()
    record = {"check": name}
    for part in parts:
        key, _, value = part.partition("=")
        if key == "columns":
            record[key] = value.split(",")
        elif key == "combinations":
            record[key] = [[row.split(":")[0], int(row.split(":")[1])] for row in value.split(";")]
        elif key == "strict":
            record[key] = True
        else:
            record[key] = float(value) if value.replace(".", "").isdigit() else value
    return record


def test_a_rule_against_declared_bounds_or_categories_names_both():
    data = orders().edit("low", low=0, high=60)
    with pytest.raises(
        InputError, match=r"the bounds of column 'low' cannot hold together|'70 <= low' and the bounds"
    ):
        mm.synthesizer("independent").fit(data.with_checks(mm.rule("range", column="low", low=70)), seed=0)
    only = orders().edit("city", categories=["Bern", "Basel", "Rome"])
    rule = mm.rule("fixed_combinations", columns=["city", "land"], combinations=[["Paris", "FR"]])
    with pytest.raises(InputError, match="the categories of column 'city'"):
        mm.synthesizer("independent").fit(only.with_checks(rule), seed=0)


@pytest.mark.parametrize(
    ("where", "named"),
    [
        (
            {"low": 30, "high": (None, 20)},
            ["condition 'low': 30", "low <= high", "condition 'high': (None, 20)"],
        ),
        ({"low": (28, None), "price": 20}, ["2 * low + price <= 70", "the condition 'low'"]),
        ({"city": "Rome", "land": "CH"}, ["city, land hold", "the condition 'city'", "the condition 'land'"]),
    ],
)
def test_a_condition_that_a_rule_forbids_is_refused_at_once(where, named):
    model = fitted(*RULES, {"check": "formula", "rule": "2 * low + price <= 70"})
    with pytest.raises(InputError, match="cannot hold together") as error:
        model.sample(5, seed=0, where=where)
    assert [part for part in named if part not in str(error.value)] == []


def test_a_rule_binds_no_row_that_misses_one_of_its_columns():
    start, end = (
        Column(name=name, kind="integer", dtype="int64", low=0, high=9) for name in ("start", "end")
    )
    rule = {"check": "inequality", "low": "start", "high": "end"}
    late = {"start": (7, None), "end": (None, 3)}
    schema = Schema((start, end), (rule,)).edit("start", missing=0.0).edit("end", high=5)
    open_ended, closed = schema.edit("end", missing=0.2), schema.edit("end", missing=0.0)
    refuse(open_ended, {"start": (7, None)})
    refuse(open_ended, {"start": (7, None), "end": None})
    refuse(open_ended, {"start": (7, None), "end": [None, 3]})
    with pytest.raises(InputError, match="cannot hold together"):
        refuse(open_ended, late)
    with pytest.raises(InputError, match="cannot hold together"):
        refuse(closed, {"start": (7, None)})


def test_rules_that_can_hold_together_are_left_alone():
    model = fitted(*RULES, {"check": "formula", "rule": "low + pieces <= 100"})
    model.ready(10, 0, {"city": "Rome", "land": ["IT", "CH"], "pieces": [2, 3], "low": (None, 10)})


def test_bounds_run_along_chains_and_remember_who_made_them():
    names = [Column(name=name, kind="integer", dtype="int64") for name in "abcd"]
    chain = [
        ("ab", Below("a", "b", strict=True)),
        ("bc", Below("b", "c")),
        ("cd", Below("c", "d", strict=True)),
    ]
    left = domains(
        Schema(tuple(names)), [*chain, ("a>=1", Within("a", low=1)), ("d<=5", Within("d", high=5))]
    )
    assert [(left[name].low, left[name].high) for name in "abcd"] == [(1, 3), (2, 4), (2, 4), (3, 5)]
    assert set(left["a"].high_why) == {"ab", "bc", "cd", "d<=5"}
    assert left["b"].size() == 3
    pairs = Among(("a", "d"), ((1, 3), (2, 9), (3, 4)))
    left = domains(Schema(tuple(names)), [*chain, ("pairs", pairs), ("d<=5", Within("d", high=5))])
    assert left["a"].values == {1, 3} or left["a"].values == {1}


def test_a_pattern_leaves_the_categories_that_match_it():
    model = fitted(*RULES)
    for rules, where, named in [
        ([("city", "B.*")], {"city": "Rome"}, ["city matches B.*", "the condition 'city': 'Rome'"]),
        ([("city", "B.*"), ("city", ".*e")], None, ["city matches B.*", "city matches .*e"]),
        ([("city", "Ba.*")], {"land": "IT"}, ["city matches Ba.*", "city, land hold", "condition 'land'"]),
        ([("city", "X")], None, ["city matches X", "city, land hold"]),
    ]:
        patterns = [{"check": "pattern", "column": name, "pattern": pattern} for name, pattern in rules]
        with pytest.raises(InputError, match="cannot hold together") as error:
            model.constrain(*patterns).ready(5, 0, where)
        assert [part for part in named if part not in str(error.value)] == []
    assert model.constrain(patterns[0] | {"pattern": "B.*"}).ready(5, 0, {"city": ["Rome", "Bern"]})


def test_a_long_chain_that_contradicts_itself_is_not_listed_whole():
    names = [f"c{i}" for i in range(80)]
    schema = Schema(tuple(Column(name=name, kind="number", dtype="double") for name in names))
    chain = [{"check": "inequality", "low": low, "high": high} for low, high in pairwise([*names, "c0"])]
    chain[7]["strict"] = True
    with pytest.raises(InputError, match="and 73 more rules cannot hold together") as error:
        refuse(Schema(schema.columns, tuple(chain)))
    assert len(str(error.value)) < 400


# -- uniqueness -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("columns", "most"),
    [(["city"], 3), (["city", "land"], 3), (["city", "flag"], 6), (["pieces"], 7), (["pieces", "city"], 21)],
)
def test_more_unique_rows_than_can_occur_are_refused_with_the_number(columns, most):
    model = fitted(*RULES).constrain(mm.rule("unique", columns=columns))
    with pytest.raises(InputError, match=f"{most + 1} rows are asked for.*leaves only {most}:"):
        model.sample(most + 1, seed=0)
    made = model.sample(most, seed=0)
    assert len(set(zip(*(made.table[c].to_pylist() for c in columns), strict=True))) == most


def test_every_value_that_can_occur_comes_out_where_as_many_unique_rows_are_asked_for():
    rng = np.random.default_rng(2)
    values = rng.choice(list("abcdefgh"), 4000, p=[0.5, 0.3, 0.1, 0.05, 0.03, 0.01, 0.005, 0.005])
    data = mm.read(pa.table({"v": values, "w": rng.choice(["x", "y"], 4000)}), kinds={"v": "category"})
    for columns, most in ((["v"], 8), (["v", "w"], 16)):
        model = fitted(data=data).constrain({"check": "unique", "columns": columns})
        for seed in range(3):
            made = model.sample(most, seed=seed)
            assert len(set(map(str, made.table.select(columns).to_pylist()))) == most
            assert model.sample(most - 2, seed=seed).table.equals(made[: most - 2].table)


def test_uniqueness_of_a_key_or_a_number_without_end_asks_for_nothing():
    data = orders().table.append_column("id", pa.array([f"x{i}" for i in range(400)]))
    model = fitted(
        {"check": "unique", "columns": ["id"]},
        {"check": "unique", "columns": ["price", "total"]},
        data=mm.read(data, roles={"id": "key"}),
    )
    assert len(set(model.sample(500, seed=0).table["id"].to_pylist())) == 500


# -- real rows that break a rule --------------------------------------------------------------


def test_a_few_real_rows_that_break_a_rule_are_told_and_left_out():
    table = orders().table
    high = table["high"].to_pylist()
    high[7] = -900
    data = mm.read(table.set_column(4, "high", pa.array(high))).with_checks(*RULES[:1])
    with pytest.warns(
        UserWarning, match=r"low <= high: 1 of 400 rows \(0.25%\).*row 8: low = \d+, high = -900.*left out"
    ):
        model = mm.synthesizer("independent").fit(data, seed=0)
    made = model.sample(500, seed=1)
    assert made.provenance["broken"] == [{"rule": "low <= high", "rows": 400, "broken": 1}]
    assert made.provenance["fitted_rows"] == 399
    assert model._state().schema["high"].low >= 0
    assert all(found.broken == 0 for found in mm.check(made))


def test_a_rule_that_no_real_row_holds_is_an_error_with_three_rows():
    for rule in (
        mm.rule("range", column="price", low=10_000),
        mm.rule("pattern", column="city", pattern="a^b"),
    ):
        with pytest.raises(
            InputError, match=r"holds for 0 of 400 real rows, e.g. not for row 1: .*; row 2: .*; row 3: "
        ):
            mm.synthesizer("independent").fit(orders().with_checks(rule), seed=0)


def test_a_division_by_zero_is_told_with_the_real_rows_where_it_happens():
    table = orders().table
    pieces = table["pieces"].to_pylist()
    pieces[2] = 0
    data = mm.read(table.set_column(1, "pieces", pa.array(pieces)))
    rule = mm.rule("formula", rule="price = total / pieces", tolerance=0.01)
    with pytest.raises(
        InputError, match=r"total / pieces has no result on 1 real rows \(row 3: total = .*, pieces = 0\)"
    ):
        mm.synthesizer("independent").fit(data.with_checks(rule), seed=0)


def test_a_rule_about_a_key_other_than_its_pattern_is_refused():
    data = orders().table.append_column("id", pa.array(np.arange(400)))
    rule = mm.rule("range", column="id", high=500)
    with pytest.raises(InputError, match="'id <= 500' is about column 'id', a key"):
        fitted(rule, data=mm.read(data, roles={"id": "key"}))


def test_a_function_sees_no_key_and_may_not_name_one():
    data = mm.read(
        orders().table.append_column("id", pa.array([f"k{i}" for i in range(400)])), roles={"id": "key"}
    )
    seen = []
    model = fitted(data=data).constrain(
        mm.rule("function", function=lambda rows: seen.append(set(rows)) or rows["low"] >= 0)
    )
    assert (
        mm.check(
            data, [{"check": "function", "function": lambda rows: "id" not in rows and rows["low"] >= 0}]
        )[0].broken
        == 0
    )
    model.sample(5, seed=0)
    assert "id" not in seen[0]
    with pytest.raises(InputError, match="is about column 'id', a key"):
        fitted({"check": "function", "function": "test_checks:positive", "columns": ["id"]}, data=data)


def test_a_recipe_whose_condition_contradicts_its_rules_stops_before_the_fit(tmp_path):
    mm.read(orders().table).write(tmp_path / "orders.parquet")
    recipe = mm.Recipe(
        source={"path": str(tmp_path / "orders.parquet")},
        schema={"checks": [RULES[0]]},
        generate={"where": {"low": {"low": 40}, "high": {"high": 30}}},
    )
    with pytest.raises(InputError, match=r"'low <= high'.*cannot hold together"):
        mm.run(recipe, tmp_path / "run")
    assert not (tmp_path / "run" / "private" / "model").exists()


# -- what is drawn holds ----------------------------------------------------------------------


@pytest.mark.parametrize("method", ["independent", "sequential_trees", "gaussian_copula"])
def test_every_drawn_row_holds_every_rule(method):
    model = fitted(*RULES, {"check": "formula", "rule": "total >= price"}, method=method)
    made = model.sample(900, seed=1)
    assert [found.broken for found in mm.check(made)] == [0, 0, 0, 0]
    assert model.sample(40, seed=1).table.equals(made[:40].table)
    assert made.schema.checks[2]["combinations"] == [["Basel", "CH"], ["Bern", "CH"], ["Rome", "IT"]]


def test_a_third_accepted_costs_little_more_than_three_times():
    model = fitted().constrain(mm.rule("inequality", low="high", high="low"))
    made = model.sample(4096 * 3, seed=0)
    share = 1 - made.provenance["rejected"]["high <= low"] / made.provenance["drawn"]
    assert 0.1 < share < 0.6
    assert made.provenance["drawn"] < 1.15 * 4096 * 3 / share + 200
    assert model.sample(5000, seed=0).table.equals(made[:5000].table)


# -- rules added after fitting ----------------------------------------------------------------


def test_a_rule_added_after_fitting_is_held_saved_and_loaded(tmp_path):
    model = fitted()
    strict = model.constrain(
        mm.rule("range", column="low", low=20), {"check": "inequality", "low": "low", "high": "high"}
    )
    assert min(strict.sample(300, seed=0).table["low"].to_pylist()) >= 20
    assert min(model.sample(300, seed=0).table["low"].to_pylist()) < 20
    strict.save(tmp_path / "model")
    again = mm.load(tmp_path / "model")
    assert again.sample(50, seed=0).table.equals(strict.sample(50, seed=0).table)
    assert (
        again.constrain(mm.rule("range", column="low", low=30)).sample(20, seed=0).schema.checks[2]["low"]
        == 30
    )


@pytest.mark.parametrize(
    ("rule", "says"),
    [
        ({"check": "range", "column": "low", "low": 5000}, "'5000 <= low' and the bounds of column 'low'"),
        ({"check": "range", "column": "lo", "low": 0}, "Did you mean 'low'"),
        ({"check": "fixed_combinations", "columns": ["city", "land"]}, "takes from the real data what holds"),
    ],
)
def test_a_rule_that_cannot_be_added_says_why(rule, says):
    with pytest.raises(InputError, match=says):
        fitted().constrain(rule)


def test_a_rule_that_hardly_any_drawn_row_holds_names_its_share_and_the_remedy():
    model = fitted().constrain(mm.rule("function", function=lambda rows: rows["low"] < 0))
    with pytest.raises(RejectedError, match=r"<lambda> holds' rejected 100.0% of them. Widen"):
        model.sample(5, seed=0)


def test_a_function_without_a_name_works_but_is_not_saved(tmp_path):
    model = fitted().constrain(mm.rule("function", function=lambda rows: rows["low"] > 5))
    made = model.sample(50, seed=0)
    assert min(made.table["low"].to_pylist()) > 5
    made.write(tmp_path / "made.parquet")
    assert mm.read(tmp_path / "made.parquet").schema.checks == ()
    with pytest.raises(InputError, match="without a name to import it by"):
        model.save(tmp_path / "model")


# -- scored -----------------------------------------------------------------------------------


def scored(train, synthetic, **kwargs):
    return mm.assess(train=train, synthetic=synthetic, metrics=["rules"], **kwargs)


def test_the_share_of_rows_that_hold_the_rules_is_scored_beside_the_real_ones():
    model, real = fitted(*RULES[:1]), orders()
    made = model.sample(300, seed=0)
    (score,) = scored(real, made).scores
    assert (score.estimate, score.interval, score.family) == (1.0, (1.0, 1.0), "fidelity")
    assert score.details["rules"] == {"low <= high": {"synthetic": 1.0, "real": 1.0}}
    assert score.floor < 1
    loose = mm.synthesizer("independent").fit(real, seed=0).sample(300, seed=0)
    broken = int((loose.table["low"].to_numpy() > loose.table["high"].to_numpy()).sum())
    (score,) = scored(real.with_checks(*RULES[:1]), loose, holdout=orders(500)).scores
    assert score.estimate == pytest.approx(1 - broken / 300)
    assert broken > 30
    assert score.ceiling == 1.0


def test_without_rules_there_is_none_to_break_and_every_shipped_policy_passes_the_line():
    from mintmark.release.policy import Policy, shipped

    (score,) = scored(orders(), orders()).scores
    assert (score.estimate, score.details["rules"]) == (1.0, {})
    lines = {name: [r for r in Policy.load(name).rules if r.metric == "rules"] for name in shipped()}
    assert {name for name, found in lines.items() if not found} == {"relational"}  # no rules there yet
    for line in (line for found in lines.values() for line in found):
        assert line.judge({"scores": [score.to_json()]}).outcome == "pass"
        almost = {**score.to_json(), "estimate": 0.999, "interval": [0.999, 0.999]}
        assert line.judge({"scores": [almost]}).outcome == "fail"


def test_a_released_file_cannot_have_a_function_called():
    made = orders().with_checks({"check": "function", "function": "no_such_module:f"}, RULES[1])
    assert list(scored(orders(), made).scores[0].details["rules"]) == ["1 <= pieces <= 7"]


def test_a_rule_on_a_key_that_was_left_away_is_not_scored_and_said_so():
    real = mm.read(
        orders().table.append_column("id", pa.array([f"k{i}" for i in range(400)])), roles={"id": "key"}
    )
    assessment = scored(real.with_checks(mm.rule("unique", columns=["id"])), orders())
    assert assessment.scores[0].estimate == 1
    assert "rows are unique in id" in str(assessment.tables["differences"])


@pytest.mark.parametrize(
    ("rule", "says"),
    [
        ("range", "is no rule"),
        ({"check": "range", "column": "low", "low": float("nan")}, "NaN"),
        ({"check": "range", "column": "low", "low": float("inf")}, "'inf' is not a number"),
        ({"check": "fixed_combinations", "columns": ["city", "city"]}, "names column 'city' twice"),
        ({"check": "fixed_combinations", "columns": ["city", "land"], "combinations": []}, "combinations"),
        (
            {"check": "fixed_combinations", "columns": ["city", "land"], "combinations": [["Bern", {}]]},
            "single",
        ),
        ({"check": "formula", "rule": "2 <= 1"}, "can never hold"),
        ({"check": "formula", "rule": "total = 9**9**9**9"}, "for 0 of 400 real rows"),
    ],
    ids=str,
)
def test_what_is_no_rule_or_can_never_hold_is_refused_in_words(rule, says):
    with pytest.raises(InputError, match=says):
        fitted(rule)


def keyed(rows=300):
    return mm.read(
        {"id": [f"C{i:05d}" for i in range(rows)], "x": [i % 7 for i in range(rows)]}, roles={"id": "key"}
    )


def test_two_patterns_of_one_key_are_refused_by_name_before_the_fit():
    two = [{"check": "pattern", "column": "id", "pattern": pattern} for pattern in (r"C\d{5}", r"[A-C]0\d*")]
    with pytest.raises(InputError, match=r"'id matches C.d\{5\}' and 'id matches .*' are both about the key"):
        fitted(*two, data=keyed())
    assert len(fitted(two[0], two[0], data=keyed()).sample(5, seed=0)) == 5


@pytest.mark.parametrize(
    "pattern", ["[[:upper:]][[:digit:]]{5}", "[[:alpha:]-][[:xdigit:]]{5}", "[[:^lower:]][^[:punct:]]{5}"]
)
def test_keys_of_posix_classes_match_their_pattern(pattern):
    rule = mm.rule("pattern", column="id", pattern=pattern)
    made = fitted(rule, data=keyed()).sample(400, seed=1)
    assert rule.holds(made).all()
    with pytest.raises(InputError, match="has the class"):
        fitted({"check": "pattern", "column": "id", "pattern": "C[[:cntrl:][:digit:]]{5}"}, data=keyed())


def test_a_column_of_which_no_category_may_leave_binds_no_rule():
    table = orders().table
    rare = table.append_column("note", pa.array([None] * 396 + ["a", "b", "c", "d"]))
    empty = rare.append_column("void", pa.array([None] * 400, pa.string()))
    made = fitted(*RULES, data=mm.read(empty, kinds={"note": "category", "void": "category"})).sample(
        9, seed=0
    )
    assert made.table["note"].null_count == made.table["void"].null_count == 9


@pytest.mark.parametrize(
    ("rule", "held"),
    [
        ({"check": "range", "column": "flag", "low": 0, "high": 1}, {True, False}),
        ({"check": "range", "column": "flag", "low": 1}, {True}),
        ({"check": "formula", "rule": "flag = 1"}, {True}),
        ({"check": "formula", "rule": "flag <= pieces - 1"}, {True, False}),
        (
            {"check": "fixed_combinations", "columns": ["city", "flag"], "combinations": [["Bern", 0]]},
            {False},
        ),
    ],
)
def test_a_flag_is_0_or_1_in_every_rule(rule, held):
    assert set(fitted(rule).sample(60, seed=0).table["flag"].to_pylist()) == held


def test_a_rule_on_a_flag_contradicts_what_is_asked_of_it():
    model = fitted().constrain(mm.rule("range", column="flag", low=1))
    with pytest.raises(InputError, match=r"'flag': False and the rule '1 <= flag'.* cannot hold together"):
        model.sample(5, seed=0, where={"flag": False})


WHEN, LATER = dt.date(2024, 3, 1), dt.date(2024, 3, 31)


def dated(rows=300):
    days = [WHEN + dt.timedelta(i % 60) for i in range(rows)]
    return mm.read(pa.table({"day": days, "n": [i % 9 for i in range(rows)], "c": ["a", "b"] * (rows // 2)}))


@pytest.mark.parametrize(
    "record",
    [
        {"check": "range", "column": "day", "low": WHEN},
        {"check": "range", "column": "day", "low": np.datetime64("2024-03-01", "ns")},
        {"check": "range", "column": "n", "low": np.int64(2), "high": np.inf},
        {"check": "range", "column": "n", "low": -np.inf, "high": np.float32(5)},
        {"check": "fixed_combinations", "columns": ["c", "day"], "combinations": [("a", LATER)]},
        {"check": "fixed_combinations", "columns": ["c", "n"], "combinations": np.array([["a", 1]], object)},
        {"check": "unique", "columns": ("c", "n", "day")},
    ],
    ids=str,
)
def test_a_rule_of_any_plain_values_is_written_and_read_back(record, tmp_path):
    data = dated().with_checks(record)
    data.write(tmp_path / "data.parquet")
    assert mm.read(tmp_path / "data.parquet").schema.checks == data.schema.checks
    for rule in (record, mm.rule(record["check"], **{k: v for k, v in record.items() if k != "check"})):
        model = fitted(data=dated()).constrain(rule)
        model.save(tmp_path / "model")
        again = mm.load(tmp_path / "model").sample(9, seed=0)
        assert again.table.equals(model.sample(9, seed=0).table)
        (tmp_path / "model").rename(tmp_path / f"model of {type(rule).__name__}")


def test_a_recipe_takes_dates_and_numbers_of_numpy_in_rules_and_conditions(tmp_path):
    dated().write(tmp_path / "dated.parquet")
    rules = [
        {"check": "range", "column": "day", "low": WHEN},
        {"check": "range", "column": "n", "low": np.int64(0), "high": float("inf")},
    ]
    recipe = mm.Recipe(
        source={"path": str(tmp_path / "dated.parquet")},
        schema={"checks": rules[:1]},
        check=rules[1:],
        generate={"method": "independent", "where": {"day": (np.datetime64(WHEN), np.inf), "n": np.int64(3)}},
    )
    assert mm.Recipe.from_yaml(recipe.to_yaml()).digest() == recipe.digest()
    json.dumps(recipe.public(), allow_nan=False)
    rule = "{check: range, column: day, low: 2024-03-01}"
    text = f"source: {{path: {tmp_path}/dated.parquet}}\nschema: {{checks: [{rule}]}}"
    assert mm.Recipe.from_yaml(text).checks == ({"check": "range", "column": "day", "low": "2024-03-01"},)
    assert recipe.where == {"day": ("2024-03-01T00:00:00", None), "n": 3}


@pytest.mark.parametrize(
    ("rule", "says"),
    [
        (
            {"check": "function", "function": "broken_module:f"},
            "importing 'broken_module' raised RuntimeError",
        ),
        (
            {"check": "fixed_combinations", "columns": ["c", "n"], "combinations": [["a", 1], [9, 1]]},
            r"9 in combination \[9, 1\] is no value of column 'c'.*Put it in quotes, '9'",
        ),
        (
            {"check": "fixed_combinations", "columns": ["c", "n"], "combinations": [["a", "one"]]},
            "'one' in combination .* is no value of column 'n'",
        ),
    ],
)
def test_what_a_run_cannot_hold_is_one_message_and_leaves_no_directory(rule, says, tmp_path):
    dated().write(tmp_path / "dated.parquet")
    recipe = mm.Recipe(source={"path": str(tmp_path / "dated.parquet")}, schema={"checks": [rule]})
    with pytest.raises(InputError, match=says):
        mm.run(recipe, tmp_path / "run")
    assert not (tmp_path / "run").exists()
    with pytest.raises(InputError, match=says):
        mm.check(dated(), [rule])


def test_a_pattern_for_keys_cannot_come_after_the_fit():
    pattern = {"check": "pattern", "column": "id", "pattern": r"D\d{6}"}
    with pytest.raises(InputError, match="whose texts the fit has settled"):
        fitted(data=keyed()).constrain(pattern)
