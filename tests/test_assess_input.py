"""What `assess` is given wrongly: one message with the remedy; and releases that are no release."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest

import mintmark as mm
from mintmark.assess.fidelity.two_sample import TwoSample
from mintmark.data.split import split
from mintmark.errors import InputError, UnknownNameError
from mintmark.release.policy import Policy, shipped

SIZE = 1500


@pytest.fixture(scope="module")
def adult():
    """Three parts of Adult that share no row."""
    real = mm.read(Path(mm.__file__).parent / "examples" / "adult.parquet", target="income")
    mixed = real.take(np.random.default_rng(0).permutation(len(real))[: 3 * SIZE])
    return [mixed[k * SIZE : (k + 1) * SIZE] for k in range(3)]


def refused(train, synthetic, holdout=None, **more) -> str:
    with pytest.raises(InputError) as told:
        mm.assess(train=train, synthetic=synthetic, holdout=holdout, metrics=["column_shapes"], **more)
    return str(told.value)


def changed(data, name, values):
    return mm.read(data.table.set_column(data.names.index(name), name, pa.array(values)), target="income")


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"policy": 3}, "policy: 3"),
        ({"cost": 3}, "cost: 3"),
        ({"metrics": "energy"}, "['energy']"),
        ({"metrics": [3]}, "metrics: 3"),
        ({"metrics": [TwoSample]}, "TwoSample()"),
    ],
)
def test_an_argument_of_the_wrong_type_is_told_in_a_line(adult, wrong, told):
    with pytest.raises(InputError) as error:
        mm.assess(train=adult[0], synthetic=adult[1], **wrong)
    assert told in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("share", [0.05, 1.0])
def test_a_holdout_that_was_trained_on_is_refused(adult, share):
    train, holdout, synthetic = adult
    k = int(share * SIZE)
    wrong = dataclasses.replace(holdout, table=pa.concat_tables([train.table[:k], holdout.table[k:]]))
    told = refused(train, synthetic, wrong)
    assert f"of the holdout's {SIZE:,} rows equal a row of train" in told
    assert "split" in told


def test_rows_that_are_equal_by_chance_are_no_overlap(adult):
    few = [mm.read(part.table.select(["sex", "education", "income"])) for part in adult]
    assert mm.assess(train=few[0], holdout=few[1], synthetic=few[2], metrics=["copies"]).scores
    for seed in range(20):
        rows = np.random.default_rng(seed).permutation(SIZE)
        small = [adult[0].take(rows[:300]), adult[0].take(rows[300:500])]
        mm.assess(train=small[0], holdout=small[1], synthetic=adult[2], metrics=[])


def test_a_person_on_both_sides_is_refused_and_the_split_keeps_persons_together():
    rng = np.random.default_rng(0)
    visits = {"who": np.repeat(np.arange(100), 5), "x": rng.normal(size=500), "y": rng.normal(size=500)}
    data = mm.read(pa.table(visits), roles={"who": "group"})
    told = refused(data[:252], data, data[252:])
    assert told.startswith("1 persons ('who', e.g. 50)")
    train, holdout = split(data, 0.3)
    assert mm.assess(train=train, holdout=holdout, synthetic=data, metrics=["column_shapes"]).scores


def test_the_target_and_its_classes_must_be_in_every_table(adult):
    train, holdout, synthetic = adult
    without = mm.read(synthetic.table.drop_columns("income"))
    assert "synthetic lacks column 'income'" in refused(train, without, holdout)
    lacking = mm.read(holdout.table.drop_columns("income"))
    assert "holdout lacks column 'income'" in refused(train, synthetic, lacking)
    renamed = changed(synthetic, "income", ["poor", "rich"] * (SIZE // 2))
    told = refused(train, renamed, holdout)
    assert "no class of the target 'income' occurs in train" in told
    assert "'poor', 'rich'" in told
    with pytest.raises(UnknownNameError, match="'income'"):
        mm.assess(train=train, synthetic=synthetic, target="incom")


def test_a_class_that_one_table_lacks_is_told(adult):
    train, holdout, synthetic = adult
    income = synthetic.table["income"].to_pylist()
    poor = synthetic.take(np.flatnonzero(np.array(income) == "<=50K"))
    found = mm.assess(train=train, holdout=holdout, synthetic=poor, metrics=["tstr"])
    assert "synthetic: target income lacks '>50K'" in found.tables["differences"]
    third = changed(synthetic, "income", ["rich", *income[1:]])
    found = mm.assess(train=train, holdout=holdout, synthetic=third, metrics=["tstr"])
    assert "synthetic: target income has 'rich', which train lacks" in found.tables["differences"]


def test_columns_and_types_that_differ_are_named(adult):
    train, holdout, synthetic = adult
    assert "'age'" in refused(train, mm.read(synthetic.table.drop_columns("age")), holdout)
    worded = changed(synthetic, "age", ["forty"] * SIZE)
    told = refused(train, worded, holdout)
    assert "'age'" in told
    assert "forty" in told


@pytest.mark.parametrize("which", ["train", "synthetic", "holdout"])
def test_an_infinity_or_no_row_is_refused_in_any_table(which):
    def tables(value, rows=40):
        good = {"x": np.arange(40.0), "c": ["a", "b"] * 20}
        made = {name: mm.read(pa.table(good)) for name in ("train", "synthetic", "holdout")}
        made["holdout"] = mm.read(pa.table({**good, "x": good["x"] + 0.5}))
        bad = made[which].table.set_column(0, "x", pa.array([value, *range(39)], pa.float64()))
        return {**made, which: bad[:rows]}, {**made, which: dataclasses.replace(made[which], table=bad)}

    for asked in tables(float("-inf")):  # a table that is read, and a Dataset made by hand
        told = refused(**asked)
        assert "column 'x', row 1 of 40" in told
        assert "not finite" in told
    assert "no rows" in refused(**tables(0.0, rows=0)[0])


def test_nan_is_missing(adult):
    train, holdout, synthetic = adult
    age = np.array(synthetic.table["age"].to_pylist(), dtype=float)
    holes = {}
    for name, hole in (("nan", float("nan")), ("none", None)):
        values = [hole if i < 100 else value for i, value in enumerate(age)]
        made = changed(synthetic, "age", pa.array(values, pa.float64()))
        holes[name] = mm.assess(train=train, holdout=holdout, synthetic=made, metrics=["missingness"])
    assert holes["nan"]["missingness"].estimate == holes["none"]["missingness"].estimate


def test_a_quasi_identifier_that_does_not_exist_is_refused_before_anything_is_read_from_it(adult):
    with pytest.raises(UnknownNameError, match="Did you mean 'age'"):
        adult[0].edit("aeg", roles=["quasi_identifier"])
    with pytest.raises(UnknownNameError, match="Did you mean 'age'"):
        mm.read(adult[0].table, roles={"aeg": "quasi_identifier"})


def test_train_of_one_row_never_passes(adult):
    train, holdout, synthetic = adult
    found = mm.assess(train=train[:1], holdout=holdout, synthetic=synthetic)
    for policy in shipped():
        assert outcomes(policy, found, "fidelity", "utility") != {"pass"}


def one_class(data):
    return data.take(np.flatnonzero(pc.equal(data.table["income"], "<=50K").to_numpy()))


ODD = {
    "constant": lambda data: data.take(np.zeros(SIZE, dtype=int)),
    "one row": lambda data: data[:1],
    "one class": one_class,
    "all missing": lambda data: pa.table(
        {n: pa.nulls(SIZE, t) for n, t in zip(data.names, data.table.schema.types, strict=True)}
    ),
}


def outcomes(policy, assessment, *families):
    verdicts = Policy.load(policy).judge(assessment.to_json(), nature="simulated")
    return {verdict.outcome for verdict in verdicts if verdict.family in families}


@pytest.mark.filterwarnings("ignore:every value is missing")
@pytest.mark.parametrize("case", ODD)
def test_what_is_no_release_never_passes_under_any_shipped_policy(adult, case):
    train, holdout, synthetic = adult
    found = mm.assess(train=train, holdout=holdout, synthetic=ODD[case](synthetic))
    for policy in shipped():
        assert outcomes(policy, found, "fidelity", "utility") - {"pass"}  # not for want of rows to attack
