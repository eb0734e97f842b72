"""What the attacks have in common: whom they attack, and success on train beyond that on the holdout.

Each attack is run with one and the same knowledge against persons of train and against persons
whom the synthesizer never saw. Only what it wins beyond the latter can have leaked; the rest is
what the released rows teach of anybody (Article 29 Working Party, Opinion 05/2014, names the three
risks; the control is that of every test against placebo).
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from mintmark.assess.privacy._rows import Rows
from mintmark.metric import NotRun
from mintmark.stats.shares import clustered, newcombe, relative, wilson, z_of

__all__ = ["FIGURES", "against", "attacked", "floored", "paired", "targets"]

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

_FEWEST = 20
_LEAST = 100
_WORK = 2_000_000_000  # cells compared
FIGURES = (
    "estimate",
    "interval",
    "train",
    "train_interval",
    "control",
    "control_interval",
    "risk",
    "risk_interval",
)
"""What an attack tells: its excess, its success on train and on the holdout, and the excess as a share
of what the control leaves to be won."""


def targets(rows: Rows, role: str, most: int, rng: np.random.Generator) -> Ints:
    """One row, drawn at random, of each of at most `most` persons of "train" or "holdout".

    Raises
    ------
    NotRun
        If there are fewer than 20 persons.
    """
    person = rows.persons[role]
    shuffled = rng.permutation(len(person))
    _, first = np.unique(person[shuffled], return_index=True)
    if len(first) < _FEWEST:
        raise NotRun(
            f"{len(first)} persons in {role} are too few to attack. Give at least {_FEWEST} in train "
            "and as many in the holdout."
        )
    return np.sort(shuffled[rng.permutation(first)[:most]])


def attacked(rows: Rows, wanted: int, columns: int = 1) -> int:
    """How many persons can be attacked where each is compared with every released row."""
    cells = len(rows.scored) * columns * len(rows.tables["synthetic"])
    return min(wanted, max(_LEAST, _WORK // cells))


def floored(most: int, wanted: int) -> int:
    """How many are attacked to measure the floor: it is far from 0 and needs no more."""
    return min(wanted, max(_FEWEST, most // 4))


def against(
    train: Floats, control: Floats, z: float, trials: Ints | None = None, control_trials: Ints | None = None
) -> dict[str, Any]:
    """Share of successes against persons of train, minus that against unrelated ones of the holdout.

    Parameters
    ----------
    train, control : array, shape (n,) and (m,)
        Successes, or chances of success, against each person.
    z : float
        Normal point of the level.
    trials, control_trials : array, shape (n,) and (m,), optional
        Attempts on each person; one if not given.
    """
    a, n_a = clustered(train, np.ones(len(train)) if trials is None else trials)
    b, n_b = clustered(control, np.ones(len(control)) if control_trials is None else control_trials)
    a, b = min(a, 1.0), min(b, 1.0)  # a few rows that stand for many can make more than all
    return _told(a, n_a, b, n_b, newcombe(a, n_a, b, n_b, z), z)


def paired(train: Floats, control: Floats, trials: Ints) -> dict[str, Any]:
    """The same for guesses that are held against train and holdout alike.

    Parameters
    ----------
    train, control : array, shape (clusters,)
        Successes of each cluster of guesses.
    trials : array, shape (clusters,)
        Guesses in it, at least one.
    """
    z = z_of()
    a, n_a = clustered(train, trials)
    b, n_b = clustered(control, trials)
    b = min(b, 1.0)
    rest = np.stack([train - a * trials, control - b * trials])
    spread = np.sqrt((rest**2).sum(axis=1))
    together = float(rest[0] @ rest[1] / spread.prod()) if spread.all() else 0.0
    return _told(a, n_a, b, n_b, newcombe(a, n_a, b, n_b, z, together), z)


def _told(a: float, n_a: float, b: float, n_b: float, interval: Any, z: float) -> dict[str, Any]:
    held = wilson(a, n_a, z), wilson(b, n_b, z)
    risk = (a - b) / (1 - b) if b < 1 else 0.0
    return dict(
        zip(
            FIGURES,
            (a - b, interval, a, held[0], b, held[1], risk, relative(a, held[0], b, held[1])),
            strict=True,
        )
    )
