"""New rows that a filter lets pass: those it rejects are drawn again, each for one of its own class."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from mintmark.data.schema import Schema
from mintmark.errors import RejectedError
from mintmark.progress import stop_if_asked
from mintmark.resample._resampler import Made
from mintmark.synthesizer import Learnt

__all__ = ["of_class", "redrawn"]

Ints = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]
_LEAST, _ENOUGH = 0.01, 10_000
"""Share of the rows of a class that must pass, judged from this many drawn rows on."""
_FEWEST = 64  # rows drawn at once
_ARRAYS = tuple(field.name for field in dataclasses.fields(Made) if field.name != "rejected")


def redrawn(
    draw: Callable[[Learnt, int, np.random.Generator], Made],
    passes: Callable[[Made, Learnt], Mask],
    learnt: Learnt,
    n: int,
    rng: np.random.Generator,
    name: str,
    remedy: str,
) -> Made:
    """n rows that pass, the classes in the proportions of the rows that were drawn first.

    Parameters
    ----------
    draw : callable
        Makes rows, as `Resampler.make`.
    passes : callable
        Which of them stand, shape (n,).
    name : str
        Of the filter, under which what it rejects is counted.
    remedy : str
        What to do where too few of a class pass.

    Raises
    ------
    RejectedError
        If fewer than one in a hundred rows of a class pass.
    """
    made = draw(learnt, n, rng)
    rejected = np.flatnonzero(~passes(made, learnt))
    label, count = learnt["label"][made.base], len(rejected)
    for own in np.unique(label[rejected]):
        places = rejected[label[rejected] == own]
        tried = int((label == own).sum())
        fresh, more = _filled(draw, passes, of_class(learnt, own), len(places), tried, rng, remedy)
        count += more
        for array in _ARRAYS:
            getattr(made, array)[places] = getattr(fresh, array)
    return dataclasses.replace(made, rejected={name: count})


def of_class(learnt: Learnt, label: int) -> Learnt:
    """What rows of one class alone are drawn from."""
    return {**learnt, "weight": np.where(learnt["label"][learnt["base"]] == label, learnt["weight"], 0.0)}


def _filled(
    draw: Callable[[Learnt, int, np.random.Generator], Made],
    passes: Callable[[Made, Learnt], Mask],
    learnt: Learnt,
    wanted: int,
    tried: int,
    rng: np.random.Generator,
    remedy: str,
) -> tuple[Made, int]:
    """`wanted` rows that pass, of a class of which `tried` less `wanted` of `tried` did; how many did not."""
    parts: list[Made] = []
    drawn, have, passed = tried, 0, tried - wanted
    while have < wanted:
        stop_if_asked("drawing rows: cancelled.")
        if drawn >= _ENOUGH and passed < _LEAST * drawn:
            raise RejectedError(_too_few(learnt, passed, drawn, remedy))
        # as many as are likely to do, never many more than were seen to pass or not
        size = max(_FEWEST, min(int(1.1 * (wanted - have) * drawn / max(1, passed)), 2 * drawn))
        made = draw(learnt, size, rng)
        held = np.flatnonzero(passes(made, learnt))
        drawn, passed = drawn + size, passed + len(held)
        parts.append(_taken(made, held[: wanted - have]))
        have += len(parts[-1].base)
    arrays: dict[str, Any] = {a: np.concatenate([getattr(part, a) for part in parts]) for a in _ARRAYS}
    return Made(**arrays), (drawn - tried) - (passed - (tried - wanted))


def _taken(made: Made, rows: Ints) -> Made:
    arrays: dict[str, Any] = {array: getattr(made, array)[rows] for array in _ARRAYS}
    return Made(**arrays)


def _too_few(learnt: Learnt, passed: int, drawn: int, remedy: str) -> str:
    label = learnt["label"][learnt["base"]][np.flatnonzero(learnt["weight"])[0]]
    named: Any = int(label)
    if "schema" in learnt and learnt["target"] is not None:
        column = Schema.from_json(learnt["schema"])[learnt["target"]]
        named = (column.categories or ())[int(label)]
    return f"{passed:,} of {drawn:,} new rows of class {named!r} pass the filter, too few to go on. {remedy}"
