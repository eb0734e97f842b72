import datetime as dt
import decimal

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

import mintmark as mm
from mintmark.data.encode import (
    bound,
    codes,
    decode,
    distinct,
    encode,
    from_codes,
    from_numbers,
    numbers,
    scalar,
)
from mintmark.data.schema import Column, Schema, arrow_type, type_name
from mintmark.errors import InputError

DAYS = st.dates(dt.date(1600, 1, 1), dt.date(2254, 12, 31))
# a double counts microseconds exactly for 285 years either side of 1970
TIMES = st.datetimes(dt.datetime(1690, 1, 1), dt.datetime(2254, 12, 31))
SPANS = st.timedeltas(dt.timedelta(days=-10_000), dt.timedelta(days=10_000))


def column(values, kind, dtype, **more):
    return Column(name="x", kind=kind, dtype=type_name(dtype), **more), pa.array(values, dtype)


def with_gaps(values):
    return st.lists(st.one_of(st.none(), values), max_size=20)


NUMERIC = {
    "int64": (st.integers(-(2**53), 2**53), "integer", pa.int64()),
    "int8": (st.integers(-128, 127), "integer", pa.int8()),
    "uint64": (st.integers(0, 2**53), "integer", pa.uint64()),
    "double": (st.floats(allow_nan=False, allow_infinity=False), "number", pa.float64()),
    "float": (st.floats(width=32, allow_nan=False, allow_infinity=False), "number", pa.float32()),
    "halffloat": (st.floats(width=16, allow_nan=False, allow_infinity=False), "number", pa.float16()),
    "whole doubles": (st.integers(-(2**53), 2**53).map(float), "integer", pa.float64()),
    "decimal": (st.decimals(-99999, 99999, places=2), "number", pa.decimal128(7, 2)),
    "wide decimal": (st.integers(-(10**15), 10**15).map(decimal.Decimal), "integer", pa.decimal128(38, 20)),
    "date32": (DAYS, "datetime", pa.date32()),
    "date64": (DAYS, "datetime", pa.date64()),
    "seconds": (TIMES.map(lambda t: t.replace(microsecond=0)), "datetime", pa.timestamp("s")),
    "zoned": (TIMES, "datetime", pa.timestamp("us", tz="Europe/Berlin")),
    "nanoseconds": (TIMES, "datetime", pa.timestamp("ns")),
    "duration": (SPANS, "timedelta", pa.duration("us")),
    "duration ns": (SPANS, "timedelta", pa.duration("ns")),
    "nothing": (st.none(), "number", pa.null()),
}


@pytest.mark.parametrize("case", NUMERIC)
def test_numbers_and_back_changes_nothing(case):
    values, kind, dtype = NUMERIC[case]

    @settings(max_examples=60, deadline=None)
    @given(with_gaps(values))
    def check(cells):
        about, array = column(cells, kind, dtype)
        encoded = numbers(array, about)
        assert encoded.dtype == np.float64
        assert np.isnan(encoded).tolist() == [cell is None for cell in cells]
        assert from_numbers(encoded, about).equals(array)

    check()


@pytest.mark.parametrize(
    "pattern", ["%Y-%m-%d", "%d.%m.%Y", "%d %b %Y", "%Y-%m-%d %H:%M:%S", "%m/%d/%Y %H:%M"]
)
def test_dates_in_text_and_back(pattern):
    @settings(max_examples=40, deadline=None)
    @given(with_gaps(TIMES))
    def check(moments):
        cells = [None if moment is None else moment.strftime(pattern) for moment in moments]
        about, array = column(cells, "datetime", pa.string(), format=pattern)
        assert from_numbers(numbers(array, about), about).equals(array)

    check()


@settings(max_examples=60, deadline=None)
@given(with_gaps(st.integers(-(10**9), 10**9)), st.integers(0, 4))
@example([-1], 2)
def test_numbers_in_text_and_back(cells, places):
    text = [None if cell is None else f"{cell / 10**places:.{places}f}" for cell in cells]
    about, array = column(text, "number", pa.string(), format="plain", decimals=places)
    assert from_numbers(numbers(array, about), about).equals(array)


DISCRETE = {
    "text": (st.text(max_size=5), pa.string()),
    "integers": (st.integers(-(2**62), 2**62), pa.int64()),
    "flags": (st.booleans(), pa.bool_()),
    "floats": (st.sampled_from([0.0, 1.0, 2.5]), pa.float64()),
}


@pytest.mark.parametrize("case", DISCRETE)
def test_codes_and_back_changes_nothing(case):
    values, dtype = DISCRETE[case]

    @settings(max_examples=60, deadline=None)
    @given(with_gaps(values))
    def check(cells):
        array = pa.array(cells, dtype)
        known, counts = distinct(array)
        assert dict(zip(known, counts.tolist(), strict=True)) == {
            value: cells.count(value) for value in set(cells) - {None}
        }
        about = Column(name="x", kind="category", dtype=type_name(dtype), categories=tuple(known))
        coded = codes(array, about)
        assert coded.dtype == np.int32
        assert (coded < 0).tolist() == [cell is None for cell in cells]
        assert from_codes(coded, about).equals(array)
        assert from_codes(codes(pa.chunked_array([array, array]), about), about).equals(
            pa.concat_arrays([array, array])
        )

    check()


@pytest.mark.parametrize("dtype", [pa.null(), pa.string(), pa.int64(), pa.float64(), pa.bool_()])
def test_a_column_of_nothing_has_no_categories(dtype):
    array = pa.nulls(3, dtype)
    assert distinct(array)[0] == []
    about = Column(name="x", kind="category", dtype=type_name(dtype), categories=())
    assert from_codes(codes(array, about), about).equals(array)


def test_a_table_and_back():
    data = mm.read({"a": [1, None, 3], "b": ["x", None, "y"], "c": [dt.datetime(1900, 1, 1, 5), None, None]})
    schema = data.schema.edit("b", categories=("y", "x"))
    arrays = encode(data.table, schema)
    assert arrays["b"].tolist() == [1, -1, 0]
    assert decode(arrays, schema).equals(data.table.combine_chunks())


@pytest.mark.parametrize("values", [[], ["1.5", None]])
def test_no_rows_keep_their_type(values):
    for kind, dtype in [("number", pa.string()), ("number", pa.decimal128(5, 2)), ("datetime", pa.date32())]:
        about = Column(name="x", kind=kind, dtype=type_name(dtype))
        assert from_numbers(np.array([], dtype=np.float64), about).type == dtype


def test_draws_are_rounded_and_kept_inside_the_bounds():
    def made(values, kind, dtype, **more):
        return from_numbers(np.array(values), column([], kind, dtype, **more)[0]).to_pylist()

    assert made([1.26, -9, np.nan], "number", pa.float64(), decimals=1, low=0) == [1.3, 0, None]
    assert made([299.7, -300], "integer", pa.int8()) == [127, -128]
    assert made([1e30, -1e30], "integer", pa.int64())[0] > 2**62
    assert made([-1e30, 2.4], "integer", pa.uint64()) == [0, 2]
    assert made([1e9, -1e9], "number", pa.decimal128(5, 2)) == [
        decimal.Decimal("999.99"), decimal.Decimal("-999.99"),
    ]  # fmt: skip
    assert made([-0.001], "number", pa.string(), decimals=2) == ["0.00"]
    noon = bound("2024-05-31T12:00:00", Column(name="x", kind="datetime", dtype="date32[day]"))
    assert made([noon + 1], "datetime", pa.date32(), resolution="day") == [dt.date(2024, 6, 1)]
    assert made([noon + 4e5], "datetime", pa.timestamp("s"), resolution="second") == [
        dt.datetime(2024, 5, 31, 12)
    ]


@pytest.mark.parametrize(
    ("cells", "kind", "message"),
    [
        (["1", "forty", None], "number", "row 2: 'forty' cannot be read so"),
        (["1", "inf"], "number", "row 2: 'inf'"),
        (["1", "nan"], "number", "row 2: 'nan'"),
        (["1", "1_000"], "number", "row 2: '1_000'"),
        (["2024-01-01", "soon"], "datetime", "row 2: 'soon'"),
    ],
)
def test_text_that_cannot_be_read_is_named(cells, kind, message):
    about, array = column(cells, kind, pa.string(), format="%Y-%m-%d" if kind == "datetime" else "plain")
    with pytest.raises(InputError, match=message):
        numbers(array, about)


def test_a_strange_category_is_named():
    about, array = column(["a", "z", None], "category", pa.string(), categories=("a",))
    with pytest.raises(InputError, match="row 2: 'z' is not among its categories"):
        codes(array, about)


@settings(max_examples=60, deadline=None)
@given(TIMES, SPANS, st.floats(-1e12, 1e12), st.integers(-(2**53), 2**53))
def test_a_bound_and_back(moment, span, number, whole):
    for value, kind, written in [
        (moment, "datetime", moment.isoformat()),
        (span, "timedelta", span.total_seconds()),
        (number, "number", number),
        (whole, "integer", whole),
    ]:
        about = Column(name="x", kind=kind, dtype="double")
        back = scalar(bound(value, about), about)
        assert back == (pytest.approx(written) if kind == "timedelta" else written)
        assert bound(scalar(bound(value, about), about), about) == pytest.approx(bound(value, about), abs=1)


@pytest.mark.parametrize(
    ("value", "kind"), [("soon", "datetime"), (3, "datetime"), ("3", "number"), (True, "integer")]
)
def test_a_bound_of_another_kind_is_refused(value, kind):
    with pytest.raises(InputError, match="column 'x'"):
        bound(value, Column(name="x", kind=kind, dtype="double"))


@pytest.mark.parametrize(
    "dtype",
    [
        pa.int8(), pa.uint64(), pa.float16(), pa.float32(), pa.float64(), pa.bool_(), pa.string(),
        pa.binary(), pa.date32(), pa.date64(), pa.duration("ms"), pa.timestamp("ns"), pa.decimal128(9, 2),
        pa.timestamp("us", tz="Europe/Berlin"), pa.timestamp("s", tz="+02:00"), pa.decimal256(50, 0),
        pa.decimal128(9, -2), pa.null(),
    ],
)  # fmt: skip
def test_a_type_and_back_from_its_name(dtype):
    assert arrow_type(type_name(dtype)) == dtype


def test_a_schema_and_back_from_json():
    schema = mm.read({"a": [1, 2], "b": ["x", "y"]}, target="b").schema
    schema = schema.edit("a", low=0, high=9.5, unit="m").edit("b", categories=("y", "x"), missing=0.25)
    assert Schema.from_json(schema.to_json()) == schema
