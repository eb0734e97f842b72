"""How much likelier real rows are than made ones, by a classifier, and rows kept in that proportion.

Azadi, Olsson, Darrell, Goodfellow, Odena (2019), "Discriminator rejection sampling", arXiv 1810.06758; with a
classifier of its own, stopped by rows kept apart, since a critic's scores are no probabilities (Grover et al.
2019, "Bias correction of learned generative models", arXiv 1906.09531).
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from mintmark.nn.record import Training
from mintmark.nn.training import seeded, train

__all__ = ["Ratio", "kept", "learn_ratio"]

Ints = npt.NDArray[np.int64]
_BATCH, _RATE, _WATCHED, _PATIENCE = 512, 1e-3, 0.15, 4
_STEPS = 1_500


class Ratio(nn.Module):
    """The logarithm of the ratio, shape (n,), of rows as numbers."""

    def __init__(self, width: int, hidden: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Linear(width, hidden), nn.SiLU(), nn.Dropout(0.2), nn.Linear(hidden, hidden), nn.SiLU(),
            nn.Dropout(0.2), nn.Linear(hidden, 1),
        )  # fmt: skip

    def forward(self, rows: Tensor) -> Tensor:
        told: Tensor = self.layers(rows)[:, 0]
        return told


def learn_ratio(real: Tensor, made: Tensor, hidden: int, rng: np.random.Generator) -> tuple[Ratio, Training]:
    """Tell real rows from as many made ones; the net whose answers about unseen rows were best."""
    rows = torch.cat([real, made])
    labels = torch.cat([torch.ones(len(real)), torch.zeros(len(made))])
    with seeded(rng):
        network = Ratio(rows.shape[1], hidden)

    def loss(some: Ints, draws: torch.Generator) -> Tensor:
        at = torch.from_numpy(some)
        return nn.functional.binary_cross_entropy_with_logits(network(rows[at]), labels[at])

    steps = max(1, -(-len(rows) // _BATCH))
    done = train(
        network, loss, len(rows), rng, epochs=max(2, _STEPS // steps), batch=_BATCH, rate=_RATE,
        label="telling real rows from made ones", watch=_WATCHED, patience=_PATIENCE,
    )  # fmt: skip
    return network, done


def kept(ratios: Tensor, ceiling: float, draws: torch.Generator) -> npt.NDArray[np.bool_]:
    """Which rows stay: as often as their ratio, up to a ceiling in logarithms."""
    chance = (ratios - ceiling).clamp_max(0.0).exp()
    stay: npt.NDArray[np.bool_] = (torch.rand(len(ratios), generator=draws) < chance).numpy()
    return stay
