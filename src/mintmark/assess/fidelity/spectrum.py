"""Spectrum: how the power of each number is spread over frequencies, beside train's."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
import numpy.typing as npt

from mintmark.assess._series import Series, series
from mintmark.assess.fidelity._curves import Compared, measured, per_sequence
from mintmark.assess.fidelity._scales import chosen, scaled
from mintmark.method import method, name_of
from mintmark.metric import Family, Metric, NotRun, Score, Tables
from mintmark.stats.curves import half_sum

__all__ = ["Spectrum"]

Floats = npt.NDArray[np.float64]
_LONGEST, _SHORTEST = 64, 8


@method
class Spectrum(Metric):
    """One minus the total variation of the shares of power at each frequency, mean over columns."""

    family: ClassVar[Family] = "fidelity"
    of_sequences: ClassVar[bool] = True

    def _measure(self, tables: Tables, rng: np.random.Generator) -> list[Score]:
        names = chosen(tables, rng)
        median = int(np.median(series(tables, "train").lengths))
        if median < _SHORTEST:
            raise NotRun(f"half of the sequences have fewer than {_SHORTEST} rows: too short for a spectrum.")
        width, scale = min(_LONGEST, 2 ** int(np.log2(median))), scaled(tables)

        def sums(rows: Series) -> Floats:
            return np.concatenate([_power(rows, scale(rows, name), width) for name in names], axis=1)

        bands = width // 2
        what = Compared(sums, lambda s: _shares(s, bands), names, [bands + 1] * len(names), half_sum)
        return [
            measured(
                tables, what, rng,
                metric=name_of(type(self)),
                convention=(
                    "1 - total variation of the shares of power at each frequency from train's, mean over "
                    f"columns; pieces of {width} steps that overlap by half, their mean taken off, Hann "
                    "window, periodograms added over all sequences; steps count, not time; pieces with a "
                    "missing value are left out; a column without power is 1 apart from one with; ceiling: "
                    "holdout against train; floor: columns drawn one by one"
                ),
                source="Welch (1967)",
                estimand="the same of all sequences that the two sources could give",
            )
        ]  # fmt: skip


def _power(rows: Series, numbers: Floats, width: int) -> Floats:
    """Power of each sequence at the frequencies 1/width, 2/width, ..., 1/2, shape (sequences, width / 2)."""
    place = np.arange(len(numbers)) - rows.starts[rows.owner]
    first = np.flatnonzero((place % (width // 2) == 0) & (place + width <= rows.lengths[rows.owner]))
    pieces = numbers[first[:, None] + np.arange(width)]
    whole = ~np.isnan(pieces).any(axis=1)
    pieces, first = pieces[whole], first[whole]
    pieces = (pieces - pieces.mean(axis=1, keepdims=True)) * np.hanning(width + 1)[:-1]
    power = np.abs(np.fft.rfft(pieces, axis=1)[:, 1:]) ** 2
    return per_sequence(rows, rows.owner[first], power)


def _shares(sums: Floats, bands: int) -> Floats:
    """Shares of power, and 1 at a place of its own where a column has none: all apart from any that has."""
    power = sums.reshape(*sums.shape[:-1], -1, bands)
    total = power.sum(-1, keepdims=True)
    none = total <= 1e-9
    shares = np.where(none, 0.0, power / np.where(none, 1.0, total))
    return np.concatenate([shares, none], axis=-1).reshape(*sums.shape[:-1], -1)
