"""Inference: does the released table tell a person's secret to one who knows everything else of it?

The attacker knows all columns but one of a person and takes the missing value from the nearest
released row (Article 29 Working Party, Opinion 05/2014; attribute disclosure by matching on what is
known, Reiter, Wang, Zhang 2014, Journal of Privacy and Confidentiality 6). What holds of anybody is
learnt of the holdout's persons too and is not counted: that is statistics, not disclosure.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Annotated, Any

import numpy as np
import numpy.typing as npt
from pydantic import Field

from mintmark.assess._threads import in_threads
from mintmark.assess.privacy._attacks import FIGURES, against, attacked, floored, targets
from mintmark.assess.privacy._near import Near, batches
from mintmark.assess.privacy._right import NEAR_ENOUGH, Secret
from mintmark.assess.privacy._rows import Rows, joint_rows
from mintmark.data.schema import Column
from mintmark.method import method
from mintmark.metric import Metric, NotRun, Score, Tables
from mintmark.stats.mixed import Side
from mintmark.stats.shares import z_of

__all__ = ["Inference"]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Rng = np.random.Generator
Success = dict[str, dict[str, Floats]]

_FLOOR = 200  # persons attacked in the floor's measurement
_FEWEST = 20  # persons whose secret is known before it is judged
_SOURCE = "Article 29 Working Party, Opinion 05/2014; Reiter, Wang, Zhang (2014); interval of Newcombe (1998)"


@method
class Inference(Metric):
    """Secrets of persons of train guessed right from the released rows, beyond those of strangers.

    Every column is the secret in turn, or those with role `sensitive` where there are any.
    `inference.worst` is the secret that leaks most, `inference.mean` the mean over all.
    """

    family = "privacy"
    direction = "lower"
    targets: Annotated[
        int, Field(ge=100, description="persons of train attacked, and as many of holdout")
    ] = 1000

    def _measure(self, tables: Tables, rng: Rng) -> list[Score]:
        rows = joint_rows(tables)
        secrets = _secrets(rows.scored)
        if len(rows.scored) < 2 or not secrets:
            raise NotRun("a secret and a column to know a person by are needed. Give a table of two columns.")
        most = attacked(rows, self.targets, 2)
        found = _guessed(rows, "synthetic", secrets, most, rng)
        floor = _guessed(rows, "train", secrets, floored(most, _FLOOR), rng)
        known = [name for name in secrets if all(_judged(found[role][name]) for role in found)]
        if not known:
            raise NotRun(f"no secret is known of {_FEWEST} persons. Give more rows.")
        n = len(tables.synthetic)
        return [_worst(found, floor, known, n), _mean(found, floor, known, n)]


def _secrets(columns: list[Column]) -> list[str]:
    able = [column for column in columns if column.kind != "text"]
    return [c.name for c in able if "sensitive" in c.roles] or [c.name for c in able]


def _judged(success: Floats) -> bool:
    return int((~np.isnan(success)).sum()) >= _FEWEST


def _guessed(rows: Rows, released: str, secrets: list[str], most: int, rng: Rng) -> Success:
    """For each role and secret the chance of each person's being guessed right; NaN where missing."""
    near = Near.of(rows, released)
    out: Success = {}
    for role in ("train", "holdout"):
        some = targets(rows, role, most, rng)
        placed = near.placed(rows, role, some)
        sought = {name: Secret.of(rows, name, role, some, released) for name in secrets}
        out[role] = {name: np.full(len(some), np.nan) for name in secrets}
        every = list(batches(len(some), near.released.rows))
        for batch, right in zip(every, in_threads(partial(_right, near, placed, sought), every), strict=True):
            for name, chance in right.items():
                out[role][name][batch] = chance
        for name, secret in sought.items():
            out[role][name][secret.missing] = np.nan
    return out


def _right(near: Near, placed: Side, sought: dict[str, Secret], batch: Ints) -> dict[str, Floats]:
    """For each secret the chance that those of a batch are guessed right."""
    best = {name: _Best.none(batch) for name in sought}
    for start, block in near.blocks(len(batch)):
        total = near.mixed.squares(placed.on(near.names).take(batch), block.on(near.names))
        for name in sought:
            rest = near.mixed.squares(placed.on([name]).take(batch), block.on([name]))
            np.subtract(total, rest, out=rest)  # exact: whole numbers
            best[name].meet(rest, sought[name], start)
    return {name: one.right / one.rows for name, one in best.items()}


@dataclass(frozen=True)
class _Best:
    """For each person of a batch the least distance so far, the rows at it, and how many are right."""

    batch: Ints
    distance: Floats
    rows: Floats
    right: Floats

    @classmethod
    def none(cls, batch: Ints) -> _Best:
        n = len(batch)
        return cls(batch, np.full(n, np.inf), np.zeros(n), np.zeros(n))

    def meet(self, distances: npt.NDArray[np.float32], secret: Secret, start: int) -> None:
        """More released rows, the first of which is at `start`."""
        least = distances.min(axis=1)
        nearer, n = least < self.distance, len(self.batch)
        self.rows[nearer] = self.right[nearer] = 0
        self.distance[nearer] = least[nearer]
        here = np.flatnonzero(least <= self.distance)  # few, once the first rows were seen
        person, row = np.nonzero(distances[here] == least[here, None])
        person = here[person]
        right = secret.right(self.batch[person], row + start)
        self.rows[:] += np.bincount(person, minlength=n)
        self.right[:] += np.bincount(person, weights=right, minlength=n)


def _known(success: Floats) -> Floats:
    return success[~np.isnan(success)]


def _copied(floor: Success, name: str) -> float:
    """The excess that a copy of train would show."""
    train, control = (_known(floor[role][name]) for role in ("train", "holdout"))
    return float(train.mean() - control.mean()) if len(train) and len(control) else 0.0


def _worst(found: Success, floor: Success, names: list[str], n: int) -> Score:
    z = z_of(len(names))
    columns = {
        name: against(_known(found["train"][name]), _known(found["holdout"][name]), z) for name in names
    }
    worst = max(names, key=lambda name: (columns[name]["interval"][0], columns[name]["estimate"]))
    copied = {name: _copied(floor, name) for name in names}
    drill = {
        name: {
            key: told[key] for key in ("estimate", "interval", "train", "control", "risk", "risk_interval")
        }
        | {"floor": copied[name]}
        for name, told in columns.items()
    }
    about = f"of the secret that leaks most among {len(names)}; intervals hold for all at once (Bonferroni)"
    details = {"column": worst, "columns": drill}
    return _score("worst", columns[worst], max(copied.values()), n, about, details)


def _mean(found: Success, floor: Success, names: list[str], n: int) -> Score:
    every = {role: np.stack([found[role][name] for name in names]) for role in found}
    right = [np.nansum(every[role], axis=0) for role in ("train", "holdout")]
    known = [(~np.isnan(every[role])).sum(axis=0) for role in ("train", "holdout")]
    told = against(right[0], right[1], z_of(), known[0], known[1])
    copied = float(np.mean([_copied(floor, name) for name in names]))
    return _score("mean", told, copied, n, f"over all {len(names)} secrets, counted by person", {})


def _score(
    part: str, told: dict[str, Any], floor: float, n: int, about: str, details: dict[str, Any]
) -> Score:
    return Score(
        metric=f"inference.{part}",
        family="privacy",
        estimate=told["estimate"],
        interval=told["interval"],
        direction="lower",
        ceiling=0.0,
        floor=floor,
        n=n,
        variance="draw of the persons attacked in train and holdout (Newcombe)"
        + (", at once for all secrets (Bonferroni)" if part == "worst" else ""),
        estimand=(
            "how much more often the secret of a person learnt from is guessed right than that of others of "
            "the population, given the released rows"
        ),
        convention=(
            "share of persons of train whose value is that of the released row nearest on all other columns "
            "(of one drawn where several are equally near), minus the same share of the holdout; numbers are "
            f"right within {NEAR_ENOUGH:.0%} of the value, dates within {NEAR_ENOUGH:.0%} of the released "
            f"span; {about}"
        ),
        source=_SOURCE,
        details={key: told[key] for key in FIGURES[2:]} | details,
    )
