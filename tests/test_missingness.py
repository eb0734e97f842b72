"""Missingness: what its intervals hold is the mean score of samples of these sizes, as it says."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from mintmark.assess.fidelity.missingness import Missingness
from mintmark.data.dataset import Dataset
from mintmark.data.schema import Column, Schema
from mintmark.metric import Tables


def gaps(seed, n):
    draw = np.random.Generator(np.random.Philox(seed))
    columns = {f"x{i}": pa.array(draw.normal(size=n), mask=draw.random(n) < 0.1 * (i + 1)) for i in range(4)}
    return Dataset(
        pa.table(columns), Schema(tuple(Column(name=n, kind="number", dtype="double") for n in columns))
    )


def test_intervals_hold_the_mean_score_of_samples_of_these_sizes():
    found: dict[str, list] = {}
    for k in range(40):
        fresh = gaps(2 * k + 1, 300)
        for score in Missingness().measure(Tables(gaps(2 * k, 600), fresh, None, fresh), None):
            found.setdefault(score.metric, []).append(score)
    assert set(found) == {"missingness", "missingness.worst", "missingness.pattern"}
    for scores in found.values():
        mean = np.mean([score.estimate for score in scores])
        assert mean < 0.99  # 1 is what noise keeps them from
        assert np.mean([score.interval[0] <= mean <= score.interval[1] for score in scores]) >= 0.9
        assert all("the mean score of samples of these sizes" in score.estimand for score in scores)
