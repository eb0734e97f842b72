"""Values, or combinations of them, that one person alone holds, and whether they come out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from mintmark.stats.shares import clustered, newcombe

__all__ = ["FEWEST", "Uniques", "together", "uniques"]

Ints = npt.NDArray[np.int64]
FEWEST = 50
"""Unique values on either side before a column or pair is judged alone."""


@dataclass(frozen=True)
class Reuse:
    """Of unique values the share that comes out, on either side, and what its variance rests on.

    Parameters
    ----------
    train, holdout : tuple of float
        Share and effective number, values of one person being one draw.
    values : int
        Held in train.
    """

    train: tuple[float, float]
    holdout: tuple[float, float]
    values: int

    def excess(self, z: float) -> dict[str, Any]:
        """Share of train's that come out minus the holdout's, its interval, and what both are."""
        return {
            "excess": self.train[0] - self.holdout[0],
            "interval": newcombe(*self.train, *self.holdout, z),
            "train": self.train[0],
            "holdout": self.holdout[0],
            "values": self.values,
        }


@dataclass(frozen=True)
class Uniques:
    """For each person of train and of holdout: unique values held (trials) and found again (hits).

    Parameters
    ----------
    trials, hits : dict of array, shape (persons,)
        By role.
    """

    trials: dict[str, Ints]
    hits: dict[str, Ints]

    @property
    def held(self) -> int:
        """How many either side holds, the smaller number."""
        return min(int(self.trials[role].sum()) for role in ("train", "holdout"))

    @property
    def judged(self) -> bool:
        """Whether either side holds enough to be judged by itself."""
        return self.held >= FEWEST

    @property
    def reuse(self) -> Reuse:
        """The shares, without the persons they are of."""
        train, holdout = (clustered(self.hits[role], self.trials[role]) for role in ("train", "holdout"))
        return Reuse(train, holdout, int(self.trials["train"].sum()))


def uniques(persons: Mapping[str, Ints], values: Mapping[str, npt.NDArray[Any]]) -> Uniques:
    """Of values held by one person in train and holdout together, those that are among the released.

    Parameters
    ----------
    persons : mapping of real role to array of int, shape (n,)
        Whose row it is, from 0.
    values : mapping of role to array of int, shape (n,)
        Identities from 0, numbered without large gaps; -1 where there is none.
    """
    offset = int(persons["train"].max()) + 1
    every = offset + int(persons["holdout"].max()) + 1
    value = np.concatenate([values["train"], values["holdout"]]).astype(np.int64)
    person = np.concatenate([persons["train"], persons["holdout"] + offset])
    value, person = value[value >= 0], person[value >= 0]
    size = 1 + max(int(found.max(initial=-1)) for found in values.values())
    holder = np.full(size, -1)
    holder[value] = person  # the last of them: where others hold it too, it differs from theirs
    alone = holder >= 0
    alone[value[holder[value] != person]] = False
    out = np.zeros(size, dtype=bool)
    out[values["synthetic"][values["synthetic"] >= 0]] = True
    trials = np.bincount(holder[alone], minlength=every)
    hits = np.bincount(holder[alone & out], minlength=every)
    return Uniques(*({"train": part[:offset], "holdout": part[offset:]} for part in (trials, hits)))


def together(several: Sequence[Uniques]) -> Uniques | None:
    """Of several columns all unique values; None of none."""
    if not several:
        return None
    sums = (
        {role: np.sum([getattr(one, name)[role] for one in several], axis=0) for role in ("train", "holdout")}
        for name in ("trials", "hits")
    )
    return Uniques(*sums)
