"""A power law through repeated scores at growing sizes, and what it foretells beyond them.

Viering and Loog (2023), "The shape of learning curves: a review", IEEE TPAMI 45, for the law.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.stats import linregress

__all__ = ["Forecast", "PowerLaws", "falls", "forecast"]

Floats = npt.NDArray[np.float64]
_EXPONENTS = np.linspace(0.1, 2.0, 39)
_DRAWS = 1_000
_SURE = 0.05


@dataclass(frozen=True)
class PowerLaws:
    """``level + scale (size / largest)^-exponent``: figures that fall, or stay, as rows are added.

    Parameters
    ----------
    level : array, shape (laws,)
        What no number of rows gets below.
    scale, exponent : array, shape (laws,), >= 0
    largest : float
        The size at which a figure is ``level + scale``.
    """

    level: Floats
    scale: Floats
    exponent: Floats
    largest: float

    def at(self, sizes: npt.ArrayLike) -> Floats:
        """The figures at these sizes, shape (laws, sizes)."""
        x = np.asarray(sizes, dtype=float) / self.largest
        power = x[None, :] ** -self.exponent[:, None]
        return np.asarray(self.level[:, None] + self.scale[:, None] * power, dtype=np.float64)

    @classmethod
    def fit(cls, sizes: Floats, figures: Floats, least: float) -> PowerLaws:
        """The law nearest to each row of figures by least squares, exponents on a grid of 0.1 to 2.

        Parameters
        ----------
        sizes : array, shape (n,)
        figures : array, shape (laws, n)
        least : float
            What no level lies below.
        """
        largest, many = float(sizes.max()), len(figures)
        best = np.full(many, np.inf)
        found = np.zeros((3, many))
        for exponent in _EXPONENTS:
            power = (sizes / largest) ** -exponent
            for level, scale in _bounded(power, figures, least):
                error = ((level[:, None] + scale[:, None] * power - figures) ** 2).sum(axis=1)
                better = (level >= least) & (scale >= 0) & (error < best)
                best[better] = error[better]
                found[:, better] = np.stack([level, scale, np.full(many, exponent)])[:, better]
        return cls(found[0], found[1], found[2], largest)


def _bounded(power: Floats, figures: Floats, least: float) -> list[tuple[Floats, Floats]]:
    """Levels and scales among which is the best that the bounds allow: free, level at its end, scale 0."""
    mean, about = figures.mean(axis=1), power - power.mean()
    slope = figures @ about / (about @ about)
    held = np.full(len(figures), least)
    return [
        (mean - slope * power.mean(), slope),
        (held, np.maximum(0.0, (figures - least) @ power / (power @ power))),
        (np.maximum(mean, least), np.zeros(len(figures))),
    ]


@dataclass(frozen=True)
class Forecast:
    """Figures at sizes beyond the largest.

    Parameters
    ----------
    law : PowerLaws
        One.
    figures : array, shape (k,)
    intervals : array, shape (k, 2)
        Where one more measurement would lie, 95 %.
    gains : array, shape (k, 2)
        By how much the law falls from the largest size to these, 95 %.
    spread : float
        Standard deviation of one measurement.
    """

    law: PowerLaws
    figures: Floats
    intervals: Floats
    gains: Floats
    spread: float


def falls(sizes: Floats, figures: Floats) -> bool:
    """Whether the figures fall with the logarithm of the size by more than chance (one-sided, 5 %)."""
    if np.ptp(figures) == 0:
        return False
    return bool(linregress(np.log(sizes), figures, alternative="less").pvalue < _SURE)


def forecast(
    sizes: Floats, figures: Floats, beyond: Floats, *, least: float, rng: np.random.Generator
) -> Forecast:
    """The law through repeated figures, and what it says of larger sizes.

    The figures are drawn again round the law with the scatter of the repeats (parametric bootstrap, Efron
    and Tibshirani 1993; the variance is drawn as well, since few repeats tell it badly), the law is fitted
    to each, and its figures scatter once more as a measurement does. Where figures lie off the law by more
    than repeats scatter, that is the scatter.

    Parameters
    ----------
    sizes, figures : array, shape (n,)
        Of at least three sizes, some of them repeated.
    beyond : array, shape (k,)
    least : float
        What no figure falls below.
    """
    law = PowerLaws.fit(sizes, figures[None, :], least)
    fitted = law.at(sizes)[0]
    spread, free = _scatter(sizes, figures)
    off = float(np.sqrt(((figures - fitted) ** 2).sum() / max(1, len(figures) - 3)))
    spread = max(spread, off)
    sigma = spread * np.sqrt(free / rng.chisquare(free, _DRAWS))[:, None]
    again = PowerLaws.fit(sizes, fitted + sigma * rng.standard_normal((_DRAWS, len(sizes))), least)
    laws = again.at(beyond)
    ends = np.quantile(laws + sigma * rng.standard_normal(laws.shape), [0.025, 0.975], axis=0)
    gains = np.quantile((again.level + again.scale)[:, None] - laws, [0.025, 0.975], axis=0)
    return Forecast(law, law.at(beyond)[0], ends.T, gains.T, spread)


def _scatter(sizes: Floats, figures: Floats) -> tuple[float, int]:
    """Standard deviation of figures of one size, pooled over sizes, and its degrees of freedom."""
    _, which, many = np.unique(sizes, return_inverse=True, return_counts=True)
    means = np.bincount(which, figures) / many
    free = int((many - 1).sum())
    return float(np.sqrt(((figures - means[which]) ** 2).sum() / free)), free
