"""Numbers and dates at the ends of what can be held are scored, binned and written without warnings."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import ClassVar

import numpy as np
import pyarrow as pa
import pytest

from mintmark.assess._labels import label
from mintmark.assess._pictures import _edges
from mintmark.assess.assess import assess
from mintmark.assess.fidelity.modes import Modes
from mintmark.data.dataset import Dataset
from mintmark.data.schema import Column, Schema
from mintmark.method import method
from mintmark.metric import Family, Metric, Score, Tables
from mintmark.stats.neighbours import _interpolated

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


@pytest.mark.parametrize("unit", [1.79e308, 1e-310, 5e-323])
def test_extreme_numbers_are_scored_without_warnings(unit):
    # most near the two ends, whose difference is infinite
    values = [rng(k).choice([-1, 1], 300) * rng(k + 9).uniform(0.8, 1, 300) * unit for k in range(3)]
    data = [dataset(part, "number", "double") for part in values]
    found = assess(
        train=data[0], synthetic=data[1], holdout=data[2],
        metrics=["column_shapes", "energy", "pair_trends", "modes"], seed=0,
    )  # fmt: skip
    for score in found.scores:
        assert score.status == "ok" or score.metric == "modes"
        assert score.status != "ok" or np.isfinite(score.estimate)
    if unit != 5e-323:  # of so small a unit only tens are left
        plain = [dataset(part / unit, "number", "double") for part in values]
        same = assess(train=plain[0], synthetic=plain[1], holdout=plain[2], metrics=["column_shapes"], seed=0)
        both = [one["column_shapes"].details["columns"]["x"]["wasserstein"] for one in (found, same)]
        assert both[0] == pytest.approx(both[1], rel=1e-6)


@pytest.mark.parametrize("unit", [1.79e308, 1e-310])
def test_ranks_of_extreme_numbers_are_those_of_the_plain_ones(unit):
    known, values = np.unique(rng(1).uniform(-1, 1, 50)), np.array([-3.0, -1, -0.2, 0, 0.5, 1])
    values = np.concatenate([values[1:], known])
    positions = (np.arange(50) + 0.5) / 50
    assert _interpolated(values * unit, known * unit, positions) == pytest.approx(
        np.interp(values, known, positions), abs=1e-6
    )
    uneven = np.array([1e-320, 2e-320, 1.0])  # the slope between the first two is infinite
    assert _interpolated(uneven, uneven, np.array([0.1, 0.5, 0.9])).tolist() == [0.1, 0.5, 0.9]


def test_a_figure_that_is_no_number_is_not_run():
    @method
    class Odd(Metric):
        """Two scores, one of which is no number."""

        family: ClassVar[Family] = "fidelity"

        def _measure(self, tables, rng):
            return [
                Score(metric=name, family="fidelity", estimate=value, interval=(0.0, 1.0))
                for name, value in (("a", np.nan), ("b", 0.5))
            ]

    data = dataset(np.arange(3.0), "number", "double")
    odd, plain = Odd().measure(Tables(data, data, None, data), rng())
    assert (odd.status, odd.estimate, odd.interval) == ("not run", None, None)
    assert odd.reason
    assert (plain.status, plain.estimate) == ("ok", 0.5)


def test_the_last_moment_there_is_has_a_name():
    column = Column(name="t", kind="datetime", dtype="timestamp[us]")
    assert label(float(dt.datetime.max.replace(tzinfo=dt.UTC).timestamp() * 1e6), column).startswith("9999")
    assert label(-1e18, column).startswith("0001")
    last = pa.array([dt.datetime.max] * 200 + [dt.datetime(2024, 5, 31)] * 200)
    data = dataset(last, "datetime", "timestamp[us]")
    (found,) = Modes().measure(Tables(data, data, None, data), rng())
    assert {"9999-12-31 23:59"} <= {group["value"] for group in found.details["groups"]}
