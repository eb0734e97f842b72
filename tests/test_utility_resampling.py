"""Resampling beside its controls: figures against scikit-learn, and populations where it helps or harms."""

import dataclasses
import json
import secrets

import numpy as np
import pyarrow as pa
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import average_precision_score, brier_score_loss, f1_score, roc_auc_score

import mintmark as mm
from mintmark.release.policy import Policy
from mintmark.stats.rare_class import calibration, discrimination

SEED = secrets.randbits(32)


def predicted(rng, n=3_000, digits=2):
    chances = np.round(rng.beta(1, 6, n), digits)  # with ties
    return chances, rng.random(n) < chances**1.5


def test_figures_are_scikit_learns_for_every_weighting():
    rng = np.random.default_rng(SEED)
    chances, positive = predicted(rng)
    weights = np.concatenate([np.ones((1, 3_000)), rng.multinomial(3_000, np.full(3_000, 1 / 3_000), 3)])
    found = discrimination(chances, positive, weights, 0.2) | calibration(chances, positive, weights)
    for b, w in enumerate(weights):
        wanted = {
            "auc": roc_auc_score(positive, chances, sample_weight=w),
            "ap": average_precision_score(positive, chances, sample_weight=w),
            "f1": f1_score(positive, chances >= 0.2, sample_weight=w),
            "brier": brier_score_loss(positive, chances, sample_weight=w),
        }
        for name, value in wanted.items():
            assert found[name][b] == pytest.approx(value, abs=1e-9), (SEED, name)
        logit = np.log(np.clip(chances, 1e-6, None) / (1 - np.clip(chances, None, 1 - 1e-6)))
        line = LogisticRegression(C=1e9, tol=1e-10).fit(logit[:, None], positive, sample_weight=w)
        assert found["slope"][b] == pytest.approx(line.coef_[0, 0], rel=1e-3)
        assert found["intercept"][b] == pytest.approx(line.intercept_[0], abs=1e-2)


def test_chances_that_are_right_have_slope_one_and_no_calibration_lost():
    rng = np.random.default_rng(SEED)
    chances = rng.beta(1, 4, 60_000)
    found = calibration(chances, rng.random(60_000) < chances, np.ones((1, 60_000)))
    assert found["slope"][0] == pytest.approx(1, abs=0.06)
    assert found["intercept"][0] == pytest.approx(0, abs=0.12)
    assert found["off"][0] < 0.01


@pytest.mark.parametrize("chances", [np.full(50, 0.3), np.arange(50) / 49])
def test_chances_that_tell_nothing_or_everything_have_figures(chances):
    positive = np.arange(50) >= 25
    found = discrimination(chances, positive, np.ones((2, 50)), 0.5) | calibration(
        chances, positive, np.ones((2, 50))
    )
    assert all(np.isfinite(values).all() for values in found.values())
    assert discrimination(chances, np.ones(50, dtype=bool), np.ones((1, 50)), 0.5)["auc"] != found["auc"][0]


def logistic(rng, n):
    """A linear truth with 3 % in the rare class: no new row can help a model of it."""
    x = rng.normal(size=(n, 4))
    chance = 1 / (1 + np.exp(-(x @ np.array([1.0, 0.8, 0.5, 0.0]) - 4.2)))
    columns = {f"x{j}": x[:, j] for j in range(4)}
    return pa.table({**columns, "y": np.where(rng.random(n) < chance, "yes", "no")})


def measured(train, holdout, new):
    found = mm.assess(train=train, holdout=holdout, synthetic=new, metrics=["resampling"], seed=1)
    json.dumps(found.to_json())  # numpy's own truths and numbers would not be written
    return {score.metric: score for score in found.scores}, found


def resampled(train, rows):
    return mm.synthesizer("smote").fit(train, seed=0).sample(rows, seed=1)


@pytest.fixture(scope="module")
def linear_truth():
    rng = np.random.default_rng(SEED)
    train, holdout = (mm.read(logistic(rng, 6_000), target="y") for _ in range(2))
    return train, holdout, resampled(train, 5_000)


def test_where_the_truth_is_linear_it_gains_nothing_and_calibration_is_lost(linear_truth):
    found, assessment = measured(*linear_truth)
    gain, lost = found["resampling.ap"], found["resampling.calibration"]
    assert gain.details["model"] == "linear", SEED
    assert gain.interval[0] < 0.0001
    assert gain.estimate < 0.03
    assert lost.interval[0] > 0.1  # half of the rows are now of the rare class
    assert found["resampling.brier"].interval[0] > 0.05
    added = gain.details["models"]["linear"]["ways"]["rows added"]
    assert added["intercept"] < -2
    outcomes = {
        v.rule: v for v in Policy.load("augment").judge(assessment.to_json(), nature="augmented real")
    }
    assert outcomes["chances-stay-right"].outcome == "fail"
    assert outcomes["adding-them-helps"].outcome in ("fail", "inconclusive")
    assert "Instead: " in outcomes["adding-them-helps"].reason


def test_rows_of_the_truth_itself_help_and_those_of_permuted_labels_do_not():
    rng = np.random.default_rng(SEED)
    center = rng.normal(size=(12, 3)) * 3

    def rings(n, share):  # the rare class lies in twelve small pockets, of which few rows show little
        rare = rng.random(n) < share
        x = np.where(rare[:, None], center[rng.integers(12, size=n)] + 0.2 * rng.normal(size=(n, 3)),
                     3 * rng.normal(size=(n, 3)))  # fmt: skip
        return pa.table({**{f"x{j}": x[:, j] for j in range(3)}, "y": np.where(rare, "yes", "no")})

    train, holdout = mm.read(rings(1_500, 0.03), target="y"), mm.read(rings(8_000, 0.03), target="y")
    more = mm.read(rings(60_000, 0.03), target="y").to_arrow()
    true = mm.Dataset(more, train.schema, {"nature": "augmented real"})
    assert measured(train, holdout, true)[0]["resampling.ap"].interval[0] > 0, SEED
    mixed = more.set_column(3, "y", pa.array(rng.permutation(more["y"].to_pylist())))
    permuted = mm.Dataset(mixed, train.schema, {"nature": "augmented real"})
    assert measured(train, holdout, permuted)[0]["resampling.ap"].interval[0] < 0.0001, SEED


def test_a_moved_threshold_is_a_control_of_f1_alone(linear_truth):
    found, _ = measured(*linear_truth)
    ways = found["resampling.f1"].details["models"]["linear"]["ways"]
    assert ways["threshold moved"]["f1"] > ways["real rows alone"]["f1"] + 0.05
    assert ways["threshold moved"]["auc"] == ways["real rows alone"]["auc"]
    best = max((way for way in ways if way != "rows added"), key=lambda way: ways[way]["f1"])
    gain = ways["rows added"]["f1"] - ways[best]["f1"]
    assert found["resampling.f1"].estimate == pytest.approx(gain), SEED
    assert found["resampling.f1"].details["instead"].startswith(best), SEED


def test_it_is_scored_of_augmented_real_rows_alone(linear_truth):
    train, holdout, _ = linear_truth
    whole = mm.synthesizer("independent").fit(train, seed=0).sample(500, seed=1)
    assert measured(train, holdout, whole)[0] == {}


def test_the_same_seed_gives_the_same_figures(linear_truth):
    assert measured(*linear_truth)[1].to_json()["scores"] == measured(*linear_truth)[1].to_json()["scores"]


def bars(rng, upright, lying, side=10, noise=30):
    """Pictures of an upright ("1") or a lying bar, hard to see."""
    labels = np.repeat([1, 0], [upright, lying])
    images = rng.normal(90, noise, (len(labels), side, side))
    for picture, label in zip(images, labels, strict=True):
        at = rng.integers(1, side - 2)
        (picture.T if label else picture)[at] += 60
    return np.clip(images, 0, 255).astype(np.uint8), [str(label) for label in labels]


def test_pictures_of_the_truth_help_and_pictures_with_the_wrong_class_harm():
    """Added to 25 real pictures of a class: fresh ones of the same law, and ones of the other class."""
    rng = np.random.default_rng(secrets.randbits(64))
    train, holdout = (
        mm.read(dict(zip(("image", "label"), bars(rng, *counts), strict=True)), target="label")
        for counts in ((25, 400), (60, 300))
    )
    found = {}
    for what, counts in {"true": (375, 0), "false": (0, 375)}.items():
        images, _ = bars(rng, *counts)
        added = mm.read({"image": images, "label": ["1"] * 375}, target="label")
        added = dataclasses.replace(added, schema=train.schema, provenance={"nature": "augmented real"})
        scores = mm.assess(
            train=train, holdout=holdout, synthetic=added, metrics=["resampling"], seed=0
        ).scores
        found[what] = {score.metric: score for score in scores}
    assert set(found["true"]) == {
        f"resampling.{name}" for name in ("ap", "auc", "f1", "brier", "calibration")
    }
    assert found["true"]["resampling.ap"].interval[0] > 0
    assert found["false"]["resampling.ap"].interval[1] < 0
    assert "against" in found["false"]["resampling.ap"].details["instead"]
