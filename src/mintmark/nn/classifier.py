"""A small convolutional classifier of images: what tells classes apart, and features of a class's looks."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from mintmark.nn.training import applied, device_of, seeded, train

__all__ = ["ImageClassifier", "fit_classifier"]

Pixels = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float32]
_FEATURES = 64


class _Network(nn.Module):
    """Three convolutions of step 2, averaged in four quarters, two linear layers."""

    def __init__(self, channels: int, classes: int, filters: int) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        before = channels
        for after in (filters, 2 * filters, 4 * filters):
            layers += [nn.Conv2d(before, after, 3, 2, 1, bias=False), nn.BatchNorm2d(after), nn.ReLU()]
            before = after
        pooled = [nn.AdaptiveAvgPool2d(2), nn.Flatten(), nn.Linear(4 * before, _FEATURES), nn.ReLU()]
        self.features = nn.Sequential(*layers, *pooled)
        self.head = nn.Linear(_FEATURES, classes)

    def forward(self, images: Tensor) -> Tensor:
        logits: Tensor = self.head(self.features(images))
        return logits


@dataclass(frozen=True)
class ImageClassifier:
    """A trained classifier.

    Parameters
    ----------
    network : torch.nn.Module
    device : torch.device
    """

    network: _Network
    device: torch.device

    def probabilities(self, images: Pixels) -> npt.NDArray[np.float64]:
        """Of each class, shape (n, classes), for pixels of shape (n, height, width, channels)."""
        logits = applied(self.network, [_inputs(images)], self.device).astype(np.float64)
        logits -= logits.max(axis=1, keepdims=True)
        power: npt.NDArray[np.float64] = np.exp(logits)
        power /= power.sum(axis=1, keepdims=True)
        return power

    def features(self, images: Pixels) -> Floats:
        """What the last layer reads, shape (n, 64), for pixels of shape (n, height, width, channels)."""
        return applied(self.network.features, [_inputs(images)], self.device)


def fit_classifier(
    images: Pixels,
    labels: npt.NDArray[np.int64],
    classes: int,
    rng: np.random.Generator,
    *,
    weights: npt.NDArray[np.float64] | None = None,
    epochs: int = 10,
    filters: int = 24,
) -> ImageClassifier:
    """Train a classifier by cross-entropy.

    Parameters
    ----------
    images : uint8, shape (n, height, width, channels)
        Of 8 to 128 pixels a side; larger ones are better made smaller before.
    labels : array of int, shape (n,)
        From 0.
    classes : int, >= 2
    rng : numpy.random.Generator
    weights : array, shape (classes,), optional
        Of the classes in the loss; all alike by default.
    epochs : int, >= 1
    filters : int, >= 1
        Of the first convolution; the next ones have two and four times as many.
    """
    device = device_of()
    with seeded(rng):
        network = _Network(images.shape[3], classes, filters).to(device)
    inputs, target = torch.from_numpy(_inputs(images)).to(device), torch.from_numpy(labels).to(device)
    weight = None if weights is None else torch.from_numpy(weights).float().to(device)

    def loss(some: npt.NDArray[np.int64], _: torch.Generator) -> Tensor:
        rows = torch.from_numpy(some).to(device)
        return nn.functional.cross_entropy(network(inputs[rows]), target[rows], weight)

    train(network, loss, len(images), rng, epochs=epochs, batch=64, rate=2e-3, label="training a classifier")
    return ImageClassifier(network, device)


def _inputs(images: Pixels) -> Floats:
    """Channels first, from -1 to 1."""
    return np.ascontiguousarray(np.moveaxis(images, 3, 1), dtype=np.float32) / 127.5 - 1
