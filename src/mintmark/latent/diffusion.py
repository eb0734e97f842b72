"""Diffusion of the codes of an autoencoder of tables."""

from __future__ import annotations

from typing import Annotated, Any

import numpy as np
import numpy.typing as npt
from pydantic import Field

from mintmark.latent._coded_rows import CodedRows
from mintmark.method import method
from mintmark.synthesizer import Learnt

__all__ = ["Diffusion"]

Floats = npt.NDArray[np.float64]
_NET = "denoiser/"
_LAYERS = 3
_BATCH, _RATE, _EPOCHS, _STEPS = 512, 2e-3, 60, (1_500, 6_000)


@method
class Diffusion(CodedRows):
    """Latent diffusion of mixed columns (TabSyn: Zhang et al. 2024, arXiv 2310.09656).

    An autoencoder brings a row to a code in which all columns are numbers; a net learns to take noise away
    from codes (Karras et al. 2022) and makes new ones of noise alone; the decoder brings them back.
    Conditions are met by drawing again.
    """

    denoising: Annotated[
        int, Field(ge=2, le=200, description="steps from noise to a code: more are slower")
    ] = 20

    def _law_of(self, mean: Floats, spread: Floats, rng: np.random.Generator) -> dict[str, Any]:
        import torch

        from mintmark.latent._denoiser import Denoiser, losses
        from mintmark.nn.training import arrays_of, device_of, seeded, train

        centre = mean.mean(axis=0)
        unit = np.sqrt(mean.var(axis=0) + (spread**2).mean(axis=0))
        device = device_of()
        means = torch.from_numpy(((mean - centre) / unit).astype(np.float32)).to(device)
        spreads = torch.from_numpy((spread / unit).astype(np.float32)).to(device)

        def vectors(some: npt.NDArray[np.int64], generator: torch.Generator) -> torch.Tensor:
            rows = torch.from_numpy(some).to(device)
            return means[rows] + spreads[rows] * torch.randn(
                (len(some), means.shape[1]), generator=generator
            ).to(device)

        with seeded(rng):
            network = Denoiser(self.code, self.hidden, _LAYERS).to(device)
        steps = -(-len(mean) // _BATCH)
        epochs = self.epochs or max(1, round(float(np.clip(_EPOCHS * steps, *_STEPS)) / steps))
        done = train(
            network, losses(network, vectors), len(mean), rng, epochs=epochs, batch=_BATCH, rate=_RATE,
            label="training a denoiser",
        )  # fmt: skip
        return {**arrays_of(network, _NET), "centre": centre, "unit": unit, "denoiser": done.losses}

    def _codes(self, n: int, learnt: Learnt, rng: np.random.Generator) -> Floats:
        from mintmark.latent._denoiser import Denoiser, drawn
        from mintmark.nn.training import load_arrays, one_thread

        network = Denoiser(self.code, self.hidden, _LAYERS)
        load_arrays(network, learnt, _NET)
        noise = rng.standard_normal((n, self.code), dtype=np.float32)
        with one_thread():
            made = drawn(network, noise, self.denoising)
        return np.asarray(made * learnt["unit"] + learnt["centre"], dtype=np.float64)
