"""A learning curve: score by number of rows, made rising, and read backwards.

Viering and Loog (2023), "The shape of learning curves: a review", IEEE TPAMI 45.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

__all__ = ["FARTHEST", "LearningCurve"]

Floats = npt.NDArray[np.float64]
FARTHEST = 4.0
"""How far beyond the most rows a curve is followed, as a multiple of them."""
_EXPONENTS = np.linspace(0.1, 1.5, 29)


@dataclass(frozen=True)
class LearningCurve:
    """Rising figures at rising sizes, and the power law that goes on beyond.

    Parameters
    ----------
    sizes : array, shape (k,), rising, k >= 2
    figures : array, shape (k,), not falling
    scale, exponent : float, >= 0
        The law ``last + scale (size_last^-exponent - size^-exponent)``.
    """

    sizes: Floats
    figures: Floats
    scale: float
    exponent: float

    @classmethod
    def of(cls, sizes: npt.ArrayLike, figures: npt.ArrayLike, chance: float) -> LearningCurve:
        """The curve through measured figures, the least rise that fits them best (isotonic regression).

        Parameters
        ----------
        chance : float
            What one row teaches.
        """
        from sklearn.isotonic import isotonic_regression

        sizes, figures = np.asarray(sizes, dtype=float), np.asarray(figures, dtype=float)
        scale, exponent = _power_law(sizes, figures)
        rising = isotonic_regression(figures)
        start = min(chance, float(rising[0]))
        return cls(np.append(1.0, sizes), np.append(start, rising), scale, exponent)

    def rows(self, figure: float) -> float:
        """The fewest rows that reach the figure: 1 where chance does, at most 4 times the largest size.

        Interpolated over the logarithm of the rows.
        """
        if figure > self.figures[-1]:
            return self._beyond(figure)
        at = int(np.searchsorted(self.figures, figure, "left"))
        if at == 0:
            return float(self.sizes[0])
        (low, high), (a, b) = self.figures[at - 1 : at + 1], np.log(self.sizes[at - 1 : at + 1])
        return float(np.exp(a + (b - a) * (figure - low) / (high - low)))

    def _beyond(self, figure: float) -> float:
        last, most = float(self.sizes[-1]), FARTHEST * float(self.sizes[-1])
        left = last**-self.exponent - (figure - float(self.figures[-1])) / self.scale if self.scale else 0.0
        return most if left <= most**-self.exponent else float(left ** (-1 / self.exponent))


def _power_law(sizes: Floats, figures: Floats) -> tuple[float, float]:
    """Scale and exponent of ``a - scale size^-exponent`` that fit best; scale 0 where nothing rises."""
    best, found = np.inf, (0.0, 1.0)
    for exponent in _EXPONENTS:
        x = sizes**-exponent
        slope, level = np.polyfit(x, figures, 1)
        error = float(((slope * x + level - figures) ** 2).sum())
        if error < best:
            best, found = error, (max(0.0, -float(slope)), float(exponent))
    return found
