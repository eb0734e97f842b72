"""Large tables: what is bounded above a size, on small tables that are called large."""

import numpy as np
import pytest

import mintmark as mm
from mintmark.assess import _large
from mintmark.assess._codes import codings, full, subset
from mintmark.assess.fidelity import precision_recall
from mintmark.assess.privacy import _near, _rows
from mintmark.assess.privacy._isolation import far
from mintmark.assess.privacy._rows import Rows, forget, rows_of
from mintmark.assess.privacy.inference import Inference
from mintmark.assess.privacy.linkability import Linkability
from mintmark.assess.utility._sampled import sampled
from mintmark.metric import Tables
from mintmark.release.policy import Policy
from mintmark.testing.populations import bayesian_network

SIZE = 4_000
POLICY = Policy.load("internal")
METRICS = sorted({rule.metric.partition(".")[0] for rule in POLICY.rules} | {"closest_record", "queries"})
BOUNDED = ("membership.auc", "membership.tpr", "exposed", "copies.near", "closest_record", "tstr", "queries")


@pytest.fixture(scope="module")
def drawn():
    rng = np.random.default_rng(11)
    law = bayesian_network(rng, classes=3)
    return {role: law.draw(SIZE, rng) for role in ("train", "synthetic", "holdout")}


@pytest.fixture
def small(monkeypatch):
    monkeypatch.setattr(_large, "LARGE", SIZE // 2)
    monkeypatch.setattr(_large, "PAIRS", SIZE * SIZE // 2)


def tables(drawn):
    return Tables(drawn["train"], drawn["synthetic"], drawn["holdout"], drawn["synthetic"])


def assessed(drawn, **other):
    return mm.assess(**{**drawn, **other}, metrics=METRICS, seed=0)


def outcomes(assessment):
    verdicts = POLICY.judge(assessment.to_json(), nature="fully synthetic")
    return {verdict.rule: verdict.outcome for verdict in verdicts}


def test_bounded_figures_agree_with_those_of_all_rows_and_say_so(drawn, small, monkeypatch):
    bounded = assessed(drawn)
    monkeypatch.undo()
    whole = {score.metric: score for score in assessed(drawn).scores}
    assert set(outcomes(bounded).values()) == {"pass"}
    for score in bounded.scores:
        if score.status != "ok":
            continue
        low, high = score.interval
        wide = (whole[score.metric].interval[1] - whole[score.metric].interval[0]) / 2
        assert low - wide <= whole[score.metric].estimate <= high + wide, score.metric
        if score.metric in BOUNDED:
            assert "drawn" in score.convention, score.metric
            assert "rows at most" not in whole[score.metric].convention


def test_a_copy_of_train_fails_whatever_is_bounded(drawn, small):
    found = outcomes(assessed(drawn, synthetic=drawn["train"]))
    for rule in ("no-more-copies-than-chance", "members-are-not-told-apart", "no-member-stands-out",
                 "nobody-who-stands-out-is-exposed", "no-more-near-copies-than-chance"):  # fmt: skip
        assert found[rule] == "fail"


def test_members_are_a_sample_of_the_persons_and_the_interval_knows(drawn, small, monkeypatch):
    score = mm.assess(**drawn, metrics=["membership"], seed=0).scores[0]
    monkeypatch.undo()
    whole = mm.assess(**drawn, metrics=["membership"], seed=0).scores[0]
    assert (score.n, whole.n) == (SIZE // 2, SIZE)
    # half of either side, and not all members any more
    assert np.diff(score.interval) > 1.4 * np.diff(whole.interval)


@pytest.mark.parametrize("part", [SIZE // 2, 37])
def test_neighbours_found_in_parts_are_those_found_at_once(drawn, part, monkeypatch):
    monkeypatch.setattr(_rows, "_PART", part)
    rows = Rows({role: drawn[role] for role in ("train", "synthetic", "holdout")})
    targets = rows.at("train", np.arange(0, SIZE, 40))
    parts = rows.parts("synthetic")
    reference = {role: np.arange(0, len(rows.tables[role]), 7) for role in ("train", "holdout")}
    apart = far(rows, reference)
    near, agreed = rows.nearest(targets, "synthetic", 3), rows.agreement(targets, "synthetic")
    monkeypatch.undo()
    assert (len(parts), len(rows.parts("synthetic"))) == (-(-SIZE // part), 1)
    np.testing.assert_array_equal(np.concatenate(parts), np.arange(SIZE))
    for role, distances in far(rows, reference).items():
        np.testing.assert_allclose(apart[role], distances, atol=1e-9)
    np.testing.assert_allclose(near, rows.nearest(targets, "synthetic", 3), atol=1e-9)
    np.testing.assert_array_equal(agreed, rows.agreement(targets, "synthetic"))


def test_authenticity_found_in_parts_is_that_found_at_once(drawn, monkeypatch):
    found = []
    for part in (SIZE, 137):
        monkeypatch.setattr(precision_recall, "_PART", part)
        score = precision_recall.PrecisionRecall()._authenticity(tables(drawn))
        found.append((score.estimate, score.interval, score.ceiling))
    assert found[0] == found[1]
    assert 0.1 < found[0][0] < 0.9


@pytest.mark.parametrize("metric", ["energy", "precision_recall", "memorisation", "propensity", "modes"])
def test_a_metric_alone_reads_a_cut_of_train(drawn, small, metric):
    given = {**drawn, "holdout": drawn["holdout"][: SIZE - 500]}
    alone = {score.metric: score.estimate for score in mm.assess(**given, metrics=[metric], seed=0).scores}
    beside = mm.assess(**given, metrics=["column_shapes", metric], seed=0)
    assert alone
    assert all(beside[name].estimate == value for name, value in alone.items())


@pytest.mark.parametrize(
    "metric", [Inference(targets=100), Linkability(targets=200), Linkability(targets=200, neighbours=3)]
)
def test_released_rows_in_blocks_give_the_figures_of_all_at_once(drawn, metric, monkeypatch):
    found = []
    for fewest in (SIZE, 500):
        monkeypatch.setattr(_near, "_FEWEST_ROWS", fewest)
        monkeypatch.setattr(_near, "_CELLS", fewest)
        found.append([s.to_json() for s in metric.measure(tables(drawn), np.random.default_rng(3))])
    assert found[0] == found[1]


def test_what_only_attacks_need_is_let_go(drawn, small):
    given = tables(drawn)
    rows = rows_of(given)
    known = {role: same.copy() for role, same in rows.identities.items()}
    forget(given)
    assert not {"values", "_places"} & set(vars(rows))
    for role, same in known.items():
        np.testing.assert_array_equal(rows.identities[role], same)


def test_models_learn_from_a_sample_in_proportion_to_the_target(drawn, small):
    given = tables(drawn)
    n, target = 300, str(given.target)
    codes = sampled(given, "synthetic", n).codes[target]
    assert "coded synthetic" not in given.shared  # cut before it was coded
    size = codings(given)[target].size
    every = np.bincount(full(given, "synthetic").codes[target], minlength=size)
    assert np.abs(np.bincount(codes, minlength=size) - every * n / SIZE).max() < 1 + 1e-9


def test_rows_coded_after_the_cut_are_those_cut_after_coding(drawn, small):
    given = tables(drawn)
    cut = subset(given, "synthetic", 200)
    again = tables(drawn)
    full(again, "synthetic")
    for name, codes in subset(again, "synthetic", 200).codes.items():
        np.testing.assert_array_equal(cut.codes[name], codes)
