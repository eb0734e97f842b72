"""A variational autoencoder of tables, its codes drawn from a mixture fitted afterwards."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from pydantic import Field

from mintmark.data.dataset import Dataset
from mintmark.data.encode import decode, encode
from mintmark.data.schema import Schema
from mintmark.latent._mixture import drawn_codes, learn_mixture
from mintmark.latent._need import need_torch, warn_of_few
from mintmark.latent._tokens import from_tokens, laid_out, learn_tokens
from mintmark.method import method
from mintmark.progress import warn
from mintmark.synthesizer import Learnt, Synthesizer

if TYPE_CHECKING:
    from mintmark.nn.record import Training

__all__ = ["Vae"]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
_DECODER = "decoder/"
_BATCH, _RATE, _WATCHED, _PATIENCE = 256, 1e-3, 0.1, 10
_EPOCHS, _STEPS = 30, (2_000, 8_000)
_EMBEDDING = 16
_ROWS = 20_000  # that the mixture is fitted to
_COLLAPSED = 0.5
"""Share of the codes' variance that the means must hold, at the least for one number of a code."""


@method
class Vae(Synthesizer):
    """Variational autoencoder of mixed columns (Kingma, Welling 2014; for tables Xu et al. 2019, TVAE).

    Every cell is a category, numbers by their bin, so that a column may have any shape; the decoder says how
    likely each is. Between codes of rows there are holes which a standard normal prior falls into: a mixture
    of up to 50 Gaussians is fitted to the codes afterwards and drawn from (Ghosh et al. 2020).

    Conditions are met by drawing again.
    """

    holds: ClassVar[Literal["rows", "values", "aggregates"]] = "values"
    derives: ClassVar[bool] = True

    epochs: Annotated[
        int | None,
        Field(ge=1, description="passes over the rows; by default about 30, fewer where there are many"),
    ] = None
    code: Annotated[int, Field(ge=2, le=512, description="numbers of a code")] = 32
    hidden: Annotated[int, Field(ge=8, le=2048, description="units of a layer")] = 256
    divergence: Annotated[
        float, Field(gt=0, le=10, description="weight of the codes' distance from a standard normal")
    ] = 0.2

    # -- the contract --------------------------------------------------------------------------

    def _learn(self, data: Dataset, rng: np.random.Generator) -> Learnt:
        need_torch()
        warn_of_few(len(data))
        from mintmark.nn.record import failures_told

        learnt, tokens = learn_tokens(encode(data.table, data.schema), data.schema)
        with failures_told(
            "vae", "Drop columns of extreme numbers, or give fewer epochs.",
            f"Give a hidden below {self.hidden:,}, or fewer columns.",
        ):  # fmt: skip
            weights, done, mean, spread = self._coded(tokens, learnt["sizes"], data.schema, rng)
        law = _law_of(mean, spread, rng)
        share = mean.var(axis=0) / (mean.var(axis=0) + (spread**2).mean(axis=0))
        if share.max() < _COLLAPSED:
            warn(
                f"the codes say next to nothing of the rows (posterior collapse: at most {share.max():.0%} "
                f"of their variance). Give a divergence below {self.divergence:g}, or add rows.",
                stacklevel=3,
            )
        return {**learnt, **weights, **law, "schema": data.schema.to_json(), "training": [done.record()]}

    def _coded(
        self, tokens: Ints, sizes: npt.NDArray[Any], schema: Schema, rng: np.random.Generator
    ) -> tuple[dict[str, Any], Training, Floats, Floats]:
        """Train the autoencoder; its decoder, how it went, and mean and spread of each row's code."""
        import torch

        from mintmark.latent._table_vae import TableVae, losses
        from mintmark.nn.training import applied, arrays_of, device_of, seeded, train

        layout, device = laid_out(sizes), device_of()
        with seeded(rng):
            network = TableVae([t.size for t in layout], self.code, self.hidden, _EMBEDDING).to(device)
            network.start(tokens, [schema.columns[t.column].is_numeric for t in layout])
        steps = math.ceil((1 - _WATCHED) * len(tokens) / _BATCH)
        epochs = self.epochs or max(1, round(float(np.clip(_EPOCHS * steps, *_STEPS)) / steps))
        done = train(
            network, losses(network, tokens, self.divergence, device), len(tokens), rng, epochs=epochs,
            batch=_BATCH, rate=_RATE, label="training an autoencoder", watch=_WATCHED, patience=_PATIENCE,
        )  # fmt: skip
        codes = applied(lambda rows: torch.cat(network.encode(rows), dim=1), [tokens], device)
        mean, log_variance = np.split(codes.astype(np.float64), 2, axis=1)
        return arrays_of(network.decoder, _DECODER), done, mean, np.exp(0.5 * log_variance)

    def _draw(self, n: int, learnt: Learnt, rng: np.random.Generator) -> pa.Table:
        need_torch()
        import torch

        from mintmark.latent._column_nets import drawn
        from mintmark.latent._table_vae import Decoder
        from mintmark.nn.training import load_arrays, one_thread

        schema = Schema.from_json(learnt["schema"])
        network = Decoder([token.size for token in laid_out(learnt["sizes"])], self.code, self.hidden)
        load_arrays(network, learnt, _DECODER)
        codes = drawn_codes(np.zeros(n, dtype=np.int64), learnt, rng)
        with torch.no_grad(), one_thread():
            told = network(torch.from_numpy(codes.astype(np.float32)))
            tokens = np.stack([drawn(logits.softmax(dim=1), rng) for logits in told], axis=1)
        return decode(from_tokens(tokens, learnt, schema, {}, rng), schema)


def _law_of(mean: Floats, spread: Floats, rng: np.random.Generator) -> dict[str, npt.NDArray[Any]]:
    """What codes are drawn from, given mean and spread of the code of each row, shape (n, code)."""
    rows = rng.permutation(len(mean))[:_ROWS]
    alike = np.zeros(len(rows), dtype=np.int64)
    return learn_mixture(mean[rows], spread[rows], alike, rng, most=50, each=20, rounds=15)
