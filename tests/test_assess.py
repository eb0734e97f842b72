from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import mintmark
from mintmark import registry
from mintmark.assess.assess import assess
from mintmark.assess.assessment import Assessment, digest_of
from mintmark.data.dataset import Dataset
from mintmark.data.read import read
from mintmark.data.schema import Column, Schema
from mintmark.errors import InputError, UnknownNameError
from mintmark.release.policy import Policy

ADULT = Path(mintmark.__file__).parent / "examples/adult.parquet"
QUICK = ["column_shapes", "pair_trends", "missingness", "distinctness"]


def rng(seed=0):
    return np.random.Generator(np.random.Philox(seed))


def dataset(columns: dict, roles: dict | None = None, kinds: dict | None = None) -> Dataset:
    table = pa.table(columns)
    usual = {
        "double": "number",
        "int64": "integer",
        "int32": "integer",
        "string": "category",
        "bool": "boolean",
    }
    return Dataset(
        table,
        Schema(
            tuple(
                Column(
                    name=f.name,
                    kind=(kinds or {}).get(f.name) or usual[str(f.type)],
                    dtype=str(f.type),
                    roles=(roles or {}).get(f.name, ()),
                )
                for f in table.schema
            )
        ),
    )


def people(seed: int, n: int = 300) -> dict:
    draw = rng(seed)
    return {"age": draw.integers(18, 90, n), "town": draw.choice(["Ulm", "Bonn", "Kiel"], n)}


@pytest.fixture(scope="module")
def adult():
    data = read(ADULT, target="income")
    order = rng(0).permutation(len(data))
    return data.take(order[:5000]), data.take(order[5000:9000]), data.take(order[9000:14000])


@pytest.fixture(scope="module")
def assessed(adult):
    train, holdout, fresh = adult
    return assess(train=train, synthetic=fresh, holdout=holdout, metrics=[*QUICK, "tstr"], seed=3)


def test_the_same_seed_gives_the_same_report(adult, assessed):
    train, holdout, fresh = adult
    again = assess(train=train, synthetic=fresh, holdout=holdout, metrics=["tstr", *QUICK[::-1]], seed=3)
    for score in assessed.scores:
        assert again[score.metric] == score  # whatever the order of the metrics
    assert again.tables == assessed.tables


def test_a_report_survives_json(assessed, tmp_path):
    (tmp_path / "report.json").write_text(assessed.dumps(), encoding="utf-8")
    assert Assessment.load(tmp_path / "report.json").dumps() == assessed.dumps()


def test_every_registered_metric_of_ours_is_scored_by_default():
    train, holdout, fresh = (dataset(people(seed)) for seed in (1, 2, 3))
    found = assess(train=train, synthetic=fresh, holdout=holdout, target="town")
    measured = {score.metric.partition(".")[0] for score in found.scores}
    sorts = {name: registry.find("metrics", name) for name in registry.names("metrics")}
    left = {n for n, s in sorts.items() if s.of_sequences or s.of_databases or s.of_images or s.on_request}
    left |= {"resampling", "out_of_distribution"}  # of rows made to be added to real ones alone
    assert measured == set(sorts) - left


def test_versions_provenance_and_seed_are_recorded(adult):
    train, _, fresh = adult
    made = Dataset(fresh.table, fresh.schema, {"nature": "fully synthetic", "method": "independent"})
    found = assess(train=train, synthetic=made, metrics=[], seed=7)
    assert set(found.versions) == {"mintmark", "numpy", "sklearn", "lightgbm", "python"}
    assert found.provenance["method"] == "independent"
    assert found.seed == 7
    assert found.tables["rows"] == {"train": 5000, "holdout": None, "synthetic": 5000}


def test_columns_in_another_order_score_the_same_and_are_noted():
    train, fresh = dataset(people(1)), dataset(people(2))
    turned = fresh.select(["town", "age"])
    plain, other = (assess(train=train, synthetic=data, metrics=QUICK) for data in (fresh, turned))
    assert [s.estimate for s in plain.scores] == [s.estimate for s in other.scores]
    assert any("order" in text for text in other.tables["differences"])
    assert plain.tables["differences"] == []


def test_other_integer_types_are_read_as_trains_and_noted():
    train, fresh = dataset(people(1)), people(2)
    narrow = dataset({**fresh, "age": fresh["age"].astype(np.int32)})
    found = assess(train=train, synthetic=narrow, metrics=QUICK)
    assert found.tables["differences"] == ["synthetic: column age is int32, in train int64"]
    assert (
        found["column_shapes"]
        == assess(train=train, synthetic=dataset(fresh), metrics=QUICK)["column_shapes"]
    )


def test_extra_columns_are_noted_and_not_scored():
    found = assess(
        train=dataset(people(1)), synthetic=dataset({**people(2), "extra": np.arange(300)}), metrics=QUICK
    )
    assert "extra" in found.tables["differences"][0]
    assert set(found.tables["columns"]) == {"age", "town"}


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda data: data.drop("town"), "lacks column 'town'"),
        (lambda data: data[:0], "no rows"),
        (
            lambda data: dataset({"age": ["old"] * 300, "town": data.table["town"]}),
            "column 'age' is string and cannot be read as train's int64",
        ),
    ],
)
@pytest.mark.parametrize("which", ["synthetic", "holdout"])
def test_wrong_tables_are_refused_by_name(which, change, words):
    tables = {name: dataset(people(k)) for k, name in enumerate(("train", "synthetic", "holdout"))}
    tables[which] = change(tables[which])
    with pytest.raises(InputError, match=words) as caught:
        assess(**tables, metrics=QUICK)
    assert which in str(caught.value)


def test_a_missing_column_is_looked_for_among_those_that_match_nothing():
    train = dataset({"age": np.arange(40), "race": ["a", "b"] * 20})
    for names, says in ((("race",), "Give it, or leave it out"), (("race", "Age"), "Did you mean 'Age'")):
        made = dataset({name: train.table["age" if name == "Age" else name] for name in names})
        with pytest.raises(InputError, match=rf"lacks column 'age' of train\. {says}") as caught:
            assess(train=train, synthetic=made, metrics=[])
        assert "mean 'race'" not in str(caught.value)


def test_a_score_that_is_not_there_is_told_in_one_line():
    train = dataset(people(1))
    found = assess(train=train, synthetic=dataset(people(2)), metrics=["column_shapes", "survival"])
    with pytest.raises(InputError, match=r"survival\.curve was not run: .*time"):
        found["survival.curve"]
    with pytest.raises(UnknownNameError, match="Did you mean 'column_shapes'"):
        found["column_shape"]


def test_wrong_names_offer_the_nearest():
    train = dataset(people(1))
    with pytest.raises(UnknownNameError, match="'column_shapes'"):
        assess(train=train, synthetic=train, metrics=["column_shape"])
    with pytest.raises(UnknownNameError, match="'town'"):
        assess(train=train, synthetic=train, target="twon")
    with pytest.raises(InputError, match="seed"):
        assess(train=train, synthetic=train, seed=-1)


def test_keys_and_free_text_are_not_scored_and_text_is_noted():
    columns = {"id": np.arange(300), **people(1), "note": [f"remark {i}" for i in range(300)]}
    roles, kinds = {"id": ("key",)}, {"note": "text"}
    train, fresh = dataset(columns, roles, kinds), dataset({**columns, **people(2)}, roles, kinds)
    found = assess(train=train, synthetic=fresh, metrics=QUICK)
    assert set(found["column_shapes"].details["columns"]) == {"age", "town"}
    assert set(found.tables["columns"]) == {"age", "town"}
    assert any("note" in text for text in found.tables["differences"])
    key = found.tables["schema"]["columns"][0]
    assert key["name"] == "id"
    assert not {"low", "high", "categories"} & set(key)
    without = assess(train=train, synthetic=fresh.drop("id"), metrics=QUICK)
    assert without["column_shapes"] == found["column_shapes"]
    assert any("id" in text for text in without.tables["differences"])


def test_the_target_argument_overrules_trains_own():
    train = dataset(people(1), {"age": ("target",)})
    assert assess(train=train, synthetic=train, metrics=[]).tables["target"] == "age"
    assert assess(train=train, synthetic=train, metrics=[], target="town").tables["target"] == "town"


class Fixed:
    def record(self):
        return {"name": "mine", "digest": "abc", "text": "rules: []"}


def test_a_policy_is_recorded_from_a_record_an_object_or_a_name():
    train = dataset(people(1))
    expected = Fixed().record()
    for given in (Fixed(), expected):
        assert assess(train=train, synthetic=train, metrics=[], policy=given).policy == expected
    rules = [{"id": "a", "family": "fidelity", "metric": "modes", "at_least": 0.1, "because": "of this"}]
    values = {"name": "mine", "purpose": "for this test", "rules": rules}
    written = assess(train=train, synthetic=train, metrics=[], policy=values).policy
    assert written == Policy.from_json(values).record()
    for wrong, says in (({"name": "x"}, "no digest, text"), ({**values, "rules": []}, "has no rules")):
        with pytest.raises(InputError, match=says):
            assess(train=train, synthetic=train, metrics=[], policy=wrong)
    named = assess(train=train, synthetic=train, metrics=[], policy="internal").policy
    assert named["name"] == "internal"
    assert named["digest"]
    assert assess(train=train, synthetic=train, metrics=[]).policy is None


TYPES = {
    "int": pa.array([1, None, 3]),
    "small": pa.array([1, None, 3], pa.int8()),
    "float": pa.array([1.5, None, float("nan")]),
    "text": pa.array(["a", None, "ü"]),
    "large": pa.array(["a", None, ""], pa.large_string()),
    "coded": pa.array(["a", None, "b"]).dictionary_encode(),
    "bool": pa.array([True, None, False]),
    "day": pa.array([0, None, -3], pa.date32()),
    "second": pa.array([0, None, 5], pa.timestamp("s")),
    "zoned": pa.array([0, None, 5], pa.timestamp("us", tz="UTC")),
    "nano": pa.array([1, None, 5], pa.timestamp("ns")),
    "span": pa.array([1, None, 5], pa.duration("ms")),
    "decimal": pa.array(["1.50", None, "2.25"]).cast(pa.decimal128(10, 2)),
    "bytes": pa.array([b"\x00", None, b"xy"]),
    "nothing": pa.nulls(3),
}


@pytest.mark.parametrize("name", TYPES)
def test_the_digest_is_the_same_after_parquet_and_rechunking(name, tmp_path):
    table = pa.table({name: TYPES[name], "row": [1, 2, 3]})
    pq.write_table(table, tmp_path / "t.parquet", row_group_size=2)
    expected = digest_of(table)
    assert digest_of(pq.read_table(tmp_path / "t.parquet")) == expected
    assert digest_of(pa.concat_tables([table[:1], table[1:]])) == expected
    assert digest_of(pa.concat_tables([table, table])[3:]) == expected
    assert digest_of(table.take(pa.array([2, 1, 0]))) != expected


def test_the_digest_sees_a_changed_value_a_gap_and_a_name():
    base = {"x": [1, 2, 0], "t": ["ab", "c", ""]}
    others = [
        {**base, "x": [1, 2, 3]},
        {**base, "x": [1, 2, None]},
        {**base, "x": [1.0, 2.0, 0.0]},
        {**base, "t": ["a", "bc", ""]},
        {**base, "t": ["ab", "c", None]},
        {"y": base["x"], "t": base["t"]},
        {"t": base["t"], "x": base["x"]},
        {"x": [], "t": []},
    ]
    digests = [digest_of(pa.table(columns)) for columns in (base, *others)]
    assert len(set(digests)) == len(digests)


def test_the_assessment_carries_the_released_files_digest(adult, tmp_path):
    train, _, fresh = adult
    fresh.write(tmp_path / "synthetic.parquet")
    found = assess(train=train, synthetic=fresh, metrics=[])
    assert found.sha256 == digest_of(read(tmp_path / "synthetic.parquet").table)


def test_histograms_hold_shares_and_end_at_the_public_bounds(adult, assessed):
    train, _, _ = adult
    assert set(assessed.tables["columns"]) == set(train.names)
    for name, picture in assessed.tables["columns"].items():
        assert len(picture["labels"]) <= 30
        for which in ("train", "holdout", "synthetic"):
            assert len(picture[which]) == len(picture["labels"])
            assert 0.9 < sum(picture[which]) + picture["missing"][which] <= 1.001, name
    sex = assessed.tables["columns"]["sex"]
    real = np.mean(np.asarray(train.table["sex"].to_pylist()) == "Male")
    assert sex["train"][sex["labels"].index("Male")] == pytest.approx(real, abs=1e-3)


def test_no_value_of_fewer_than_ten_people_is_in_the_pictures():
    columns = people(1, 2000)
    columns["age"][:3] = 987_654
    columns["town"][:9] = "Hiddenstead"
    columns["pay"] = np.round(rng(2).lognormal(8, 1, 2000), 2)
    held = {**columns, "pay": columns["pay"] + 0.01}
    train = dataset(columns)
    found = assess(train=train, synthetic=train, holdout=dataset(held), metrics=[])
    text = json.dumps(found.tables)
    assert "987654" not in text.replace(",", "")
    assert "Hiddenstead" not in text
    assert str(columns["pay"].max()) not in text
    assert str(columns["pay"].min()) not in text
    for picture in found.tables["columns"].values():
        assert all(share == 0 or share >= 10 / 2000 for share in picture["train"])


def test_cells_of_fewer_than_ten_people_are_empty_even_where_they_have_many_rows():
    few = {"who": np.repeat(np.arange(100), 20), "town": np.repeat(["Ulm"] * 95 + ["Kiel"] * 5, 20)}
    train = dataset({**few, "age": rng(1).integers(18, 90, 2000)}, {"who": ("group",)})
    found = assess(train=train, synthetic=train, metrics=[])
    assert "Kiel" not in json.dumps(found.tables)  # a hundred rows, but five people


def test_the_projection_shows_no_cell_of_few_and_the_same_axes_for_both(assessed):
    projection = assessed.tables["projection"]
    assert len(projection["x_edges"]) == len(projection["y_edges"]) == 25
    for which in ("train", "synthetic"):
        cells = np.asarray(projection[which])
        assert cells.shape == (24, 24)
        assert 0.5 < cells.sum() <= 1.001
        assert ((cells == 0) | (cells >= 9.9 / 5000)).all()


def test_associations_show_what_belongs_together():
    draw = rng(1)
    x = draw.normal(size=1000)
    c = np.where(x > 0, "p", "q")
    train = dataset({"x": x, "minus": -x, "c": c, "alone": draw.normal(size=1000)})
    independent = dataset({name: draw.permutation(train.table[name].to_numpy()) for name in train.names})
    found = assess(train=train, synthetic=independent, metrics=[]).tables["correlations"]
    assert found["names"] == ["x", "minus", "c", "alone"]
    assert found["train"][0][1] == pytest.approx(-1, abs=1e-6)
    assert found["train"][0][2] > 0.9
    assert abs(found["train"][0][3]) < 0.1
    assert np.abs(np.asarray(found["synthetic"]) - np.eye(4)).max() < 0.15


def test_the_curve_is_there_for_two_classes_only(assessed):
    assert set(assessed.tables["utility"]["curve"]) == {"fpr", "tstr", "trtr"}
    train, holdout, fresh = (dataset(people(seed)) for seed in (1, 2, 3))
    three = assess(train=train, synthetic=fresh, holdout=holdout, target="town", metrics=["tstr"])
    assert "utility" not in three.tables


DATES = np.datetime64("1950-01-01") + np.arange(300).astype("timedelta64[D]") * 40


def test_dates_and_booleans_are_drawn():
    columns = {"born": pa.array(DATES.astype("datetime64[us]")), "ok": [i % 3 == 0 for i in range(300)]}
    train = dataset(columns, kinds={"born": "datetime"})
    tables = assess(train=train, synthetic=train, metrics=QUICK).tables
    assert tables["columns"]["born"]["labels"][0].startswith("1950")
    assert tables["columns"]["ok"]["labels"][:2] == ["False", "True"]


def test_files_of_text_are_read_as_train_is(tmp_path):
    draw = rng(4)
    codes = draw.choice(["250", "401", "428.10", "V45", "NA"], 900, p=[0.3, 0.3, 0.2, 0.1, 0.1])
    stay = pa.array(draw.integers(1, 99, 900).astype("timedelta64[s]")).cast(pa.duration("us"))
    whole = read(pa.table({"diag_1": pa.array(codes), "stay": stay}))
    plain = np.flatnonzero(codes != "V45")
    parts = whole[:300], whole.take(plain[plain >= 300][:250]), whole.take(plain[plain >= 600])
    for name, part in zip(("train", "synthetic", "holdout"), parts, strict=True):
        part.write(tmp_path / f"{name}.parquet")
        part.write(tmp_path / f"{name}.csv")
        part.write(tmp_path / f"{name}.jsonl")
    found = {}
    for ending in ("parquet", "csv", "jsonl"):
        others = {name: tmp_path / f"{name}.{ending}" for name in ("synthetic", "holdout")}
        found[ending] = assess(train=tmp_path / "train.parquet", **others, metrics=QUICK)
        assert not [line for line in found[ending].tables["differences"] if "diag_1" in line]
    assert found["csv"].scores == found["jsonl"].scores == found["parquet"].scores
