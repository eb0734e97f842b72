"""A variational autoencoder of tables, its codes drawn from a mixture fitted afterwards."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import numpy.typing as npt

from mintmark.latent._coded_rows import CodedRows
from mintmark.method import method
from mintmark.synthesizer import Learnt

__all__ = ["Vae"]

Floats = npt.NDArray[np.float64]
_COMPONENTS, _ROWS_EACH = 50, 20
_ROWS, _ROUNDS, _FLOOR = 20_000, 15, 1e-4


@method
class Vae(CodedRows):
    """Variational autoencoder of mixed columns (Kingma, Welling 2014; for tables Xu et al. 2019, TVAE).

    Every cell is a category, numbers by their bin, so that a column may have any shape; the decoder says how
    likely each is. Between codes of rows there are holes which a standard normal prior falls into: a mixture
    of up to 50 Gaussians is fitted to the codes afterwards and drawn from (Ghosh et al. 2020).

    Quicker than `diffusion` and less close; conditions are met by drawing again.
    """

    def _law_of(self, mean: Floats, spread: Floats, rng: np.random.Generator) -> dict[str, Any]:
        from sklearn.mixture import GaussianMixture
        from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]  # ships no types

        rows = rng.permutation(len(mean))[:_ROWS]
        codes = mean[rows] + spread[rows] * rng.standard_normal((len(rows), mean.shape[1]))
        many = int(np.clip(len(rows) // (_ROWS_EACH * mean.shape[1]), 1, _COMPONENTS))
        model = GaussianMixture(
            many, max_iter=_ROUNDS, reg_covar=_FLOOR, random_state=int(rng.integers(2**31))
        )
        with warnings.catch_warnings(), threadpool_limits(1):
            warnings.simplefilter("ignore")  # a mixture that has not settled is as good
            model.fit(codes)
        return {
            "share": model.weights_, "centre": model.means_, "root": np.linalg.cholesky(model.covariances_),
        }  # fmt: skip

    def _codes(self, n: int, learnt: Learnt, rng: np.random.Generator) -> Floats:
        centre, root = learnt["centre"], learnt["root"]
        own = rng.choice(len(centre), n, p=learnt["share"] / learnt["share"].sum())
        noise = rng.standard_normal((n, centre.shape[1]))
        out = np.empty_like(noise)
        for k in range(len(centre)):
            rows = np.flatnonzero(own == k)
            out[rows] = centre[k] + noise[rows] @ root[k].T
        return out
