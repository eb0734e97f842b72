"""Networks of the image VAE, and its loss."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

__all__ = ["Decoder", "Vae", "objective"]

_MOST = 2  # doublings of the filters
_FREE = 0.1  # nats of each number of a code that cost nothing (Kingma et al. 2016, free bits)
_LEAST_ERROR = 1e-3


class Encoder(nn.Module):
    """Means and logarithms of variances of codes, from pixels from -1 to 1."""

    def __init__(
        self, channels: int, height: int, width: int, halvings: int, filters: int, code: int
    ) -> None:
        super().__init__()
        layers: list[nn.Module] = [nn.Conv2d(channels, filters, 3, 1, 1), nn.SiLU()]
        before = filters
        for after in _wide(filters, halvings):
            layers += [nn.Conv2d(before, after, 4, 2, 1, bias=False), nn.BatchNorm2d(after), nn.SiLU()]
            before = after
        inner = before * (height >> halvings) * (width >> halvings)
        self.layers = nn.Sequential(*layers, nn.Flatten(), nn.Linear(inner, 2 * code))

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor]:
        mean, log_variance = self.layers(images).chunk(2, dim=1)
        return mean, log_variance.clamp(-10, 4)


class Decoder(nn.Module):
    """Pixels from -1 to 1, of a code and its class."""

    def __init__(
        self, channels: int, height: int, width: int, halvings: int, filters: int, code: int, classes: int
    ) -> None:
        super().__init__()
        wide = _wide(filters, halvings)
        inner = (wide[-1], height >> halvings, width >> halvings)
        self.classes = classes
        self.first = nn.Sequential(
            nn.Linear(code + classes, math.prod(inner)),
            nn.Unflatten(1, inner),
            nn.BatchNorm2d(inner[0]),
            nn.SiLU(),
        )
        layers: list[nn.Module] = []
        before = inner[0]
        for after in [*wide[-2::-1], filters]:
            layers += [nn.ConvTranspose2d(before, after, 4, 2, 1, bias=False), nn.BatchNorm2d(after)]
            layers += [nn.SiLU()]
            before = after
        layers += [nn.Conv2d(before, before, 3, 1, 1), nn.SiLU(), nn.Conv2d(before, channels, 3, 1, 1)]
        self.layers = nn.Sequential(*layers)

    def forward(self, codes: Tensor, labels: Tensor) -> Tensor:
        told = nn.functional.one_hot(labels, self.classes).to(codes.dtype)
        images: Tensor = self.layers(self.first(torch.cat([codes, told], dim=1))).tanh()
        return images


class Vae(nn.Module):
    """An encoder and a decoder."""

    def __init__(
        self, channels: int, height: int, width: int, halvings: int, filters: int, code: int, classes: int
    ) -> None:
        super().__init__()
        self.encoder = Encoder(channels, height, width, halvings, filters, code)
        self.decoder = Decoder(channels, height, width, halvings, filters, code, classes)


def objective(
    network: Vae, images: Tensor, labels: Tensor, weight: float, generator: torch.Generator
) -> tuple[Tensor, dict[str, float]]:
    """What is made small for images from -1 to 1, in nats for each, and its parts.

    Errors of pixels, and of their differences to the right and below, are taken for Laplace's with one
    spread, the best one for the batch (Rybkin, Daniilidis, Levine 2021, sigma-VAE): so their logarithm is
    weighed against the divergence of the codes whatever the size of the images.
    """
    mean, log_variance = network.encoder(images)
    noise = torch.randn(mean.shape, generator=generator).to(mean.device)
    made = network.decoder(mean + noise * (0.5 * log_variance).exp(), labels)
    off = made - images
    error = off.abs().mean() + off.diff(dim=2).abs().mean() + off.diff(dim=3).abs().mean()
    told = images[0].numel() * (error + _LEAST_ERROR).log()
    nats = 0.5 * (mean**2 + log_variance.exp() - 1 - log_variance).mean(dim=0)
    apart = nats.clamp(min=_FREE).sum()
    figures = {"error": float(off.detach().abs().mean()), "divergence": float(nats.detach().sum())}
    return told + weight * apart, figures


def _wide(filters: int, halvings: int) -> list[int]:
    return [filters * 2 ** min(k + 1, _MOST) for k in range(halvings)]
