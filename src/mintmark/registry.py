"""Names to methods: what ships in the family folders, and what other packages add.

In a family folder a file without a leading underscore is one method, and the file's name is the
method's. Other packages register through the entry points ``mintmark.synthesizers``,
``mintmark.checks``, ``mintmark.metrics`` and ``mintmark.cleaners``. Nothing is imported until it is asked
for by name.
"""

from __future__ import annotations

import importlib
from functools import cache
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any, Literal

from mintmark.errors import MissingExtraError, UnknownNameError

__all__ = ["PROTOCOLS", "Sort", "find", "names", "protocols"]

Sort = Literal["synthesizers", "checks", "metrics", "cleaners"]

_ROOMS: dict[str, tuple[str, ...]] = {
    "synthesizers": ("latent", "resample"),
    "checks": ("checks",),
    "cleaners": ("resample.cleaning",),
    "metrics": ("assess.fidelity", "assess.utility", "assess.privacy"),
}
PROTOCOLS = ("impute", "log_prob", "scores_rows")
"""Public methods that the class of a synthesizer may have beside the contract; see docs/architecture.md."""
_EXTRAS = {"torch": "neural", "faker": "personal", "ray": "ray", "fastapi": "studio"}


@cache
def _shipped(sort: Sort) -> dict[str, str]:
    """Names of the methods in our own rooms, with their modules; reads the folders only."""
    root = Path(__file__).parent
    return {
        file.stem: f"mintmark.{room}.{file.stem}"
        for room in _ROOMS[sort]
        for file in sorted((root / room.replace(".", "/")).glob("[!_]*.py"))
    }


@cache
def _added(sort: Sort) -> dict[str, Any]:
    """Entry points of other packages; ours keep their names."""
    return {
        point.name: point
        for point in entry_points(group=f"mintmark.{sort}")
        if point.name not in _shipped(sort)
    }


def names(sort: Sort) -> list[str]:
    """Every registered name of one sort, ours first, each group in alphabetical order."""
    return sorted(_shipped(sort)) + sorted(_added(sort))


def find(sort: Sort, name: str) -> Any:
    """The class that answers to `name`; of cleaners the function, from a Dataset to the rows that stay.

    Raises
    ------
    UnknownNameError
        If nothing does; the nearest name is offered.
    MissingExtraError
        If the method needs an optional package that is absent.
    """
    try:
        if name in _shipped(sort):
            module = importlib.import_module(_shipped(sort)[name])
            return getattr(module, name if sort == "cleaners" else module.__all__[0])  # the one class
        if name in _added(sort):
            return _added(sort)[name].load()
    except ModuleNotFoundError as error:
        package = (error.name or "").partition(".")[0]
        if package in _EXTRAS:
            raise MissingExtraError(package, _EXTRAS[package]) from error
        raise
    raise UnknownNameError(sort[:-1], name, names(sort))


def protocols(name: str) -> list[str]:
    """Which of `PROTOCOLS` the synthesizer of that name has.

    Raises
    ------
    UnknownNameError
        If nothing answers to `name`; the nearest is offered.
    MissingExtraError
        If the method needs an optional package that is absent.
    """
    found = find("synthesizers", name)
    return [each for each in PROTOCOLS if callable(getattr(found, each, None))]
