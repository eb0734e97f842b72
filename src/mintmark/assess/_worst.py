"""The worst of several scores of one name, with all of them in its details."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from mintmark.metric import Score

__all__ = ["worst_of"]

_MOST = 30


def worst_of(scores: Mapping[str, Score], what: str) -> Score:
    """The score that is farthest on the bad side of its ceiling.

    Parameters
    ----------
    scores : mapping of part to Score
        All of one metric.
    what : str
        What the parts are, in the plural ("tables").
    """
    ran = {part: score for part, score in scores.items() if score.estimate is not None}
    if not ran:
        part, score = next(iter(scores.items()))
        return dataclasses.replace(score, reason=f"{part}: {score.reason}")
    worst = max(ran, key=lambda part: _badness(ran[part]))
    convention = ran[worst].convention
    if len(scores) > 1:
        convention = f"the worst of {len(scores)} {what}, farthest from its ceiling ({worst}): {convention}"
    return dataclasses.replace(ran[worst], convention=convention, details=_details(scores, ran, worst, what))


def _badness(score: Score) -> float:
    assert score.estimate is not None  # only scores that ran are compared
    away = score.estimate - (score.ceiling or 0.0)
    return -away if score.direction == "higher" else away


def _details(scores: Mapping[str, Score], ran: Mapping[str, Score], worst: str, what: str) -> dict[str, Any]:
    columns: dict[str, Any] = {}
    for score in ran.values():
        columns |= score.details.get("columns") or {}
    pairs = [pair for score in ran.values() for pair in score.details.get("pairs") or ()]
    fields = ("estimate", "interval", "ceiling", "floor", "n")
    found: dict[str, Any] = {
        **ran[worst].details,
        "worst": worst,
        what: {part: {name: getattr(score, name) for name in fields} for part, score in ran.items()},
        "not_run": {part: score.reason for part, score in scores.items() if part not in ran},
    }
    if columns:
        found["columns"] = columns
    if pairs:
        found["pairs"] = sorted(pairs, key=lambda pair: float(pair["estimate"]))[:_MOST]
    return found
