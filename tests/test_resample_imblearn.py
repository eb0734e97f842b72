"""Resamplers as estimators: imbalanced-learn's own checks, and what it promises on every container."""

from __future__ import annotations

import pickle
import subprocess
import sys
from collections import Counter, OrderedDict

import imblearn.combine as theirs_combined
import imblearn.over_sampling as theirs
import imblearn.under_sampling as theirs_under
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from imblearn.pipeline import make_pipeline
from imblearn.utils.estimator_checks import parametrize_with_checks
from scipy import sparse
from sklearn.base import clone
from sklearn.datasets import make_classification
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.neighbors import NearestNeighbors
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import parametrize_with_checks as parametrize_with_sklearn

from mintmark.errors import InputError
from mintmark.resample import imblearn as ours
from mintmark.resample.imblearn._estimator import sample_of
from mintmark.resample.imblearn._matrix import Matrix

EVERY = dir(ours)
CLEANING = ["EditedNearestNeighbours", "NearMiss", "RandomUnderSampler", "TomekLinks"]
COMBINED = ["SMOTEENN", "SMOTETomek"]
NAMES = [name for name in EVERY if name not in CLEANING + COMBINED]  # what makes rows and removes none


def made(name, **given):
    first = ([0],) if name == "SMOTENC" else ()
    drawn = "random_state" in getattr(ours, name)._get_param_names()
    quick = {"epochs": 3} if name == "DeepSMOTE" else {}
    return getattr(ours, name)(*first, **({"random_state": 0} if drawn else {}) | quick | given)


def listed(decorator):
    """The cases of a decorator that was given a generator, which pytest is about to refuse."""
    names, cases = decorator.args
    return pytest.mark.parametrize(names, list(cases), ids=decorator.kwargs["ids"])


@pytest.fixture(scope="module")
def classes():
    """1,000 rows of 20 standardised numbers in three classes of about 200, 300 and 500 rows."""
    X, y = make_classification(1000, n_classes=3, n_informative=4, weights=[0.2, 0.3, 0.5], random_state=0)
    return StandardScaler().fit_transform(X), y


@pytest.fixture(scope="module")
def mixed():
    """A pandas frame with a column of nearly every type, some with gaps, and its target."""
    rng, n = np.random.default_rng(0), 200
    number = rng.normal(size=n)
    gaps = np.arange(n) % 9 == 0
    day = pd.Timestamp("2020-01-01") + pd.to_timedelta(rng.integers(0, 900, n), "D")
    frame = pd.DataFrame(
        {
            "float": number,
            "small": number.astype(np.float32),
            "int": rng.integers(0, 90, n).astype(np.int16),
            "nullable": pd.array(np.where(gaps, None, rng.integers(0, 9, n)), dtype="Int64"),
            "gappy": np.where(gaps, np.nan, number),
            "flag": number > 0,
            "maybe": pd.array(np.where(gaps, None, number > 0), dtype="boolean"),
            "words": np.where(number > 0, "high", "low"),
            "objects": pd.Series(
                [None if g else "x" if v > 1 else 3 for g, v in zip(gaps, number, strict=True)], dtype=object
            ),
            "category": pd.Categorical(
                np.where(number > 0, "b", "a"), categories=["c", "b", "a"], ordered=True
            ),
            "day": day,
            "zoned": pd.DatetimeIndex(day).tz_localize("Europe/Berlin"),
            "lasting": pd.to_timedelta(rng.integers(0, 999, n), "s"),
            "period": pd.period_range("2020", periods=n, freq="D"),
            "arrow": pd.array(rng.integers(0, 99, n), dtype=pd.ArrowDtype(pa.int32())),
        },
        index=np.arange(n)[::-1],
    )
    y = pd.Series(np.where(rng.random(n) < 0.2, "rare", "usual"), name="class", index=frame.index)
    return frame, y


# -- the protocol ------------------------------------------------------------------------------


def cleaned_away(estimator):
    told = "of a column of three values under random classes every neighbourhood is of both: all rows go"
    return {"check_samplers_nan": told} if type(estimator).__name__ == "SMOTEENN" else {}


@listed(parametrize_with_checks([made(name) for name in EVERY], expected_failed_checks=cleaned_away))
def test_estimator_checks_of_imbalanced_learn(estimator, check):
    check(estimator)


def failures(estimator):
    return {"check_dtype_object": "asks for a TypeError where X holds objects; ours is a ValueError"}


@listed(parametrize_with_sklearn([made("SMOTE"), made("TomekLinks")], expected_failed_checks=failures))
def test_estimator_checks_of_scikit_learn(estimator, check):
    check(estimator)


def test_importing_loads_neither_scikit_learn_nor_imbalanced_learn():
    code = """
import sys, mintmark.resample.imblearn as ours
assert not {"sklearn", "imblearn", "numpy"} & set(sys.modules)
ours.SMOTE
assert "imblearn" not in sys.modules
"""
    subprocess.run([sys.executable, "-c", code], check=True, timeout=120)


def test_names_and_parameters_are_those_of_imbalanced_learn():
    over = ["ADASYN", "BorderlineSMOTE", "KMeansSMOTE", "SMOTE", "SMOTEN", "SMOTENC", "SVMSMOTE"]
    assert sorted(set(NAMES) & set(theirs.__all__)) == over
    rooms = {theirs: over, theirs_under: CLEANING, theirs_combined: COMBINED}
    for room, names in rooms.items():
        for name in names:
            known, own = (set(getattr(of, name)._get_param_names()) for of in (room, ours))
            assert own <= known, name
            assert known - own <= {"n_jobs", "replacement", "categorical_encoder", "svm_estimator"}, name


def test_methods_of_a_numeric_target_are_not_among_them():
    assert not [name for name in NAMES if "Regression" in name]


def test_an_unknown_name_tells_the_known_ones():
    with pytest.raises(AttributeError, match=r"'SMOTEE'.*SMOTENC"):
        ours.SMOTEE  # noqa: B018


@pytest.mark.parametrize("name", NAMES)
def test_it_is_cloned_pickled_and_holds_its_synthesizer(classes, name):
    sampler = pickle.loads(pickle.dumps(clone(made(name))))
    X, y = (np.round(part) for part in classes)
    assert sampler.fit(X, y).n_features_in_ == 20
    assert sampler.synthesizer_.holds == "rows"
    assert sampler.sampling_strategy_ == OrderedDict(sorted(sampler.sampling_strategy_.items()))
    assert "Parameters" in type(sampler).__doc__


def test_it_works_in_a_pipeline_under_cross_validation_and_search(classes):
    X, y = classes
    pipeline = make_pipeline(StandardScaler(), made("SMOTE"), LogisticRegression())
    assert cross_val_score(pipeline, X, y, cv=3).mean() > 0.5
    pipeline.set_output(transform="pandas").fit(pd.DataFrame(X).add_prefix("x"), y)
    assert list(pipeline[1].feature_names_in_) == [f"x{i}" for i in range(20)]
    search = GridSearchCV(pipeline, {"smote__k_neighbors": np.arange(3, 5)}, cv=3).fit(X, y)
    assert search.best_params_["smote__k_neighbors"] in (3, 4)


# -- which rows --------------------------------------------------------------------------------


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("dtype", [np.float64, np.float32, np.int64])
def test_original_rows_come_first_bit_by_bit_then_class_by_class(classes, name, dtype):
    X, y = (classes[0] * 10).astype(dtype), classes[1]
    before = X.copy()
    more, labels = made(name).fit_resample(X, y)
    assert more.dtype == dtype
    assert more[:1000].tobytes() == X.tobytes() == before.tobytes()
    assert (labels[:1000] == y).all()
    assert (np.diff(labels[1000:]) >= 0).all()
    assert len(set(Counter(labels).values())) == 1


@pytest.mark.parametrize(
    "strategy",
    [
        "auto",
        "minority",
        "not minority",
        "not majority",
        "all",
        {0: 400, 1: 350},
        {2: 600},
        lambda y: {1: 444},
    ],
)
def test_every_strategy_makes_as_many_rows_as_theirs(classes, strategy):
    samplers = [room.SMOTE(sampling_strategy=strategy, random_state=0) for room in (ours, theirs)]
    counts = [Counter(sampler.fit_resample(*classes)[1].tolist()) for sampler in samplers]
    assert counts[0] == counts[1]
    assert samplers[0].sampling_strategy_ == samplers[1].sampling_strategy_


@pytest.mark.parametrize("labels", [[0, 1], [True, False], ["no", "yes"], [-1.0, 1.0], [10**12, 5]])
def test_a_share_makes_as_many_rows_as_theirs(classes, labels):
    y = np.array(labels)[(classes[1] == 0).astype(int)]
    (_, own), (_, other) = (
        room.SMOTE(sampling_strategy=0.7, random_state=0).fit_resample(classes[0], y)
        for room in (ours, theirs)
    )
    assert own.dtype == other.dtype
    assert Counter(own.tolist()) == Counter(other.tolist())


def test_new_rows_lie_between_neighbours_as_imbalanced_learn_finds_them(classes):
    X, y = classes
    more, labels = made("SMOTE", sampling_strategy="minority", k_neighbors=3).fit_resample(X, y)
    own = X[y == 0]
    near = NearestNeighbors(n_neighbors=4).fit(own).kneighbors(own, return_distance=False)[:, 1:]
    base, partner = np.repeat(own, 3, axis=0), own[near.ravel()]
    along = partner - base
    for row in more[labels == 0][len(own) :]:
        way = np.einsum("ij,ij->i", row - base, along) / np.einsum("ij,ij->i", along, along)
        off = np.abs(base + way[:, None] * along - row).max(axis=1)
        assert off[(way >= 0) & (way <= 1)].min() < 1e-9


@pytest.mark.parametrize("columns", [3, 10, 20])
def test_the_search_in_a_tree_finds_what_all_pairs_do(columns):
    from mintmark.resample._search import _suits_tree, nearest_of_class
    from mintmark.stats.neighbours import Points, nearest_others

    rng = np.random.default_rng(0)
    n, few = 40_000, min(columns, 3)
    flat = rng.normal(size=(n, few)) @ rng.normal(size=(few, columns))
    points = Points(flat.astype(np.float32), np.empty((n, 0), np.int64), (), (), ())
    assert _suits_tree(points, 5)
    np.testing.assert_array_equal(nearest_of_class(points, 5), nearest_others(points, 5)[1])


@pytest.mark.parametrize("scale", [1.0, 1e-200, 1e200])
def test_rows_do_not_depend_on_the_unit_of_a_column(classes, scale):
    plain, scaled = (made("SMOTE").fit_resample(classes[0] * s, classes[1])[0] for s in (1.0, scale))
    np.testing.assert_allclose(scaled / scale, plain, rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize(
    "seed",
    [lambda: 7, lambda: np.random.RandomState(7), lambda: np.random.default_rng(7), lambda: np.int64(7)],
)
def test_the_same_seed_makes_the_same_rows(classes, seed):
    one, other = (ours.SMOTE(random_state=seed()).fit_resample(*classes)[0] for _ in range(2))
    assert (one == other).all()


def test_without_a_seed_rows_follow_the_state_of_numpy(classes):
    np.random.seed(1)  # noqa: NPY002  # what scikit-learn's users do
    one, other = (ours.SMOTE().fit_resample(*classes)[0] for _ in range(2))
    np.random.seed(1)  # noqa: NPY002
    assert (ours.SMOTE().fit_resample(*classes)[0] == one).all()
    assert (one != other).any()


def test_a_balanced_target_gets_no_rows(classes):
    X, y = classes[0], np.arange(1000) % 2
    more, labels = made("SMOTE").fit_resample(X, y)
    assert (more == X).all()
    assert more is not X
    assert (labels == y).all()


# -- containers --------------------------------------------------------------------------------


def test_pandas_columns_keep_their_types_and_old_rows_their_values(mixed):
    X, y = mixed
    more, labels = made("SMOTE").fit_resample(X, y)
    assert (more.dtypes == X.dtypes).all()
    assert labels.dtype == y.dtype
    assert labels.name == "class"
    assert isinstance(more.index, pd.RangeIndex)
    pd.testing.assert_frame_equal(more[:200], X.reset_index(drop=True))
    new = more[200:]
    assert len(new) == (y == "usual").sum() - (y == "rare").sum()
    rare = X[(y == "rare").to_numpy()]
    for name in ("flag", "maybe", "words", "objects", "category"):
        assert set(new[name].dropna()) <= set(rare[name].dropna())
    for name in ("float", "int", "day", "zoned", "lasting", "arrow", "nullable"):
        assert new[name].min() >= rare[name].min()
        assert new[name].max() <= rare[name].max()
    assert (new["day"] == new["day"].dt.normalize()).all()
    assert new["gappy"].isna().any()


@pytest.mark.parametrize("name", NAMES)
def test_every_method_takes_tables_of_mixed_columns(mixed, name):
    more, labels = made(name).fit_resample(*mixed)
    assert (more.dtypes == mixed[0].dtypes).all()
    assert labels.value_counts().nunique() == 1


def test_polars_and_arrow_come_back_as_they_came(mixed):
    kept = mixed[0].drop(columns=["objects", "arrow", "period"]).reset_index(drop=True)
    table = pa.Table.from_pandas(kept, preserve_index=False)
    y = pa.array(mixed[1])
    frame = pl.from_arrow(table).with_columns(pl.col("words").cast(pl.Categorical))
    for X, target in ((table, y), (frame, pl.Series("class", y)), (frame, pl.DataFrame({"class": y}))):
        more, labels = made("SMOTE").fit_resample(X, target)
        assert type(more) is type(X)
        assert type(labels) is type(target)
        assert more.schema == X.schema
        old = more.slice(0, 200)
        assert old.equals(X) if isinstance(X, pa.Table) else old.equals(X, null_equal=True)
        assert len(more) == len(labels)
        assert list(made("SMOTE").fit(X, target).feature_names_in_) == table.column_names


@pytest.mark.parametrize("kind", [sparse.csr_matrix, sparse.csc_array, sparse.dok_array, sparse.coo_matrix])
def test_sparse_matrices_come_back_sparse(classes, kind):
    X = np.where(np.abs(classes[0]) > 1, classes[0], 0.0)
    more, _ = made("SMOTE").fit_resample(kind(X), classes[1])
    assert isinstance(more, kind)
    np.testing.assert_array_equal(more.toarray(), made("SMOTE").fit_resample(X, classes[1])[0])


def test_a_matrix_without_a_copy(classes):
    X = classes[0].copy()
    X.flags.writeable = False
    rows, _ = made("SMOTE")._read(X, classes[1], {})
    assert rows.numbers is X
    frame = pd.DataFrame(X)
    rows, _ = made("SMOTE")._read(frame, classes[1], {})
    assert np.shares_memory(rows.numbers, frame.to_numpy())
    more, _ = made("SMOTE").fit_resample(frame, classes[1])
    np.testing.assert_array_equal(more, made("SMOTE").fit_resample(X, classes[1])[0])


def test_whole_numbers_and_booleans_stay_so(classes):
    X = np.clip(classes[0] * 60, -120, 120).astype(np.int8)
    assert made("SMOTE").fit_resample(X, classes[1])[0].dtype == np.int8
    more, _ = made("SMOTE").fit_resample(X > 0, classes[1])
    assert more.dtype == bool
    assert more[1000:].any()
    assert not more[1000:].all()


def test_named_columns_of_a_matrix_hold_only_values_that_there_are(classes):
    X = classes[0].copy()
    X[:, 0], X[:, 7] = np.round(X[:, 0]) + 0.25, np.round(X[:, 7])
    mask = np.isin(np.arange(20), [0, 7])
    results = [ours.SMOTENC(named, random_state=0).fit_resample(X, classes[1])[0] for named in ([0, 7], mask)]
    np.testing.assert_array_equal(*results)
    for column in (0, 7):
        assert set(results[0][:, column]) == set(X[:, column])
    frame = pd.DataFrame(X).add_prefix("x").astype({"x7": "category"})
    more, _ = ours.SMOTENC("auto", random_state=0).fit_resample(frame, classes[1])
    assert set(more["x7"]) == set(X[:, 7])
    more, _ = ours.SMOTENC(["x0", "x7"], random_state=0).fit_resample(frame, classes[1])
    assert set(more["x0"]) == set(X[:, 0])


def test_indicator_targets_come_back_in_their_form(classes):
    X, y = classes
    more, labels = made("SMOTE").fit_resample(X, np.eye(3, dtype=int)[y])
    plain, expected = made("SMOTE").fit_resample(X, y)
    np.testing.assert_array_equal(more, plain)
    np.testing.assert_array_equal(labels.argmax(axis=1), expected)


# -- what is refused ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda X, y: (X, np.zeros(1000)), "1 class"),
        (lambda X, y: (X, np.where(np.arange(1000) < 4, 9, y)), "4 rows.*Set k_neighbors to 3"),
        (lambda X, y: (X, None), "None"),
        (lambda X, y: (X, y + 0.5), "Unknown label type.*row 1"),
        (lambda X, y: (X, np.where(y == 0, None, "a")), "y is missing in row"),
        (lambda X, y: (X, np.array([*y[1:].tolist(), "a"], dtype=object)), "several types"),
        (lambda X, y: (X[1:], y), "X has 999 rows and y 1,000"),
        (lambda X, y: (X[:, 0], y), "shape"),
        (lambda X, y: (X.astype(str).astype(object) + "a", y), "X holds text.*SMOTENC"),
        (lambda X, y: (np.where(X > 2, np.inf, X), y), "infinity"),
        (lambda X, y: (X, np.ones((1000, 2))), "shape"),
        (
            lambda X, y: (pd.DataFrame({"t": [f"note {i}" for i in range(1000)], "x": X[:, 0]}), y),
            "'t' holds text",
        ),
        (lambda X, y: (pl.DataFrame({"l": [[1]] * 1000, "x": X[:, 0]}), y), "'l' holds.*list"),
        (lambda X, y: (pd.DataFrame(X).astype({3: complex}), y), "column 3 holds complex128"),
        (lambda X, y: ("X.csv", y), "X is str"),
    ],
)
def test_what_cannot_be_resampled_is_refused_in_one_line(classes, change, told):
    with pytest.raises(InputError, match=told) as error:
        made("SMOTE").fit_resample(*change(*classes))
    assert isinstance(error.value, ValueError)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"k_neighbors": 0}, "'k_neighbors'"),
        ({"k_neighbors": "five"}, "'k_neighbors'"),
        ({"sampling_strategy": "majority"}, "unknown sampling_strategy"),
        ({"sampling_strategy": 0.5}, "two classes"),
        ({"sampling_strategy": {7: 900}}, "'7'"),
        ({"sampling_strategy": {0: 1}}, "already"),
        ({"sampling_strategy": [0]}, "mapping"),
    ],
)
def test_parameters_are_refused_under_their_own_names(classes, given, told):
    with pytest.raises(InputError, match=told):
        made("SMOTE", **given).fit_resample(*classes)


def test_weights_words_and_columns_that_there_are_not(classes):
    with pytest.raises(InputError, match="sample_weight"):
        made("SMOTE").fit_resample(*classes, sample_weight=np.ones(1000))
    with pytest.raises(InputError, match="kind 'borderline-3'"):
        made("BorderlineSMOTE", kind="borderline-3").fit_resample(*classes)
    with pytest.raises(InputError, match="categorical_features"):
        ours.SMOTENC([20]).fit_resample(*classes)
    with pytest.raises(TypeError, match="n_jobs"):
        ours.SMOTE(n_jobs=2)


def test_a_sparse_matrix_too_large_to_be_dense_is_refused():
    X = sparse.csr_matrix((10**6, 10**6))
    with pytest.raises(InputError, match="8,000 GB"):
        made("SMOTE").fit_resample(X, np.arange(10**6) % 3 > 1)


@pytest.mark.parametrize("name", ["SVMSMOTE", "GSMOTE", "GaussianSMOTE"])
def test_no_new_number_is_beyond_the_real_ones(name):
    rng = np.random.default_rng(0)
    x = np.abs(rng.normal(size=(400, 6))) + np.r_[np.zeros(340), np.full(60, 2)][:, None]
    y = np.r_[np.zeros(340, int), np.ones(60, int)]
    sampler = getattr(ours, name)(random_state=0)
    new = sampler.fit_resample(x, y)[0][400:]
    assert len(new) == 280
    assert (new >= x.min(axis=0)).all()
    assert (new <= x.max(axis=0)).all()
    learnt = sampler.synthesizer_.plan(sample_of(Matrix.of(x, None), y), np.array([0, 280]), rng)
    free = sampler.synthesizer_.make(learnt, 280, rng).numbers  # the geometry alone does leave the range
    assert ((free < x.min(axis=0)) | (free > x.max(axis=0))).any()
