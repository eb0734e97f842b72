"""A small U-Net for diffusion, its noise schedule, and sampling."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable

import torch
from torch import Tensor, nn

__all__ = ["UNet", "levels_of", "noised", "sampled", "velocity"]

_HEADS = 4
_NORMS = 8  # groups of a group norm
_OFFSET = 0.008  # of the cosine schedule, as in its paper
_ENDS = (0.001, 0.995)  # times between which pictures are made from noise
Velocity = Callable[[Tensor, Tensor], Tensor]
"""The velocity of noised images at times, shape (n,)."""


def levels_of(height: int, width: int) -> tuple[int, int]:
    """Pixels a side that are taken together at first, and halvings after that."""
    side = max(height, width)
    patch = 1 if side < 20 else 2 if side < 56 else 4
    return patch, max(1, round(math.log2(side / patch / 8)))


def _angle(times: Tensor) -> Tensor:
    """Share of the picture and of the noise at a time from 0 to 1: cosine and sine of this angle.

    Nichol, Dhariwal (2021), "Improved denoising diffusion probabilistic models", equation 17.
    """
    return (times + _OFFSET) / (1 + _OFFSET) * (math.pi / 2)


def noised(images: Tensor, noise: Tensor, times: Tensor) -> Tensor:
    """Images at times from 0 (the image) to 1 (noise), shape (n,)."""
    angle = _angle(times)[:, None, None, None]
    return angle.cos() * images + angle.sin() * noise


def velocity(images: Tensor, noise: Tensor, times: Tensor) -> Tensor:
    """What the network is asked for: Salimans, Ho (2022), "Progressive distillation", section 4, v."""
    angle = _angle(times)[:, None, None, None]
    return angle.cos() * noise - angle.sin() * images


def sampled(noise: Tensor, steps: int, predict: Velocity) -> Tensor:
    """Images of noise, by deterministic steps (Song, Meng, Ermon 2021, DDIM, equation 12 with sigma 0).

    Images between are kept inside -1 to 1, as all pictures are.
    """
    low, high = _ENDS
    times = torch.linspace(high, low, steps + 1)
    held = noise
    for now, then in itertools.pairwise(times):
        angle = _angle(now)
        told = predict(held, now.expand(len(held)))
        images = (angle.cos() * held - angle.sin() * told).clamp(-1, 1)
        rest = (held - angle.cos() * images) / angle.sin()
        held = _angle(then).cos() * images + _angle(then).sin() * rest
    return images


class Block(nn.Module):
    """Two convolutions around a shortcut, told the time and the class (He 2016; Ho, Jain, Abbeel 2020)."""

    def __init__(self, before: int, after: int, told: int) -> None:
        super().__init__()
        self.first = nn.Sequential(nn.GroupNorm(_NORMS, before), nn.SiLU(), nn.Conv2d(before, after, 3, 1, 1))
        self.told = nn.Linear(told, 2 * after)
        self.norm = nn.GroupNorm(_NORMS, after)
        self.second = nn.Conv2d(after, after, 3, 1, 1)
        self.skip = nn.Conv2d(before, after, 1) if before != after else nn.Identity()
        nn.init.zeros_(self.second.weight)
        nn.init.zeros_(self.second.bias)  # type: ignore[arg-type]  # a convolution has a bias by default

    def forward(self, images: Tensor, told: Tensor) -> Tensor:
        gain, shift = self.told(told)[:, :, None, None].chunk(2, dim=1)
        held = self.norm(self.first(images)) * (1 + gain) + shift
        made: Tensor = self.skip(images) + self.second(nn.functional.silu(held))
        return made


class Attention(nn.Module):
    """Each place reads from all others (Vaswani et al. 2017)."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.norm = nn.GroupNorm(_NORMS, width)
        self.read = nn.Conv2d(width, 3 * width, 1)
        self.write = nn.Conv2d(width, width, 1)
        nn.init.zeros_(self.write.weight)

    def forward(self, images: Tensor) -> Tensor:
        n, width, height, across = images.shape
        read = self.read(self.norm(images)).view(n, 3, _HEADS, width // _HEADS, height * across)
        query, key, value = read.transpose(3, 4).unbind(1)  # (n, heads, places, width / heads)
        held = nn.functional.scaled_dot_product_attention(query, key, value)
        made: Tensor = images + self.write(held.transpose(2, 3).reshape(n, width, height, across))
        return made


class UNet(nn.Module):
    """Velocity of noised images.

    Parameters
    ----------
    channels : int
    patch : int
        Pixels a side that become channels before the first convolution: a quarter of the work for 2.
    halvings : int
    filters : int
        A multiple of 8; twice as many below the first level.
    classes : int
        Label ``classes`` is that of no class told.
    """

    def __init__(self, channels: int, patch: int, halvings: int, filters: int, classes: int) -> None:
        super().__init__()
        self.patch, self.filters, self.classes = patch, filters, classes
        told = 2 * filters
        self.time = nn.Sequential(nn.Linear(filters, told), nn.SiLU(), nn.Linear(told, told))
        self.label = nn.Embedding(classes + 1, told)
        wide = [filters, *[2 * filters] * halvings]
        self.first = nn.Conv2d(channels * patch**2, filters, 3, 1, 1)
        self.down, self.narrow = nn.ModuleList(), nn.ModuleList()
        for before, after in itertools.pairwise(wide):
            self.down.append(Block(before, before, told))
            self.narrow.append(nn.Conv2d(before, after, 3, 2, 1))
        self.middle = nn.ModuleList([Block(wide[-1], wide[-1], told), Block(wide[-1], wide[-1], told)])
        self.attend = Attention(wide[-1])
        self.up, self.widen = nn.ModuleList(), nn.ModuleList()
        for after, before in zip(wide[-2::-1], wide[:0:-1], strict=True):
            self.widen.append(nn.ConvTranspose2d(before, after, 4, 2, 1))
            self.up.append(Block(2 * after, after, told))
        self.last = nn.Sequential(
            nn.GroupNorm(_NORMS, filters), nn.SiLU(), nn.Conv2d(filters, channels * patch**2, 3, 1, 1)
        )

    def forward(self, images: Tensor, times: Tensor, labels: Tensor) -> Tensor:
        told = nn.functional.silu(self.time(_waves(times, self.filters)) + self.label(labels))
        held = self.first(nn.functional.pixel_unshuffle(images, self.patch))
        passed = []
        for block, halve in zip(self.down, self.narrow, strict=True):
            held = block(held, told)
            passed.append(held)
            held = halve(held)
        held = self.middle[1](self.attend(self.middle[0](held, told)), told)
        for double, block in zip(self.widen, self.up, strict=True):
            held = block(torch.cat([double(held), passed.pop()], dim=1), told)
        made: Tensor = nn.functional.pixel_shuffle(self.last(held), self.patch)
        return made


def _waves(times: Tensor, width: int) -> Tensor:
    """Sines and cosines of a time, shape (n, width)."""
    pace = torch.exp(torch.linspace(0, math.log(1000), width // 2, device=times.device))
    angles = times[:, None] * pace[None, :]
    return torch.cat([angles.sin(), angles.cos()], dim=1)
