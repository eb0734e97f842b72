"""What every estimator here shares: scikit-learn's protocol, what is read of X and y, and what is refused."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, ClassVar, Self

import numpy as np
import numpy.typing as npt
from scipy import sparse
from sklearn.base import BaseEstimator, OneToOneFeatureMixin
from sklearn.utils import check_random_state

from mintmark.errors import InputError, UnknownNameError
from mintmark.resample._sample import Sample
from mintmark.resample.imblearn._containers import is_frame, library, names_of
from mintmark.resample.imblearn._frames import Frame, of_frame
from mintmark.resample.imblearn._matrix import Matrix
from mintmark.resample.imblearn._tags import sampler_tags
from mintmark.resample.imblearn._target import Target

__all__ = ["Estimator", "generator", "sample_of"]

Ints = npt.NDArray[np.int64]


class Estimator(OneToOneFeatureMixin, BaseEstimator):  # type: ignore[misc]  # scikit-learn ships no types
    """What resamples X and y. Abstract: write `_prepared` and `fit_resample`."""

    _given: ClassVar[Mapping[str, tuple[str, Callable[[Any], Any]]]]
    """Our name of each parameter of the estimator, and what makes our value of theirs."""
    _all_discrete: ClassVar[bool] = False
    _tells_rows: ClassVar[bool] = False

    sampling_strategy: Any

    def _prepared(self, target: Target) -> dict[str, Any]:
        """Attributes that are known from the classes alone, by name."""
        raise NotImplementedError

    def fit(self, X: Any, y: Any, **params: Any) -> Self:
        """Check the rows and tell what would become of each class.

        Parameters
        ----------
        X : matrix (numpy, lists, scipy sparse) or table (pandas, polars, Arrow), n rows
        y : classes of the rows: list, array, series, one-column table or indicator matrix
        """
        self._read(X, y, params)
        return self

    def _read(self, X: Any, y: Any, params: Mapping[str, Any]) -> tuple[Frame | Matrix, Target]:
        if params:
            raise InputError(
                f"{type(self).__name__} takes X and y, not {', '.join(params)}: rows have no weights here."
            )
        target = Target.of(y)
        prepared = self._prepared(target)
        if library(X) == "polars" and hasattr(X, "collect"):
            X = X.collect()
        if X is None or (isinstance(X, (str, bytes, Mapping)) and not sparse.issparse(X)):
            raise InputError(f"X is {type(X).__name__}. Give a matrix, or a pandas, polars or Arrow table.")
        rows = self._understood(X)
        if len(rows.numbers) != len(target.labels):
            raise InputError(
                f"X has {len(rows.numbers):,} rows and y {len(target.labels):,}. Give each row one class."
            )
        self._remember(X)
        for name, value in prepared.items():
            setattr(self, name, value)
        return rows, target

    def _understood(self, X: Any) -> Frame | Matrix:
        discrete = self._discrete(X)
        return of_frame(X, discrete) if is_frame(X) else Matrix.of(X, discrete)

    def _values(self) -> dict[str, Any]:
        """Our parameters and what they are given as."""
        values = {}
        for name, (ours, value_of) in self._given.items():
            value = getattr(self, name)
            try:
                values[ours] = value_of(value.item() if isinstance(value, np.generic) else value)
            except (KeyError, TypeError):
                raise InputError(f"{type(self).__name__} has no {name} {value!r}.") from None
        return values

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

    def _remember(self, X: Any) -> None:
        names = names_of(X) if is_frame(X) else []
        self.n_features_in_ = len(names) if is_frame(X) else _width(X)
        if names and all(isinstance(name, str) for name in names):
            self.feature_names_in_ = np.array(names, dtype=object)
        elif hasattr(self, "feature_names_in_"):
            del self.feature_names_in_

    def __sklearn_tags__(self) -> Any:
        return sampler_tags(super().__sklearn_tags__(), text=self._all_discrete, indices=self._tells_rows)


def sample_of(rows: Frame | Matrix, labels: Ints) -> Sample:
    """The rows as resamplers see them.

    Raises
    ------
    InputError
        If they hold infinity.
    """
    sample = Sample(rows.numbers, rows.codes, rows.sizes, labels)
    bad = np.flatnonzero(~np.isfinite(sample.scale.most))
    if len(bad):
        raise InputError(
            f"X holds infinity (numeric column {bad[0]}), from which no row has a distance. Make it "
            "NaN or a number."
        )
    return sample


def generator(state: Any) -> np.random.Generator:
    """Draws as scikit-learn's users expect: a seed always gives the same, None follows numpy's own state."""
    if isinstance(state, np.random.Generator):
        return state
    if isinstance(state, (int, np.integer)) and not isinstance(state, bool) and state >= 0:
        return np.random.default_rng(int(state))
    return np.random.default_rng(check_random_state(state).randint(0, 2**32, size=4, dtype=np.uint32))


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
