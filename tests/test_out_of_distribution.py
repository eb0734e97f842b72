"""Added rows beside unseen real rows of their class: against a slow oracle, and where they are wrong."""

from __future__ import annotations

import dataclasses
import json
import secrets

import numpy as np
import pyarrow as pa
import pytest

import mintmark as mm
from mintmark.assess.report._words import sentence
from mintmark.data.dataset import Dataset
from mintmark.release.policy import Policy
from mintmark.stats.shares import wilson

SEED = secrets.randbits(32)
PARTS = ("purity", "conformal", "majority_overlap")


def drawn(rng, often, rare, odd=0):
    """Classes round three middles; a column of words tells nothing."""
    y = np.repeat(["often", "rare", "odd"], [often, rare, odd])
    middle = {"often": (0, 0, 0), "rare": (1.5, 1.5, 0), "odd": (-4, 4, 0)}
    x = rng.normal(size=(len(y), 3)) + np.array([middle[name] for name in y]).reshape(-1, 3)
    columns = {f"x{j}": x[:, j] for j in range(3)}
    return pa.table({**columns, "word": rng.choice(["u", "v"], len(y)), "y": y})


def read(table, **options):
    return mm.read(table, target="y", **options)


def added(table, like, name=None):
    """Rows declared as added; all of them said to be of a class where one is named."""
    if name is not None:
        at = table.column_names.index("y")
        table = table.set_column(at, "y", pa.array([name] * len(table)))
    made = read(table)
    return Dataset(made.table, like.schema, {"nature": "augmented real"})


def scored(train, holdout, new, **options):
    metrics = options.pop("metrics", ["out_of_distribution"])
    found = mm.assess(train=train, holdout=holdout, synthetic=new, metrics=metrics, seed=SEED, **options)
    json.dumps(found.to_json())
    return {score.metric.partition(".")[2]: score for score in found.scores}, found


@pytest.fixture(scope="module")
def world():
    rng = np.random.default_rng(SEED)
    train, holdout = (read(drawn(rng, 1_500, 150, 60)) for _ in range(2))
    return rng, train, holdout


def by_hand(train, holdout, new, name):
    """The three shares by their definitions, every pair measured."""
    names = ("x0", "x1", "x2")
    tables = [data.to_arrow() for data in (train, holdout, new)]

    def places(table):
        columns = []
        for column in names:
            known, counts = np.unique(tables[0][column].to_numpy(), return_counts=True)
            rank = (np.cumsum(counts) - counts / 2) / counts.sum()
            columns.append(np.interp(table[column].to_numpy(), known, rank))
        word = np.array(table["word"].to_pylist())
        return np.column_stack([*columns, *[(word == w) * np.sqrt(0.5) for w in "uv"]])

    real, held, made = map(places, tables)
    of_train, of_held, of_new = (np.array(table["y"].to_pylist()) == name for table in tables)
    made = made[of_new]

    def between(a, b):
        return np.sqrt(((a[:, None] - b[None]) ** 2).sum(axis=2))

    five = np.argsort(between(made, held), axis=1)[:, :5]
    own = held[of_held]
    apart = between(own, own) + np.where(np.eye(len(own)), np.inf, 0)
    away = between(made, own).min(axis=1)
    p = (1 + (apart.min(axis=1)[None] >= away[:, None]).sum(axis=1)) / (len(own) + 1)
    overlap = between(made, held[~of_held]).min(axis=1) < between(made, real[of_train]).min(axis=1)
    return {
        "purity": (of_held[five].sum(axis=1) >= 3).mean(),
        "conformal": (p <= 0.05).mean(),
        "majority_overlap": overlap.mean(),
    }


def test_figures_are_those_of_the_definitions_on_all_real_rows(world):
    _, train, holdout = world
    rows = {"rare": 300, "odd": 100}
    new = mm.synthesizer("smote", sampling_strategy=rows).fit(train, seed=SEED).sample(300, seed=1)
    found, _ = scored(train, holdout, new)
    for name in ("rare", "odd"):
        for part, share in by_hand(train, holdout, new, name).items():
            one = found[part].details["classes"][name]
            # a tie or two within single precision may fall either way
            assert abs(one["estimate"] - share) <= 2.01 / one["n"], (SEED, name, part)
            assert one["interval"] == list(wilson(one["estimate"], one["n"]))
    assert {found[part].details["class"] for part in PARTS} == {"odd"}
    assert found["conformal"].details["classes"]["rare"]["real"] == pytest.approx(7 / 151)
    assert found["purity"].estimate == found["purity"].details["classes"]["odd"]["estimate"]
    assert "of each class" not in found["purity"].convention
    assert all(sentence(found[part]) != found[part].convention for part in PARTS)


def test_fresh_rows_are_as_good_as_the_ceiling_and_rows_of_another_class_fail(world):
    rng, train, holdout = world
    fresh = added(drawn(rng, 0, 1_500), train)
    wrong = added(drawn(rng, 1_500, 0), train, "rare")
    good, _ = scored(train, holdout, fresh)
    bad, assessment = scored(train, holdout, wrong)
    for part in PARTS:
        one, other = good[part], bad[part]
        n = 150  # rows of the class behind the ceiling
        reach = 4.5 * np.sqrt(max(one.ceiling * (1 - one.ceiling), 0.05) * (1 / n + 1 / one.n))
        assert abs(one.estimate - one.ceiling) < reach, (SEED, part, one.estimate, one.ceiling)
        sign = 1 if one.direction == "higher" else -1
        assert sign * (one.estimate - other.estimate) > 0.15, (SEED, part)
    outcomes = {v.rule: v.outcome for v in judged(assessment)}
    assert outcomes["added-rows-lie-where-real-ones-do"] == "fail", SEED
    outcomes = {v.rule: v.outcome for v in judged(scored(train, holdout, fresh)[1])}
    assert outcomes["added-rows-lie-where-real-ones-do"] == "pass", SEED


def judged(assessment):
    return Policy.load("augment").judge(assessment.to_json(), nature="augmented real")


def test_too_few_held_out_rows_or_persons_are_told(world):
    rng, train, _ = world
    new = added(drawn(rng, 0, 200), train)
    few, assessment = scored(train, read(drawn(rng, 1_000, 18)), new)
    assert few["conformal"].status == "not run"
    assert "fewer than 19 rows (persons) of class 'rare'" in few["conformal"].reason
    assert few["purity"].status == "ok"
    outcomes = {v.rule: v.outcome for v in judged(assessment)}
    assert outcomes["added-rows-lie-where-real-ones-do"] == "not run"
    assert scored(train, read(drawn(rng, 1_000, 19)), new)[0]["conformal"].status == "ok"
    none, _ = scored(train, read(drawn(rng, 1_000, 9)), new)
    assert "fewer than 10 rows of class 'rare'" in none[""].reason

    def of(table, persons, first):
        who = pa.array(first + np.arange(len(table)) % persons)
        return read(table.append_column("who", who), roles={"who": "group"})

    theirs = of(drawn(rng, 1_000, 150), 400, 0)
    made = dataclasses.replace(new, schema=theirs.drop("who").schema)
    many, _ = scored(theirs, of(drawn(rng, 1_008, 120), 12, 1_000), made)
    assert many["conformal"].status == "not run"
    held, _ = scored(theirs, of(drawn(rng, 1_020, 120), 30, 1_000), made)
    assert held["conformal"].details["classes"]["rare"]["real"] == pytest.approx(1 / 31)


def test_it_is_asked_of_added_rows_with_classes_and_says_what_is_missing(world):
    rng, train, holdout = world
    new = added(drawn(rng, 0, 50), train)
    plain = dataclasses.replace(new, provenance={"nature": "fully synthetic"})
    assert scored(train, holdout, plain)[0] == {}
    assert "no holdout" in scored(train, None, new)[0][""].reason
    assert "'x0' has no classes" in scored(train, holdout, new, target="x0")[0][""].reason
    lone = [data.select(["y"]) for data in (train, holdout, new)]
    assert scored(*lone)[0] == {}
