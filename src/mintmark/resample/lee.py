"""SMOTE with rejection: a new row stands only where its neighbours are mostly of its class."""

from __future__ import annotations

from typing import Annotated, Any

import numpy as np
import numpy.typing as npt
from pydantic import Field

from mintmark.method import method
from mintmark.resample._axes import Axes
from mintmark.resample._parents import Parents, in_class
from mintmark.resample._redraw import redrawn
from mintmark.resample._resampler import Made, Neighbours, Resampler
from mintmark.resample._sample import Sample
from mintmark.stats.neighbours import Points
from mintmark.stats.purity import gap, pure
from mintmark.synthesizer import Learnt

__all__ = ["Lee"]

Ints = npt.NDArray[np.int64]
_REMEDY = "Raise `level`, lower `k`, or use smote, which rejects none."


@method
class Lee(Resampler):
    """Over-sampling with rejection (Lee, Kim, Lee 2015, IMCOM).

    Rows are made as in SMOTE. One of whose k nearest real rows a share above `level` is of other classes is
    rejected and another of its class made in its place, so that classes keep their proportions. Where
    fewer than one in a hundred pass an error says so; the level is not moved by itself. The model holds
    every real row, as a point in space. Geometry: segment.
    """

    k: Neighbours = 5
    level: Annotated[
        float,
        Field(ge=0, lt=1, description="share of neighbours of other classes above which it is rejected"),
    ] = 0.5

    def _parents(self, sample: Sample, label: int, rng: np.random.Generator) -> Parents:
        rows = sample.of_class(label)
        return Parents.even(rows, in_class(sample, rows, self.k))

    def plan(self, sample: Sample, wanted: Ints, rng: np.random.Generator) -> dict[str, Any]:
        """As of every resampler, with the real rows among which neighbours are looked for.

        And how far each stands from each class that is made: looked up once, and not for every block drawn.
        """
        made = super().plan(sample, wanted, rng)
        around, classes = sample.points(np.arange(len(sample))), np.unique(made["label"][made["base"]])
        real = {"around/flat": around.flat, "around/wide": around.wide, "around/label": sample.labels}
        gaps = [gap(around, sample.labels, label) for label in classes]
        return made | sample.axes.arrays() | real | {"gap/class": classes, "gap/far": np.stack(gaps)}

    def make(self, learnt: Learnt, n: int, rng: np.random.Generator) -> Made:
        """n new rows that are not rejected, their parents as rows of `learnt["numbers"]`."""
        return redrawn(super().make, self._passes, learnt, n, rng, "purity", _REMEDY)

    def _passes(self, made: Made, learnt: Learnt) -> npt.NDArray[np.bool_]:
        around = Points(learnt["around/flat"], learnt["around/wide"], (), (), ())
        new = Axes.saved(learnt).place(made.numbers, made.codes)
        most = int(self.level * self.k + 1e-9)  # 0.6 * 5 is a little less than 3
        gaps = dict(zip(learnt["gap/class"].tolist(), learnt["gap/far"], strict=True))
        return pure(new, learnt["label"][made.base], around, learnt["around/label"], self.k, most, gaps)
