"""Diffusion of codes and scores: a net that takes noise away from rows, its loss, and rows from noise.

Karras, Aittala, Aila, Laine (2022), arXiv 2206.00364, for the levels of noise and the scaling of what goes
in and out; Dieleman et al. (2022), "Continuous diffusion for categorical data", arXiv 2211.15089, for codes
as noisy vectors whose values are told by probabilities; Lu et al. (2022), "DPM-Solver++", arXiv 2211.01095,
for a step of second order that asks the net once.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from mintmark.latent._mixed import Layout

__all__ = ["Denoiser", "drawn", "losses"]

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
_LEAST, _MOST, _CURVE = 0.01, 60.0, 7.0
_CENTRE, _WIDTH = -0.2, 1.3
"""Of the logarithm of the level of noise that it learns at."""
_WAVES = 16
_LENGTH = 2.0
"""Of the vector of a value: codes are then told apart at levels of noise at which scores are not yet."""
_NEVER = 1e-6
_AGAIN = 2


class Denoiser(nn.Module):
    """Residual layers that know the level of the noise.

    What a code's own noisy vector says of its value is added by Bayes' rule and not learnt, and scores are
    what a normal law makes of them: before any training rows have the law of independent columns.

    Parameters
    ----------
    layout : Layout
    embedding : int
        Numbers of a value's vector.
    hidden, layers : int
    """

    def __init__(self, layout: Layout, embedding: int, hidden: int, layers: int) -> None:
        super().__init__()
        self.sizes, self.scores = layout.sizes, len(layout.scored)
        self.vectors: Tensor
        self.prior: Tensor
        self.waves: Tensor
        self.register_buffer("vectors", _vectors(layout.sizes, embedding))
        self.register_buffer("prior", torch.zeros(sum(layout.sizes)))
        self.register_buffer("waves", 2.0 ** torch.linspace(-2, 4, _WAVES), persistent=False)
        self.embedding, self.coded = embedding, len(layout.sizes) * embedding
        self.read = nn.Linear(2 * self.coded + self.scores, hidden)
        self.level = nn.Sequential(nn.Linear(2 * _WAVES, hidden), nn.SiLU(), nn.Linear(hidden, hidden))
        self.think = nn.ModuleList(nn.Linear(hidden, hidden) for _ in range(layers))
        self.norms = nn.ModuleList(nn.LayerNorm(hidden) for _ in range(layers))
        self.tell = nn.Linear(hidden, sum(layout.sizes) + self.scores)
        nn.init.zeros_(self.tell.weight)
        nn.init.zeros_(self.tell.bias)

    def start(self, codes: Ints) -> None:
        """Begin with how often each value occurs."""
        shares = [np.bincount(codes[:, t], minlength=s) / len(codes) for t, s in enumerate(self.sizes)]
        prior = np.log(np.maximum(np.concatenate([*shares, np.empty(0)]), _NEVER))
        self.prior.copy_(torch.from_numpy(prior).float())

    def clean(self, codes: Tensor, scores: Tensor) -> Tensor:
        """Rows as vectors, shape (n, numbers)."""
        tables = torch.split(self.vectors, self.sizes) if self.sizes else ()
        return torch.cat([*(table[codes[:, t]] for t, table in enumerate(tables)), scores], dim=1)

    def forward(self, noisy: Tensor, level: Tensor) -> tuple[list[Tensor], Tensor]:
        """Logits of each code's values, and scores in units of `_out`; levels of shape (n, 1) or (1, 1)."""
        own = self._own(noisy, level)
        scale = (level**2 + 1).rsqrt()
        tables = torch.split(self.vectors, self.sizes) if self.sizes else ()
        guessed = [some.softmax(dim=1) @ table for some, table in zip(own, tables, strict=True)]
        at = level.log() / 4 * self.waves
        told = self.level(torch.cat([at.sin(), at.cos()], dim=1))
        hidden = self.read(torch.cat([noisy * scale, *guessed], dim=1)) + told
        for layer, norm in zip(self.think, self.norms, strict=True):
            hidden = hidden + nn.functional.silu(layer(norm(hidden) + told))
        made = torch.split(self.tell(hidden), [*self.sizes, self.scores], dim=1)
        return [some + more for some, more in zip(own, made[:-1], strict=True)], made[-1]

    def _own(self, noisy: Tensor, level: Tensor) -> list[Tensor]:
        """What each code's own vector, and how often values occur, say of its value."""
        tables = torch.split(self.vectors, self.sizes) if self.sizes else ()
        priors = torch.split(self.prior, self.sizes) if self.sizes else ()
        return [
            noisy[:, t * self.embedding : (t + 1) * self.embedding] @ tables[t].T / level**2 + priors[t]
            for t in range(len(self.sizes))
        ]

    def cleaned(self, noisy: Tensor, level: Tensor) -> Tensor:
        """What the vectors were without noise of this level, on average."""
        logits, said = self(noisy, level)
        tables = torch.split(self.vectors, self.sizes) if self.sizes else ()
        codes = [some.softmax(dim=1) @ table for some, table in zip(logits, tables, strict=True)]
        scores = noisy[:, self.coded :] / (level**2 + 1) + said * _out(level)
        return torch.cat([*codes, scores], dim=1)


def _out(level: Tensor) -> Tensor:
    return level * (level**2 + 1).rsqrt()


def _vectors(sizes: list[int], embedding: int) -> Tensor:
    """A vector of each value, all of one length; at right angles where there are few."""
    parts = [torch.empty((0, embedding))]
    for size in sizes:
        some = torch.randn(size, embedding)
        if size <= embedding:
            some = torch.linalg.qr(some.T)[0].T
        parts.append(_LENGTH * nn.functional.normalize(some, dim=1))
    return torch.cat(parts)


def losses(
    network: Denoiser, codes: Ints, scores: Floats
) -> Callable[[nn.Module, Ints, torch.Generator], Tensor]:  # fmt: skip
    """The loss of a batch: how unlikely the codes are found, and how far scores end, at levels drawn.

    A score that does not count is another normal number each time, and not asked for.
    """
    rows, numbers = torch.from_numpy(codes), torch.from_numpy(scores.astype(np.float32))

    def loss(net: nn.Module, some: Ints, draws: torch.Generator) -> Tensor:
        at = torch.from_numpy(some)
        own, wanted = rows[at], numbers[at]
        counts = ~wanted.isnan()
        wanted = torch.where(counts, wanted, torch.randn(wanted.shape, generator=draws))
        level = _levels(len(some), draws)
        clean = network.clean(own, wanted)
        noisy = clean + level * torch.randn(clean.shape, generator=draws)
        logits, said = net(noisy, level)
        each = [nn.functional.cross_entropy(of_code, own[:, t]) for t, of_code in enumerate(logits)]
        total = torch.stack(each).sum() if each else torch.zeros(())
        target = (wanted - noisy[:, network.coded :] / (level**2 + 1)) / _out(level)
        off = torch.where(counts, said - target, 0.0) ** 2
        value: Tensor = total + off.sum() / len(some)
        return value

    return loss


def _levels(n: int, draws: torch.Generator) -> Tensor:
    """Levels of noise spread evenly over their law, so that batches differ less."""
    part = (torch.randperm(n, generator=draws) + torch.rand(n, generator=draws)) / n
    normal: Tensor = torch.special.ndtri(part.clamp(1e-4, 1 - 1e-4))
    return (_CENTRE + _WIDTH * normal).exp()[:, None]


def drawn(
    network: Denoiser, n: int, steps: int, draws: torch.Generator,
    known: tuple[Ints, Floats] | None = None,
) -> tuple[Ints, Floats]:  # fmt: skip
    """Codes and scores of n rows, from noise in so many steps.

    Parameters
    ----------
    known : pair of arrays, shapes (n, codes) and (n, scores), optional
        What rows shall hold, -1 and NaN where anything: inpainting, that is, at each level these numbers are
        the known ones with noise of that level, and the others are drawn towards what makes the known ones
        likely (Ho et al. 2022, "Video diffusion models", arXiv 2204.03458, section 3.1, with the likelihood
        of codes as the net tells it); each level is gone through `_AGAIN` times (Lugmayr et al. 2022,
        "RePaint", arXiv 2201.09865). Rows then have the conditional law nearly.
    """
    at = torch.arange(steps + 1) / steps
    ends = _MOST ** (1 / _CURVE), _LEAST ** (1 / _CURVE)
    levels = (ends[0] + at * (ends[1] - ends[0])) ** _CURVE
    wide = (n, network.coded + network.scores)
    now = torch.randn(wide, generator=draws) * (levels[0] ** 2 + 1).sqrt()
    held = None if known is None else _held(network, *known)
    before: Tensor | None = None
    last = 0.0
    for level, after in pairwise(levels):
        for again in range(1 if held is None else _AGAIN):
            if again:  # back up to this level
                now = now + (level**2 - after**2).sqrt() * torch.randn(wide, generator=draws)
                before = None
            if held is None or known is None:
                clean = network.cleaned(now, level.view(1, 1))
            else:
                now = torch.where(held[1], held[0] + level * torch.randn(wide, generator=draws), now)
                clean = _drawn_towards(network, now, level.view(1, 1), *known)
            step = float(torch.log(level / after))
            ahead = clean if before is None else clean + (clean - before) * step / (2 * last)
            now = after / level * now + (1 - after / level) * ahead
            before, last = clean, step
    logits, _ = network(now, levels[-1].view(1, 1))
    codes = np.empty((n, len(logits)), dtype=np.int64)
    for t, some in enumerate(logits):
        codes[:, t] = some.argmax(dim=1).numpy()
    scores = network.cleaned(now, levels[-1].view(1, 1))[:, network.coded :].numpy().astype(np.float64)
    if known is not None:
        codes = np.where(known[0] >= 0, known[0], codes)
        scores = np.where(np.isnan(known[1]), scores, known[1])
    return codes, scores


def _drawn_towards(network: Denoiser, noisy: Tensor, level: Tensor, codes: Ints, scores: Floats) -> Tensor:
    """What the vectors were without noise, given that they are those of rows with these codes and scores."""
    own, wanted = torch.from_numpy(codes), torch.from_numpy(scores).float()
    with torch.enable_grad():
        moved = noisy.clone().requires_grad_(True)
        logits, said = network(moved, level)
        likely = torch.zeros(())
        for t, some in enumerate(logits):
            asked = nn.functional.cross_entropy(some, own[:, t].clamp_min(0), reduction="none")
            likely = likely - (asked * (own[:, t] >= 0)).sum()
        means = moved[:, network.coded :] / (level**2 + 1) + said * _out(level)
        off = torch.where(wanted.isnan(), 0.0, torch.nan_to_num(wanted) - means)
        likely = likely - (off**2).sum() / (2 * _out(level) ** 2).squeeze()
        slope = torch.autograd.grad(likely, moved)[0]
    return network.cleaned(noisy, level) + level**2 * slope


def _held(network: Denoiser, codes: Ints, scores: Floats) -> tuple[Tensor, Tensor]:
    """Numbers of the rows without noise, and which of them are known."""
    clean = network.clean(
        torch.from_numpy(np.maximum(codes, 0)), torch.from_numpy(np.nan_to_num(scores)).float()
    )
    each = np.repeat(codes >= 0, network.embedding, axis=1)
    return clean, torch.from_numpy(np.concatenate([each, ~np.isnan(scores)], axis=1))
