"""Cleaners as estimators beside imbalanced-learn's own: the same rows stay, in every container."""

from __future__ import annotations

import pickle
from collections import Counter

import imblearn.under_sampling as theirs
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from imblearn.pipeline import make_pipeline
from scipy import sparse
from sklearn.base import clone
from sklearn.datasets import make_classification
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import cross_val_score
from sklearn.preprocessing import StandardScaler

from mintmark.errors import InputError
from mintmark.resample import imblearn as ours

CLEANERS = ["EditedNearestNeighbours", "NearMiss", "RandomUnderSampler", "TomekLinks"]
STRATEGIES = ["auto", "majority", "not minority", "not majority", "all"]


@pytest.fixture(scope="module")
def classes():
    """1,000 rows of 8 columns of variance one, so that our distance is theirs, in three classes."""
    X, y = make_classification(
        1000, n_features=8, n_classes=3, n_informative=4, weights=[0.2, 0.3, 0.5], random_state=0
    )
    return StandardScaler().fit_transform(X), y


@pytest.fixture(scope="module")
def two(classes):
    return classes[0], (classes[1] == 0).astype(int)


def kept(room, name, X, y, **given):
    sampler = getattr(room, name)(**given)
    sampler.fit_resample(X, y)
    return np.sort(sampler.sample_indices_)


# -- which rows stay ---------------------------------------------------------------------------


@pytest.mark.parametrize("strategy", [*STRATEGIES, [1], [0, 2]])
def test_the_same_rows_stay_without_tomek_links(classes, strategy):
    own, other = (kept(of, "TomekLinks", *classes, sampling_strategy=strategy) for of in (ours, theirs))
    np.testing.assert_array_equal(own, other)
    assert len(own) < 1000


@pytest.mark.parametrize("k", [1, 3, 6])
@pytest.mark.parametrize("strategy", ["auto", "all", [2]])
def test_the_same_rows_stay_where_all_neighbours_agree(classes, k, strategy):
    given = {"n_neighbors": k, "sampling_strategy": strategy}
    own, other = (kept(of, "EditedNearestNeighbours", *classes, **given) for of in (ours, theirs))
    np.testing.assert_array_equal(own, other)
    assert len(own) < 1000


@pytest.mark.parametrize("k", [3, 5])  # of an odd number no vote of two classes is even
def test_the_same_rows_stay_where_most_neighbours_agree(two, k):
    given = {"n_neighbors": k, "sampling_strategy": "all", "kind_sel": "mode"}
    own, other = (kept(of, "EditedNearestNeighbours", *two, **given) for of in (ours, theirs))
    np.testing.assert_array_equal(own, other)
    assert len(own) < 1000


@pytest.mark.parametrize("version", [1, 2, 3])
@pytest.mark.parametrize("given", [{}, {"n_neighbors": 5}, {"sampling_strategy": {2: 210, 1: 205}}])
def test_the_same_rows_stay_near_the_smallest_class(classes, version, given):
    given = {**given, "version": version, "n_neighbors_ver3": 40}  # of fewer too few are candidates
    own, other = (kept(of, "NearMiss", *classes, **given) for of in (ours, theirs))
    np.testing.assert_array_equal(own, other)
    assert len(own) < 1000


@pytest.mark.parametrize("name", ["NearMiss", "RandomUnderSampler"])
@pytest.mark.parametrize("strategy", [*STRATEGIES, {0: 9, 2: 300}, lambda y: {1: 44}])
def test_as_many_rows_stay_as_theirs(classes, name, strategy):
    counts = [
        Counter(getattr(of, name)(sampling_strategy=strategy).fit_resample(*classes)[1].tolist())
        for of in (ours, theirs)
    ]
    if name == "RandomUnderSampler" or isinstance(strategy, str):  # of the smallest class none goes in ours
        assert counts[0] == counts[1]
    assert sum(counts[0].values()) < 1000


def test_a_share_keeps_as_many_rows_as_theirs(two):
    counts = [
        Counter(of.RandomUnderSampler(sampling_strategy=0.5).fit_resample(*two)[1].tolist())
        for of in (ours, theirs)
    ]
    assert counts[0] == counts[1]


def test_a_seed_draws_the_same_rows_and_another_seed_others(classes):
    drawn = [kept(ours, "RandomUnderSampler", *classes, random_state=seed) for seed in (0, 0, 1)]
    np.testing.assert_array_equal(drawn[0], drawn[1])
    assert (drawn[0] != drawn[2]).any()
    shares = np.zeros(1000)
    for seed in range(200):
        shares[kept(ours, "RandomUnderSampler", *classes, random_state=seed)] += 1 / 200
    large = shares[classes[1] == 2]
    assert abs(large.mean() - Counter(classes[1].tolist())[0] / len(large)) < 1e-9
    assert large.min() > 0.2  # of about 0.4, four standard deviations of 0.035 below
    assert large.max() < 0.6


# -- containers --------------------------------------------------------------------------------


@pytest.mark.parametrize("name", CLEANERS)
def test_every_container_comes_back_with_the_rows_that_stay(classes, name):
    X, y = classes
    given = {"random_state": 0} if name == "RandomUnderSampler" else {}
    rows = kept(ours, name, X, y, **given)
    frame = pd.DataFrame(X, index=np.arange(1000)[::-1]).add_prefix("x")
    labels = pd.Series(y, index=frame.index, name="class")
    table = pa.Table.from_pandas(frame, preserve_index=False)
    given_as = [(X, y), (X.tolist(), y.tolist()), (sparse.csr_matrix(X), y), (sparse.coo_array(X), y)]
    given_as += [(frame, labels), (pl.from_arrow(table), pl.Series("class", y)), (table, pa.array(y))]
    for container, target in given_as:
        sampler = getattr(ours, name)(**given)
        less, kinds = sampler.fit_resample(container, target)
        np.testing.assert_array_equal(sampler.sample_indices_, rows)
        assert type(less) is type(container)
        assert type(kinds) is type(target)
        dense = less.toarray() if sparse.issparse(less) else np.asarray(less)
        np.testing.assert_array_equal(dense, X[rows])
        np.testing.assert_array_equal(np.asarray(kinds), y[rows])
    less, kinds = sampler.fit_resample(frame, labels)
    assert list(less.index) == list(kinds.index) == list(frame.index[rows])
    assert list(sampler.feature_names_in_) == list(frame.columns)


def test_mixed_columns_are_compared_and_kept_as_they_are(classes):
    X, y = classes
    number, word = np.where(np.arange(1000) % 9 == 0, np.nan, X[:, 0]), np.where(X[:, 1] > 0, "a", "b")
    day = pd.Timestamp("2020-01-01") + pd.to_timedelta((X[:, 2] * 100).astype(int), "D")
    frame = pd.DataFrame({"number": number, "word": word, "day": day})
    for name in CLEANERS:
        less, _ = getattr(ours, name)().fit_resample(frame, y)
        assert (less.dtypes == frame.dtypes).all()
        assert 0 < len(less) < 1000


def test_rows_are_drawn_whatever_they_hold():
    text = np.array([[f"note {at}", at] for at in range(60)], dtype=object)
    y = np.arange(60) < 10
    less, kinds = ours.RandomUnderSampler(random_state=0).fit_resample(text, y)
    assert less.shape == (20, 2)
    assert kinds.sum() == 10
    frame = pd.DataFrame(text, columns=["note", "at"])
    assert len(ours.RandomUnderSampler(random_state=0).fit_resample(frame, y)[0]) == 20


# -- after SMOTE -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "parameter", "cleaner"),
    [("SMOTEENN", "enn", "EditedNearestNeighbours"), ("SMOTETomek", "tomek", "TomekLinks")],
)
def test_real_and_new_rows_are_cleaned_together(classes, name, parameter, cleaner):
    found = getattr(ours, name)(random_state=0).fit_resample(*classes)
    more = ours.SMOTE(random_state=0).fit_resample(*classes)
    for one, other in zip(
        found, getattr(ours, cleaner)(sampling_strategy="all").fit_resample(*more), strict=True
    ):
        np.testing.assert_array_equal(one, other)
    assert len(found[0]) < len(more[0])
    few = getattr(ours, cleaner)(sampling_strategy=[2])
    sampler = getattr(ours, name)(smote=ours.SMOTE(k_neighbors=2, random_state=0), **{parameter: few})
    labels = Counter(sampler.fit_resample(*classes)[1].tolist())
    assert labels[0] == labels[1] > labels[2]
    assert sampler.smote_.k_neighbors == 2
    assert getattr(sampler, f"{parameter}_") is not few  # a copy
    assert not hasattr(sampler, "sample_indices_")


def test_they_work_in_a_pipeline_and_are_cloned_and_pickled(classes):
    for name in [*CLEANERS, "SMOTEENN", "SMOTETomek"]:
        sampler = pickle.loads(pickle.dumps(clone(getattr(ours, name)())))
        assert sampler.fit(*classes).n_features_in_ == 8
        assert "Parameters" in type(sampler).__doc__
        pipeline = make_pipeline(StandardScaler(), sampler, LogisticRegression())
        assert cross_val_score(pipeline, *classes, cv=3).mean() > 0.4


# -- what is refused ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "given", "told"),
    [
        ("EditedNearestNeighbours", {"n_neighbors": 0}, "n_neighbors 0 is no whole number"),
        ("EditedNearestNeighbours", {"kind_sel": "some"}, "kind_sel 'some' is not one of 'all', 'mode'"),
        ("NearMiss", {"version": 4}, "version 4 is not one of 1, 2, 3"),
        ("NearMiss", {"version": 2, "n_neighbors": 500}, "fewer than n_neighbors = 500"),
        ("TomekLinks", {"sampling_strategy": {0: 5}}, "or a list of classes"),
        ("TomekLinks", {"sampling_strategy": [7]}, "'7'"),
        ("TomekLinks", {"sampling_strategy": "minority"}, "unknown sampling_strategy"),
        ("RandomUnderSampler", {"sampling_strategy": [0]}, "a mapping of class to rows"),
        ("RandomUnderSampler", {"sampling_strategy": {0: 900}}, "900 rows"),
        ("RandomUnderSampler", {"sampling_strategy": {0: 1.5}}, "whole number"),
        ("RandomUnderSampler", {"sampling_strategy": 0.5}, "two classes"),
        ("SMOTEENN", {"enn": "enn"}, "enn is 'enn'"),
        ("SMOTETomek", {"smote": 5}, "smote is 5"),
    ],
)
def test_what_is_out_of_range_is_refused_under_its_own_name(classes, name, given, told):
    with pytest.raises(InputError, match=told) as error:
        getattr(ours, name)(**given).fit_resample(*classes)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("name", CLEANERS)
@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda X, y: (X, np.zeros(1000)), "1 class"),
        (lambda X, y: (X[1:], y), "X has 999 rows and y 1,000"),
        (lambda X, y: (X[:, 0], y), "shape"),
        (lambda X, y: (X, np.where(y == 0, None, "a")), "y is missing in row"),
        (lambda X, y: ("X.csv", y), "X is str"),
    ],
)
def test_what_cannot_be_cleaned_is_refused_in_one_line(classes, name, change, told):
    with pytest.raises(InputError, match=told) as error:
        getattr(ours, name)().fit_resample(*change(*classes))
    assert "\n" not in str(error.value)


def test_infinity_has_no_distance(classes):
    with pytest.raises(InputError, match="infinity"):
        ours.TomekLinks().fit_resample(np.where(classes[0] > 2, np.inf, classes[0]), classes[1])
