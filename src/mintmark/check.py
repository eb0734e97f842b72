"""The Check contract: a validity rule on rows.

One check, one file in `mintmark.checks`: a `@method` class with parameters and one hook,
``_holds(data) -> bool array (n,)``. Row checks judge a row by itself and are applied to every
block; table checks (uniqueness, quotas) judge the assembled rows, and a row they reject is
replaced.
"""

from __future__ import annotations

from typing import Any, ClassVar, Literal

import numpy as np
import numpy.typing as npt

from mintmark import registry
from mintmark.data.dataset import Dataset
from mintmark.errors import InputError
from mintmark.method import name_of

__all__ = ["Check", "load"]


class Check:
    """A rule that a row holds or not. Abstract: write `_holds` and decorate with `@method`."""

    scope: ClassVar[Literal["row", "table"]] = "row"

    def holds(self, data: Dataset) -> npt.NDArray[np.bool_]:
        """Which rows are valid, shape (n,).

        Raises
        ------
        InputError
            If the data lacks a column that the check reads.
        """
        held = np.asarray(self._holds(data))
        if held.shape != (len(data),) or held.dtype != bool:
            raise InputError(
                f"check {name_of(type(self))!r} returned {held.dtype} of shape {held.shape}, "
                f"not one truth value for each of {len(data)} rows."
            )
        return held

    def _holds(self, data: Dataset) -> npt.NDArray[np.bool_]:
        raise NotImplementedError

    def __str__(self) -> str:
        """The rule in words; the dataclass's own form where an author wrote none."""
        return repr(self)


def load(record: dict[str, Any]) -> Check:
    """The check a schema's record ``{"check": name, **parameters}`` stands for."""
    if "check" not in record:
        raise InputError(f"a check's record needs the key 'check'; got {record!r}.")
    values = dict(record)
    made: Check = registry.find("checks", str(values.pop("check")))(**values)
    return made
