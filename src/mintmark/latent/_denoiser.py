"""Diffusion of vectors: a net that takes noise away, its loss, and rows from noise in few steps.

Karras, Aittala, Aila, Laine (2022), "Elucidating the design space of diffusion-based generative models",
arXiv 2206.00364: the scaling of what goes in and out, the levels of noise, and Heun's method (algorithm 1).
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

__all__ = ["Denoiser", "drawn", "losses"]

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float32]
_LEAST, _MOST, _CURVE = 0.002, 80.0, 7.0
_CENTRE, _WIDTH = -1.2, 1.2
"""Of the logarithm of the level of noise that it learns at."""
_WAVES = 16


class Denoiser(nn.Module):
    """Residual layers that know the level of the noise; vectors have the standard deviation 1.

    Parameters
    ----------
    size : int
        Numbers of a vector.
    hidden, layers : int
    """

    def __init__(self, size: int, hidden: int, layers: int) -> None:
        super().__init__()
        self.waves: Tensor
        self.register_buffer("waves", 2.0 ** torch.linspace(-2, 4, _WAVES), persistent=False)
        self.read = nn.Linear(size, hidden)
        self.level = nn.Sequential(nn.Linear(2 * _WAVES, hidden), nn.SiLU(), nn.Linear(hidden, hidden))
        self.think = nn.ModuleList(nn.Linear(hidden, hidden) for _ in range(layers))
        self.norms = nn.ModuleList(nn.LayerNorm(hidden) for _ in range(layers))
        self.tell = nn.Linear(hidden, size)

    def forward(self, noisy: Tensor, level: Tensor) -> Tensor:
        """What the vectors were without noise of this level, shapes (n, size) and (n, 1)."""
        scale = (level**2 + 1).rsqrt()
        at = level.log() / 4 * self.waves
        told = self.level(torch.cat([at.sin(), at.cos()], dim=1))
        hidden = self.read(noisy * scale) + told
        for layer, norm in zip(self.think, self.norms, strict=True):
            hidden = hidden + nn.functional.silu(layer(norm(hidden) + told))
        made: Tensor = noisy * scale**2 + self.tell(hidden) * level * scale
        return made


def losses(
    network: Denoiser, vectors: Callable[[Ints, torch.Generator], Tensor]
) -> Callable[[Ints, torch.Generator], Tensor]:
    """The loss of a batch: how far from the vectors it ends, at levels drawn by chance."""

    def loss(some: Ints, generator: torch.Generator) -> Tensor:
        clean = vectors(some, generator)
        draw = torch.randn((len(clean), 1), generator=generator).to(clean.device)
        level = (_CENTRE + _WIDTH * draw).exp()
        noise = torch.randn(clean.shape, generator=generator).to(clean.device)
        weight = (level**2 + 1) / level**2
        off = network(clean + level * noise, level) - clean
        mean: Tensor = (weight * off**2).mean()
        return mean

    return loss


def drawn(network: Denoiser, noise: Floats, steps: int) -> Floats:
    """Vectors from standard normal noise, shape (n, size), by Heun's method in so many steps."""
    at = torch.arange(steps) / max(1, steps - 1)
    ends = _MOST ** (1 / _CURVE), _LEAST ** (1 / _CURVE)
    levels = torch.cat([(ends[0] + at * (ends[1] - ends[0])) ** _CURVE, torch.zeros(1)])
    now = torch.from_numpy(noise) * levels[0]
    with torch.no_grad():
        for level, after in pairwise(levels):
            slope = (now - network(now, level.expand(len(now), 1))) / level
            ahead = now + (after - level) * slope
            if after > 0:
                second = (ahead - network(ahead, after.expand(len(now), 1))) / after
                ahead = now + (after - level) * (slope + second) / 2
            now = ahead
    return now.numpy()
