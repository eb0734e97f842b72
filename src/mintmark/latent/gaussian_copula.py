"""Gaussian copula: each column's own distribution, tied by the correlations of normal scores.

Nelsen (2006), "An Introduction to Copulas", for the model; Patki, Wedge, Veeramachaneni (2016),
"The Synthetic Data Vault", for its use on tables of mixed columns; Schäfer, Strimmer (2005), Stat.
Appl. Genet. Mol. Biol. 4(1), for the shrinkage towards no correlation.
"""

from __future__ import annotations

from typing import Any, ClassVar, Literal

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from mintmark.data.dataset import Dataset
from mintmark.data.encode import decode, encode
from mintmark.data.schema import Column, Schema
from mintmark.latent._marginal import invert, learn_law
from mintmark.method import method
from mintmark.progress import track
from mintmark.synthesizer import Learnt, Synthesizer

__all__ = ["GaussianCopula"]

Floats = npt.NDArray[np.float64]

_STRONGEST = 0.9999
_SMALLEST_EIGENVALUE = 1e-6


@method
class GaussianCopula(Synthesizer):
    """Tie the columns by one correlation matrix of normal scores.

    Quick, smooth, and holds aggregates only: columns come out as they are one by one, monotone
    relations of pairs well, everything of higher order not. Categories take part in the order of
    their mean target (without a target, of their frequency); whether a number is missing is a
    dimension of its own.
    """

    holds: ClassVar[Literal["rows", "values", "aggregates"]] = "aggregates"

    def _learn(self, data: Dataset, rng: np.random.Generator) -> Learnt:
        arrays = encode(data.table, data.schema)
        towards = _towards(arrays, data.schema)
        learnt: dict[str, Any] = {"schema": data.schema.to_json()}
        scores, gaps = [], []
        for j, column in enumerate(track(data.schema.columns, "fitting columns")):
            values = arrays[column.name]
            if column.is_discrete:
                learnt[f"{j}/order"] = _order(values, column, towards)
                values = _placed(values, learnt[f"{j}/order"])
                learnt |= _law_with_missing(values, j)
                scores.append(_normal_scores(values.astype(float)))
            else:
                learnt |= learn_law(values, column, j)
                scores.append(_normal_scores(values))
                if 0 < learnt[f"{j}/missing"][0] < 1:
                    gaps.append(j)
        scores += [_normal_scores(np.isnan(arrays[data.schema.names[j]]).astype(float)) for j in gaps]
        root = _root(_correlations(np.stack(scores, axis=1)), len(data))
        return learnt | {"gaps": gaps, "root": root}

    def _draw(self, n: int, learnt: Learnt, rng: np.random.Generator) -> pa.Table:
        from scipy.special import ndtr

        schema = Schema.from_json(learnt["schema"])
        u = ndtr(rng.standard_normal((n, len(learnt["root"]))) @ learnt["root"].T)  # (n, dimensions)
        drawn: dict[str, Any] = {}
        for j, column in enumerate(schema):
            if column.is_discrete:
                place = invert(u[:, j], learnt, j)
                drawn[column.name] = learnt[f"{j}/order"][place.astype(np.int64)]
            else:
                drawn[column.name] = invert(u[:, j], learnt, j)
        for dimension, j in enumerate(learnt["gaps"], start=len(schema)):
            gone = u[:, dimension] >= 1 - learnt[f"{j}/missing"][0]
            drawn[schema.names[j]] = np.where(gone, np.nan, drawn[schema.names[j]])
        return decode(drawn, schema)


def _towards(arrays: dict[str, Any], schema: Schema) -> Floats | None:
    """What categories are ordered by: the target's normal scores, 0 where it is missing."""
    if schema.target is None:
        return None
    values = arrays[schema.target]
    if schema[schema.target].is_discrete:
        counts = np.bincount(values + 1, minlength=2)
        rank = np.argsort(np.argsort(-counts, kind="stable"), kind="stable")
        values = rank[values + 1]
    scores = _normal_scores(values.astype(float))
    return np.where(np.isnan(scores), 0.0, scores)


def _order(codes: npt.NDArray[Any], column: Column, towards: Floats | None) -> npt.NDArray[np.int32]:
    """Codes, -1 for missing among them, from lowest to highest."""
    size = len(column.categories or ()) + 1
    counts = np.bincount(codes + 1, minlength=size)
    if towards is None:
        key = -counts.astype(float)
    else:
        key = np.bincount(codes + 1, weights=towards, minlength=size) / (counts + 1)
    return (np.argsort(key, kind="stable") - 1).astype(np.int32)


def _placed(codes: npt.NDArray[Any], order: npt.NDArray[np.int32]) -> npt.NDArray[np.int64]:
    place = np.empty(len(order), dtype=np.int64)
    place[order + 1] = np.arange(len(order))
    return np.asarray(place[codes + 1])


def _law_with_missing(places: npt.NDArray[np.int64], j: int) -> dict[str, npt.NDArray[Any]]:
    """Cumulative shares of the places of an order."""
    return {f"{j}/probability": np.cumsum(np.bincount(places)) / len(places)}


def _normal_scores(values: Floats) -> Floats:
    """Mean normal score of each value's ties, NaN where missing."""
    from scipy.special import ndtri

    known = ~np.isnan(values)
    _, place, counts = np.unique(values[known], return_inverse=True, return_counts=True)
    scores = np.full(len(values), np.nan)
    if len(counts):
        # mean of a normal variable over the stretch of probabilities that a value takes up
        edge = np.concatenate([[0.0], np.cumsum(counts) / counts.sum()])
        z = ndtri(edge)
        density = np.exp(-0.5 * np.where(np.isfinite(z), z, np.inf) ** 2) / np.sqrt(2 * np.pi)
        scores[known] = (-np.diff(density) / np.diff(edge))[place]
    return scores


def _correlations(scores: Floats) -> Floats:
    """Correlations of the latent normals, from rows where both are known, shape (p, p).

    A tied column's mean scores vary less than the normal behind them. To first order in r the
    covariance of two such columns is r times both variances, at r = 1 at most the geometric mean
    of these: r is taken from the cubic through both.
    """
    known = ~np.isnan(scores)
    z = np.where(known, scores, 0.0)
    both = np.maximum(known.T.astype(float) @ known, 1.0)
    covariance = z.T @ z / both
    variance = np.maximum(np.diag(covariance), 1e-12)
    linear = np.outer(variance, variance)
    cubic = np.sqrt(linear) - np.minimum(linear, np.sqrt(linear))
    low, high = np.full_like(linear, -1.0), np.ones_like(linear)
    for _ in range(30):  # bisection of a rising cubic: 2^-30
        r = (low + high) / 2
        above = linear * r + cubic * r**3 > covariance
        low, high = np.where(above, low, r), np.where(above, r, high)
    r = np.clip((low + high) / 2, -_STRONGEST, _STRONGEST)
    r[np.outer(variance < 1e-9, np.ones(len(r), dtype=bool)) | (variance < 1e-9)] = 0.0
    np.fill_diagonal(r, 1.0)
    return r


def _root(r: Floats, n: int) -> Floats:
    """A root of the nearest proper correlation matrix after shrinkage, shape (p, p)."""
    off = r - np.eye(len(r))
    noise = np.sum((1 - off**2) ** 2) - len(r)
    share = min(1.0, noise / max(1, n - 1) / max(np.sum(off**2), 1e-12)) if len(r) > 1 else 0.0
    value, vector = np.linalg.eigh((1 - share) * off + np.eye(len(r)))
    root = vector * np.sqrt(np.maximum(value, _SMALLEST_EIGENVALUE))
    return np.asarray(root / np.sqrt(np.sum(root**2, axis=1, keepdims=True)))
