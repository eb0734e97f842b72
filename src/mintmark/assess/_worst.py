"""The worst of several scores of one name, with all of them in its details."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from mintmark.errors import first_three
from mintmark.metric import Score

__all__ = ["worst_by_name", "worst_of"]

_MOST = 30
_FIGURES = ("status", "reason", "estimate", "interval", "ceiling", "floor", "n")


def worst_by_name(scores: Mapping[str, Mapping[str, Score]], what: str) -> list[Score]:
    """The worst of each name.

    Parameters
    ----------
    scores : mapping of name to (mapping of part to Score)
        A metric that was not run for a part ("membership") counts for each of its figures that others
        have ("membership.auc"): a part does not vanish because it could not be tested.
    what : str
        What the parts are, in the plural ("tables").
    """
    by_name = {name: dict(parts) for name, parts in scores.items()}
    for name, parts in scores.items():
        figures = [other for other in scores if other.startswith(f"{name}.")]
        lost = {part: score for part, score in parts.items() if score.estimate is None}
        for other in figures:
            for part, score in lost.items():
                by_name[other].setdefault(part, dataclasses.replace(score, metric=other))
        if figures and len(lost) == len(parts):
            del by_name[name]
    return [worst_of(parts, what) for parts in by_name.values()]


def worst_of(scores: Mapping[str, Score], what: str) -> Score:
    """The score that is farthest on the bad side of its ceiling; a rule bears on every part.

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
        return dataclasses.replace(score, reason=f"{part}: {score.reason}", details={"parts": _parts(scores)})
    worst = max(ran, key=lambda part: _badness(ran[part]))
    convention = ran[worst].convention
    if len(scores) > 1:
        lost = [part for part in scores if part not in ran]
        without = f", not run for {first_three(lost)}" if lost else ""
        convention = (
            f"the worst of {len(ran)} {what}, farthest from its ceiling ({worst}){without}: {convention}"
        )
    return dataclasses.replace(ran[worst], convention=convention, details=_details(scores, ran, worst))


def _badness(score: Score) -> float:
    assert score.estimate is not None  # only scores that ran are compared
    away = score.estimate - (score.ceiling or 0.0)
    return -away if score.direction == "higher" else away


def _details(scores: Mapping[str, Score], ran: Mapping[str, Score], worst: str) -> dict[str, Any]:
    columns: dict[str, Any] = {}
    for score in ran.values():
        columns |= score.details.get("columns") or {}
    pairs = [pair for score in ran.values() for pair in score.details.get("pairs") or ()]
    found: dict[str, Any] = {
        **ran[worst].details,
        "worst": worst,
        "parts": _parts(scores),
    }
    if columns:
        found["columns"] = columns
    if pairs:
        found["pairs"] = sorted(pairs, key=lambda pair: float(pair["estimate"]))[:_MOST]
    return found


def _parts(scores: Mapping[str, Score]) -> dict[str, Any]:
    return {part: {name: getattr(score, name) for name in _FIGURES} for part, score in scores.items()}
