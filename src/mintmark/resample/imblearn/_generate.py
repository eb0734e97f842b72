"""The estimators, made from the registry: their names, their parameters and what those are of ours."""

from __future__ import annotations

import dataclasses
import inspect
import pkgutil
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import mintmark.resample
from mintmark import registry
from mintmark.errors import InputError, MissingExtraError
from mintmark.method import parameters_schema
from mintmark.resample._resampler import Resampler
from mintmark.resample.cleaning.edited_nearest_neighbours import edited_nearest_neighbours, kept_by_neighbours
from mintmark.resample.cleaning.near_miss import kept_by_near_miss, near_miss
from mintmark.resample.cleaning.random_under import kept_at_random, random_under
from mintmark.resample.cleaning.tomek_links import kept_by_tomek, tomek_links
from mintmark.resample.imblearn._cleaner import Cleaner, Combined
from mintmark.resample.imblearn._estimator import Estimator
from mintmark.resample.imblearn._sampler import Sampler

__all__ = ["estimator", "known"]

_FIRST = ("sampling_strategy", "auto"), ("random_state", None)
_OWN = ("target", "sampling_strategy")  # of every method: y and the estimator's own parameter stand for them
_OF_IMAGES = ("size", "channels")  # a matrix holds none
_ROOM = "mintmark.resample.imblearn"


@dataclass(frozen=True)
class _Named:
    """How imbalanced-learn calls a method.

    Parameters
    ----------
    method : str
        Name in the registry.
    renamed : mapping of str to str
        Our parameters to theirs.
    values : mapping of str to mapping
        For a parameter of ours, words of theirs to values of ours; other values are the same in both.
    discrete : "named", "all" or None
        Whether columns are named that are categories, or all are.
    """

    method: str
    renamed: dict[str, str] = field(default_factory=dict)
    values: dict[str, dict[Any, Any]] = field(default_factory=dict)
    discrete: str | None = None


@dataclass(frozen=True)
class _Cleaning:
    """How imbalanced-learn calls a way of cleaning.

    Parameters
    ----------
    tells : callable
        Our function of it, whose words the estimator has.
    kept : callable
        What tells which rows of a sample stay.
    counts, draws : bool
        As `Cleaner` has them.
    given : mapping of str to tuple
        For each parameter of theirs ours, what it may be (None: a whole number from 1 on), and its meaning.
    """

    tells: Callable[..., Any]
    kept: Callable[..., Any]
    counts: bool = False
    draws: bool = False
    given: dict[str, tuple[str, tuple[Any, ...] | None, str]] = field(default_factory=dict)


_K = {"k": "k_neighbors"}
_KM = {"k": "k_neighbors", "m": "m_neighbors"}
_CLUSTERS = {
    "clusters": "kmeans_estimator",
    "share": "cluster_balance_threshold",
    "exponent": "density_exponent",
}
_THEIRS = {
    "SMOTE": _Named("smote", _K),
    "SMOTENC": _Named("smote", _K, discrete="named"),
    "SMOTEN": _Named("smote", _K, discrete="all"),
    "ADASYN": _Named("adasyn", {"k": "n_neighbors"}),
    "BorderlineSMOTE": _Named("borderline_smote", _KM, {"kind": {"borderline-1": 1, "borderline-2": 2}}),
    "SVMSMOTE": _Named("svm_smote", _KM),
    "KMeansSMOTE": _Named(
        "kmeans_smote",
        {**_K, **_CLUSTERS},
        {"clusters": {None: 50}, "share": {"auto": 0.5}, "exponent": {"auto": 2.0}},
    ),
}
"""What imbalanced-learn has too; every other method keeps our names for its parameters."""
_CLEANING = {
    "TomekLinks": _Cleaning(tomek_links, kept_by_tomek),
    "EditedNearestNeighbours": _Cleaning(
        edited_nearest_neighbours,
        kept_by_neighbours,
        given={
            "n_neighbors": ("k", None, "neighbours that are asked"),
            "kind_sel": ("kind", ("all", "mode"), "whether all of them must be of the class, or most"),
        },
    ),
    "NearMiss": _Cleaning(
        near_miss,
        kept_by_near_miss,
        counts=True,
        given={
            "version": ("version", (1, 2, 3), "which rows stay"),
            "n_neighbors": ("k", None, "rows of the smallest class to which the distance is a mean"),
            "n_neighbors_ver3": ("candidates", None, "rows near each of the smallest class, for version 3"),
        },
    ),
    "RandomUnderSampler": _Cleaning(random_under, kept_at_random, counts=True, draws=True),
}
_COMBINED = {"SMOTEENN": ("enn", "EditedNearestNeighbours"), "SMOTETomek": ("tomek", "TomekLinks")}
"""What cleans after SMOTE, and the parameter that takes another cleaner."""
_OF_NUMBERS = {"smote_regression"}  # its target is a number, and a sampler's are classes
_WORDS = {"prowsyn": "ProWSyn", "deepsmote": "DeepSMOTE"} | {
    word: word.upper() for word in ("smote", "svm", "ipf")
}


def known() -> list[str]:
    """Names of every estimator there is; methods of other packages answer too, but are not looked for."""
    theirs = {named.method for named in _THEIRS.values()}
    shipped = {found.name for found in pkgutil.iter_modules(mintmark.resample.__path__) if not found.ispkg}
    ours = [name for name in registry.names("synthesizers") if name in shipped and _is_resampler(name)]
    named = [name for name, their in _THEIRS.items() if their.method in ours]
    return sorted([*named, *_CLEANING, *_COMBINED, *(_camel(name) for name in ours if name not in theirs)])


def estimator(name: str) -> type[Estimator]:
    """The estimator of this name.

    Raises
    ------
    AttributeError
        If neither a registered resampler nor a cleaner has it.
    """
    if name in _CLEANING:
        return _cleaner(name, _CLEANING[name])
    if name in _COMBINED:
        return _combined(name, *_COMBINED[name])
    ours = {_camel(method): _Named(method) for method in registry.names("synthesizers")}
    named = (ours | _THEIRS).get(name)
    if named is None or named.method not in registry.names("synthesizers") or not _is_resampler(named.method):
        raise AttributeError(f"module {_ROOM!r} has no attribute {name!r}. There are: {', '.join(known())}.")
    return _made(name, named, registry.find("synthesizers", named.method))


def _is_resampler(method: str) -> bool:
    if method in _OF_NUMBERS:
        return False
    try:
        return issubclass(registry.find("synthesizers", method), Resampler)
    except MissingExtraError:
        return False


def _camel(method: str) -> str:
    return "".join(_WORDS.get(word, word.capitalize()) for word in method.split("_"))


def _made(name: str, named: _Named, method: type[Resampler]) -> type[Sampler]:
    fields = [found for found in dataclasses.fields(method) if found.name not in (*_OWN, *_OF_IMAGES)]
    given = {named.renamed.get(found.name, found.name): found for found in fields}
    defaults = {
        theirs: _theirs(found.default, named.values.get(found.name, {})) for theirs, found in given.items()
    }
    body: dict[str, Any] = {
        "__module__": _ROOM,
        "__doc__": _doc(method, given),
        "__init__": _init([*_FIRST, *defaults.items()], named.discrete == "named"),
        "_method": method,
        "_given": {
            theirs: (found.name, partial(_ours, words=named.values.get(found.name, {})))
            for theirs, found in given.items()
        },
        "_all_discrete": named.discrete == "all",
    }
    return type(name, (Sampler,), body)


def _cleaner(name: str, cleaning: _Cleaning) -> type[Cleaner]:
    defaults = inspect.signature(cleaning.kept).parameters
    first = _FIRST if cleaning.draws else _FIRST[:1]
    own = [(theirs, defaults[ours].default) for theirs, (ours, *_) in cleaning.given.items()]
    told = [f"{theirs}\n    {meaning}" for theirs, (*_, meaning) in cleaning.given.items()]
    what = "how many rows of which classes stay" if cleaning.counts else "classes whose rows may go"
    shared = [f"sampling_strategy\n    {what}, as in imbalanced-learn", *(one for one, _ in first[1:])]
    body: dict[str, Any] = {
        "__module__": _ROOM,
        "__doc__": _joined(cleaning.tells.__doc__, [*shared, *told], Cleaner),
        "__init__": _init([*first, *own], False),
        "_kept": staticmethod(cleaning.kept),
        "_counts": cleaning.counts,
        "_draws": cleaning.draws,
        "_given": {
            theirs: (ours, partial(_within, name=theirs, allowed=allowed))
            for theirs, (ours, allowed, _) in cleaning.given.items()
        },
    }
    return type(name, (Cleaner,), body)


def _combined(name: str, parameter: str, default: str) -> type[Combined]:
    told = [
        "sampling_strategy\n    new rows that classes get, as in imbalanced-learn",
        "random_state",
        "smote\n    what makes new rows; SMOTE where it is None",
        f"{parameter}\n    what cleans; {default} of all classes where it is None",
    ]
    body: dict[str, Any] = {
        "__module__": _ROOM,
        "__doc__": _joined(f"SMOTE, cleaned by {default} (Batista, Prati, Monard 2004).", told, Combined),
        "__init__": _init([*_FIRST, ("smote", None), (parameter, None)], False),
        "_cleaner": (parameter, default),
    }
    return type(name, (Combined,), body)


def _within(value: Any, *, name: str, allowed: tuple[Any, ...] | None) -> Any:
    """The value, if it may be that."""
    if allowed is not None and value not in allowed:
        raise InputError(f"{name} {value!r} is not one of {', '.join(map(repr, allowed))}.")
    if allowed is None and (isinstance(value, bool) or not isinstance(value, int) or value < 1):
        raise InputError(f"{name} {value!r} is no whole number from 1 on.")
    return value


def _ours(value: Any, words: dict[Any, Any]) -> Any:
    """Our value of theirs; a word that they do not have is a KeyError."""
    return words[value] if words and (value is None or isinstance(value, str)) else value


def _theirs(value: Any, words: dict[Any, Any]) -> Any:
    return next((word for word, ours in words.items() if ours == value), value)


def _init(parameters: list[tuple[str, Any]], names_columns: bool) -> Callable[..., None]:
    """An `__init__` that keeps its arguments, with the signature that scikit-learn reads parameters from."""
    kind = inspect.Parameter
    first = [kind("self", kind.POSITIONAL_ONLY)]
    if names_columns:
        first.append(kind("categorical_features", kind.POSITIONAL_OR_KEYWORD))
    rest = [kind(name, kind.KEYWORD_ONLY, default=value) for name, value in parameters]
    signature = inspect.Signature([*first, *rest])

    def __init__(self: Any, /, *args: Any, **kwargs: Any) -> None:
        bound = signature.bind(self, *args, **kwargs)
        bound.apply_defaults()
        for name, value in list(bound.arguments.items())[1:]:
            setattr(self, name, value)

    __init__.__signature__ = signature  # type: ignore[attr-defined]  # what `inspect.signature` looks for
    return __init__


def _doc(method: type[Resampler], given: dict[str, Any]) -> str:
    """The method's own words, and its parameters under the names that they have here."""
    meanings = parameters_schema(method)["properties"]
    told = [f"{name}\n    {meanings[found.name].get('description', '')}" for name, found in given.items()]
    shared = ["sampling_strategy\n    new rows that classes get, as in imbalanced-learn", "random_state"]
    return _joined(method.__doc__, [*shared, *told], Sampler)


def _joined(words: str | None, parameters: list[str], kind: type[Estimator]) -> str:
    """What something says of itself, its parameters, and what all estimators of its kind have."""
    first = inspect.cleandoc(words or "").partition("\n\nParameters\n")[0]
    whole = [first, "Parameters\n----------\n" + "\n".join(parameters), inspect.cleandoc(kind.__doc__ or "")]
    return "\n\n".join(whole)
