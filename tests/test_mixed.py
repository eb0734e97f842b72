"""Codes and scores of tables, and back."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import kstest

import mintmark as mm
from mintmark.data.encode import decode, encode
from mintmark.data.protect import FEWEST, protect
from mintmark.data.schema import Column, Schema
from mintmark.latent import _mixed


def back_and_forth(values, column, seed=0):
    schema = Schema((column,))
    arrays = {column.name: values}
    learnt = _mixed.learn_mixed(arrays, schema)
    codes, scores = _mixed.to_rows(arrays, learnt, schema, np.random.default_rng(seed), len(values))
    return codes, scores, learnt, _mixed.from_rows(codes, scores, learnt, schema)[column.name]


def number(values, **more):
    known = values[~np.isnan(values)]
    low, high = (known.min(), known.max()) if len(known) else (None, None)
    return Column(name="x", kind="number", dtype="double", low=low, high=high, **more)


@settings(max_examples=60)
@given(
    st.lists(st.sampled_from([np.nan, -5.0, 0.0, 1.0, 2.0, 7.0, 40.0]), min_size=1, max_size=12),
    st.integers(FEWEST, 40),
)
def test_values_that_many_rows_hold_come_back_exactly(values, times):
    values = np.repeat(np.array(values), times)
    *_, made = back_and_forth(values, number(values))
    np.testing.assert_array_equal(made, values)


@settings(max_examples=60)
@given(st.integers(0, 10_000), st.integers(30, 400), st.sampled_from(["normal", "wide", "whole", "mixed"]))
def test_other_numbers_come_back_near_and_within_bounds(seed, n, sort):
    rng = np.random.default_rng(seed)
    normal = rng.normal(size=n)
    gaps = np.where(rng.random(n) < 0.2, np.nan, normal)
    values = {
        "normal": normal,
        "wide": np.exp(4 * normal),
        "whole": np.round(30 * normal),
        "mixed": np.where(rng.random(n) < 0.3, 0.0, gaps),
    }[sort]
    column = number(values)
    _, scores, _, made = back_and_forth(values, column)
    np.testing.assert_array_equal(np.isnan(made), np.isnan(values))
    known = ~np.isnan(values)
    assert made[known].min() >= column.low
    assert made[known].max() <= column.high
    ordered = np.sort(values[known])
    at = np.searchsorted(ordered, made[known])
    far = [np.abs(at - np.searchsorted(ordered, values[known], side=side)) for side in ("left", "right")]
    assert np.minimum(*far).max() <= max(2 * FEWEST, known.sum() // 4)
    assert np.isfinite(scores[~np.isnan(scores)]).all()


def test_scores_of_the_rest_are_normal_also_where_values_repeat():
    rng = np.random.default_rng(0)
    values = np.round(rng.exponential(8, 20_000))
    column = Column(name="x", kind="integer", dtype="int64", low=0, high=80)
    _, scores, learnt, _ = back_and_forth(values, column)
    rest = scores[~np.isnan(scores)]
    assert kstest(rest, "norm").pvalue > 1e-3
    frequent = {v for v in np.unique(values) if (values == v).mean() >= _mixed._FREQUENT}
    assert frequent <= set(learnt["0/modes"])


def test_the_score_counts_where_its_code_says_so():
    rng = np.random.default_rng(0)
    values = np.where(rng.random(500) < 0.4, 0.0, rng.normal(5, 1, 500))
    schema = Schema((number(values),))
    learnt = _mixed.learn_mixed({"x": values}, schema)
    layout = _mixed.layout_of(learnt, schema)
    assert (layout.sizes, layout.scored, layout.gates) == ([2], [0], [(0, 1)])
    codes, scores = _mixed.to_rows({"x": values}, learnt, schema, rng, len(values))
    assert (np.isnan(scores[:, 0]) == (codes[:, 0] != 1)).all()


def test_spikes_among_the_few_rows_beside_a_large_one_are_modes():
    rng = np.random.default_rng(0)
    few = np.where(rng.random(400) < 0.3, 7_688.0, np.round(rng.uniform(100, 9_000, 400)))
    values = np.concatenate([np.zeros(4_600), few])
    _, _, learnt, _ = back_and_forth(values, number(values))
    assert learnt["0/modes"].tolist() == [0.0, 7_688.0]


def test_few_numbers_beside_modes_become_the_nearest_of_them():
    values = np.array([0.0] * 50 + [10.0] * 50 + [9.0, 8.0, 1.0])
    *_, made = back_and_forth(values, number(values))
    assert made[-3:].tolist() == [10.0, 10.0, 0.0]


def test_no_knot_is_the_value_of_one_row():
    values = np.random.default_rng(0).normal(size=400)
    learnt = _mixed.learn_mixed({"x": values}, Schema((number(values),)))
    inner = learnt["0/value"][2:-2]
    assert not np.isin(inner, values).any()


def test_very_many_categories_are_two_digits():
    words = tuple(f"k{i:04d}" for i in range(3_000))
    column = Column(name="x", kind="category", dtype="string", categories=words)
    values = np.arange(3_000).repeat(2)
    codes, _, learnt, made = back_and_forth(values, column)
    assert _mixed.layout_of(learnt, Schema((column,))).sizes == [55, 55]
    assert (made == values).all()
    assert codes.max() == 54


def test_categories_and_gaps_that_never_occur_have_no_code():
    column = Column(name="x", kind="category", dtype="string", categories=("a", "b", "c"))
    _, _, learnt, _ = back_and_forth(np.array([0, 2, 2, 0]), column)
    assert learnt["0/codes"].tolist() == [1, 3]


def test_a_column_without_any_value_stays_so():
    values = np.full(30, np.nan)
    codes, scores, _, made = back_and_forth(values, number(values))
    assert codes.shape[1] == scores.shape[1] == 0
    assert np.isnan(made).all()


@pytest.mark.parametrize("seed", range(2))
def test_a_table_of_every_kind_comes_back(seed):
    from mintmark.testing.hard_tables import ordinary

    rng = np.random.default_rng(seed)
    data = protect(ordinary(), rng)
    schema = data.schema.select([c.name for c in data.schema if c.is_numeric or c.is_discrete])
    arrays = encode(data.table, schema)
    learnt = _mixed.learn_mixed(arrays, schema)
    codes, scores = _mixed.to_rows(arrays, learnt, schema, rng, len(data))
    made = decode(_mixed.from_rows(codes, scores, learnt, schema), schema)
    for column in schema:
        if column.is_discrete:
            assert made[column.name].to_pylist() == data.table[column.name].to_pylist()
        assert made[column.name].null_count == data.table[column.name].null_count
    assert mm.read(made).names == schema.names
