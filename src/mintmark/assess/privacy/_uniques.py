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

    def excess(self, z: float) -> dict[str, Any]:
        """Share of train's that come out minus the holdout's, its interval, and what both are."""
        train, n_train = clustered(self.hits["train"], self.trials["train"])
        holdout, n_holdout = clustered(self.hits["holdout"], self.trials["holdout"])
        return {
            "excess": train - holdout,
            "interval": newcombe(train, n_train, holdout, n_holdout, z),
            "train": train,
            "holdout": holdout,
            "values": int(self.trials["train"].sum()),
        }


def uniques(persons: Mapping[str, Ints], values: Mapping[str, npt.NDArray[Any]]) -> Uniques:
    """Of values held by one person in train and holdout together, those that are among the released.

    Parameters
    ----------
    persons : mapping of real role to array of int, shape (n,)
        Whose row it is, from 0.
    values : mapping of role to array of int, shape (n,)
        Identities from 0, small numbers; -1 where there is none.
    """
    offset = int(persons["train"].max()) + 1
    every = offset + int(persons["holdout"].max()) + 1
    value = np.concatenate([values["train"], values["holdout"]]).astype(np.int64)
    person = np.concatenate([persons["train"], persons["holdout"] + offset])
    known = value >= 0
    held, holder = np.divmod(np.unique(value[known] * every + person[known]), every)
    alone = np.bincount(held)[held] == 1 if len(held) else np.zeros(0, dtype=bool)
    held, holder = held[alone], holder[alone]
    released = np.zeros(1 + max(int(found.max(initial=0)) for found in values.values()), dtype=bool)
    released[values["synthetic"][values["synthetic"] >= 0]] = True
    trials = np.bincount(holder, minlength=every)
    hits = np.bincount(holder[released[held]], minlength=every)
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
