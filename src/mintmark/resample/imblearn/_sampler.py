"""Resamplers as estimators: scikit-learn's protocol around one resampler."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from mintmark.errors import InputError
from mintmark.resample._resampler import Resampler
from mintmark.resample.imblearn._estimator import Estimator, generator, sample_of
from mintmark.resample.imblearn._frames import Frame
from mintmark.resample.imblearn._matrix import Matrix
from mintmark.resample.imblearn._target import Target
from mintmark.synthesizer import Learnt

__all__ = ["Sampler"]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
_BLOCK = 16_384  # new rows at a time: what a block needs beside the output stays small


class Sampler(Estimator):
    """A resampler as an estimator of imbalanced-learn's kind. Its classes are made in `_generate`.

    Rows stay where the real data is: the original ones come back first and unchanged, then the new ones
    class by class, extremes and rare values among their parents, no number beyond the real ones. Nothing
    here is protected; whoever wants that fits the synthesizer itself on a Dataset.

    Attributes
    ----------
    synthesizer_ : Resampler
        What made the rows, with its parameters.
    sampling_strategy_ : OrderedDict
        New rows by class.
    n_features_in_ : int
    feature_names_in_ : array of str
        Where all columns have names that are texts.
    """

    _method: ClassVar[type[Resampler]]

    random_state: Any

    def fit_resample(self, X: Any, y: Any, **params: Any) -> tuple[Any, Any]:
        """The rows and as many new ones as each class needs.

        Parameters
        ----------
        X, y : as `fit` takes them

        Returns
        -------
        X, y
            In the containers, types and column names that they came in; a pandas index is numbered anew.

        Raises
        ------
        InputError
            A `ValueError`: if a parameter is out of range, X and y do not fit together, or a class has too
            few rows.
        """
        rows, target = self._read(X, y, params)
        rng = generator(self.random_state)
        wanted = np.zeros(len(target.classes), dtype=np.int64)
        for name, lack in self.sampling_strategy_.items():
            wanted[target.classes.index(name)] = lack
        added = np.repeat(np.arange(len(wanted)), wanted)
        try:
            more = rows.grown(self._blocks(rows, target.labels, wanted, rng), len(added))
        except InputError as error:
            error.args = (self._in_their_words(error),)
            raise
        return more, target.grown(added)

    def _blocks(
        self, rows: Frame | Matrix, labels: Ints, wanted: Ints, rng: np.random.Generator
    ) -> Iterator[tuple[Any, Any]]:
        """New rows, class by class."""
        if not wanted.any():
            return
        sample = sample_of(rows, labels)
        learnt = self.synthesizer_.plan(sample, wanted, rng)
        ends = _ends(sample.numbers) if self._leaves_range(learnt) else None
        own = learnt["label"][learnt["base"]]
        for label in np.flatnonzero(wanted):
            of_class = {**learnt, "weight": np.where(own == label, learnt["weight"], 0.0)}
            for start in range(0, wanted[label], _BLOCK):
                made = self.synthesizer_.make(of_class, min(_BLOCK, int(wanted[label]) - start), rng)
                if ends is not None:
                    _keep_inside(made.numbers, learnt["numbers"], made.base, ends)
                yield made.numbers, made.codes

    def _leaves_range(self, learnt: Learnt) -> bool:
        """Whether new rows may lie elsewhere than between their parents."""
        moved = type(self.synthesizer_)._place is not Resampler._place
        return bool(moved or learnt["low"].min() < 0 or learnt["high"].max() > 1)

    def _prepared(self, target: Target) -> dict[str, Any]:
        return {
            "sampling_strategy_": target.wanted(self.sampling_strategy),
            "synthesizer_": self._synthesizer(),
        }

    def _synthesizer(self) -> Resampler:
        values = self._values()
        try:
            return self._method(**values)
        except InputError as error:
            error.args = (self._in_their_words(error),)
            raise


def _ends(numbers: npt.NDArray[Any]) -> tuple[Floats, Floats]:
    """Least and largest number of each column."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # of a column that is missing throughout
        return np.nanmin(numbers, axis=0), np.nanmax(numbers, axis=0)


def _keep_inside(numbers: Floats, real: Floats, base: Ints, ends: tuple[Floats, Floats]) -> None:
    """Move new rows that left the range of the real ones back towards their base until they are inside."""
    low, high = ends
    out = np.flatnonzero(((numbers < low) | (numbers > high)).any(axis=1))
    start, step = real[base[out]], numbers[out] - real[base[out]]
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        way = np.where(step > 0, (high - start) / step, np.where(step < 0, (low - start) / step, 1.0))
        way = np.clip(np.nan_to_num(way, nan=1.0), 0.0, 1.0).min(axis=1, keepdims=True, initial=1.0)
        numbers[out] = np.clip(start + way * step, low, high)  # the last digit may still be beyond
