"""Shadow: an attacker who fits the method again finds those whom it memorises, and nobody else."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
import pytest
from scipy.special import ndtr

import mintmark as mm
from mintmark.assess.assess import chosen_metrics
from mintmark.assess.privacy import _worlds
from mintmark.assess.privacy._roc import auc_interval
from mintmark.assess.privacy._worlds import WORLDS, assignment, worlds_of
from mintmark.assess.privacy.shadow import Shadow, likelihood_ratio, world_areas, worst_chance
from mintmark.data.dataset import Dataset
from mintmark.data.encode import decode, encode
from mintmark.data.schema import Column, Schema
from mintmark.errors import InputError
from mintmark.latent.independent import Independent
from mintmark.method import method
from mintmark.metric import Tables
from mintmark.stats.intervals import auc, delong
from mintmark.synthesizer import Learnt, Synthesizer
from mintmark.testing.populations import bayesian_network

ROWS = 500
LAW = bayesian_network(np.random.default_rng(5), digits=1)


@method
class Copying(Synthesizer):
    """Six rows in ten of train, and fresh rows of the law."""

    share: float = 0.6

    def _learn(self, data, rng) -> Learnt:
        kept = rng.permutation(len(data))[: int(self.share * len(data))]
        return {"schema": data.schema.to_json(), **encode(data.take(kept).table, data.schema)}

    def _draw(self, n, learnt, rng) -> pa.Table:
        schema = Schema.from_json(learnt["schema"])
        some = len(learnt[schema.names[0]])
        copied = decode({name: learnt[name] for name in schema.names}, schema)
        fresh = LAW.draw(max(n - some, 0), rng).table.select(schema.names)
        return pa.concat_tables([copied, fresh.cast(copied.schema)]).slice(0, n)


@method
class Fresh(Synthesizer):
    """Rows of the law itself, whatever it was given."""

    def _learn(self, data, rng) -> Learnt:
        return {"schema": data.schema.to_json()}

    def _draw(self, n, learnt, rng) -> pa.Table:
        return LAW.draw(n, rng).table.select(Schema.from_json(learnt["schema"]).names)


def real(seed=1):
    both = LAW.draw(2 * ROWS, np.random.default_rng(seed))
    # declared ends, so that a copy stays a copy and no extreme person moves what may come out
    for column in both.schema:
        ends = {"low": -99.0, "high": 99.0} if column.is_numeric else {}
        both = both.edit(column.name, protect=False, **ends)
    return both.take(np.arange(ROWS)), both.take(np.arange(ROWS, 2 * ROWS))


def assessed(model, seed=1, **more):
    train, holdout = real(seed)
    model.fit(train, seed=seed)
    made = model.sample(ROWS, seed=seed)
    given = {"train": train, "holdout": holdout, "synthetic": made, "metrics": ["shadow"], "seed": seed}
    return mm.assess(**{**given, "synthesizer": model, **more})


def held(score, value):
    return score.interval[0] <= value <= score.interval[1]


@pytest.fixture(scope="module")
def copied():
    return assessed(Copying())


def test_a_method_that_memorises_gives_isolated_people_away(copied):
    assert copied["shadow.exposed"].interval[0] > 0.55
    assert copied["shadow.auc"].interval[0] > 0.55
    assert copied["shadow.tpr"].interval[0] > 0.1
    assert copied["shadow.exposed"].details["worst"]["p_value"] < 0.05
    assert copied["shadow.exposed"].details["worst"]["auc"] == max(copied["shadow.exposed"].details["aucs"])


@pytest.mark.parametrize("model", [Fresh(), Independent()], ids=["fresh", "independent"])
def test_a_method_that_keeps_nobody_is_not_accused(model):
    found = assessed(model)
    assert held(found["shadow.exposed"], 0.5)
    assert held(found["shadow.auc"], 0.5)
    assert held(found["shadow.tpr"], 0.1)
    assert found["shadow.exposed"].details["worst"]["p_value"] > 0.01


def test_the_figures_say_what_they_are(copied):
    for name in ("shadow.exposed", "shadow.auc", "shadow.tpr"):
        score = copied[name]
        assert all((score.variance, score.estimand, score.source))
        assert "16 times" in score.convention
        assert (score.direction, score.floor) == ("lower", 1.0)
        assert score.estimate > score.ceiling
    details = copied["shadow.exposed"].details
    assert len(details["aucs"]) == copied["shadow.exposed"].n == 2 * copied["shadow.auc"].n == 100
    assert details["aucs"] == sorted(details["private"]["auc"], reverse=True)
    assert len(set(details["private"]["row"][:50])) == 50


def test_without_the_synthesizer_it_says_what_to_hand_over():
    (score,) = assessed(Independent(), synthesizer=None).scores
    assert score.status == "not run"
    assert "assess(synthesizer=model)" in score.reason


def test_what_is_no_synthesizer_and_what_is_too_dear_are_told(monkeypatch):
    (score,) = assessed(Independent(), synthesizer=object()).scores
    assert "only a synthesizer that learns" in score.reason
    monkeypatch.setattr(_worlds, "_TRAIN", ROWS - 1)
    (score,) = assessed(Independent()).scores
    assert "16 refits on 500 rows are too dear" in score.reason


def test_few_persons_and_no_holdout_are_told():
    train, holdout = real()
    model = Independent().fit(train, seed=1)
    (few,) = assessed(model, holdout=holdout[:150]).scores
    assert few.status == "not run"
    assert "150 persons" in few.reason
    (alone,) = assessed(model, holdout=None).scores
    assert "no holdout" in alone.reason
    (fewer,) = (s for s in assessed(model, holdout=holdout[:300]).scores if s.metric == "shadow.tpr")
    assert fewer.status == "not run"
    assert "400 persons" in fewer.reason


def test_a_method_that_cannot_be_fitted_again_is_told():
    @method
    class Refusing(Copying):
        def _learn(self, data, rng):
            raise InputError("no more")

    train, holdout = real()
    tables = Tables(train, train, holdout, train, Refusing())
    (score,) = Shadow().measure(tables, np.random.default_rng(0))
    assert "could not be fitted again" in score.reason


def test_the_same_seed_gives_the_same_figures_and_the_model_stays_as_it_was(copied):
    train, _ = real()
    model = Copying().fit(train, seed=1)
    before = model.sample(ROWS, seed=9)
    again = assessed(model)
    assert again.scores == copied.scores
    assert model.sample(ROWS, seed=9).table.equals(before.table)


def test_it_is_scored_only_where_it_is_named():
    assert "shadow" not in dict(chosen_metrics(None))
    assert list(dict(chosen_metrics(["shadow"]))) == ["shadow"]


@dataclass(frozen=True)
class Spy:
    """Keeps what it was fitted on."""

    train: Dataset
    seen: list[Dataset] = field(default_factory=list)
    needs_data = True
    units = "row"

    def fit(self, data, *, seed):
        self.seen.append(data)
        return self

    def sample(self, n, *, seed):
        return self.train[:n]


def test_a_persons_rows_go_in_and_out_together():
    who = Column(name="who", kind="category", dtype="string", roles=("group",))

    def of_persons(data, letter):  # two rows a person
        names = pa.array([f"{letter}{i // 2}" for i in range(len(data))])
        return Dataset(data.table.append_column("who", names), Schema((*data.schema, who)))

    train, holdout = (of_persons(data, letter) for data, letter in zip(real(), "ab", strict=True))
    spy = Spy(train)
    found = worlds_of(Tables(train, train, holdout, train, spy), np.random.default_rng(0))
    assert len(spy.seen) == WORLDS
    assert found.each == 25
    counted = [Counter(data.table["who"].to_pylist()) for data in spy.seen]
    assert all(set(count.values()) == {2} for count in counted)
    present = [{name for name in count if name.startswith("b")} for count in counted]
    # persons are numbered in the order of their first rows
    first = [f"b{person}" for person in found.targets["holdout"]]
    for world, inside in enumerate(found.inside):
        assert present[world] == {name for name, there in zip(first, inside[25:], strict=True) if there}
        assert len(counted[world]) == ROWS // 2 - 25 + inside.sum()


@pytest.mark.parametrize("targets", [40, 100])
def test_each_target_is_in_half_of_the_worlds_and_each_world_has_half(targets):
    rng = np.random.default_rng(1)
    drawn = np.stack([assignment(WORLDS, targets, rng) for _ in range(200)])
    assert (drawn.sum(axis=1) == WORLDS // 2).all()
    assert (drawn.sum(axis=2) == targets // 2).all()
    assert abs(drawn.mean(axis=0) - 0.5).max() < 0.17  # anybody may be anywhere


def test_areas_of_worlds_are_those_of_delong():
    rng = np.random.default_rng(2)
    scores, inside = rng.normal(size=(WORLDS, 6)).round(1), assignment(WORLDS, 6, rng)
    areas, _ = world_areas(scores, inside)
    slow = [auc(scores[inside[:, i], i], scores[~inside[:, i], i]) for i in range(6)]
    assert areas == pytest.approx(slow)
    one, variance = world_areas(scores[:, :1], inside[:, :1])
    assert (one[0], variance) == pytest.approx(delong(scores[inside[:, 0], 0], scores[~inside[:, 0], 0]))


@pytest.mark.parametrize("shift", [0.0, 0.7])
def test_the_interval_of_worlds_covers_where_worlds_move_all_targets(shift):
    rng = np.random.default_rng(3)
    truth = float(ndtr(shift / np.sqrt(2)))
    missed, chances = 0, []
    for _ in range(400):
        inside = assignment(WORLDS, 40, rng)
        common = rng.normal(size=(WORLDS, 1)) * rng.uniform(0, 1.4, 40)
        scores = (common + rng.normal(size=inside.shape)) / np.hypot(1, common.std(axis=0)) + shift * inside
        areas, variance = world_areas(scores, inside)
        low, high = auc_interval(areas.mean(), variance, WORLDS, 2.145)
        missed += not low <= truth <= high
        if not shift and len(chances) < 60:
            chances.append(worst_chance(scores, inside, rng))
    assert missed <= 33  # of 400 at 5 %: a chance of 0.3 % for more
    if chances:
        assert np.mean(np.array(chances) <= 0.1) <= 0.25


def test_swapping_presence_and_absence_turns_every_ratio():
    rng = np.random.default_rng(4)
    scores, inside, release = rng.normal(size=(WORLDS, 10)), assignment(WORLDS, 10, rng), rng.normal(size=10)
    ratio = likelihood_ratio(scores, inside, release)
    assert ratio == pytest.approx(-likelihood_ratio(scores, ~inside, release))
    assert (likelihood_ratio(scores + 3.0 * inside, inside, release + 3.0) > 0).all()
    assert (likelihood_ratio(scores + 9.0 * inside, inside, release) < 0).all()
