"""A score between its anchors: floor at the left, ceiling at the right, better always rightwards."""

from __future__ import annotations

from markupsafe import Markup

from mintmark.assess.report._figures import between, figure, finite
from mintmark.assess.report._svg import drawing, n, rect, text
from mintmark.assess.report._words import anchors, title
from mintmark.metric import Score

__all__ = ["gauge"]

_WIDTH, _EDGE, _Y = 340.0, 12.0, 17.0
_LEAST = 0.1
"""Shortest stretch of the unit interval that a line spans."""


def gauge(score: Score) -> Markup:
    """One line with anchors, estimate and whisker; empty where there is no estimate."""
    estimate = finite(score.estimate)
    if estimate is None:
        return Markup("")
    floor, ceiling = finite(score.floor), finite(score.ceiling)
    ends = [value for end in (score.interval or ()) if (value := finite(end)) is not None]
    known = [value for value in (estimate, floor, ceiling, *ends) if value is not None]
    low, high = min(known), max(known)
    if floor is None and ceiling is None:  # no anchors: the unit interval where the figures lie in it
        low, high = (0.0, 1.0) if low >= 0 and high <= 1 else (low, high)
    if low >= 0 and high <= 1 and high - low < _LEAST:  # so that a hair's breadth does not look like a gulf
        worse = max(high - _LEAST, 0.0), min(low + _LEAST, 1.0)
        low, high = (worse[0], high) if score.direction == "higher" else (low, worse[1])
    if low == high:
        low, high = low - 1, high + 1

    def x(value: float) -> float:
        place = (value - low) / (high - low)
        return _EDGE + (place if score.direction == "higher" else 1 - place) * (_WIDTH - 2 * _EDGE)

    parts = [rect(_EDGE, _Y - 3, _WIDTH - 2 * _EDGE, 6, "track", round_=3)]
    if floor is not None and ceiling is not None:
        parts.append(_bar(x(floor), x(ceiling), "span"))
    if floor is not None and x(estimate) > x(floor):
        parts.append(_bar(x(floor), x(estimate), "reach"))
    parts += _anchor_marks(score, floor, ceiling, x)
    if len(ends) == 2:
        a, b = sorted((x(ends[0]), x(ends[1])))
        parts.append(
            f'<path class="whisker" d="M{n(a)} {n(_Y - 7)}v14M{n(a)} {n(_Y)}H{n(b)}M{n(b)} {n(_Y - 7)}v14"/>'
        )
    parts.append(f'<circle class="dot" cx="{n(x(estimate))}" cy="{n(_Y)}" r="5"/>')
    lower, upper = anchors(score)
    said = [f"{figure(estimate)}" + (f", 95 % interval {between(score.interval)}" if len(ends) == 2 else "")]
    said += [f"{lower}: {figure(floor)}"] if floor is not None else []
    said += [f"{upper}: {figure(ceiling)}"] if ceiling is not None else []
    return drawing(_WIDTH, 56, parts, title=title(score.metric), desc="; ".join(said) + ".", style="gauge")


def _bar(a: float, b: float, style: str) -> str:
    return rect(min(a, b), _Y - 3, abs(a - b), 6, style, round_=3)


def _anchor_marks(score: Score, floor: float | None, ceiling: float | None, x) -> list[str]:  # type: ignore[no-untyped-def]  # a local scale
    """Ticks and labels of both anchors; a second line where the labels would meet."""
    parts, taken = [], [-99.0, -99.0]  # right-hand ends of what stands on each line
    marks = [(value, name) for value, name in zip((floor, ceiling), anchors(score), strict=True)]
    for value, name in sorted(((v, m) for v, m in marks if v is not None), key=lambda mark: x(mark[0])):
        label, at = f"{name} {figure(value)}", x(value)
        width = 5.7 * len(label)
        start = min(max(at - width / 2, _EDGE - 6), _WIDTH - _EDGE + 6 - width)
        line = 0 if start > taken[0] + 8 else 1
        taken[line] = start + width
        parts.append(f'<path class="anchor" d="M{n(at)} {n(_Y - 9)}v18"/>')
        anchor = (
            "start" if start <= _EDGE - 6 else "end" if start + width >= _WIDTH - _EDGE + 5.9 else "middle"
        )
        place = {"start": start, "end": start + width, "middle": start + width / 2}[anchor]
        parts.append(text(place, _Y + 22 + 13 * line, label, anchor=anchor))
    return parts
