"""Public schema: no observed extreme, no rare category, no real key leaves; declared things stay."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mintmark.data import keys
from mintmark.data.conform import conforms
from mintmark.data.encode import numbers
from mintmark.data.protect import OTHER, persons, protect
from mintmark.data.schema import arrow_type
from mintmark.errors import InputError
from mintmark.testing.hard_tables import HARD, dataset, ordinary


def _protect(data):
    return protect(data, np.random.default_rng(0))


def _one(array, **changes):
    data = dataset({"x": array})
    return _protect(data.__class__(data.table, data.schema.edit("x", **changes)) if changes else data)


def test_a_number_ends_at_the_mean_of_the_ten_most_extreme_rows():
    made = _one(pa.array(np.arange(100.0)))
    assert (made.schema["x"].low, made.schema["x"].high) == (4.5, 94.5)
    assert made.table["x"].to_pylist() == [max(4.5, min(94.5, v)) for v in range(100)]


def test_an_integer_ends_inward_of_that_mean():
    made = _one(pa.array(range(100)))
    assert (made.schema["x"].low, made.schema["x"].high) == (5, 94)


def test_decimals_end_inward_on_their_own_grid():
    made = _one(pa.array([Decimal(c).scaleb(-2) for c in range(100)], pa.decimal128(8, 2)))
    assert (made.schema["x"].low, made.schema["x"].high) == (0.05, 0.94)
    assert min(made.table["x"].to_pylist()) == Decimal("0.05")


def test_dates_end_inward_on_whole_days():
    days = [dt.date(1969, 12, 1) + dt.timedelta(days=i) for i in range(100)]
    made = _one(pa.array(days))
    assert made.schema["x"].low == "1969-12-06T00:00:00"
    assert made.schema["x"].high == "1970-03-05T00:00:00"
    assert min(made.table["x"].to_pylist()) == dt.date(1969, 12, 6)


def test_extremes_are_those_of_persons_not_of_rows():
    """One person with fifty enormous rows counts once among the ten."""
    who = ["rich"] * 50 + [f"p{i}" for i in range(100)]
    pay = [1e6] * 50 + list(range(100))
    data = dataset({"who": pa.array(who), "pay": pa.array(pay, pa.float64())}, roles={"who": ("group",)})
    assert _protect(data).schema["pay"].high == (1e6 + sum(range(91, 100))) / 10


def test_rare_categories_are_drawn_again_from_the_frequent():
    made = _one(pa.array(["a"] * 30 + ["b"] * 10 + ["c"] * 9 + [None] * 5))
    assert made.schema["x"].categories == ("a", "b")
    assert made.schema["x"].missing == round(5 / 54, 4)
    assert made.table["x"].to_pylist()[:40] == ["a"] * 30 + ["b"] * 10
    assert set(made.table["x"].to_pylist()[40:49]) <= {"a", "b"}
    assert made.table["x"].null_count == 5


def test_rare_categories_of_ten_persons_together_become_one():
    made = _one(pa.array(["a"] * 30 + ["b"] * 9 + ["c"] * 9 + [None] * 2))
    assert made.schema["x"].categories == ("a", OTHER)
    assert made.table["x"].to_pylist() == ["a"] * 30 + [OTHER] * 18 + [None] * 2


def test_rare_numbers_used_as_categories_are_drawn_again():
    made = _one(pa.array([1] * 30 + [2] * 9 + [3] * 9), kind="category")
    assert made.schema["x"].categories == (1,)
    assert set(made.table["x"].to_pylist()) == {1}


def test_a_category_of_many_rows_but_few_persons_is_rare():
    who = ["one"] * 50 + [f"p{i}" for i in range(60)]
    what = ["special"] * 50 + ["usual"] * 60
    data = dataset({"who": pa.array(who), "what": pa.array(what)}, roles={"who": ("group",)})
    assert _protect(data).schema["what"].categories == ("usual",)


def test_a_number_that_one_person_repeats_is_moved_and_one_that_many_hold_stays():
    rng = np.random.default_rng(0)
    private = rng.normal(100, 20, 300)
    who = np.repeat(np.arange(300), 13)
    pay = np.where(np.arange(3900) % 13 == 0, 50.0, private[who])
    data = dataset({"who": pa.array([f"p{i}" for i in who]), "pay": pa.array(pay)}, roles={"who": ("group",)})
    made = _protect(data).table["pay"].to_numpy()
    assert not np.isin(made, private).any()
    assert (made == 50).sum() == 300
    assert np.abs(np.sort(made) - np.sort(np.clip(pay, made.min(), made.max()))).mean() < 2
    assert made.std() == pytest.approx(pay.std(), rel=0.1)


def test_where_every_category_is_rare_one_word_stays():
    made = _one(pa.array([f"name {i}" for i in range(50)] + [None]))
    assert made.schema["x"].categories == (OTHER,)
    assert made.table["x"].to_pylist() == [OTHER] * 50 + [None]


def test_a_number_known_of_fewer_than_ten_persons_keeps_no_value():
    made = _one(pa.array([4.5] * 9 + [None] * 91))
    assert made.table["x"].null_count == 100
    assert (made.schema["x"].low, made.schema["x"].high, made.schema["x"].missing) == (None, None, 1.0)
    assert _one(pa.array([4.5] * 10 + [None] * 90)).schema["x"].low == 4.5


@pytest.mark.parametrize("value", [0.1, 1 / 3, 1e300, -1.7e308, 5e-324, 0.0])
def test_a_constant_stays_exactly_itself(value):
    made = _one(pa.array([value] * 37))
    assert set(made.table["x"].to_pylist()) == {value}


def test_rounding_inward_never_crosses():
    made = _one(pa.array([0] * 5 + [1] * 5 + [2] * 5))  # means of ten: 0.5 and 1.5
    assert (made.schema["x"].low, made.schema["x"].high) == (1, 1)
    made = _one(pa.array([0] * 4 + [1] * 6))  # one mean, 0.6, between the grid's points
    assert made.schema["x"].low == made.schema["x"].high == 0


def test_what_was_declared_stays():
    made = _one(pa.array(np.arange(100.0)), low=0, high=200)
    assert (made.schema["x"].low, made.schema["x"].high) == (0, 200)
    made = _one(pa.array(["a"] * 30 + ["b"]), categories=("a", "b", "c"))
    assert made.schema["x"].categories == ("a", "b", "c")
    assert made.table["x"].to_pylist().count("b") == 1


def test_protection_can_be_switched_off_for_a_column():
    made = _one(pa.array(np.arange(100.0)), protect=False)
    assert (made.schema["x"].low, made.schema["x"].high) == (0, 99)
    assert _one(pa.array(["a"] * 30 + ["b"]), protect=False).schema["x"].categories == ("a", "b")


def test_a_narrow_type_keeps_to_its_bounds():
    """A bound that float32 cannot hold would be rounded to the wrong side of itself."""
    values = np.random.default_rng(1).normal(size=500).astype("float32")
    made = _one(pa.array(values))
    assert conforms(made.table, made.schema).all()
    column = made.schema["x"]
    assert np.float32(column.low) == column.low
    assert np.float32(column.high) == column.high


@pytest.mark.parametrize("name", HARD)
def test_hard_tables_come_out_in_their_own_schema_and_types(name):
    data = HARD[name](np.random.default_rng(0))
    made = _protect(data)
    assert made.table.schema.equals(data.table.schema)
    assert conforms(
        made.table.drop_columns(keys.renewed(data.schema)),
        made.schema.select([column.name for column in data.schema if not keys.is_renewed(column)]),
    ).all()
    made.schema.dumps()
    again = _protect(data)
    assert again.table.equals(made.table)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.floats(-1e6, 1e6), min_size=12, max_size=60, unique=True))
def test_no_extreme_of_distinct_values_survives(values):
    made = _one(pa.array(values))
    column = made.schema["x"]
    assert min(values) < column.low <= column.high < max(values)
    assert conforms(made.table, made.schema).all()


# -- keys -------------------------------------------------------------------------------------


def _key(array, rows=5, kind="integer"):
    data = dataset(
        {"k": array, "x": pa.array(np.arange(float(len(array))))}, kinds={"k": kind}, roles={"k": ("key",)}
    )
    schema = keys.public(data, _protect(data).schema)
    return keys.renew(pa.table({"x": np.zeros(rows)}), schema)["k"]


def test_integer_keys_start_beyond_the_next_power_of_ten():
    assert _key(pa.array([17, 804, 5])).to_pylist() == [1001 + i for i in range(5)]
    assert _key(pa.array([-17, -804, 5])).to_pylist() == [1001 + i for i in range(5)]


def test_text_keys_are_numbered():
    assert _key(pa.array(["x", "y"]), 2, "text").to_pylist() == ["k-00000001", "k-00000002"]


@pytest.mark.parametrize(
    "array",
    [
        pa.array([2_000_000_000], pa.int32()),
        pa.array([2**62, 9_100_000_000_000_000_000], pa.int64()),
        pa.array([1.0, 2.0]),
        pa.array([Decimal(7)], pa.decimal128(12, 2)),
        pa.array([None, 5], pa.int64()),
    ],
    ids=lambda array: str(array.type),
)
def test_new_keys_fit_the_type_and_are_no_real_ones(array):
    made = _key(array)
    assert made.type == array.type
    assert len(pc.unique(made)) == 5
    assert made.null_count == 0
    assert not set(made.to_pylist()) & set(array.to_pylist())


@pytest.mark.parametrize(
    "array",
    [
        pa.array([1], pa.int8()),
        pa.array([2**64 - 1], pa.uint64()),
        pa.array([1e300, -1e300]),
        pa.array([Decimal(7)], pa.decimal128(4, 2)),
        pa.array([True]),
    ],
    ids=lambda array: str(array.type),
)
def test_a_key_type_without_room_is_refused(array):
    with pytest.raises(InputError, match="column 'k' is a key of type"):
        _key(array, kind="boolean" if pa.types.is_boolean(array.type) else "integer")


def test_more_keys_than_the_type_holds_are_refused():
    schema = dataset({"k": pa.array([1], pa.int8())}, roles={"k": ("key",)}).schema.edit("k", low=100)
    assert keys.renew(pa.table({"x": np.zeros(28)}), schema)["k"].to_pylist()[-1] == 127
    with pytest.raises(InputError, match="too small for 29 keys from 100"):
        keys.renew(pa.table({"x": np.zeros(29)}), schema)


def test_nothing_of_a_key_is_published():
    data = ordinary()
    schema = keys.public(data, _protect(data).schema)
    key = schema["id"]
    assert (key.low, key.high, key.categories, key.missing) == (None, None, None, 0.0)
    assert schema.names == data.names
    assert not set(keys.renew(data.table, schema)["id"].to_pylist()) & set(data.table["id"].to_pylist())


def test_persons_are_rows_or_the_values_of_the_group():
    data = dataset({"g": pa.array(["b", "a", "b", None])})
    assert persons(data).tolist() == [0, 1, 2, 3]
    data = dataset({"g": pa.array(["b", "a", "b", None])}, roles={"g": ("group",)})
    numbered = persons(data)
    assert numbered[0] == numbered[2]
    assert len(set(numbered)) == 3


def test_conforms_tells_which_rows_do_not():
    schema = dataset({"n": pa.array([1]), "c": pa.array(["a"])}).schema
    schema = schema.edit("n", low=0, high=9, missing=0.0).edit("c", categories=("a",), missing=0.5)
    table = pa.table({"n": pa.array([0, 9, 10, -1, None, 5, 5]), "c": ["a", None, "a", "a", "a", "b", "a"]})
    assert conforms(table, schema).tolist() == [True, True, False, False, False, False, True]


def test_numbers_reads_what_arrow_type_names():
    for text in ("decimal128(8, 2)", "timestamp[ns, tz=Europe/Berlin]", "duration[s]", "date32[day]", "null"):
        assert str(arrow_type(text)) == text
    column = dataset({"t": pa.array([0, -1], pa.timestamp("s"))}).schema["t"]
    assert numbers(pa.array([0, -1], pa.timestamp("s")), column).tolist() == [0.0, -1e6]
