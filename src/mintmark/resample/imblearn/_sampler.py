"""What every estimator here shares: scikit-learn's protocol around one resampler."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, ClassVar, Self

import numpy as np
import numpy.typing as npt
from scipy import sparse
from sklearn.base import BaseEstimator, OneToOneFeatureMixin
from sklearn.utils import check_random_state

from mintmark.errors import InputError, UnknownNameError
from mintmark.resample._resampler import Resampler
from mintmark.resample._sample import Sample
from mintmark.resample.imblearn._containers import is_frame, library, names_of
from mintmark.resample.imblearn._frames import Frame, of_frame
from mintmark.resample.imblearn._matrix import Matrix
from mintmark.resample.imblearn._tags import sampler_tags
from mintmark.resample.imblearn._target import Target

__all__ = ["Sampler"]

Ints = npt.NDArray[np.int64]
_BLOCK = 16_384  # new rows at a time: what a block needs beside the output stays small


class Sampler(OneToOneFeatureMixin, BaseEstimator):  # type: ignore[misc]  # scikit-learn ships no types
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
    _given: ClassVar[Mapping[str, tuple[str, Callable[[Any], Any]]]]
    """Our name of each parameter of the estimator, and what makes our value of theirs."""
    _all_discrete: ClassVar[bool] = False

    sampling_strategy: Any
    random_state: Any

    def fit(self, X: Any, y: Any, **params: Any) -> Self:
        """Check the rows and tell how many of each class would be made.

        Parameters
        ----------
        X : matrix (numpy, lists, scipy sparse) or table (pandas, polars, Arrow), n rows
        y : classes of the rows: list, array, series, one-column table or indicator matrix
        """
        self._read(X, y, params)
        return self

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
        rng = _generator(self.random_state)
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

    def _read(self, X: Any, y: Any, params: Mapping[str, Any]) -> tuple[Frame | Matrix, Target]:
        if params:
            raise InputError(
                f"{type(self).__name__} takes X and y, not {', '.join(params)}: new rows have no weights."
            )
        target = Target.of(y)
        wanted = target.wanted(self.sampling_strategy)
        synthesizer = self._synthesizer()
        if library(X) == "polars" and hasattr(X, "collect"):
            X = X.collect()
        if X is None or (isinstance(X, (str, bytes, Mapping)) and not sparse.issparse(X)):
            raise InputError(f"X is {type(X).__name__}. Give a matrix, or a pandas, polars or Arrow table.")
        discrete = self._discrete(X)
        rows = of_frame(X, discrete) if is_frame(X) else Matrix.of(X, discrete)
        if len(rows.numbers) != len(target.labels):
            raise InputError(
                f"X has {len(rows.numbers):,} rows and y {len(target.labels):,}. Give each row one class."
            )
        self._remember(X, rows)
        self.sampling_strategy_, self.synthesizer_ = wanted, synthesizer
        return rows, target

    def _blocks(
        self, rows: Frame | Matrix, labels: Ints, wanted: Ints, rng: np.random.Generator
    ) -> Iterator[tuple[Any, Any]]:
        """New rows, class by class."""
        if not wanted.any():
            return
        sample = Sample(rows.numbers, rows.codes, rows.sizes, labels)
        _refuse_infinite(sample)
        learnt = self.synthesizer_.plan(sample, wanted, rng)
        own = learnt["label"][learnt["base"]]
        for label in np.flatnonzero(wanted):
            of_class = {**learnt, "weight": np.where(own == label, learnt["weight"], 0.0)}
            for start in range(0, wanted[label], _BLOCK):
                made = self.synthesizer_.make(of_class, min(_BLOCK, int(wanted[label]) - start), rng)
                yield made.numbers, made.codes

    def _synthesizer(self) -> Resampler:
        values = {}
        for name, (ours, value_of) in self._given.items():
            value = getattr(self, name)
            try:
                values[ours] = value_of(value.item() if isinstance(value, np.generic) else value)
            except (KeyError, TypeError):
                raise InputError(f"{type(self).__name__} has no {name} {value!r}.") from None
        try:
            return self._method(**values)
        except InputError as error:
            error.args = (self._in_their_words(error),)
            raise

    def _in_their_words(self, error: InputError) -> str:
        """The message with the parameters called as the caller calls them."""
        told = str(error)
        for name, (ours, _) in self._given.items():
            told = re.sub(rf"\b{ours}\b", name, told)
        return told

    def _discrete(self, X: Any) -> npt.NDArray[np.bool_] | None:
        """Which columns are named as categories; None where their types shall say it."""
        width = len(names_of(X)) if is_frame(X) else _width(X)
        if self._all_discrete:
            return np.ones(width, dtype=bool)
        named = getattr(self, "categorical_features", "auto")
        if isinstance(named, str) and named == "auto":
            if hasattr(self, "categorical_features") and not is_frame(X):
                raise InputError(
                    "categorical_features 'auto' reads the types of a table. Name the columns of a matrix."
                )
            return None
        return _mask(named, names_of(X) if is_frame(X) else list(range(width)))

    def _remember(self, X: Any, rows: Frame | Matrix) -> None:
        self.n_features_in_ = rows.numbers.shape[1] + rows.codes.shape[1]
        names = names_of(X) if is_frame(X) else []
        if names and all(isinstance(name, str) for name in names):
            self.feature_names_in_ = np.array(names, dtype=object)
        elif hasattr(self, "feature_names_in_"):
            del self.feature_names_in_

    def __sklearn_tags__(self) -> Any:
        return sampler_tags(super().__sklearn_tags__(), text=self._all_discrete)


def _width(X: Any) -> int:
    shape = np.shape(X) if not hasattr(X, "shape") else X.shape
    return int(shape[1]) if len(shape) == 2 else 0


def _mask(named: Any, columns: list[Any]) -> npt.NDArray[np.bool_]:
    """Columns given by place, by name or as a mask."""
    given = list(np.atleast_1d(np.asarray(named, dtype=object)))
    if len(given) == len(columns) and all(isinstance(one, (bool, np.bool_)) for one in given):
        return np.array(given, dtype=bool)
    out = np.zeros(len(columns), dtype=bool)
    for one in given:
        if (
            isinstance(one, (int, np.integer))
            and not isinstance(one, bool)
            and -len(columns) <= one < len(columns)
        ):
            out[one] = True
        elif one in columns:
            out[columns.index(one)] = True
        else:
            raise UnknownNameError("column in categorical_features", one, map(str, columns))
    return out


def _refuse_infinite(sample: Sample) -> None:
    bad = np.flatnonzero(~np.isfinite(sample.scale.most))
    if len(bad):
        raise InputError(
            f"X holds infinity (numeric column {bad[0]}), between which and a number no row lies. Make it "
            "NaN or a number."
        )


def _generator(state: Any) -> np.random.Generator:
    """Draws as scikit-learn's users expect: a seed always gives the same, None follows numpy's own state."""
    if isinstance(state, np.random.Generator):
        return state
    if isinstance(state, (int, np.integer)) and not isinstance(state, bool) and state >= 0:
        return np.random.default_rng(int(state))
    return np.random.default_rng(check_random_state(state).randint(0, 2**32, size=4, dtype=np.uint32))
