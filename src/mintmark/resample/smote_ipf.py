"""SMOTE-IPF: new rows that most of several decision trees take to be of their class."""

from __future__ import annotations

from typing import Annotated, Any

import numpy as np
import numpy.typing as npt
from pydantic import Field

from mintmark.method import method
from mintmark.progress import track
from mintmark.resample._axes import Axes
from mintmark.resample._parents import Parents, in_class
from mintmark.resample._redraw import redrawn
from mintmark.resample._resampler import Made, Neighbours, Resampler
from mintmark.resample._sample import Sample
from mintmark.resample._trees import Trees, features
from mintmark.synthesizer import Learnt

__all__ = ["SmoteIpf"]

Ints = npt.NDArray[np.int64]
Singles = npt.NDArray[np.float32]
_LITTLE, _QUIET, _ROUNDS = 0.01, 3, 30
"""Share of the real rows below which few are removed, rounds of few that end it, most rounds."""
_SMALLEST = 20  # rows of a part on which a tree is worth growing
_PILOT = 50_000  # new rows by which the filter is learnt, at most
_REMEDY = "Use smote, which rejects none, or collect more rows of the class."


@method
class SmoteIpf(Resampler):
    """SMOTE with an iterative-partitioning filter (Sáez, Luengo, Stefanowski, Herrera 2015, Inf. Sci. 291).

    At the fit a pilot of new rows joins the real ones; all are dealt out to `parts` parts, a tree is grown
    on each, and new rows that most trees take to be of another class are removed, until three rounds on
    end have removed fewer than 1 % of the number of real rows. The last trees are kept: a row drawn later
    that most of them reject is made again, for one of its class. The filter removes new rows alone and
    keeps every real row, whereas the paper's removes real ones too; trees are CART instead of C4.5, and
    grown on at least 20 rows each. Geometry: segment.
    """

    k: Neighbours = 5
    parts: Annotated[int, Field(ge=1, description="parts of the rows, with one tree each")] = 9

    def _parents(self, sample: Sample, label: int, rng: np.random.Generator) -> Parents:
        rows = sample.of_class(label)
        return Parents.even(rows, in_class(sample, rows, self.k))

    def plan(self, sample: Sample, wanted: Ints, rng: np.random.Generator) -> dict[str, Any]:
        """As of every resampler, with the trees that new rows must pass."""
        made = super().plan(sample, wanted, rng) | sample.axes.arrays()
        pilot = super().make(made, min(_PILOT, int(wanted.sum()) or len(sample)), rng)
        real, new = sample.points(np.arange(len(sample))), sample.axes.place(pilot.numbers, pilot.codes)
        x = np.concatenate([features(real), features(new)])
        y = np.concatenate([sample.labels, made["label"][pilot.base]])
        return made | self._filter(x, y, len(sample), rng).arrays()

    def _filter(self, x: Singles, y: Ints, real: int, rng: np.random.Generator) -> Trees:
        """The trees of the last round."""
        rows, quiet = np.arange(len(x)), 0
        for _ in track(range(_ROUNDS), "filtering new rows"):
            many = int(np.clip(len(rows) // _SMALLEST, 1, self.parts))
            trees = Trees.grown(x, y, np.array_split(rng.permutation(rows), many), rng)
            noisy = (rows >= real) & (2 * trees.against(x[rows], y[rows]) > many)
            rows = rows[~noisy]
            quiet = quiet + 1 if noisy.sum() < _LITTLE * real else 0
            if quiet == _QUIET:
                break
        return trees

    def make(self, learnt: Learnt, n: int, rng: np.random.Generator) -> Made:
        """n new rows that are not rejected, their parents as rows of `learnt["numbers"]`."""
        return redrawn(super().make, self._passes, learnt, n, rng, "ipf", _REMEDY)

    def _passes(self, made: Made, learnt: Learnt) -> npt.NDArray[np.bool_]:
        trees = Trees.saved(learnt)
        x = features(Axes.saved(learnt).place(made.numbers, made.codes))
        return 2 * trees.against(x, learnt["label"][made.base]) <= len(trees.root)

    def _check(self, learnt: Learnt) -> None:
        super()._check(learnt)
        axes = Axes.saved(learnt)
        place = axes.place(np.zeros((1, len(axes.unit))), np.zeros((1, len(axes.sizes)), dtype=np.int32))
        Trees.saved(learnt).check(features(place).shape[1])
