"""Cleaners as estimators: real rows that stay, and new rows that are cleaned together with real ones."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from numbers import Real
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt
from scipy import sparse
from sklearn.base import clone

from mintmark.errors import InputError
from mintmark.resample.cleaning._classes import removable, staying
from mintmark.resample.imblearn._containers import is_frame, rows_of, taken
from mintmark.resample.imblearn._estimator import Estimator, generator, sample_of
from mintmark.resample.imblearn._frames import Frame
from mintmark.resample.imblearn._matrix import Matrix, dense
from mintmark.resample.imblearn._target import Target

__all__ = ["Cleaner", "Combined"]


class Cleaner(Estimator):
    """A cleaner as an estimator of imbalanced-learn's kind. Its classes are made in `_generate`.

    The rows that stay come back in their order, with the index that they had. Distances are in standard
    deviations.

    Attributes
    ----------
    sample_indices_ : array of int
        Which rows stay.
    sampling_strategy_ : OrderedDict
        Rows that stay, of each class that loses any; for a cleaner that takes no number of rows the
        classes whose rows may go, each with the size of the smallest class, as imbalanced-learn has it.
    n_features_in_ : int
    feature_names_in_ : array of str
        Where all columns have names that are texts.
    """

    _kept: ClassVar[Callable[..., npt.NDArray[np.bool_]]]
    """Which rows stay, of a sample and either which rows may go or how many stay of each class."""
    _counts: ClassVar[bool]
    """Whether the strategy says how many rows stay, and not whose may go."""
    _draws: ClassVar[bool]
    """Whether rows are drawn, whatever they hold."""
    _tells_rows = True

    def fit_resample(self, X: Any, y: Any, **params: Any) -> tuple[Any, Any]:
        """The rows that stay.

        Parameters
        ----------
        X, y : as `fit` takes them

        Returns
        -------
        X, y
            In the containers, types and column names that they came in.

        Raises
        ------
        InputError
            A `ValueError`: if a parameter is out of range, or X and y do not fit together.
        """
        rows, target = self._read(X, y, params)
        which, given = self._which(target), self._values()
        if self._draws:
            given["rng"] = generator(self.random_state)
        try:
            kept = type(self)._kept(sample_of(rows, target.labels), which, **given)
        except InputError as error:
            error.args = (self._in_their_words(error),)
            raise
        self.sample_indices_ = np.flatnonzero(kept)
        return taken(rows.container, self.sample_indices_), target.kept(self.sample_indices_)

    def _prepared(self, target: Target) -> dict[str, Any]:
        self._values()  # refuses what is out of range
        which = self._which(target)
        if self._counts:
            told = {at: int(rows) for at, rows in enumerate(which) if rows < target.counts[at]}
        else:
            told = dict.fromkeys(np.unique(target.labels[which]), int(target.counts.min()))
        return {"sampling_strategy_": OrderedDict((target.classes[at], rows) for at, rows in told.items())}

    def _which(self, target: Target) -> npt.NDArray[Any]:
        """How many rows stay of each class, or which rows may go."""
        strategy = target.asked(self.sampling_strategy)
        if self._counts and isinstance(strategy, (str, Mapping, Real)) and not isinstance(strategy, bool):
            wanted: Any = float(strategy) if isinstance(strategy, Real) else strategy
            return staying(wanted, target.classes, target.counts)
        if not self._counts and isinstance(strategy, (str, Sequence, np.ndarray)):
            chosen = strategy if isinstance(strategy, str) else list(strategy)
            return removable(chosen, target.classes, target.labels)
        more = "a share, or a mapping of class to rows" if self._counts else "or a list of classes"
        raise InputError(
            "sampling_strategy is one of 'auto', 'majority', 'not minority', 'not majority', 'all', "
            f"{more}, or a function that returns one; not {strategy!r}."
        )

    def _understood(self, X: Any) -> Frame | Matrix:
        if not self._draws:
            return super()._understood(X)
        n = rows_of(X) if is_frame(X) or sparse.issparse(X) else len(dense(X))
        return Frame(X, np.empty((n, 0)), np.empty((n, 0), dtype=np.int32), (), ())  # nothing is looked at


class Combined(Estimator):
    """SMOTE, and then a cleaner of all rows: real and new ones vouch for each other.

    Where new rows alone shall be asked, and by real ones, see `mintmark.resample.cleaning._purified`.

    Attributes
    ----------
    smote_ : Sampler
        What made the rows; what cleaned them stands beside it, with an underscore after its name.
    sampling_strategy_ : OrderedDict
        New rows by class, before they are cleaned.
    n_features_in_ : int
    feature_names_in_ : array of str
        Where all columns have names that are texts.
    """

    _given = {}  # noqa: RUF012  # a class variable of the base
    _cleaner: ClassVar[tuple[str, str]]
    """The parameter that takes a cleaner, and the estimator that it stands for where none is given."""

    random_state: Any
    smote: Any

    def fit_resample(self, X: Any, y: Any, **params: Any) -> tuple[Any, Any]:
        """The rows and new ones, without those that are cleaned away.

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
            As either part.
        """
        self._read(X, y, params)
        name, default = self._cleaner
        room: Any = import_module("mintmark.resample.imblearn")  # which makes them when it is asked
        maker = self._part("smote") or room.SMOTE(
            sampling_strategy=self.sampling_strategy, random_state=self.random_state
        )
        cleaner = self._part(name) or getattr(room, default)(sampling_strategy="all")
        self.smote_ = maker
        setattr(self, f"{name}_", cleaner)
        more, labels = cleaner.fit_resample(*maker.fit_resample(X, y))
        return more, labels

    def _prepared(self, target: Target) -> dict[str, Any]:
        for name in ("smote", self._cleaner[0]):
            self._part(name)
        return {"sampling_strategy_": target.wanted(self.sampling_strategy)}

    def _part(self, name: str) -> Any:
        """A copy of an estimator that was given."""
        given = getattr(self, name)
        if given is None:
            return None
        if not callable(getattr(given, "fit_resample", None)):
            raise InputError(f"{name} is {given!r}, which resamples nothing. Give an estimator, or None.")
        return clone(given)
