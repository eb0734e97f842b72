"""Spectrum: a column without any power is as far as can be from one with power."""

from __future__ import annotations

import numpy as np
import pytest

import mintmark as mm
from mintmark.assess.fidelity.spectrum import _shares
from mintmark.stats.curves import half_sum
from sequence_populations import Population, parts, table


def test_no_power_is_1_apart_from_any_power_and_0_from_none():
    power = np.array([[0.0, 0, 0, 0, 1, 3], [2, 2, 0, 0, 0, 0]])  # two tables, two columns of three bands
    first, second = _shares(power, 3)
    assert half_sum(first - second, np.array([0, 4])).tolist() == [1, 1]
    assert second.tolist() == [0.5, 0.5, 0, 0, 0, 0, 0, 1]


def test_a_constant_column_scores_0():
    law = Population(5)
    train, holdout, fresh = (law.draw(40, first) for first in (0, 1000, 2000))
    key, step, numbers, state = parts(fresh)
    still = table(key, step, np.column_stack([numbers[:, 0] * 0, numbers[:, 1:]]), state)
    found = mm.assess(train=train, holdout=holdout, synthetic=still, metrics=["spectrum"], seed=0)
    columns = found["spectrum"].details["columns"]
    assert columns["flow"]["estimate"] == pytest.approx(0, abs=0.01)
    assert columns["heat"]["estimate"] > 0.8
