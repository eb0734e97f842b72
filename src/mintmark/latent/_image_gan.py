"""Networks of the image GAN, and what both sides see of an image."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn.utils.parametrizations import spectral_norm

__all__ = ["Discriminator", "Generator", "augmented", "settle"]

_MOST = 2  # doublings of the filters
_SHIFT = 8  # an eighth of a side, as in the paper on augmentation


class ClassNorm(nn.Module):
    """A batch norm whose gain and shift are those of a class (Dumoulin, Shlens, Kudlur 2017)."""

    def __init__(self, width: int, classes: int) -> None:
        super().__init__()
        self.norm = nn.BatchNorm2d(width, affine=False)
        self.gain, self.shift = nn.Embedding(classes, width), nn.Embedding(classes, width)
        nn.init.ones_(self.gain.weight)
        nn.init.zeros_(self.shift.weight)

    def forward(self, images: Tensor, labels: Tensor) -> Tensor:
        gain, shift = (part(labels)[:, :, None, None] for part in (self.gain, self.shift))
        made: Tensor = self.norm(images) * gain + shift
        return made


class Generator(nn.Module):
    """Pixels from -1 to 1, of noise and a class."""

    def __init__(
        self, channels: int, height: int, width: int, halvings: int, filters: int, noise: int, classes: int
    ) -> None:
        super().__init__()
        wide = _wide(filters, halvings)[::-1]
        self.inner = (wide[0], height >> halvings, width >> halvings)
        self.noise, self.classes = noise, classes
        self.first = nn.Linear(noise + classes, math.prod(self.inner))
        self.up = nn.ModuleList(
            nn.ConvTranspose2d(before, after, 4, 2, 1, bias=False)
            for before, after in itertools.pairwise(wide)
        )
        self.more = nn.Conv2d(wide[-1], wide[-1], 3, 1, 1, bias=False)
        self.norms = nn.ModuleList(ClassNorm(each, classes) for each in [*wide, wide[-1]])
        self.last = nn.ConvTranspose2d(wide[-1], channels, 4, 2, 1)
        for layer in (self.first, self.last, self.more, *self.up):
            nn.init.orthogonal_(layer.weight)

    def forward(self, noise: Tensor, labels: Tensor) -> Tensor:
        told = nn.functional.one_hot(labels, self.classes).to(noise.dtype)
        held = self.first(torch.cat([noise, told], dim=1)).unflatten(1, self.inner)
        held = self.norms[0](held, labels).relu()
        for layer, norm in zip([*self.up, self.more], list(self.norms)[1:], strict=True):
            held = norm(layer(held), labels).relu()
        images: Tensor = self.last(held).tanh()
        return images


class Discriminator(nn.Module):
    """How real an image of a class looks: spectral norms and a projection of the class.

    Miyato, Kataoka, Koyama, Yoshida (2018), "Spectral normalization for generative adversarial networks";
    Miyato, Koyama (2018), "cGANs with projection discriminator", figure 1 d. Beside it a classifier, so
    that classes part early (Odena, Olah, Shlens 2017, AC-GAN).
    """

    def __init__(self, channels: int, halvings: int, filters: int, classes: int) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        before = channels
        for after in _wide(filters, halvings):
            layers += [spectral_norm(nn.Conv2d(before, after, 4, 2, 1)), nn.LeakyReLU(0.1)]
            before = after
        layers += [spectral_norm(nn.Conv2d(before, before, 3, 1, 1)), nn.LeakyReLU(0.1)]
        self.layers = nn.Sequential(*layers)
        self.any = spectral_norm(nn.Linear(before, 1))
        self.own = spectral_norm(nn.Embedding(classes, before))
        self.told = nn.Linear(before, classes)

    def forward(self, images: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
        """Scores, shape (n,), and how surprising the labels are, a mean in nats."""
        fields = self.layers(images)
        held = fields.sum(dim=(2, 3))
        scores = self.any(held)[:, 0] + (self.own(labels) * held).sum(dim=1)
        return scores, nn.functional.cross_entropy(self.told(fields.mean(dim=(2, 3))), labels)


def augmented(images: Tensor, generator: torch.Generator) -> Tensor:
    """Images at another brightness and contrast, moved by up to an eighth: of real and made ones alike.

    Zhao, Liu, Lin, Zhu, Han (2020), "Differentiable augmentation for data-efficient GAN training"; what the
    discriminator sees is changed and never what is made, so that no change leaks into new images.
    """
    n, _, height, width = images.shape

    def drawn(low: float, high: float) -> Tensor:
        share = torch.rand((n, 1, 1, 1), generator=generator).to(images.device)
        return share * (high - low) + low

    images = images + drawn(-0.25, 0.25)
    mean = images.mean(dim=(1, 2, 3), keepdim=True)
    images = (images - mean) * drawn(0.75, 1.25) + mean
    most = max(1, max(height, width) // _SHIFT)
    down, right = (torch.randint(0, 2 * most + 1, (n, 1), generator=generator) for _ in range(2))
    rows, columns = down + torch.arange(height), right + torch.arange(width)
    held = nn.functional.pad(images, (most, most, most, most), mode="replicate")
    moved = held[torch.arange(n)[:, None, None], :, rows[:, :, None], columns[:, None, :]]
    return moved.permute(0, 3, 1, 2)


def settle(network: nn.Module, forward: Callable[[], object], times: int = 8) -> None:
    """Measure the batch norms of averaged weights, whose sums are others than those of any one step."""
    norms = [part for part in network.modules() if isinstance(part, nn.BatchNorm2d)]
    network.train()
    for norm in norms:
        norm.reset_running_stats()
        norm.momentum = None  # the plain mean of what comes
    with torch.no_grad():
        for _ in range(times):
            forward()
    network.eval()


def _wide(filters: int, halvings: int) -> list[int]:
    return [filters * 2 ** min(k, _MOST) for k in range(halvings)]
