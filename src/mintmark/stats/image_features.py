"""Features of pictures that need no training: colours, edges by direction, and coarse shapes.

They are made by rule, so that they are the same for everybody and no picture of anybody taught them:
shares of grey or colour levels, directions of gradients in four quarters (histogram of oriented gradients,
Dalal and Triggs 2005, with quarters for cells), and the 25 lowest frequencies of the cosine transform
(Ahmed, Natarajan, Rao 1974). No network has seen them: they are not the features that FID is made of.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

__all__ = [
    "grey", "laplacian_energy", "low_frequencies", "rule_features", "scale_of", "structural_similarity",
]  # fmt: skip

Pixels = npt.NDArray[np.uint8]
Singles = npt.NDArray[np.float32]
_LEVELS, _DIRECTIONS, _WAVES = 6, 6, 5
_LUMA = np.array([0.299, 0.587, 0.114], np.float32)  # ITU-R BT.601


def grey(images: Pixels) -> Singles:
    """Brightness from 0 to 1, shape (n, height, width), of pixels of shape (n, height, width, 1 or 3)."""
    if images.shape[3] == 1:
        return images[..., 0].astype(np.float32) / np.float32(255)
    made: Singles = images.astype(np.float32) @ (_LUMA / np.float32(255))
    return made


def rule_features(images: Pixels) -> Singles:
    """Features of pixels of shape (n, height, width, 1 or 3), shape (n, 55) or (n, 67)."""
    light = grey(images)
    return np.concatenate([_levels(images), _edges(light), low_frequencies(light, _WAVES)], axis=1)


def scale_of(features: Singles) -> tuple[Singles, Singles]:
    """Mean and deviation of each feature; one that hardly varies counts little."""
    deviation = features.std(0)
    least = 0.05 * float(np.sqrt((deviation**2).mean())) or 1.0
    return features.mean(0), np.maximum(deviation, least)


def _levels(images: Pixels) -> Singles:
    """Roots of the shares of levels in each channel: distances of roots are those of Hellinger."""
    n, channels = len(images), images.shape[3]
    level = images.reshape(n, -1, channels).astype(np.int64) * _LEVELS // 256
    cell = level + _LEVELS * (np.arange(channels) + channels * np.arange(n)[:, None, None])
    counts = np.bincount(cell.ravel(), minlength=n * channels * _LEVELS).reshape(n, -1)
    shares: Singles = np.sqrt(counts / level.shape[1]).astype(np.float32)
    return shares


def _edges(light: Singles) -> Singles:
    """Roots of the shares of gradient in each direction and quarter."""
    n, height, width = light.shape
    down, across = np.gradient(light, axis=1), np.gradient(light, axis=2)
    size = np.hypot(down, across)
    direction = (np.arctan2(down, across) / np.pi % 1 * _DIRECTIONS).astype(np.int64) % _DIRECTIONS
    quarter = 2 * (np.arange(height) >= height / 2)[:, None] + (np.arange(width) >= width / 2)
    cell = direction + _DIRECTIONS * (quarter + 4 * np.arange(n)[:, None, None])
    sums = np.bincount(cell.ravel(), size.ravel(), n * 4 * _DIRECTIONS).reshape(n, -1)
    # a flat picture has no direction; next to it noise must not count as much as an edge
    shares: Singles = np.sqrt(sums / (sums.sum(1, keepdims=True) + 0.01 * height * width)).astype(np.float32)
    return shares


def low_frequencies(light: Singles, waves: int) -> Singles:
    """The lowest `waves` x `waves` terms of the cosine transform, as mean amplitudes, shape (n, waves²)."""
    down, across = (_cosines(side, waves) for side in light.shape[1:])
    made: Singles = np.einsum("wh,nhv,xv->nwx", down, light, across, optimize=True)
    return made.reshape(len(light), -1)


def _cosines(side: int, waves: int) -> Singles:
    places = (np.arange(side) + 0.5) / side
    made = np.cos(np.pi * np.arange(waves)[:, None] * places) / side
    made[1:] *= np.sqrt(2)
    return made.astype(np.float32)


def laplacian_energy(images: Pixels) -> npt.NDArray[np.float64]:
    """Log of the Laplacian's mean square over the variance of brightness, shape (n,).

    The variance of the Laplacian tells whether a picture is in focus (Pech-Pacheco et al. 2000); divided by
    that of the picture it does not change with contrast. Blur lowers it, noise raises it.
    """
    x = grey(images).astype(np.float64)
    middle = x[:, 1:-1, 1:-1]
    around = x[:, :-2, 1:-1] + x[:, 2:, 1:-1] + x[:, 1:-1, :-2] + x[:, 1:-1, 2:]
    one_level = 1 / 255**2  # below it there is nothing to see
    edges = ((around - 4 * middle) ** 2).mean((1, 2))
    return np.asarray(np.log((edges + one_level) / (x.var((1, 2)) + one_level)))


def structural_similarity(a: Pixels, b: Pixels) -> npt.NDArray[np.float64]:
    """Mean structural similarity of pairs of pictures, -1..1, shape (n,).

    Wang, Bovik, Sheikh, Simoncelli (2004), IEEE TIP 13, eq. 13, on brightness, with their constants and
    Gaussian window (11 x 11, deviation 1.5), or the largest odd window that fits the picture.
    """
    x, y = grey(a).astype(np.float64), grey(b).astype(np.float64)
    reach = min(5, (min(x.shape[1:]) - 1) // 2)
    window = np.exp(-(np.arange(-reach, reach + 1.0) ** 2) / (2 * 1.5**2))
    window /= window.sum()

    def mean(z: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        for axis in (1, 2):
            z = np.lib.stride_tricks.sliding_window_view(z, len(window), axis) @ window
        return z

    mean_x, mean_y = mean(x), mean(y)
    var_x, var_y = mean(x * x) - mean_x**2, mean(y * y) - mean_y**2
    shared = mean(x * y) - mean_x * mean_y
    light, contrast = 0.01**2, 0.03**2
    found = (2 * mean_x * mean_y + light) * (2 * shared + contrast)
    found /= (mean_x**2 + mean_y**2 + light) * (var_x + var_y + contrast)
    return np.asarray(found.mean((1, 2)))
