"""Networks of the GAN of tables, its conditions, and a step of its training.

Xu, Skoularidou, Cuesta-Infante, Veeramachaneni (2019), "Modeling tabular data using conditional GAN", arXiv
1907.00503, for the conditional vector and training by sampling; Gulrajani et al. (2017), "Improved training
of Wasserstein GANs", arXiv 1704.00028, for the penalty on the gradient; Lin, Khetan, Fanti, Oh (2018),
"PacGAN", arXiv 1712.04086, for a critic of several rows at once; Jang, Gu, Poole (2017), "Categorical
reparameterization with Gumbel-softmax", arXiv 1611.01144, for categories that let a gradient through.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from mintmark.latent._mixed import Layout

__all__ = ["Conditions", "Critic", "Generator", "as_rows", "asked_for", "penalty", "picked", "vector_of"]

Array = npt.NDArray[np.generic]
_WARMTH = 0.3
"""Of the Gumbel-softmax: lower is closer to single categories, and noisier to learn from."""


class Generator(nn.Module):
    """Logits of every value of every code, and scores, of noise and a condition.

    Parameters
    ----------
    layout : Layout
    noise, hidden : int
        Numbers a row is made from, and units of a layer.
    """

    def __init__(self, layout: Layout, noise: int, hidden: int) -> None:
        super().__init__()
        self.layout, self.noise, self.width = layout, noise, sum(layout.sizes)
        self.first = nn.Linear(noise + self.width, hidden)
        self.norms = nn.ModuleList(nn.LayerNorm(hidden) for _ in range(3))
        self.layers = nn.ModuleList(nn.Linear(hidden, hidden) for _ in range(2))
        self.last = nn.Linear(hidden, self.width + len(layout.scored))

    def forward(self, noise: Tensor, asked: Tensor) -> tuple[Tensor, Tensor]:
        """Shapes (n, values) and (n, scores)."""
        held = self.norms[0](self.first(torch.cat([noise, asked], dim=1))).relu()
        for layer, norm in zip(self.layers, list(self.norms)[1:], strict=True):
            held = held + norm(layer(held)).relu()
        told = self.last(held)
        return told[:, : self.width], told[:, self.width :]


class Critic(nn.Module):
    """How real several rows look together."""

    def __init__(self, width: int, together: int, hidden: int) -> None:
        super().__init__()
        self.together = together
        self.layers = nn.Sequential(
            nn.Linear(width * together, hidden), nn.LeakyReLU(0.2),
            nn.Linear(hidden, hidden), nn.LeakyReLU(0.2), nn.Linear(hidden, 1),
        )  # fmt: skip

    def forward(self, packs: Tensor) -> Tensor:
        """Scores of packs, shape (packs, 1)."""
        told: Tensor = self.layers(packs)
        return told

    def packed(self, rows: Tensor) -> Tensor:
        """Rows side by side, as many as it judges together."""
        return rows.reshape(len(rows) // self.together, -1)


class Conditions:
    """Which value of which code a made row shall have, and real rows that have it.

    Parameters
    ----------
    codes : array of int, shape (n, codes)
    sizes : sequence of int
    """

    def __init__(self, codes: Array, sizes: Sequence[int]) -> None:
        self.rows, self.count, self.width = len(codes), len(sizes), int(sum(sizes))
        self.edges = torch.from_numpy(np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64))
        counts = [np.bincount(codes[:, t].astype(np.int64), minlength=size) for t, size in enumerate(sizes)]
        self.held = torch.from_numpy(np.concatenate([*counts, np.empty(0)]))
        self.before = torch.from_numpy(np.concatenate([*(np.cumsum(c) - c for c in counts), np.empty(0)]))
        order = [np.argsort(codes[:, t], kind="stable").astype(np.int32) for t in range(self.count)]
        self.order = torch.from_numpy(np.stack(order) if order else np.empty((0, self.rows), dtype=np.int32))
        self.evenly = self._passed([np.sqrt(c) for c in counts])
        self.often = self._passed([c.astype(np.float64) for c in counts])

    @staticmethod
    def _passed(weights: list[npt.NDArray[np.float64]]) -> Tensor:
        """For code t its values' shares, added up from t to t + 1."""
        parts = [t + np.cumsum(w) / w.sum() for t, w in enumerate(weights)]
        return torch.from_numpy(np.concatenate([*parts, np.empty(0)]))

    def drawn(self, n: int, draws: torch.Generator) -> tuple[Tensor, Tensor]:
        """A code for each of n rows, and the place of its value among the values of all codes."""
        return _places(self.evenly, self.edges, n, draws)

    def met(self, code: Tensor, place: Tensor, draws: torch.Generator) -> Tensor:
        """A real row for each condition, all that meet it alike likely."""
        chance = torch.rand(len(place), generator=draws, dtype=torch.float64)
        if not self.count:
            return (chance * self.rows).long()
        at = self.before[place] + (chance * self.held[place]).floor()
        return self.order[code, at.long()].long()


def asked_for(passed: Tensor, sizes: Sequence[int], n: int, draws: torch.Generator) -> Tensor:
    """Conditional vectors of n rows, values as often as `passed` has them, shape (n, values)."""
    edges = torch.from_numpy(np.cumsum([0, *sizes]).astype(np.int64))
    return vector_of(_places(passed, edges, n, draws)[1], int(edges[-1]))


def _places(passed: Tensor, edges: Tensor, n: int, draws: torch.Generator) -> tuple[Tensor, Tensor]:
    if len(edges) < 2:
        return torch.zeros(n, dtype=torch.int64), torch.zeros(n, dtype=torch.int64)
    code = torch.randint(len(edges) - 1, (n,), generator=draws)
    at = code + torch.rand(n, generator=draws, dtype=torch.float64)
    place = torch.searchsorted(passed, at, right=True)
    return code, torch.minimum(place, edges[code + 1] - 1)


def vector_of(place: Tensor, width: int) -> Tensor:
    """The conditional vector: 1 at the place, shape (n, width)."""
    vector = torch.zeros((len(place), width))
    return vector.scatter_(1, place[:, None], 1.0) if width else vector


def as_rows(codes: Tensor, scores: Tensor, layout: Layout, often: Tensor | None = None) -> Tensor:
    """Real rows as the critic sees them: 1 at each code's value, scores 0 where they do not count.

    Where a code is -1, unknown, its values have their shares in `often`, shape (values,).
    """
    offsets = torch.from_numpy(np.cumsum([0, *layout.sizes])[:-1].astype(np.int64))
    values = torch.zeros((len(codes), sum(layout.sizes)))
    values.scatter_(1, codes.clamp_min(0) + offsets, 1.0)
    if often is not None:
        unknown = (codes < 0).repeat_interleave(torch.tensor(layout.sizes, dtype=torch.int64), dim=1)
        values = torch.where(unknown, often, values)
    return torch.cat([values, torch.nan_to_num(scores)], dim=1)


def picked(logits: Tensor, scores: Tensor, layout: Layout, draws: torch.Generator) -> Tensor:
    """Made rows as the critic sees them: one value of each code, drawn, the gradient that of soft ones."""
    noise = -torch.log(torch.empty_like(logits).exponential_(generator=draws).clamp_min(1e-20))
    warm = torch.split((logits + noise) / _WARMTH, layout.sizes, dim=1) if layout.sizes else ()
    parts = []
    for some in warm:
        soft = some.softmax(dim=1)
        hard = torch.zeros_like(soft).scatter_(1, soft.argmax(dim=1, keepdim=True), 1.0)
        parts.append(hard + soft - soft.detach())
    gates = [
        parts[code][:, value : value + 1] if code >= 0 else torch.ones(len(scores), 1)
        for code, value in layout.gates
    ]
    counted = scores * torch.cat(gates, dim=1) if gates else scores
    return torch.cat([*parts, counted], dim=1)


def penalty(critic: Critic, real: Tensor, made: Tensor, draws: torch.Generator) -> Tensor:
    """How far the critic's slope is from 1 between real and made packs (Gulrajani et al. 2017)."""
    part = torch.rand((len(real), 1), generator=draws)
    between = (part * real + (1 - part) * made).requires_grad_(True)
    slope = torch.autograd.grad(critic(between).sum(), between, create_graph=True)[0]
    off: Tensor = ((slope.norm(dim=1) - 1) ** 2).mean()
    return off
