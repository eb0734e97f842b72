"""Derived columns are found where they are real, never by chance, and come out exactly."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

import mintmark as mm
from mintmark.data import derive
from mintmark.data.dataset import Dataset
from mintmark.data.read import read
from mintmark.data.schema import Column, Schema
from mintmark.errors import InputError, ModelFileError
from mintmark.synthesizer import load_model
from mintmark.testing.hard_tables import dataset, derived, hard_tables, ordinary

SHARED = Path(__file__).parents[2] / "shared" / "data"


def found(data, sort=None):
    records = derive.find(data, np.random.default_rng(0))
    return {r["column"]: r for r in records if sort in (None, r["relation"])}


def sampled(data, n=2_000, **options):
    return mm.synthesizer("sequential_trees").fit(data, seed=0).sample(n, seed=1, **options)


@pytest.fixture(scope="module")
def orders():
    return derived(np.random.default_rng(3))


@pytest.fixture(scope="module")
def made(orders):
    return sampled(orders).table.to_pandas()


def test_every_sort_of_relation_is_found(orders):
    told = found(orders)
    assert told["gross"]["formula"] == "1.19 * net"
    assert told["paid"]["formula"] == "tip + shipping + gross - rebate"
    assert told["fahrenheit"]["formula"] == "1.8 * celsius + 32"
    assert told["days"]["formula"] == "days(delivered - ordered)"
    assert {told["state"]["of"], told["city code"]["of"]} == {"city"}
    assert told["size"]["cuts"] == [50.0, 200.0]
    assert (told["total"]["formula"], told["total"]["as"]) == ("months * monthly", "ratio")
    assert (told["delivered"]["formula"], told["delivered"]["as"]) == ("ordered", "difference")
    assert sorted(zip(told["result"]["values"], told["result"]["missing"], strict=True)) == [
        ("no", True), ("yes", False),
    ]  # fmt: skip
    assert told["again"]["of"] == "result"
    assert told["is a + is b + is c"]["columns"] == ["is a", "is b", "is c"]
    assert all(json.loads(json.dumps(record)) == record for record in told.values())


def test_exact_relations_hold_in_every_drawn_row(made):
    assert np.allclose(made["gross"], np.round(made["net"] * 1.19, 2), atol=1e-9)
    sums = made["gross"] + made["shipping"] + made["tip"] - made["rebate"]
    assert np.allclose(made["paid"], np.round(sums, 2), atol=1e-9)
    assert np.allclose(made["fahrenheit"], np.round(made["celsius"] * 1.8 + 32, 2), atol=1e-9)
    days = (np.array(made["delivered"], "datetime64[D]") - np.array(made["ordered"], "datetime64[D]")).astype(
        int
    )
    assert np.array_equal(days, made["days"])
    assert days.min() >= 0
    assert (made["result"].isna() == (made["tested"] == "no")).all()
    assert (made["again"].isna() == (made["tested"] == "no")).all()
    assert (
        made["size"] == np.array(["small", "medium", "large"])[np.digitize(made["weight"], [50, 200])]
    ).all()


def test_exactly_one_flag_of_a_group_is_set(made):
    assert (made[["is a", "is b", "is c"]].sum(axis=1) == 1).all()
    assert made["is a"].mean() == pytest.approx(0.5, abs=0.05)


def test_lookups_repeat_only_pairs_of_the_data(orders, made):
    real = orders.table.to_pandas()
    for columns in (["city", "state"], ["city", "city code"]):
        assert set(map(tuple, made[columns].values)) <= set(map(tuple, real[columns].values))


def test_what_is_left_of_a_near_formula_varies_as_in_the_data(orders, made):
    def spread(rows):
        low, high = (rows["total"] / (rows["months"] * rows["monthly"])).quantile([0.05, 0.95])
        return high - low

    assert spread(made) == pytest.approx(spread(orders.table.to_pandas()), rel=0.1)


def test_what_was_found_is_told_in_words(orders):
    told = {choice["what"]: choice["chosen"] for choice in sampled(orders, 5).provenance["choices"]}
    assert told["gross"] == "computed as 1.19 * net"
    assert told["total"] == "months * monthly times a drawn factor"
    assert told["state"] == "looked up from city"
    assert told["result"] == "missing where tested is 'no'"


def test_a_saved_model_makes_the_same_derived_columns(orders, tmp_path):
    model = mm.synthesizer("sequential_trees").fit(orders, seed=0)
    model.save(tmp_path / "model")
    again = load_model(tmp_path / "model").sample(300, seed=1)
    assert again.table.equals(model.sample(300, seed=1).table)


@pytest.mark.parametrize(
    ("where", "kept"),
    [
        ({"state": "state 1"}, lambda t: (t["state"] == "state 1").all()),
        ({"city code": 35}, lambda t: (t["city"] == "city 8").all()),
        ({"size": "large"}, lambda t: (t["weight"] >= 200).all()),
        ({"gross": (50, 60)}, lambda t: t["gross"].between(50, 60).all()),
        ({"total": (1000, None)}, lambda t: (t["months"] * t["monthly"] > 800).all()),
        ({"is b": True}, lambda t: t["is b"].all() and not t["is a"].any()),
        ({"result": None}, lambda t: (t["tested"] == "no").all()),
    ],
)
def test_conditions_on_derived_columns_are_met(orders, where, kept):
    made = sampled(orders, 40, where=where)
    assert len(made) == 40
    assert kept(made.table.to_pandas())


def test_a_condition_on_a_derived_column_becomes_one_on_its_sources(orders):
    fitted = mm.synthesizer("sequential_trees").fit(orders, seed=0)._fitted

    def told(**where):
        return derive.asked(where, fitted.relations, fitted.modelled, fitted.drawn)

    assert sorted(told(state="state 0")["city"]) == ["city 0", "city 1", "city 2", "city 3"]
    assert told(size="medium") == {"weight": (50.0, 199.9)}
    low, high = told(gross=(50, 60))["net"]
    assert low == pytest.approx(50 / 1.19, rel=0.01)
    assert high == pytest.approx(60 / 1.19, rel=0.01)
    assert told(total=(5_000, None))["months"][0] > 30
    low, high = told(delivered=("2020-05-05", "2020-05-05"))["ordered"]
    assert "2020-04-01" < low < high < "2020-05-07"
    assert told(total=100, months=(3, 5))["months"] == (3, 5)


@pytest.fixture(scope="module")
def copula(orders):
    return mm.synthesizer("gaussian_copula").fit(orders, seed=0)


@pytest.mark.parametrize(
    ("where", "because"),
    [
        ({"result": None, "tested": "yes"}, "result is missing where tested is 'no'"),
        ({"result": (0, None), "tested": "no"}, "result is missing where tested is 'no'"),
        ({"again": None, "result": (0, None)}, "again is missing where result is"),
        ({"state": "state 0", "city": "city 8"}, "state is looked up from city"),
        ({"size": "small", "weight": 50}, "size is the range that weight lies in"),
        ({"gross": (50, 60), "net": (60, None)}, r"gross is computed as 1.19 \* net"),
        ({"days": 3, "delivered": "2020-05-05", "ordered": "2020-05-01"}, "days is computed as days"),
        ({"total": (None, 100), "months": (40, None), "monthly": (50, None)}, "times a drawn factor"),
        ({"is a": True, "is b": True}, "drawn together as one of 3 combinations"),
    ],
    ids=str,
)
def test_what_a_relation_rules_out_is_named_before_anything_is_drawn(copula, where, because):
    with pytest.raises(InputError, match=f"cannot hold together, because .*{because}") as error:
        copula.ready(10, 0, where)
    assert all(f"{name!r}: {wanted!r}" in str(error.value) for name, wanted in where.items())


@pytest.mark.parametrize(
    ("where", "told"),
    [
        ({"result": None}, {"tested": ["no"]}),
        ({"again": None}, {"tested": ["no"]}),
        ({"result": (1, None), "tested": ["yes", "no"]}, {"result": (1, None), "tested": ["yes"]}),
        ({"size": "large", "weight": (None, 250)}, {"weight": (200.0, 250)}),
        ({"state": "state 0", "city": ["city 0", "city 9"]}, {"city": ["city 0"]}),
    ],
    ids=str,
)
def test_what_a_relation_says_of_the_sources_is_asked_of_them_exactly(copula, where, told):
    fitted = copula._fitted
    assert derive.asked(where, fitted.relations, fitted.modelled, fitted.drawn) == told


@pytest.mark.parametrize("method", ["gaussian_copula", "sequential_trees"])
def test_rows_that_miss_a_derived_gap_take_no_more_draws_than_others(method):
    telco = mm.read(Path(mm.__file__).parent / "examples" / "telco_churn.parquet", target="Churn")
    telco = telco.select(["tenure", "MonthlyCharges", "TotalCharges", "Churn"])
    made = mm.synthesizer(method).fit(telco, seed=0).sample(60, seed=1, where={"TotalCharges": None})
    assert set(made.table["tenure"].to_pylist()) == {0}
    assert made.provenance["rejected"] == {}


def test_a_rare_condition_on_a_derived_date_is_met(orders):
    made = sampled(orders, 25, where={"delivered": ("2020-05-05", "2020-05-07"), "year": 2020})
    days = made.table["delivered"].to_pylist()
    assert {day.month for day in days} == {5}
    assert len(days) == 25


@pytest.mark.parametrize("rows", [2, 30, 99, 400, 5_000])
@pytest.mark.parametrize("seed", range(3))
def test_nothing_is_found_among_unrelated_columns(rows, seed):
    rng = np.random.default_rng(seed)
    table = {f"number {i}": np.round(rng.normal(size=rows), 2) for i in range(6)}
    table |= {f"count {i}": rng.integers(0, 30, rows) for i in range(6)}
    table |= {f"flag {i}": rng.random(rows) < 0.02 for i in range(6)}
    table |= {f"name {i}": np.array(["a", "b", "c", "d"])[rng.integers(0, 4, rows)] for i in range(4)}
    assert found(dataset({name: pa.array(values) for name, values in table.items()})) == {}
    assert found(ordinary(rows)) == {}


def test_correlated_columns_are_not_taken_for_related():
    rng = np.random.default_rng(0)
    x = rng.normal(100, 20, 5_000)
    table = {f"score {i}": np.round(x + rng.normal(0, 6, 5_000)) for i in range(6)}
    assert found(dataset({name: pa.array(values) for name, values in table.items()})) == {}


def test_one_broken_row_in_the_part_not_searched_refutes_a_formula():
    rng = np.random.default_rng(0)
    a, b = rng.integers(0, 100, 20_000), rng.integers(0, 100, 20_000)
    total = a + b
    searched = set(np.sort(np.random.default_rng(0).permutation(20_000)[:5_000]))
    row = next(i for i in range(20_000) if i not in searched)
    total[row] += 1
    assert found(dataset({"a": pa.array(a), "b": pa.array(b), "total": pa.array(total)}), "formula") == {}


def test_a_copy_of_a_column_stays_a_copy():
    rng = np.random.default_rng(0)
    x = rng.normal(size=800)
    word = np.array(["x", "y", "z"])[rng.integers(0, 3, 800)]
    made = sampled(dataset({"a": pa.array(x), "b": pa.array(x), "c": pa.array(word), "d": pa.array(word)}))
    assert made.table["a"].equals(made.table["b"])
    assert made.table["c"].equals(made.table["d"])


def test_a_copy_of_what_is_different_in_every_row_stays_a_copy():
    rng = np.random.default_rng(0)
    large = rng.integers(2**60, 2**62, 500)
    made = sampled(
        dataset({"a": pa.array(large), "b": pa.array(large), "x": pa.array(rng.normal(size=500))}), 200
    )
    assert made.table["a"].equals(made.table["b"])


def test_ends_of_a_multiple_are_the_multiple_of_the_ends():
    rng = np.random.default_rng(0)
    x = rng.integers(0, 1000, 300)
    made = sampled(dataset({"a": pa.array(x), "b": pa.array(3 * x)}))
    assert made.schema["b"].low == 3 * made.schema["a"].low
    assert made.schema["b"].high == 3 * made.schema["a"].high
    assert not made.provenance["rejected"]


def test_parts_of_dates_follow_from_the_date():
    rng = np.random.default_rng(0)
    day = np.datetime64("2020-03-01", "D") + rng.integers(0, 800, 700)
    month = day.astype("datetime64[M]").astype(int)
    monday = (day.astype(int) + 3) % 7
    data = dataset(
        {
            "day": pa.array(day),
            "year": pa.array(month // 12 + 1970),
            "month": pa.array(month % 12 + 1),
            "quarter": pa.array(month % 12 // 3 + 1),
            "weekday": pa.array(monday),
        }
    )
    assert set(found(data)) == {"year", "month", "quarter", "weekday"}
    frame = sampled(data, 400).table.to_pandas()
    days = np.array(frame["day"], "datetime64[D]")
    assert (frame["weekday"] == (days.astype(int) + 3) % 7).all()
    assert (frame["month"] == days.astype("datetime64[M]").astype(int) % 12 + 1).all()


def test_the_target_is_never_derived():
    rng = np.random.default_rng(0)
    a, b = rng.integers(0, 100, (2, 900))
    data = read({"a": a, "b": b, "total": a + b}, target="total")
    assert "total" not in found(data)


def test_a_category_of_few_persons_is_named_in_no_record():
    rng = np.random.default_rng(0)
    city = [*[f"city {i}" for i in rng.integers(0, 12, 988)], *["Hallig"] * 6, *["Moor"] * 6]
    region = [f"region {int(c[5:]) // 4}" if c[:4] == "city" else "sea" for c in city]
    data = dataset({"city": pa.array(city), "region": pa.array(region), "x": pa.array(rng.normal(size=1000))})
    record = found(data)["region"]
    assert record["kept"]
    assert "Hallig" not in json.dumps(record)
    made = sampled(data).table.to_pandas()
    real = dict(zip(city, region, strict=True))
    known = made[made["city"] != "(other)"]
    assert (known["region"] == known["city"].map(real)).all()


def test_decimals_text_numbers_and_durations_take_part():
    import decimal

    rng = np.random.default_rng(0)
    cents = rng.integers(100, 10**6, (2, 600))
    start = np.datetime64("2020-01-01", "s") + rng.integers(0, 10**8, 600)
    stay = rng.integers(60, 10**5, 600)
    money = pa.decimal128(12, 2)
    as_money = [[decimal.Decimal(int(c)).scaleb(-2) for c in row] for row in (*cents, cents.sum(axis=0))]
    whole = rng.integers(0, 10**6, 600)
    table = pa.table(
        {
            "first": pa.array(as_money[0], money),
            "second": pa.array(as_money[1], money),
            "both": pa.array(as_money[2], money),
            "start": pa.array(start),
            "end": pa.array(start + stay.astype("timedelta64[s]")),
            "stay": pa.array(stay.astype("timedelta64[s]")),
            "metres": pa.array(whole),
            "feet": pa.array([f"{v * 3.28:.2f}" for v in whole]),
        }
    )
    made = sampled(read(table)).table
    for row in made.to_pylist():
        assert row["first"] + row["second"] == row["both"]
        assert row["end"] - row["start"] == row["stay"]
        assert float(row["feet"]) == pytest.approx(row["metres"] * 3.28, abs=0.006)
    assert made.schema.equals(read(table).table.schema)


def declared(data, *checks):
    return Dataset(data.table, dataclasses.replace(data.schema, checks=checks))


def test_a_declared_formula_is_computed_and_never_rejected():
    rng = np.random.default_rng(0)
    price, count = np.round(rng.uniform(1, 90, 60), 2), rng.integers(1, 9, 60)
    data = read({"total": np.round(price * count, 2), "price": price, "count": count})
    rule = {"check": "formula", "rule": "total = price * count"}
    assert found(data) == {}  # sixty rows prove nothing
    assert found(declared(data, rule))["total"]["formula"] == "price * count"
    made = sampled(declared(data, rule))
    assert not any("price" in name for name in made.provenance["rejected"])
    frame = made.table.to_pandas()
    assert np.allclose(frame["total"], frame["price"] * frame["count"], atol=0.0051)


def test_fixed_combinations_come_out_as_they_are_and_rare_ones_not_at_all():
    rng = np.random.default_rng(0)
    brand, model = rng.integers(0, 4, 900), rng.integers(0, 3, 900)
    brand[:4], model[:4] = 0, 9  # a combination of four persons
    data = read(
        {
            "brand": [f"brand {b}" for b in brand],
            "doors": (model + brand) % 4 + 2,
            "model": [f"model {m}" for m in model],
            "x": rng.normal(size=900),
        },
        kinds={"doors": "integer"},
    )
    rule = {"check": "fixed_combinations", "columns": ["brand", "model", "doors"]}
    made = sampled(declared(data, rule))
    real = data.table.select(rule["columns"]).slice(4).to_pandas()
    assert set(map(tuple, made.table.select(rule["columns"]).to_pandas().values)) == set(
        map(tuple, real.values)
    )
    assert not made.provenance["rejected"]


def test_declared_flags_of_which_one_is_the_target_stay_modelled():
    rng = np.random.default_rng(0)
    group = rng.choice(3, 600)
    data = read(
        {name: (group == i).astype(int) for i, name in enumerate("abc")} | {"x": group + rng.random(600)},
        target="a",
    )
    made = sampled(declared(data, {"check": "one_hot", "columns": ["a", "b", "c"]}), 300)
    assert (made.table.select(["a", "b", "c"]).to_pandas().sum(axis=1) == 1).all()


def test_wide_tables_are_searched_in_seconds():
    import time

    data = hard_tables()["2,000 x 500"]
    start = time.process_time()
    assert found(data) == {}
    assert time.process_time() - start < 10  # a bound on blow-up, not a benchmark


@pytest.mark.skipif(not SHARED.is_dir(), reason="the shared data sets are not here")
def test_what_telco_customers_pay_follows_from_months_and_rate():
    data = read(SHARED / "telco_churn" / "telco_churn.parquet", target="Churn")
    told = found(data)
    assert told["TotalCharges"]["rule"] == "range"  # missing in the month of joining
    assert [r["formula"] for r in derive.find(data, np.random.default_rng(0)) if "formula" in r] == [
        "tenure * MonthlyCharges"
    ]
    assert told["PhoneService"]["of"] == "MultipleLines"


def test_adults_years_of_schooling_are_looked_up():
    from mintmark.latent.sequential_trees import SequentialTrees

    adult = Path(mm.__file__).parent / "examples" / "adult.parquet"
    data = read(adult, target="income")
    told = found(data)
    assert list(told) == ["education-num"]
    assert told["education-num"]["of"] == "education"
    model = SequentialTrees().fit(data[:3_000], seed=0)
    pairs = set(
        map(
            tuple, model.sample(2_000, seed=1).table.select(["education", "education-num"]).to_pandas().values
        )
    )
    assert len(dict(pairs)) == len(pairs)


def _shares(table, where):
    """Of the rows that meet the condition: how many miss `part`, and how many there are."""
    held = where(table)
    return table["part"].is_null().to_numpy()[held].mean(), held.sum()


def test_a_condition_on_a_kept_formula_keeps_rows_whose_sources_are_missing():
    rng = np.random.default_rng(4)
    part = rng.integers(0, 60, 3_000)
    gone = rng.random(3_000) < 0.2
    data = read(pa.table({"part": pa.array(part, mask=gone), "double": part * 2 + 1}))
    model = mm.synthesizer("sequential_trees").fit(data, seed=0)
    (record,) = model._fitted.relations
    assert record["kept"]
    free = model.sample(20_000, seed=1).table
    asked = model.sample(3_000, seed=2, where={"double": (31, 61)}).table
    share, _ = _shares(free, lambda t: (t["double"].to_numpy() >= 31) & (t["double"].to_numpy() <= 61))
    assert 0.1 < share < 0.3
    assert asked["part"].null_count / 3_000 == pytest.approx(share, abs=0.03)


def test_a_condition_that_a_missing_source_may_meet_does_not_rule_it_out():
    record = {
        "relation": "lookup", "column": "land", "of": "city", "values": ["a", "b"], "gives": ["x", "y"],
        "kept": True,
    }  # fmt: skip
    city = Column(name="city", kind="category", dtype="string", categories=("a", "b", "c"), missing=0.1)
    land = Column(name="land", kind="category", dtype="string", categories=("x", "y"), missing=0.0)
    schema = Schema((city, land))
    assert derive.asked({"land": "x"}, [record], schema, schema) == {"city": ["a", "c", None]}
    gaps = {"relation": "missing", "column": "land", "of": "city", "rule": "together"}
    assert derive.asked({"land": ["x", None]}, [gaps], schema, schema) == {}
    assert derive.asked({"land": "x"}, [gaps], schema, schema) == {"land": "x"}


def test_a_value_of_few_persons_is_in_no_record_though_what_gives_it_is_public():
    ward = np.repeat(np.arange(60), 10)
    data = read(pa.table({"ward": [f"w{i}" for i in (*ward, 99, 99)], "rank": [*(ward % 3), 77, 77]}))
    data = Dataset(data.table, data.schema.edit("ward", protect=False))
    assert "77" not in json.dumps(derive.find(data, np.random.default_rng(0)))


def test_a_model_whose_relations_are_damaged_is_refused_when_loaded(orders, tmp_path):
    mm.synthesizer("sequential_trees").fit(orders, seed=0).save(tmp_path / "model")
    path = tmp_path / "model" / "model.json"
    header = json.loads(path.read_text())
    for relations in ([], [{}], [{"relation": "copy", "column": "net", "of": "nothing"}]):
        path.write_text(json.dumps(header | {"relations": relations}))
        with pytest.raises(ModelFileError, match="damaged"):
            load_model(tmp_path / "model")
