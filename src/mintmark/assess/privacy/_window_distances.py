"""Distances between windows of the tables, found once for the three metrics that read them.

The holdout is cut in two by person: a fresh sequence is compared with train and with the half that it is
not in, and a synthetic one with train and with one of the halves, so that both meet the same references.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from mintmark.assess._codes import once
from mintmark.assess._windows import Windows, closest, windows
from mintmark.data.streams import stream
from mintmark.metric import Tables

__all__ = ["Found", "any_of", "found"]

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
_MOST = 4_000
_NEAR = 1e-3


@dataclass(frozen=True)
class Found:
    """What each sequence asked about is nearest to, by its worst window.

    Parameters
    ----------
    steps : int
        Steps of a window.
    copied, fresh : array, shape (sequences,)
        Of synthetic and of holdout sequences: log of the distance to the other half of the holdout
        over that to train, largest of its windows.
    copied_exactly, fresh_exactly : array of bool, shape (sequences,)
        Whether a window of theirs equals one of train's; of all synthetic and holdout sequences.
    nearer : array, shape (sequences,)
        Share of a synthetic sequence's windows nearer to train than to the holdout, as many sequences
        of each, ties half.
    inside, outside : mapping of attack to array
        Scores of train's and of the holdout's sequences; higher says member.
    unit : mapping of {"fresh", "fresh_exactly", "inside", "outside"} to array
        Whose those sequences are.
    """

    steps: int
    copied: Floats
    fresh: Floats
    copied_exactly: npt.NDArray[np.bool_]
    fresh_exactly: npt.NDArray[np.bool_]
    nearer: Floats
    inside: dict[str, Floats]
    outside: dict[str, Floats]
    unit: dict[str, Ints]


def found(tables: Tables) -> Found:
    """The distances, made once."""
    made: Found = once(tables, "window distances", lambda: _made(tables))
    return made


def _made(tables: Tables) -> Found:
    train, synthetic, holdout = (windows(tables)[role] for role in ("train", "synthetic", "holdout"))
    rng = stream(tables.shared.get("seed", 0), "assess", "window distances")
    halves = _halves(holdout, rng)
    asked = {
        role: _asked(one, rng)
        for role, one in (("train", train), ("synthetic", synthetic), ("holdout", holdout))
    }
    same = np.sort(rng.permutation(len(train.unit))[: len(holdout.unit)])
    near, rest = train.of(same), train.of(np.setdiff1d(np.arange(len(train.unit)), same))

    queries = synthetic.asked(asked["synthetic"])
    to_near, to_rest = closest(queries, near), _closest_or_far(queries, rest)
    to_halves = np.stack([closest(queries, holdout.of(half)) for half in halves])
    mine = queries.owner % 2  # which half stands for fresh sequences
    ratio = _ratio(to_halves[mine, np.arange(len(mine))], np.minimum(to_near, to_rest))
    copied = queries.worst(ratio, asked["synthetic"])
    nearer = _nearer(queries, to_near, to_halves.min(axis=0))[asked["synthetic"]]

    fresh, outside_queries, to_other = [], [], []
    for i, half in enumerate(halves):
        mine_of = np.intersect1d(half, asked["holdout"])
        queries = holdout.asked(mine_of)
        other = closest(queries, holdout.of(halves[1 - i]))
        ratio = _ratio(other, np.minimum(closest(queries, near), _closest_or_far(queries, rest)))
        fresh.append(queries.worst(ratio, mine_of))
        outside_queries.append((queries, mine_of))
        to_other.append(other)
    outside = _joined(
        [
            _attacks(q, of, closest(q, synthetic), far)
            for (q, of), far in zip(outside_queries, to_other, strict=True)
        ]
    )
    inside = _joined(
        [
            _attacks(q := train.asked(of), of, closest(q, synthetic), closest(q, holdout.of(half)))
            for of, half in zip((asked["train"][::2], asked["train"][1::2]), halves, strict=True)
        ]
    )
    order = np.concatenate([of for _, of in outside_queries])
    return Found(
        train.steps,
        copied,
        np.concatenate(fresh),
        any_of(synthetic, np.isin(synthetic.same, train.same)),
        any_of(holdout, np.isin(holdout.same, train.same)),
        nearer,
        inside,
        outside,
        {
            "fresh": holdout.unit[order],
            "fresh_exactly": holdout.unit,
            "inside": train.unit[np.concatenate([asked["train"][::2], asked["train"][1::2]])],
            "outside": holdout.unit[order],
        },
    )


def _halves(holdout: Windows, rng: np.random.Generator) -> list[Ints]:
    """Sequences of one half of the persons, and of the other."""
    persons = rng.permutation(np.unique(holdout.unit))
    first = np.isin(holdout.unit, persons[: len(persons) // 2])
    return [np.flatnonzero(first), np.flatnonzero(~first)]


def _asked(one: Windows, rng: np.random.Generator) -> Ints:
    """All sequences, or so many at random as have about 4,000 windows to ask about."""
    n = len(one.unit)
    windows_each = max(1.0, len(one.owner) / n / max(1, one.steps // 2))
    return np.sort(rng.permutation(n)[: max(100, int(_MOST / windows_each))])


def _closest_or_far(queries: Windows, references: Windows) -> Floats:
    return closest(queries, references) if len(references.owner) else np.full(len(queries.owner), np.inf)


def _ratio(far: Floats, near: Floats) -> Floats:
    """Log of one distance over the other; both 0 is no evidence."""
    return np.log(far + _NEAR) - np.log(near + _NEAR)


def _nearer(queries: Windows, train: Floats, holdout: Floats) -> Floats:
    won = np.where(np.abs(train - holdout) <= 1e-5, 0.5, train < holdout)
    n = len(queries.unit)
    asked = np.bincount(queries.owner, minlength=n)
    return np.asarray(np.bincount(queries.owner, won, n) / np.maximum(asked, 1))


def _attacks(queries: Windows, of: Ints, released: Floats, population: Floats) -> dict[str, Floats]:
    ratio, n = _ratio(population, released), len(queries.unit)
    mean = np.bincount(queries.owner, ratio, n) / np.maximum(np.bincount(queries.owner, minlength=n), 1)
    return {
        "ratio_of_best_window": queries.worst(ratio, of),
        "mean_ratio": mean[of],
        "distance_of_best_window": queries.worst(-released, of),
    }


def _joined(parts: list[dict[str, Floats]]) -> dict[str, Floats]:
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def any_of(some: Windows, hit: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    """Whether a window of each sequence is hit, shape (sequences,)."""
    return np.bincount(some.owner, hit, len(some.unit)) > 0
