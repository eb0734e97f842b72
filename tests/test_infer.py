import datetime as dt
import decimal
import logging
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

import mintmark as mm
from mintmark.data.infer import check_kind, infer
from mintmark.data.profile import profile
from mintmark.errors import InputError, UnknownNameError

SHARED = Path(__file__).parents[2] / "shared" / "data"
N = 400
RNG = np.random.default_rng(0)


def column(values, name="x", **options):
    return mm.read({name: values}, **options).schema[name]


KINDS = {
    "a 0/1 flag": (RNG.integers(0, 2, N), "x", "category"),
    "a flag with gaps": (np.where(RNG.random(N) < 0.1, np.nan, RNG.integers(0, 2, N)), "x", "category"),
    "small codes": (RNG.integers(1, 7, N), "grade", "category"),
    "small counts": (RNG.integers(0, 6, N), "number_of_children", "integer"),
    "ages": (RNG.integers(18, 90, N), "age", "integer"),
    "whole with gaps": (np.where(RNG.random(N) < 0.1, np.nan, RNG.integers(0, 90, N)), "x", "integer"),
    "codes named so": (RNG.integers(1, 15, N), "admission_type_id", "category"),
    "money": (np.round(RNG.gamma(2, 50, N), 2), "pay", "number"),
    "booleans": (RNG.random(N) < 0.5, "x", "boolean"),
    "colours": (RNG.choice(["red", "green"], N), "x", "category"),
    "a constant": (["same"] * N, "x", "category"),
    "a constant number": ([2.5] * N, "x", "number"),
    "nothing": (pa.nulls(N), "x", "category"),
    "free text": ([f"On day {i} the patient reported pain, then went on to walk {i} steps" for i in range(N)],
                  "x", "text"),
    "a date": ([dt.date(1960, 1, 1) + dt.timedelta(days=i) for i in range(N)], "x", "datetime"),
    "a duration": ([dt.timedelta(seconds=i) for i in range(N)], "x", "timedelta"),
    "numbers in text": ([f"{i / 4:.2f}" for i in range(N)], "x", "number"),
    "whole numbers in text": ([str(7 * (i % 90)) for i in range(N)], "x", "integer"),
    "codes in text": ([f"{i % 90:03d}" for i in range(N)], "x", "category"),
    "many categories": ([f"c{i % 150}" for i in range(N)], "x", "category"),
}  # fmt: skip


@pytest.mark.parametrize("case", KINDS)
def test_kinds_are_recognised(case):
    values, name, kind = KINDS[case]
    assert column(values, name).kind == kind


@pytest.mark.parametrize(
    ("values", "name", "roles"),
    [
        ([f"{i:04d}-XYZ" for i in range(N)], "customerID", ("key",)),
        ([f"Person {i}" for i in range(N)], "name", ("key",)),
        (RNG.permutation(10**6)[:N], "encounter_id", ("key",)),
        (np.arange(N) + 7, "running", ("key",)),
        (RNG.permutation(10**6)[:N], "income", ()),
        (RNG.integers(0, 150, N) * 977, "patient_nbr", ("group",)),
        ([f"P{i % 150}" for i in range(N)], "subject_id", ("group",)),
        (RNG.integers(0, 150, N), "id", ("group",)),
        ([f"P{i % 150}" for i in range(N)], "playerID", ("group",)),
        (RNG.integers(0, 150, N) * 977, "shop_nbr", ()),
        ([0, 1] * (N // 2), "customer_id", ()),
        (["a", "b", "c"], "x", ()),
    ],
)
def test_identifiers_get_a_role_and_quantities_none(values, name, roles):
    assert column(values, name).roles == roles


@pytest.mark.parametrize(
    ("pattern", "resolution"),
    [
        ("%Y-%m-%d", "day"),
        ("%d.%m.%Y", "day"),
        ("%m/%d/%Y", "day"),
        ("%d/%m/%Y %H:%M", "minute"),
        ("%Y-%m-%dT%H:%M:%S", "second"),
        ("%d %b %Y", "day"),
        ("%B %d, %Y", "day"),
    ],
)
def test_dates_in_text_get_the_pattern_that_reads_all(pattern, resolution):
    days = [dt.datetime(1955, 1, 1, 3, 4, 5) + dt.timedelta(days=37 * i) for i in range(N)]
    found = column([day.strftime(pattern) for day in days])
    assert (found.kind, found.format, found.resolution) == ("datetime", pattern, resolution)


def test_days_before_months_are_told_by_the_one_that_cannot_be_a_month():
    assert column(["01/02/2024", "13/02/2024", "02/03/2024"]).format == "%d/%m/%Y"
    assert column(["01/02/2024", "02/13/2024", "02/03/2024"]).format == "%m/%d/%Y"


@pytest.mark.parametrize("values", [["2024-02-30", "2024-01-01"], ["2024-01-01", "soon"], ["2024-13-01"]])
def test_what_is_no_date_somewhere_is_no_date(values):
    assert column(values).kind == "category"


@pytest.mark.parametrize("places", [1, 2, 4, 6])
def test_decimals_are_the_fewest_that_hold_every_value(places):
    values = np.round(RNG.normal(0, 100, N), places)
    assert column(values).decimals == places
    if places < 4:
        assert column(pa.array(values.astype(np.float32))).decimals == places


def test_decimals_stay_open_beyond_six():
    assert column(RNG.normal(size=N)).decimals is None


def test_decimal_types_keep_their_scale_and_are_never_categories():
    assert column([decimal.Decimal("1.50"), decimal.Decimal("2.25")]).decimals == 2
    assert column([decimal.Decimal(0), decimal.Decimal(1)] * 50).kind == "integer"


@pytest.mark.parametrize(
    ("step", "unit", "resolution"),
    [
        (dt.timedelta(days=1), "us", "day"),
        (dt.timedelta(hours=1), "s", "hour"),
        (dt.timedelta(minutes=5), "ms", "minute"),
        (dt.timedelta(seconds=1), "ns", "second"),
        (dt.timedelta(milliseconds=20), "us", "millisecond"),
        (dt.timedelta(microseconds=3), "us", "microsecond"),
    ],
)
def test_the_resolution_is_the_coarsest_step(step, unit, resolution):
    values = [dt.datetime(1969, 12, 1) + i * step for i in range(100)]
    assert column(pa.array(values, pa.timestamp(unit))).resolution == resolution


def test_a_target_is_never_guessed_and_a_numeric_one_stays_a_number():
    values = RNG.integers(1, 6, N)
    assert mm.read({"target": values}).target is None
    assert column(values, "target").kind == "category"
    assert column(values, "target", target="target").kind == "integer"
    assert column(values % 2, "target", target="target").kind == "category"
    assert column(values, "target", target="target", kinds={"target": "category"}).kind == "category"


def test_bounds_categories_and_missing_stay_open():
    for found in mm.read({"a": [1, 2, None], "b": ["x", None, "y"]}).schema:
        assert (found.low, found.high, found.categories, found.missing) == (None, None, None, None)


def test_declared_kinds_and_roles_win():
    table = {"zip": [10001, 10002] * 20, "id": list(range(40))}
    data = mm.read(table, kinds={"zip": "category"}, roles={"id": []})
    assert data.schema["zip"].kind == "category"
    assert data.schema["id"].roles == ()
    assert mm.read(table, kinds={"id": "integer"}).schema["id"].roles == ("key",)
    assert mm.read(table, kinds={"id": "number"}).schema["id"].roles == ()


@pytest.mark.parametrize(
    ("values", "kind", "message"),
    [
        (["1", "two"], "number", "column 'x' is declared number but row 2: 'two'"),
        ([1.5, 2.0], "integer", "row 1 of 2: value 1.5 is not a whole number"),
        ([1, 2, 3], "boolean", "holds 3 different values"),
        ([1, 2], "datetime", "holds int64, which cannot be read as datetime"),
        ([1, 2], "timedelta", "cannot be read as timedelta"),
        ([dt.date(2024, 1, 1)], "category", "cannot be read as category"),
        (["2024-01-01", "31.12.2024"], "datetime", "row 2: '31.12.2024'"),
    ],
)
def test_a_declared_kind_that_cannot_be_is_refused(values, kind, message):
    with pytest.raises(InputError, match=message):
        mm.read({"x": values}, kinds={"x": kind})


def test_wrong_names_offer_the_nearest():
    table = pa.table({"age": [1, 2]})
    with pytest.raises(UnknownNameError, match="Did you mean 'age'"):
        infer(table, kinds={"agee": "integer"})
    with pytest.raises(UnknownNameError, match="Did you mean 'integer'"):
        infer(table, kinds={"age": "intger"})
    with pytest.raises(UnknownNameError, match="Did you mean 'target'"):
        infer(table, roles={"age": "targt"})


def test_categories_declared_must_hold_every_value():
    array = pa.array(["a", "b"])
    check_kind(array, mm.Column(name="x", kind="category", dtype="string", categories=("a", "b")))
    with pytest.raises(InputError, match="row 2: 'b' is not among"):
        check_kind(array, mm.Column(name="x", kind="category", dtype="string", categories=("a",)))


def test_an_empty_column_is_told(caplog):
    with caplog.at_level(logging.WARNING):
        mm.read({"a": [1, 2], "gone": [None, None]})
    assert "every value is missing in 'gone'" in caplog.text


def test_a_profile_says_why_and_warns():
    data = mm.read(
        {
            "flag": [0, 1] * 50,
            "same": ["x"] * 100,
            "gone": [None] * 100,
            "price": [None] * 60 + [round(i / 4, 2) for i in range(40)],
            "patient_id": [f"p{i % 99}" for i in range(100)],
        },
        roles={"patient_id": []},
    )
    records = {record["name"]: record for record in profile(data)}
    assert records["flag"]["why"] == "a flag: 0 and 1"
    assert records["flag"]["top"] == [(0, 50), (1, 50)]
    assert records["same"]["warnings"] == ["always the same value"]
    assert records["gone"]["warnings"] == ["every value is missing"]
    assert (records["price"]["low"], records["price"]["high"], records["price"]["missing"]) == (0, 9.75, 0.6)
    assert records["price"]["warnings"] == ["60% missing"]
    assert "identifier" in records["patient_id"]["warnings"][0]
    assert records["patient_id"]["why"] == "declared"


@pytest.mark.parametrize(
    ("file", "wanted"),
    [
        (
            "telco_churn/telco_churn.parquet",
            {"customerID": "text", "SeniorCitizen": "category", "tenure": "integer"},
        ),
        ("support2/support2.parquet", {"Index": "integer", "death": "category", "edu": "integer"}),
        (
            "diabetes130_sample/diabetes130.parquet",
            {"patient_nbr": "integer", "admission_type_id": "category", "num_procedures": "integer",
             "payer_code": "category", "diag_1": "category"},
        ),
    ],
)  # fmt: skip
def test_real_tables_are_understood(file, wanted):
    if not (SHARED / file).exists():
        pytest.skip("the shared data sets are not here")
    data = mm.read(SHARED / file)
    assert {name: data.schema[name].kind for name in wanted} == wanted
    assert data.schema.with_role("group") == (["patient_nbr"] if "diabetes" in file else [])
    assert len(data.schema.with_role("key")) == 1
