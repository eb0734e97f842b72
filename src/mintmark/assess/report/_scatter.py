"""Points with their intervals on two scales: the privacy-utility frontier, and costs against scores."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from mintmark.assess.report._figures import figure
from mintmark.assess.report._svg import clip, drawing, n, text

__all__ = ["Axis", "Point", "scatter"]

_LEFT, _TOP, _ACROSS, _UP = 52.0, 12.0, 300.0, 220.0
_LETTER = 6.2
"""Width of a letter of a label, roughly."""
_OFFSETS = sorted(
    ((reach, down) for reach in (8, 24, 48) for down in range(-92, 101, 12)),
    key=lambda at: (at[0] + 1.5 * abs(at[1] - 4), at),
)
"""Where a name may stand beside its point, the nearest first: how far aside, and how far down."""


@dataclass(frozen=True)
class Point:
    """One synthesizer."""

    name: str
    x: float
    y: float
    x_interval: Sequence[float] | None = None
    y_interval: Sequence[float] | None = None
    marked: bool = True


@dataclass(frozen=True)
class Axis:
    """What a scale shows, and whether by orders of magnitude."""

    title: str
    log: bool = False

    def scaled(self, values: Sequence[float]) -> Scale:
        """The scale that holds the values, with some room."""
        values = [math.log10(v) for v in values if v > 0] if self.log else list(values)
        low, high = min(values), max(values)
        room = 0.08 * (high - low) or 0.5
        return Scale(low - room, high + room, self.log)


@dataclass(frozen=True)
class Scale:
    """From figures to 0..1."""

    low: float
    high: float
    log: bool

    def at(self, value: float) -> float:
        """Share of the way, held to 0..1."""
        if self.log:
            value = math.log10(value) if value > 0 else self.low
        return min(max((value - self.low) / (self.high - self.low), 0.0), 1.0)

    def ticks(self) -> list[float]:
        """A few round figures within."""
        if self.log and self.high - self.low >= 0.7:
            decades = range(math.floor(self.low), math.ceil(self.high) + 1)
            found = [m * 10.0**d for d in decades for m in ((1,) if self.high - self.low > 2 else (1, 3))]
            return [v for v in found if self.low <= math.log10(v) <= self.high]
        low, high = (10**self.low, 10**self.high) if self.log else (self.low, self.high)
        raw = (high - low) / 6
        size = 10.0 ** math.floor(math.log10(raw))
        step = next(m * size for m in (1, 2, 5, 10) if m * size >= raw)
        first = math.ceil(low / step - 1e-9)
        return [i * step for i in range(first, math.floor(high / step + 1e-9) + 1)]


def scatter(points: Sequence[Point], x: Axis, y: Axis, *, title: str, joined: bool = False) -> Markup:
    """A picture of the points, each with its name.

    Parameters
    ----------
    points : sequence of Point
        At least one.
    x, y : Axis
    title : str
    joined : bool
        Whether the marked points are joined by a line.
    """
    across = x.scaled([v for p in points for v in (p.x, *(p.x_interval or ()))])
    up = y.scaled([v for p in points for v in (p.y, *(p.y_interval or ()))])

    def px(value: float) -> float:
        return _LEFT + across.at(value) * _ACROSS

    def py(value: float) -> float:
        return _TOP + (1 - up.at(value)) * _UP

    right, bottom = _LEFT + _ACROSS, _TOP + _UP
    parts = [f'<path class="axis" d="M{n(_LEFT)} {n(_TOP)}V{n(bottom)}H{n(right)}"/>']
    for value in across.ticks():
        parts.append(f'<path class="axis" d="M{n(px(value))} {n(bottom)}v4"/>')
        parts.append(text(px(value), bottom + 16, _tick(value), anchor="middle"))
    for value in up.ticks():
        parts.append(f'<path class="axis" d="M{n(_LEFT)} {n(py(value))}h-4"/>')
        parts.append(text(_LEFT - 7, py(value) + 4, _tick(value), anchor="end"))
    parts.append(text(right, bottom + 32, x.title, anchor="end", style="quiet"))
    if joined:
        front = sorted((p for p in points if p.marked), key=lambda p: p.x)
        line = "L".join(f"{n(px(p.x))} {n(py(p.y))}" for p in front)
        parts.append(f'<path class="front" d="M{line}"/>')
    for p in points:
        if p.x_interval:
            a, b = sorted(px(v) for v in p.x_interval)
            parts.append(f'<path class="reachline" d="M{n(a)} {n(py(p.y))}H{n(b)}"/>')
        if p.y_interval:
            a, b = sorted(py(v) for v in p.y_interval)
            parts.append(f'<path class="reachline" d="M{n(px(p.x))} {n(a)}V{n(b)}"/>')
    for p in points:
        style = "dot" if p.marked else "dot behind"
        parts.append(f'<circle class="{style}" cx="{n(px(p.x))}" cy="{n(py(p.y))}" r="4.5"/>')
    parts += _labels([(p, px(p.x), py(p.y)) for p in points])
    said = "; ".join(f"{p.name}: {figure(p.x)} across, {figure(p.y)} up" for p in points)
    desc = f"Across: {x.title}. Upwards: {y.title or title}. {said}."
    return drawing(right + 14, bottom + 38, parts, title=title, desc=desc, style="chart scatter")


def _tick(value: float) -> str:
    return f"{value:,.6g}".replace("-", "−")


def _labels(places: Sequence[tuple[Point, float, float]]) -> list[str]:
    """Names beside their points, moved down where they would lie on another name or point."""
    taken: list[tuple[float, float, float, float]] = [(x - 6, y - 6, x + 6, y + 6) for _, x, y in places]
    parts = []
    for i, (p, x, y) in enumerate(places):
        label = clip(p.name, 24)
        width = _LETTER * len(label)
        boxes = [
            (left, y + down - 9, left + width, y + down + 3)
            for reach, down in _OFFSETS
            for left in (x + reach, x - reach - width)
            if left >= _LEFT + 2 and left + width <= _LEFT + _ACROSS + 14
            and _TOP <= y + down <= _TOP + _UP - 2
        ]  # fmt: skip
        others = taken[:i] + taken[i + 1 :]
        free = (one for one in boxes if not any(_meet(one, other) for other in others))
        box = next(free, boxes[0] if boxes else (max(x - 8 - width, _LEFT + 2), y - 5, x - 8, y + 7))
        taken.append(box)
        if box[0] - x > 10 or x - box[2] > 10 or abs(box[3] - 7 - y) > 10:
            end = box[0] - 2 if box[0] > x else box[2] + 2
            parts.append(f'<path class="leader" d="M{n(x)} {n(y)}L{n(end)} {n(box[3] - 6)}"/>')
        aside = box[0] < x  # a letter may be wider than reckoned: the end near the point stays put
        at, anchor = (box[2], "end") if aside else (box[0], "start")
        parts.append(text(at, box[3] - 3, label, anchor=anchor, style="name"))
    return parts


def _meet(a: tuple[float, float, float, float], b: tuple[float, float, float, float]) -> bool:
    return a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]
