"""Distinctness: categories that train does not know, and as many rows on both sides."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from mintmark.assess.assess import assess
from mintmark.data.dataset import Dataset
from mintmark.data.schema import Column, Schema


def rng(seed=0):
    return np.random.Generator(np.random.Philox(seed))


def dataset(columns: dict) -> Dataset:
    table = pa.table(columns)
    kinds = {"double": "number", "int64": "integer", "string": "category"}
    return Dataset(
        table,
        Schema(tuple(Column(name=f.name, kind=kinds[str(f.type)], dtype=str(f.type)) for f in table.schema)),
    )


def distinctness(train, synthetic, holdout=None):
    found = assess(train=train, synthetic=synthetic, holdout=holdout, metrics=["distinctness"], seed=0)
    return found["distinctness"]


def words(first: int, n: int) -> Dataset:
    return dataset({"c": [f"w{i}" for i in range(first, first + n)]})


def test_categories_unknown_to_train_are_told_apart():
    assert distinctness(words(0, 300), words(300, 300)).estimate == 1
    unseen = dataset({"c": pa.array(["u", "v", None, "u", "w0", "w1"])})
    found = distinctness(dataset({"c": ["w0", "w1"] * 20}), unseen)
    assert found.estimate == pytest.approx(5 / 6)
    assert distinctness(words(0, 300), words(300, 300), words(600, 300)).ceiling == 1


def test_without_a_holdout_no_more_rows_are_compared_than_train_has():
    draw = rng(1)
    train, fresh = (dataset({"x": draw.integers(4000, size=n)}) for n in (1000, 8000))
    found = distinctness(train, fresh)
    assert found.n == 1000
    share = 4 * (1 - (1 - 1 / 4000) ** 1000)  # distinct of 1,000 draws among 4,000 values
    assert found.estimate == pytest.approx(share, abs=0.03)
    assert found.ceiling == pytest.approx(share, abs=0.03)
