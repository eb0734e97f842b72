"""Correlated noise: numbers moved by Gaussian noise of their own covariance, their moments kept."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, ClassVar, Literal

import numpy as np
import numpy.typing as npt
from pydantic import Field

from mintmark.data.dataset import Dataset
from mintmark.data.encode import bound, from_numbers
from mintmark.data.protect import persons
from mintmark.data.schema import Column
from mintmark.method import method
from mintmark.resample._scale import Scale, correlation, matrix, root
from mintmark.transformer import Masked, RandomTransformer

__all__ = ["CorrelatedNoise", "reflected"]

Floats = npt.NDArray[np.float64]


@method
class CorrelatedNoise(RandomTransformer):
    """Add noise of the covariance of the numbers, then draw in, so that mean and covariance stay.

    With e ~ N(0, a Cov), a the `level`, a row x becomes m + (x - m + e) / sqrt(1 + a), m the mean (Kim
    1986, "A method for limiting disclosure in microdata based on random noise and transformation",
    Proc. ASA Survey Research Methods, 370-374; "correlated noise and linear transformation" in Brand
    2002, "Microdata protection through noise addition", LNCS 2316). Rows of one person share e, so
    that their mean does not average it away; what differs between them is then shown, drawn in.

    Kept in expectation: mean and covariance of the numbers, and sums of columns, up to rounding. Not
    kept: the shape of a distribution (spikes, skewness, steps), ranks, products. Three things cost
    moments: a value beyond a bound is reflected inside, which moves mean and variance of columns
    that crowd at a bound (provenance says how many were); rounding of whole numbers and dates adds
    up to 1/12 of a squared step to the variance; where values are missing the covariance is that of
    pairs. Rows that a rule rejects are masked again, which shifts moments as the rule demands.

    It is neither differential privacy nor anonymity: noise has no bound here on what a row tells, an
    outlier stays one, a row of many columns is found again under much noise (see
    `benchmarks/masking.py`), and categories leave as they are.
    """

    masks: ClassVar[tuple[Literal["number", "category"], ...]] = ("number",)

    level: Annotated[
        float, Field(gt=0, le=100, description="variance of the noise, in variances of the data")
    ] = 0.1

    def _mask(self, data: Dataset, rng: np.random.Generator) -> Masked:
        columns = self.maskable(data.schema)
        values = matrix(data.table, columns)
        scale = Scale.of(values)
        scaled = scale.to(values)
        person = persons(data)
        noise = rng.standard_normal((int(person.max()) + 1, len(columns))) @ root(correlation(scaled))
        moved = (scaled + np.sqrt(self.level) * noise[person]) / np.sqrt(1 + self.level)
        low, high = _ends(columns, scale)
        inside = reflected(moved, low, high)
        made = scale.back(inside)
        known = ~np.isnan(moved)
        share = (inside != moved)[known].mean() if known.any() else 0.0
        told = {
            "what": "numbers beyond a bound", "chosen": "reflected inside",
            "why": f"noise took {share:.1%} of the values there; it moves the moments of their columns",
        }  # fmt: skip
        arrays = {column.name: from_numbers(made[:, at], column) for at, column in enumerate(columns)}
        return Masked(arrays, [told])


def reflected(values: Floats, low: Floats, high: Floats) -> Floats:
    """Values beyond an end as far inside it, again and again until they are; shape (n, columns).

    Where the density is flat at the end it stays so, and no value piles up there, as it would if it
    were cut off. Infinite ends reflect nothing.
    """
    with np.errstate(invalid="ignore"):
        width = high - low
        far = np.isfinite(width) & (width > 0)
        turn = np.mod(values - np.where(far, low, 0.0), np.where(far, 2 * width, 1.0))
        folded = np.where(far, low, 0.0) + np.minimum(turn, np.where(far, 2 * width, 1.0) - turn)
        outside = (values < low) | (values > high)
        once = np.where(values < low, 2 * low - values, 2 * high - values)
        return np.where(outside, np.where(far, folded, np.where(width == 0, low, once)), values)


def _ends(columns: Sequence[Column], scale: Scale) -> tuple[Floats, Floats]:
    """Bounds of the columns, scaled; infinite where there is none."""
    low = [-np.inf if column.low is None else bound(column.low, column) for column in columns]
    high = [np.inf if column.high is None else bound(column.high, column) for column in columns]
    return scale.to(np.array(low)), scale.to(np.array(high))
