"""Utility by subgroup and by class, and the refusal to test on rows that taught the model."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

import mintmark as mm
from mintmark.assess.assess import assess
from mintmark.assess.utility._groups import Gap, worst
from mintmark.assess.utility._split import untouched
from mintmark.data.dataset import Dataset
from mintmark.data.schema import Column, Schema
from mintmark.metric import Tables
from mintmark.stats.classification import (
    average_precision,
    brier,
    calibration_error,
    macro_f1,
    recalls,
)

ADULT = Path(mm.__file__).parent / "examples/adult.parquet"
N = 3000


def rng(seed=0):
    return np.random.Generator(np.random.Philox(seed))


def world(seed: int, sort: str = "two", turned: str = "", n: int = N) -> Dataset:
    """Two numbers decide the target; in the group `turned` they do so the other way round."""
    draw = rng(seed)
    a, b = draw.normal(size=(2, n))
    group = draw.choice(["x", "y", "z"], n, p=[0.6, 0.25, 0.15])
    signal = np.where(group == turned, -1, 1) * (a + b) + 0.5 * draw.normal(size=n)
    target = {
        "two": np.where(signal > 0.5, "yes", "no"),
        "three": np.array(["low", "mid", "top"])[np.digitize(signal, [0.0, 2.4])],
        "number": signal,
    }[sort]
    return mm.read(pa.table({"a": a, "b": b, "group": group, "y": target}), target="y")


def scores(train, synthetic, holdout, metrics=("tstr",)):
    found = assess(train=train, synthetic=synthetic, holdout=holdout, metrics=list(metrics), seed=0)
    return {score.metric: score for score in found.scores}


@pytest.mark.parametrize("sort", ["two", "three", "number"])
def test_a_relation_turned_round_in_one_group_is_found_there(sort):
    found = scores(world(1, sort), world(2, sort, turned="z"), world(3, sort))
    score = found["tstr.worst_group"]
    assert score.interval[0] > 0.2
    first = score.details["groups"][0]
    assert (first["column"], first["value"]) == ("group", "z")
    assert first["estimate"] == score.estimate
    assert found["tstr.gap"].estimate < score.estimate / 2  # the average hides it


@pytest.mark.parametrize("sort", ["two", "three", "number"])
def test_fresh_rows_lose_little_in_any_group(sort):
    score = scores(world(1, sort), world(2, sort), world(3, sort))["tstr.worst_group"]
    assert score.interval[0] < 0.03
    assert score.interval[1] < 0.2
    assert score.floor > 0.3


def test_flipping_one_sex_of_adult_is_told_apart_from_leaving_it():
    real = mm.read(ADULT, target="income", roles={"sex": "sensitive"})
    real = real.take(rng(0).permutation(len(real))[: 3 * N])
    train, holdout, fresh = (real[k * N : (k + 1) * N] for k in range(3))
    income, sex = (fresh.table[name].to_numpy(zero_copy_only=False) for name in ("income", "sex"))
    other = np.where(income == ">50K", "<=50K", ">50K")
    at = fresh.names.index("income")
    flipped = fresh.table.set_column(at, "income", pa.array(np.where(sex == "Female", other, income)))
    bad = scores(train, Dataset(flipped, train.schema), holdout)["tstr.worst_group"]
    assert bad.interval[0] > 0.2
    assert {"sex: Female"} <= {f"{g['column']}: {g['value']}" for g in bad.details["groups"]}
    good = scores(train, fresh, holdout)["tstr.worst_group"]
    assert good.interval[1] < 0.2


def test_a_class_that_is_gone_fails_on_it():
    fresh = world(2, "three")
    keep = np.flatnonzero(fresh.table["y"].to_numpy(zero_copy_only=False) != "top")
    found = scores(world(1, "three"), fresh.take(keep), world(3, "three"))
    score = found["tstr.worst_class"]
    assert score.interval[0] > 0.3
    first = score.details["classes"][0]
    assert (first["value"], first["tstr"]) == ("top", 0.5)
    told = {row["value"]: row for row in found["tstr"].details["classes"]}
    assert told["top"]["recall_tstr"] == 0
    assert told["top"]["recall_trtr"] > 0.3
    assert scores(world(1, "three"), fresh, world(3, "three"))["tstr.worst_class"].interval[1] < 0.1


def test_without_groups_the_whole_tables_gap_stands():
    train, fresh, holdout = (world(seed, n=100) for seed in (1, 2, 3))
    found = scores(train, fresh, holdout)
    for name in ("tstr.worst_group", "tstr.worst_class"):
        assert found[name].estimate == found["tstr.gap"].estimate
        assert found[name].interval == found["tstr.gap"].interval


def test_the_interval_of_the_worst_holds_the_largest_true_gap():
    draw, hits, repeats = rng(0), 0, 2000
    truth, errors = draw.normal(0, 0.02, 30), draw.uniform(0.01, 0.04, 30)
    for _ in range(repeats):
        seen = truth + errors * draw.normal(size=30)
        gaps = [Gap("c", "v", 9, s, 0.0, 1.0, e**2) for s, e in zip(seen, errors, strict=True)]
        low, high = worst(gaps)[1]
        hits += low <= truth.max() <= high
    assert hits / repeats > 0.95 - 2 * np.sqrt(0.05 * 0.95 / repeats)


def test_synthetic_rows_copied_from_train_are_flagged_as_easier():
    train, holdout = world(1), world(3)
    copied = scores(train, train.take(rng(1).permutation(N)), holdout)["tstr.trts_excess"]
    assert copied.details["flagged"]
    assert copied.estimate == pytest.approx(copied.floor, abs=1e-9)
    assert not scores(train, world(2), holdout)["tstr.trts_excess"].details["flagged"]


def test_wrong_shares_of_the_classes_worsen_the_brier_score_though_not_the_area():
    fresh = world(2, n=12_000)
    y = fresh.table["y"].to_numpy(zero_copy_only=False)
    rows = np.concatenate([np.flatnonzero(y == "yes")[:3000], np.flatnonzero(y == "no")[:1000]])
    found = scores(world(1), fresh.take(rows), world(3))
    assert found["tstr.gap"].interval[1] < 0.02
    assert found["tstr.brier_gap"].interval[0] > 0.02


@pytest.fixture(scope="module")
def adult():
    real = mm.read(ADULT, target="income")
    real = real.take(rng(0).permutation(len(real))[: 3 * N])
    return [real[k * N : (k + 1) * N] for k in range(3)]


def joined(*parts: Dataset) -> Dataset:
    return Dataset(pa.concat_tables([part.table for part in parts]), parts[0].schema)


@pytest.mark.parametrize(("share", "of_train"), [(1.0, 0.0), (0.1, 0.0), (0.5, 0.5), (0.05, 0.5)], ids=str)
def test_rows_of_the_holdout_among_the_synthetic_are_refused(adult, share, of_train):
    train, holdout, fresh = adult
    k, m = int(share * N), int(of_train * N)
    synthetic = joined(holdout[:k], train[:m], fresh[: N - k - m])
    for score in scores(train, synthetic, holdout, ("tstr", "augmentation", "queries")).values():
        assert score.status == "not run"
        assert score.reason.startswith("test rows in training")


def test_copies_of_train_are_no_reason_to_refuse(adult):
    train, holdout, fresh = adult
    for synthetic in (train, fresh, train.take(rng(1).integers(0, 200, N))):
        untouched(Tables(train, synthetic, holdout, train))


def plain(seed: int, n: int = 2000, p: float = 0.5) -> Dataset:
    """Six coarse columns: most rows of one sample equal rows of another by nature."""
    draw = rng(seed)
    parts = {f"c{i}": draw.binomial(3, p, n).astype(str) for i in range(5)}
    target = np.where(draw.random(n) < 0.2 + 0.2 * (parts["c0"] > "1"), "yes", "no")
    columns = {**parts, "y": target}
    kinds = tuple(
        Column(name=name, kind="category", dtype="string", roles=("target",) * (name == "y"))
        for name in columns
    )
    return Dataset(pa.table(columns), Schema(kinds))


def test_rows_that_are_alike_by_nature_are_no_leak():
    for seed in range(20):
        train, fresh, holdout = (plain(3 * seed + k) for k in range(3))
        untouched(Tables(train, fresh, holdout, train))
        # one that prefers the common values meets more rows of both sides, and copies neither
        untouched(Tables(train, plain(99 + seed, p=0.45), holdout, train))


def test_persons_with_equal_rows_are_no_leak():
    def visits(seed):
        people = plain(seed, n=400)
        rows = np.repeat(np.arange(400), 5)
        table = people.table.take(pa.array(rows)).append_column("who", pa.array(rows + 1000 * seed))
        who = Column(name="who", kind="integer", dtype="int64", roles=("group",))
        return Dataset(table, Schema((*people.schema, who)))

    untouched(Tables(visits(1), visits(2), visits(3), visits(1)))


def test_average_precision_as_worked_by_hand():
    scores_, positive = np.array([0.9, 0.8, 0.7, 0.6]), np.array([True, False, True, False])
    assert average_precision(scores_, positive) == pytest.approx((1 / 1 + 2 / 3) / 2)
    assert average_precision(np.ones(4), positive) == 0.5  # all tied: the share of positives


def test_f1_recall_brier_and_calibration_as_worked_by_hand():
    labels, answers = np.array([0, 0, 0, 1]), np.array([0, 0, 1, 1])
    assert recalls(answers, labels, 3)[:2] == pytest.approx([2 / 3, 1])
    assert np.isnan(recalls(answers, labels, 3)[2])
    assert macro_f1(answers, labels, 3) == pytest.approx((4 / 5 + 2 / 3) / 2)
    sure = np.array([[0.8, 0.2], [0.3, 0.7]])
    assert brier(sure, np.array([0, 0])) == pytest.approx([0.08, 0.98])
    assert calibration_error(np.tile([0.7, 0.3], (10, 1)), np.repeat([0, 1], [9, 1])) == pytest.approx(0.2)
