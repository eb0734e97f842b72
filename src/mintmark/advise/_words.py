"""What a learning curve says, in plain words and as text for a terminal."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from mintmark.assess.report._aligned import aligned
from mintmark.data.dataset import Dataset

if TYPE_CHECKING:
    from mintmark.advise.learning_curve import Outlook, Prospect

__all__ = ["WORTH", "advice", "text"]

WORTH = 0.01
"""A step of a score that is worth having; both scores lie between 0 and 1."""
_WIDTH = 100
_RARE = 0.1
_WORDS = {"two_sample": "two-sample AUC (0.5 is best)", "tstr": "TSTR"}


def text(outlook: Outlook) -> str:
    """The advice first, then the mean score of each part and what is foretold beyond, and the cost."""
    scores = [prospect.score for prospect in outlook.prospects]
    rows = [("fitted on", *scores)]
    for method, size in dict.fromkeys((point["method"], point["rows"]) for point in outlook.points):
        of = [point for point in outlook.points if (point["method"], point["rows"]) == (method, size)]
        name = f"{size:,} rows" + ("" if method == outlook.method else f", {method}")
        rows.append((name, *(f"{np.mean([point[s] for point in of]):.3f}" for s in scores)))
    most = max(outlook.sizes)
    for times, which in ((2, "twice"), (4, "four_times")):
        told = [
            f"{getattr(p, which):.3f} ({_ends(getattr(p, f'{which}_interval'))})" for p in outlook.prospects
        ]
        rows.append((f"{times * most:,} rows, foretold", *told))
    rows.append(("as real", *(f"{prospect.as_real:.3f}" for prospect in outlook.prospects)))
    spent = f"{outlook.cpu_seconds:,.0f} CPU seconds"
    cost = f"{outlook.fits} fits, each scored on {outlook.held:,} held-out rows: {spent}."
    lines = [*textwrap.wrap(outlook.advice, _WIDTH), "", *aligned(rows), "", *textwrap.wrap(cost, _WIDTH)]
    for note in outlook.notes:
        lines += textwrap.wrap(f"Note: {note}", _WIDTH)
    return "\n".join(lines)


def _ends(interval: tuple[float, float]) -> str:
    return f"{interval[0]:.3f} to {interval[1]:.3f}"


def advice(prospects: Sequence[Prospect], points: Sequence[Mapping[str, Any]], rest: Dataset) -> str:
    """A sentence for each score, and one where the trees make more of the same rows."""
    rows = max(point["rows"] for point in points)
    told = [_sentence(prospect, rows) for prospect in prospects]
    return " ".join([*told, *_beside(points, rows, prospects[0].scatter, rest)])


def _sentence(one: Prospect, rows: int) -> str:
    now = f"{_WORDS[one.score]} is {one.now:.3f} with {rows:,} rows"
    verdict, real = one.verdict[0].upper() + one.verdict[1:], f"(real rows: {one.as_real:.3f})"
    if one.verdict == "more rows would hardly help":
        return f"{verdict}: {now}, and with four times as many at most {one.gain[1]:.3f} better {real}."
    ahead = (
        f"{one.twice:.3f} ({_ends(one.twice_interval)}) foretold with {2 * rows:,} and "
        f"{one.four_times:.3f} ({_ends(one.four_times_interval)}) with {4 * rows:,} {real}"
    )
    noise = (
        "" if one.verdict == "more rows would help" else f"; one measurement scatters by {one.scatter:.3f}"
    )
    return f"{verdict}: {now}, {ahead}{noise}."


def _beside(points: Sequence[Mapping[str, Any]], rows: int, scatter: float, rest: Dataset) -> list[str]:
    """What the trees make of the same rows, where the method falls short of them by more than noise."""
    by: dict[str, list[float]] = {}
    for point in points:
        if point["rows"] == rows:
            by.setdefault(point["method"], []).append(point["two_sample"])
    if len(by) < 2:
        return []
    (method, mine), (other, theirs) = by.items()
    noise = 2 * scatter * np.sqrt(1 / len(mine) + 1 / len(theirs))
    if np.mean(mine) - np.mean(theirs) <= max(noise, WORTH):
        return []
    beside = f"two-sample AUC {np.mean(theirs):.3f} beside {np.mean(mine):.3f}"
    return [f"{other} is closer on the same rows ({beside}): take it in place of {method}{_rare(rest)}."]


def _rare(rest: Dataset) -> str:
    """The other way out where the aim is a rare class."""
    if rest.target is None or not rest.schema[rest.target].is_discrete:
        return ""
    _, many = np.unique(np.array(rest.table[rest.target].to_pylist(), dtype=str), return_counts=True)
    if many.min() >= _RARE * len(rest):
        return ""
    return ", or a resampler such as smote where more rows of a rare class are all that is wanted"
