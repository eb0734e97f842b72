"""Rules on rows: which rows hold, worked by hand, and what each rule refuses."""

from __future__ import annotations

import datetime as dt
import json
import time

import numpy as np
import pyarrow as pa
import pytest

import mintmark as mm
from mintmark import registry
from mintmark.check import load
from mintmark.errors import InputError, UnknownNameError
from mintmark.testing.hard_tables import dataset

DAY = dt.date(2024, 5, 1)


@pytest.fixture
def table():
    return mm.read(
        pa.table(
            {
                "a": pa.array([1, 2, 3, None]),
                "b": pa.array([2.5, 2.0, 1.0, 1.0]),
                "start": pa.array([DAY, DAY, DAY, None]),
                "end": pa.array([DAY + dt.timedelta(1), DAY, dt.date(2023, 1, 1), DAY]),
                "red": pa.array([1, 0, 1, 0]),
                "blue": pa.array([0, 0, 1, 1]),
                "green": pa.array([False, True, False, None]),
                "code": pa.array(["AB-1", "ab-1", "AB-12", None]),
            }
        ),
        kinds={"code": "category", "red": "integer", "blue": "integer", "green": "boolean"},
    )


def positive(rows):
    return rows["b"] > 1.5


def lengths(rows):
    return np.array([code is None or len(code) == 4 for code in rows["code"]])


@pytest.mark.parametrize(
    ("record", "wanted", "words"),
    [
        ({"check": "range", "column": "a", "low": 2}, [0, 1, 1, 1], "2 <= a"),
        ({"check": "range", "column": "b", "low": 1, "high": 2.5}, [1, 1, 1, 1], "1 <= b <= 2.5"),
        (
            {"check": "range", "column": "b", "low": 1, "high": 2.5, "strict": True},
            [0, 1, 0, 0],
            "1 < b < 2.5",
        ),
        (
            {"check": "range", "column": "end", "low": "2024-01-01", "high": DAY},
            [0, 1, 0, 1],
            "2024-01-01 <= end <= 2024-05-01",
        ),
        ({"check": "inequality", "low": "a", "high": "b"}, [1, 1, 0, 1], "a <= b"),
        ({"check": "inequality", "low": "a", "high": "b", "strict": True}, [1, 0, 0, 1], "a < b"),
        ({"check": "inequality", "low": "start", "high": "end"}, [1, 1, 0, 1], "start <= end"),
        (
            {"check": "fixed_combinations", "columns": ["a", "red"], "combinations": [[1, 1], [2, 1]]},
            [1, 0, 0, 1],
            "a, red hold combinations of the real data",
        ),
        (
            {
                "check": "fixed_combinations",
                "columns": ["code", "end"],
                "combinations": [["AB-1", "2024-05-02"], ["ab-1", "2020-01-01"]],
            },
            [1, 0, 0, 1],
            "code, end hold combinations of the real data",
        ),
        ({"check": "one_hot", "columns": ["red", "blue"]}, [1, 0, 0, 1], "exactly one of red, blue is set"),
        (
            {"check": "one_hot", "columns": ["red", "blue", "green"]},
            [1, 1, 0, 1],
            "exactly one of red, blue, green is set",
        ),
        ({"check": "formula", "rule": "a = b - 1.5"}, [1, 0, 0, 1], "a = b - 1.5"),
        ({"check": "formula", "rule": "a = b", "tolerance": 1.5}, [1, 1, 0, 1], "a = b within 1.5"),
        ({"check": "formula", "rule": "a + b <= 4"}, [1, 1, 1, 1], "a + b <= 4"),
        ({"check": "formula", "rule": "a + b < 4"}, [1, 0, 0, 1], "a + b < 4"),
        ({"check": "formula", "rule": "days(end - start) >= 0"}, [1, 1, 0, 1], "days(end - start) >= 0"),
        ({"check": "formula", "rule": "b = 2.5 / red"}, [1, 0, 0, 0], "b = 2.5 / red"),
        (
            {"check": "pattern", "column": "code", "pattern": r"[A-Z]{2}-\d"},
            [1, 0, 0, 1],
            r"code matches [A-Z]{2}-\d",
        ),
        ({"check": "pattern", "column": "code", "pattern": "AB-1|x"}, [1, 0, 0, 1], "code matches AB-1|x"),
        ({"check": "unique", "columns": ["red"]}, [1, 1, 0, 0], "rows are unique in red"),
        ({"check": "unique", "columns": ["red", "blue"]}, [1, 1, 1, 1], "rows are unique in red, blue"),
        (
            {"check": "function", "function": "test_checks:positive"},
            [1, 1, 0, 0],
            "test_checks:positive holds",
        ),
        (
            {"check": "function", "function": "test_checks:lengths", "columns": ["code"]},
            [1, 1, 0, 1],
            "test_checks:lengths holds",
        ),
    ],
)
def test_a_rule_holds_as_worked_by_hand_and_speaks_plainly(table, record, wanted, words):
    rule = load(record)
    assert rule.holds(table).tolist() == [bool(x) for x in wanted]
    assert str(rule) == words
    json.dumps(rule.record)
    assert load(rule.record) == rule


def test_every_shipped_rule_is_tried_here():
    tried = {
        "range",
        "inequality",
        "fixed_combinations",
        "one_hot",
        "formula",
        "pattern",
        "unique",
        "function",
    }
    assert tried == set(registry._shipped("checks"))


def test_a_rounded_column_may_differ_by_half_its_last_digit():
    third = [round(x / 3, 2) for x in range(50)]
    data = mm.read(pa.table({"x": [float(i) for i in range(50)], "third": third}))
    assert data.schema["third"].decimals == 2
    assert mm.rule("formula", rule="third = x / 3").holds(data).all()
    assert not mm.rule("formula", rule="third = x / 3", tolerance=0.001).holds(data).all()
    off = data.edit("third", decimals=None)
    assert not mm.rule("formula", rule="third = x / 3").holds(off).all()


def test_unique_takes_little_time_on_a_million_rows():
    data = dataset({"a": pa.array(np.arange(1_000_000) // 2), "b": pa.array(["x", "y"] * 500_000)})
    begun = time.process_time()
    held = mm.rule("unique", columns=["a"]).holds(data)
    assert held.tolist() == [True, False] * 500_000
    assert mm.rule("unique", columns=["a", "b"]).holds(data).all()
    assert time.process_time() - begun < 10


def test_combinations_are_those_that_ten_persons_have():
    city = ["Bern", "Basel", "Rome", "Nice"]
    land = ["CH", "CH", "IT", "FR"]
    rows = np.repeat([0, 1, 2, 3], [40, 10, 30, 9])
    data = dataset({"city": pa.array([city[i] for i in rows]), "land": pa.array([land[i] for i in rows])})
    rule = mm.rule("fixed_combinations", columns=["city", "land"])
    assert rule.needs_data
    assert rule.completed(data).combinations == [["Basel", "CH"], ["Bern", "CH"], ["Rome", "IT"]]
    open_ = data.edit("city", protect=False).edit("land", protect=False)
    assert ["Nice", "FR"] in rule.completed(open_).combinations
    with pytest.raises(InputError, match="no combination is held by 10 persons"):
        rule.completed(data[:9])


def test_combinations_of_many_columns_do_not_run_over():
    rng = np.random.default_rng(0)
    wide = {f"c{i:02}": pa.array(rng.integers(0, 1000, 300)) for i in range(12)}
    data = dataset(wide)
    rows = [list(row) for row in zip(*(array.to_pylist() for array in wide.values()), strict=True)]
    rule = mm.rule("fixed_combinations", columns=list(wide), combinations=rows[:200])
    assert rule.holds(data).tolist() == [True] * 200 + [False] * 100


# -- bad input --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("record", "says"),
    [
        ({"check": "rnge", "column": "a"}, "unknown check 'rnge'. Did you mean 'range'"),
        ({"check": "range", "column": "code", "low": 1}, "'code' is category; a range needs a number"),
        ({"check": "range", "column": "aa", "low": 1}, "unknown column in the rule '1 <= aa' 'aa'"),
        ({"check": "range", "column": "a"}, "neither low nor high"),
        ({"check": "range", "column": "a", "low": 3, "high": 2}, "leaves no value: low is not below high"),
        ({"check": "range", "column": "a", "low": 3, "high": 3, "strict": True}, "leaves no value"),
        ({"check": "range", "column": "end", "low": "May"}, "'May <= end': .*'May' is no ISO date"),
        (
            {"check": "range", "column": "a", "low": "2024-01-01"},
            "'2024-01-01 <= a'.*is not a number. Give a",
        ),
        ({"check": "inequality", "low": "a", "high": "end"}, "compares integer with datetime"),
        ({"check": "inequality", "low": "a", "high": "a"}, "with itself"),
        ({"check": "fixed_combinations", "columns": ["a", "b"], "combinations": [[1]]}, "has 1 values"),
        ({"check": "one_hot", "columns": ["red", "code"]}, "'code' is category of type string, not a flag"),
        ({"check": "formula", "rule": "a + b"}, "compares nothing"),
        ({"check": "formula", "rule": "a = bb"}, "Did you mean 'b'"),
        ({"check": "formula", "rule": "a = code"}, "'code' is category.*not a number"),
        (
            {"check": "pattern", "column": "code", "pattern": "[A-"},
            r"no regular expression.*missing \]: \[A-. Mend it.",
        ),
        ({"check": "pattern", "column": "code", "pattern": r"(.)\1"}, "invalid escape.*exponential"),
        ({"check": "pattern", "column": "code", "pattern": "(?=a)b"}, "exponential time"),
        ({"check": "pattern", "column": "a", "pattern": "a"}, "is int64, not text"),
        ({"check": "function", "function": "nowhere"}, "not written as 'module:function'"),
        ({"check": "function", "function": "no_such_module:f"}, "cannot import 'no_such_module'"),
        ({"check": "function", "function": "test_checks:positiv"}, "Did you mean 'positive'"),
        ({"check": "function", "function": "os:system"}, "of the standard library"),
        ({"check": "function", "function": "builtins:exec"}, "of the standard library"),
    ],
)
def test_a_rule_that_does_not_suit_the_table_says_why(table, record, says):
    with pytest.raises(InputError, match=says):
        load(record).holds(table)


@pytest.mark.parametrize(
    ("function", "says"),
    [
        (lambda rows: True, "returned one truth value for 4 rows"),
        (lambda rows: [True, False], "returned 2 values for 4 rows"),
        (lambda rows: rows["a"], "values of type float64, not true or false"),
        (lambda rows: None, "returned NoneType"),
        (lambda rows: rows["aa"] > 1, "unknown column in the rule .* 'aa'. Did you mean 'a'"),
        (
            lambda rows: np.array([len(x) > 1 for x in rows["code"]]),
            r"raised TypeError.*\(row 4: .*code = None",
        ),
        (lambda rows: 1 / 0, "raised ZeroDivisionError"),
        (lambda rows: {}["b2"], "raised KeyError: 'b2'"),
    ],
)
def test_a_users_function_that_fails_is_told_in_one_message(table, function, says):
    with pytest.raises(InputError, match=says):
        mm.rule("function", function=function).holds(table)


def test_a_pattern_that_takes_backtracking_long_is_matched_in_no_time():
    data = dataset({"word": pa.array(["a" * 60 + "!"] * 1000)})
    begun = time.process_time()
    assert not mm.rule("pattern", column="word", pattern="(a+)+").holds(data).any()
    assert time.process_time() - begun < 5


def test_a_function_is_kept_by_its_name_where_it_has_one():
    assert mm.rule("function", function=positive).record == {
        "check": "function",
        "function": "test_checks:positive",
    }


# -- the verb ---------------------------------------------------------------------------------


def test_check_tells_which_rows_hold_which_rule(table):
    order, flags = mm.check(
        table, [mm.rule("inequality", low="a", high="b"), {"check": "range", "column": "a", "low": 0}]
    )
    assert order.broken == 1
    assert order.holds.tolist() == [True, True, False, True]
    assert order.first == ("row 3: a = 3, b = 1.0",)
    assert str(order) == "a <= b: 1 of 4 rows (25.00%) do not hold, e.g. row 3: a = 3, b = 1.0"
    assert str(flags) == "0 <= a: all 4 rows hold"
    assert mm.check(table.with_checks(mm.rule("range", column="a", low=2)))[0].broken == 1


def test_check_without_a_rule_says_so(table):
    with pytest.raises(InputError, match="no rule to check"):
        mm.check(table)
    with pytest.raises(UnknownNameError, match="Did you mean 'inequality'"):
        mm.rule("inequalty", low="a", high="b")
