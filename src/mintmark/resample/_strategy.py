"""How many new rows each class needs, in the words of imbalanced-learn."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from numbers import Integral, Real
from typing import Annotated, Any, Literal

import numpy as np
import numpy.typing as npt
from pydantic import BeforeValidator, Field

from mintmark.errors import InputError, UnknownNameError

__all__ = ["Strategy", "deficits", "rows_of_classes"]

_WORDS = ("auto", "minority", "not minority", "not majority", "all")


def rows_of_classes(wanted: Mapping[Any, Any]) -> dict[str, int]:
    """Rows by class, classes as text: as YAML, JSON or Python write them.

    Raises
    ------
    InputError
        If a class or a number of rows is none, or a class is named twice.
    """
    out: dict[str, int] = {}
    for name, rows in wanted.items():
        if not isinstance(name, (str, Real, np.bool_)):
            raise InputError(
                f"sampling_strategy names a class {name!r}; classes are text, numbers or truth values."
            )
        if isinstance(rows, bool) or not isinstance(rows, Integral) or rows < 0:
            raise InputError(
                f"sampling_strategy asks for {rows!r} rows of class {name!r}: give a whole number, 0 or more."
            )
        if str(name) in out:
            raise InputError(f"sampling_strategy names class {str(name)!r} twice.")
        out[str(name)] = int(rows)
    return out


def _plain(value: Any) -> Any:
    """The strategy as its type has it; what it may be is told in one sentence, not type by type."""
    if isinstance(value, Mapping):
        return rows_of_classes(value)
    if isinstance(value, str) and value not in _WORDS:
        raise UnknownNameError("sampling_strategy", value, _WORDS)
    number = isinstance(value, Real) and not isinstance(value, bool)
    if not isinstance(value, str) and not (number and 0 < value <= 1):
        raise InputError(
            f"it is one of {', '.join(map(repr, _WORDS))}, a share above 0 and up to 1, or a mapping of "
            "class to the rows that it then has"
        )
    return value


Strategy = Annotated[
    Literal["auto", "minority", "not minority", "not majority", "all"]
    | Annotated[float, Field(gt=0, le=1)]
    | dict[str, Annotated[int, Field(ge=0)]],
    BeforeValidator(_plain),
    Field(
        description="which classes grow to the size of the largest (auto: all the others), or the share of "
        "minority to majority rows afterwards (two classes), or the rows that each class then has"
    ),
]


def deficits(strategy: Any, classes: Sequence[Any], counts: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """New rows that each class needs, shape (classes,).

    Parameters
    ----------
    strategy : str, float or mapping of str to int
        As `Strategy`.
    classes : sequence
        Values of the target.
    counts : array of int, shape (classes,)
        Real rows of each.

    Raises
    ------
    InputError
        If a share is asked of more than two classes, or fewer rows than there are.
    UnknownNameError
        If a class does not exist.
    """
    if isinstance(strategy, Mapping):
        return _of_mapping(strategy, classes, counts)
    seen = counts > 0  # a class may be declared and have no row
    least = int(np.argmin(np.where(seen, counts, counts.max() + 1)))
    if isinstance(strategy, str):
        lack: npt.NDArray[np.int64] = np.where(seen, counts.max() - counts, 0)
        if strategy == "minority":
            return np.where(np.arange(len(counts)) == least, lack, 0)
        if strategy == "not minority":
            lack[least] = 0
        return lack
    if seen.sum() != 2:
        raise InputError(
            f"sampling_strategy {strategy:g} is a share of minority to majority rows, which needs two "
            f"classes; the target has {seen.sum()}. Give the rows of each class instead, as a mapping."
        )
    most = int(counts.max())
    more = int(strategy * most) - int(counts[least])
    if more < 0:
        raise InputError(
            f"sampling_strategy {strategy:g} asks for fewer rows of class {classes[least]!r} than there are "
            f"({counts[least]:,} of {most:,} is {counts[least] / most:.3g}). Give a larger share."
        )
    out = np.zeros(len(counts), dtype=np.int64)
    out[least] = more
    return out


def _of_mapping(
    wanted: Mapping[Any, int], classes: Sequence[Any], counts: npt.NDArray[np.int64]
) -> npt.NDArray[np.int64]:
    place = {str(name): at for at, name in enumerate(classes)}
    out = np.zeros(len(counts), dtype=np.int64)
    for name, rows in wanted.items():
        if str(name) not in place:
            raise UnknownNameError("class in sampling_strategy", str(name), list(place))
        at = place[str(name)]
        if rows < counts[at]:
            raise InputError(
                f"sampling_strategy asks for {rows:,} rows of class {name!r}, which has {counts[at]:,} "
                "already: new rows are added and none taken away. Ask for as many or more."
            )
        out[at] = rows - counts[at]
    return out
