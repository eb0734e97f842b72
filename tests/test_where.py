"""`where`: what can be asked for, what is refused, and which rows match."""

from __future__ import annotations

import datetime as dt
import re
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

sys.path.insert(0, str(Path(__file__).parent / "plugin"))

from honest import Honest

from mintmark.data.protect import protect
from mintmark.data.schema import Column, Schema
from mintmark.data.where import check_where, matches
from mintmark.errors import InputError, RejectedError, UnknownNameError
from mintmark.testing.hard_tables import dataset, ordinary

UTC = dt.UTC


@pytest.fixture(scope="module")
def five():
    """Five rows, and a schema as `protect` would publish it for many such rows."""
    data = dataset(
        {
            "n": pa.array([1, 2, 3, None, 5]),
            "x": pa.array([0.5, None, 1.5, 2.5, -1.0]),
            "c": pa.array(["a", "b", None, "a", "日本"]),
            "b": pa.array([True, False, True, None, True]),
            "t": pa.array(
                [dt.datetime(2020, 1, d, tzinfo=UTC) for d in (1, 2, 3, 4, 5)], pa.timestamp("us", "UTC")
            ),
            "d": pa.array([dt.timedelta(hours=h) for h in (1, 2, 3, 4, 5)]),
            "g": pa.array([1, 2, 3, 2, None]),
            "k": pa.array([1, 2, 3, 4, 5]),
        },
        roles={"k": ("key",)},
    )
    schema = data.schema.edit("g", kind="category", categories=(1, 2, 3), missing=0.2)
    for name, changes in {
        "n": {"low": 1, "high": 5},
        "x": {"low": -1.0, "high": 2.5},
        "c": {"categories": ("a", "b", "日本"), "missing": 0.2},
        "b": {"categories": (False, True), "missing": 0.2},
        "t": {"low": "2020-01-01", "high": "2020-01-05", "missing": 0.0},
        "d": {"low": 3600, "high": 18_000, "missing": 0.0},
    }.items():
        schema = schema.edit(name, **changes)
    return data.table, schema


@pytest.mark.parametrize(
    ("where", "rows"),
    [
        ({}, [0, 1, 2, 3, 4]),
        ({"n": 2}, [1]),
        ({"n": 2.0}, [1]),
        ({"n": [1, 5]}, [0, 4]),
        ({"n": (2, 3)}, [1, 2]),
        ({"n": (None, 2)}, [0, 1]),
        ({"n": (3, None)}, [2, 4]),
        ({"n": (None, None)}, [0, 1, 2, 4]),
        ({"n": None}, [3]),
        ({"n": [None, 5]}, [3, 4]),
        ({"x": (-1, 0.5)}, [0, 4]),
        ({"x": None}, [1]),
        ({"c": "a"}, [0, 3]),
        ({"c": ["a", "日本"]}, [0, 3, 4]),
        ({"c": {"b"}}, [1]),
        ({"c": None}, [2]),
        ({"c": [None, "b"]}, [1, 2]),
        ({"b": True}, [0, 2, 4]),
        ({"b": 1}, [0, 2, 4]),
        ({"b": False, "n": 2}, [1]),
        ({"c": "a", "n": (2, 5)}, []),
        ({"t": "2020-01-03"}, [2]),
        ({"t": ("2020-01-02", dt.date(2020, 1, 3))}, [1, 2]),
        ({"t": (dt.datetime(2020, 1, 4, 1, tzinfo=dt.timezone(dt.timedelta(hours=1))), None)}, [3, 4]),
        ({"d": (dt.timedelta(hours=4), None)}, [3, 4]),
        ({"d": 7200}, [1]),
        ({"d": np.timedelta64(2, "h")}, [1]),
        ({"t": (np.datetime64("2020-01-04", "ns"), None)}, [3, 4]),
        ({"t": pd.Timestamp("2020-01-03")}, [2]),
        ({"n": np.int8(2), "c": np.str_("b")}, [1]),
        ({"g": (2, None)}, [1, 2, 3]),
        ({"g": (1.5, 2)}, [1, 3]),
    ],
    ids=str,
)
def test_the_rows_that_match(five, where, rows):
    table, schema = five
    assert np.flatnonzero(matches(table, schema, check_where(where, schema))).tolist() == rows


@pytest.mark.parametrize(
    ("where", "message"),
    [
        ({"m": 1}, "unknown column in where 'm'"),
        ({"N": 1}, "Did you mean 'n'"),
        ({"n": 9}, "outside what the column holds, 1 to 5"),
        ({"n": (6, None)}, "outside"),
        ({"n": (None, 0)}, "outside"),
        ({"n": (3, 2)}, "low 3 is above high 2"),
        ({"n": 2.5}, "whole numbers"),
        ({"n": (2.2, 2.8)}, "whole numbers"),
        ({"n": "two"}, "'two' is not a number"),
        ({"n": True}, "True is not a number"),
        ({"n": float("nan")}, "ask for None"),
        ({"n": (1, 2, 3)}, "a range is"),
        ({"n": []}, "the list of values is empty"),
        ({"n": [2, 99]}, "outside"),
        ({"c": "A"}, "'A' cannot occur. Did you mean 'a'"),
        ({"c": 1}, "1 cannot occur"),
        ({"c": ["a", "q", "r"]}, "'q', 'r' cannot occur"),
        ({"c": ("a", "b")}, "a range needs a number or a date"),
        ({"b": "yes"}, "cannot occur"),
        ({"t": None}, "never missing"),
        ({"t": [None, "2020-01-02"]}, "never missing"),
        ({"t": "last week"}, "is no ISO date"),
        ({"t": 2020}, "is no date"),
        ({"d": "an hour"}, "is not a number"),
        ({"k": 3}, "made anew for every row"),
        ("n", "where is a mapping of column"),
        (["n"], "where is a mapping of column"),
        ({"n": np.array([1, 2])}, "neither a value nor a list"),
        ({"n": range(1, 3)}, "neither a value nor a list"),
        ({"n": 10**400}, "is too large for a number"),
        ({"n": pd.NA}, "ask for None"),
        ({"c": [pd.NA, "a"]}, "ask for None"),
        ({"t": pd.NaT}, "ask for None"),
        ({"n": pd.Series([1, 2])}, "neither a value nor a list"),
        ({"n": [(1, 2), (4, 5)]}, "neither a value nor a list"),
        ({"n": "two"}, "where['n']: 'two' is not a number. Ask for a number"),
        ({"t": 2020}, "Ask for a date as '2024-05-31'"),
        ({"g": "2"}, "Ask for 2, of type int and not str"),
        ({"g": (7, 9)}, "no category lies in (7, 9)"),
        ({"g": (3, 1)}, "low 3 is above high 1"),
    ],
    ids=str,
)
def test_what_cannot_match_is_refused_in_words(five, where, message):
    with pytest.raises(InputError, match=re.escape(message)):
        check_where(where, five[1])


def test_an_unknown_column_is_an_unknown_name(five):
    with pytest.raises(UnknownNameError):
        check_where({"wealth": 1}, five[1])


def test_public_schema_decides_what_may_be_asked():
    data = dataset({"c": pa.array(["often"] * 40 + ["rare"] * 3)})
    public = protect(data, np.random.default_rng(0)).schema
    check_where({"c": "often"}, public)
    with pytest.raises(InputError, match="'rare' cannot occur"):
        check_where({"c": "rare"}, public)


def test_redrawing_meets_the_condition_and_counts_what_it_rejected():
    model = Honest().fit(ordinary(), seed=0)
    where = {"color": "blue", "age": (None, 50)}
    made = model.sample(150, seed=1, where=where)
    assert set(made.table["color"].to_pylist()) == {"blue"}
    assert max(made.table["age"].to_pylist()) <= 50
    drawn, rejected = made.provenance["drawn"], made.provenance["rejected"]
    assert set(rejected) == {"where"}
    # about 0.18 blue and half of the ages: of the drawn rows that share is kept
    assert 0.05 < 1 - rejected["where"] / drawn < 0.2
    assert drawn % Honest.block == 0
    assert made.table.equals(model.sample(150, seed=1, where=where).table)
    assert made[:40].table.equals(model.sample(40, seed=1, where=where).table)


def test_a_condition_that_almost_nothing_meets_ends_in_a_reason():
    model = Honest().fit(ordinary(), seed=0)
    with pytest.raises(RejectedError, match=r"0 of 10,\d+ drawn rows hold.*'where' rejected 100.0%.*wider"):
        model.sample(5, seed=1, where={"income": 30_000.123456789})


class Choosy(Honest):
    """Meets conditions by itself, in its own time."""

    def _condition(self, learnt, where):
        return learnt


def test_a_method_that_takes_long_to_meet_a_condition_in_vain_is_stopped_by_its_computing(monkeypatch):
    model = Choosy().fit(ordinary(), seed=0)
    monkeypatch.setattr(sys.modules["mintmark.synthesizer"], "_IN_VAIN", -1.0)
    assert len(model.sample(3, seed=1, where={"color": "blue"})) == 3
    with pytest.raises(RejectedError, match="0 of 64 drawn rows hold"):
        model.sample(3, seed=1, where={"income": 30_000.123456789})


def test_a_range_of_a_number_that_is_a_category_is_drawn():
    data = dataset({"year": pa.array([1990, 1991, 1992] * 50), "x": pa.array(np.arange(150.0))})
    model = Honest().fit(data.edit("year", kind="category"), seed=0)
    made = model.sample(40, seed=1, where={"year": (1991, None)})
    assert set(made.table["year"].to_pylist()) == {1991, 1992}


def test_a_number_between_two_rounded_values_is_refused_at_once():
    rounded = Schema((Column(name="x", kind="number", dtype="double", low=0.0, high=9.0, decimals=2),))
    check_where({"x": 1.23}, rounded)
    check_where({"x": (1.234, 1.244)}, rounded)
    with pytest.raises(InputError, match="rounded values; none lies"):
        check_where({"x": 1.234}, rounded)


@pytest.mark.parametrize("kind", [pa.float32(), pa.float16(), pa.float64()], ids=str)
def test_a_number_is_asked_for_as_it_is_written_whatever_the_floats(kind):
    values = pa.array(np.array([0.1, 1.7, 2.3, 3.1], dtype=kind.to_pandas_dtype()), kind)
    data = dataset({"x": values})
    assert matches(data.table, data.schema, {"x": 1.7}).tolist() == [False, True, False, False]
    assert matches(data.table, data.schema, {"x": (1.7, 2.3)}).tolist() == [False, True, True, False]
    rounded = data.schema.edit("x", decimals=1, low=0.0, high=4.0)
    check_where({"x": 2.3}, rounded)
