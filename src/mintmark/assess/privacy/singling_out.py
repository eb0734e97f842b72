"""Singling out: does the released table tell what only one person of train is like?

The attacker holds the released rows alone and names what one of them alone shows: a value, an
extreme, or a combination over a few columns; the guess is right if exactly one person of train fits
it (Article 29 Working Party, Opinion 05/2014; predicate singling out after Cohen and Nissim 2020,
PNAS 117, definition 2.1). Whether somebody fits is partly chance, so each guess is held against the
holdout too.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any

import numpy as np
import numpy.typing as npt
from pydantic import Field

from mintmark.assess.privacy._attacks import FIGURES, paired
from mintmark.assess.privacy._guesses import (
    BINS,
    Guesses,
    People,
    at_random,
    conjunctions,
    stands_for,
    values,
)
from mintmark.assess.privacy._rows import Rows, joint_rows
from mintmark.method import method
from mintmark.metric import Metric, Score, Tables

__all__ = ["SinglingOut"]

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Rng = np.random.Generator

_MOST = 20_000  # guesses of one column: more tell nothing new
_ATTEMPTS = 500  # who finds fewer guesses than these fails in the rest
_SHOWN = 100
_SOURCE = (
    "Article 29 Working Party, Opinion 05/2014; Cohen and Nissim (2020); interval of Newcombe (1998), paired"
)
_GAME = (
    "share of guesses that exactly one person of train fits, minus the same share for the holdout (a "
    "smaller holdout weighted so that both agree where nothing leaks); who finds fewer guesses than "
    f"{_ATTEMPTS}, or than there are released rows, fails in the rest; "
)
_WHAT = {
    "univariate": "a guess is a value, a missing one, a lowest or highest number that one released row holds",
    "multivariate": (
        "a guess is a combination over {width} random columns that one released row alone shows, numbers "
        f"in {BINS} bins of the released ranks"
    ),
}


@method
class SinglingOut(Metric):
    """Guesses "exactly one person is like this" that are right of train, beyond those right of the holdout.

    The attacker holds the released rows and knows nothing else. `singling_out.univariate` reads
    guesses off single columns, `singling_out.multivariate` off several at once. Every guess is held
    against all persons of train.
    """

    family = "privacy"
    direction = "lower"
    guesses: Annotated[int, Field(ge=100, description="combinations guessed")] = 2000
    columns: Annotated[int, Field(ge=2, description="columns of a combination")] = 4

    def _measure(self, tables: Tables, rng: Rng) -> list[Score]:
        rows = joint_rows(tables)
        people = People.of(rows, rng)
        names = [column.name for column in rows.scored]
        scores = []
        for kind, attack in (("univariate", _univariate), ("multivariate", self._multivariate)):
            if kind == "multivariate" and len(names) < 2:
                scores.append(_one_column())
                continue
            guesses, blind = attack(rows, "synthetic", people, rng)
            met = _Met.of(guesses, people)
            told = met.told(len(tables.synthetic)) | met.drill(names)
            told["baseline"] = float((blind == 1).mean()) if len(blind) else 0.0
            copied, _ = attack(rows, "train", people, rng)
            told["floor"] = _Met.of(copied, people).told(len(tables.train))["estimate"]
            scores.append(_score(kind, told, len(tables.synthetic), min(self.columns, len(names))))
        return scores

    def _multivariate(self, rows: Rows, released: str, people: People, rng: Rng) -> tuple[Guesses, Floats]:
        most = self.guesses if released == "synthetic" else min(self.guesses, _ATTEMPTS)
        return conjunctions(rows, released, people, self.columns, most, rng)


def _univariate(rows: Rows, released: str, people: People, rng: Rng) -> tuple[Guesses, Floats]:
    guesses = values(rows, released, people)
    if len(guesses) > _MOST:
        guesses = guesses.take(rng.choice(len(guesses), _MOST, replace=False))
    return guesses, at_random(rows, released, people, _ATTEMPTS, rng)


@dataclass(frozen=True)
class _Met:
    """Guesses, and whether each singles somebody out of train, and of the holdout (weighted)."""

    guesses: Guesses
    train: Floats
    control: Floats

    @classmethod
    def of(cls, guesses: Guesses, people: People) -> _Met:
        weight = stands_for(guesses.fits["train"], people.number("train"), people.number("holdout"))
        train, control = ((guesses.fits[role] == 1).astype(float) for role in ("train", "holdout"))
        return cls(guesses, train, control * weight)

    def told(self, released: int) -> dict[str, Any]:
        """The attack's figures; guesses read off one released row count as one draw."""
        row = np.unique(self.guesses.source, return_inverse=True)[1]
        trials = np.bincount(row)
        hits = [np.bincount(row, one, len(trials)).astype(float) for one in (self.train, self.control)]
        missed = max(0, min(_ATTEMPTS, released) - len(self.guesses))
        train, control = (np.pad(one, (0, missed)) for one in hits)
        found = paired(train, control, np.pad(trials, (0, missed), constant_values=1))
        return found | {"guesses": len(self.guesses)}

    def drill(self, names: list[str]) -> dict[str, Any]:
        """The same for the guesses about each column, and which released rows gave somebody away."""
        columns = {}
        for at, name in enumerate(names):
            here = np.flatnonzero((self.guesses.columns == at).any(axis=1))
            if len(here):
                part = _Met(self.guesses.take(here), self.train[here], self.control[here]).told(0)
                columns[name] = {key: part[key] for key in (*FIGURES[:2], "train", "control", "guesses")}
        shown = [
            {"synthetic_row": int(row), "columns": [names[at] for at in about]}
            for row, about in (
                (self.guesses.source[i], self.guesses.columns[i]) for i in np.flatnonzero(self.train)[:_SHOWN]
            )
        ]
        return {"columns": columns, "private": {"right": shown}}


def _one_column() -> Score:
    return Score(
        metric="singling_out.multivariate",
        family="privacy",
        direction="lower",
        status="not run",
        reason="one column cannot be combined with others. See singling_out.univariate.",
    )


def _score(kind: str, told: dict[str, Any], n: int, width: int) -> Score:
    kept = (*FIGURES[2:], "guesses", "baseline", "columns", "private")
    return Score(
        metric=f"singling_out.{kind}",
        family="privacy",
        estimate=told["estimate"],
        interval=told["interval"],
        direction="lower",
        ceiling=0.0,
        floor=told["floor"],
        n=n,
        variance="draw of the guesses and of the persons they meet (Newcombe, paired, by released row)",
        estimand=(
            "how much more often such a guess singles somebody out of the persons learnt from than out of as "
            "many others of the population, given the released rows"
        ),
        convention=_GAME + _WHAT[kind].format(width=width),
        source=_SOURCE,
        details={key: told[key] for key in kept},
    )
