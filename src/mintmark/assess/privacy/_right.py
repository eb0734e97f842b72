"""When a guessed value is right: equal, or for numbers near enough to harm."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from mintmark.assess.privacy._near import source
from mintmark.assess.privacy._rows import Rows

__all__ = ["NEAR_ENOUGH", "Secret", "reach"]

Bools = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

NEAR_ENOUGH = 0.05


def reach(rows: Rows, name: str, values: npt.NDArray[Any], released: str) -> Floats:
    """How far a guess may be from each true value: a number 5 % of it, a date 5 % of the released span.

    A date has no size of its own, only a place between others; a category must be equal.
    """
    column = rows.column(name)
    if column.kind != "datetime":
        return NEAR_ENOUGH * np.abs(values) if column.is_numeric else np.zeros(len(values))
    known = rows.numeric(name, released)
    known = known[~np.isnan(known)]
    return np.full(len(values), NEAR_ENOUGH * float(np.ptp(known)) if len(known) else 0.0)


@dataclass(frozen=True)
class Secret:
    """True values of the persons attacked, and those of the released rows to guess from."""

    true: npt.NDArray[Any]
    released: npt.NDArray[Any]
    within: Floats

    @classmethod
    def of(cls, rows: Rows, name: str, role: str, some: Ints, released: str) -> Secret:
        """One column of some rows of `role`."""
        true = source(rows, name, role)[some]
        return cls(true, source(rows, name, released), reach(rows, name, true, released))

    @property
    def missing(self) -> Bools:
        """Which persons have no value to be guessed."""
        gone: Bools = np.isnan(self.true) if self.true.dtype.kind == "f" else self.true < 0
        return gone

    def right(self, persons: Ints, guesses: Ints) -> Bools:
        """Whether the value of each guessed row is right of the person beside it."""
        close: Bools = np.abs(self.true[persons] - self.released[guesses]) <= self.within[persons]
        return close
