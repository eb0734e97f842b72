"""K-means SMOTE: new rows within clusters that are mostly of the class, more where it is sparse."""

from __future__ import annotations

import dataclasses
from typing import Annotated, Any

import numpy as np
import numpy.typing as npt
from pydantic import Field

from mintmark.method import method
from mintmark.resample._parents import Parents, apart, drawn_others, in_class, within
from mintmark.resample._resampler import Neighbours, Resampler
from mintmark.resample._sample import Sample

__all__ = ["KmeansSmote"]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
_BATCH, _STEPS = 1_024, 100  # rows of a step of the clustering, and least number of steps
_PAIRS = 32  # other rows of its cluster to which a row's mean distance is taken; exact up to 33 rows


@method
class KmeansSmote(Resampler):
    """SMOTE within clusters, away from noise and between small groups (Last, Douzas, Bacao 2017).

    All rows are clustered. Of clusters where the class has more than k rows, and more than `share` of all
    (one more of either counted, as in the paper: above 0.5 is an imbalance ratio below 1), each gets new
    rows by its sparsity: the mean distance between its rows of the class to the power `exponent`, by their
    number. The paper raises to the number of columns, which on wide tables puts nearly all rows into one
    cluster. Partners are of the same cluster. Where no cluster qualifies, partners are of the whole class,
    as in SMOTE. Columns of 64 or more categories do not count for clusters. Geometry: segment.
    """

    k: Neighbours = 5
    clusters: Annotated[int, Field(ge=1, description="clusters of all rows, at most one a row")] = 50
    share: Annotated[
        float, Field(ge=0, lt=1, description="share of the class above which a cluster gets new rows")
    ] = 0.5
    exponent: Annotated[
        float, Field(ge=0, description="power of the mean distance: how much more sparse clusters get")
    ] = 2.0

    def _parents(self, sample: Sample, label: int, rng: np.random.Generator) -> Parents:
        rows = sample.of_class(label)
        cluster = _clustered(sample, min(self.clusters, len(sample)), rng)
        size = np.bincount(cluster)
        own = np.bincount(cluster[rows], minlength=len(size))
        held = ((own + 1) / (size + 2) > self.share) & (own > self.k)  # two strays far apart are no cluster
        chosen = rows[held[cluster[rows]]]
        found = Parents.even(chosen, within(sample, chosen, cluster[chosen], self.k)).usable
        if not len(found.base):
            return Parents.even(rows, in_class(sample, rows, self.k))
        weight = _sparsity(sample, found.base, cluster[found.base], self.exponent, rng)
        return dataclasses.replace(found, weight=weight)


def _clustered(sample: Sample, clusters: int, rng: np.random.Generator) -> Ints:
    """For each row its cluster."""
    from sklearn.cluster import MiniBatchKMeans
    from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]  # ships no types

    points = sample.points(np.arange(len(sample))).flat
    batch = min(_BATCH, len(points))
    model: Any = MiniBatchKMeans(
        clusters,
        n_init=1,
        batch_size=batch,
        max_iter=-(-_STEPS * batch // len(points)),
        max_no_improvement=None,  # a fixed number of steps: what ends them early is a rounded sum
        random_state=int(rng.integers(2**31)),
    )
    with threadpool_limits(1):  # steps are so short that threads wait for one another most of the time
        return np.asarray(model.fit_predict(points), dtype=np.int64)


def _sparsity(sample: Sample, rows: Ints, cluster: Ints, exponent: float, rng: np.random.Generator) -> Floats:
    """Weight of each of these rows of one class: its cluster's sparsity by the cluster's rows."""
    distance = apart(sample, rows, drawn_others(sample, rows, cluster, _PAIRS, rng))
    known = np.isfinite(distance)
    count = np.bincount(cluster)
    total = np.bincount(cluster, np.where(known, distance, 0.0).sum(axis=1))
    mean = total / np.maximum(np.bincount(cluster, known.sum(axis=1)), 1)
    if not mean.any():
        return np.ones(len(rows))  # all rows of each cluster are equal
    with np.errstate(divide="ignore"):  # 0 to the power 0 is 1, and a high power would overflow
        power = exponent * np.log(mean) if exponent else np.zeros(len(mean))
    sparsity = np.exp(power - power.max()) / np.maximum(count, 1)
    weight: Floats = (sparsity / np.maximum(count, 1))[cluster]
    return weight
