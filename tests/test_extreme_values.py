"""Numbers and dates at the ends of what can be held are scored, binned and written without warnings."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest

from mintmark.assess._labels import label
from mintmark.assess._pictures import _edges
from mintmark.assess.assess import assess
from mintmark.assess.fidelity.modes import Modes
from mintmark.data.dataset import Dataset
from mintmark.data.schema import Column, Schema
from mintmark.metric import Tables

INTEGER, NUMBER = (
    Column(name="x", kind="integer", dtype="int64"),
    Column(name="x", kind="number", dtype="double"),
)


def rng(seed=0):
    return np.random.Generator(np.random.Philox(seed))


def dataset(values, kind: str, dtype: str) -> Dataset:
    return Dataset(
        pa.table({"x": values, "y": rng(9).normal(size=len(values))}),
        Schema((Column(name="x", kind=kind, dtype=dtype), Column(name="y", kind="number", dtype="double"))),
    )


@pytest.mark.parametrize(
    ("low", "high", "column"),
    [
        (2.0**54, 2.0**54 + 2, INTEGER),
        (2.0**60, 2.0**60 + 1000, INTEGER),
        (2.0**54, 2.0**54, INTEGER),
        (-1.79e308, 1.79e308, NUMBER),
        (0.0, 1e-310, NUMBER),
        (5e-324, 1e-323, NUMBER),
        (0.3, np.nextafter(0.3, 1), NUMBER),
    ],
)
def test_bins_of_extreme_numbers_rise_and_hold_both_ends(low, high, column):
    edges, names = _edges(replace(column, low=low, high=high), np.array([low, high]))
    assert np.isfinite(edges).all()
    assert (edges[1:] > edges[:-1]).all()
    assert edges[0] <= low
    assert edges[-1] >= high
    assert len(names) == len(edges) - 1
    assert not any("nan" in name or "inf" in name for name in names)


def test_small_whole_numbers_keep_a_bin_each():
    assert _edges(replace(INTEGER, low=3, high=5), np.array([3.0, 5.0]))[1] == ["3", "4", "5"]


def test_an_assessment_of_large_whole_numbers_is_not_lost():
    data = [dataset(2**54 + (np.arange(300) + k) % 3, "integer", "int64") for k in range(3)]
    found = assess(train=data[0], synthetic=data[1], holdout=data[2], metrics=["column_shapes"], seed=0)
    assert found["column_shapes"].status == "ok"


def test_the_last_moment_there_is_has_a_name():
    column = Column(name="t", kind="datetime", dtype="timestamp[us]")
    assert label(float(dt.datetime.max.replace(tzinfo=dt.UTC).timestamp() * 1e6), column).startswith("9999")
    assert label(-1e18, column).startswith("0001")
    last = pa.array([dt.datetime.max] * 200 + [dt.datetime(2024, 5, 31)] * 200)
    data = dataset(last, "datetime", "timestamp[us]")
    (found,) = Modes().measure(Tables(data, data, None, data), rng())
    assert {"9999-12-31 23:59"} <= {group["value"] for group in found.details["groups"]}
