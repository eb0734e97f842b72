from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from mintmark.assess._codes import codings, full
from mintmark.assess.assess import assess
from mintmark.assess.utility._models import Task, score
from mintmark.data.dataset import Dataset
from mintmark.data.schema import Column, Schema
from mintmark.metric import Tables
from mintmark.stats.intervals import delong, influence_variance

NAMES = [
    "tstr", "tstr.gap", "tstr.linear_gap", "tstr.trts", "tstr.trts_excess", "tstr.worst_group",
]  # fmt: skip
OF_CLASSES = ["tstr.brier_gap", "tstr.worst_class"]


def rng(seed=0):
    return np.random.Generator(np.random.Philox(seed))


def dataset(columns: dict) -> Dataset:
    table = pa.table(columns)
    kinds = {"double": "number", "int64": "integer", "string": "category", "bool": "boolean"}
    return Dataset(
        table,
        Schema(tuple(Column(name=f.name, kind=kinds[str(f.type)], dtype=str(f.type)) for f in table.schema)),
    )


def world(seed: int, n: int = 3000, sort: str = "two", slope: float = 1.0) -> Dataset:
    """Two numbers and a category that decide the target; `slope` -1 turns the relation round."""
    draw = rng(seed)
    a, b, c = draw.normal(size=n), draw.normal(size=n), draw.integers(3, size=n)
    signal = slope * (a + 0.5 * b + (c == 1)) + draw.normal(size=n) * 0.7
    target = {
        "two": lambda: np.where(signal > 0, "yes", "no"),
        "three": lambda: np.array(["low", "mid", "high"])[np.digitize(signal, [-0.5, 0.8])],
        "number": lambda: signal,
    }[sort]()
    return dataset({"a": a, "b": b, "c": np.array(["u", "v", "w"])[c], "y": target})


def scores(train, synthetic, holdout, target="y", seed=0):
    found = assess(
        train=train, synthetic=synthetic, holdout=holdout, target=target, metrics=["tstr"], seed=seed
    )
    return {score.metric: score for score in found.scores}


@pytest.mark.parametrize("sort", ["two", "three", "number"])
def test_fresh_rows_of_the_same_world_teach_as_well_as_train(sort):
    found = scores(world(1, sort=sort), world(2, sort=sort), world(3, sort=sort))
    assert sorted(found) == sorted(NAMES + OF_CLASSES * (sort != "number"))
    assert found["tstr"].estimate == pytest.approx(found["tstr"].ceiling, abs=0.02)
    assert found["tstr.trts"].estimate == pytest.approx(found["tstr.trts"].ceiling, abs=0.03)
    for name in ("tstr.gap", "tstr.linear_gap"):
        gap = found[name]
        assert abs(gap.estimate) < 0.015
        assert gap.floor > 0.25
        assert gap.direction == "lower"
    for one in found.values():
        assert one.interval[0] <= one.estimate <= one.interval[1]


@pytest.mark.parametrize("sort", ["two", "three", "number"])
def test_independent_columns_teach_nothing(sort):
    train = world(1, sort=sort)
    draw = rng(5)
    shuffled = Dataset(
        pa.table(
            {
                n: train.table[n].combine_chunks().take(pa.array(draw.permutation(len(train))))
                for n in train.names
            }
        ),
        train.schema,
    )
    found = scores(train, shuffled, world(3, sort=sort))
    nothing = 0.0 if sort == "number" else 0.5
    assert found["tstr"].estimate == pytest.approx(nothing, abs=0.12)
    assert found["tstr"].floor == pytest.approx(nothing, abs=0.12)
    assert found["tstr.gap"].interval[0] > 0.2
    if sort == "number":  # a line through no relation ranks by a random direction, but explains nothing
        assert found["tstr.linear_gap"].interval[0] > 0.2


def test_a_turned_relation_predicts_the_opposite():
    found = scores(world(1), world(2, slope=-1), world(3))
    assert found["tstr"].estimate < 0.2
    assert found["tstr.trts"].estimate < 0.2


def test_utility_falls_as_labels_are_scrambled():
    train, holdout = world(1), world(3)
    areas = []
    for share in (0.0, 0.5, 1.0):
        fresh = world(2).table
        labels = fresh["y"].to_numpy(zero_copy_only=False).copy()
        picked = rng(4).permutation(len(labels))[: int(share * len(labels))]
        labels[np.sort(picked)] = labels[picked]
        scrambled = Dataset(fresh.set_column(3, "y", pa.array(labels)), train.schema)
        areas.append(scores(train, scrambled, holdout)["tstr"].estimate)
    assert areas == sorted(areas, reverse=True)
    assert areas[0] - areas[-1] > 0.2


def test_roc_curves_run_from_corner_to_corner_and_enclose_the_areas():
    found = scores(world(1), world(2), world(3))["tstr"]
    curve = found.details["curve"]
    assert len(curve["fpr"]) == 50
    for name in ("tstr", "trtr"):
        assert curve[name] == sorted(curve[name])
        assert curve[name][-1] == 1
        area = np.trapezoid(curve[name], curve["fpr"])
        assert area == pytest.approx(found.details["models"]["trees"][name], abs=0.01)


def test_the_gaps_interval_is_narrower_than_unpaired_figures_would_give():
    found = scores(world(1), world(2), world(3))
    gap, absolute = found["tstr.gap"].interval, found["tstr"].interval
    assert gap[1] - gap[0] < absolute[1] - absolute[0]


def task_of(data: Dataset) -> tuple[Task, np.ndarray]:
    tables = Tables(data, data, data, data)
    plans = dict(codings(tables))
    plan = plans.pop("y")
    task = Task("y", plans, None if plan.numeric else np.arange(plan.bins))
    return task, task.labels(full(tables, "train"))


def test_the_area_and_its_variance_are_delongs():
    task, labels = task_of(world(1))
    answers = rng(2).normal(size=(3000, 2)) + labels[:, None] * [[0, 1]]
    area, influence = score(task, answers, labels)
    expected = delong(answers[labels == 1, 1], answers[labels == 0, 1])
    assert (area, influence_variance(influence)) == pytest.approx(expected, rel=0.01)


def test_r_squared_and_its_influence_follow_from_leaving_rows_out():
    task, labels = task_of(world(1, n=200, sort="number"))
    answers = labels + rng(2).normal(size=200)

    def r2(keep):
        y, p = labels[keep], answers[keep]
        return 1 - ((y - p) ** 2).sum() / ((y - y.mean()) ** 2).sum()

    figure, influence = score(task, answers, labels)
    assert figure == pytest.approx(r2(np.ones(200, dtype=bool)))
    left_out = [199 * (figure - r2(np.arange(200) != i)) for i in range(200)]
    assert np.corrcoef(left_out, influence)[0, 1] > 0.999
    assert np.std(influence) == pytest.approx(np.std(left_out), rel=0.03)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"target": None}, "target"),
        ({"holdout": None}, "holdout"),
        ({"value": "one"}, "fewer than two classes"),
    ],
)
def test_what_cannot_be_tested_is_not_run_and_says_why(change, reason):
    train, synthetic, holdout = world(1, 200), world(2, 200), world(3, 200)
    if "value" in change:
        constant = pa.array(["one"] * 200)
        train, synthetic, holdout = (
            Dataset(data.table.set_column(3, "y", constant), data.schema)
            for data in (train, synthetic, holdout)
        )
    found = scores(train, synthetic, None if "holdout" in change else holdout, change.get("target", "y"))
    assert found["tstr"].status == "not run"
    assert reason in found["tstr"].reason


def test_a_synthetic_table_of_one_class_scores_chance_and_has_no_reverse():
    synthetic = world(2)
    constant = Dataset(synthetic.table.set_column(3, "y", pa.array(["yes"] * 3000)), synthetic.schema)
    found = scores(world(1), constant, world(3))
    assert found["tstr"].estimate == 0.5
    assert found["tstr.gap"].estimate > 0.3
    assert found["tstr.trts"].status == "not run"


def test_missing_targets_are_left_out():
    def some_missing(data):
        y = data.table["y"].to_pylist()
        y[::3] = [None] * len(y[::3])
        return Dataset(data.table.set_column(3, "y", pa.array(y, pa.string())), data.schema)

    found = scores(*(some_missing(world(seed)) for seed in (1, 2, 3)))
    assert found["tstr"].estimate > 0.85
