"""Formulas: arithmetic that people write about columns, and nothing else."""

from __future__ import annotations

import datetime as dt
import math

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import mintmark as mm
from mintmark.data.formula import Comparison, Formula
from mintmark.data.schema import Column, Schema
from mintmark.errors import InputError, UnknownNameError

A = np.array([1.0, 2.0, -3.0, np.nan])
B = np.array([4.0, 0.0, 2.0, 1.0])


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("a + b * 2", [9, 2, 1, np.nan]),
        ("(a + b) * 2", [10, 4, -2, np.nan]),
        ("a - b - 1", [-4, 1, -6, np.nan]),
        ("-a**2", [-1, -4, -9, np.nan]),
        ("2**3**2 + a*0", [512, 512, 512, np.nan]),
        ("2**-1 + 0*a", [0.5, 0.5, 0.5, np.nan]),
        ("a / b", [0.25, np.nan, -1.5, np.nan]),
        ("min(a / b, 5)", [0.25, np.nan, -1.5, np.nan]),
        ("max(a, b, 3)", [4, 3, 3, np.nan]),
        ("round(a / 3, 2)", [0.33, 0.67, -1, np.nan]),
        ("floor(a / 2) + ceil(a / 2) + abs(a)", [2, 4, 0, np.nan]),
        ("sqrt(a)", [1, math.sqrt(2), np.nan, np.nan]),
        ("log(exp(a))", [1, 2, -3, np.nan]),
        ("1.5e1 + .5 * a", [15.5, 16, 13.5, np.nan]),
        ("a ** 0", [1, 1, 1, np.nan]),
    ],
)
def test_a_formula_is_worked_out_row_by_row(text, wanted):
    np.testing.assert_allclose(Formula(text).evaluate({"a": A, "b": B}), wanted)


def test_a_formula_names_its_columns_in_the_order_of_reading():
    formula = Formula("`capital-gain` + age * `capital-gain` - class")
    assert formula.names == ("capital-gain", "age", "class")
    assert Formula(" `capital-gain` ").column == "capital-gain"
    assert formula.column is None


def test_where_nothing_comes_out_though_every_input_is_there_is_known():
    assert Formula("a / b").undefined({"a": A, "b": B}).tolist() == [False, True, False, False]


def test_dates_and_durations_are_read_as_people_mean_them():
    days = [dt.date(2024, 1, 30), dt.date(1969, 12, 31), None]
    data = mm.read(pa.table({"start": days, "end": [dt.date(2024, 3, 1), dt.date(1970, 1, 2), None]}))
    assert Formula("days(end - start)").of(data)[:2].tolist() == [31, 2]
    assert Formula("hours(end - start) / 24").of(data)[:2].tolist() == [31, 2]
    assert Formula("year(start)").of(data)[:2].tolist() == [2024, 1969]
    assert Formula("month(start)").of(data)[:2].tolist() == [1, 12]
    assert np.isnan(Formula("month(start)").of(data)[2])


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "empty"),
        ("a +", "it ends"),
        ("a b", "backticks"),
        ("a + ) b", r"'\)'"),
        ("a < b", "compares"),
        ("a; import os", "';'"),
        ("a.b", "'.'"),
        ("'x'", "is no ISO date"),
        ("sqrt(a, b)", "takes 1 values, not 2"),
        ("round(a, b)", "whole number of digits"),
        ("max()", "number"),
        ("(" * 400 + "a" + ")" * 400, "nested"),
        ("-" * 400 + "a", "nested"),
        ("**".join("a" * 300), "nested"),
        ("+".join("a" * 6000), "too long"),
        ("a + 1e999", "1e999"),
        ("a = b", "compares"),
    ],
)
def test_what_is_no_formula_is_refused_and_says_where(text, says):
    with pytest.raises(InputError, match=says):
        Formula(text)


def test_a_wrong_function_or_column_is_offered_the_nearest():
    data = mm.read(pa.table({"price": [1.5, 2.5], "capital-gain": [1, 2], "word": ["a", "b"]}))
    with pytest.raises(UnknownNameError, match="Did you mean 'sqrt'"):
        Formula("sqr(a)")
    with pytest.raises(UnknownNameError, match="Did you mean 'price'"):
        Formula("prise * 2").check_names(data.schema)
    with pytest.raises(InputError, match=r"backticks.*`capital-gain`"):
        Formula("capital-gain * 2").check_names(data.schema)
    with pytest.raises(InputError, match=r"'word' is category.*not a number"):
        Formula("word * 2").check_names(data.schema)
    Formula("price + `capital-gain`").check_names(data.schema)


@pytest.mark.parametrize("sign", ["=", "==", "<=", "<", ">=", ">"])
def test_a_comparison_has_two_sides(sign):
    rule = Comparison(f"`a<=b` + 1 {sign} c")
    assert rule.sign == sign.replace("==", "=")
    assert [side.text for side in rule.sides] == ["`a<=b` + 1", "c"]
    assert rule.names == ("a<=b", "c")
    for text in ("a + b", "a < b < c", "a <"):
        with pytest.raises(InputError):
            Comparison(text)


NUMBERS = st.integers(-5, 5).map(str)
TREES = st.recursive(
    st.one_of(NUMBERS, st.sampled_from(["a", "b"])),
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from(["+", "-", "*", "/"]), inner).map(lambda t: f"({' '.join(t)})"),
        st.tuples(st.sampled_from(["abs", "floor", "sqrt", "exp", "log", "round"]), inner).map(
            lambda t: f"{t[0]}({t[1]})"
        ),
        st.tuples(st.sampled_from(["min", "max"]), inner, inner).map(lambda t: f"{t[0]}({t[1]}, {t[2]})"),
        inner.map(lambda x: f"(-{x})"),
        inner.map(lambda x: f"({x} ** 2)"),
    ),
    max_leaves=6,
)


@settings(max_examples=200, deadline=None)
@given(TREES, st.integers(-4, 4), st.integers(0, 4), st.integers(-4, 4), st.integers(0, 4))
def test_no_result_lies_outside_the_bounds_of_interval_arithmetic(text, low_a, wide_a, low_b, wide_b):
    a, b = (
        axis.ravel()
        for axis in np.meshgrid(np.linspace(low_a, low_a + wide_a, 7), np.linspace(low_b, low_b + wide_b, 7))
    )
    low, high = Formula(text).bounds({"a": (low_a, low_a + wide_a), "b": (low_b, low_b + wide_b)})
    values = Formula(text).evaluate({"a": a, "b": b})
    values = values[~np.isnan(values)]
    slack = 1e-9 * (1 + np.abs(values))
    assert (values >= low - slack).all()
    assert (values <= high + slack).all()


def test_bounds_are_those_worked_by_hand():
    ranges = {"a": (1.0, 2.0), "b": (0.0, 5.0), "c": (-1.0, 3.0)}
    assert Formula("a + b * 2").bounds(ranges) == (1, 12)
    assert Formula("a / b").bounds(ranges) == (0.2, math.inf)
    assert Formula("c ** 2").bounds(ranges) == (0, 9)
    assert Formula("b - c").bounds(ranges) == (-3, 6)
    assert Formula("min(a, unknown)").bounds(ranges) == (-math.inf, 2)


def test_a_sum_of_a_thousand_columns_is_read_computed_and_bounded():
    formula = Formula(" + ".join(f"c{i}" for i in range(1000)))
    arrays = {f"c{i}": np.array([i, 1.0]) for i in range(1000)}
    assert len(formula.names) == 1000
    assert formula.evaluate(arrays).tolist() == [999 * 500, 1000]
    assert formula.bounds({f"c{i}": (0.0, 1.0) for i in range(1000)}) == (0, 1000)


STAMPED = Schema(
    (
        Column(name="start", kind="datetime", dtype="date32[day]"),
        Column(name="end", kind="datetime", dtype="timestamp[us]"),
        Column(name="took", kind="timedelta", dtype="duration[us]"),
        Column(name="n", kind="integer", dtype="int64"),
        Column(name="f", kind="boolean", dtype="bool"),
    )
)


@pytest.mark.parametrize(
    "rule",
    [
        "end >= start", "end >= 2024-05-31", "'2024-05-31' < end", 'start = "2024-05-31T10:00"',
        "days(end - start) <= 2", "end - start >= 0", "end - start < took", "end = start + 2 * took",
        "start = end - took / n", "took / (end - start) <= 1", "abs(end - start) <= max(took, -took)",
        "year(end) = n", "n = days(start)", "max(start, end) >= 2024-01-01", "n + f <= 2", "n > 2024 - 5",
    ],
)  # fmt: skip
def test_dates_durations_and_numbers_go_together_where_that_makes_sense(rule):
    Comparison(rule).check_units(STAMPED)


@pytest.mark.parametrize(
    ("rule", "says"),
    [
        ("end >= n", "compares a date and a number"),
        ("end >= 0", "compares a date and a number"),
        ("n >= 2024-05-31", "compares a date and a number"),
        ("end - start <= 2", "compares a duration and a number"),
        ("took = n", "compares a duration and a number"),
        ("end - start = start", "compares a date and a duration"),
        ("end + start = end", "takes a date for '\\+'"),
        ("end + 1 = start", "takes a number for '\\+'"),
        ("n - start = 1", "takes a date from a number"),
        ("took + n = took", "takes together a duration and a number"),
        ("took * took = n", "takes a duration for '\\*'"),
        ("end * 2 = n", "takes a date for '\\*'"),
        ("floor(took) = n", "takes a duration for 'floor'"),
        ("days(n) = n", "takes a number for 'days'"),
        ("year(took) = n", "takes a duration for 'year'"),
    ],
)
def test_what_mixes_dates_durations_and_numbers_is_refused_with_the_remedy(rule, says):
    with pytest.raises(InputError, match=f"{says}.*days\\(...\\)"):
        Comparison(rule).check_units(STAMPED)


def test_a_date_is_compared_as_the_moment_that_it_is():
    data = mm.read({"day": [dt.date(2024, 5, 30), dt.date(2024, 5, 31), dt.date(2024, 6, 1)]})
    for text in ("day >= 2024-05-31", "'2024-05-31' <= day"):
        assert mm.rule("formula", rule=text).holds(data).tolist() == [False, True, True]
    with pytest.raises(InputError, match="the rule 'day <= 7': it compares a date and a number"):
        mm.rule("formula", rule="day <= 7").holds(data)
