"""Resamplers as estimators: scikit-learn's protocol around one resampler."""

from __future__ import annotations

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

__all__ = ["Sampler"]

Ints = npt.NDArray[np.int64]
_BLOCK = 16_384  # new rows at a time: what a block needs beside the output stays small


class Sampler(Estimator):
    """A resampler as an estimator of imbalanced-learn's kind. Its classes are made in `_generate`.

    Rows stay where the real data is: the original ones come back first and unchanged, then the new ones
    class by class, extremes and rare values among their parents. Nothing here is protected; whoever wants
    that fits the synthesizer itself on a Dataset.

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
        learnt = self.synthesizer_.plan(sample_of(rows, labels), wanted, rng)
        own = learnt["label"][learnt["base"]]
        for label in np.flatnonzero(wanted):
            of_class = {**learnt, "weight": np.where(own == label, learnt["weight"], 0.0)}
            for start in range(0, wanted[label], _BLOCK):
                made = self.synthesizer_.make(of_class, min(_BLOCK, int(wanted[label]) - start), rng)
                yield made.numbers, made.codes

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
