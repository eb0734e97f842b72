"""Resamplers as scikit-learn estimators, with the names and parameters of imbalanced-learn.

>>> from mintmark.resample.imblearn import SMOTE
>>> X, y = SMOTE(random_state=0, k_neighbors=5).fit_resample(X, y)  # doctest: +SKIP

Every registered method that resamples classes is here; those that imbalanced-learn has not are named
in CamelCase (``prowsyn`` is ``ProWSyn``). A class is made when it is asked for: importing this package
imports none of them, nor scikit-learn. imbalanced-learn itself is never imported.
"""

from __future__ import annotations

from typing import Any

__all__: list[str] = []  # as `dir` lists them: they depend on what is registered


def __getattr__(name: str) -> Any:
    if name.startswith("_"):  # Python asks for several that are nobody's method
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from mintmark.resample.imblearn._generate import estimator

    made = estimator(name)
    globals()[name] = made  # one class a name, so that pickle finds the same
    return made


def __dir__() -> list[str]:
    from mintmark.resample.imblearn._generate import known

    return known()
