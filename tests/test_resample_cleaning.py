"""Cleaners on rows whose answers are worked out by hand, and beside imbalanced-learn."""

from __future__ import annotations

import dataclasses

import numpy as np
import pyarrow as pa
import pytest

from mintmark.errors import InputError, UnknownNameError
from mintmark.resample._sample import Sample
from mintmark.resample.cleaning._purified import purified
from mintmark.resample.cleaning.edited_nearest_neighbours import (
    edited_nearest_neighbours,
    kept_by_neighbours,
)
from mintmark.resample.cleaning.near_miss import kept_by_near_miss, near_miss
from mintmark.resample.cleaning.random_under import random_under
from mintmark.resample.cleaning.tomek_links import kept_by_tomek, tomek_links
from mintmark.testing.hard_tables import dataset

SEED = int(np.random.SeedSequence().generate_state(1)[0])  # another one each time: no seed is special


def line(places, classes):
    """Rows on a line."""
    return dataset(
        {"x": pa.array([float(x) for x in places]), "y": pa.array(classes)}, roles={"y": ("target",)}
    )


def sampled(rng, n=400, columns=3, classes=2):
    """Rows of classes that overlap, in standard deviations."""
    labels = rng.choice(classes, n, p=np.array([0.8, 0.2] if classes == 2 else [0.6, 0.25, 0.15]))
    x = rng.normal(size=(n, columns)) + 0.8 * labels[:, None]
    x = (x - x.mean(axis=0)) / x.std(axis=0)
    return Sample(x, np.empty((n, 0), np.int32), (), labels)


# -- by hand ----------------------------------------------------------------------------------

LINKS = line([0, 0.1, 5, 5.2, 9, 10, 10.05, 20], ["a", "b", "b", "b", None, "a", "b", "b"])


def test_of_tomek_links_the_larger_class_goes():
    assert tomek_links(LINKS).tolist() == [0, 2, 3, 4, 5, 7]


def test_both_ends_go_where_all_classes_may():
    assert tomek_links(LINKS, sampling_strategy="all").tolist() == [2, 3, 4, 7]
    assert tomek_links(LINKS, sampling_strategy=["a"]).tolist() == [1, 2, 3, 4, 6, 7]


def test_rows_of_a_class_that_is_not_known_stay_and_make_no_link():
    near = line([0, 0.1, 0.05, 3, 4], ["a", "b", None, "b", "b"])
    assert tomek_links(near).tolist() == [0, 2, 3, 4]


NEIGHBOURS = line([0, 1, 1.5, 2.1, 10, 11, 12, 13, 3.3], ["a", "b", "a", "a", "b", "b", "b", "b", "b"])
"""Neighbours, three of each: 1 -> a a a; 3.3 -> a a b; 10 -> b b b; the rest of b -> b b b."""


def test_edited_neighbours_take_rows_among_another_class():
    assert edited_nearest_neighbours(NEIGHBOURS, kind="all").tolist() == [0, 2, 3, 4, 5, 6, 7]
    assert edited_nearest_neighbours(NEIGHBOURS, kind="mode").tolist() == [0, 2, 3, 4, 5, 6, 7]
    assert edited_nearest_neighbours(NEIGHBOURS, k=1).tolist() == [0, 2, 3, 4, 5, 6, 7]


def test_an_even_vote_takes_nothing():
    tie = line([0, 1, 1.9, 9, 9.5, 10], ["a", "b", "b", "b", "b", "a"])  # 1 has a and b beside it
    assert 1 not in edited_nearest_neighbours(tie, kind="all", k=2)
    assert 1 in edited_nearest_neighbours(tie, kind="mode", k=2)


MISS = line([0, 10, 5, 0.5, 9, 12], ["a", "a", "b", "b", "b", "b"])
"""Of 5, 0.5, 9, 12 the nearest of a is 5, 0.5, 1, 2 away and the farthest 5, 9.5, 9, 12."""


@pytest.mark.parametrize(("version", "kept"), [(1, [3, 4]), (2, [2, 4]), (3, [3, 4])])
def test_near_miss_picks_the_rows_worked_out_by_hand(version, kept):
    assert near_miss(MISS, version=version, k=1, candidates=1).tolist() == [0, 1, *kept]


def test_the_third_near_miss_takes_the_farthest_of_the_candidates():
    assert near_miss(MISS, sampling_strategy={"b": 1}, version=3, k=1, candidates=1).tolist() == [0, 1, 4]


def test_random_under_sampling_keeps_as_many_as_were_asked_for():
    data = line(range(100), ["a"] * 20 + ["b"] * 80)
    kept = random_under(data, seed=SEED)
    assert (kept < 20).sum() == 20
    assert len(kept) == 40
    assert (np.diff(kept) > 0).all()
    assert np.array_equal(kept, random_under(data, seed=SEED))
    assert not np.array_equal(kept, random_under(data, seed=SEED + 1))
    assert len(random_under(data, sampling_strategy=0.5, seed=1)) == 60
    assert len(random_under(data, sampling_strategy={"a": 5}, seed=1)) == 85


def test_keys_text_and_missing_values_do_not_stop_a_cleaner():
    data = dataset(
        {
            "id": pa.array([f"k{i}" for i in range(8)]),
            "person": pa.array([1, 1, 2, 2, 3, 3, 4, 4]),
            "x": pa.array([0, 0.1, 5, 5.2, None, 10, 10.05, 20]),
            "c": pa.array(["u", "u", "v", "v", None, "u", "u", "v"]),
            "y": pa.array(["a", "b", "b", "b", "b", "a", "b", "b"]),
        },
        kinds={"id": "text"},
        roles={"id": ("key",), "person": ("group",), "y": ("target",)},
    )
    assert tomek_links(data).tolist() == [0, 2, 3, 4, 5, 7]


def test_what_cannot_be_asked_is_told():
    data = line(range(100), ["a"] * 20 + ["b"] * 80)
    with pytest.raises(UnknownNameError, match="class in sampling_strategy 'c'"):
        tomek_links(data, sampling_strategy=["c"])
    with pytest.raises(UnknownNameError, match="'minority'"):
        tomek_links(data, sampling_strategy="minority")
    with pytest.raises(InputError, match="which has 80"):
        random_under(data, sampling_strategy={"b": 81}, seed=0)
    with pytest.raises(InputError, match="more rows of the larger class"):
        near_miss(data, sampling_strategy=0.2)
    with pytest.raises(InputError, match="is number; classes are resampled"):
        near_miss(data, "x")
    with pytest.raises(InputError, match="no target"):
        near_miss(data.edit("y", roles=()))


# -- beside a slow obvious one, and imbalanced-learn ------------------------------------------


def test_new_rows_are_judged_as_by_a_slow_search():
    rng = np.random.default_rng(SEED)
    sample, new = sampled(rng, 300, classes=3), sampled(rng, 200, classes=3)
    points = sample.axes.place(new.numbers, new.codes).flat
    apart = (points[:, None] - sample.points(np.arange(300)).flat).astype(float)
    near = np.argsort((apart**2).sum(axis=2), axis=1, kind="stable")
    for k in (1, 3, 4):
        own = (sample.labels[near[:, :k]] == new.labels[:, None]).sum(axis=1)
        assert np.array_equal(purified(sample, new, k=k, kind="all"), own == k), SEED
        assert np.array_equal(purified(sample, new, k=k, kind="mode"), 2 * own > k), SEED


def test_new_rows_among_a_large_class_are_judged_as_by_a_slow_search():
    rng = np.random.default_rng(SEED)
    sample, new = sampled(rng, 5_000, classes=2), sampled(rng, 150, classes=2)
    sample = dataclasses.replace(sample, labels=(np.arange(5_000) % 25 == 0).astype(np.int64))
    points = sample.axes.place(new.numbers, new.codes).flat
    apart = (points[:, None] - sample.points(np.arange(5_000)).flat).astype(float)
    near = np.argsort((apart**2).sum(axis=2), axis=1, kind="stable")[:, :3]
    own = (sample.labels[near] == new.labels[:, None]).sum(axis=1)
    kept = purified(sample, new, k=3, kind="mode")
    assert np.array_equal(kept, own > 1), SEED
    assert 0 < kept.sum() < 150


@pytest.fixture(scope="module")
def theirs():
    return pytest.importorskip("imblearn.under_sampling")


@pytest.mark.parametrize("classes", [2, 3])
def test_tomek_links_are_those_of_imbalanced_learn(theirs, classes):
    sample = sampled(np.random.default_rng(classes), classes=classes)
    model = theirs.TomekLinks()
    model.fit_resample(sample.numbers, sample.labels)
    may = sample.labels != classes - 1  # the smallest is the last
    assert np.array_equal(np.flatnonzero(kept_by_tomek(sample, may)), np.sort(model.sample_indices_))


@pytest.mark.parametrize("kind", ["all", "mode"])
def test_edited_neighbours_are_those_of_imbalanced_learn(theirs, kind):
    sample = sampled(np.random.default_rng(0))
    model = theirs.EditedNearestNeighbours(kind_sel=kind)
    model.fit_resample(sample.numbers, sample.labels)
    kept = kept_by_neighbours(sample, sample.labels == 0, 3, kind)
    assert np.array_equal(np.flatnonzero(kept), np.sort(model.sample_indices_))


@pytest.mark.filterwarnings("ignore:The number of the samples to be selected")
@pytest.mark.parametrize("version", [1, 2, 3])
def test_near_miss_picks_those_of_imbalanced_learn(theirs, version):
    sample = sampled(np.random.default_rng(0))
    model = theirs.NearMiss(version=version)
    model.fit_resample(sample.numbers, sample.labels)
    few = int(sample.counts.min())
    kept = kept_by_near_miss(sample, np.array([few, few]), version, 3)
    assert np.array_equal(np.flatnonzero(kept), np.sort(model.sample_indices_))
