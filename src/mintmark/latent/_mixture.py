"""Mixtures of Gaussians of an autoencoder's codes, fitted afterwards and drawn from in place of its prior.

Ghosh, Sajjadi, Vergari, Black, Schölkopf (2020), "From variational to deterministic autoencoders", ICLR,
section 4: codes are what they are, and not what the prior wished.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

__all__ = ["drawn_codes", "learn_mixture"]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
_FLOOR = 1e-3  # added to the variances
_FEW = 40_000  # numbers of a class's codes; of fewer, more are drawn


def learn_mixture(
    mean: Floats, spread: Floats, labels: Ints, rng: np.random.Generator, *, most: int, each: int, rounds: int
) -> dict[str, npt.NDArray[Any]]:
    """For each class a mixture of its codes.

    Parameters
    ----------
    mean, spread : array, shape (n, code)
    labels : array of int, shape (n,)
    most : int
        Gaussians of a class; fewer where it has fewer than `each` rows for each of their numbers.
    rounds : int
        Of expectation and maximisation at the most.
    """
    from sklearn.mixture import GaussianMixture
    from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]  # ships no types

    parts = []
    for label in np.unique(labels):
        rows = np.flatnonzero(labels == label)
        many = int(np.clip(len(rows) // (each * mean.shape[1]), 1, most))
        if len(rows) * mean.shape[1] < _FEW:  # several draws of each
            rows = np.repeat(rows, 4)
        codes = mean[rows] + spread[rows] * rng.standard_normal((len(rows), mean.shape[1]))
        seed = int(rng.integers(2**31))
        model = GaussianMixture(
            many, reg_covar=_FLOOR, init_params="k-means++", max_iter=rounds, random_state=seed
        )
        with warnings.catch_warnings(), threadpool_limits(1):  # sums over threads are taken in any order
            warnings.simplefilter("ignore")  # a mixture that has not settled is as good
            model.fit(codes)
        roots = np.linalg.cholesky(model.covariances_)
        parts.append((np.full(many, label), model.weights_, model.means_, roots))
    names = ("owner", "share", "centre", "root")
    return {name: np.concatenate(some) for name, some in zip(names, zip(*parts, strict=True), strict=True)}


def drawn_codes(labels: Ints, learnt: Mapping[str, Any], rng: np.random.Generator) -> Floats:
    """A code of each label, shape (n, code)."""
    centre, root = learnt["centre"], learnt["root"]
    pick, codes = rng.random(len(labels)), rng.standard_normal((len(labels), centre.shape[1]))
    for label in np.unique(labels):
        rows, own = np.flatnonzero(labels == label), np.flatnonzero(learnt["owner"] == label)
        passed = np.cumsum(learnt["share"][own])
        at = np.minimum(np.searchsorted(passed, pick[rows] * passed[-1], side="right"), len(own) - 1)
        for k in np.unique(at):
            some = rows[at == k]
            codes[some] = centre[own[k]] + codes[some] @ root[own[k]].T
    return codes
