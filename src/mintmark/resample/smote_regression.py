"""SMOTE for a number as target: new rows where its values are rare."""

from __future__ import annotations

import dataclasses
from typing import Annotated, Any, Literal

import numpy as np
import numpy.typing as npt
from pydantic import Field

from mintmark.data.dataset import Dataset
from mintmark.data.encode import numbers
from mintmark.data.schema import Column
from mintmark.data.where import Where
from mintmark.errors import InputError
from mintmark.method import method
from mintmark.resample._axes import Axes
from mintmark.resample._parents import Parents, apart, drawn_others, in_class, refuse_single
from mintmark.resample._relevance import bumps
from mintmark.resample._resampler import Made, Neighbours, Resampler, renumbered
from mintmark.resample._sample import Sample
from mintmark.stats.neighbours import Points
from mintmark.synthesizer import Learnt

__all__ = ["SmoteRegression"]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
_NOISE = 0.02  # standard deviations of noise at most, as in the paper's experiments
_COMPARED = 256  # other rows to which the median distance is taken; exact up to 257 rows


@method
class SmoteRegression(Resampler):
    """SMOTER (Torgo, Ribeiro, Pfahringer, Branco 2013, EPIA) and SMOGN (Branco, Torgo, Ribeiro 2017, LIDTA).

    Rare are values of the target whose relevance, a cubic Hermite polynomial from the median to the whiskers
    of the box plot, is at least `threshold`. Rare low and rare high values are resampled as classes of
    their own, which `sampling_strategy` names "low", "normal" and "high"; "auto" makes both as many as the
    normal ones. Where none is rare, or without a target, all rows are alike. Rows lie between neighbours
    as in SMOTE; their target is the mean of the parents' targets, each weighted by the distance to the other.
    With fewer than k + 1 rare rows all of them are neighbours. In SMOGN a partner farther than half the
    median distance from the base to rare rows of its side gives way to the base with noise, in numbers and
    target: normal, of at most 0.02 standard deviations of those rows; categories stay. Both papers also
    take normal rows away, which a maker of rows leaves to the caller. Geometry: segment.
    """

    k: Neighbours = 5
    threshold: Annotated[float, Field(gt=0, le=1, description="relevance from which a value is rare")] = 0.8
    kind: Annotated[
        Literal["smoter", "smogn"], Field(description="smogn: noise where the partner is too far away")
    ] = "smoter"

    def _refuse_target(self, column: Column) -> None:
        if not column.is_numeric:
            raise InputError(
                f"target column {column.name!r} is {column.kind}; smote_regression resamples a number. "
                "Name a numeric column (target='...'), or use smote."
            )

    def _sample(self, data: Dataset, target: str | None) -> tuple[Sample, list[Any]]:
        if target is None:
            return super()._sample(data, None)
        labels, names = bumps(numbers(data.table[target], data.schema[target]), self.threshold)
        return dataclasses.replace(Sample.of(data.drop(target), None), labels=labels), names

    def _parents(self, sample: Sample, label: int, rng: np.random.Generator) -> Parents:
        rows = sample.of_class(label)
        refuse_single(rows)
        return Parents.even(rows, in_class(sample, rows, min(self.k, len(rows) - 1)))

    def plan(self, sample: Sample, wanted: Ints, rng: np.random.Generator) -> dict[str, Any]:
        """As of every resampler, with the space that rows lie in and what is too far in it."""
        made = super().plan(sample, wanted, rng) | sample.axes.arrays()
        if self.kind == "smoter":
            return made
        rows, label = made["rows"], made["label"]
        distance = apart(sample, rows, drawn_others(sample, rows, label, _COMPARED, rng))
        distance[np.isinf(distance)] = np.nan
        safe = np.nanmedian(distance, axis=1) / 2
        return made | {"safe": safe, "spread": _spread(made["numbers"], label)}

    def _learn(self, data: Dataset, rng: np.random.Generator) -> Learnt:
        target = self._target(data)
        if target is None:
            return super()._learn(data, rng)
        y = numbers(data.table[target], data.schema[target])
        known = np.flatnonzero(~np.isnan(y))
        data, y = data.take(known), y[known]
        if len(y) < 2:
            raise InputError(f"target column {target!r} is known of {len(y)} rows; at least 2 are needed.")
        learnt = super()._learn(data, rng)
        own = y[learnt["rows"]]
        names = bumps(y, self.threshold)[1]
        spread = _spread(own[:, None], learnt["label"])[:, 0]
        rows = renumbered(learnt["rows"], known)
        return {**learnt, "rows": rows, "bumps": names, "y": own, "y_spread": spread}

    def _place(self, made: Made, learnt: Learnt, rng: np.random.Generator) -> Made:
        if self.kind == "smoter":
            return made
        base, partner = (_points(learnt, rows) for rows in (made.base, made.partner))
        far = _between(base, partner) > learnt["safe"][made.base]
        rows = made.base[far]
        noise = self._noise(learnt, rows)[:, None] * rng.standard_normal((len(rows), made.numbers.shape[1]))
        made.numbers[far] = learnt["numbers"][rows] + noise * learnt["spread"][learnt["label"][rows]]
        made.codes[far] = learnt["codes"][rows]
        # a row with noise has one parent
        return dataclasses.replace(
            made, partner=np.where(far, made.base, made.partner), at=np.where(far, 0.0, made.at)
        )

    def _noise(self, learnt: Learnt, rows: Ints) -> Floats:
        return np.asarray(np.minimum(learnt["safe"][rows], _NOISE))

    def _target_of(self, made: Made, learnt: Learnt, rng: np.random.Generator) -> Floats:
        new = Axes.saved(learnt).place(made.numbers, made.codes)
        near, other = (_between(new, _points(learnt, rows)) for rows in (made.base, made.partner))
        both = near + other
        weight = np.where(both > 0, other / np.where(both > 0, both, 1.0), 0.5)
        y: Floats = learnt["y"][made.base] * weight + learnt["y"][made.partner] * (1 - weight)
        alone = made.base == made.partner
        if alone.any():
            spread = learnt["y_spread"][learnt["label"][made.base[alone]]]
            y[alone] += self._noise(learnt, made.base[alone]) * spread * rng.standard_normal(alone.sum())
        return y

    def _condition(self, learnt: Learnt, where: Where) -> Learnt | None:
        return None  # a number is met by drawing again

    def _choices(self, learnt: Learnt) -> list[dict[str, str]]:
        if learnt["target"] is None:
            return super()._choices(learnt)
        rare = " and ".join(name for name in learnt["bumps"] if name != "normal")
        why = f"values beyond the whiskers of the box plot, at relevance {self.threshold:g}"
        return [{"what": f"rare values of {learnt['target']!r}", "chosen": rare or "none", "why": why}]


def _spread(values: Floats, label: Ints) -> Floats:
    """Standard deviation of each column in each class, shape (classes, columns); 0 where none is known."""
    out = np.zeros((int(label.max()) + 1, values.shape[1]))
    for own in np.unique(label):
        some = values[label == own]
        known = ~np.isnan(some)
        n = np.maximum(known.sum(axis=0), 1)
        unit = np.abs(np.where(known, some, 0.0)).max(axis=0, initial=0.0)
        unit = np.where(unit > 0, unit, 1.0)  # squares of the largest numbers would overflow
        scaled = np.where(known, some, 0.0) / unit
        apart = np.where(known, scaled - scaled.sum(axis=0) / n, 0.0)
        out[own] = np.sqrt((apart**2).sum(axis=0) / n) * unit
    return out


def _points(learnt: Learnt, rows: Ints) -> Points:
    return Axes.saved(learnt).place(learnt["numbers"][rows], learnt["codes"][rows])


def _between(one: Points, other: Points) -> Floats:
    """Distance of each row to the row at the same place."""
    apart = one.flat - other.flat
    square = np.einsum("ij,ij->i", apart, apart, dtype=np.float64) + (one.wide != other.wide).sum(axis=1)
    return np.asarray(np.sqrt(square))
