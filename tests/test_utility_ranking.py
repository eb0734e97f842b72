"""Model ranking: the right model is chosen on fresh rows, the wrong one where the relation differs."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

import mintmark as mm
from mintmark.assess._codes import codings, full
from mintmark.assess.assess import assess
from mintmark.assess.utility._models import Task
from mintmark.assess.utility._permuted import Importance, correlation, importance
from mintmark.assess.utility.model_ranking import kendall
from mintmark.data.dataset import Dataset
from mintmark.metric import Tables
from mintmark.stats.intervals import influence_variance

NAMES = ["model_ranking", "model_ranking.regret", "model_ranking.importance"]


def rng(seed=0):
    return np.random.Generator(np.random.Philox(seed))


def world(seed: int, sort: str = "crossed", number: bool = False, n: int = 2400) -> Dataset:
    """Crossed: the sign of a times b decides, which no line finds. Straight: c decides, in a line."""
    draw = rng(seed)
    a, b, c = draw.normal(size=(3, n))
    signal = (np.sign(a * b) if sort == "crossed" else c) + 0.4 * draw.normal(size=n)
    y = signal if number else np.where(signal > 0, "yes", "no")
    return mm.read(pa.table({"a": a, "b": b, "c": c, "y": y}), target="y")


def scores(train, synthetic, holdout):
    found = assess(train=train, synthetic=synthetic, holdout=holdout, metrics=["model_ranking"], seed=0)
    return {score.metric: score for score in found.scores}


@pytest.mark.parametrize("number", [False, True], ids=["classes", "number"])
def test_on_fresh_rows_the_right_model_is_chosen_and_on_another_relation_the_wrong_one(number):
    train, holdout = world(1, number=number), world(3, number=number)
    fresh = scores(train, world(2, number=number), holdout)
    wrong = scores(train, world(2, "straight", number=number), holdout)
    assert sorted(fresh) == sorted(NAMES)
    for score in [*fresh.values(), *wrong.values()]:
        assert score.status == "ok"
        assert score.interval[0] <= score.estimate <= score.interval[1]
    assert fresh["model_ranking.regret"].estimate < 0.02
    assert wrong["model_ranking.regret"].interval[0] > 0.1
    assert fresh["model_ranking"].estimate > 0.5 > wrong["model_ranking"].interval[1]
    assert fresh["model_ranking.importance"].interval[0] > 0.8
    assert wrong["model_ranking.importance"].interval[1] < 0
    assert set(fresh["model_ranking.importance"].details["columns"]) == {"a", "b", "c"}


def test_kendall_as_worked_by_hand():
    assert kendall(np.array([1.0, 2, 3]), np.array([1.0, 3, 2])) == pytest.approx(1 / 3)
    assert kendall(np.array([1.0, 2, 3]), np.zeros(3)) == 0


def test_only_the_column_that_decides_is_important():
    data = world(1, "straight")
    tables = Tables(data, data, data, data)
    plans = dict(codings(tables))
    plans.pop("y")
    coded = full(tables, "train")
    values = coded.numbers["c"]

    def model(rows):
        return np.stack([-rows.numbers["c"], rows.numbers["c"]], axis=1)

    found = importance(Task("y", plans, np.arange(2)), model, coded, rng(1).permutation(len(coded)))
    effects = dict(zip(plans, found.effects, strict=True))
    assert effects["a"] == effects["b"] == 0
    assert effects["c"] == pytest.approx(2 * values.var(), rel=0.1)  # two answers that each are c
    assert values is coded.numbers["c"]  # the rows themselves stay as they are


def test_the_variance_of_the_correlation_is_that_of_repeated_samples():
    draw, n = rng(2), 4000
    truth = np.array([[0.3, 0.1, 0.05, 0.0], [0.25, 0.15, 0.0, 0.02]])

    def sample():
        rows = truth[:, :, None] + draw.normal(size=(2, 4, n)) * 0.5 + draw.normal(size=(1, 4, n)) * 0.3
        effects = rows.mean(axis=2)
        return [Importance(effects[k], rows[k] - effects[k][:, None]) for k in range(2)]

    found = [correlation(*sample()) for _ in range(400)]
    spread = np.var([r for r, _ in found])
    claimed = np.mean([influence_variance(moved) for _, moved in found])
    assert claimed == pytest.approx(spread, rel=0.25)


def test_few_rows_and_flat_importances_are_not_run_with_the_remedy():
    small = scores(*(world(seed, n=150) for seed in (1, 2, 3)))["model_ranking"]
    assert small.status == "not run"
    assert "100 are needed" in small.reason
    flat = Importance(np.zeros(3), np.zeros((3, 9)))
    assert correlation(flat, flat)[1] is None
