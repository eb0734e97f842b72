"""Distributions: train as an outline, synthetic as a fill, missing as a bar of its own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from markupsafe import Markup

from mintmark.assess.report._figures import finite, percent
from mintmark.assess.report._svg import clip, drawing, n, rect, text, ticks
from mintmark.data.protect import OTHER

__all__ = ["bars", "distance", "histogram", "shares", "steps"]

_WIDTH = 300.0
_MOST_BARS = 9


def shares(values: object) -> list[float]:
    """A list of shares with 0 where a cell is suppressed or no number."""
    return [finite(value) or 0.0 for value in values] if isinstance(values, (list, tuple)) else []


def distance(a: Sequence[float], b: Sequence[float]) -> float | None:
    """Total variation of two lists of shares, each brought to sum 1; None where one is empty."""
    if not a or len(a) != len(b) or sum(a) <= 0 or sum(b) <= 0:
        return None
    return sum(abs(x / sum(a) - y / sum(b)) for x, y in zip(a, b, strict=True)) / 2


def histogram(name: str, column: Mapping[str, Any]) -> Markup:
    """One column: bars side by side for numbers and dates, one under another for categories."""
    labels = [str(label) for label in column.get("labels") or ()]
    train, synthetic = shares(column.get("train")), shares(column.get("synthetic"))
    width = min(len(labels), len(train), len(synthetic))
    labels, train, synthetic = labels[:width], train[:width], synthetic[:width]
    missing = column.get("missing") or {}
    gaps = (finite(missing.get("train")) or 0.0, finite(missing.get("synthetic")) or 0.0)
    off = distance(train, synthetic)
    desc = f"{width} bars; " + ("no values" if off is None else f"{percent(off)} of the rows differ")
    desc += f"; missing: {percent(gaps[0])} of train, {percent(gaps[1])} of synthetic."
    if column.get("kind") in ("category", "boolean"):
        return _categories(f"Column {name}", desc, labels, train, synthetic, gaps)
    return steps(f"Column {name}", desc, labels, train, synthetic, gaps=gaps)


def steps(
    title: str,
    desc: str,
    labels: Sequence[str],
    outline: Sequence[float],
    fill: Sequence[float],
    *,
    gaps: tuple[float, float] = (0.0, 0.0),
    height: float = 150.0,
) -> Markup:
    """Bars side by side: `fill` filled, `outline` as a stepped line, missing apart at the right."""
    top, bottom = 8.0, height - 22
    side = 46.0 if any(gaps) else 0.0
    right = _WIDTH - 4 - side
    most = max([*outline, *fill, *gaps, 1e-9])
    step = (right - 4) / max(len(outline), 1)

    def y(share: float) -> float:
        return bottom - (bottom - top) * share / most

    parts = [f'<path class="axis" d="M4 {n(bottom)}H{n(right)}"/>']
    if any(share > 0 for share in fill):
        blocks = "".join(
            f"M{n(4 + i * step)} {n(bottom)}V{n(y(share))}h{n(step)}V{n(bottom)}z"
            for i, share in enumerate(fill)
            if share > 0
        )
        parts.append(f'<path class="fill" d="{blocks}"/>')
    if any(share > 0 for share in outline):
        line = "".join(f"V{n(y(share))}h{n(step)}" for share in outline)
        parts.append(f'<path class="outline" d="M4 {n(bottom)}{line}V{n(bottom)}"/>')
    parts += _ticks(labels, step, right, bottom + 15)
    if side:
        x = _WIDTH - side + 10
        parts.append(rect(x, y(gaps[1]), 28, bottom - y(gaps[1]), "fill gap"))
        parts.append(rect(x, y(gaps[0]), 28, bottom - y(gaps[0]), "outline"))
        parts.append(f'<path class="axis" d="M{n(x - 3)} {n(bottom)}h34"/>')
        parts.append(text(x + 14, bottom + 15, "missing", anchor="middle"))
    return drawing(_WIDTH, height, parts, title=title, desc=desc, style="chart")


def _ticks(labels: Sequence[str], step: float, right: float, y: float) -> list[str]:
    """Where the first bar begins, the middle one begins and the last one ends."""
    said = [label.split(" – ") for label in labels]
    parts = []
    for i in ticks(labels, 2 if any(len(ends[0]) > 11 for ends in said) else 3):
        if i == 0:
            parts.append(text(4, y, clip(said[i][0], 22)))
        elif i == len(labels) - 1:
            parts.append(text(right, y, clip(said[i][-1], 22), anchor="end"))
        else:  # a bar with one value is named at its middle, one with two ends where it begins
            middle = 4 + (i + (0.5 if len(said[i]) == 1 else 0)) * step
            parts.append(text(middle, y, clip(said[i][0], 22), anchor="middle"))
    return parts


def _categories(
    title: str,
    desc: str,
    labels: Sequence[str],
    train: Sequence[float],
    synthetic: Sequence[float],
    gaps: tuple[float, float],
) -> Markup:
    order = [i for i in range(len(labels)) if labels[i] != OTHER or train[i] or synthetic[i]]
    order.sort(key=lambda i: (labels[i] == OTHER, -train[i]))
    if len(order) > _MOST_BARS:
        order, rest = order[: _MOST_BARS - 1], order[_MOST_BARS - 1 :]
    else:
        rest = []
    rows = [(labels[i], train[i], synthetic[i], "fill") for i in order]
    if rest:
        total = (sum(train[i] for i in rest), sum(synthetic[i] for i in rest))
        rows.append((f"{len(rest)} more", *total, "fill"))
    if any(gaps):
        rows.append(("missing", *gaps, "fill gap"))
    return bars(title, desc, rows)


def bars(title: str, desc: str, rows: Sequence[tuple[str, float, float, str]]) -> Markup:
    """Bars one under another: (label, outline, fill, class of the fill)."""
    left, right = 112.0, _WIDTH - 44
    most = max([share for _, a, b, _ in rows for share in (a, b)] + [1e-9])
    parts = []
    for i, (label, outline, fill, style) in enumerate(rows):
        y = 4 + 17.0 * i
        parts.append(text(left - 6, y + 9.5, clip(label, 17), anchor="end"))
        parts.append(rect(left, y, (right - left) * fill / most, 11, style))
        parts.append(rect(left, y, (right - left) * outline / most, 11, "outline"))
        end = left + (right - left) * max(outline, fill) / most
        parts.append(text(end + 5, y + 9.5, percent(fill), style="quiet"))
    height = 17.0 * max(len(rows), 1) + 8
    return drawing(_WIDTH, height, parts, title=title, desc=desc, style="chart")
