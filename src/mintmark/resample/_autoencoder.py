"""Autoencoders of images and of rows, and the loss of DeepSMOTE with its two penalties."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

__all__ = ["Autoencoder", "ImageAutoencoder", "RowAutoencoder", "Rows", "losses", "tensors"]

Ints = npt.NDArray[np.int64]
Rows = tuple[Tensor, ...]
"""The same number of rows of each: (pixels,), or (numbers, codes)."""
_SMALLEST = 4  # side at which the convolutions end
_MOST = 3  # doublings of the filters: of a large image they would fill the memory
_UNITS = 8  # of a hidden layer for rows, for each filter


def tensors(rows: Sequence[npt.NDArray[Any]]) -> Rows:
    """Arrays as a network reads them."""
    return tuple(torch.from_numpy(np.ascontiguousarray(part)) for part in rows)


class Autoencoder(nn.Module, ABC):
    """What DeepSMOTE needs of a network."""

    encoder: nn.Module
    decoder: nn.Module

    @abstractmethod
    def encode(self, rows: Rows) -> Tensor:
        """Codes, shape (n, code)."""

    @abstractmethod
    def decode(self, codes: Tensor) -> Rows:
        """What the codes stand for."""

    @abstractmethod
    def error(self, decoded: Rows, rows: Rows) -> Tensor:
        """How far decoded rows are from real ones, the mean over all."""


class ImageAutoencoder(Autoencoder):
    """Convolutions that halve an image down to about 4 x 4, a linear layer to the code, and the way back.

    After DCGAN (Radford, Metz, Chintala 2016), as DeepSMOTE uses it: kernels of 4, steps of 2, batch norms,
    leaky ReLU of 0.2 in the encoder, tanh at the end. Sides that do not halve evenly are padded by their
    edge and cut again. Rows are (uint8 pixels of shape (n, channels, height, width),), decoded ones floats
    from -1 to 1.

    Parameters
    ----------
    height, width, channels : int
        Of the images.
    code : int
        Numbers of a code.
    filters : int
        Of the first convolution; each further one has twice as many, up to eight times.
    """

    def __init__(self, height: int, width: int, channels: int, code: int, filters: int) -> None:
        super().__init__()
        self.size = (height, width)
        halvings = max(1, round(math.log2(max(height, width) / _SMALLEST)))
        self.step = 2**halvings
        wide = [filters * 2 ** min(k, _MOST) for k in range(halvings)]
        padded = [math.ceil(side / self.step) * self.step for side in self.size]
        inner = (wide[-1], padded[0] // self.step, padded[1] // self.step)
        down: list[nn.Module] = []
        before = channels
        for k, after in enumerate(wide):
            down += [nn.Conv2d(before, after, 4, 2, 1, bias=k == 0)]
            down += ([nn.BatchNorm2d(after)] if k else []) + [nn.LeakyReLU(0.2)]
            before = after
        self.encoder = nn.Sequential(*down, nn.Flatten(), nn.Linear(math.prod(inner), code))
        up: list[nn.Module] = [nn.Linear(code, math.prod(inner)), nn.ReLU(), nn.Unflatten(1, inner)]
        for after in wide[-2::-1]:
            up += [nn.ConvTranspose2d(before, after, 4, 2, 1, bias=False), nn.BatchNorm2d(after), nn.ReLU()]
            before = after
        self.decoder = nn.Sequential(*up, nn.ConvTranspose2d(before, channels, 4, 2, 1), nn.Tanh())

    def encode(self, rows: Rows) -> Tensor:
        """Codes, shape (n, code)."""
        height, width = self.size
        margins = (0, -width % self.step, 0, -height % self.step)
        codes: Tensor = self.encoder(nn.functional.pad(_scaled(rows[0]), margins, mode="replicate"))
        return codes

    def decode(self, codes: Tensor) -> Rows:
        """Images, from -1 to 1."""
        return (self.decoder(codes)[:, :, : self.size[0], : self.size[1]],)

    def error(self, decoded: Rows, rows: Rows) -> Tensor:
        """Mean squared difference of the pixels."""
        return nn.functional.mse_loss(decoded[0], _scaled(rows[0]))


class RowAutoencoder(Autoencoder):
    """Two linear layers to the code and two back; categories by embeddings and logits.

    Rows are (numbers in standard deviations, NaN where missing, shape (n, numbers); positions of categories,
    -1 where missing, shape (n, categories)). Decoded ones are (numbers; logits of their being missing; logits
    of every category, a missing one before the others, for each discrete column).

    Parameters
    ----------
    numbers : int
        Numeric columns.
    sizes : tuple of int
        Categories of each discrete column.
    code : int
        Numbers of a code.
    filters : int
        An eighth of the units of a hidden layer.
    """

    def __init__(self, numbers: int, sizes: tuple[int, ...], code: int, filters: int) -> None:
        super().__init__()
        self.numbers, self.widths = numbers, [size + 1 for size in sizes]
        wide = [min(16, 2 * math.isqrt(size) + 1) for size in self.widths]
        self.embeddings = nn.ModuleList(nn.Embedding(*pair) for pair in zip(self.widths, wide, strict=True))
        read, units, made = 2 * numbers + sum(wide), _UNITS * filters, 2 * numbers + sum(self.widths)
        self.encoder = nn.Sequential(nn.Linear(read, units), nn.ReLU(), nn.Linear(units, code))
        self.decoder = nn.Sequential(nn.Linear(code, units), nn.ReLU(), nn.Linear(units, made))

    def encode(self, rows: Rows) -> Tensor:
        """Codes, shape (n, code)."""
        numbers, codes = rows
        parts = [torch.nan_to_num(numbers), numbers.isnan().float()]
        parts += [layer(codes[:, at] + 1) for at, layer in enumerate(self.embeddings)]
        made: Tensor = self.encoder(torch.cat(parts, dim=1))
        return made

    def decode(self, codes: Tensor) -> Rows:
        """Numbers, logits of gaps, and logits of the categories of each column."""
        made: Rows = self.decoder(codes).split([self.numbers, self.numbers, *self.widths], dim=1)
        return made

    def error(self, decoded: Rows, rows: Rows) -> Tensor:
        """Mean over the columns of squared differences, and of cross-entropies of gaps and categories."""
        numbers, codes = rows
        gaps = numbers.isnan()
        off = torch.where(gaps, 0.0, decoded[0] - torch.nan_to_num(numbers)) ** 2
        off = off + nn.functional.binary_cross_entropy_with_logits(decoded[1], gaps.float(), reduction="none")
        total = off.sum() / len(numbers)
        for at, logits in enumerate(decoded[2:]):
            total = total + nn.functional.cross_entropy(logits, codes[:, at] + 1)
        mean: Tensor = total / (self.numbers + len(self.widths))
        return mean


def losses(
    network: Autoencoder, rows: Rows, labels: Ints, penalty: str, device: torch.device
) -> Callable[[Ints, torch.Generator], Tensor]:
    """The loss of a batch: reconstruction, and the penalty on as many rows of one class drawn evenly.

    Parameters
    ----------
    rows : tuple of Tensor
    labels : array of int, shape (n,)
    penalty : "permuted", "sampled" or "none"
        "permuted", as the paper's text has it: the codes of rows of one class are permuted, and what is
        decoded from them is held against the rows as they were. "sampled", what the authors' program
        computes: codes and rows are permuted alike and no gradient reaches the encoder, which amounts to
        a decoder trained on classes in equal parts.
    """
    classes = [torch.from_numpy(np.flatnonzero(labels == label)) for label in np.unique(labels)]

    def take(at: Tensor) -> Rows:
        return tuple(part[at].to(device) for part in rows)

    def loss(some: Ints, generator: torch.Generator) -> Tensor:
        batch = take(torch.from_numpy(some))
        value = network.error(network.decode(network.encode(batch)), batch)
        if penalty == "none":
            return value
        members = classes[int(torch.randint(len(classes), (1,), generator=generator))]
        own = take(members[torch.randperm(len(members), generator=generator)[: len(some)]])
        codes = network.encode(own)
        if penalty == "permuted":
            codes = codes[torch.randperm(len(codes), generator=generator).to(device)]
        else:
            codes = codes.detach()
        return value + network.error(network.decode(codes), own)

    return loss


def _scaled(pixels: Tensor) -> Tensor:
    return pixels.float() / 127.5 - 1
