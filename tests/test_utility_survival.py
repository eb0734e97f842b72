"""Survival: formulas against values worked by hand and slow versions, and made and real tables."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from scipy.optimize import minimize

import mintmark as mm
from mintmark.assess.assess import assess
from mintmark.assess.utility.survival import Survival
from mintmark.data.dataset import Dataset
from mintmark.errors import UnknownNameError
from mintmark.stats.intervals import influence_variance
from mintmark.stats.survival import brier_at, concordance, cox, curve_influence, distance, kaplan_meier

DATA = Path(__file__).parents[2] / "shared" / "data"
TIME, EVENT = np.array([1.0, 2, 2, 3, 4]), np.array([True, True, False, True, False])


def rng(seed=0):
    return np.random.Generator(np.random.Philox(seed))


def test_the_curve_as_worked_by_hand():
    curve = kaplan_meier(TIME, EVENT)
    assert list(curve.times) == [1, 2, 3]
    assert list(curve.survival) == pytest.approx([4 / 5, 4 / 5 * 3 / 4, 4 / 5 * 3 / 4 * 1 / 2])
    assert list(curve.at(np.array([0.0, 1.0, 9.0]))) == pytest.approx([1, 0.8, 0.3])
    assert curve.before(np.array([1.0]))[0] == 1


def test_the_distance_of_curves_as_worked_by_hand():
    a = kaplan_meier(np.array([1.0, 3.0]), np.array([True, True]))
    b = kaplan_meier(np.array([2.0, 3.0]), np.array([True, True]))
    assert distance(a, b, 4.0) == pytest.approx(0.5 * 1 / 4)  # half apart, from 1 to 2
    assert distance(a, a, 4.0) == 0


def test_the_curves_variance_is_greenwoods():
    draw = rng(1)
    time, limit = draw.exponential(1, 2000), draw.exponential(2, 2000)
    seen, event = np.minimum(time, limit), time <= limit
    when = np.array([0.3, 1.0, 2.0])
    curve = kaplan_meier(seen, event)
    at_risk = {t: (seen >= t).sum() for t in curve.times if t <= when[-1]}
    summed = np.array([sum(1 / (r * (r - 1)) for t, r in at_risk.items() if t <= w) for w in when])
    greenwood = curve.at(when) ** 2 * summed
    found = curve_influence(seen, event, when)
    assert [influence_variance(found[:, k]) for k in range(3)] == pytest.approx(list(greenwood), rel=0.02)


def test_the_curves_variance_is_greenwoods_with_tied_and_censored_times():
    draw = rng(2)
    time, limit = draw.integers(1, 6, size=400).astype(float), draw.integers(2, 9, size=400).astype(float)
    seen, event = np.minimum(time, limit), time <= limit
    when = np.array([1.0, 2.0, 4.0])
    curve = kaplan_meier(seen, event)
    at_risk = np.array([(seen >= t).sum() for t in curve.times if t <= when[-1]])
    died = np.array([(event & (seen == t)).sum() for t in curve.times if t <= when[-1]])
    summed = np.cumsum(died / (at_risk * (at_risk - died)))[np.searchsorted(curve.times, when)]
    found = curve_influence(seen, event, when)
    assert (found**2).mean(axis=0) / 400 == pytest.approx(curve.at(when) ** 2 * summed)
    # without censoring it is a share's variance
    pair = curve_influence(np.repeat([1.0, 2.0], 50), np.ones(100, dtype=bool), np.array([1.0, 2.0]))
    assert (pair**2).mean(axis=0) == pytest.approx([0.25, 0])


def hazards(seed: int, n: int = 400, digits: int | None = None):
    draw = rng(seed)
    x = draw.normal(size=(n, 2))
    time = draw.exponential(np.exp(-(x @ [0.8, -0.4])))
    limit = draw.exponential(2.0, n)
    seen = np.minimum(time, limit)
    return x, seen if digits is None else np.round(seen, digits), time <= limit


@pytest.mark.parametrize("digits", [None, 1], ids=["no ties", "ties"])
def test_cox_maximises_the_partial_likelihood(digits):
    x, time, event = hazards(1, 150, digits)

    def loss(beta):
        risk = np.exp(x @ beta)
        return -sum(x[i] @ beta - np.log(risk[time >= time[i]].sum()) for i in np.flatnonzero(event))

    slow = minimize(loss, np.zeros(2), method="BFGS", options={"gtol": 1e-6})
    found = cox(x, time, event, ridge=0.0)
    assert found.beta == pytest.approx(slow.x, abs=1e-4)
    h, unit = 1e-3, np.eye(2)
    curvature = [
        [sum(s * t * loss(slow.x + h * (s * u + t * v)) for s in (1, -1) for t in (1, -1)) for v in unit]
        for u in unit
    ]
    assert np.linalg.inv(found.covariance) == pytest.approx(np.array(curvature) / (4 * h**2), rel=0.01)


def test_cox_finds_true_ratios_and_survival():
    x, time, event = hazards(2, 4000)
    found = cox(x, time, event)
    assert found.beta == pytest.approx([0.8, -0.4], abs=4 * np.sqrt(found.covariance[0, 0]))
    at_one = found.survival(np.array([[0.0, 0.0], [1.0, 0.0]]), np.array([1.0]))[:, 0]
    assert at_one == pytest.approx([np.exp(-1), np.exp(-np.exp(0.8))], abs=0.04)


def test_concordance_is_that_of_all_pairs_one_by_one():
    x, time, event = hazards(3, 60, 1)
    risk = np.round(x[:, 0], 1)
    right = pairs = 0.0
    for i in range(60):
        for j in range(60):
            if event[i] and (time[i] < time[j] or (time[i] == time[j] and not event[j])):
                pairs += 1
                right += 1.0 if risk[i] > risk[j] else 0.5 if risk[i] == risk[j] else 0.0
    assert concordance(risk, time, event)[0] == pytest.approx(right / pairs)
    assert concordance(risk, time, np.zeros(60, dtype=bool)) is None


def test_the_variance_of_concordance_is_that_of_repeated_samples():
    found = []
    for seed in range(300):
        x, time, event = hazards(seed, 300)
        found.append(concordance(x[:, 0], time, event))
    claimed = np.mean([influence_variance(moved) for _, moved in found])
    assert claimed == pytest.approx(np.var([c for c, _ in found]), rel=0.25)


def test_the_brier_score_as_worked_by_hand():
    time, event, when = np.array([1.0, 3.0]), np.array([True, True]), np.array([2.0, 4.0])
    predicted = np.array([[0.5, 0.5], [0.8, 0.2]])
    never = kaplan_meier(time, ~event)
    # the first has ended at both times; the second goes on at 2 and has ended at 4
    expected = [0.25, (0.2**2 + 0.2**2) / 2]
    assert brier_at(predicted, time, event, when, never) == pytest.approx(expected)


def test_weights_make_up_for_censoring():
    draw, n = rng(5), 40_000
    time, limit, when = draw.exponential(1, n), draw.exponential(1.5, n), np.linspace(0.1, 1.5, 20)
    predicted = np.tile(np.exp(-when), (n, 1))
    whole = brier_at(predicted, time, np.ones(n, dtype=bool), when, kaplan_meier(time, time < 0)).mean()
    seen, event = np.minimum(time, limit), time <= limit
    censored = brier_at(predicted, seen, event, when, kaplan_meier(seen, ~event)).mean()
    assert censored == pytest.approx(whole, abs=0.005)


def world(seed: int, slope: float = 1.0, pace: float = 1.0, n: int = 1500) -> Dataset:
    draw = rng(seed)
    a, b = draw.normal(size=(2, n))
    arm = draw.choice(["drug", "none"], n)
    time = draw.exponential(np.exp(-slope * (a - 0.7 * (arm == "drug"))) / pace)
    limit = draw.exponential(2.0, n)
    died = np.where(time <= limit, "dead", "alive")
    return mm.read(pa.table({"days": np.minimum(time, limit), "end": died, "a": a, "b": b, "arm": arm}))


METRIC = Survival(time="days", event="end", value="dead")


def scores(train, synthetic, holdout, metric=METRIC):
    found = assess(train=train, synthetic=synthetic, holdout=holdout, metrics=[metric], seed=0)
    return {score.metric.partition(".")[2] or "whole": score for score in found.scores}


def test_fresh_rows_keep_curve_censoring_hazards_and_predictions():
    found = scores(world(1), world(2), world(3))
    assert set(found) == {"curve", "censoring", "c_gap", "brier_gap", "hazard_ratios"}
    for name in ("curve", "censoring"):
        assert found[name].interval[0] == 0
        assert found[name].estimate < 0.04
    assert abs(found["c_gap"].estimate) < 0.01
    assert abs(found["brier_gap"].estimate) < 0.01
    assert found["c_gap"].floor > 0.15
    assert found["hazard_ratios"].interval[1] == 1
    assert found["hazard_ratios"].estimate > 0.5


def test_turned_hazards_and_a_faster_pace_are_seen_where_they_are():
    turned = scores(world(1), world(2, slope=-1.0), world(3))
    assert turned["c_gap"].interval[0] > 0.3
    assert turned["brier_gap"].interval[0] > 0.05
    assert turned["hazard_ratios"].estimate < 0.5
    faster = scores(world(1), world(2, pace=3.0), world(3))
    assert faster["curve"].interval[0] > 0.05
    assert faster["censoring"].interval[0] > 0.05
    assert faster["c_gap"].interval[1] < 0.02


@pytest.mark.parametrize(
    ("metric", "words"),
    [
        (Survival(), "Name them"),
        (Survival(time="arm", event="end"), "no number"),
        (Survival(time="days", event="end"), "value=..."),
        (Survival(time="days", event="end", value="gone"), "does not hold 'gone'"),
    ],
)
def test_what_cannot_be_read_is_not_run_and_says_what_to_write(metric, words):
    found = scores(world(1, n=200), world(2, n=200), world(3, n=200), metric)["whole"]
    assert found.status == "not run"
    assert words in found.reason


def test_a_wrong_name_offers_the_nearest():
    with pytest.raises(UnknownNameError, match="'days'"):
        scores(world(1, n=200), world(2, n=200), world(3, n=200), Survival(time="day", event="end"))


def test_synthetic_rows_without_events_are_told_by_the_curve_alone():
    fresh = world(2)
    none = fresh.table.set_column(1, "end", pa.array(["alive"] * len(fresh)))
    found = scores(world(1), Dataset(none, fresh.schema), world(3))
    assert found["censoring"].interval[0] > 0.3
    assert found["curve"].interval[0] > 0.1
    assert found["c_gap"].status == "not run"


def thirds(data: Dataset) -> list[Dataset]:
    order, n = rng(0).permutation(len(data)), len(data) // 3
    return [data.take(order[k * n : (k + 1) * n]) for k in range(3)]


@pytest.mark.skipif(not (DATA / "support2").exists(), reason="support2 is not here")
def test_fresh_patients_of_support2_pass_and_independent_columns_do_not():
    names = ["age", "sex", "dzgroup", "num.co", "meanbp", "hrt", "temp", "crea", "d.time", "death"]
    data = mm.read(DATA / "support2/support2.parquet").select(names)
    train, holdout, fresh = thirds(data)
    metric = Survival(time="d.time", event="death")
    found = scores(train, fresh, holdout, metric)
    assert found["curve"].interval[0] == 0
    assert abs(found["c_gap"].estimate) < 0.02
    assert found["hazard_ratios"].estimate > found["hazard_ratios"].floor + 0.1
    draw = rng(1)
    mixed = pa.table({n: fresh.table[n].take(pa.array(draw.permutation(len(fresh)))) for n in names})
    bad = scores(train, Dataset(mixed, fresh.schema), holdout, metric)
    assert bad["c_gap"].interval[0] > 0.05
    assert bad["curve"].interval[0] > 0.01


@pytest.mark.skipif(not (DATA / "pbcseq_patient_visits").exists(), reason="pbcseq is not here")
def test_the_312_patients_of_pbcseq_are_few_but_enough_for_their_curves():
    data = mm.read(DATA / "pbcseq_patient_visits/pbcseq.parquet")
    first = np.unique(data.table["id"].to_numpy(), return_index=True)[1]
    names = ["futime", "status", "age", "sex", "bili", "albumin", "protime"]
    train, holdout, fresh = thirds(data.take(first).select(names))
    found = scores(train, fresh, holdout, Survival(time="futime", event="status", value=2))
    assert found["curve"].interval[0] == 0
    assert found["c_gap"].details["trtr"] > 0.7
    assert found["censoring"].interval[0] == 0
