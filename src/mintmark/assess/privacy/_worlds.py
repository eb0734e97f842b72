"""Worlds: the same method fitted again, with and without the persons attacked, and what they look like then.

The adversary of Stadler, Oprisanu, Troncoso (2022, USENIX Security) and of Carlini et al. (2022, S&P)
knows the method and its settings, and makes such worlds until presence and absence can be told apart.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from mintmark.assess.privacy._isolation import REFERENCE, far, sampled
from mintmark.assess.privacy._rows import Rows, joint_rows, worst_row
from mintmark.data.dataset import Dataset
from mintmark.errors import InputError
from mintmark.metric import NotRun, Tables
from mintmark.progress import track

__all__ = ["MOST_ROWS", "WORLDS", "Worlds", "assignment", "worlds_of"]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]
WORLDS = 16
"""Refits: in eight of them each target is present."""
MOST_ROWS = 20_000
"""Rows of each world, and of the release, at most."""
_TARGETS, _FEWEST = 50, 20  # persons of either table
_ISOLATED = 10  # one person in so many may be called isolated
_TRAIN = 50_000  # rows of train above which 16 fits are too dear
_TINY, _DIGITS = 1e-6, 5


@dataclass(frozen=True)
class Worlds:
    """What an adversary sees of T targets, those of train first and as many of the holdout after them.

    Parameters
    ----------
    targets : mapping of role to array of int, shape (T / 2,)
        Persons as `Rows.persons` numbers them, ascending.
    inside : array of bool, shape (worlds, T)
        Who was present in which world.
    scores : array, shape (worlds, T)
        Minus the log of the distance to the nearest synthetic row.
    release : array, shape (T,)
        The same for the release itself.
    """

    targets: dict[str, Ints]
    inside: Bools
    scores: Floats
    release: Floats

    @property
    def each(self) -> int:
        """Targets of either table."""
        return len(self.targets["train"])


def worlds_of(tables: Tables, rng: np.random.Generator) -> Worlds:
    """Fit the method `WORLDS` times more and look for the targets in what it makes.

    Raises
    ------
    NotRun
        If no synthesizer was handed over or it cannot be fitted again, if there is no holdout, too
        few persons or too many rows.
    """
    model = _refittable(tables.synthesizer)
    rows = joint_rows(tables)
    if len(tables.train) > _TRAIN:
        raise NotRun(f"{WORLDS} refits on {len(tables.train):,} rows are too dear; at most {_TRAIN:,} are.")
    targets = _isolated(rows, rng)
    inside = assignment(WORLDS, 2 * len(targets["train"]), rng)
    drawn = tables.synthetic.take(sampled(len(tables.synthetic), MOST_ROWS, rng))
    scores = [
        _closeness(rows, _world(model, rows, targets, present, len(drawn), rng), targets)
        for present in track(inside, "refitting", total=WORLDS)
    ]
    return Worlds(targets, inside, np.stack(scores), _closeness(rows, drawn, targets))


def _refittable(model: Any) -> Any:
    if model is None:
        raise NotRun("no method to fit again. Hand the fitted synthesizer: assess(synthesizer=model).")
    if not getattr(model, "needs_data", False) or model.units != "row":
        raise NotRun("only a synthesizer that learns rows and makes rows can be fitted without some of them.")
    return model


def _isolated(rows: Rows, rng: np.random.Generator) -> dict[str, Ints]:
    """The most isolated persons of train and as many of the holdout; a person by the most isolated row."""
    reference = {role: sampled(len(rows.tables[role]), REFERENCE, rng) for role in ("train", "holdout")}
    isolation = {role: worst_row(found, rows.persons[role]) for role, found in far(rows, reference).items()}
    least = min(len(found) for found in isolation.values())
    each = min(_TARGETS, least // _ISOLATED)
    if each < _FEWEST:
        raise NotRun(
            f"{least} persons in train or holdout are too few: {_FEWEST * _ISOLATED} are needed in both, "
            f"so that {_FEWEST} of them stand out."
        )
    return {role: np.sort(np.argsort(-found, kind="stable")[:each]) for role, found in isolation.items()}


def assignment(worlds: int, targets: int, rng: np.random.Generator) -> Bools:
    """Who is present where: half of the targets in each world, each target in half of the worlds.

    Drawn for each target by itself, then evened out. The order of the worlds is random, so that each
    target's worlds are any half of them with the same chance.

    Parameters
    ----------
    worlds, targets : int, even

    Returns
    -------
    array of bool, shape (worlds, targets)
    """
    half = np.arange(worlds)[:, None] < worlds // 2
    inside = rng.permuted(np.broadcast_to(half, (worlds, targets)), axis=0)
    while (present := inside.sum(axis=1)).max() > targets // 2:
        full, empty = int(present.argmax()), int(present.argmin())
        moved = rng.choice(np.flatnonzero(inside[full] & ~inside[empty]))
        inside[full, moved], inside[empty, moved] = False, True
    return inside[rng.permutation(worlds)]


def _world(
    model: Any, rows: Rows, targets: dict[str, Ints], present: Bools, n: int, rng: np.random.Generator
) -> Dataset:
    """Rows that the method makes of train without its targets, and of the targets that are present."""
    known = dict(zip(targets, np.split(present, 2), strict=True))
    absent = np.isin(rows.persons["train"], targets["train"][~known["train"]])
    added = np.isin(rows.persons["holdout"], targets["holdout"][known["holdout"]])
    train = rows.tables["train"].take(np.flatnonzero(~absent))
    joined = pa.concat_tables([train.table, rows.tables["holdout"].take(np.flatnonzero(added)).table])
    data = Dataset(joined, train.schema).take(rng.permutation(len(joined)))
    seeds = [int(seed) for seed in rng.integers(2**63, size=2)]
    try:
        made: Dataset = replace(model).fit(data, seed=seeds[0]).sample(n, seed=seeds[1])
    except InputError as error:
        raise NotRun(f"the method could not be fitted again without some persons: {error}") from None
    return made


def _closeness(rows: Rows, synthetic: Dataset, targets: dict[str, Ints]) -> Floats:
    """For each target how close its nearest synthetic row comes, the closest of a person's rows."""
    held = Rows({**rows.tables, "synthetic": synthetic})
    found = []
    for role, persons in targets.items():
        at = np.flatnonzero(np.isin(rows.persons[role], persons))
        near = np.round(held.nearest(held.at(role, at), "synthetic")[:, 0], _DIGITS) + _TINY
        found.append(worst_row(-np.log(near), rows.persons[role][at]))
    return np.concatenate(found)
